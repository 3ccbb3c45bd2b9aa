//! A forgotten password: a letter with a link that sets a new one and signs out everywhere.

use super::devices::{self, End};
use super::email::Email;
use super::limits::{self, Counted};
use super::links::{self, New};
use super::{AccountError, password};
use crate::app::App;
use crate::mail::letter::Letter;
use crate::mail::outbox;
use crate::store::entity::mail_link::Purpose;
use crate::store::entity::user;
use crate::store::sql;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use std::net::IpAddr;
use std::time::Duration;

/// How long the link in the letter is good.
const LINK_LIFE: Duration = Duration::from_secs(30 * 60);

/// Sends the letter if the address has an account. The answer is the same if not, and so is the work: a link and a letter are written that
/// nobody gets.
///
/// # Errors
/// What is wrong with the address, or too many attempts.
pub async fn ask(app: &App, email: &str, from: IpAddr) -> Result<(), AccountError> {
    let email = Email::parse(email)?;
    limits::count(app, Counted::SignUpFrom(from)).await?;
    limits::count(app, Counted::MailTo(email.key())).await?;
    let tx = app.store.write_transaction().await?;
    let letter =
        |name, token: &str| Letter::ResetPassword { name, link: format!("{}/reset?token={token}", app.base_url) };
    match user::Entity::find().filter(user::Column::EmailKey.eq(email.key())).one(&*tx).await? {
        Some(user) => {
            let (purpose, life) = (Purpose::Reset, LINK_LIFE);
            let new = New { purpose, user: Some(user.id), email: &user.email, chosen: None, life };
            let token = links::make(app, &tx, new).await?;
            outbox::queue(app, &tx, Some(user.id), &user.email, letter(user.name, &token)).await?;
        }
        None => {
            links::make_blind(app, &tx).await?;
            outbox::queue_blind(app, &tx, &letter(String::new(), "")).await?;
        }
    }
    tx.commit().await?;
    app.letters.notify_one();
    Ok(())
}

/// Whether the link can still be used.
///
/// # Errors
/// When the database fails.
pub async fn is_live(app: &App, token: &str) -> Result<bool, AccountError> {
    Ok(links::live(app, token, Purpose::Reset).await?.is_some())
}

/// Sets the new password, signs out everywhere and makes all other reset links dead.
///
/// # Errors
/// A dead link or a password that may not be used.
pub async fn set(app: &App, token: &str, new: &str) -> Result<(), AccountError> {
    let link = links::live(app, token, Purpose::Reset).await?.ok_or(AccountError::DeadLink)?;
    let id = link.user_id.ok_or(AccountError::DeadLink)?;
    let user = user::Entity::find_by_id(id).one(app.store.reader()).await?.ok_or(AccountError::DeadLink)?;
    let new = password::choose(new, &[&user.name, &user.email])?;
    let hash = app.passwords.hash(new).await?;
    let now = app.world.now();
    let tx = app.store.write_transaction().await?;
    links::spend(&tx, token, now).await?;
    tx.execute_raw(sql(
        &*tx,
        "UPDATE mail_links SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL",
        [id.into(), now.into()],
    ))
    .await?;
    let update = "UPDATE users SET password_hash = $2, password_changed_at = $3 WHERE id = $1";
    tx.execute_raw(sql(&*tx, update, [id.into(), hash.into(), now.into()])).await?;
    devices::end_all(&tx, id, None, End::PasswordChanged, now).await?;
    outbox::queue(app, &tx, Some(id), &user.email, Letter::PasswordChanged { name: user.name }).await?;
    tx.commit().await?;
    app.letters.notify_one();
    Ok(())
}
