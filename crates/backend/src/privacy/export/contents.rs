//! What is in an archive beside the pictures, and how it gets into the table.

use super::{Export, KEPT, time};
use crate::accounts::AccountError;
use crate::app::App;
use crate::changes::{self, ChangeKind};
use crate::ledger;
use crate::mail::letter::Letter;
use crate::mail::outbox;
use crate::privacy::tables::{HELD, Shown, Subject};
use crate::privacy::zip::{Zip, crc32};
use crate::store::entity::user;
use crate::store::{StoreError, sql};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use uuid::Uuid;

/// A row holds no more of an archive.
const PART: usize = 1 << 20;

pub(super) async fn make(app: &App, export: &Export) -> Result<(), ExportError> {
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
    let (bytes, zip) = archive.end().await?;
    let tx = app.store.write_transaction().await?;
    let now = app.world.now();
    let update =
        "UPDATE exports SET state = 'ready', bytes = $2, made_at = $3, expires_at = $4, directory = $5, entries = $6,
        lease_until = NULL WHERE id = $1 AND state = 'making'";
    let (directory, entries) = zip.so_far();
    let values = [export.id.into(), bytes.into(), now.into(), now.plus(KEPT).into(), directory.into(), entries.into()];
    if tx.execute_raw(sql(&*tx, update, values)).await?.rows_affected() == 1 {
        let link = format!("{}/account/data", app.base_url);
        let letter = Letter::ExportReady { name: person.name, link };
        outbox::queue(app, &tx, Some(person.id), &person.email, letter).await?;
        changes::note(&tx, &app.world, person.id, ChangeKind::Export, Some(export.id)).await?;
    }
    tx.commit().await?;
    app.letters.notify_one();
    Ok(())
}

#[derive(Debug, thiserror::Error)]
pub(super) enum ExportError {
    #[error(transparent)]
    Database(#[from] DbErr),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Ledger(#[from] ledger::LedgerError),
    #[error(transparent)]
    TooLarge(#[from] crate::privacy::zip::TooLarge),
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
        let size = content.len() as u64;
        self.buffer.extend(self.zip.entry(name, size, crc32(content))?);
        self.buffer.extend(content);
        while self.buffer.len() >= PART {
            let rest = self.buffer.split_off(PART);
            self.flush().await?;
            self.buffer = rest;
        }
        Ok(())
    }

    /// What was written, and the archive that pictures and its end are added to when it is fetched.
    async fn end(mut self) -> Result<(i64, Zip), ExportError> {
        self.flush().await?;
        Ok((self.bytes, self.zip))
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
        jobs.json       every job, with its result or critique\r\n\
        photos.json     your photos and what came of them\r\n\
        photos          the photos, each under its id\r\n\
        results         pictures that came of jobs, each under the job's id\r\n\r\n\
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
