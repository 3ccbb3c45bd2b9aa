//! Brings the file up to date: numbered steps, each in a transaction, counted in SQLite's `user_version`. Steps are only ever added, and only add.

use rusqlite::Connection;

use super::StoreError;

/// The steps there are, in order.
const STEPS: &[&str] = &[include_str!("migrations/0001_begin.sql"), include_str!("migrations/0002_crop.sql")];

/// Takes the steps that are missing.
///
/// # Errors
/// A step does not work, or the file is newer than this program.
pub(super) fn run(connection: &mut Connection) -> Result<(), StoreError> {
    let done: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    if done > known {
        return Err(StoreError::Newer(done));
    }
    for (index, step) in STEPS.iter().enumerate().skip(usize::try_from(done).unwrap_or(0)) {
        let tx = connection.transaction()?;
        tx.execute_batch(step)?;
        tx.pragma_update(None, "user_version", i64::try_from(index + 1).unwrap_or(i64::MAX))?;
        tx.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_earlier_version_is_brought_up_to_date_and_a_newer_one_refused() {
        for done in 0..=STEPS.len() {
            let mut connection = Connection::open_in_memory().unwrap();
            for step in &STEPS[..done] {
                connection.execute_batch(step).unwrap();
            }
            connection.pragma_update(None, "user_version", done as i64).unwrap();
            run(&mut connection).unwrap();
            run(&mut connection).unwrap();
            let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
            assert_eq!(version, STEPS.len() as i64);
        }
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", STEPS.len() as i64 + 1).unwrap();
        assert!(matches!(run(&mut connection), Err(StoreError::Newer(_))));
    }
}
