//! Database and object store beside each other, for an operator: they are backed up and restored apart, so after a restore one may lack what the
//! other has.
//!
//! May run while the service does: a key is written down before its object is, and taken off that list with the row that refers to it.

use super::{ObjectError, doom, sweep};
use crate::app::App;
use crate::store::{StoreError, sql};
use sea_orm::{ConnectionTrait, DatabaseConnection, FromQueryResult};
use std::collections::HashSet;
use std::fmt;
use tokio_stream::StreamExt as _;
use uuid::Uuid;

/// Rows and keys looked at in one statement.
const PAGE: usize = 500;
/// Where rows refer to objects, and by which column they are found.
const ROWS: [(&str, &str); 2] = [("photos", "id"), ("job_results", "job_id")];

/// A row whose object is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    table: &'static str,
    column: &'static str,
    id: Uuid,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.table, self.id)
    }
}

/// What one of them lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Photos and results that cannot be fetched.
    pub without_object: Vec<Missing>,
    /// Objects that nothing refers to.
    pub without_row: Vec<String>,
}

impl Compared {
    /// Whether neither lacks anything.
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}

/// Why they cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The object store.
    #[error(transparent)]
    Object(#[from] ObjectError),
}

impl From<sea_orm::DbErr> for CompareError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

/// Compares all rows with all objects. Uploads on their way up are not looked at: they are swept by themselves.
///
/// # Errors
/// When one of them does not answer.
pub async fn compare(app: &App) -> Result<Compared, CompareError> {
    let mut found = Compared::default();
    for (table, column) in ROWS {
        let mut after = Uuid::nil();
        loop {
            let rows = rows(app.store.reader(), table, column, after).await?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            for row in &rows {
                if !app.objects.is_there(&row.object_key).await? {
                    found.without_object.push(Missing { table, column, id: row.id });
                }
            }
        }
    }
    let mut objects = std::pin::pin!(app.objects.everything());
    let mut keys = Vec::with_capacity(PAGE);
    while let Some(key) = objects.next().await {
        keys.push(key?);
        if keys.len() == PAGE {
            found.without_row.append(&mut unknown(app.store.reader(), std::mem::take(&mut keys)).await?);
        }
    }
    found.without_row.append(&mut unknown(app.store.reader(), keys).await?);
    Ok(found)
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    object_key: String,
}

async fn rows(reader: &DatabaseConnection, table: &str, column: &str, after: Uuid) -> Result<Vec<Row>, sea_orm::DbErr> {
    let select =
        format!("SELECT {column} AS id, object_key FROM {table} WHERE {column} > $1 ORDER BY {column} LIMIT {PAGE}");
    Row::find_by_statement(sql(reader, select, [after.into()])).all(reader).await
}

/// Those of the keys that no row knows, in one statement: a key that changes its table meanwhile is in one of them.
async fn unknown(reader: &DatabaseConnection, keys: Vec<String>) -> Result<Vec<String>, sea_orm::DbErr> {
    #[derive(FromQueryResult)]
    struct Known {
        object_key: String,
    }
    if keys.is_empty() {
        return Ok(keys);
    }
    let places: Vec<String> = (1..=keys.len()).map(|place| format!("${place}")).collect();
    let places = places.join(", ");
    let tables = ["photos", "job_results", "upload_parts", "doomed_objects"];
    let selects = tables.map(|table| format!("SELECT object_key FROM {table} WHERE object_key IN ({places})"));
    let values: Vec<sea_orm::Value> = keys.iter().map(|key| key.as_str().into()).collect();
    let known = Known::find_by_statement(sql(reader, selects.join(" UNION ALL "), values)).all(reader).await?;
    let known: HashSet<String> = known.into_iter().map(|row| row.object_key).collect();
    Ok(keys.into_iter().filter(|key| !known.contains(key)).collect())
}

/// Removes what [`compare`] found: rows that lead nowhere, and objects that nothing leads to. What was said of a photo stays.
///
/// # Errors
/// When one of them fails; what is done stays done.
pub async fn mend(app: &App, found: &Compared) -> Result<(), CompareError> {
    for Missing { table, column, id } in &found.without_object {
        let tx = app.store.write_transaction().await?;
        let delete = format!("DELETE FROM {table} WHERE {column} = $1");
        tx.execute_raw(sql(&*tx, delete, [(*id).into()])).await?;
        tx.commit().await?;
    }
    for keys in found.without_row.chunks(PAGE) {
        let tx = app.store.write_transaction().await?;
        for key in keys {
            doom(&tx, &app.world, key).await?;
        }
        tx.commit().await?;
    }
    while sweep(app, 1000).await? > 0 {}
    Ok(())
}
