//! Writes one transaction: caches first (they refuse what does not fit), then postings, then the row that closes them.

use super::{Ledger, LedgerError};
use crate::store::entity::ledger_txn::TxnKind;
use crate::store::entity::{ledger_lot, ledger_owner, ledger_posting, ledger_txn};
use crate::store::sql;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, Value};
use std::collections::BTreeMap;
use uuid::Uuid;

/// An account in a posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Account {
    Available,
    Held,
    Frozen,
    Debt,
    Sold,
    Granted,
    Used,
    Expired,
    ClawedBack,
}

impl Account {
    /// The accounts that a person has.
    pub(super) const OWNED: [Self; 4] = [Self::Available, Self::Held, Self::Frozen, Self::Debt];

    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Held => "held",
            Self::Frozen => "frozen",
            Self::Debt => "debt",
            Self::Sold => "sold",
            Self::Granted => "granted",
            Self::Used => "used",
            Self::Expired => "expired",
            Self::ClawedBack => "clawed_back",
        }
    }

    pub(super) fn id(self, owner: Uuid) -> String {
        if Self::OWNED.contains(&self) { format!("{owner}:{}", self.kind()) } else { format!("system:{}", self.kind()) }
    }
}

/// What caused a transaction, for the statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Kind of thing: order, job, refund, dispute, admin, clock.
    pub kind: String,
    /// Which.
    pub id: String,
}

impl Cause {
    /// A cause.
    pub fn new(kind: &str, id: impl ToString) -> Self {
        Self { kind: kind.to_owned(), id: id.to_string() }
    }
}

/// A transaction in the making. Lines on one account and lot are added up; those that come to nothing vanish.
#[derive(Debug, Default)]
pub(super) struct Draft {
    lines: BTreeMap<(Uuid, Account), i64>,
}

impl Draft {
    pub(super) fn add(&mut self, lot: Uuid, account: Account, amount: i64) {
        *self.lines.entry((lot, account)).or_default() += amount;
    }

    /// Takes `amount` from one account and gives it to another, of the same lot.
    pub(super) fn shift(&mut self, lot: Uuid, from: Account, to: Account, amount: i64) {
        self.add(lot, from, -amount);
        self.add(lot, to, amount);
    }

    fn sum_of(&self, account: Account) -> i64 {
        self.lines.iter().filter(|((_, a), _)| *a == account).map(|(_, amount)| amount).sum()
    }
}

