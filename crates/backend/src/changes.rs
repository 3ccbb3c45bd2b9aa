//! What changed for whom, in one sequence a person: the truth behind the events that the app hears.
//!
//! A change is noted in the transaction that makes it, so nobody hears of something that did not happen, and nothing that happened is not told.
//! Only that something changed is kept, never what: whoever hears it fetches the thing.

mod hub;

pub use hub::{Hub, Listener};
pub use pretty_contract::service::events::ChangeKind;

use crate::store::{Store, StoreError, WriteTransaction, count_of, sql};
use crate::world::{Moment, World};
use sea_orm::{ConnectionTrait, FromQueryResult};
use std::time::Duration;
use uuid::Uuid;

/// How long changes are kept. Whoever was away longer fetches everything anew.
pub const KEPT: Duration = Duration::from_secs(7 * 86_400);

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Noted {
    /// Counts up for each person.
    pub seq: i64,
    /// The kind, as a word.
    pub kind: String,
    /// Which one.
    pub object_id: Option<Uuid>,
}

fn word(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Account => "account",
        ChangeKind::Credits => "credits",
        ChangeKind::Order => "order",
        ChangeKind::Job => "job",
        ChangeKind::Policy => "policy",
        ChangeKind::Export => "export",
        ChangeKind::Unknown => "unknown",
    }
}

/// Notes a change within the transaction that makes it. Last before the commit: it locks the person's sequence, so that numbers become
/// visible in their order, and whoever locks something else afterwards may wait for someone who waits for this.
///
/// # Errors
/// When the database fails.
pub async fn note(
    tx: &WriteTransaction,
    world: &World,
    user: Uuid,
    kind: ChangeKind,
    id: Option<Uuid>,
) -> Result<(), StoreError> {
    let next = "INSERT INTO change_heads (user_id, last_seq) VALUES ($1, 1)
        ON CONFLICT (user_id) DO UPDATE SET last_seq = change_heads.last_seq + 1 RETURNING last_seq AS n";
    let seq = count_of(&**tx, next, [user.into()]).await?;
    let insert = "INSERT INTO changes (user_id, seq, kind, object_id, at) VALUES ($1, $2, $3, $4, $5)";
    let values = [user.into(), seq.into(), word(kind).into(), id.into(), world.now().into()];
    tx.execute_raw(sql(&**tx, insert, values)).await?;
    tx.tell_when_committed();
    Ok(())
}

/// The number of a person's newest change; 0 before the first.
///
/// # Errors
/// When the database fails.
pub async fn head(store: &Store, user: Uuid) -> Result<i64, StoreError> {
    let select = "SELECT last_seq AS n FROM change_heads WHERE user_id = $1";
    Ok(count_of(store.reader(), select, [user.into()]).await?)
}

/// What a person missed after number `after`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missed {
    /// These, in order; there may be more.
    Changes(Vec<Noted>),
    /// It was too long ago, or the number is none of ours: fetch everything anew and go on from this number.
    TooMuch(i64),
}

/// What a person missed after number `after`, at most `limit` changes.
///
/// # Errors
/// When the database fails.
pub async fn since(store: &Store, user: Uuid, after: i64, limit: u32) -> Result<Missed, StoreError> {
    let reader = store.reader();
    let select =
        format!("SELECT seq, kind, object_id FROM changes WHERE user_id = $1 AND seq > $2 ORDER BY seq LIMIT {limit}");
    let rows = Noted::find_by_statement(sql(reader, select, [user.into(), after.into()])).all(reader).await?;
    if rows.first().is_some_and(|row| row.seq == after + 1) {
        return Ok(Missed::Changes(rows));
    }
    let head = head(store, user).await?;
    // Read after the rows: one that came in between is found the next time.
    Ok(if rows.is_empty() && head >= after && head <= after + 1 {
        Missed::Changes(rows)
    } else {
        Missed::TooMuch(head)
    })
}

/// Removes changes that are too old; says how many.
///
/// # Errors
/// When the database fails.
pub async fn sweep(store: &Store, now: Moment) -> Result<u64, StoreError> {
    let tx = store.write_transaction().await?;
    let delete = sql(&*tx, "DELETE FROM changes WHERE at < $1", [now.minus(KEPT).into()]);
    let gone = tx.execute_raw(delete).await?.rows_affected();
    tx.commit().await?;
    Ok(gone)
}
