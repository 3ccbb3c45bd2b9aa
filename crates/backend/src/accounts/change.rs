//! What people change about their own account: name, password, address.

use super::devices::{self, End};
use super::email::Email;
use super::limits::{self, Counted};
use super::links::{self, New};
use super::{AccountError, name, password, sign_in};
use crate::app::App;
use crate::changes::{self, ChangeKind};
use crate::mail::letter::Letter;
use crate::mail::{outbox, returned};
use crate::store::entity::mail_link::Purpose;
use crate::store::entity::user;
use crate::store::{is_unique_violation, sql};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use std::time::Duration;
use uuid::Uuid;

/// How long the link in the letter is good.
const LINK_LIFE: Duration = Duration::from_secs(24 * 3600);

/// Changes the name; says how it is kept.
///
/// # Errors
/// When it cannot be used.
pub async fn rename(app: &App, user: Uuid, new: &str) -> Result<String, AccountError> {
    let new = name::clean(new)?;
    let tx = app.store.write_transaction().await?;
    tx.execute_raw(sql(&*tx, "UPDATE users SET name = $2 WHERE id = $1", [user.into(), new.as_str().into()])).await?;
    changes::note(&tx, &app.world, user, ChangeKind::Account, None).await?;
    tx.commit().await?;
    Ok(new)
}

/// Changes the password and signs out everywhere but on `device`.
///
/// # Errors
/// When the old one is wrong or the new one may not be used.
pub async fn password(app: &App, user: &user::Model, device: Uuid, old: &str, new: &str) -> Result<(), AccountError> {
    sign_in::confirm(app, user, old).await?;
    let new = password::choose(new, &[&user.name, &user.email])?;
    let hash = app.passwords.hash(new).await?;
    let now = app.world.now();
    let tx = app.store.write_transaction().await?;
    let update = "UPDATE users SET password_hash = $2, password_changed_at = $3 WHERE id = $1";
    tx.execute_raw(sql(&*tx, update, [user.id.into(), hash.into(), now.into()])).await?;
    devices::end_all(&tx, user.id, Some(device), End::PasswordChanged, now).await?;
    outbox::queue(app, &tx, Some(user.id), &user.email, Letter::PasswordChanged { name: user.name.clone() }).await?;
    tx.commit().await?;
    app.letters.notify_one();
    Ok(())
}

/// Sends a letter to the new address; the account moves when its link is followed. The same answer when the address is taken.
///
/// # Errors
/// When the password is wrong or the address cannot be used.
pub async fn ask_email(app: &App, user: &user::Model, password: &str, new: &str) -> Result<(), AccountError> {
    let new = Email::parse(new)?;
    sign_in::confirm(app, user, password).await?;
    limits::count(app, Counted::MailTo(new.key())).await?;
    returned::refuse(app, new.key()).await?;
    let tx = app.store.write_transaction().await?;
    let taken = user::Entity::find().filter(user::Column::EmailKey.eq(new.key())).one(&*tx).await?;
    let letter = match taken {
        Some(other) if other.id != user.id => {
            links::make_blind(app, &tx).await?;
            Letter::AlreadyRegistered { name: other.name }
        }
        _ => {
            let (purpose, life) = (Purpose::ChangeEmail, LINK_LIFE);
            let link = New { purpose, user: Some(user.id), email: new.as_str(), chosen: None, life };
            let token = links::make(app, &tx, link).await?;
            Letter::ConfirmEmail {
                name: user.name.clone(),
                link: format!("{}/confirm-email?token={token}", app.base_url),
            }
        }
    };
    outbox::queue(app, &tx, Some(user.id), new.as_str(), letter).await?;
    tx.commit().await?;
    app.letters.notify_one();
    Ok(())
}

/// The address that a link would move the account to, while it can be used.
///
/// # Errors
/// When the database fails.
pub async fn waiting_email(app: &App, token: &str) -> Result<Option<String>, AccountError> {
    Ok(links::live(app, token, Purpose::ChangeEmail).await?.map(|link| link.email))
}

/// Moves the account to the new address and tells the old one.
///
/// # Errors
/// A dead link, or the address was taken meanwhile.
pub async fn move_email(app: &App, token: &str) -> Result<(), AccountError> {
    let link = links::live(app, token, Purpose::ChangeEmail).await?.ok_or(AccountError::DeadLink)?;
    let id = link.user_id.ok_or(AccountError::DeadLink)?;
    let email = Email::parse(&link.email)?;
    let tx = app.store.write_transaction().await?;
    links::spend(&tx, token, app.world.now()).await?;
    let user = user::Entity::find_by_id(id).one(&*tx).await?.ok_or(AccountError::DeadLink)?;
    let update = "UPDATE users SET email = $2, email_key = $3 WHERE id = $1";
    match tx.execute_raw(sql(&*tx, update, [id.into(), email.as_str().into(), email.key().into()])).await {
        Ok(_) => {}
        Err(error) if is_unique_violation(&error) => return Err(AccountError::DeadLink),
        Err(error) => return Err(error.into()),
    }
    let letter = Letter::EmailChanged { name: user.name, new: email.as_str().to_owned() };
    outbox::queue(app, &tx, Some(id), &user.email, letter).await?;
    changes::note(&tx, &app.world, id, ChangeKind::Account, None).await?;
    tx.commit().await?;
    app.letters.notify_one();
    Ok(())
}
