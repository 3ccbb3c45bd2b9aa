//! The privacy ledger: a line for everything that left this computer, written before it leaves.

use pretty_contract::account::SentTotals;
use pretty_contract::sent::{SentCopy, SentLine, SentPage, SentWhat};
use rusqlite::{OptionalExtension, Row};

use super::{Store, StoreError};
use crate::clock::now_micros;

/// What is about to leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaving {
    pub(crate) what: SentWhat,
    pub(crate) name: String,
    pub(crate) why: String,
    pub(crate) to: String,
    pub(crate) bytes: u64,
    pub(crate) stripped: Vec<String>,
    /// What it is part of: parts of one thing are one line.
    pub(crate) cause: Option<String>,
}

const COLUMNS: &str = "number, at, what, name, why, recipient, bytes, times, stripped, copy, deleted_at";

impl Store {
    /// Writes a line, or adds to the one that it is part of, and gives back its number.
    pub(crate) fn leaving(&self, leaving: &Leaving) -> Result<i64, StoreError> {
        let at = now_micros();
        let connection = self.writing()?;
        let day: String = connection.query_row(
            "SELECT strftime('%Y-%m-%d', ?1, 'unixepoch', 'localtime')",
            [at / 1_000_000],
            |row| row.get(0),
        )?;
        // What has no cause of its own is one line a day.
        let cause = leaving.cause.clone().unwrap_or_else(|| format!("{day} {} {}", what(leaving.what), leaving.why));
        let stripped = serde_json::to_string(&leaving.stripped).unwrap_or_default();
        let copy = match leaving.what {
            SentWhat::Photo => "not_arrived",
            SentWhat::Account => "part_of_account",
            SentWhat::Usage => "none",
        };
        let bytes = i64::try_from(leaving.bytes).unwrap_or(i64::MAX);
        let number = connection.query_row(
            "INSERT INTO sent (at, day, what, name, why, recipient, bytes, times, stripped, copy, cause)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, ?8, ?9, ?10)
             ON CONFLICT (cause) DO UPDATE SET at = ?1, bytes = bytes + ?7, times = times + 1 RETURNING number",
            (at, day, what(leaving.what), &leaving.name, &leaving.why, &leaving.to, bytes, stripped, copy, cause),
            |row| row.get(0),
        )?;
        Ok(number)
    }

    /// The service has the photo of this cause.
    pub(crate) fn arrived(&self, cause: &str, photo_id: &str) -> Result<(), StoreError> {
        self.writing()?.execute(
            "UPDATE sent SET copy = 'kept', photo_id = ?2 WHERE cause = ?1 AND deleted_at IS NULL",
            [cause, photo_id],
        )?;
        Ok(())
    }

    /// The service has its copy no longer.
    pub(crate) fn copy_deleted(&self, photo_id: &str) -> Result<(), StoreError> {
        self.writing()?.execute(
            "UPDATE sent SET copy = 'deleted', deleted_at = ?2 WHERE photo_id = ?1 AND copy = 'kept'",
            (photo_id, now_micros()),
        )?;
        Ok(())
    }

    /// The service's ids of the photos of which it keeps copies: of one line, or of all.
    pub(crate) fn kept_copies(&self, number: Option<i64>) -> Result<Vec<String>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "SELECT DISTINCT photo_id FROM sent WHERE copy = 'kept' AND photo_id IS NOT NULL AND (?1 IS NULL OR number = ?1)",
        )?;
        let rows = statement.query_map([number], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A page of lines, newest first.
    pub(crate) fn sent_lines(&self, page: &SentPage) -> Result<Vec<SentLine>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare(&format!(
            "SELECT {COLUMNS} FROM sent WHERE (?1 IS NULL OR number < ?1) AND (?2 IS NULL OR what = ?2) ORDER BY number DESC LIMIT ?3"
        ))?;
        let rows = statement.query_map((page.before, page.what.map(what), page.limit), line)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Totals.
    pub(crate) fn sent_totals(&self) -> Result<SentTotals, StoreError> {
        let totals = self.lock().query_row(
            "SELECT COALESCE(SUM(what = 'photo'), 0),
                    COALESCE(SUM(what = 'photo' AND day = strftime('%Y-%m-%d', ?1, 'unixepoch', 'localtime')), 0),
                    COALESCE(SUM(bytes), 0), COALESCE(SUM(copy = 'kept'), 0) FROM sent",
            [now_micros() / 1_000_000],
            |row| {
                Ok(SentTotals {
                    photos: row.get(0)?,
                    photos_today: row.get(1)?,
                    bytes: number(row, 2)?,
                    kept: row.get(3)?,
                })
            },
        );
        Ok(totals.optional()?.unwrap_or_default())
    }

    /// The beginning of this month, microseconds since 1970, by this computer's calendar.
    pub(crate) fn month_began(&self) -> Result<i64, StoreError> {
        let seconds: i64 = self.lock().query_row(
            "SELECT CAST(strftime('%s', strftime('%Y-%m-01', ?1, 'unixepoch', 'localtime'), 'utc') AS INTEGER)",
            [now_micros() / 1_000_000],
            |row| row.get(0),
        )?;
        Ok(seconds * 1_000_000)
    }
}

