//! Jobs: work for a person that outlives the request, and the durable queue in which it waits.
//!
//! The row in the database is the truth. A job and its hold on credits change in one transaction, so a job ends in exactly one of three
//! states: succeeded with the credits captured, failed or cancelled with the credits released. A worker has a job by a lease that it renews; when
//! it dies, another one goes on from the last checkpoint, and whatever the first still says about it is refused.
//!
//! Not here: what the work is (`work`). Providers are called by whoever claims a job, never inside a transaction.

mod ask;
mod forget;
pub mod prices;
mod queue;
mod routes;
mod shown;
mod submit;
mod sweep;
mod why;

pub use crate::store::entity::job::{JobState, Model as Job};
pub use ask::Asked;
pub use forget::{forget, forget_photo};
pub use queue::{Fault, Heard, LEASE, Lease, Looked, Picture, Sign, claim, fail, heartbeat, look, succeed};
pub use routes::routes;
pub use submit::{Request, cancel, find, submit};
pub use sweep::{Swept, sweep};
pub use why::Why;

use crate::changes::{ChangeKind, note};
use crate::ledger::LedgerError;
use crate::store::{StoreError, WriteTransaction, sql};
use crate::world::{NoRandomness, World};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use uuid::Uuid;

/// Why something about a job is refused.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The credits.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// No such job, or not theirs.
    #[error("there is no such job")]
    Unknown,
    /// The worker does not have the job any more: it took too long, or the job ended. What it made is thrown away.
    #[error("the job is not this worker's any more")]
    LeaseLost,
    /// It ended before.
    #[error("the job has ended already")]
    Ended,
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        Self::Ledger(error.into())
    }
}

impl From<DbErr> for JobError {
    fn from(error: DbErr) -> Self {
        Self::Ledger(error.into())
    }
}

impl From<NoRandomness> for JobError {
    fn from(error: NoRandomness) -> Self {
        Self::Ledger(error.into())
    }
}

/// A job's row, locked until the end of the transaction.
async fn locked(tx: &WriteTransaction, id: Uuid) -> Result<Job, JobError> {
    let select = format!("SELECT * FROM jobs WHERE id = $1{}", tx.lock_clause());
    Job::find_by_statement(sql(&**tx, select, [id.into()])).one(&**tx).await?.ok_or(JobError::Unknown)
}

/// Ends a job whose row is locked and not yet final, and its hold with it.
async fn end(tx: &WriteTransaction, world: &World, job: &Job, state: JobState, said: &str) -> Result<(), JobError> {
    let ledger = crate::ledger::Ledger::new(tx, world);
    let (word, column) = match state {
        JobState::Succeeded => ("succeeded", "result"),
        JobState::Cancelled => ("cancelled", "fault"),
        _ => ("failed", "fault"),
    };
    if job.price > 0 {
        if state == JobState::Succeeded {
            ledger.capture(job.id).await?
        } else {
            ledger.release(job.id).await?
        };
    }
    let update = format!(
        "UPDATE jobs SET state = $2, ended_at = $3, {column} = $4, lease_owner = NULL, lease_until = NULL, checkpoint = NULL, progress = NULL WHERE id = $1"
    );
    tx.execute_raw(sql(&**tx, update, [job.id.into(), word.into(), world.now().into(), said.into()])).await?;
    tell_with_credits(tx, world, job).await
}

/// Tells the person's apps that a job changed. Last before the commit.
async fn tell(tx: &WriteTransaction, world: &World, job: &Job) -> Result<(), JobError> {
    Ok(note(tx, world, job.user_id, ChangeKind::Job, Some(job.id)).await?)
}

/// The same when credits moved with it.
async fn tell_with_credits(tx: &WriteTransaction, world: &World, job: &Job) -> Result<(), JobError> {
    tell(tx, world, job).await?;
    if job.price > 0 {
        note(tx, world, job.user_id, ChangeKind::Credits, None).await?;
    }
    Ok(())
}
