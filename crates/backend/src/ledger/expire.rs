//! Credits whose time is over go, and so do those of a closed account.

use super::book::{Account, Cause, Draft};
use super::{Ledger, LedgerError, Outcome};
use crate::changes::{self, ChangeKind};
use crate::store::entity::ledger_txn::TxnKind;
use crate::store::entity::user;
use crate::store::{Store, sql};
use crate::world::World;
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter};
use uuid::Uuid;

impl Ledger<'_> {
    /// Takes what is left in a person's lots whose time is over. What is held for a job stays good for that job.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn expire_lots_of(&self, owner: Uuid) -> Result<(), LedgerError> {
        self.lock(owner).await?;
        let now = self.now();
        for lot in self.spendable(owner).await?.into_iter().filter(|lot| lot.expires_at.is_some_and(|end| end <= now)) {
            let mut draft = Draft::default();
            draft.shift(lot.id, Account::Available, Account::Expired, lot.available);
            // Afterwards nothing comes back into an expired lot's available, so this happens once a lot.
            self.post(owner, TxnKind::Expire, format!("lot:{}:expired", lot.id), Cause::new("clock", lot.id), draft)
                .await?;
        }
        Ok(())
    }

    /// Ends a person's ledger: what could still be spent is gone. The postings stay, under the random reference.
    ///
    /// # Errors
    /// [`LedgerError::StillOpen`] while a job or a dispute runs.
    pub async fn close(&self, owner: Uuid) -> Result<Outcome, LedgerError> {
        let row = self.lock(owner).await?;
        if row.held > 0 || row.frozen > 0 {
            return Err(LedgerError::StillOpen { held: row.held, frozen: row.frozen });
        }
        if row.available == 0 {
            return Ok(Outcome::DoneBefore);
        }
        let mut draft = Draft::default();
        for lot in self.spendable(owner).await? {
            draft.shift(lot.id, Account::Available, Account::Expired, lot.available);
        }
        // A refund that is turned back may bring credits once more, so the key says when.
        let key = format!("owner:{owner}:close:{}", self.now().0);
        self.post(owner, TxnKind::Close, key, Cause::new("account", "closed"), draft).await?;
        Ok(Outcome::Done)
    }
}

/// Expires what is due, at most `limit` people at a time, each in a transaction of its own; says how many they were.
///
/// # Errors
/// When the database fails; what is done stays done.
pub async fn sweep_expired(store: &Store, world: &World, limit: u32) -> Result<usize, LedgerError> {
    #[derive(FromQueryResult)]
    struct Row {
        owner_ref: Uuid,
    }
    let select =
        format!("SELECT DISTINCT owner_ref FROM ledger_lots WHERE expires_at <= $1 AND available > 0 LIMIT {limit}");
    let due = Row::find_by_statement(sql(store.reader(), select, [world.now().into()])).all(store.reader()).await?;
    for row in &due {
        let tx = store.write_transaction().await?;
        Ledger::new(&tx, world).expire_lots_of(row.owner_ref).await?;
        if let Some(user) = user::Entity::find().filter(user::Column::OwnerRef.eq(row.owner_ref)).one(&*tx).await? {
            changes::note(&tx, world, user.id, ChangeKind::Credits, None).await?;
        }
        tx.commit().await?;
    }
    Ok(due.len())
}
