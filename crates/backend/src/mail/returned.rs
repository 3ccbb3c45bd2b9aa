//! Letters that come back: Amazon SES tells of bounces and complaints, nothing more is sent to such an address for a while, and the person sees it.
//!
//! SES publishes its events to EventBridge, and an API destination of EventBridge brings them here with a key of ours in a header. An address is kept
//! as a hash: who has it can ask, nobody can list them. Not here: what a mail server refuses at once (`mailer`).

use crate::accounts::AccountError;
use crate::app::App;
use crate::changes::{self, ChangeKind};
use crate::error::{ApiError, ErrorCode};
use crate::http::extract::Json;
use crate::store::entity::user;
use crate::store::{StoreError, WriteTransaction, count_of, sql};
use crate::world::Moment;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::time::Duration;
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// After this long it is tried again: mailboxes come back.
const KEPT: Duration = Duration::from_secs(90 * 86_400);

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(tell))
}

/// An event of Amazon SES as EventBridge brings it; more fields than these are there.
#[derive(Debug, Deserialize, ToSchema)]
struct MailEvent {
    detail: Detail,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Detail {
    event_type: String,
    #[serde(default)]
    bounce: Option<Bounce>,
    #[serde(default)]
    complaint: Option<Complaint>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    /// `Permanent`, `Transient` or `Undetermined`.
    bounce_type: String,
    bounced_recipients: Vec<Recipient>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    complained_recipients: Vec<Recipient>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    email_address: String,
}

/// Where Amazon SES tells, through EventBridge, which letters came back.
#[utoipa::path(post, path = "/v1/webhooks/mail", tag = "operations", request_body = MailEvent,
    params(("x-mail-events-key" = String, Header, description = "As configured at the API destination.")),
    responses((status = 204), (status = 400, body = ApiError), (status = 403, body = ApiError), (status = 404, body = ApiError),
        (status = 413, body = ApiError), (status = 415, body = ApiError), (status = 422, body = ApiError)))]
async fn tell(
    State(app): State<App>,
    headers: HeaderMap,
    event: Result<Json<MailEvent>, ApiError>,
) -> Result<StatusCode, ApiError> {
    let key = app.settings.mail.events_key.reveal();
    if key.is_empty() {
        return Err(ApiError::new(ErrorCode::NotFound, "There is nothing at this address."));
    }
    let given = headers.get("x-mail-events-key").map(|value| value.as_bytes()).unwrap_or_default();
    if !bool::from(given.ct_eq(key.as_bytes())) {
        return Err(ApiError::new(ErrorCode::Forbidden, "This does not come from our mail service."));
    }
    let Json(MailEvent { detail }) = event?;
    let (reason, recipients) = match (detail.event_type.as_str(), detail.bounce, detail.complaint) {
        // What is only full or away is tried again by the mail service itself.
        ("Bounce", Some(bounce), _) if bounce.bounce_type == "Permanent" => ("bounce", bounce.bounced_recipients),
        ("Complaint", _, Some(complaint)) => ("complaint", complaint.complained_recipients),
        _ => return Ok(StatusCode::NO_CONTENT),
    };
    for recipient in recipients {
        note(&app, &recipient.email_address, reason).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

fn key_of(address: &str) -> String {
    address.trim().to_lowercase()
}

fn hash(key: &str) -> Vec<u8> {
    Sha256::digest([b"returned to:".as_slice(), key.as_bytes()].concat()).to_vec()
}

/// A letter to this address came back. May be told twice.
async fn note(app: &App, address: &str, reason: &'static str) -> Result<(), StoreError> {
    let key = key_of(address);
    // Nothing of ours went to such an address, and PostgreSQL takes no text with a NUL.
    if key.chars().any(char::is_control) {
        return Ok(());
    }
    let now = app.world.now();
    let tx = app.store.write_transaction().await?;
    let insert = "INSERT INTO returned_addresses (address_hash, reason, at) VALUES ($1, $2, $3)
        ON CONFLICT (address_hash) DO UPDATE SET reason = excluded.reason, at = excluded.at";
    tx.execute_raw(sql(&*tx, insert, [hash(&key).into(), reason.into(), now.into()])).await?;
    let letters =
        "UPDATE letters SET returned_at = $2 WHERE LOWER(recipient) = $1 AND state = 'sent' AND returned_at IS NULL";
    let returned = tx.execute_raw(sql(&*tx, letters, [key.as_str().into(), now.into()])).await?.rows_affected();
    let person = user::Entity::find().filter(user::Column::EmailKey.eq(&key)).one(&*tx).await?;
    if let Some(person) = person {
        changes::note(&tx, &app.world, person.id, ChangeKind::Account, None).await?;
    }
    tx.commit().await?;
    tracing::warn!(reason, letters = returned, "letters came back");
    Ok(())
}

/// Whether letters to this address come back.
///
/// # Errors
/// When the database fails.
pub async fn is_known(connection: &impl ConnectionTrait, address: &str) -> Result<bool, DbErr> {
    let select = "SELECT COUNT(*) AS n FROM returned_addresses WHERE address_hash = $1";
    Ok(count_of(connection, select, [hash(&key_of(address)).into()]).await? > 0)
}

/// Refuses an address from which letters come back: nothing that is sent there would arrive.
///
/// # Errors
/// A sentence for the person, or when the database fails.
pub async fn refuse(app: &App, address: &str) -> Result<(), AccountError> {
    if is_known(app.store.reader(), address).await? {
        return Err(AccountError::Email("Letters to this address come back. Check it, or use another one."));
    }
    Ok(())
}

/// Forgets an address, when its person goes.
///
/// # Errors
/// When the database fails.
pub async fn forget(tx: &WriteTransaction, address: &str) -> Result<(), DbErr> {
    let delete = "DELETE FROM returned_addresses WHERE address_hash = $1";
    tx.execute_raw(sql(&**tx, delete, [hash(&key_of(address)).into()])).await?;
    Ok(())
}

/// Forgets what is long ago; says how much.
///
/// # Errors
/// When the database fails.
pub async fn sweep(app: &App, now: Moment) -> Result<u64, AccountError> {
    let tx = app.store.write_transaction().await?;
    let delete = sql(&*tx, "DELETE FROM returned_addresses WHERE at < $1", [now.minus(KEPT).into()]);
    let gone = tx.execute_raw(delete).await?.rows_affected();
    tx.commit().await?;
    Ok(gone)
}
