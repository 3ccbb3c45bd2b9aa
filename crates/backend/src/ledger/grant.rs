//! Credits come: bought, with the plan, or given.

use super::book::{Account, Cause, Draft};
use super::{Ledger, LedgerError, Outcome, Source, check_amount};
use crate::store::entity::ledger_lot;
use crate::store::entity::ledger_txn::TxnKind;
use crate::world::Moment;
use sea_orm::{ActiveValue::Set, EntityTrait};
use uuid::Uuid;

/// Credits to come.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Where from.
    pub source: Source,
    /// How many, 1 to [`super::MOST_CREDITS`].
    pub credits: i64,
    /// When the rest is gone; never, if none.
    pub expires_at: Option<Moment>,
    /// The order that paid, so that refunds and disputes find them.
    pub order_ref: Option<String>,
    /// The same grant has the same key: `stripe:cs:<id>`, `stripe:in:<id>`, `admin:<id>`.
    pub key: String,
    /// What caused it.
    pub cause: Cause,
}

impl Ledger<'_> {
    /// Adds credits. Debt is paid first; claims on the order that arrived before it are applied at once.
    ///
    /// # Errors
    /// An amount out of range, a key used for something else, or a database failure.
    pub async fn grant(&self, owner: Uuid, grant: Grant) -> Result<Outcome, LedgerError> {
        let credits = check_amount(grant.credits)?;
        let row = self.lock(owner).await?;
        if let Some(earlier) = self.earlier(&grant.key).await? {
            let same = earlier.kind == TxnKind::Grant && earlier.owner_ref == owner;
            return if same { Ok(Outcome::DoneBefore) } else { Err(LedgerError::KeyReused(grant.key)) };
        }
        let lot = ledger_lot::Model {
            id: self.world.new_id()?,
            owner_ref: owner,
            source: grant.source,
            order_ref: grant.order_ref.clone(),
            credits,
            expires_at: grant.expires_at,
            created_at: self.now(),
            available: 0,
            held: 0,
            frozen: 0,
        };
        let insert = ledger_lot::ActiveModel {
            id: Set(lot.id),
            owner_ref: Set(owner),
            source: Set(lot.source),
            order_ref: Set(lot.order_ref.clone()),
            credits: Set(credits),
            expires_at: Set(lot.expires_at),
            created_at: Set(lot.created_at),
            available: Set(0),
            held: Set(0),
            frozen: Set(0),
        };
        ledger_lot::Entity::insert(insert).exec_without_returning(&**self.tx).await?;
        let from = if grant.source == Source::Paid { Account::Sold } else { Account::Granted };
        let mut draft = Draft::default();
        draft.shift(lot.id, from, Account::Available, credits);
        draft.shift(lot.id, Account::Available, Account::Debt, credits.min(row.debt));
        self.post(owner, TxnKind::Grant, grant.key.clone(), grant.cause, draft).await?;
        if grant.order_ref.is_some() {
            self.settle_claims(
                owner,
                lot.id,
                format!("{}:claims", grant.key),
                Cause::new("order", lot.order_ref.unwrap_or_default()),
            )
            .await?;
        }
        Ok(Outcome::Done)
    }
}
