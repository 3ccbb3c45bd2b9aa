//! Where Replicate says that something happened. Nothing is carried in: it is noted on the job that there is news, and the worker asks.

use super::enhance::Checkpoint;
use crate::app::App;
use crate::billing::alarm::Alarm;
use crate::error::{ApiError, ErrorCode};
use crate::http::extract::Path;
use crate::jobs::Job;
use crate::providers::replicate_client::signature::{self, Headers};
use crate::store::{StoreError, sql};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use sea_orm::{ConnectionTrait, FromQueryResult};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// A prediction with its log.
const LARGEST_BODY: usize = 1 << 20;
/// An id of Replicate's.
const LONGEST_ID: usize = 64;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(replicate)).layer(DefaultBodyLimit::max(LARGEST_BODY))
}

/// All that is read of the body.
#[derive(Deserialize)]
struct Named {
    id: String,
}

/// Replicate's webhook. The address names the job and the try; the body is only believed to name a prediction, which is then fetched.
#[utoipa::path(post, path = "/v1/webhooks/replicate/{job}/{nonce}", tag = "jobs", request_body(content = serde_json::Value, content_type = "application/json"),
    params(("job" = Uuid, Path), ("nonce" = String, Path),
        ("webhook-id" = String, Header), ("webhook-timestamp" = String, Header), ("webhook-signature" = String, Header)),
    responses((status = 200), (status = 400, body = ApiError), (status = 404, body = ApiError), (status = 413, body = ApiError), (status = 503, body = ApiError)))]
async fn replicate(
    State(app): State<App>,
    Path((job, nonce)): Path<(Uuid, String)>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, ApiError> {
    if app.settings.replicate.token.is_empty() {
        return Err(ApiError::new(ErrorCode::NotFound, "There is nothing at this address."));
    }
    let body = body.map_err(|refused| {
        let too_large = refused.status() == StatusCode::PAYLOAD_TOO_LARGE;
        let code = if too_large { ErrorCode::TooLarge } else { ErrorCode::BadRequest };
        ApiError::new(code, refused.body_text())
    })?;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let signed =
        Headers { id: text("webhook-id"), timestamp: text("webhook-timestamp"), signature: text("webhook-signature") };
    let secrets = app.settings.replicate.webhook_secrets();
    signature::verify(&secrets, signed, &body, app.world.now().seconds()).map_err(|refused| {
        app.alarms.note(Alarm::ProviderWebhookRefused, "replicate", &refused.to_string());
        ApiError::new(ErrorCode::BadRequest, "This was not signed by Replicate for this service.")
    })?;
    let named: Named = serde_json::from_slice(&body)
        .map_err(|_| ApiError::new(ErrorCode::BadRequest, "The body names no prediction."))?;
    if note(&app, job, &nonce, &named.id).await? {
        app.work.notify_waiters();
    }
    // News of a job that has ended, or of an earlier try, is nothing that Replicate could mend by sending it again.
    Ok(StatusCode::OK)
}

/// Notes the news on the job, if this try is the one that counts.
async fn note(app: &App, id: Uuid, nonce: &str, prediction: &str) -> Result<bool, StoreError> {
    if prediction.len() > LONGEST_ID || !prediction.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(false);
    }
    let tx = app.store.write_transaction().await?;
    let select = format!("SELECT * FROM jobs WHERE id = $1{}", tx.lock_clause());
    let job = Job::find_by_statement(sql(&*tx, select, [id.into()])).one(&*tx).await?;
    let counts = job.filter(|job| job.ended_at.is_none()).and_then(|job| Checkpoint::read(job.checkpoint.as_deref()));
    if counts.is_none_or(|checkpoint| checkpoint.nonce != nonce) {
        return Ok(false);
    }
    let update = "UPDATE jobs SET told_at = $2, told_prediction = $3 WHERE id = $1";
    tx.execute_raw(sql(&*tx, update, [id.into(), app.world.now().into(), prediction.into()])).await?;
    tx.commit().await?;
    Ok(true)
}
