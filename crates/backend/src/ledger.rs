//! Credits: an append-only double-entry ledger in integers, and the only code that writes a balance.
//!
//! A person's ledger has four accounts (available, held, frozen, debt); the service has five (sold, granted, used, expired, clawed back).
//! Credits move between them in transactions whose postings sum to zero, each with an idempotency key: the same cause happens once.
//! Every posting names its lot, so that what came together expires together and goes back where it came from.
//!
//! | what happens | from | to |
//! | --- | --- | --- |
//! | grant | sold or granted | available, after debt is paid |
//! | hold | available, the lot that expires first | held |
//! | capture | held | used |
//! | release | held | the same lot: available, frozen while it is disputed, expired when its time is over |
//! | expire | available | expired |
//! | claim taken (refund, lost dispute) | the lot, then other lots, then debt | clawed back |
//! | claim open (dispute) | available of the lot | frozen |
//! | claim void | clawed back or frozen | debt first, then the lot |
//!
//! Two rules make the result independent of the order in which news of payments arrives: claims only move on (open, taken, void) and each
//! change recomputes what the order must have lost; and nobody has credits and a debt at once.
//!
//! Functions take an open [`WriteTransaction`], because a job's state and its hold must change together. Each locks the person's row first.
//! Not here: prices, products, providers, whose ledger it is.

mod audit;
mod book;
mod claim;
mod expire;
mod grant;
mod hold;
mod statement;

pub use crate::store::entity::ledger_claim::ClaimState;
pub use crate::store::entity::ledger_hold::HoldState;
pub use crate::store::entity::ledger_lot::Source;
pub use audit::{Audit, audit, compare, differs};
pub use book::Cause;
pub use claim::{Claim, credits_to_claw_back};
pub use expire::sweep_expired;
pub use grant::Grant;
pub use hold::overdue_holds;
pub use statement::{Balance, Entry, balance, left_of, statement};

use crate::store::{StoreError, WriteTransaction};
use crate::world::{Moment, NoRandomness, World};
use sea_orm::DbErr;
use uuid::Uuid;

/// The most credits that move at once: far above any pack, far below what an i64 sums over.
pub const MOST_CREDITS: i64 = 1_000_000_000;

/// Why the ledger refuses.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Less is available than is needed.
    #[error("{needed} credits are needed and {available} are there")]
    NotEnough {
        /// For the job.
        needed: i64,
        /// To spend.
        available: i64,
        /// Owed.
        debt: i64,
    },
    /// Zero, negative or absurd.
    #[error("{0} is not a number of credits that can move")]
    BadAmount(i64),
    /// The same idempotency key came with other content: a fault of the caller.
    #[error("the key {0} was used for something else")]
    KeyReused(String),
    /// No such hold.
    #[error("no credits are held for job {0}")]
    NoHold(Uuid),
    /// The hold ended the other way.
    #[error("the credits of job {job} are already {state:?}")]
    Ended {
        /// The job.
        job: Uuid,
        /// How it ended.
        state: HoldState,
    },
    /// Holds or disputes are still open.
    #[error("the ledger still has {held} credits held and {frozen} frozen")]
    StillOpen {
        /// For jobs.
        held: i64,
        /// For disputes.
        frozen: i64,
    },
    /// A cached number would have gone below zero or past its row: a fault in this module, nothing was written.
    #[error("the ledger refuses a movement that does not fit its rows: {0}")]
    Broken(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DbErr> for LedgerError {
    fn from(error: DbErr) -> Self {
        Self::Store(error.into())
    }
}

impl From<NoRandomness> for LedgerError {
    fn from(error: NoRandomness) -> Self {
        Self::Store(error.into())
    }
}

/// Whether a call did something or found it done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Now.
    Done,
    /// An earlier call with the same key did it.
    DoneBefore,
}

/// The ledger within one database transaction.
#[derive(Clone, Copy, Debug)]
pub struct Ledger<'a> {
    tx: &'a WriteTransaction,
    world: &'a World,
}

impl<'a> Ledger<'a> {
    /// Works inside `tx`.
    pub fn new(tx: &'a WriteTransaction, world: &'a World) -> Self {
        Self { tx, world }
    }

    fn now(&self) -> Moment {
        self.world.now()
    }
}

fn check_amount(credits: i64) -> Result<i64, LedgerError> {
    if (1..=MOST_CREDITS).contains(&credits) { Ok(credits) } else { Err(LedgerError::BadAmount(credits)) }
}