fn what(what: SentWhat) -> &'static str {
    match what {
        SentWhat::Photo => "photo",
        SentWhat::Account => "account",
        SentWhat::Usage => "usage",
    }
}

fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|value| u64::try_from(value).unwrap_or(0))
}

fn line(row: &Row<'_>) -> rusqlite::Result<SentLine> {
    let what: String = row.get(2)?;
    let stripped: String = row.get(8)?;
    let copy: String = row.get(9)?;
    let deleted_at: Option<i64> = row.get(10)?;
    Ok(SentLine {
        number: row.get(0)?,
        at: row.get(1)?,
        what: match what.as_str() {
            "photo" => SentWhat::Photo,
            "usage" => SentWhat::Usage,
            _ => SentWhat::Account,
        },
        name: row.get(3)?,
        why: row.get(4)?,
        to: row.get(5)?,
        bytes: number(row, 6)?,
        times: row.get(7)?,
        stripped: serde_json::from_str(&stripped).unwrap_or_default(),
        copy: match (copy.as_str(), deleted_at) {
            ("deleted", at) => SentCopy::Deleted { at: at.unwrap_or_default() },
            ("kept", _) => SentCopy::Kept,
            ("not_arrived", _) => SentCopy::NotArrived,
            ("part_of_account", _) => SentCopy::PartOfAccount,
            _ => SentCopy::None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photo(cause: &str, bytes: u64) -> Leaving {
        Leaving {
            what: SentWhat::Photo,
            name: "a.jpg".into(),
            why: "Critique".into(),
            to: "Anthropic".into(),
            bytes,
            stripped: vec!["location".into()],
            cause: Some(cause.into()),
        }
    }

    #[test]
    fn parts_of_one_photo_are_one_line_and_its_copy_is_followed() {
        let store = Store::in_memory().unwrap();
        let number = store.leaving(&photo("j-0", 100)).unwrap();
        assert_eq!(store.leaving(&photo("j-0", 50)).unwrap(), number);
        store.leaving(&photo("k-0", 7)).unwrap();
        let all = SentPage { before: None, limit: 10, what: None };
        let lines = store.sent_lines(&all).unwrap();
        assert_eq!(
            lines.iter().map(|line| (line.bytes, line.times, line.copy)).collect::<Vec<_>>(),
            [(7, 1, SentCopy::NotArrived), (150, 2, SentCopy::NotArrived)]
        );
        store.arrived("j-0", "p1").unwrap();
        assert_eq!(store.kept_copies(Some(number)).unwrap(), ["p1"]);
        assert_eq!(store.sent_totals().unwrap(), SentTotals { photos: 2, photos_today: 2, bytes: 157, kept: 1 });
        store.copy_deleted("p1").unwrap();
        // A late word that it arrived does not bring it back.
        store.arrived("j-0", "p1").unwrap();
        assert!(matches!(store.sent_lines(&all).unwrap()[1].copy, SentCopy::Deleted { .. }));
        assert!(store.kept_copies(None).unwrap().is_empty());
        let before = SentPage { before: Some(lines[0].number), limit: 10, what: Some(SentWhat::Photo) };
        assert_eq!(store.sent_lines(&before).unwrap().len(), 1);
    }

    #[test]
    fn a_days_questions_are_one_line() {
        let store = Store::in_memory().unwrap();
        let question = Leaving { what: SentWhat::Account, cause: None, stripped: Vec::new(), ..photo("", 3) };
        let number = store.leaving(&question).unwrap();
        assert_eq!(store.leaving(&question).unwrap(), number);
        assert_eq!(store.sent_totals().unwrap().photos, 0);
        assert!(store.month_began().unwrap() <= now_micros());
    }
}
