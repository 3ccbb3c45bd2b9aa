//! Everything an account holds, in one archive: asked for by the person, made in the background, fetched once, whole, within seven days.
//!
//! What is text is made beforehand and kept with the account, a piece a row. Photos and results are put in while it is fetched, from where they
//! lie: nothing is stored twice, and a photo that was deleted meanwhile is not in it.

mod contents;
mod fetch;

pub use fetch::fetch;

use crate::accounts::AccountError;
use crate::app::App;
use crate::changes::{self, ChangeKind};
use crate::store::sql;
use crate::world::Moment;
use sea_orm::{ConnectionTrait, FromQueryResult};
use std::time::Duration;
use uuid::Uuid;

/// How long it can be fetched.
const KEPT: Duration = Duration::from_secs(7 * 86_400);
/// How long a worker may take before another one tries, and a fetch before another one may begin.
const LEASE: Duration = Duration::from_secs(15 * 60);
const MOST_ATTEMPTS: i64 = 3;
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
    /// Size of the archive without its pictures.
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
    changes::note(&tx, &app.world, user, ChangeKind::Export, Some(export.id)).await?;
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

/// Makes the archives that were asked for.
///
/// # Errors
/// When the database fails.
pub async fn make_due(app: &App) -> Result<(), AccountError> {
    while let Some(export) = lease(app).await? {
        match contents::make(app, &export).await {
            Ok(()) => {}
            Err(error) => {
                tracing::error!(export = %export.id, %error, "an archive could not be made");
                if export.attempts >= MOST_ATTEMPTS {
                    let tx = app.store.write_transaction().await?;
                    let fail = "UPDATE exports SET state = 'failed' WHERE id = $1";
                    tx.execute_raw(sql(&*tx, fail, [export.id.into()])).await?;
                    changes::note(&tx, &app.world, export.user_id, ChangeKind::Export, Some(export.id)).await?;
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

/// Removes archives that were fetched or whose time is over; says how many.
///
/// # Errors
/// When the database fails.
pub async fn sweep(app: &App) -> Result<u64, AccountError> {
    let now = app.world.now();
    let tx = app.store.write_transaction().await?;
    // A fetch under way still reads them.
    let over = "UPDATE exports SET state = 'gone' WHERE state = 'ready' AND expires_at <= $1
        AND (lease_until IS NULL OR lease_until <= $1)";
    tx.execute_raw(sql(&*tx, over, [now.into()])).await?;
    let parts =
        "DELETE FROM export_parts WHERE export_id IN (SELECT id FROM exports WHERE state IN ('gone', 'failed'))";
    let gone = tx.execute_raw(sql(&*tx, parts, [])).await?.rows_affected();
    let rows = "DELETE FROM exports WHERE state IN ('gone', 'failed') AND created_at < $1";
    tx.execute_raw(sql(&*tx, rows, [now.minus(Duration::from_secs(30 * 86_400)).into()])).await?;
    tx.commit().await?;
    Ok(gone)
}
