//! Photos on their way up: in parts, going on where they were cut, checked when whole, then stored as photos.
//!
//! Parts lie in the object store until the file is whole, so any replica can take the next one. Whatever is not a photo is refused before it
//! is stored as one, and its parts go. Not here: what is done to pixels (`photos::pixels`).

mod finish;
mod parts;
mod routes;

pub use routes::routes;

use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::objects::ObjectError;
use crate::photos::pixels::PixelError;
use crate::store::StoreError;
use crate::store::entity::upload;
use crate::store::{Store, WriteTransaction, count_of, sql};
use crate::world::World;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter};
use std::time::Duration;
use upload::{Model as Upload, UploadState};
use uuid::Uuid;

/// Why an upload does not go on.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// No such upload, or not theirs.
    #[error("There is no such upload.")]
    Unknown,
    /// The key was used for another file.
    #[error("The idempotency key was used for another file.")]
    KeyReused,
    /// The part does not begin where the last one ended.
    #[error("The upload is at byte {0}: go on from there.")]
    Elsewhere(i64),
    /// More than was announced.
    #[error("The part goes beyond the end that was announced.")]
    TooLong,
    /// The person keeps too much already.
    #[error("{0}")]
    Quota(&'static str),
    /// It is not a photo that is taken; for good.
    #[error("{0}")]
    Refused(String),
    /// The storage.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A fault of ours.
    #[error("{0}")]
    Fault(String),
}

impl From<DbErr> for UploadError {
    fn from(error: DbErr) -> Self {
        Self::Store(error.into())
    }
}

impl From<PixelError> for UploadError {
    fn from(error: PixelError) -> Self {
        match error {
            PixelError::Refused(why) => Self::Refused(why),
            PixelError::Fault(fault) => Self::Fault(fault),
        }
    }
}

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        let code = match &error {
            UploadError::Unknown => ErrorCode::NotFound,
            UploadError::KeyReused | UploadError::Elsewhere(_) => ErrorCode::Conflict,
            UploadError::TooLong => ErrorCode::TooLarge,
            UploadError::Quota(_) => ErrorCode::Forbidden,
            UploadError::Refused(_) => ErrorCode::Invalid,
            UploadError::Object(_) | UploadError::Store(_) => {
                tracing::error!(%error, "an upload failed");
                return Self::new(
                    ErrorCode::Unavailable,
                    "The service cannot reach its storage. Try again in a moment.",
                );
            }
            UploadError::Fault(fault) => return Self::internal(fault),
        };
        Self::new(code, error.to_string())
    }
}

/// A file that is to come.
#[derive(Clone, Debug)]
struct Announced<'a> {
    idem_key: &'a str,
    bytes: i64,
    sha256: &'a str,
    media_type: &'a str,
}

/// Begins an upload; the same key again gives the same one.
async fn begin(app: &App, user: Uuid, announced: Announced<'_>) -> Result<Upload, UploadError> {
    let tx = app.store.write_transaction().await?;
    // Requests of one person stand in line here.
    tx.execute_raw(sql(&*tx, "UPDATE users SET id = id WHERE id = $1", [user.into()])).await?;
    let earlier = upload::Entity::find()
        .filter(upload::Column::UserId.eq(user))
        .filter(upload::Column::IdemKey.eq(announced.idem_key))
        .one(&*tx)
        .await?;
    if let Some(earlier) = earlier {
        let same = (earlier.bytes, earlier.sha256.as_str(), earlier.media_type.as_str())
            == (announced.bytes, announced.sha256, announced.media_type);
        return if same { Ok(earlier) } else { Err(UploadError::KeyReused) };
    }
    check_quota(app, &tx, user, announced.bytes).await?;
    let now = app.world.now();
    let upload = Upload {
        id: app.world.new_id().map_err(StoreError::from)?,
        user_id: user,
        idem_key: announced.idem_key.to_owned(),
        bytes: announced.bytes,
        sha256: announced.sha256.to_owned(),
        media_type: announced.media_type.to_owned(),
        received: 0,
        state: UploadState::Open,
        photo_id: None,
        fault: None,
        created_at: now,
        expires_at: now.plus(Duration::from_secs(app.settings.uploads.keep_hours * 3600)),
    };
    let row = upload::ActiveModel {
        id: Set(upload.id),
        user_id: Set(user),
        idem_key: Set(upload.idem_key.clone()),
        bytes: Set(upload.bytes),
        sha256: Set(upload.sha256.clone()),
        media_type: Set(upload.media_type.clone()),
        received: Set(0),
        state: Set(UploadState::Open),
        photo_id: Set(None),
        fault: Set(None),
        created_at: Set(upload.created_at),
        expires_at: Set(upload.expires_at),
    };
    upload::Entity::insert(row).exec_without_returning(&*tx).await?;
    tx.commit().await?;
    Ok(upload)
}

