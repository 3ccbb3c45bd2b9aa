//! Sends a stored file: whole or the part that `Range` asks for, as it is read, never guessed at and never shown as a page.

use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::objects::ObjectError;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use std::ops::Range;

/// The bytes of a file, as the document calls them.
#[derive(Debug, utoipa::ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct Bytes(pub Vec<u8>);

/// A stored file.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Where it is.
    pub key: &'a str,
    /// How long it is.
    pub bytes: i64,
    /// Its checksum, hexadecimal.
    pub sha256: &'a str,
    /// What it is.
    pub media_type: &'a str,
}

/// What of a file is wanted.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    All,
    Part(Range<u64>),
    Nothing,
}

/// Reads one range; several, or something else than bytes, is the whole file, as the standard allows.
fn wanted(value: Option<&str>, length: u64) -> Wanted {
    let Some(range) = value.and_then(|value| value.trim().strip_prefix("bytes=")).filter(|range| !range.contains(','))
    else {
        return Wanted::All;
    };
    let Some((first, last)) = range.split_once('-') else { return Wanted::All };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let part = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Some(first), None) if last.trim().is_empty() => first..length,
        (None, Some(count)) if first.trim().is_empty() => length.saturating_sub(count)..length,
        _ => return Wanted::All,
    };
    if part.is_empty() { Wanted::Nothing } else { Wanted::Part(part) }
}

/// Sends a file.
///
/// # Errors
/// When it is gone, or the storage fails.
pub async fn send(app: &App, headers: &HeaderMap, file: File<'_>) -> Result<Response, ApiError> {
    let length = file.bytes.unsigned_abs();
    let tag = format!("\"{}\"", file.sha256);
    let header = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if header(header::IF_NONE_MATCH).is_some_and(|tags| tags.contains(&tag)) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    // A part of another file than the one that the rest came from would be no file at all.
    let same = header(header::IF_RANGE).is_none_or(|other| other == tag);
    let range = if same { wanted(header(header::RANGE), length) } else { Wanted::All };
    let (status, part) = match range {
        Wanted::All => (StatusCode::OK, 0..length),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Wanted::Nothing => {
            let range = format!("bytes */{length}");
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, range)]).into_response());
        }
    };
    let body = app.objects.stream(file.key, part.clone()).await?;
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let mut put = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put(header::CONTENT_TYPE, file.media_type);
    put(header::CONTENT_LENGTH, &(part.end - part.start).to_string());
    put(header::CONTENT_DISPOSITION, "attachment");
    put(header::ACCEPT_RANGES, "bytes");
    put(header::ETAG, &tag);
    if status == StatusCode::PARTIAL_CONTENT {
        put(header::CONTENT_RANGE, &format!("bytes {}-{}/{length}", part.start, part.end - 1));
    }
    Ok(response)
}

impl From<ObjectError> for ApiError {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::Missing => Self::new(ErrorCode::NotFound, "The file is not there any more."),
            ObjectError::Store(_) | ObjectError::Folder { .. } => {
                tracing::error!(%error, "the object store failed");
                Self::new(ErrorCode::Unavailable, "The service cannot reach its storage. Try again in a moment.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_read_and_anything_odd_is_the_whole() {
        for (text, expected) in [
            ("bytes=0-9", Wanted::Part(0..10)),
            ("bytes=90-", Wanted::Part(90..100)),
            ("bytes=-10", Wanted::Part(90..100)),
            ("bytes=-1000", Wanted::Part(0..100)),
            ("bytes=50-5000", Wanted::Part(50..100)),
            ("bytes=100-", Wanted::Nothing),
            ("bytes=100-200", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=9-0", Wanted::All),
            ("bytes=1-2,4-5", Wanted::All),
            ("pages=1-2", Wanted::All),
            ("bytes=a-b", Wanted::All),
        ] {
            assert_eq!(wanted(Some(text), 100), expected, "{text}");
        }
        assert_eq!(wanted(None, 100), Wanted::All);
    }
}
