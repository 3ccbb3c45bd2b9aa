//! What the privacy policy promises, kept: taking one's data away, deleting the account, what stays of it and how long, the policy itself,
//! and counters of use that know nobody.
//!
//! `tables` says of every table whose it is; export and deletion are made from it, and a test fails when a table is missing there.

pub mod books;
pub mod deletion;
pub mod export;
pub mod policy;
pub mod routes;
pub mod stones;
pub mod tables;
pub mod usage;
mod zip;

pub use routes::Agreed;

use crate::accounts::tokens::Person;
use crate::accounts::{AccountError, sign_in};
use crate::app::App;
use std::time::Duration;

/// How long a sign-in counts as fresh for those who have no password.
const FRESH: Duration = Duration::from_secs(15 * 60);

/// Makes sure that it is the person, before something that matters: by the password, or by a sign-in just now where there is none.
///
/// # Errors
/// When it is not.
pub async fn confirm(app: &App, person: &Person, password: &str) -> Result<(), AccountError> {
    if person.user.password_hash.is_some() {
        return sign_in::confirm(app, &person.user, password).await;
    }
    if is_fresh(app, person).await? { Ok(()) } else { Err(AccountError::NotFresh) }
}

/// Whether the person signed in on this device just now.
///
/// # Errors
/// When the database fails.
pub async fn is_fresh(app: &App, person: &Person) -> Result<bool, AccountError> {
    use crate::store::entity::device;
    use sea_orm::EntityTrait as _;
    let device = device::Entity::find_by_id(person.device_id).one(app.store.reader()).await?;
    Ok(device.is_some_and(|device| device.created_at.plus(FRESH) > app.world.now()))
}

/// Does what is due in the background.
pub async fn work(app: &App) {
    for done in [
        deletion::stop_leaving(app).await,
        export::make_due(app).await,
        deletion::purge_due(app).await,
        policy::tell_due(app).await,
    ] {
        if let Err(error) = done {
            tracing::error!(%error, "privacy work failed and will be tried again");
        }
    }
}

/// Removes what is over; says how much.
///
/// # Errors
/// When the database fails.
pub async fn sweep(app: &App) -> Result<u64, AccountError> {
    Ok(export::sweep(app).await? + books::purge_due(app).await? + stones::sweep(app, app.world.now()).await?)
}
