//! The ledger's failure cases by their numbers, LE1 to LE9, and the rules that the database itself keeps.

mod cases;
mod property;

use crate::support::TestDatabase;
use pretty_backend::ledger::{
    Balance, Cause, Claim, ClaimState, Grant, Ledger, LedgerError, Outcome, Source, audit, balance, sweep_expired,
};
use pretty_backend::world::Moment;
use std::time::Duration;
use uuid::Uuid;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What can be asked of the ledger, as data.
#[derive(Clone, Debug)]
enum Step {
    Grant { order: String, source: Source, credits: i64, expires_at: Option<Moment> },
    Claim { key: String, order: String, credits: i64, state: ClaimState },
    Hold { job: Uuid, credits: i64 },
    Capture { job: Uuid },
    Release { job: Uuid },
    Close,
}

fn bought(order: &str, credits: i64) -> Step {
    Step::Grant { order: order.to_owned(), source: Source::Paid, credits, expires_at: None }
}

fn claim(key: &str, order: &str, credits: i64, state: ClaimState) -> Step {
    Step::Claim { key: key.to_owned(), order: order.to_owned(), credits, state }
}

fn job(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

impl TestDatabase {
    async fn step(&self, owner: Uuid, step: Step) -> Result<Outcome, LedgerError> {
        let tx = self.store.write_transaction().await?;
        let ledger = Ledger::new(&tx, &self.world);
        let outcome = match step {
            Step::Grant { order, source, credits, expires_at } => {
                let cause = Cause::new("order", &order);
                let grant = Grant {
                    source,
                    credits,
                    expires_at,
                    key: format!("stripe:cs:{order}"),
                    order_ref: Some(order),
                    cause,
                };
                ledger.grant(owner, grant).await?
            }
            Step::Claim { key, order, credits, state } => {
                ledger.claim(owner, Claim { key, order_ref: order, credits, state }).await?
            }
            Step::Hold { job, credits } => ledger.hold(owner, job, credits, self.world.now().plus(DAY)).await?,
            Step::Capture { job } => ledger.capture(job).await?,
            Step::Release { job } => ledger.release(job).await?,
            Step::Close => ledger.close(owner).await?,
        };
        tx.commit().await?;
        Ok(outcome)
    }

    async fn done(&self, owner: Uuid, step: Step) {
        assert_eq!(self.step(owner, step).await.unwrap(), Outcome::Done);
    }

    async fn balance(&self, owner: Uuid) -> Balance {
        balance(&self.store, owner, self.world.now()).await.unwrap()
    }

    async fn check_clean(&self) {
        let audit = audit(&self.store).await.unwrap();
        assert!(audit.is_clean(), "{audit:?}");
    }
}

fn has(available: i64, held: i64, frozen: i64, debt: i64) -> Balance {
    Balance { available, held, frozen, debt }
}
