//! What workers do with jobs: claim one, give signs of life, end it.

use super::{Job, JobError, JobState, end, locked, tell};
use crate::store::{Store, WriteTransaction, sql};
use crate::world::{Moment, World};
use sea_orm::{ConnectionTrait, FromQueryResult};
use std::time::Duration;
use uuid::Uuid;

/// How long a worker has a job without giving a sign of life. Give one every third of it.
pub const LEASE: Duration = Duration::from_secs(60);

/// A job that this worker has.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The job, as it was when it was claimed.
    pub job: Job,
    /// Names this claim: the same worker's next claim is another one.
    owner: Uuid,
}

/// Claims a job of one of these kinds: of the person with the fewest jobs running, the one that waits longest. None when nothing is due.
///
/// # Errors
/// When the database fails.
pub async fn claim(store: &Store, world: &World, kinds: &[&str]) -> Result<Option<Lease>, JobError> {
    let tx = store.write_transaction().await?;
    let now = world.now();
    let names: Vec<String> = (0..kinds.len()).map(|index| format!("${}", index + 2)).collect();
    let select = format!(
        "SELECT j.* FROM jobs j WHERE j.state = 'queued' AND j.due_at <= $1 AND j.deadline > $1 AND j.kind IN ({})
        ORDER BY (SELECT COUNT(*) FROM jobs r WHERE r.user_id = j.user_id AND r.state = 'running'), j.due_at, j.id LIMIT 1{}",
        names.join(", "),
        tx.claim_clause()
    );
    let values = std::iter::once(now.into()).chain(kinds.iter().map(|kind| (*kind).into()));
    let Some(mut job) = Job::find_by_statement(sql(&*tx, select, values)).one(&*tx).await? else { return Ok(None) };
    let owner = world.new_id()?;
    let until = now.plus(LEASE);
    let update =
        "UPDATE jobs SET state = 'running', lease_owner = $2, lease_until = $3, attempt = attempt + 1 WHERE id = $1";
    tx.execute_raw(sql(&*tx, update, [job.id.into(), owner.into(), until.into()])).await?;
    tell(&tx, world, &job).await?;
    tx.commit().await?;
    job.state = JobState::Running;
    job.attempt += 1;
    (job.lease_owner, job.lease_until) = (Some(owner), Some(until));
    Ok(Some(Lease { job, owner }))
}

/// What a worker hears after a sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Go on.
    GoOn,
    /// The person wants it stopped: end with [`Fault::Cancelled`].
    Stop,
}

/// Renews the lease and keeps how far the work got, when there is something new to keep.
///
/// # Errors
/// [`JobError::LeaseLost`] when another worker has the job or it ended: stop at once.
pub async fn heartbeat(
    store: &Store,
    world: &World,
    lease: &Lease,
    checkpoint: Option<&str>,
) -> Result<Heard, JobError> {
    let tx = store.write_transaction().await?;
    let job = held(&tx, lease).await?;
    let now = world.now();
    let update = "UPDATE jobs SET lease_until = $2, checkpoint = COALESCE($3, checkpoint) WHERE id = $1";
    let kept: Option<String> = checkpoint.map(str::to_owned);
    tx.execute_raw(sql(&*tx, update, [job.id.into(), now.plus(LEASE).into(), kept.into()])).await?;
    tx.commit().await?;
    Ok(if job.cancel_requested || job.deadline <= now { Heard::Stop } else { Heard::GoOn })
}

/// The result is stored and the person can have it: the job succeeds and the credits are captured.
///
/// # Errors
/// [`JobError::LeaseLost`] when it is too late: throw the result away. The credits were or will be released; a late result is not given for free, so
/// that what the person was told stays true.
pub async fn succeed(store: &Store, world: &World, lease: &Lease, result: &str) -> Result<(), JobError> {
    let tx = store.write_transaction().await?;
    let job = held(&tx, lease).await?;
    if job.cancel_requested || job.deadline <= world.now() {
        let (state, said) = if job.cancel_requested {
            (JobState::Cancelled, "stopped by you")
        } else {
            (JobState::Failed, "it took too long")
        };
        end(&tx, world, &job, state, said).await?;
        tx.commit().await?;
        return Err(JobError::LeaseLost);
    }
    end(&tx, world, &job, JobState::Succeeded, result).await?;
    tx.commit().await?;
    Ok(())
}

/// Why a job did not work out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It may the next time: not before this long.
    Later(Duration, String),
    /// It never will.
    Never(String),
    /// The person stopped it.
    Cancelled,
}

/// Ends an attempt: the job waits for the next one, or ends and the credits are released.
///
/// # Errors
/// [`JobError::LeaseLost`] when it is not this worker's any more.
pub async fn fail(store: &Store, world: &World, lease: &Lease, fault: Fault) -> Result<JobState, JobError> {
    let tx = store.write_transaction().await?;
    let job = held(&tx, lease).await?;
    let now = world.now();
    let state = match fault {
        Fault::Later(wait, _)
            if job.attempt < job.most_attempts && now.plus(wait) < job.deadline && !job.cancel_requested =>
        {
            requeue(&tx, job.id, now.plus(wait)).await?;
            tell(&tx, world, &job).await?;
            JobState::Queued
        }
        Fault::Later(_, said) | Fault::Never(said) if !job.cancel_requested => {
            end(&tx, world, &job, JobState::Failed, &said).await?;
            JobState::Failed
        }
        _ => {
            end(&tx, world, &job, JobState::Cancelled, "stopped by you").await?;
            JobState::Cancelled
        }
    };
    tx.commit().await?;
    Ok(state)
}

pub(super) async fn requeue(tx: &WriteTransaction, id: Uuid, due: Moment) -> Result<(), JobError> {
    let update = "UPDATE jobs SET state = 'queued', due_at = $2, lease_owner = NULL, lease_until = NULL WHERE id = $1";
    tx.execute_raw(sql(&**tx, update, [id.into(), due.into()])).await?;
    Ok(())
}

/// The job's row, locked, if this claim still has it.
async fn held(tx: &WriteTransaction, lease: &Lease) -> Result<Job, JobError> {
    let job = locked(tx, lease.job.id).await?;
    if job.state == JobState::Running && job.lease_owner == Some(lease.owner) {
        Ok(job)
    } else {
        Err(JobError::LeaseLost)
    }
}
