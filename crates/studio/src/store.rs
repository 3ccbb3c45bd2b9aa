//! What the desktop remembers in SQLite: the local queue, Pro jobs, the privacy ledger, critiques, and small things by name.
//!
//! One connection behind a lock: every call is short. Tokens are never in here. One file a table; `migration` brings an older file up to date.
//! When the file cannot be used, it is put aside and another begun: photos on the disk do not depend on it.

pub(crate) mod critiques;
pub(crate) mod kept;
mod migration;
pub(crate) mod pro_jobs;
pub(crate) mod queue;
pub(crate) mod sent;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pretty_contract::problem::{Code, Problem};
use rusqlite::Connection;

/// The open database.
pub(crate) struct Store {
    connection: Mutex<Connection>,
    /// How many writes are still taken.
    #[cfg(test)]
    left: std::sync::atomic::AtomicI64,
}

/// Why something could not be remembered.
#[derive(Debug)]
pub(crate) enum StoreError {
    /// SQLite says no: a full disk, most of the time.
    Sql(rusqlite::Error),
    /// The file was written by a newer program.
    Newer(i64),
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sql(error) => write!(formatter, "{error}"),
            Self::Newer(version) => {
                write!(formatter, "the file is of version {version}, which is newer than this program")
            }
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let full = matches!(&error, StoreError::Sql(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull));
        let (code, message) = if full {
            (
                Code::DiskFull,
                "The disk is full, so the program cannot write down what it does. Make room, then try again.",
            )
        } else {
            (Code::TargetFailed, "The program could not write down what it does.")
        };
        Self { code, message: message.into(), retryable: true, detail: Some(error.to_string()) }
    }
}

impl Store {
    /// Opens the file in the data folder. Never fails: what cannot be used is put aside, and where nothing can be written everything is only
    /// remembered while the program runs. The problem is for the person.
    pub(crate) fn open(data: &Path) -> (Self, Option<Problem>) {
        let path = data.join("studio.db");
        let first = match Self::try_open(&path) {
            Ok(store) => return (store, None),
            Err(error) => error,
        };
        tracing::warn!(error = %first, "the database cannot be used");
        let aside = data.join(format!("studio.db.{}.bak", crate::clock::now_micros()));
        let moved = std::fs::rename(&path, &aside).is_ok();
        for ending in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(data.join(format!("studio.db{ending}")));
        }
        let problem = |message: String| Problem {
            code: Code::TargetFailed,
            message,
            retryable: false,
            detail: Some(first.to_string()),
        };
        if let (true, Ok(store)) = (moved, Self::try_open(&path)) {
            let message = format!(
                "The list of jobs and of what was sent could not be read and was begun anew. The old one is kept in \u{201c}{}\u{201d}.",
                aside.display()
            );
            return (store, Some(problem(message)));
        }
        let message = format!(
            "Nothing can be kept in \u{201c}{}\u{201d}: jobs are forgotten when the program ends.",
            data.display()
        );
        match Self::in_memory() {
            Ok(store) => (store, Some(problem(message))),
            // SQLite without a file needs nothing but memory.
            Err(_) => std::alloc::handle_alloc_error(std::alloc::Layout::new::<Connection>()),
        }
    }

    fn try_open(path: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            // Opening says what is wrong, if this did not work.
            let _ = std::fs::create_dir_all(folder);
        }
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        Self::furnished(connection)
    }

    /// One that forgets everything.
    pub(crate) fn in_memory() -> Result<Self, StoreError> {
        Self::furnished(Connection::open_in_memory()?)
    }

    fn furnished(mut connection: Connection) -> Result<Self, StoreError> {
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        migration::run(&mut connection)?;
        Ok(Self {
            connection: Mutex::new(connection),
            #[cfg(test)]
            left: i64::MAX.into(),
        })
    }

    /// The connection, to change something.
    fn writing(&self) -> Result<MutexGuard<'_, Connection>, StoreError> {
        #[cfg(test)]
        if self.left.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) <= 0 {
            return Err(StoreError::Sql(rusqlite::Error::InvalidQuery));
        }
        Ok(self.lock())
    }

    /// From now on so many writes are taken. What comes after them is lost, as if the program had been killed before it; nothing is sent then
    /// either, because that is written down first.
    #[cfg(test)]
    pub(crate) fn lose_after(&self, writes: i64) {
        self.left.store(writes, std::sync::atomic::Ordering::SeqCst);
    }

    /// Whether something was lost.
    #[cfg(test)]
    pub(crate) fn has_lost(&self) -> bool {
        self.left.load(std::sync::atomic::Ordering::SeqCst) < 0
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
