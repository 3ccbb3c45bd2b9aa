//! Signing in with address and password.

use super::devices;
use super::limits::{self, Counted};
use super::password::Check;
use super::{AccountError, tokens};
use crate::app::App;
use crate::store::entity::device::DeviceKind;
use crate::store::entity::user;
use crate::store::{WriteTransaction, sql};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use std::net::IpAddr;
use uuid::Uuid;

/// Checks address and password, both limits first. The same work and the same answer for an address that nobody has.
/// The address is not read as one: whoever cannot spell it gets no other answer than whoever does not know it.
///
/// # Errors
/// [`AccountError::WrongCredentials`], or too many attempts.
pub async fn check(app: &App, email: &str, password: &str, from: IpAddr) -> Result<user::Model, AccountError> {
    let key = email.trim().to_lowercase();
    limits::count(app, Counted::SignInFrom(from)).await?;
    limits::count(app, Counted::SignInTo(&key)).await?;
    let user = by_key(app, &key).await?;
    let hash = user.as_ref().and_then(|user| user.password_hash.clone());
    match (app.passwords.check(password, hash).await?, user) {
        (Check::Right { renewed }, Some(user)) => {
            if let Some(renewed) = renewed {
                renew(app, &user, renewed).await?;
            }
            Ok(user)
        }
        _ => Err(AccountError::WrongCredentials),
    }
}

async fn by_key(app: &App, key: &str) -> Result<Option<user::Model>, AccountError> {
    // No address has a control character in it, and PostgreSQL takes no text with a NUL: not even to look for it.
    if key.chars().any(char::is_control) {
        return Ok(None);
    }
    Ok(user::Entity::find().filter(user::Column::EmailKey.eq(key)).one(app.store.reader()).await?)
}

/// Asks for the password once more before something that matters.
///
/// # Errors
/// As [`check`].
pub async fn confirm(app: &App, user: &user::Model, password: &str) -> Result<(), AccountError> {
    limits::count(app, Counted::SignInTo(&user.email_key)).await?;
    match app.passwords.check(password, user.password_hash.clone()).await? {
        Check::Right { .. } => Ok(()),
        Check::Wrong => Err(AccountError::WrongCredentials),
    }
}

/// Opens our own pages on this browser: the token for the cookie.
///
/// # Errors
/// When the database fails.
pub async fn open_browser(app: &App, tx: &WriteTransaction, user: Uuid, agent: &str) -> Result<String, AccountError> {
    let device = devices::begin(app, tx, user, DeviceKind::Browser, &devices::browser_name(agent)).await?;
    tokens::issue_web(app, tx, device).await
}

async fn renew(app: &App, user: &user::Model, hash: String) -> Result<(), AccountError> {
    let tx = app.store.write_transaction().await?;
    // Only if it was not changed meanwhile.
    let update = "UPDATE users SET password_hash = $2 WHERE id = $1 AND password_hash = $3";
    let old = user.password_hash.clone().unwrap_or_default();
    tx.execute_raw(sql(&*tx, update, [user.id.into(), hash.into(), old.into()])).await?;
    Ok(tx.commit().await?)
}
