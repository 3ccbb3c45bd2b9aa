//! A forgotten password: a letter with a link that sets a new one and signs out everywhere.

use super::devices::{self, End};
use super::email::Email;
use super::limits::{self, Counted};
use super::sign_up::{live, spend};
use super::{AccountError, password};
use crate::app::App;
use crate::mail::letter::Letter;
use crate::mail::outbox;
use crate::store::entity::mail_link::{self, Purpose};
use crate::store::entity::user;
use crate::store::sql;
use crate::world::{TokenKind, token_hash};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use std::net::IpAddr;
use std::time::Duration;

/// How long the link in the letter is good.
const LINK_LIFE: Duration = Duration::from_secs(30 * 60);

/// Sends the letter if the address has an account; the answer is the same if not.
///
/// # Errors
/// What is wrong with the address, or too many attempts.
pub async fn ask(app: &App, email: &str, from: IpAddr) -> Result<(), AccountError> {
    let email = Email::parse(email)?;
    limits::count(app, Counted::SignUpFrom(from)).await?;
    limits::count(app, Counted::MailTo(email.key())).await?;
    let token = app.world.new_token(TokenKind::Letter)?;
    let tx = app.store.write_transaction().await?;
    if let Some(user) = user::Entity::find().filter(user::Column::EmailKey.eq(email.key())).one(&*tx).await? {
        let row = mail_link::ActiveModel {
            hash: Set(token_hash(&token)),
            purpose: Set(Purpose::Reset),
            user_id: Set(Some(user.id)),
            email: Set(user.email.clone()),
            name: Set(None),
            password_hash: Set(None),
            return_to: Set(None),
            expires_at: Set(app.world.now().plus(LINK_LIFE)),
            used_at: Set(None),
        };
        mail_link::Entity::insert(row).exec_without_returning(&*tx).await?;
        let letter = Letter::ResetPassword { name: user.name, link: format!("{}/reset?token={token}", app.base_url) };
        outbox::queue(app, &tx, Some(user.id), &user.email, letter).await?;
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
    Ok(live(app, token, Purpose::Reset).await?.is_some())
}

/// Sets the new password, signs out everywhere and makes all other reset links dead.
///
/// # Errors
/// A dead link or a password that may not be used.
pub async fn set(app: &App, token: &str, new: &str) -> Result<(), AccountError> {
    let link = live(app, token, Purpose::Reset).await?.ok_or(AccountError::DeadLink)?;
    let id = link.user_id.ok_or(AccountError::DeadLink)?;
    let user = user::Entity::find_by_id(id).one(app.store.reader()).await?.ok_or(AccountError::DeadLink)?;
    let new = password::choose(new, &[&user.name, &user.email])?;
    let hash = app.passwords.hash(new).await?;
    let now = app.world.now();
    let tx = app.store.write_transaction().await?;
    spend(&tx, token, now).await?;
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
