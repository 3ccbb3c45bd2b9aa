//! Whether the process lives, and whether it can do its work.

use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// How the process is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// Always `ok`; otherwise there is an error.
    status: &'static str,
    /// Of the program.
    version: &'static str,
}

const OK: Health = Health { status: "ok", version: env!("CARGO_PKG_VERSION") };

/// The process answers. Says nothing about the database.
#[utoipa::path(get, path = "/healthz", tag = "operations", responses((status = 200, body = Health)))]
pub(super) async fn alive() -> Json<Health> {
    Json(OK)
}

/// The process can do its work: the database answers and its tables are those this program knows.
#[utoipa::path(get, path = "/readyz", tag = "operations", responses((status = 200, body = Health), (status = 503, body = ApiError)))]
pub(super) async fn ready(State(app): State<App>) -> Result<Json<Health>, ApiError> {
    if crate::store::migration::is_current(&app.store).await? {
        Ok(Json(OK))
    } else {
        Err(ApiError::new(ErrorCode::Unavailable, "The database is not migrated yet."))
    }
}
