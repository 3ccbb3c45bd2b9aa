//! Small things by name, as JSON.

use rusqlite::OptionalExtension;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Store, StoreError};

impl Store {
    /// What was kept under a name; nothing when there is none or it is not understood.
    pub(crate) fn kept<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let read = self
            .lock()
            .query_row("SELECT value FROM kept WHERE name = ?1", [name], |row| row.get::<_, String>(0))
            .optional();
        let text = read.inspect_err(|error| tracing::warn!(%error, name, "could not be read")).ok()??;
        serde_json::from_str(&text).inspect_err(|error| tracing::warn!(%error, name, "is not understood")).ok()
    }

    /// Whether something is kept under a name.
    pub(crate) fn has(&self, name: &str) -> bool {
        let read = self.lock().query_row("SELECT 1 FROM kept WHERE name = ?1", [name], |_| Ok(())).optional();
        matches!(read, Ok(Some(())))
    }

    /// Keeps something under a name.
    pub(crate) fn keep<T: Serialize>(&self, name: &str, value: &T) -> Result<(), StoreError> {
        let text = serde_json::to_string(value).unwrap_or_default();
        self.writing()?.execute(
            "INSERT INTO kept (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
            [name, &text],
        )?;
        Ok(())
    }

    /// Keeps it no longer.
    pub(crate) fn forget(&self, name: &str) -> Result<(), StoreError> {
        self.writing()?.execute("DELETE FROM kept WHERE name = ?1", [name])?;
        Ok(())
    }
}
