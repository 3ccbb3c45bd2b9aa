//! What people do with jobs: ask for one, look at it, stop it.

use super::{Job, JobError, JobState, Why, end, locked, tell, tell_with_credits};
use crate::ledger::Ledger;
use crate::store::entity::{job, user};
use crate::store::{Store, sql};
use crate::world::World;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use std::time::Duration;
use uuid::Uuid;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// What kind of work.
    pub kind: &'a str,
    /// Who is to do it.
    pub provider: &'a str,
    /// From the app: the same request has the same key.
    pub idem_key: &'a str,
    /// As JSON.
    pub content: &'a str,
    /// Credits, as shown to the person before.
    pub price: i64,
    /// How often a worker may try.
    pub most_attempts: u32,
    /// How long anybody waits for it.
    pub life: Duration,
}

/// Sets the credits aside and queues the job, in one step. The same key again gives the same job.
///
/// # Errors
/// Not enough credits; a key that was used for another request; a database failure.
pub async fn submit(store: &Store, world: &World, user: &user::Model, request: Request<'_>) -> Result<Job, JobError> {
    let tx = store.write_transaction().await?;
    let ledger = Ledger::new(&tx, world);
    // Two requests with one key stand in line here.
    ledger.expire_lots_of(user.owner_ref).await?;
    if let Some(earlier) = earlier(&*tx, user.id, &request).await? {
        return Ok(earlier);
    }
    let now = world.now();
    let job = Job {
        id: world.new_id()?,
        user_id: user.id,
        owner_ref: user.owner_ref,
        kind: request.kind.to_owned(),
        idem_key: request.idem_key.to_owned(),
        request: request.content.to_owned(),
        price: request.price,
        state: JobState::Queued,
        cancel_requested: false,
        attempt: 0,
        most_attempts: i64::from(request.most_attempts.max(1)),
        due_at: now,
        deadline: now.plus(request.life),
        lease_owner: None,
        lease_until: None,
        checkpoint: None,
        result: None,
        fault: None,
        created_at: now,
        ended_at: None,
        deleted_at: None,
        told_at: None,
        told_prediction: None,
        provider: Some(request.provider.to_owned()),
        progress: None,
    };
    if job.price != 0 {
        ledger.hold(user.owner_ref, job.id, job.price, job.deadline).await?;
    }
    insert(&*tx, &job).await?;
    tell_with_credits(&tx, world, &job).await?;
    tx.commit().await?;
    Ok(job)
}

/// The job that was asked for with this key before: asked again, it is the same one, whatever has changed since.
///
/// # Errors
/// [`JobError::KeyReused`] when it was another request, or a database failure.
pub(super) async fn earlier(
    connection: &impl ConnectionTrait,
    user: Uuid,
    request: &Request<'_>,
) -> Result<Option<Job>, JobError> {
    let earlier = job::Entity::find()
        .filter(job::Column::UserId.eq(user))
        .filter(job::Column::IdemKey.eq(request.idem_key))
        .one(connection)
        .await?;
    let same = |earlier: &Job| {
        earlier.kind == request.kind && earlier.request == request.content && earlier.price == request.price
    };
    if earlier.as_ref().is_some_and(|earlier| !same(earlier)) { Err(JobError::KeyReused) } else { Ok(earlier) }
}

async fn insert(connection: &impl ConnectionTrait, job: &Job) -> Result<(), JobError> {
    let row = job::ActiveModel {
        id: Set(job.id),
        user_id: Set(job.user_id),
        owner_ref: Set(job.owner_ref),
        kind: Set(job.kind.clone()),
        idem_key: Set(job.idem_key.clone()),
        request: Set(job.request.clone()),
        price: Set(job.price),
        state: Set(job.state),
        cancel_requested: Set(false),
        attempt: Set(0),
        most_attempts: Set(job.most_attempts),
        due_at: Set(job.due_at),
        deadline: Set(job.deadline),
        lease_owner: Set(None),
        lease_until: Set(None),
        checkpoint: Set(None),
        result: Set(None),
        fault: Set(None),
        created_at: Set(job.created_at),
        ended_at: Set(None),
        deleted_at: Set(None),
        told_at: Set(None),
        told_prediction: Set(None),
        provider: Set(job.provider.clone()),
        progress: Set(None),
    };
    job::Entity::insert(row).exec_without_returning(connection).await?;
    Ok(())
}

/// A person's job; another one's is not there.
///
/// # Errors
/// [`JobError::Unknown`], or a database failure.
pub async fn find(store: &Store, user: Uuid, id: Uuid) -> Result<Job, JobError> {
    let job = job::Entity::find_by_id(id).one(store.reader()).await?;
    job.filter(|job| job.user_id == user && job.deleted_at.is_none()).ok_or(JobError::Unknown)
}

/// Stops a job: at once while it waits; when a worker has it, the worker hears of it at its next sign of life, and its result is refused.
///
/// # Errors
/// Unknown, ended before, or a database failure.
pub async fn cancel(store: &Store, world: &World, user: Uuid, id: Uuid) -> Result<(), JobError> {
    let tx = store.write_transaction().await?;
    let job = locked(&tx, id).await?;
    if job.user_id != user || job.deleted_at.is_some() {
        return Err(JobError::Unknown);
    }
    match job.state {
        JobState::Queued => end(&tx, world, &job, JobState::Cancelled, Why::Stopped.word()).await?,
        JobState::Running => {
            tx.execute_raw(sql(&*tx, "UPDATE jobs SET cancel_requested = $2 WHERE id = $1", [id.into(), true.into()]))
                .await?;
            tell(&tx, world, &job).await?;
        }
        JobState::Cancelled => return Ok(()),
        JobState::Succeeded | JobState::Failed => return Err(JobError::Ended),
    }
    tx.commit().await?;
    Ok(())
}
