//! What workers do with jobs: claim one, give signs of life, end it.

use super::{Job, JobError, JobState, Why, end, locked, tell};
use crate::objects::{self, Reserved};
use crate::store::entity::{job, job_result};
use crate::store::{Store, WriteTransaction, sql};
use crate::world::{Moment, World};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, FromQueryResult};
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

/// Who does a job. Programs from before there was a choice do not write it down: it follows from the kind then.
const PROVIDER: &str = "COALESCE(j.provider, CASE j.kind WHEN 'enhance' THEN 'Replicate' ELSE 'Anthropic' END)";

/// Claims a job of this provider's: of the person with the fewest jobs running, the one that waits longest. None when nothing is due.
/// From its first claim on it may take `life`, so that the wait in a long queue does not count.
///
/// # Errors
/// When the database fails.
pub async fn claim(store: &Store, world: &World, provider: &str, life: Duration) -> Result<Option<Lease>, JobError> {
    let tx = store.write_transaction().await?;
    let now = world.now();
    let select = format!(
        "SELECT j.* FROM jobs j WHERE j.state = 'queued' AND j.due_at <= $1 AND j.deadline > $1 AND {PROVIDER} = $2
        ORDER BY (SELECT COUNT(*) FROM jobs r WHERE r.user_id = j.user_id AND r.state = 'running'), j.due_at, j.id LIMIT 1{}",
        tx.claim_clause()
    );
    let values = [now.into(), provider.into()];
    let Some(mut job) = Job::find_by_statement(sql(&*tx, select, values)).one(&*tx).await? else { return Ok(None) };
    let owner = world.new_id()?;
    let until = now.plus(LEASE);
    if job.attempt == 0 {
        job.deadline = job.deadline.min(now.plus(life));
    }
    let update = "UPDATE jobs SET state = 'running', lease_owner = $2, lease_until = $3, attempt = attempt + 1, deadline = $4 WHERE id = $1";
    tx.execute_raw(sql(&*tx, update, [job.id.into(), owner.into(), until.into(), job.deadline.into()])).await?;
    tell(&tx, world, &job).await?;
    tx.commit().await?;
    job.state = JobState::Running;
    job.attempt += 1;
    (job.lease_owner, job.lease_until) = (Some(owner), Some(until));
    Ok(Some(Lease { job, owner }))
}

/// What a worker hears of its job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Go on.
    GoOn,
    /// Its time is over, or the person wants it stopped: end with [`Fault::Stopped`].
    Stop,
}

fn heard(job: &Job, now: Moment) -> Heard {
    if job.cancel_requested || job.deadline <= now { Heard::Stop } else { Heard::GoOn }
}

/// What the row says of a job that a worker has.
#[derive(Clone, Debug)]
pub struct Looked {
    /// Whether to go on.
    pub heard: Heard,
    /// When the provider last said by itself that something happened, and of which work of its.
    pub told: Option<(Moment, String)>,
    /// How far the work got.
    pub checkpoint: Option<String>,
}

/// Looks at the job without a sign of life: cheap, for often.
///
/// # Errors
/// [`JobError::LeaseLost`] when another worker has the job or it ended: stop at once.
pub async fn look(store: &Store, world: &World, lease: &Lease) -> Result<Looked, JobError> {
    let job = job::Entity::find_by_id(lease.job.id).one(store.reader()).await?.ok_or(JobError::LeaseLost)?;
    if !has(&job, lease) {
        return Err(JobError::LeaseLost);
    }
    let heard = heard(&job, world.now());
    Ok(Looked { heard, told: job.told_at.zip(job.told_prediction), checkpoint: job.checkpoint })
}

/// What a sign of life says beyond that there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sign<'a> {
    /// How far the work got, for the worker that may have to go on with it.
    pub checkpoint: Option<&'a str>,
    /// The same for the person, from 0 to 1.
    pub progress: Option<f32>,
}

/// Renews the lease and keeps how far the work got, when there is something new to keep. The person's apps hear of progress.
///
/// # Errors
/// [`JobError::LeaseLost`] when another worker has the job or it ended: stop at once.
pub async fn heartbeat(store: &Store, world: &World, lease: &Lease, sign: Sign<'_>) -> Result<Heard, JobError> {
    let tx = store.write_transaction().await?;
    let job = held(&tx, lease).await?;
    let now = world.now();
    let progress = sign.progress.map(|part| (part.clamp(0.0, 1.0) * 1000.0).round() as i64);
    let update = "UPDATE jobs SET lease_until = $2, checkpoint = COALESCE($3, checkpoint), progress = COALESCE($4, progress) WHERE id = $1";
    let kept: Option<String> = sign.checkpoint.map(str::to_owned);
    let values = [job.id.into(), now.plus(LEASE).into(), kept.into(), progress.into()];
    tx.execute_raw(sql(&*tx, update, values)).await?;
    if progress.is_some() && progress != job.progress {
        tell(&tx, world, &job).await?;
    }
    tx.commit().await?;
    Ok(heard(&job, now))
}

