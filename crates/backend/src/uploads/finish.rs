//! A whole file becomes a photo, or is refused.

use super::{Upload, UploadError, UploadState, end, locked, parts};
use crate::app::App;
use crate::objects::{self, ObjectKind, Reserved};
use crate::photos::pixels::{Written, checksum};
use crate::store::entity::photo;
use crate::store::{StoreError, WriteTransaction};
use sea_orm::{ActiveValue::Set, EntityTrait};
use tracing::Instrument as _;
use uuid::Uuid;

/// Checks a whole file and stores it as a photo. Two requests at once make one photo.
///
/// It is a task of its own, which ends although whoever asked has left or the request's time is over: a large photo that takes long is not begun anew
/// with every try.
pub(super) async fn finish(app: &App, upload: Upload) -> Result<Upload, UploadError> {
    let app = app.clone();
    let task = tokio::spawn(async move { to_the_end(&app, upload).await }.in_current_span());
    task.await.map_err(|error| UploadError::Fault(error.to_string()))?
}

async fn to_the_end(app: &App, upload: Upload) -> Result<Upload, UploadError> {
    // Before the file is in memory: those who wait for their turn cost nothing.
    let place = app.darkroom.place().await?;
    let upload = super::find(&app.store, upload.user_id, upload.id).await?;
    if upload.state != UploadState::Open {
        return Ok(upload);
    }
    let file = match parts::join(app, &upload).await {
        Ok(file) => file,
        // Another request was quicker, and the parts are gone.
        Err(UploadError::Object(_)) if has_ended(app, &upload).await? => {
            return super::find(&app.store, upload.user_id, upload.id).await;
        }
        Err(error) => return Err(error),
    };
    let checked = if checksum(&file) == upload.sha256 {
        app.darkroom.develop(place, file, upload.media_type.clone()).await.map_err(UploadError::from)
    } else if has_ended(app, &upload).await? {
        return super::find(&app.store, upload.user_id, upload.id).await;
    } else {
        Err(UploadError::Refused(
            "The file that arrived is not the one that was announced: its checksum differs.".to_owned(),
        ))
    };
    let stored = match checked {
        Ok(written) => {
            let key = objects::reserve(app, upload.user_id, ObjectKind::Photo).await?;
            let sha256 = checksum(&written.bytes);
            let size = i64::try_from(written.bytes.len()).unwrap_or(i64::MAX);
            let Written { bytes, width, height, media_type, .. } = written;
            app.objects.put(&key, bytes.into()).await?;
            Ok((key, width, height, size, sha256, media_type))
        }
        Err(UploadError::Refused(why)) => Err(why),
        Err(error) => return Err(error),
    };
    let tx = app.store.write_transaction().await?;
    let mut upload = locked(&tx, upload.id).await?;
    if upload.state != UploadState::Open {
        return Ok(upload);
    }
    match stored {
        Ok((key, width, height, bytes, sha256, media_type)) => {
            let id = app.world.new_id().map_err(StoreError::from)?;
            let row = photo::ActiveModel {
                id: Set(id),
                user_id: Set(upload.user_id),
                object_key: Set(key.as_str().to_owned()),
                width: Set(i64::from(width)),
                height: Set(i64::from(height)),
                bytes: Set(bytes),
                sha256: Set(sha256),
                media_type: Set(media_type.to_owned()),
                created_at: Set(app.world.now()),
            };
            insert(&tx, row, &key).await?;
            end(&tx, &app.world, upload.id, "stored", Some(id), None).await?;
            (upload.state, upload.photo_id) = (UploadState::Stored, Some(id));
        }
        Err(why) => {
            end(&tx, &app.world, upload.id, "refused", None, Some(why.clone())).await?;
            (upload.state, upload.fault) = (UploadState::Refused, Some(why));
        }
    }
    tx.commit().await?;
    Ok(upload)
}

async fn insert(tx: &WriteTransaction, row: photo::ActiveModel, key: &Reserved) -> Result<(), StoreError> {
    photo::Entity::insert(row).exec_without_returning(&**tx).await?;
    objects::keep(tx, key).await
}

async fn has_ended(app: &App, upload: &Upload) -> Result<bool, UploadError> {
    Ok(super::find(&app.store, upload.user_id, upload.id).await?.state != UploadState::Open)
}

/// The photo that an upload became, none while more is to come.
pub(super) fn outcome(upload: &Upload) -> Result<Option<Uuid>, UploadError> {
    match upload.state {
        UploadState::Open => Ok(None),
        UploadState::Stored => Ok(upload.photo_id),
        UploadState::Refused => Err(UploadError::Refused(upload.fault.clone().unwrap_or_default())),
    }
}
