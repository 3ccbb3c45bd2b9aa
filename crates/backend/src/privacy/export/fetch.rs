//! An archive on its way to the person: the pieces that were made before, then the pictures from where they lie, then the directory.

use super::find;
use crate::accounts::AccountError;
use crate::app::App;
use crate::changes::{self, ChangeKind};
use crate::objects::ObjectError;
use crate::privacy::zip::{TooLarge, Zip, crc32};
use crate::store::sql;
use crate::world::Moment;
use axum::body::Body;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use tokio::io::{AsyncWriteExt as _, DuplexStream};
use tokio_util::io::ReaderStream;
use uuid::Uuid;

/// Gives the archive away, once: none when it is not ready or was fetched.
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
        "UPDATE exports SET state = 'gone' WHERE id = $1 AND user_id = $2 AND state = 'ready' AND expires_at > $3
        RETURNING bytes, directory, entries";
    let values = [id.into(), user.into(), app.world.now().into()];
    let Some(taken) = Taken::find_by_statement(sql(&*tx, take, values)).one(&*tx).await? else { return Ok(None) };
    changes::note(&tx, &app.world, user, ChangeKind::Export, Some(id)).await?;
    tx.commit().await?;
    let zip = Zip::go_on(taken.directory.unwrap_or_default(), taken.entries.unwrap_or(0), taken.bytes.unwrap_or(0));
    let Ok(length) = length(&zip, &pictures) else { return Ok(None) };
    let (writer, reader) = tokio::io::duplex(1 << 16);
    let app = app.clone();
    tokio::spawn(async move {
        // The browser sees an archive that is too short, and says so.
        if let Err(error) = write(&app, id, zip, pictures, writer).await {
            tracing::error!(export = %id, %error, "an archive was not fetched whole");
        }
    });
    Ok(Some((length, Body::from_stream(ReaderStream::new(reader)))))
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
    Closed(#[from] std::io::Error),
}

async fn write(
    app: &App,
    export: Uuid,
    mut zip: Zip,
    pictures: Vec<Picture>,
    mut out: DuplexStream,
) -> Result<(), FetchError> {
    let mut part = 0;
    while let Some(content) = read_part(app, export, part).await? {
        out.write_all(&content).await?;
        part += 1;
    }
    for picture in pictures {
        // Whole, because its checksum comes before it; no photo is larger than an upload may be.
        let content = app.objects.get(&picture.object_key).await?;
        if content.len() as u64 != picture.bytes.unsigned_abs() {
            return Err(FetchError::OtherLength);
        }
        out.write_all(&zip.entry(&picture.name(), content.len() as u64, crc32(&content))?).await?;
        out.write_all(&content).await?;
    }
    Ok(out.write_all(&zip.end()).await?)
}

async fn read_part(app: &App, export: Uuid, part: i64) -> Result<Option<Vec<u8>>, DbErr> {
    let reader = app.store.reader();
    let select = "SELECT content FROM export_parts WHERE export_id = $1 AND part = $2";
    let row = reader.query_one_raw(sql(reader, select, [export.into(), part.into()])).await?;
    row.map(|row| row.try_get("", "content")).transpose()
}
