//! Checks that the cached numbers are what the postings sum to, and that everything sums to nothing.

use super::LedgerError;
use crate::store::{Store, count_of, sql};
use sea_orm::FromQueryResult;
use uuid::Uuid;

/// What the check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Sum of all postings: zero.
    pub sum: i64,
    /// Transactions whose postings do not sum to zero: none.
    pub unbalanced: i64,
    /// Cached numbers that differ from the postings, as sentences: none.
    pub differences: Vec<String>,
    /// People looked at.
    pub owners: i64,
}

impl Audit {
    /// Whether all is well.
    pub fn is_clean(&self) -> bool {
        self.sum == 0 && self.unbalanced == 0 && self.differences.is_empty()
    }
}

#[derive(FromQueryResult)]
struct Difference {
    id: Uuid,
    cached: i64,
    posted: i64,
}

const OWNERS: &str = "SELECT * FROM (
    SELECT o.owner_ref AS id, o.{column} AS cached,
        (SELECT CAST(COALESCE(SUM(p.amount), 0) AS BIGINT) * {sign} FROM ledger_postings p
            JOIN ledger_accounts a ON a.id = p.account_id WHERE a.owner_ref = o.owner_ref AND a.kind = '{column}') AS posted
    FROM ledger_owners o) AS d WHERE cached <> posted";

const LOTS: &str = "SELECT * FROM (
    SELECT l.id AS id, l.{column} AS cached,
        (SELECT CAST(COALESCE(SUM(p.amount), 0) AS BIGINT) FROM ledger_postings p
            JOIN ledger_accounts a ON a.id = p.account_id WHERE p.lot_id = l.id AND a.kind = '{column}') AS posted
    FROM ledger_lots l) AS d WHERE cached <> posted";

const HOLDS: &str = "SELECT * FROM (
    SELECT o.owner_ref AS id, o.held AS cached,
        (SELECT CAST(COALESCE(SUM(h.amount), 0) AS BIGINT) FROM ledger_holds h
            WHERE h.owner_ref = o.owner_ref AND h.state = 'held') AS posted
    FROM ledger_owners o) AS d WHERE cached <> posted";

/// Compares caches and postings. Read from one moment when the writers are quiet; a difference found in passing is looked at twice.
///
/// # Errors
/// When the database fails.
pub async fn audit(store: &Store) -> Result<Audit, LedgerError> {
    let reader = store.reader();
    let mut differences = Vec::new();
    let mut check = async |what: &str, select: String| -> Result<(), LedgerError> {
        for row in Difference::find_by_statement(sql(reader, select, [])).all(reader).await? {
            differences.push(format!("{what} of {}: cached {}, posted {}", row.id, row.cached, row.posted));
        }
        Ok(())
    };
    for column in ["available", "held", "frozen", "debt"] {
        let sign = if column == "debt" { "-1" } else { "1" };
        check(column, OWNERS.replace("{column}", column).replace("{sign}", sign)).await?;
    }
    for column in ["available", "held", "frozen"] {
        check(&format!("lot's {column}"), LOTS.replace("{column}", column)).await?;
    }
    check("open holds", HOLDS.to_owned()).await?;
    let sum = count_of(reader, "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS n FROM ledger_postings", []).await?;
    let unbalanced =
        "SELECT COUNT(*) AS n FROM (SELECT txn_id FROM ledger_postings GROUP BY txn_id HAVING SUM(amount) <> 0) AS t";
    let unbalanced = count_of(reader, unbalanced, []).await?;
    let owners = count_of(reader, "SELECT COUNT(*) AS n FROM ledger_owners", []).await?;
    Ok(Audit { sum, unbalanced, differences, owners })
}
