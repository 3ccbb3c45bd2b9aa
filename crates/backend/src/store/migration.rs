//! Brings the tables up to date, one step at a time, each in a transaction of its own.
//!
//! A small runner of our own: the one that comes with the query library takes no lock (six replicas starting at once: five fail) and cannot
//! say which older program may still run. Here the lock is part of the transaction, so a step is done once however many
//! replicas start. Steps only add; [`Migration::oldest_program`] says which older program still works on the result, so that replicas can
//! be exchanged one by one.

mod m0001_ledger;
mod m0002_accounts;
mod m0003_jobs;
mod m0004_billing;
mod m0005_privacy;
mod m0006_photos;
mod m0007_archives;
mod m0008_returned_letters;
mod m0009_identities;
mod m0010_progress;
mod m0011_mode;
mod m0012_comparisons;
mod m0013_single_tombstones;

use super::{Store, StoreError, WriteTransaction, count_of, sql};
use crate::world::Moment;
use sea_orm::{ConnectionTrait, DatabaseBackend};

/// One step.
#[derive(Debug)]
pub struct Migration {
    /// Counts up from 1 without gaps.
    pub version: i64,
    /// What it is about.
    pub name: &'static str,
    /// The lowest version that a program must know to run on the result.
    pub oldest_program: i64,
    /// Statements for both, in PostgreSQL's words for types.
    pub both: &'static str,
    /// What only SQLite gets.
    pub sqlite: &'static str,
    /// What only PostgreSQL gets.
    pub postgres: &'static str,
}

/// All steps in order.
pub const ALL: &[Migration] = &[
    m0001_ledger::STEP,
    m0002_accounts::STEP,
    m0003_jobs::STEP,
    m0004_billing::STEP,
    m0005_privacy::STEP,
    m0006_photos::STEP,
    m0007_archives::STEP,
    m0008_returned_letters::STEP,
    m0009_identities::STEP,
    m0010_progress::STEP,
    m0011_mode::STEP,
    m0012_comparisons::STEP,
    m0013_single_tombstones::STEP,
];

/// Any number, the same in every version of the program.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7205759403792)";

const BOOKS: &str = "CREATE TABLE IF NOT EXISTS schema_steps (
    version BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    oldest_program BIGINT NOT NULL,
    applied_at BIGINT NOT NULL
);";

/// The version that this program knows.
pub fn known_version() -> i64 {
    ALL.last().map_or(0, |step| step.version)
}

/// Applies the steps that are missing and says how many they were.
///
/// # Errors
/// When a step fails (it leaves nothing behind), or when the database is too new.
pub async fn run(store: &Store, now: Moment) -> Result<usize, StoreError> {
    let mut applied = 0;
    for step in ALL {
        let transaction = locked(store).await?;
        let found = found_version(&*transaction).await?;
        refuse_too_new(&*transaction, found).await?;
        if found < step.version {
            apply(&transaction, step, now).await?;
            applied += 1;
        }
        transaction.commit().await?;
    }
    Ok(applied)
}

/// Whether all steps are done, for readiness.
///
/// # Errors
/// When the database does not answer or is too new.
pub async fn is_current(store: &Store) -> Result<bool, StoreError> {
    let reader = store.reader();
    let exists = match store.backend() {
        DatabaseBackend::Postgres => {
            "SELECT COUNT(*) AS n FROM pg_tables WHERE tablename = 'schema_steps' AND schemaname = current_schema()"
        }
        _ => "SELECT COUNT(*) AS n FROM sqlite_master WHERE name = 'schema_steps'",
    };
    if count_of(reader, exists, []).await? == 0 {
        return Ok(false);
    }
    let found = found_version(reader).await?;
    refuse_too_new(reader, found).await?;
    Ok(found >= known_version())
}

async fn locked(store: &Store) -> Result<WriteTransaction, StoreError> {
    let transaction = store.write_transaction().await?;
    if store.backend() == DatabaseBackend::Postgres {
        transaction.execute_unprepared(LOCK).await?;
    }
    transaction.execute_unprepared(BOOKS).await?;
    Ok(transaction)
}

async fn found_version(connection: &impl ConnectionTrait) -> Result<i64, StoreError> {
    Ok(count_of(connection, "SELECT COALESCE(MAX(version), 0) AS n FROM schema_steps", []).await?)
}

async fn refuse_too_new(connection: &impl ConnectionTrait, found: i64) -> Result<(), StoreError> {
    let needed = count_of(connection, "SELECT COALESCE(MAX(oldest_program), 0) AS n FROM schema_steps", []).await?;
    let known = known_version();
    if needed > known { Err(StoreError::TooNew { found, needed, known }) } else { Ok(()) }
}

async fn apply(transaction: &WriteTransaction, step: &Migration, now: Moment) -> Result<(), StoreError> {
    match transaction.get_database_backend() {
        DatabaseBackend::Postgres => {
            transaction.execute_unprepared(step.both).await?;
            transaction.execute_unprepared(step.postgres).await?;
        }
        _ => {
            transaction.execute_unprepared(&for_sqlite(step.both)).await?;
            transaction.execute_unprepared(step.sqlite).await?;
        }
    }
    let values = [step.version.into(), step.name.into(), step.oldest_program.into(), now.into()];
    let insert = "INSERT INTO schema_steps (version, name, oldest_program, applied_at) VALUES ($1, $2, $3, $4)";
    transaction.execute_raw(sql(&**transaction, insert, values)).await?;
    tracing::info!(version = step.version, name = step.name, "migrated");
    Ok(())
}

/// SQLite's strict tables know five types; everything else in these statements is common to both.
fn for_sqlite(text: &str) -> String {
    text.replace(" UUID", " BLOB")
        .replace(" BYTEA", " BLOB")
        .replace(" BIGINT", " INTEGER")
        .replace(" BOOLEAN", " INTEGER")
        .replace("\n);", "\n) STRICT;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_up_and_no_step_locks_out_a_program_that_has_it() {
        for (index, step) in ALL.iter().enumerate() {
            assert_eq!(usize::try_from(step.version).unwrap(), index + 1, "{}", step.name);
            assert!((0..=step.version).contains(&step.oldest_program), "{}", step.name);
        }
    }
}
