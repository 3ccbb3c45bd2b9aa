//! Links in letters: good for a while, once, kept by their hash.
//!
//! What a link does is decided where its letter is queued. A blind link is one that nobody has: it is written where there is nobody to send one
//! to, so that a known and an unknown address make the database do the same work.

use super::AccountError;
use crate::app::App;
use crate::store::entity::mail_link::{self, Purpose};
use crate::store::{WriteTransaction, sql};
use crate::world::{Moment, TokenKind, token_hash};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use std::time::Duration;
use uuid::Uuid;

/// A link that is to be made.
#[derive(Debug)]
pub(super) struct New<'a> {
    pub(super) purpose: Purpose,
    /// For whom; nobody yet for a sign-up.
    pub(super) user: Option<Uuid>,
    /// As it was written.
    pub(super) email: &'a str,
    /// Of a sign-up.
    pub(super) chosen: Option<Chosen>,
    pub(super) life: Duration,
}

/// What waits with a sign-up.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) name: String,
    pub(super) password_hash: String,
    /// The page of ours to go on with.
    pub(super) return_to: Option<String>,
}

/// Makes a link; the token for its address.
pub(super) async fn make(app: &App, tx: &WriteTransaction, new: New<'_>) -> Result<String, AccountError> {
    let token = app.world.new_token(TokenKind::Letter)?;
    let (name, password_hash, return_to) = match new.chosen {
        Some(chosen) => (Some(chosen.name), Some(chosen.password_hash), chosen.return_to),
        None => (None, None, None),
    };
    let row = mail_link::ActiveModel {
        hash: Set(token_hash(&token)),
        purpose: Set(new.purpose),
        user_id: Set(new.user),
        email: Set(new.email.to_owned()),
        name: Set(name),
        password_hash: Set(password_hash),
        return_to: Set(return_to),
        expires_at: Set(app.world.now().plus(new.life)),
        used_at: Set(None),
    };
    mail_link::Entity::insert(row).exec_without_returning(&**tx).await?;
    Ok(token)
}

/// Writes a link that nobody has. It holds nothing, was over before it was made, and goes with the next sweep.
pub(super) async fn make_blind(app: &App, tx: &WriteTransaction) -> Result<(), AccountError> {
    let row = mail_link::ActiveModel {
        hash: Set(token_hash(&app.world.new_token(TokenKind::Letter)?)),
        // The one kind that may be nobody's.
        purpose: Set(Purpose::SignUp),
        user_id: Set(None),
        email: Set(String::new()),
        name: Set(None),
        password_hash: Set(None),
        return_to: Set(None),
        expires_at: Set(Moment(0)),
        used_at: Set(None),
    };
    mail_link::Entity::insert(row).exec_without_returning(&**tx).await?;
    Ok(())
}

/// A link of this purpose that was not used and is not too old.
pub(super) async fn live(app: &App, token: &str, purpose: Purpose) -> Result<Option<mail_link::Model>, AccountError> {
    let link = mail_link::Entity::find_by_id(token_hash(token)).one(app.store.reader()).await?;
    Ok(link.filter(|link| link.purpose == purpose && link.used_at.is_none() && link.expires_at > app.world.now()))
}

/// Uses a link up; the second of two at once finds it dead.
pub(super) async fn spend(tx: &WriteTransaction, token: &str, now: Moment) -> Result<(), AccountError> {
    let update = "UPDATE mail_links SET used_at = $2, password_hash = NULL, name = NULL
        WHERE hash = $1 AND used_at IS NULL AND expires_at > $2";
    let result = tx.execute_raw(sql(&**tx, update, [token_hash(token).into(), now.into()])).await?;
    if result.rows_affected() == 1 { Ok(()) } else { Err(AccountError::DeadLink) }
}
