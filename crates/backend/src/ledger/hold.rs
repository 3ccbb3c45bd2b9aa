//! Credits are set aside for a job, and then used or given back: exactly one of the two.

use super::book::{Account, Cause, Draft};
use super::{HoldState, Ledger, LedgerError, Outcome, check_amount};
use crate::store::entity::ledger_txn::TxnKind;
use crate::store::entity::{ledger_hold, ledger_lot, ledger_posting};
use crate::store::{Store, sql};
use crate::world::Moment;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

impl Ledger<'_> {
    /// Sets `amount` credits aside for `job`. The price is fixed with it.
    ///
    /// # Errors
    /// [`LedgerError::NotEnough`]; a second hold for the same job with another amount or owner; a database failure.
    pub async fn hold(&self, owner: Uuid, job: Uuid, amount: i64, deadline: Moment) -> Result<Outcome, LedgerError> {
        let amount = check_amount(amount)?;
        self.lock(owner).await?;
        if let Some(earlier) = ledger_hold::Entity::find_by_id(job).one(&**self.tx).await? {
            let same = earlier.owner_ref == owner && earlier.amount == amount;
            return if same { Ok(Outcome::DoneBefore) } else { Err(LedgerError::KeyReused(format!("job:{job}:hold"))) };
        }
        self.expire_lots_of(owner).await?;
        let lots = self.spendable(owner).await?;
        let row = self.lock(owner).await?;
        if row.available < amount || row.debt > 0 {
            return Err(LedgerError::NotEnough { needed: amount, available: row.available, debt: row.debt });
        }
        let mut draft = Draft::default();
        let mut missing = amount;
        for lot in lots {
            let part = missing.min(lot.available);
            draft.shift(lot.id, Account::Available, Account::Held, part);
            missing -= part;
        }
        let hold = ledger_hold::ActiveModel {
            job_id: Set(job),
            owner_ref: Set(owner),
            amount: Set(amount),
            state: Set(HoldState::Held),
            deadline: Set(deadline),
            created_at: Set(self.now()),
            ended_at: Set(None),
        };
        ledger_hold::Entity::insert(hold).exec_without_returning(&**self.tx).await?;
        self.post(owner, TxnKind::Hold, format!("job:{job}:hold"), Cause::new("job", job), draft).await?;
        Ok(Outcome::Done)
    }

    /// The job is done and the person has the result: the credits are used.
    ///
    /// # Errors
    /// [`LedgerError::Ended`] when they were released before: the result must then be refused.
    pub async fn capture(&self, job: Uuid) -> Result<Outcome, LedgerError> {
        let Some(hold) = self.end_hold(job, HoldState::Captured).await? else { return Ok(Outcome::DoneBefore) };
        let mut draft = Draft::default();
        for (lot, amount) in self.held_lots(job, hold.owner_ref).await? {
            draft.shift(lot, Account::Held, Account::Used, amount);
        }
        self.post(hold.owner_ref, TxnKind::Capture, format!("job:{job}:capture"), Cause::new("job", job), draft)
            .await?;
        Ok(Outcome::Done)
    }

    /// The job came to nothing: the credits go back to the lots they came from.
    ///
    /// # Errors
    /// [`LedgerError::Ended`] when they were captured before.
    pub async fn release(&self, job: Uuid) -> Result<Outcome, LedgerError> {
        let Some(hold) = self.end_hold(job, HoldState::Released).await? else { return Ok(Outcome::DoneBefore) };
        let mut debt = self.lock(hold.owner_ref).await?.debt;
        let mut draft = Draft::default();
        for (lot, amount) in self.held_lots(job, hold.owner_ref).await? {
            let lot = ledger_lot::Entity::find_by_id(lot)
                .one(&**self.tx)
                .await?
                .ok_or_else(|| LedgerError::Broken(format!("the lot of job {job} vanished")))?;
            draft.add(lot.id, Account::Held, -amount);
            let disputed = self.is_disputed(&lot).await?;
            self.give_back(&mut draft, &lot, amount, disputed, &mut debt);
        }
        self.post(hold.owner_ref, TxnKind::Release, format!("job:{job}:release"), Cause::new("job", job), draft)
            .await?;
        Ok(Outcome::Done)
    }

    /// Puts credits back into a lot: frozen while it is disputed, expired when its time is over, else debt first and the rest to spend.
    pub(super) fn give_back(
        &self,
        draft: &mut Draft,
        lot: &ledger_lot::Model,
        amount: i64,
        disputed: bool,
        debt: &mut i64,
    ) {
        if disputed {
            draft.add(lot.id, Account::Frozen, amount);
        } else if lot.expires_at.is_some_and(|end| end <= self.now()) {
            draft.add(lot.id, Account::Expired, amount);
        } else {
            let paid = amount.min(*debt);
            *debt -= paid;
            draft.add(lot.id, Account::Debt, paid);
            draft.add(lot.id, Account::Available, amount - paid);
        }
    }

    /// Moves a hold to its end; none when it was there already.
    async fn end_hold(&self, job: Uuid, end: HoldState) -> Result<Option<ledger_hold::Model>, LedgerError> {
        let find = || ledger_hold::Entity::find_by_id(job).one(&**self.tx);
        let hold = find().await?.ok_or(LedgerError::NoHold(job))?;
        self.lock(hold.owner_ref).await?;
        // Read again: what was read before the lock may be old.
        let hold = find().await?.ok_or(LedgerError::NoHold(job))?;
        if hold.state == end {
            return Ok(None);
        }
        if hold.state != HoldState::Held {
            return Err(LedgerError::Ended { job, state: hold.state });
        }
        let update = "UPDATE ledger_holds SET state = $2, ended_at = $3 WHERE job_id = $1 AND state = 'held'";
        let state = if end == HoldState::Captured { "captured" } else { "released" };
        let result =
            self.tx.execute_raw(sql(&**self.tx, update, [job.into(), state.into(), self.now().into()])).await?;
        if result.rows_affected() == 1 {
            Ok(Some(hold))
        } else {
            Err(LedgerError::Broken(format!("job:{job}:{state}")))
        }
    }

    /// From which lots a job's credits came.
    async fn held_lots(&self, job: Uuid, owner: Uuid) -> Result<Vec<(Uuid, i64)>, LedgerError> {
        let key = format!("job:{job}:hold");
        let txn = self.earlier(&key).await?.ok_or_else(|| LedgerError::Broken(key))?;
        let postings = ledger_posting::Entity::find()
            .filter(ledger_posting::Column::TxnId.eq(txn.id))
            .filter(ledger_posting::Column::AccountId.eq(Account::Held.id(owner)))
            .order_by_asc(ledger_posting::Column::Line)
            .all(&**self.tx)
            .await?;
        Ok(postings.into_iter().map(|posting| (posting.lot_id, posting.amount)).collect())
    }
}

/// Jobs whose hold is past its deadline, oldest first. Whether they may be released is for the jobs' code to say: only when the provider
/// is known to be done, or its result will be refused.
///
/// # Errors
/// When the database fails.
pub async fn overdue_holds(store: &Store, now: Moment, limit: u64) -> Result<Vec<Uuid>, LedgerError> {
    #[derive(FromQueryResult)]
    struct Row {
        job_id: Uuid,
    }
    let rows = ledger_hold::Entity::find()
        .select_only()
        .column(ledger_hold::Column::JobId)
        .filter(ledger_hold::Column::State.eq(HoldState::Held))
        .filter(ledger_hold::Column::Deadline.lte(now))
        .order_by_asc(ledger_hold::Column::Deadline)
        .limit(limit)
        .into_model::<Row>()
        .all(store.reader())
        .await?;
    Ok(rows.into_iter().map(|row| row.job_id).collect())
}
