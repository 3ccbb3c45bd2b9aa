//! What a person may read of their own ledger: the balance, and every movement.

use super::LedgerError;
use super::book::Account;
use crate::store::entity::ledger_txn::TxnKind;
use crate::store::{Store, count_of, sql};
use crate::world::Moment;
use sea_orm::{ConnectionTrait, FromQueryResult};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A person's credits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Balance {
    /// Can be spent.
    pub available: i64,
    /// Set aside for jobs that run.
    pub held: i64,
    /// Set aside while a payment is disputed.
    pub frozen: i64,
    /// Owed, because a payment was taken back after the credits were spent.
    pub debt: i64,
}

/// A movement of a person's credits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Entry {
    /// Id, sorts by time.
    pub id: Uuid,
    /// What happened: grant, hold, capture, release, expire, claim or close.
    pub kind: String,
    /// What kind of thing caused it.
    pub cause_type: String,
    /// Which.
    pub cause_id: String,
    /// When, microseconds since 1970.
    pub at: Moment,
    /// Change of what can be spent.
    pub available: i64,
    /// Change of what is held.
    pub held: i64,
    /// Change of what is frozen.
    pub frozen: i64,
    /// Change of the debt.
    pub debt: i64,
}

/// What a person has now: credits whose time is over do not count, whether or not they have been swept.
///
/// # Errors
/// When the database fails.
pub async fn balance(store: &Store, owner: Uuid, now: Moment) -> Result<Balance, LedgerError> {
    #[derive(FromQueryResult)]
    struct Sums {
        available: i64,
        held: i64,
        frozen: i64,
        debt: i64,
        expired: i64,
    }
    let reader = store.reader();
    let select = "SELECT o.available, o.held, o.frozen, o.debt,
        (SELECT CAST(COALESCE(SUM(l.available), 0) AS BIGINT) FROM ledger_lots l
         WHERE l.owner_ref = o.owner_ref AND l.expires_at <= $2 AND l.available > 0) AS expired
        FROM ledger_owners o WHERE o.owner_ref = $1";
    let statement = sql(reader, select, [owner.into(), now.into()]);
    let Some(sums) = Sums::find_by_statement(statement).one(reader).await? else { return Ok(Balance::default()) };
    let Sums { available, held, frozen, debt, expired } = sums;
    Ok(Balance { available: (available - expired).max(0), held, frozen, debt })
}

/// What can still be spent of the credits that a payment brought.
///
/// # Errors
/// When the database fails.
pub async fn left_of(connection: &impl ConnectionTrait, order_ref: &str, now: Moment) -> Result<i64, LedgerError> {
    let select = "SELECT CAST(COALESCE(SUM(available), 0) AS BIGINT) AS n FROM ledger_lots
        WHERE order_ref = $1 AND (expires_at IS NULL OR expires_at > $2)";
    Ok(count_of(connection, select, [order_ref.into(), now.into()]).await?)
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    kind: TxnKind,
    cause_type: String,
    cause_id: String,
    created_at: Moment,
    available: i64,
    held: i64,
    frozen: i64,
    debt: i64,
}

/// A person's movements, newest first, `limit` of them from before the entry `before`.
///
/// # Errors
/// When the database fails.
pub async fn statement(
    store: &Store,
    owner: Uuid,
    before: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Entry>, LedgerError> {
    let reader = store.reader();
    let sum = |account: Account| {
        let id = account.id(owner);
        format!("CAST(COALESCE(SUM(CASE WHEN p.account_id = '{id}' THEN p.amount ELSE 0 END), 0) AS BIGINT)")
    };
    let select = format!(
        "SELECT t.id, t.kind, t.cause_type, t.cause_id, t.created_at,
            {} AS available, {} AS held, {} AS frozen, -1 * {} AS debt
        FROM ledger_txns t JOIN ledger_postings p ON p.txn_id = t.id
        WHERE t.owner_ref = $1 AND t.id < $2
        GROUP BY t.id, t.kind, t.cause_type, t.cause_id, t.created_at
        ORDER BY t.id DESC LIMIT {limit}",
        sum(Account::Available),
        sum(Account::Held),
        sum(Account::Frozen),
        sum(Account::Debt)
    );
    let before = before.unwrap_or(Uuid::max());
    let rows = Row::find_by_statement(sql(reader, select, [owner.into(), before.into()])).all(reader).await?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        let kind = match row.kind {
            TxnKind::Grant => "grant",
            TxnKind::Hold => "hold",
            TxnKind::Capture => "capture",
            TxnKind::Release => "release",
            TxnKind::Expire => "expire",
            TxnKind::Claim => "claim",
            TxnKind::Close => "close",
        };
        Self {
            id: row.id,
            kind: kind.to_owned(),
            cause_type: row.cause_type,
            cause_id: row.cause_id,
            at: row.created_at,
            available: row.available,
            held: row.held,
            frozen: row.frozen,
            debt: row.debt,
        }
    }
}
