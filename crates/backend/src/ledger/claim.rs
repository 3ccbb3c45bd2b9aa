//! Refunds and disputes: what has to come back of an order.
//!
//! A claim is news about one refund or one dispute. Its state only moves on, and each news recomputes from all claims of the order how many
//! credits it must have lost in total; the difference to what it has lost is moved. So repeats do nothing, order does not matter, a
//! refund and a dispute of the same money never take twice (the sum is capped at what the order brought), and news may
//! come before the order's credits do.

use super::book::{Account, Cause, Draft};
use super::{ClaimState, Ledger, LedgerError, Outcome, check_amount};
use crate::store::entity::ledger_txn::TxnKind;
use crate::store::entity::{ledger_claim, ledger_lot};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use uuid::Uuid;

/// News about a refund or a dispute.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Names the refund or dispute: `stripe:re:<id>`, `stripe:dp:<id>`.
    pub key: String,
    /// The order whose credits it is about.
    pub order_ref: String,
    /// How many credits it wants back; always the same for one key.
    pub credits: i64,
    /// How far it is.
    pub state: ClaimState,
}

/// The part of an order's credits that goes with a part of its money: `floor(credits × refunded / paid)`, in the smallest units of any
/// currency. Everything when nothing was paid or more is refunded than was paid.
pub fn credits_to_claw_back(credits: i64, refunded: i64, paid: i64) -> i64 {
    if refunded <= 0 || credits <= 0 {
        return 0;
    }
    if paid <= 0 || refunded >= paid {
        return credits;
    }
    i64::try_from(i128::from(credits) * i128::from(refunded) / i128::from(paid)).unwrap_or(credits)
}

impl Ledger<'_> {
    /// Takes note of a claim and moves what follows from it.
    ///
    /// # Errors
    /// A key that was used for another order or amount; a database failure.
    pub async fn claim(&self, owner: Uuid, claim: Claim) -> Result<Outcome, LedgerError> {
        let credits = check_amount(claim.credits)?;
        self.lock(owner).await?;
        let now = self.now();
        match ledger_claim::Entity::find_by_id(&claim.key).one(&**self.tx).await? {
            Some(known)
                if known.owner_ref != owner || known.order_ref != claim.order_ref || known.credits != credits =>
            {
                return Err(LedgerError::KeyReused(claim.key));
            }
            Some(known) if known.state >= claim.state => return Ok(Outcome::DoneBefore),
            Some(known) => {
                let mut known = known.into_active_model();
                known.state = Set(claim.state);
                known.changed_at = Set(now);
                known.update_without_returning(&**self.tx).await?;
            }
            None => {
                let row = ledger_claim::ActiveModel {
                    claim_key: Set(claim.key.clone()),
                    owner_ref: Set(owner),
                    order_ref: Set(claim.order_ref.clone()),
                    credits: Set(credits),
                    state: Set(claim.state),
                    created_at: Set(now),
                    changed_at: Set(now),
                };
                ledger_claim::Entity::insert(row).exec_without_returning(&**self.tx).await?;
            }
        }
        let lot = ledger_lot::Entity::find()
            .filter(ledger_lot::Column::OrderRef.eq(&claim.order_ref))
            .one(&**self.tx)
            .await?;
        if let Some(lot) = lot {
            let step = match claim.state {
                ClaimState::Open => "open",
                ClaimState::Taken => "taken",
                ClaimState::Void => "void",
            };
            self.settle_claims(owner, lot.id, format!("{}:{step}", claim.key), Cause::new("claim", &claim.key)).await?;
        }
        Ok(Outcome::Done)
    }

    /// Whether a dispute of the lot's order is open.
    pub(super) async fn is_disputed(&self, lot: &ledger_lot::Model) -> Result<bool, LedgerError> {
        Ok(self.claims_of(lot).await?.iter().any(|claim| claim.state == ClaimState::Open))
    }

    async fn claims_of(&self, lot: &ledger_lot::Model) -> Result<Vec<ledger_claim::Model>, LedgerError> {
        let Some(order) = &lot.order_ref else { return Ok(Vec::new()) };
        Ok(ledger_claim::Entity::find().filter(ledger_claim::Column::OrderRef.eq(order)).all(&**self.tx).await?)
    }

    /// Brings a lot to what its claims say. The person's row is locked.
    pub(super) async fn settle_claims(
        &self,
        owner: Uuid,
        lot: Uuid,
        key: String,
        cause: Cause,
    ) -> Result<(), LedgerError> {
        let vanished = || LedgerError::Broken(format!("lot {lot} vanished"));
        let lot = ledger_lot::Entity::find_by_id(lot).one(&**self.tx).await?.ok_or_else(vanished)?;
        let claims = self.claims_of(&lot).await?;
        let wanted: i128 = claims.iter().filter(|c| c.state == ClaimState::Taken).map(|c| i128::from(c.credits)).sum();
        // Credits that expired unused were no use to anyone and are not taken again.
        let possible = lot.credits - self.lot_sum(owner, lot.id, Account::Expired).await?.clamp(0, lot.credits);
        let wanted = i64::try_from(wanted.min(i128::from(possible))).unwrap_or(possible);
        let taken = self.lot_sum(owner, lot.id, Account::ClawedBack).await?;
        let disputed = claims.iter().any(|claim| claim.state == ClaimState::Open);
        let mut debt = self.lock(owner).await?.debt;

        let mut draft = Draft::default();
        let mut frozen = lot.frozen;
        let mut available = lot.available;
        if wanted > taken {
            let mut missing = wanted - taken;
            draft.add(lot.id, Account::ClawedBack, missing);
            for (rest, account) in [(&mut frozen, Account::Frozen), (&mut available, Account::Available)] {
                let part = missing.min(*rest);
                *rest -= part;
                missing -= part;
                draft.add(lot.id, account, -part);
            }
            for other in self.spendable(owner).await?.into_iter().filter(|other| other.id != lot.id) {
                let part = missing.min(other.available);
                missing -= part;
                draft.add(other.id, Account::Available, -part);
            }
            draft.add(lot.id, Account::Debt, -missing);
            debt += missing;
        } else if wanted < taken {
            draft.add(lot.id, Account::ClawedBack, wanted - taken);
            self.give_back(&mut draft, &lot, taken - wanted, disputed, &mut debt);
        }
        if disputed {
            draft.shift(lot.id, Account::Available, Account::Frozen, available);
        } else {
            draft.add(lot.id, Account::Frozen, -frozen);
            self.give_back(&mut draft, &lot, frozen, false, &mut debt);
        }
        self.post(owner, TxnKind::Claim, key, cause, draft).await
    }
}
