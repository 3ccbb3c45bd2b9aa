//! The routes of uploads: announce, ask how far, send the next part.

use super::{Announced, Upload, UploadError, UploadState, begin, find, finish, parts};
use crate::accounts::tokens::Person;
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::http::extract::{IdempotencyKey, Json, Path};
use crate::http::file;
use crate::privacy::Agreed;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use pretty_contract::service::jobs::{NewUpload, Upload as Shown};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// What a photo may be on its way up.
const MEDIA_TYPES: [&str; 3] = ["image/jpeg", "image/png", "image/webp"];

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(announce)).routes(routes!(look, append))
}

fn shown(upload: &Upload) -> Result<axum::Json<Shown>, ApiError> {
    Ok(axum::Json(Shown {
        id: upload.id.to_string(),
        offset: upload.received.unsigned_abs(),
        bytes: upload.bytes.unsigned_abs(),
        photo_id: finish::outcome(upload)?.map(|id| id.to_string()),
    }))
}

/// Announces a file. The same key again gives the same upload.
#[utoipa::path(post, path = "/v1/uploads", tag = "photos", security(("token" = [])), request_body = NewUpload,
    params(("idempotency-key" = String, Header, description = "1 to 100 visible characters. The same key is the same upload.", min_length = 1, max_length = 100, pattern = "^[!-~]{1,100}$")),
    responses((status = 201, body = Shown), (status = 400, body = ApiError), (status = 401, body = ApiError), (status = 403, body = ApiError),
        (status = 409, body = ApiError), (status = 413, body = ApiError), (status = 415, body = ApiError), (status = 422, body = ApiError)))]
async fn announce(
    State(app): State<App>,
    Agreed(person): Agreed,
    IdempotencyKey(key): IdempotencyKey,
    Json(new): Json<NewUpload>,
) -> Result<(StatusCode, axum::Json<Shown>), ApiError> {
    let invalid = |text: &str| ApiError::new(ErrorCode::Invalid, text);
    if new.bytes == 0 {
        return Err(invalid("`bytes` must be at least 1."));
    }
    let most = app.settings.uploads.largest_bytes;
    if new.bytes > most {
        return Err(ApiError::new(ErrorCode::TooLarge, format!("The most is {} MB a photo.", most / 1_000_000)));
    }
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if new.sha256.len() != 64 || !new.sha256.bytes().all(is_hex) {
        return Err(invalid("`sha256` must be 64 hexadecimal digits in lower case."));
    }
    if !MEDIA_TYPES.contains(&new.media_type.as_str()) {
        return Err(invalid("`media_type` must be image/jpeg, image/png or image/webp."));
    }
    let announced = Announced {
        idem_key: &key,
        bytes: i64::try_from(new.bytes).unwrap_or(i64::MAX),
        sha256: &new.sha256,
        media_type: &new.media_type,
    };
    let upload = begin(&app, person.user.id, announced).await?;
    Ok((StatusCode::CREATED, shown(&upload)?))
}

/// How far an upload is. One whose file was refused answers with the reason.
#[utoipa::path(get, path = "/v1/uploads/{id}", operation_id = "look_at_upload", tag = "photos", security(("token" = [])), params(("id" = Uuid, Path)),
    responses((status = 200, body = Shown), (status = 401, body = ApiError), (status = 403, body = ApiError), (status = 404, body = ApiError), (status = 422, body = ApiError)))]
async fn look(State(app): State<App>, person: Person, Path(id): Path<Uuid>) -> Result<axum::Json<Shown>, ApiError> {
    shown(&find(&app.store, person.user.id, id).await?)
}

/// Sends the next part, which begins at `Upload-Offset`. With the last one the file is checked and becomes a photo; when that answer was lost, an
/// empty part at the end asks for it again.
#[utoipa::path(patch, path = "/v1/uploads/{id}", tag = "photos", security(("token" = [])),
    params(("id" = Uuid, Path), ("upload-offset" = u64, Header, description = "Bytes that have arrived so far.")),
    request_body(content = inline(file::Bytes), content_type = "application/offset+octet-stream"),
    responses((status = 200, body = Shown), (status = 400, body = ApiError), (status = 401, body = ApiError), (status = 403, body = ApiError),
        (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 413, body = ApiError), (status = 415, body = ApiError), (status = 422, body = ApiError)))]
async fn append(
    State(app): State<App>,
    Agreed(person): Agreed,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    body: Body,
) -> Result<axum::Json<Shown>, ApiError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if text(header::CONTENT_TYPE.as_str()) != Some("application/offset+octet-stream") {
        let message = "Send the part as `application/offset+octet-stream`.";
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType, message));
    }
    let offset = text("upload-offset").and_then(|text| text.parse::<u32>().ok()).map(i64::from);
    let offset =
        offset.ok_or_else(|| ApiError::new(ErrorCode::Invalid, "`Upload-Offset` must be a number of bytes."))?;
    let mut upload = find(&app.store, person.user.id, id).await?;
    finish::outcome(&upload)?;
    if offset != upload.received {
        // Before the body is read.
        return Err(UploadError::Elsewhere(upload.received).into());
    }
    let most = app.settings.uploads.part_bytes;
    // Before it is read: what is too large is not waited for.
    let announced = text(header::CONTENT_LENGTH.as_str()).and_then(|text| text.parse::<usize>().ok());
    let too_large = || ApiError::new(ErrorCode::TooLarge, format!("The most is {most} bytes a part."));
    if announced.is_some_and(|bytes| bytes > most) {
        return Err(too_large());
    }
    let part = axum::body::to_bytes(body, most).await.map_err(|error| {
        let too_long =
            std::error::Error::source(&error).is_some_and(|source| source.to_string().contains("length limit"));
        if too_long { too_large() } else { ApiError::new(ErrorCode::BadRequest, "The part did not arrive whole.") }
    })?;
    upload = parts::append(&app, &upload, offset, part).await?;
    if upload.received == upload.bytes && upload.state == UploadState::Open {
        upload = finish::finish(&app, upload).await?;
    }
    shown(&upload)
}
