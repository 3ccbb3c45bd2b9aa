//! Checks that the cached numbers are what the postings sum to, and that everything sums to nothing.

use super::LedgerError;
use crate::store::{Store, count_of, sql};
use crate::world::World;
use sea_orm::{ConnectionTrait, FromQueryResult};
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
        self.faults() == 0
    }

    /// How many numbers are not what they must be.
    pub fn faults(&self) -> i64 {
        let differences = i64::try_from(self.differences.len()).unwrap_or(i64::MAX);
        differences.saturating_add(self.unbalanced).saturating_add(i64::from(self.sum != 0))
    }
}

#[derive(FromQueryResult)]
struct Difference {
    id: Uuid,
    cached: i64,
    posted: i64,
}

/// Each in one statement, so that it sees one moment, and in one pass over the postings, however many people there are.
const OWNERS: &str = "SELECT o.owner_ref AS id, o.{column} AS cached, COALESCE(s.posted, 0) AS posted
    FROM ledger_owners o LEFT JOIN (
        SELECT a.owner_ref AS owner_ref, CAST(SUM(p.amount) AS BIGINT) * {sign} AS posted FROM ledger_postings p
        JOIN ledger_accounts a ON a.id = p.account_id WHERE a.kind = '{column}' GROUP BY a.owner_ref
    ) AS s ON s.owner_ref = o.owner_ref WHERE o.{column} <> COALESCE(s.posted, 0)";

const LOTS: &str = "SELECT l.id AS id, l.{column} AS cached, COALESCE(s.posted, 0) AS posted
    FROM ledger_lots l LEFT JOIN (
        SELECT p.lot_id AS lot_id, CAST(SUM(p.amount) AS BIGINT) AS posted FROM ledger_postings p
        JOIN ledger_accounts a ON a.id = p.account_id WHERE a.kind = '{column}' GROUP BY p.lot_id
    ) AS s ON s.lot_id = l.id WHERE l.{column} <> COALESCE(s.posted, 0)";

const HOLDS: &str = "SELECT o.owner_ref AS id, o.held AS cached, COALESCE(s.posted, 0) AS posted
    FROM ledger_owners o LEFT JOIN (
        SELECT owner_ref, CAST(SUM(amount) AS BIGINT) AS posted FROM ledger_holds WHERE state = 'held' GROUP BY owner_ref
    ) AS s ON s.owner_ref = o.owner_ref WHERE o.held <> COALESCE(s.posted, 0)";

/// Compares caches and postings. Caches and postings are written in one transaction, so this may run while people buy.
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

/// Compares, and keeps what was found for [`differs`].
///
/// # Errors
/// When the database fails.
pub async fn compare(store: &Store, world: &World) -> Result<Audit, LedgerError> {
    let found = audit(store).await?;
    let upsert = "INSERT INTO ledger_comparisons (only_row, compared_at, differences) VALUES (1, $1, $2)
        ON CONFLICT (only_row) DO UPDATE SET compared_at = excluded.compared_at, differences = excluded.differences";
    let tx = store.write_transaction().await?;
    tx.execute_raw(sql(&*tx, upsert, [world.now().into(), found.faults().into()])).await?;
    tx.commit().await?;
    Ok(found)
}

/// Whether the last comparison found a difference.
///
/// # Errors
/// When the database fails.
pub async fn differs(store: &Store) -> Result<bool, LedgerError> {
    let select = "SELECT COUNT(*) AS n FROM ledger_comparisons WHERE differences > 0";
    Ok(count_of(store.reader(), select, []).await? > 0)
}
