//! Opaque tokens: 256 random bits, kept as SHA-256, each belonging to a device and ending with it.
//!
//! Access tokens live a quarter of an hour. A refresh token is exchanged once; coming back after the grace period means that two parties have
//! it, so the device is signed out. Within the grace period (two windows of the app refreshing at once) it gets another pair.

use super::AccountError;
use super::devices::{self, End};
use crate::app::App;
use crate::privacy::deletion::Asked;
use crate::store::entity::token::Kind;
use crate::store::entity::{device, token, user};
use crate::store::{WriteTransaction, sql};
use crate::world::{Moment, TokenKind, token_hash};
use sea_orm::{ActiveEnum, ActiveValue::Set, ConnectionTrait, EntityTrait, FromQueryResult};
use std::time::Duration;
use uuid::Uuid;

/// Tokens for the desktop app.
#[derive(Clone)]
pub struct Pair {
    /// Opens the API.
    pub access: String,
    /// Gets the next pair.
    pub refresh: String,
    /// How long the access token is good.
    pub expires_in: Duration,
}

/// Who a valid token belongs to.
#[derive(Clone, Debug)]
pub struct Person {
    /// The person.
    pub user: user::Model,
    /// The sign-in that the token is of.
    pub device_id: Uuid,
    /// Until then the token is good.
    pub expires_at: Moment,
    /// The account waits to be deleted: this may be seen and taken back, and nothing else is open.
    pub ending: Option<Asked>,
}

#[derive(FromQueryResult)]
struct Owner {
    #[sea_orm(nested)]
    user: user::Model,
    device_id: Uuid,
    expires_at: Moment,
    asked_at: Option<Moment>,
    final_at: Option<Moment>,
}

