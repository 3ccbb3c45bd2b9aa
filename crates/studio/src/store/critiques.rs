//! Critiques and comparisons that are known here, by the service's id of the job.

use rusqlite::OptionalExtension;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Store, StoreError};

impl Store {
    /// Writes one, new or not.
    pub(crate) fn put_critique<T: Serialize>(
        &self,
        id: &str,
        owner: &str,
        at: i64,
        record: &T,
    ) -> Result<(), StoreError> {
        let text = serde_json::to_string(record).unwrap_or_default();
        self.writing()?.execute(
            "INSERT INTO critiques (id, owner, at, record) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (id) DO UPDATE SET at = ?3, record = ?4",
            (id, owner, at, text),
        )?;
        Ok(())
    }

    /// One by its id.
    pub(crate) fn critique<T: DeserializeOwned>(&self, id: &str) -> Option<T> {
        let read = self
            .lock()
            .query_row("SELECT record FROM critiques WHERE id = ?1", [id], |row| row.get::<_, String>(0))
            .optional();
        serde_json::from_str(&read.ok()??).ok()
    }

    /// Forgets one.
    pub(crate) fn remove_critique(&self, id: &str) -> Result<(), StoreError> {
        self.writing()?.execute("DELETE FROM critiques WHERE id = ?1", [id])?;
        Ok(())
    }

    /// All of a person, newest first.
    pub(crate) fn critiques<T: DeserializeOwned>(&self, owner: &str) -> Result<Vec<T>, StoreError> {
        let connection = self.lock();
        let mut statement =
            connection.prepare("SELECT record FROM critiques WHERE owner = ?1 ORDER BY at DESC, id DESC")?;
        let rows = statement.query_map([owner], |row| row.get::<_, String>(0))?;
        let mut all = Vec::new();
        for row in rows {
            all.extend(serde_json::from_str(&row?).ok());
        }
        Ok(all)
    }
}