/// A picture that came of a job: written to the object store, referred to by nothing yet.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Where it is.
    pub key: Reserved,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Size of the file.
    pub bytes: u64,
    /// Of the file, hexadecimal.
    pub sha256: String,
    /// Of the file.
    pub media_type: &'static str,
}

/// The job succeeds: the person gets the result and the credits are captured, in one step.
///
/// # Errors
/// [`JobError::LeaseLost`] when it is too late: throw the result away. The credits were or will be released; a late result is not given for free, so
/// that what the person was told stays true.
pub async fn succeed(
    store: &Store,
    world: &World,
    lease: &Lease,
    result: &str,
    picture: Option<&Picture>,
) -> Result<(), JobError> {
    let tx = store.write_transaction().await?;
    let job = held(&tx, lease).await?;
    let late = heard(&job, world.now()) == Heard::Stop;
    if late {
        let (state, why) = stopped(&job);
        end(&tx, world, &job, state, why.word()).await?;
    } else {
        if let Some(picture) = picture {
            keep(&tx, world, &job, picture).await?;
        }
        end(&tx, world, &job, JobState::Succeeded, result).await?;
    }
    tx.commit().await?;
    if late { Err(JobError::LeaseLost) } else { Ok(()) }
}

async fn keep(tx: &WriteTransaction, world: &World, job: &Job, picture: &Picture) -> Result<(), JobError> {
    let row = job_result::ActiveModel {
        job_id: Set(job.id),
        user_id: Set(job.user_id),
        object_key: Set(picture.key.as_str().to_owned()),
        width: Set(i64::from(picture.width)),
        height: Set(i64::from(picture.height)),
        bytes: Set(i64::try_from(picture.bytes).unwrap_or(i64::MAX)),
        sha256: Set(picture.sha256.clone()),
        media_type: Set(picture.media_type.to_owned()),
        created_at: Set(world.now()),
    };
    job_result::Entity::insert(row).exec_without_returning(&**tx).await?;
    Ok(objects::keep(tx, &picture.key).await?)
}

/// How a job ends that heard [`Heard::Stop`].
fn stopped(job: &Job) -> (JobState, Why) {
    if job.cancel_requested { (JobState::Cancelled, Why::Stopped) } else { (JobState::Failed, Why::TookTooLong) }
}

/// Why an attempt did not work out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It may the next time: not before this long.
    Later(Duration, Why),
    /// It was not tried at all, so it does not count: not before this long.
    NotYet(Duration, Why),
    /// It never will.
    Never(Why),
    /// It heard [`Heard::Stop`].
    Stopped,
}

/// Ends an attempt: the job waits for the next one, or ends and the credits are released.
///
/// # Errors
/// [`JobError::LeaseLost`] when it is not this worker's any more.
pub async fn fail(store: &Store, world: &World, lease: &Lease, fault: Fault) -> Result<JobState, JobError> {
    let tx = store.write_transaction().await?;
    let job = held(&tx, lease).await?;
    let now = world.now();
    let again = |wait: Duration| now.plus(wait) < job.deadline && !job.cancel_requested;
    let state = match fault {
        Fault::Later(wait, _) if job.attempt < job.most_attempts && again(wait) => {
            requeue(&tx, job.id, now.plus(wait)).await?;
            JobState::Queued
        }
        Fault::NotYet(wait, _) if again(wait) => {
            requeue(&tx, job.id, now.plus(wait)).await?;
            tx.execute_raw(sql(&*tx, "UPDATE jobs SET attempt = attempt - 1 WHERE id = $1", [job.id.into()])).await?;
            JobState::Queued
        }
        Fault::Later(_, why) | Fault::NotYet(_, why) | Fault::Never(why) if !job.cancel_requested => {
            end(&tx, world, &job, JobState::Failed, why.word()).await?;
            JobState::Failed
        }
        _ => {
            let (state, why) = stopped(&job);
            end(&tx, world, &job, state, why.word()).await?;
            state
        }
    };
    if state == JobState::Queued {
        tell(&tx, world, &job).await?;
    }
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
    if has(&job, lease) { Ok(job) } else { Err(JobError::LeaseLost) }
}

fn has(job: &Job, lease: &Lease) -> bool {
    job.state == JobState::Running && job.lease_owner == Some(lease.owner)
}
