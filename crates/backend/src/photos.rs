//! The photos that a person keeps with the service: list, fetch, delete one.
//!
//! They come by `uploads` and are written anew there. Not here: what jobs do with them.

pub mod darkroom;
pub mod pixels;
pub mod sketch;

use crate::accounts::tokens::Person;
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::http::extract::{Path, Query};
use crate::http::file::{self, File};
use crate::jobs;
use crate::store::entity::photo;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use pretty_contract::service::jobs::StoredPhoto;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(content)).routes(routes!(delete))
}

/// A page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// What comes after this one in the list: older ones.
    pub after: Option<Uuid>,
    /// 1 to 200; 50 when it is not given.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

impl Page {
    /// How many are wanted.
    ///
    /// # Errors
    /// When it is out of range.
    pub fn size(&self) -> Result<u64, ApiError> {
        let limit = self.limit.unwrap_or(50);
        if (1..=200).contains(&limit) {
            return Ok(u64::from(limit));
        }
        Err(ApiError::new(ErrorCode::Invalid, "`limit` must be between 1 and 200."))
    }
}

/// The photos, newest first.
#[utoipa::path(get, path = "/v1/photos", operation_id = "list_photos", tag = "photos", security(("token" = [])), params(Page),
    responses((status = 200, body = [StoredPhoto]), (status = 400, body = ApiError), (status = 401, body = ApiError), (status = 403, body = ApiError), (status = 422, body = ApiError)))]
async fn list(
    State(app): State<App>,
    person: Person,
    Query(page): Query<Page>,
) -> Result<axum::Json<Vec<StoredPhoto>>, ApiError> {
    let mut select = photo::Entity::find().filter(photo::Column::UserId.eq(person.user.id));
    if let Some(after) = page.after {
        select = select.filter(photo::Column::Id.lt(after));
    }
    let rows = select.order_by_desc(photo::Column::Id).limit(page.size()?).all(app.store.reader()).await?;
    Ok(axum::Json(rows.into_iter().map(shown).collect()))
}

fn shown(row: photo::Model) -> StoredPhoto {
    StoredPhoto {
        id: row.id.to_string(),
        width: u32::try_from(row.width).unwrap_or_default(),
        height: u32::try_from(row.height).unwrap_or_default(),
        bytes: row.bytes.unsigned_abs(),
        media_type: row.media_type,
        created_at: row.created_at.0,
    }
}

/// A person's photo; another one's is not there.
///
/// # Errors
/// When it is not there, or the database fails.
pub async fn find(app: &App, user: Uuid, id: Uuid) -> Result<photo::Model, ApiError> {
    let found = photo::Entity::find_by_id(id).one(app.store.reader()).await?;
    found.filter(|photo| photo.user_id == user).ok_or_else(unknown)
}

fn unknown() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "There is no such photo.")
}

/// A photo's file.
#[utoipa::path(get, path = "/v1/photos/{id}/content", operation_id = "photo_content", tag = "photos", security(("token" = [])), params(("id" = Uuid, Path)),
    responses((status = 200, body = inline(file::Bytes), content_type = "image/*"), (status = 206, body = inline(file::Bytes), content_type = "image/*"),
        (status = 401, body = ApiError), (status = 403, body = ApiError), (status = 404, body = ApiError), (status = 416), (status = 503, body = ApiError)))]
async fn content(
    State(app): State<App>,
    person: Person,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let photo = find(&app, person.user.id, id).await?;
    let file =
        File { key: &photo.object_key, bytes: photo.bytes, sha256: &photo.sha256, media_type: &photo.media_type };
    file::send(&app, &headers, file).await
}

/// Deletes a photo with everything that came of it: results, critiques, comparisons. A job that still waits for it fails, one that runs is
/// stopped; both cost nothing.
#[utoipa::path(delete, path = "/v1/photos/{id}", operation_id = "delete_photo", tag = "photos", security(("token" = [])), params(("id" = Uuid, Path)),
    responses((status = 204), (status = 401, body = ApiError), (status = 403, body = ApiError), (status = 404, body = ApiError)))]
async fn delete(State(app): State<App>, person: Person, Path(id): Path<Uuid>) -> Result<StatusCode, ApiError> {
    if !jobs::forget_photo(&app, person.user.id, id).await? {
        return Err(unknown());
    }
    app.work.notify_waiters();
    Ok(StatusCode::NO_CONTENT)
}
