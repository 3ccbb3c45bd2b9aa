//! Everything an account holds, in one archive: asked for by the person, made in the background, fetched once within seven days.

use super::tables::{HELD, Shown, Subject};
use super::zip::Zip;
use crate::accounts::AccountError;
use crate::app::App;
use crate::ledger;
use crate::mail::letter::Letter;
use crate::mail::outbox;
use crate::store::entity::user;
use crate::store::{StoreError, sql};
use crate::world::Moment;
use axum::body::Body;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, FromQueryResult};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio_util::io::ReaderStream;
use uuid::Uuid;

/// How long it can be fetched.
const KEPT: Duration = Duration::from_secs(7 * 86_400);
/// How long a worker may take before another one tries.
const LEASE: Duration = Duration::from_secs(15 * 60);
const MOST_ATTEMPTS: i64 = 3;
/// A row holds no more of an archive.
const PART: usize = 1 << 20;

/// An export as it is kept.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Export {
    /// Id.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// making, ready, gone or failed.
    pub state: String,
    /// How often it was tried to make it.
    pub attempts: i64,
    /// Size of the archive.
    pub bytes: Option<i64>,
    /// When it was made.
    pub made_at: Option<Moment>,
}

const COLUMNS: &str = "id, user_id, state, attempts, bytes, made_at";

/// A moment as people and programs read it.
pub(super) fn time(micros: i64) -> String {
    let at = Moment(micros).to_utc();
    at.format(&time::format_description::well_known::Rfc3339).unwrap_or_else(|_| at.to_string())
}

/// Asks for an archive; while one is being made it is that one.
///
/// # Errors
/// When the database fails.
pub async fn ask(app: &App, user: Uuid) -> Result<Export, AccountError> {
    let tx = app.store.write_transaction().await?;
    // Two requests at once stand in line at the person's row.
    let lock = format!("SELECT id FROM users WHERE id = $1{}", tx.lock_clause());
    tx.query_one_raw(sql(&*tx, lock, [user.into()])).await?;
    let making = format!("SELECT {COLUMNS} FROM exports WHERE user_id = $1 AND state = 'making'");
    if let Some(making) = Export::find_by_statement(sql(&*tx, making, [user.into()])).one(&*tx).await? {
        return Ok(making);
    }
    let export = Export {
        id: app.world.new_id()?,
        user_id: user,
        state: "making".into(),
        attempts: 0,
        bytes: None,
        made_at: None,
    };
    let insert = "INSERT INTO exports (id, user_id, state, attempts, created_at) VALUES ($1, $2, 'making', 0, $3)";
    tx.execute_raw(sql(&*tx, insert, [export.id.into(), user.into(), app.world.now().into()])).await?;
    tx.commit().await?;
    app.letters.notify_one();
    Ok(export)
}

/// A person's export; another one's is not there.
///
/// # Errors
/// When the database fails.
pub async fn find(app: &App, user: Uuid, id: Uuid) -> Result<Option<Export>, AccountError> {
    let reader = app.store.reader();
    let select = format!("SELECT {COLUMNS} FROM exports WHERE id = $1 AND user_id = $2");
    Ok(Export::find_by_statement(sql(reader, select, [id.into(), user.into()])).one(reader).await?)
}

/// A person's exports, newest first.
///
/// # Errors
/// When the database fails.
pub async fn all(app: &App, user: Uuid) -> Result<Vec<Export>, AccountError> {
    let reader = app.store.reader();
    let select = format!("SELECT {COLUMNS} FROM exports WHERE user_id = $1 ORDER BY id DESC LIMIT 20");
    Ok(Export::find_by_statement(sql(reader, select, [user.into()])).all(reader).await?)
}

/// Gives the archive away, once: none when it is not ready or was fetched.
///
/// # Errors
/// When the database fails.
pub async fn fetch(app: &App, user: Uuid, id: Uuid) -> Result<Option<(u64, Body)>, AccountError> {
    let tx = app.store.write_transaction().await?;
    let take =
        "UPDATE exports SET state = 'gone' WHERE id = $1 AND user_id = $2 AND state = 'ready' AND expires_at > $3
        RETURNING COALESCE(bytes, 0) AS n";
    let values = [id.into(), user.into(), app.world.now().into()];
    let bytes = crate::store::count_of(&*tx, take, values).await?;
    tx.commit().await?;
    if bytes == 0 {
        return Ok(None);
    }
    let (mut writer, reader) = tokio::io::duplex(1 << 16);
    let app = app.clone();
    tokio::spawn(async move {
        for part in 0.. {
            match read_part(&app, id, part).await {
                Ok(Some(content)) if writer.write_all(&content).await.is_ok() => {}
                Ok(None) => break,
                Ok(Some(_)) => return,
                Err(error) => return tracing::error!(%error, "an archive could not be read"),
            }
        }
    });
    Ok(Some((bytes.unsigned_abs(), Body::from_stream(ReaderStream::new(reader)))))
}

