//! An archive on its way to the person: the pieces that were made before, then the pictures from where they lie, then the directory.

use super::{LEASE, find};
use crate::accounts::AccountError;
use crate::app::App;
use crate::changes::{self, ChangeKind};
use crate::objects::ObjectError;
use crate::privacy::zip::{TooLarge, Zip, crc32};
use crate::store::sql;
use crate::world::Moment;
use axum::body::{Body, Bytes};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use std::convert::Infallible;
use tokio::sync::mpsc::{Sender, channel};
use tokio_stream::wrappers::ReceiverStream;
use uuid::Uuid;

/// Sent at once.
const PIECE: usize = 1 << 16;

/// Gives the archive away, once: none when it is not ready, was fetched or is being fetched. Once is whole: after a fetch that breaks off it can be
/// fetched again, when the process ended in the middle of it as soon as the lease is over.
///
/// # Errors
/// When the database fails.
pub async fn fetch(app: &App, user: Uuid, id: Uuid) -> Result<Option<(u64, Body)>, AccountError> {
    #[derive(FromQueryResult)]
    struct Taken {
        bytes: Option<i64>,
        directory: Option<Vec<u8>>,
        entries: Option<i64>,
    }
    let Some(made_at) = find(app, user, id).await?.and_then(|export| export.made_at) else { return Ok(None) };
    let pictures = pictures(app, user, made_at).await?;
    let tx = app.store.write_transaction().await?;
    let take =
        "UPDATE exports SET lease_until = $4 WHERE id = $1 AND user_id = $2 AND state = 'ready' AND expires_at > $3
        AND (lease_until IS NULL OR lease_until <= $3) RETURNING bytes, directory, entries";
    let now = app.world.now();
    let values = [id.into(), user.into(), now.into(), now.plus(LEASE).into()];
    let Some(taken) = Taken::find_by_statement(sql(&*tx, take, values)).one(&*tx).await? else { return Ok(None) };
    tx.commit().await?;
    let zip = Zip::go_on(taken.directory.unwrap_or_default(), taken.entries.unwrap_or(0), taken.bytes.unwrap_or(0));
    let Ok(length) = length(&zip, &pictures) else { return Ok(None) };
    // One piece waits at most: what was sent has been taken when there is room for another one.
    let (out, taken) = channel(1);
    let app = app.clone();
    tokio::spawn(async move {
        // The browser sees an archive that is too short, and says so.
        let written = write(&app, id, zip, pictures, &out).await;
        if let Err(error) = &written {
            tracing::warn!(export = %id, %error, "an archive was not fetched whole");
        }
        // Before the stream ends, which is when `out` goes.
        if let Err(error) = end(&app, user, id, written.is_ok()).await {
            tracing::error!(export = %id, %error, "it is not kept that an archive was fetched");
        }
        drop(out);
    });
    Ok(Some((length, Body::from_stream(ReceiverStream::new(taken)))))
}

/// After a fetch: it was the only one, or there may be another.
async fn end(app: &App, user: Uuid, id: Uuid, whole: bool) -> Result<(), AccountError> {
    let tx = app.store.write_transaction().await?;
    let state = if whole { "gone" } else { "ready" };
    let update = "UPDATE exports SET state = $2, lease_until = NULL WHERE id = $1 AND state = 'ready'";
    tx.execute_raw(sql(&*tx, update, [id.into(), state.into()])).await?;
    changes::note(&tx, &app.world, user, ChangeKind::Export, Some(id)).await?;
    tx.commit().await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Picture {
    folder: String,
    id: Uuid,
    object_key: String,
    bytes: i64,
    media_type: String,
}

impl Picture {
    fn name(&self) -> String {
        let ending = match self.media_type.as_str() {
            "image/jpeg" => "jpg",
            "image/png" => "png",
            "image/webp" => "webp",
            _ => "image",
        };
        format!("{}/{}.{ending}", self.folder, self.id)
    }
}

/// What the person keeps and had when the rest was made.
async fn pictures(app: &App, user: Uuid, until: Moment) -> Result<Vec<Picture>, DbErr> {
    let reader = app.store.reader();
    let select = "SELECT 'photos' AS folder, id, object_key, bytes, media_type FROM photos WHERE user_id = $1 AND created_at <= $2
        UNION ALL SELECT 'results' AS folder, job_id AS id, object_key, bytes, media_type FROM job_results
        WHERE user_id = $1 AND created_at <= $2 ORDER BY folder, id";
    Picture::find_by_statement(sql(reader, select, [user.into(), until.into()])).all(reader).await
}

/// How long the whole archive will be.
fn length(zip: &Zip, pictures: &[Picture]) -> Result<u64, TooLarge> {
    let mut zip = zip.clone();
    for picture in pictures {
        zip.entry(&picture.name(), picture.bytes.unsigned_abs(), 0)?;
    }
    Ok(zip.length())
}

#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error(transparent)]
    Database(#[from] DbErr),
    #[error(transparent)]
    Object(#[from] ObjectError),
    #[error("a picture is not as long as is written about it")]
    OtherLength,
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    #[error("nobody takes it any more")]
    Closed,
}

type Out = Sender<Result<Bytes, Infallible>>;

async fn send(out: &Out, content: impl Into<Bytes>) -> Result<(), FetchError> {
    let mut content = content.into();
    while !content.is_empty() {
        let piece = content.split_to(PIECE.min(content.len()));
        out.send(Ok(piece)).await.map_err(|_| FetchError::Closed)?;
    }
    Ok(())
}

async fn write(app: &App, export: Uuid, mut zip: Zip, pictures: Vec<Picture>, out: &Out) -> Result<(), FetchError> {
    let mut part = 0;
    while let Some(content) = read_part(app, export, part).await? {
        send(out, content).await?;
        part += 1;
    }
    for picture in pictures {
        // Whole, because its checksum comes before it; no photo is larger than an upload may be.
        let content = app.objects.get(&picture.object_key).await?;
        if content.len() as u64 != picture.bytes.unsigned_abs() {
            return Err(FetchError::OtherLength);
        }
        send(out, zip.entry(&picture.name(), content.len() as u64, crc32(&content))?).await?;
        send(out, content).await?;
    }
    send(out, zip.end()).await?;
    // The last piece was taken, too.
    out.reserve().await.map(drop).map_err(|_| FetchError::Closed)
}

async fn read_part(app: &App, export: Uuid, part: i64) -> Result<Option<Vec<u8>>, DbErr> {
    let reader = app.store.reader();
    let select = "SELECT content FROM export_parts WHERE export_id = $1 AND part = $2";
    let row = reader.query_one_raw(sql(reader, select, [export.into(), part.into()])).await?;
    row.map(|row| row.try_get("", "content")).transpose()
}