impl Ledger<'_> {
    /// Locks the person's row until the end of the transaction, and makes it (with the accounts) when there is none.
    pub(super) async fn lock(&self, owner: Uuid) -> Result<ledger_owner::Model, LedgerError> {
        let insert = "INSERT INTO ledger_owners (owner_ref, available, held, frozen, debt, created_at)
            VALUES ($1, 0, 0, 0, 0, $2) ON CONFLICT DO NOTHING";
        let made = self.tx.execute_raw(sql(&**self.tx, insert, [owner.into(), self.now().into()])).await?;
        if made.rows_affected() == 1 {
            for account in Account::OWNED {
                let insert = "INSERT INTO ledger_accounts (id, owner_ref, kind) VALUES ($1, $2, $3)";
                let values = [account.id(owner).into(), owner.into(), account.kind().into()];
                self.tx.execute_raw(sql(&**self.tx, insert, values)).await?;
            }
        }
        let select = format!("SELECT * FROM ledger_owners WHERE owner_ref = $1{}", self.tx.lock_clause());
        ledger_owner::Model::find_by_statement(sql(&**self.tx, select, [owner.into()]))
            .one(&**self.tx)
            .await?
            .ok_or_else(|| LedgerError::Broken(format!("the row of {owner} vanished")))
    }

    /// The transaction that an earlier call with this key made. Asked for after locking, so that the answer holds.
    pub(super) async fn earlier(&self, key: &str) -> Result<Option<ledger_txn::Model>, LedgerError> {
        Ok(ledger_txn::Entity::find().filter(ledger_txn::Column::IdemKey.eq(key)).one(&**self.tx).await?)
    }

    /// Writes a draft. One without lines is nothing at all and leaves no trace.
    pub(super) async fn post(
        &self,
        owner: Uuid,
        kind: TxnKind,
        key: String,
        cause: Cause,
        draft: Draft,
    ) -> Result<(), LedgerError> {
        let lines: Vec<_> = draft.lines.iter().filter(|(_, amount)| **amount != 0).collect();
        if lines.is_empty() {
            return Ok(());
        }
        if lines.iter().map(|(_, amount)| i128::from(**amount)).sum::<i128>() != 0 {
            return Err(LedgerError::Broken(format!("{key} does not sum to zero")));
        }
        self.move_owner(owner, &draft, &key).await?;
        let lots: std::collections::BTreeSet<Uuid> = lines.iter().map(|((lot, _), _)| *lot).collect();
        for lot in lots {
            self.move_lot(owner, lot, &draft, &key).await?;
        }
        let txn_id = self.world.new_id()?;
        let postings = lines.iter().zip(0_i64..).map(|(((lot, account), amount), line)| ledger_posting::ActiveModel {
            txn_id: Set(txn_id),
            line: Set(line),
            account_id: Set(account.id(owner)),
            lot_id: Set(*lot),
            amount: Set(**amount),
        });
        ledger_posting::Entity::insert_many(postings).exec_without_returning(&**self.tx).await?;
        let txn = ledger_txn::ActiveModel {
            id: Set(txn_id),
            owner_ref: Set(owner),
            kind: Set(kind),
            idem_key: Set(key),
            cause_type: Set(cause.kind),
            cause_id: Set(cause.id),
            created_at: Set(self.now()),
        };
        ledger_txn::Entity::insert(txn).exec_without_returning(&**self.tx).await?;
        Ok(())
    }

    async fn move_owner(&self, owner: Uuid, draft: &Draft, key: &str) -> Result<(), LedgerError> {
        let [available, held, frozen, debt] = Account::OWNED.map(|account| draft.sum_of(account));
        // Debt is what the person owes, so its account is negative.
        let update = "UPDATE ledger_owners SET available = available + $2, held = held + $3, frozen = frozen + $4, debt = debt - $5
            WHERE owner_ref = $1 AND available + $2 >= 0 AND held + $3 >= 0 AND frozen + $4 >= 0 AND debt - $5 >= 0";
        self.exactly_one(update, [owner.into(), available.into(), held.into(), frozen.into(), debt.into()], key).await
    }

    async fn move_lot(&self, owner: Uuid, lot: Uuid, draft: &Draft, key: &str) -> Result<(), LedgerError> {
        let of = |account| draft.lines.get(&(lot, account)).copied().unwrap_or(0);
        let (available, held, frozen) = (of(Account::Available), of(Account::Held), of(Account::Frozen));
        let update = "UPDATE ledger_lots SET available = available + $3, held = held + $4, frozen = frozen + $5
            WHERE id = $1 AND owner_ref = $2 AND available + $3 >= 0 AND held + $4 >= 0 AND frozen + $5 >= 0";
        self.exactly_one(update, [lot.into(), owner.into(), available.into(), held.into(), frozen.into()], key).await
    }

    async fn exactly_one<const N: usize>(
        &self,
        update: &str,
        values: [Value; N],
        key: &str,
    ) -> Result<(), LedgerError> {
        let result = self.tx.execute_raw(sql(&**self.tx, update, values)).await?;
        if result.rows_affected() == 1 { Ok(()) } else { Err(LedgerError::Broken(key.to_owned())) }
    }

    /// The sum of a lot's postings on one of the service's accounts.
    pub(super) async fn lot_sum(&self, owner: Uuid, lot: Uuid, account: Account) -> Result<i64, LedgerError> {
        let select = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS n FROM ledger_postings WHERE lot_id = $1 AND account_id = $2";
        Ok(crate::store::count_of(&**self.tx, select, [lot.into(), account.id(owner).into()]).await?)
    }

    /// A person's lots with something to spend, in the order in which they are spent: soonest to expire, given before paid, oldest.
    pub(super) async fn spendable(&self, owner: Uuid) -> Result<Vec<ledger_lot::Model>, LedgerError> {
        let select = "SELECT * FROM ledger_lots WHERE owner_ref = $1 AND available > 0
            ORDER BY CASE WHEN expires_at IS NULL THEN 1 ELSE 0 END, expires_at,
                CASE source WHEN 'promo' THEN 0 WHEN 'monthly' THEN 1 ELSE 2 END, created_at, id";
        Ok(ledger_lot::Model::find_by_statement(sql(&**self.tx, select, [owner.into()])).all(&**self.tx).await?)
    }
}
