//! The books of accounts that are gone: kept for the years that the law asks for, then removed as well.

use super::tables::HELD;
use crate::accounts::AccountError;
use crate::app::App;
use crate::store::{StoreError, count_of, sql};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

#[derive(FromQueryResult)]
struct Row {
    owner_ref: Uuid,
}

/// Whether an account is gone and these are the books it left behind.
///
/// # Errors
/// When the database fails.
pub async fn is_closed(app: &App, owner: Uuid) -> Result<bool, StoreError> {
    let select = "SELECT COUNT(*) AS n FROM closed_books WHERE owner_ref = $1";
    Ok(count_of(app.store.reader(), select, [owner.into()]).await? > 0)
}

/// Removes the books whose years are over; says how many people's they were.
///
/// # Errors
/// When the database fails; what is done stays done.
pub async fn purge_due(app: &App) -> Result<u64, AccountError> {
    let reader = app.store.reader();
    let select = "SELECT owner_ref FROM closed_books WHERE purge_at <= $1 LIMIT 100";
    let due = Row::find_by_statement(sql(reader, select, [app.world.now().into()])).all(reader).await?;
    for row in &due {
        let tx = app.store.write_transaction().await?;
        // Postings can be deleted only while this stands, and only these.
        let mark = "UPDATE closed_books SET purging = $2 WHERE owner_ref = $1";
        tx.execute_raw(sql(&*tx, mark, [row.owner_ref.into(), true.into()])).await?;
        // What belongs to orders goes before them.
        let first = |table: &str| if table == "orders" { 1 } else { 0 };
        let mut tables: Vec<_> = HELD.iter().collect();
        tables.sort_by_key(|held| first(held.table));
        for held in tables {
            held.end_books(&*tx, row.owner_ref).await?;
        }
        tx.commit().await?;
    }
    Ok(due.len() as u64)
}
