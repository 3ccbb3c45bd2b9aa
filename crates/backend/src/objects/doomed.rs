//! Objects that are to go: written without a row that refers to them, or deleted by the person.

use super::{ObjectError, ObjectKind, Objects};
use crate::app::App;
use crate::store::{StoreError, WriteTransaction, sql};
use crate::world::{Moment, World};
use sea_orm::{ConnectionTrait, FromQueryResult};
use std::time::Duration;
use uuid::Uuid;

/// From reserving a key to the row that refers to its object: more than any request or job step takes.
const GRACE: Duration = Duration::from_secs(6 * 3600);

/// A key whose object goes again unless it is [kept](keep).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserved(String);

impl Reserved {
    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Reserves a key for an object of a person.
///
/// # Errors
/// When the database fails.
pub async fn reserve(app: &App, user: Uuid, kind: ObjectKind) -> Result<Reserved, StoreError> {
    let key = Objects::new_key(user, kind, app.world.new_id()?);
    let tx = app.store.write_transaction().await?;
    insert(&tx, &key, app.world.now().plus(GRACE)).await?;
    tx.commit().await?;
    Ok(Reserved(key))
}

/// In the transaction that writes the row which refers to the object: it stays.
///
/// # Errors
/// When the database fails.
pub async fn keep(tx: &WriteTransaction, key: &Reserved) -> Result<(), StoreError> {
    tx.execute_raw(sql(&**tx, "DELETE FROM doomed_objects WHERE object_key = $1", [key.as_str().into()])).await?;
    Ok(())
}

/// In the transaction that removes the row which refers to the object: it goes.
///
/// # Errors
/// When the database fails.
pub async fn doom(tx: &WriteTransaction, world: &World, key: &str) -> Result<(), StoreError> {
    insert(tx, key, world.now()).await
}

/// Forgets the keys of a person whose objects are deleted.
///
/// # Errors
/// When the database fails.
pub async fn forget_person(tx: &WriteTransaction, user: Uuid) -> Result<(), StoreError> {
    let delete = "DELETE FROM doomed_objects WHERE object_key LIKE $1";
    tx.execute_raw(sql(&**tx, delete, [format!("{}/%", super::prefix(user)).into()])).await?;
    Ok(())
}

async fn insert(tx: &WriteTransaction, key: &str, due: Moment) -> Result<(), StoreError> {
    let insert = "INSERT INTO doomed_objects (object_key, due_at) VALUES ($1, $2)
        ON CONFLICT (object_key) DO UPDATE SET due_at = excluded.due_at";
    tx.execute_raw(sql(&**tx, insert, [key.into(), due.into()])).await?;
    Ok(())
}

/// Deletes what is due after something was deleted: a few objects. That is done already and does not fail because of it; what stays goes with the
/// worker's next sweep.
pub async fn sweep_now(app: &App) {
    if let Err(error) = sweep(app, 10).await {
        tracing::warn!(%error, "what was deleted lies in the object store for a while yet");
    }
}

/// Deletes what is due, at most `limit` objects; says how many. An object that cannot be deleted now is tried again later.
///
/// # Errors
/// When the database fails.
pub async fn sweep(app: &App, limit: u32) -> Result<usize, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        object_key: String,
    }
    let reader = app.store.reader();
    let select = format!("SELECT object_key FROM doomed_objects WHERE due_at <= $1 ORDER BY due_at LIMIT {limit}");
    let rows = Row::find_by_statement(sql(reader, select, [app.world.now().into()])).all(reader).await?;
    let mut gone = 0;
    for Row { object_key } in rows {
        match app.objects.delete(&object_key).await {
            Ok(()) | Err(ObjectError::Missing) => {
                let tx = app.store.write_transaction().await?;
                keep(&tx, &Reserved(object_key)).await?;
                tx.commit().await?;
                gone += 1;
            }
            Err(error) => tracing::error!(%error, "an object could not be deleted"),
        }
    }
    Ok(gone)
}
