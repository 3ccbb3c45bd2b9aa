//! Uploaded files.

use axum::extract::Multipart;
use hyper::body::Bytes;
use serde_json::{Map, Value, json};

use super::KEPT_MICROS;
use super::routes::Problem;
use crate::clock::rfc3339;
use crate::delivery::digest;

/// Files up to this size are taken.
pub(crate) const LARGEST_FILE: usize = 100 << 20;
const LONGEST_NAME: usize = 255;

#[derive(Clone, Debug)]
pub(crate) struct StoredFile {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) content: Bytes,
    pub(crate) metadata: Value,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
}

impl StoredFile {
    pub(crate) fn render(&self, base_url: &str) -> Value {
        let sha256 = digest(&self.content);
        json!({
            "id": self.id, "name": self.name, "content_type": self.kind, "size": self.content.len(),
            "etag": sha256[..32], "checksums": { "sha256": sha256 }, "metadata": self.metadata,
            "created_at": rfc3339(self.created_at), "expires_at": rfc3339(self.expires_at),
            "urls": { "get": format!("{base_url}/v1/files/{}", self.id) },
        })
    }
}

/// Reads the form of an upload.
pub(crate) async fn read(mut form: Multipart, id: String, now: i64) -> Result<StoredFile, Problem> {
    let malformed = || Problem::new(400, "Bad Request", "The multipart body is malformed.");
    let (mut content, mut name, mut kind) = (None, None, None);
    let mut metadata = Value::Object(Map::new());
    while let Some(field) = form.next_field().await.map_err(|_| malformed())? {
        match field.name().unwrap_or_default() {
            "content" => {
                name = name.or_else(|| field.file_name().map(str::to_owned));
                kind = kind.or_else(|| field.content_type().map(str::to_owned));
                content = Some(field.bytes().await.map_err(|_| malformed())?);
            }
            "filename" => name = Some(field.text().await.map_err(|_| malformed())?),
            "type" => kind = Some(field.text().await.map_err(|_| malformed())?),
            "metadata" => {
                let text = field.text().await.map_err(|_| malformed())?;
                metadata = serde_json::from_str(&text)
                    .ok()
                    .filter(Value::is_object)
                    .ok_or_else(|| Problem::new(400, "Bad Request", "metadata must be a JSON object"))?;
            }
            _ => return Err(malformed()),
        }
    }
    let content = content.ok_or_else(|| Problem::new(400, "Bad Request", "Missing content"))?;
    if content.len() > LARGEST_FILE {
        return Err(Problem::new(413, "Content Too Large", "Files must be less than 100MB in size"));
    }
    let name = name.unwrap_or_else(|| "file".to_owned());
    if name.len() > LONGEST_NAME {
        return Err(Problem::new(400, "Bad Request", "filename must be at most 255 bytes"));
    }
    let kind = kind.unwrap_or_else(|| "application/octet-stream".to_owned());
    Ok(StoredFile { id, name, kind, content, metadata, created_at: now, expires_at: now + KEPT_MICROS })
}
