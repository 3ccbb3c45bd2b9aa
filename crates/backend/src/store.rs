//! The database: SQLite or PostgreSQL behind one interface, chosen by configuration.
//!
//! Rules that keep one code right on both: a write transaction begins only through [`Store::write_transaction`] (immediate on SQLite, where
//! there is one writer); times are integer microseconds; ids are UUID version 7; enums are text; sums are cast to BIGINT; rows that
//! decide something are locked with [`WriteTransaction::lock_clause`]. No outside service is ever called while a transaction is open.
//!
//! Not here: what the rows mean. Each subject (`ledger`, `accounts`, …) owns the statements on its own tables.

pub mod entity;
pub mod migration;
pub mod mode;
mod rows;

pub use rows::{count_of, sql};

use crate::settings::{Database, Synchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// A connection that was used within this time is taken without asking first whether it still stands: that would be one way more to the database for every
/// statement.
const UNTESTED: Duration = Duration::from_secs(30);

/// What the database refuses or fails at.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database answered with an error or not at all.
    #[error("the database failed: {0}")]
    Database(#[from] DbErr),
    /// The data folder cannot be made.
    #[error("the data folder {path} cannot be used: {fault}")]
    Folder {
        /// The folder.
        path: String,
        /// What the system said.
        fault: std::io::Error,
    },
    /// A newer program has migrated the database, and says that this one may no longer run on it.
    #[error(
        "the database is at version {found}, which needs a program that knows version {needed}; this one knows {known}"
    )]
    TooNew {
        /// Version of the database.
        found: i64,
        /// Oldest program that may run on it.
        needed: i64,
        /// What this program knows.
        known: i64,
    },
    /// A sandbox on the live database, or the live service on a sandbox's.
    #[error(
        "the database is that of {found} and the settings are those of {wanted}: sandbox and live are never mixed. Give each a database, or a data folder, of its own"
    )]
    OtherMode {
        /// Whose it is.
        found: &'static str,
        /// Who wanted it.
        wanted: &'static str,
    },
    /// The system gives no random bytes.
    #[error(transparent)]
    NoRandomness(#[from] crate::world::NoRandomness),
}

/// Whether the error is a second row where only one may be.
pub fn is_unique_violation(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(sea_orm::SqlErr::UniqueConstraintViolation(_)))
}

/// An open database.
#[derive(Clone, Debug)]
pub struct Store {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    news: Arc<Notify>,
}

/// What both databases have in common.
fn pooled(url: &str, size: u32, wait: Duration) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.max_connections(size).acquire_timeout(wait).sqlx_logging(false).test_before_acquire_if_idle_for(UNTESTED);
    options
}

impl Store {
    /// Opens the configured database; for SQLite the file `pretty.sqlite3` in `data`, made when it is not there. Does not migrate.
    ///
    /// # Errors
    /// When the folder cannot be made or the database does not answer.
    pub async fn open(settings: &Database, data: &Path) -> Result<Self, StoreError> {
        if settings.url.is_empty() {
            Self::open_sqlite(settings, data).await
        } else {
            Self::open_postgres(settings).await
        }
    }

    async fn open_postgres(settings: &Database) -> Result<Self, StoreError> {
        let wait = Duration::from_secs(settings.wait_seconds);
        let mut options = pooled(settings.url.reveal(), settings.connections, wait);
        options.connect_timeout(wait);
        let pool = sea_orm::Database::connect(options).await?;
        Ok(Self { writer: pool.clone(), reader: pool, news: Arc::default() })
    }

    async fn open_sqlite(settings: &Database, data: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(data)
            .map_err(|fault| StoreError::Folder { path: data.display().to_string(), fault })?;
        let file = data.join("pretty.sqlite3");
        let synchronous = match settings.sqlite_synchronous {
            Synchronous::Full => "FULL",
            Synchronous::Normal => "NORMAL",
        };
        let wait = Duration::from_secs(settings.wait_seconds);
        let connect = |size: u32, query_only: bool| {
            let file = file.clone();
            let mut options = pooled("sqlite://", size, wait);
            options.map_sqlx_sqlite_opts(move |options| {
                options
                    .filename(&file)
                    .create_if_missing(true)
                    .foreign_keys(true)
                    .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
                    .busy_timeout(Duration::from_secs(10))
                    .pragma("synchronous", synchronous)
                    // What is deleted is overwritten: a purge leaves nothing in free pages.
                    .pragma("secure_delete", "on")
                    .pragma("query_only", if query_only { "on" } else { "off" })
            });
            sea_orm::Database::connect(options)
        };
        let writer = connect(1, false).await?;
        // A read-only connection cannot make the file, so it comes second.
        let reader = connect(settings.connections, true).await?;
        Ok(Self { writer, reader, news: Arc::default() })
    }

    /// For reading outside a transaction.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// Which of the two it is.
    pub fn backend(&self) -> DatabaseBackend {
        self.writer.get_database_backend()
    }

    /// Begins a transaction that may write. Dropped without [`WriteTransaction::commit`], nothing of it has happened.
    ///
    /// # Errors
    /// When no connection is to be had in time.
    pub async fn write_transaction(&self) -> Result<WriteTransaction, StoreError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let inner = self.writer.begin_with_options(options).await?;
        Ok(WriteTransaction { inner, news: Arc::clone(&self.news), has_news: AtomicBool::new(false) })
    }

    /// Waits until a transaction of this process that [told so](WriteTransaction::tell_when_committed) was committed. For one who waits.
    pub async fn committed(&self) {
        self.news.notified().await;
    }

    /// Closes all connections after the running statements.
    pub async fn close(&self) {
        for pool in [&self.writer, &self.reader] {
            if let Err(error) = pool.close_by_ref().await {
                tracing::warn!(%error, "a database connection did not close");
            }
        }
    }
}

/// A transaction that may write. To have one is the proof that the statements inside are atomic.
#[derive(Debug)]
pub struct WriteTransaction {
    inner: DatabaseTransaction,
    news: Arc<Notify>,
    has_news: AtomicBool,
}

impl WriteTransaction {
    /// Makes it all happen.
    ///
    /// # Errors
    /// When the database fails; whether it happened is then unknown, so every caller must be able to repeat.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.inner.commit().await?;
        if self.has_news.load(Ordering::Relaxed) {
            self.news.notify_one();
        }
        Ok(())
    }

    /// Wakes who waits for [`Store::committed`], once it has happened.
    pub fn tell_when_committed(&self) {
        self.has_news.store(true, Ordering::Relaxed);
    }

    /// What to append to a SELECT so that no one else changes its rows until the end. SQLite has one writer, so nothing.
    pub fn lock_clause(&self) -> &'static str {
        match self.inner.get_database_backend() {
            DatabaseBackend::Postgres => " FOR UPDATE",
            _ => "",
        }
    }

    /// The same, leaving out rows that another one works on.
    pub fn claim_clause(&self) -> &'static str {
        match self.inner.get_database_backend() {
            DatabaseBackend::Postgres => " FOR UPDATE SKIP LOCKED",
            _ => "",
        }
    }
}

impl Deref for WriteTransaction {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &Self::Target {
        &self.inner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_was_just_used_is_not_asked_again() {
        let options = pooled("sqlite://", 2, Duration::from_secs(1));
        assert_eq!(options.get_test_before_acquire_if_idle_for(), Some(UNTESTED));
        assert!(!options.get_test_before_acquire());
    }
}