async fn read_part(app: &App, export: Uuid, part: i64) -> Result<Option<Vec<u8>>, DbErr> {
    let reader = app.store.reader();
    let select = "SELECT content FROM export_parts WHERE export_id = $1 AND part = $2";
    let row = reader.query_one_raw(sql(reader, select, [export.into(), part.into()])).await?;
    row.map(|row| row.try_get("", "content")).transpose()
}

/// Makes the archives that were asked for.
///
/// # Errors
/// When the database fails.
pub async fn make_due(app: &App) -> Result<(), AccountError> {
    while let Some(export) = lease(app).await? {
        match make(app, &export).await {
            Ok(()) => {}
            Err(error) => {
                tracing::error!(export = %export.id, %error, "an archive could not be made");
                if export.attempts >= MOST_ATTEMPTS {
                    let tx = app.store.write_transaction().await?;
                    let fail = "UPDATE exports SET state = 'failed' WHERE id = $1";
                    tx.execute_raw(sql(&*tx, fail, [export.id.into()])).await?;
                    tx.commit().await?;
                }
            }
        }
    }
    Ok(())
}

async fn lease(app: &App) -> Result<Option<Export>, AccountError> {
    let tx = app.store.write_transaction().await?;
    let now = app.world.now();
    let select = format!(
        "SELECT {COLUMNS} FROM exports WHERE state = 'making' AND (lease_until IS NULL OR lease_until <= $1) ORDER BY id LIMIT 1{}",
        tx.claim_clause()
    );
    let Some(mut export) = Export::find_by_statement(sql(&*tx, select, [now.into()])).one(&*tx).await? else {
        return Ok(None);
    };
    export.attempts += 1;
    let update = "UPDATE exports SET lease_until = $2, attempts = $3 WHERE id = $1";
    tx.execute_raw(sql(&*tx, update, [export.id.into(), now.plus(LEASE).into(), export.attempts.into()])).await?;
    // What an earlier try left behind.
    tx.execute_raw(sql(&*tx, "DELETE FROM export_parts WHERE export_id = $1", [export.id.into()])).await?;
    tx.commit().await?;
    Ok(Some(export))
}

async fn make(app: &App, export: &Export) -> Result<(), ExportError> {
    let person = user::Entity::find_by_id(export.user_id).one(app.store.reader()).await?;
    // Deleted meanwhile: its row is gone too.
    let Some(person) = person else { return Ok(()) };
    let mut archive = Archive { app, export: export.id, zip: Zip::default(), buffer: Vec::new(), parts: 0, bytes: 0 };
    archive.entry("README.txt", readme(app, &person).as_bytes()).await?;
    for (file, tables) in files(app, &person).await? {
        let text = serde_json::to_string_pretty(&Value::Object(tables)).unwrap_or_default();
        archive.entry(file, text.as_bytes()).await?;
    }
    archive.entry("ledger.csv", ledger_csv(app, person.owner_ref).await?.as_bytes()).await?;
    let bytes = archive.end().await?;
    let tx = app.store.write_transaction().await?;
    let now = app.world.now();
    let update = "UPDATE exports SET state = 'ready', bytes = $2, made_at = $3, expires_at = $4, lease_until = NULL
        WHERE id = $1 AND state = 'making'";
    let values = [export.id.into(), bytes.into(), now.into(), now.plus(KEPT).into()];
    if tx.execute_raw(sql(&*tx, update, values)).await?.rows_affected() == 1 {
        let link = format!("{}/account/data", app.base_url);
        let letter = Letter::ExportReady { name: person.name, link };
        outbox::queue(app, &tx, Some(person.id), &person.email, letter).await?;
    }
    tx.commit().await?;
    app.letters.notify_one();
    Ok(())
}

#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error(transparent)]
    Database(#[from] DbErr),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Ledger(#[from] ledger::LedgerError),
    #[error(transparent)]
    TooLarge(#[from] super::zip::TooLarge),
}

/// An archive on its way into the table, a piece a row.
struct Archive<'a> {
    app: &'a App,
    export: Uuid,
    zip: Zip,
    buffer: Vec<u8>,
    parts: i64,
    bytes: i64,
}

