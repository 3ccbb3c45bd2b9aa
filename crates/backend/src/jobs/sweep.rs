//! Picks up what dead workers left, and ends what nobody waits for any more.

use super::queue::requeue;
use super::{Job, JobError, JobState, Why, end, locked, tell};
use crate::store::{Store, sql};
use crate::world::World;
use sea_orm::FromQueryResult;
use uuid::Uuid;

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Waits again: its worker gave no sign of life.
    pub requeued: usize,
    /// Ended, credits released.
    pub ended: usize,
}

/// Looks at jobs whose lease or deadline is over, at most `limit`, each in a transaction of its own.
///
/// A job past its deadline whose worker still lives is left to it: the worker hears of it at its next sign of life, and its result is refused.
///
/// # Errors
/// When the database fails; what is done stays done.
pub async fn sweep(store: &Store, world: &World, limit: u32) -> Result<Swept, JobError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
    }
    let now = world.now();
    let select = format!(
        "SELECT id FROM jobs WHERE (state = 'running' AND lease_until <= $1) OR (state = 'queued' AND deadline <= $1) ORDER BY id LIMIT {limit}"
    );
    let rows = Row::find_by_statement(sql(store.reader(), select, [now.into()])).all(store.reader()).await?;
    let mut swept = Swept::default();
    for row in rows {
        let tx = store.write_transaction().await?;
        let job = locked(&tx, row.id).await?;
        if !is_over(&job, world) {
            continue;
        }
        if job.cancel_requested {
            end(&tx, world, &job, JobState::Cancelled, Why::Stopped.word()).await?;
            swept.ended += 1;
        } else if job.deadline <= now {
            end(&tx, world, &job, JobState::Failed, Why::TookTooLong.word()).await?;
            swept.ended += 1;
        } else if job.attempt >= job.most_attempts {
            end(&tx, world, &job, JobState::Failed, Why::GaveUp.word()).await?;
            swept.ended += 1;
        } else {
            requeue(&tx, job.id, now).await?;
            tell(&tx, world, &job).await?;
            swept.requeued += 1;
        }
        tx.commit().await?;
    }
    Ok(swept)
}

/// Looked at again under the lock: the worker may have been quicker.
fn is_over(job: &Job, world: &World) -> bool {
    let now = world.now();
    match job.state {
        JobState::Running => job.lease_until.is_some_and(|until| until <= now),
        JobState::Queued => job.deadline <= now,
        JobState::Succeeded | JobState::Failed | JobState::Cancelled => false,
    }
}
