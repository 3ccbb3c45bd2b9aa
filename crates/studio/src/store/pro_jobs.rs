//! Pro jobs, each as JSON, written after every step of its life.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Store, StoreError};

impl Store {
    /// Writes a job, new or not.
    pub(crate) fn put_pro_job<T: Serialize>(&self, id: &str, made_at: i64, record: &T) -> Result<(), StoreError> {
        self.put_pro_jobs(std::iter::once((id, made_at, record)))
    }

    /// Writes jobs, all or none.
    pub(crate) fn put_pro_jobs<'a, T: Serialize + 'a>(
        &self,
        jobs: impl Iterator<Item = (&'a str, i64, &'a T)>,
    ) -> Result<(), StoreError> {
        let mut connection = self.writing()?;
        let tx = connection.transaction()?;
        for (id, made_at, record) in jobs {
            let text = serde_json::to_string(record).unwrap_or_default();
            tx.execute(
                "INSERT INTO pro_jobs (id, made_at, record) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET record = ?3",
                (id, made_at, text),
            )?;
        }
        tx.commit()?;
        Ok(())
    }

    /// All jobs, oldest first. One that is not understood (of a newer program) stays in the file and is passed over.
    pub(crate) fn pro_jobs<T: DeserializeOwned>(&self) -> Result<Vec<T>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare("SELECT id, record FROM pro_jobs ORDER BY made_at, id")?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        let mut jobs = Vec::new();
        for row in rows {
            let (id, text) = row?;
            match serde_json::from_str(&text) {
                Ok(job) => jobs.push(job),
                Err(error) => tracing::warn!(%error, id, "a Pro job is not understood"),
            }
        }
        Ok(jobs)
    }
}