impl Archive<'_> {
    async fn entry(&mut self, name: &str, content: &[u8]) -> Result<(), ExportError> {
        let written = self.zip.entry(name, content)?;
        self.buffer.extend(written);
        while self.buffer.len() >= PART {
            let rest = self.buffer.split_off(PART);
            self.flush().await?;
            self.buffer = rest;
        }
        Ok(())
    }

    async fn end(mut self) -> Result<i64, ExportError> {
        let directory = std::mem::take(&mut self.zip).end()?;
        self.buffer.extend(directory);
        self.flush().await?;
        Ok(self.bytes)
    }

    async fn flush(&mut self) -> Result<(), ExportError> {
        let content = std::mem::take(&mut self.buffer);
        self.bytes += i64::try_from(content.len()).unwrap_or_default();
        let tx = self.app.store.write_transaction().await?;
        let insert = "INSERT INTO export_parts (export_id, part, content) VALUES ($1, $2, $3)";
        tx.execute_raw(sql(&*tx, insert, [self.export.into(), self.parts.into(), content.into()])).await?;
        tx.commit().await?;
        self.parts += 1;
        Ok(())
    }
}

/// The files of the archive: each an object with a list of rows for every table.
async fn files(app: &App, person: &user::Model) -> Result<BTreeMap<&'static str, Map<String, Value>>, ExportError> {
    let subject = Subject { user: person.id, owner: person.owner_ref };
    let mut files: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for held in HELD {
        if let Shown::In(file, _) = held.shown {
            let rows = held.rows(app.store.reader(), subject).await?;
            files.entry(file).or_default().insert(held.table.to_owned(), Value::Array(rows));
        }
    }
    Ok(files)
}

async fn ledger_csv(app: &App, owner: Uuid) -> Result<String, ExportError> {
    const PAGE: u32 = 200;
    let mut text = String::from("id,at,kind,cause,cause_id,available,held,frozen,debt\r\n");
    let mut before = None;
    loop {
        let entries = ledger::statement(&app.store, owner, before, PAGE).await?;
        for entry in &entries {
            let (at, cause) = (time(entry.at.0), &entry.cause_id);
            // The last four are ours and hold no comma; the cause is quoted, because keys come from outside.
            let quoted = cause.replace('"', "\"\"");
            let _ = write!(
                text,
                "{},{at},{},{},\"{quoted}\",{},{},{},{}\r\n",
                entry.id, entry.kind, entry.cause_type, entry.available, entry.held, entry.frozen, entry.debt
            );
        }
        match entries.last() {
            Some(last) if entries.len() == PAGE as usize => before = Some(last.id),
            _ => return Ok(text),
        }
    }
}

fn readme(app: &App, person: &user::Model) -> String {
    let mut text = format!(
        "Everything As Pretty As A Picture holds of {} <{}>, made on {}.\r\n\r\n\
        account.json    the account, connected Google accounts, accepted policies, exports\r\n\
        sign-ins.json   where and when you were signed in (ended ones for 30 days)\r\n\
        letters.json    letters we sent you in the last 30 days; their words are not kept\r\n\
        orders.json     orders, payments, refunds, the plan\r\n\
        ledger.csv      every movement of your credits\r\n\
        jobs.json       every job, with its result or critique\r\n\r\n\
        Not in here, because only you have it: your password and the secrets of your devices; we keep hashes of them.\r\n\
        Questions: {}\r\n",
        person.name,
        person.email,
        time(app.world.now().0),
        app.settings.mail.contact
    );
    text.push_str("\r\nTimes are UTC.\r\n");
    text
}

/// Removes archives that were fetched or whose time is over; says how many.
///
/// # Errors
/// When the database fails.
pub async fn sweep(app: &App) -> Result<u64, AccountError> {
    let now = app.world.now();
    let tx = app.store.write_transaction().await?;
    let over = "UPDATE exports SET state = 'gone' WHERE state = 'ready' AND expires_at <= $1";
    tx.execute_raw(sql(&*tx, over, [now.into()])).await?;
    // A fetch that has just begun still reads them.
    let begun = now.minus(Duration::from_secs(3600));
    let parts = "DELETE FROM export_parts WHERE export_id IN
        (SELECT id FROM exports WHERE state IN ('gone', 'failed') AND (made_at IS NULL OR made_at < $1))";
    let gone = tx.execute_raw(sql(&*tx, parts, [begun.into()])).await?.rows_affected();
    let rows = "DELETE FROM exports WHERE state IN ('gone', 'failed') AND created_at < $1";
    tx.execute_raw(sql(&*tx, rows, [now.minus(Duration::from_secs(30 * 86_400)).into()])).await?;
    tx.commit().await?;
    Ok(gone)
}
