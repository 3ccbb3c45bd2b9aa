//! Devices: one for each sign-in on a browser or app, listed for the person, ended one by one or all at once.

use super::AccountError;
use crate::app::App;
use crate::privacy::deletion;
use crate::store::entity::device::{self, DeviceKind};
use crate::store::{WriteTransaction, count_of, sql};
use crate::world::Moment;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use std::time::Duration;
use uuid::Uuid;

/// Why a device was signed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By the person.
    SignedOut,
    /// The password was changed.
    PasswordChanged,
    /// A refresh token or code was used twice.
    TokenReuse,
    /// The account is to be deleted.
    AccountEnds,
}

impl End {
    fn text(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::PasswordChanged => "password_changed",
            Self::TokenReuse => "token_reuse",
            Self::AccountEnds => "account_ends",
        }
    }
}

/// Makes a device: every way to sign in ends here.
///
/// # Errors
/// When the account waits to be deleted, or the database fails.
pub async fn begin(
    app: &App,
    tx: &WriteTransaction,
    user: Uuid,
    kind: DeviceKind,
    name: &str,
) -> Result<Uuid, AccountError> {
    if deletion::of(&**tx, user).await?.is_some() {
        return Err(AccountError::Ending);
    }
    let (id, now) = (app.world.new_id()?, app.world.now());
    let row = device::ActiveModel {
        id: Set(id),
        user_id: Set(user),
        kind: Set(kind),
        name: Set(name.chars().filter(|c| !c.is_control()).take(80).collect()),
        created_at: Set(now),
        seen_at: Set(now),
        ended_at: Set(None),
        end_reason: Set(None),
    };
    device::Entity::insert(row).exec_without_returning(&**tx).await?;
    Ok(id)
}

/// Signs a device out and forgets its tokens.
///
/// # Errors
/// When the database fails.
pub async fn end(tx: &WriteTransaction, device: Uuid, why: End, now: Moment) -> Result<(), AccountError> {
    let update = "UPDATE devices SET ended_at = $2, end_reason = $3 WHERE id = $1 AND ended_at IS NULL";
    tx.execute_raw(sql(&**tx, update, [device.into(), now.into(), why.text().into()])).await?;
    tx.execute_raw(sql(&**tx, "DELETE FROM tokens WHERE device_id = $1", [device.into()])).await?;
    Ok(())
}

/// Signs all devices of a person out, but for one.
///
/// # Errors
/// When the database fails.
pub async fn end_all(
    tx: &WriteTransaction,
    user: Uuid,
    but: Option<Uuid>,
    why: End,
    now: Moment,
) -> Result<(), AccountError> {
    for device in open(&**tx, user).await? {
        if Some(device.id) != but {
            end(tx, device.id, why, now).await?;
        }
    }
    forget_codes(tx, user).await
}

/// Signs all browsers of a person out; apps stay.
///
/// # Errors
/// When the database fails.
pub async fn end_browsers(tx: &WriteTransaction, user: Uuid, why: End, now: Moment) -> Result<(), AccountError> {
    for device in open(&**tx, user).await?.into_iter().filter(|device| device.kind == DeviceKind::Browser) {
        end(tx, device.id, why, now).await?;
    }
    forget_codes(tx, user).await
}

/// A code that is on its way would open a new device.
async fn forget_codes(tx: &WriteTransaction, user: Uuid) -> Result<(), AccountError> {
    tx.execute_raw(sql(&**tx, "DELETE FROM oauth_codes WHERE user_id = $1 AND used_at IS NULL", [user.into()])).await?;
    Ok(())
}

/// Where a person is signed in, newest first.
///
/// # Errors
/// When the database fails.
pub async fn open(connection: &impl ConnectionTrait, user: Uuid) -> Result<Vec<device::Model>, AccountError> {
    let devices = device::Entity::find()
        .filter(device::Column::UserId.eq(user))
        .filter(device::Column::EndedAt.is_null())
        .order_by_desc(device::Column::Id)
        .all(connection)
        .await?;
    Ok(devices)
}

/// Whether a device is signed in.
///
/// # Errors
/// When the database fails.
pub async fn is_open(connection: &impl ConnectionTrait, device: Uuid) -> Result<bool, AccountError> {
    let select = "SELECT COUNT(*) AS n FROM devices WHERE id = $1 AND ended_at IS NULL";
    Ok(count_of(connection, select, [device.into()]).await? == 1)
}

/// A name for a browser from what it says of itself: enough to tell two apart.
pub fn browser_name(agent: &str) -> String {
    let has = |word: &&(&str, &str)| agent.contains(word.0);
    let browser =
        [("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
    let system = [
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ];
    let browser = browser.iter().find(has).map_or("Browser", |found| found.1);
    system.iter().find(has).map_or_else(|| browser.to_owned(), |found| format!("{browser} on {}", found.1))
}

/// How long an ended sign-in is kept, for the person to ask about.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// Removes sign-ins that ended long ago, and ends those whose last token is gone; says how many it removed.
///
/// # Errors
/// When the database fails.
pub async fn sweep(app: &App, now: Moment) -> Result<u64, AccountError> {
    let tx = app.store.write_transaction().await?;
    let end = "UPDATE devices SET ended_at = $1, end_reason = 'expired'
        WHERE ended_at IS NULL AND NOT EXISTS (SELECT 1 FROM tokens t WHERE t.device_id = devices.id)";
    tx.execute_raw(sql(&*tx, end, [now.into()])).await?;
    let gone = tx
        .execute_raw(sql(&*tx, "DELETE FROM devices WHERE ended_at < $1", [now.minus(KEPT).into()]))
        .await?
        .rows_affected();
    tx.commit().await?;
    Ok(gone)
}
