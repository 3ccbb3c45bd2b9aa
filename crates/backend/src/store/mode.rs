//! Whose a database is: a sandbox's or the live service's. Credits that were bought with play money are never spent at a real provider, nor
//! the other way round, so it is written down once and holds for good.

use super::{Store, StoreError, count_of, sql};
use crate::settings::Mode;
use crate::world::Moment;
use sea_orm::ConnectionTrait;

/// Makes the database this mode's; the first program that serves or works decides.
///
/// # Errors
/// When it is the other mode's, or the database fails.
pub async fn claim(store: &Store, mode: Mode, now: Moment) -> Result<(), StoreError> {
    let insert =
        "INSERT INTO service_mode (only_row, mode, since) VALUES (1, $1, $2) ON CONFLICT (only_row) DO NOTHING";
    let tx = store.write_transaction().await?;
    tx.execute_raw(sql(&*tx, insert, [mode.word().into(), now.into()])).await?;
    tx.commit().await?;
    refuse_other(store, mode).await
}

/// Refuses a database that is the other mode's. One that is nobody's yet may be anybody's.
///
/// # Errors
/// When it is the other mode's, or the database fails.
pub async fn refuse_other(store: &Store, mode: Mode) -> Result<(), StoreError> {
    let select = "SELECT COUNT(*) AS n FROM service_mode WHERE mode <> $1";
    if count_of(store.reader(), select, [mode.word().into()]).await? == 0 {
        return Ok(());
    }
    let (found, wanted) = match mode {
        Mode::Live => ("a sandbox", "the live service"),
        Mode::Sandbox => ("the live service", "a sandbox"),
    };
    Err(StoreError::OtherMode { found, wanted })
}