/// Whether a person may keep this much more.
async fn check_quota(app: &App, tx: &WriteTransaction, user: Uuid, bytes: i64) -> Result<(), UploadError> {
    let limits = &app.settings.uploads;
    let count = async |text: &str| count_of(&**tx, text, [user.into()]).await;
    let open = "SELECT COUNT(*) AS n FROM uploads WHERE user_id = $1 AND state = 'open'";
    if count(open).await? >= limits.open_each {
        return Err(UploadError::Quota("Too many uploads are under way. Finish some of them first."));
    }
    if count("SELECT COUNT(*) AS n FROM photos WHERE user_id = $1").await? >= limits.photos_each {
        return Err(UploadError::Quota("You keep as many photos as you can. Delete some of them first."));
    }
    let kept = count("SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) AS n FROM photos WHERE user_id = $1").await?;
    let coming =
        "SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) AS n FROM uploads WHERE user_id = $1 AND state = 'open'";
    if kept.saturating_add(count(coming).await?).saturating_add(bytes) > limits.bytes_each {
        return Err(UploadError::Quota("There is no room for this photo. Delete some of your photos first."));
    }
    Ok(())
}

/// A person's upload; another one's is not there.
async fn find(store: &Store, user: Uuid, id: Uuid) -> Result<Upload, UploadError> {
    let found = upload::Entity::find_by_id(id).one(store.reader()).await?;
    found.filter(|upload| upload.user_id == user).ok_or(UploadError::Unknown)
}

/// An upload's row, locked until the end of the transaction.
async fn locked(tx: &WriteTransaction, id: Uuid) -> Result<Upload, UploadError> {
    let select = format!("SELECT * FROM uploads WHERE id = $1{}", tx.lock_clause());
    Upload::find_by_statement(sql(&**tx, select, [id.into()])).one(&**tx).await?.ok_or(UploadError::Unknown)
}

/// Forgets uploads that never became whole, and their parts; says how many.
///
/// # Errors
/// When the database fails.
pub async fn sweep(app: &App, limit: u32) -> Result<usize, UploadError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
    }
    let reader = app.store.reader();
    let select = format!("SELECT id FROM uploads WHERE expires_at <= $1 ORDER BY expires_at LIMIT {limit}");
    let rows = Row::find_by_statement(sql(reader, select, [app.world.now().into()])).all(reader).await?;
    let mut gone = 0;
    for Row { id } in rows {
        let tx = app.store.write_transaction().await?;
        // Another worker may have been here, or its last part may be on its way in.
        let upload = match locked(&tx, id).await {
            Ok(upload) => upload,
            Err(UploadError::Unknown) => continue,
            Err(error) => return Err(error),
        };
        if upload.expires_at > app.world.now() {
            continue;
        }
        parts::doom_all(&tx, &app.world, id).await?;
        upload::Entity::delete_by_id(id).exec(&*tx).await?;
        tx.commit().await?;
        gone += 1;
    }
    Ok(gone)
}

/// Dooms an upload's parts when it has ended.
async fn end(
    tx: &WriteTransaction,
    world: &World,
    id: Uuid,
    state: &str,
    photo: Option<Uuid>,
    fault: Option<String>,
) -> Result<(), StoreError> {
    let update = "UPDATE uploads SET state = $2, photo_id = $3, fault = $4 WHERE id = $1";
    tx.execute_raw(sql(&**tx, update, [id.into(), state.into(), photo.into(), fault.into()])).await?;
    parts::doom_all(tx, world, id).await
}