/// Why a token opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Unknown, ended, or of another kind.
    #[error("This token is not valid. Sign in again.")]
    Unknown,
    /// It was good once.
    #[error("This token's time is over.")]
    Expired,
    /// The database failed.
    #[error(transparent)]
    Account(#[from] AccountError),
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

async fn insert(
    app: &App,
    tx: &WriteTransaction,
    device: Uuid,
    kind: Kind,
    life: Duration,
) -> Result<String, AccountError> {
    let made = app.world.new_token(match kind {
        Kind::Access => TokenKind::Access,
        Kind::Refresh => TokenKind::Refresh,
        Kind::Web => TokenKind::Web,
    })?;
    let row = token::ActiveModel {
        hash: Set(token_hash(&made)),
        kind: Set(kind),
        device_id: Set(device),
        expires_at: Set(app.world.now().plus(life)),
        used_at: Set(None),
    };
    token::Entity::insert(row).exec_without_returning(&**tx).await?;
    Ok(made)
}

/// Makes tokens for the app on `device`.
///
/// # Errors
/// When the database fails.
pub async fn issue_pair(app: &App, tx: &WriteTransaction, device: Uuid) -> Result<Pair, AccountError> {
    let settings = &app.settings.accounts;
    let expires_in = seconds(settings.access_token_seconds);
    Ok(Pair {
        access: insert(app, tx, device, Kind::Access, expires_in).await?,
        refresh: insert(app, tx, device, Kind::Refresh, seconds(settings.refresh_token_seconds)).await?,
        expires_in,
    })
}

/// Makes the token that goes into the cookie of our own pages.
///
/// # Errors
/// When the database fails.
pub async fn issue_web(app: &App, tx: &WriteTransaction, device: Uuid) -> Result<String, AccountError> {
    insert(app, tx, device, Kind::Web, seconds(app.settings.accounts.web_session_seconds)).await
}

/// Whose token it is: one read, no write, because every request asks.
///
/// # Errors
/// When it opens nothing.
pub async fn authenticate(app: &App, text: &str, kind: Kind) -> Result<Person, TokenError> {
    let reader = app.store.reader();
    let select = "SELECT u.*, t.device_id, t.expires_at, e.asked_at, e.final_at FROM tokens t
        JOIN devices d ON d.id = t.device_id JOIN users u ON u.id = d.user_id
        LEFT JOIN deletions e ON e.user_id = u.id WHERE t.hash = $1 AND t.kind = $2 AND d.ended_at IS NULL";
    let values = [token_hash(text).into(), kind.to_value().into()];
    let owner = Owner::find_by_statement(sql(reader, select, values)).one(reader).await;
    let owner = owner.map_err(AccountError::from)?.ok_or(TokenError::Unknown)?;
    if owner.expires_at <= app.world.now() {
        return Err(TokenError::Expired);
    }
    let ending = owner.asked_at.zip(owner.final_at).map(|(asked_at, final_at)| Asked { asked_at, final_at });
    Ok(Person { user: owner.user, device_id: owner.device_id, expires_at: owner.expires_at, ending })
}

/// Exchanges a refresh token for a new pair.
///
/// # Errors
/// When it is unknown, too old, of a device that was signed out, or used before: then the device is signed out.
pub async fn refresh(app: &App, text: &str) -> Result<Pair, TokenError> {
    let store = AccountError::from;
    let tx = app.store.write_transaction().await.map_err(AccountError::from)?;
    let select = format!("SELECT * FROM tokens WHERE hash = $1 AND kind = 'refresh'{}", tx.lock_clause());
    let found =
        token::Model::find_by_statement(sql(&*tx, select, [token_hash(text).into()])).one(&*tx).await.map_err(store)?;
    let found = found.ok_or(TokenError::Unknown)?;
    let device = device::Entity::find_by_id(found.device_id).one(&*tx).await.map_err(store)?;
    let device = device.filter(|device| device.ended_at.is_none()).ok_or(TokenError::Unknown)?;
    let now = app.world.now();
    if found.expires_at <= now {
        return Err(TokenError::Expired);
    }
    let grace = seconds(app.settings.accounts.refresh_grace_seconds);
    if found.used_at.is_some_and(|used| used.plus(grace) < now) {
        devices::end(&tx, device.id, End::TokenReuse, now).await?;
        tx.commit().await.map_err(AccountError::from)?;
        tracing::warn!(device = %device.id, "a refresh token came back: the device is signed out");
        return Err(TokenError::Unknown);
    }
    if found.used_at.is_none() {
        let update = "UPDATE tokens SET used_at = $2 WHERE hash = $1";
        tx.execute_raw(sql(&*tx, update, [token_hash(text).into(), now.into()])).await.map_err(store)?;
    }
    let seen = "UPDATE devices SET seen_at = $2 WHERE id = $1";
    tx.execute_raw(sql(&*tx, seen, [device.id.into(), now.into()])).await.map_err(store)?;
    let pair = issue_pair(app, &tx, device.id).await?;
    tx.commit().await.map_err(AccountError::from)?;
    Ok(pair)
}

/// Signs out the device that a token of any kind belongs to; an unknown token is no fault.
///
/// # Errors
/// When the database fails.
pub async fn revoke(app: &App, text: &str) -> Result<(), AccountError> {
    let tx = app.store.write_transaction().await?;
    if let Some(found) = token::Entity::find_by_id(token_hash(text)).one(&*tx).await? {
        devices::end(&tx, found.device_id, End::SignedOut, app.world.now()).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Removes tokens whose time is over for a day (until then they are told apart from unknown ones); says how many.
///
/// # Errors
/// When the database fails.
pub async fn sweep(app: &App, now: Moment) -> Result<u64, AccountError> {
    let before = now.minus(seconds(24 * 3600));
    let tx = app.store.write_transaction().await?;
    let mut gone = 0;
    for delete in [
        "DELETE FROM tokens WHERE expires_at < $1",
        "DELETE FROM mail_links WHERE expires_at < $1",
        "DELETE FROM oauth_codes WHERE expires_at < $1",
        "DELETE FROM google_flows WHERE expires_at < $1",
    ] {
        gone += tx.execute_raw(sql(&*tx, delete, [before.into()])).await?.rows_affected();
    }
    tx.commit().await?;
    Ok(gone)
}
