//! The parts of an upload: each is one object, begins where the last one ended, and is there once.

use super::{Upload, UploadError, UploadState, locked};
use crate::app::App;
use crate::objects::{self, ObjectKind};
use crate::store::{StoreError, WriteTransaction, sql};
use crate::world::World;
use axum::body::Bytes;
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

#[derive(FromQueryResult)]
struct Part {
    object_key: String,
}

/// Adds a part at `offset`; gives the upload as it is then.
pub(super) async fn append(app: &App, upload: &Upload, offset: i64, part: Bytes) -> Result<Upload, UploadError> {
    let length = i64::try_from(part.len()).unwrap_or(i64::MAX);
    fits(upload, offset, length)?;
    if length == 0 || upload.state != UploadState::Open {
        return Ok(upload.clone());
    }
    let key = objects::reserve(app, upload.user_id, ObjectKind::Part).await?;
    app.objects.put(&key, part).await?;
    let tx = app.store.write_transaction().await?;
    let mut upload = locked(&tx, upload.id).await?;
    // Another request with the same part may have been quicker: this one's object goes again.
    fits(&upload, offset, length)?;
    let insert = "INSERT INTO upload_parts (upload_id, start_at, bytes, object_key) VALUES ($1, $2, $3, $4)";
    let values = [upload.id.into(), offset.into(), length.into(), key.as_str().into()];
    tx.execute_raw(sql(&*tx, insert, values)).await?;
    upload.received = offset + length;
    let update = "UPDATE uploads SET received = $2 WHERE id = $1";
    tx.execute_raw(sql(&*tx, update, [upload.id.into(), upload.received.into()])).await?;
    objects::keep(&tx, &key).await?;
    tx.commit().await?;
    Ok(upload)
}

fn fits(upload: &Upload, offset: i64, length: i64) -> Result<(), UploadError> {
    if offset != upload.received {
        return Err(UploadError::Elsewhere(upload.received));
    }
    if length > upload.bytes - upload.received {
        return Err(UploadError::TooLong);
    }
    Ok(())
}

/// The whole file.
pub(super) async fn join(app: &App, upload: &Upload) -> Result<Vec<u8>, UploadError> {
    let reader = app.store.reader();
    let select = "SELECT object_key FROM upload_parts WHERE upload_id = $1 ORDER BY start_at";
    let parts = Part::find_by_statement(sql(reader, select, [upload.id.into()])).all(reader).await?;
    let mut file = Vec::with_capacity(usize::try_from(upload.bytes).unwrap_or_default());
    for part in parts {
        file.extend_from_slice(&app.objects.get(&part.object_key).await?);
    }
    Ok(file)
}

/// Removes the parts of an upload that ended.
pub(super) async fn doom_all(tx: &WriteTransaction, world: &World, upload: Uuid) -> Result<(), StoreError> {
    let select = "SELECT object_key FROM upload_parts WHERE upload_id = $1";
    for part in Part::find_by_statement(sql(&**tx, select, [upload.into()])).all(&**tx).await? {
        objects::doom(tx, world, &part.object_key).await?;
    }
    tx.execute_raw(sql(&**tx, "DELETE FROM upload_parts WHERE upload_id = $1", [upload.into()])).await?;
    Ok(())
}
