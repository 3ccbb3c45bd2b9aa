//! A person deletes a job or a photo: the photo, what was made of it and everything that was said of it. What stays is that there was a job, and
//! its price.

use super::{Asked, Job, JobError, JobState, Why, end, locked, tell};
use crate::app::App;
use crate::objects;
use crate::privacy::stones::{self, Thing};
use crate::store::entity::{job_result, photo};
use crate::store::{WriteTransaction, count_of, sql};
use sea_orm::{ConnectionTrait, EntityTrait, FromQueryResult};
use uuid::Uuid;

/// Of a person's jobs those that are about a photo, `$2` between two `%`: its id stands nowhere else in what was asked.
const ABOUT: &str = "FROM jobs WHERE user_id = $1 AND deleted_at IS NULL AND request LIKE $2";

/// Deletes a job of a person with its photos; one that runs is stopped.
///
/// # Errors
/// [`JobError::Unknown`], or a database failure.
pub async fn forget(app: &App, user: Uuid, id: Uuid) -> Result<(), JobError> {
    let tx = app.store.write_transaction().await?;
    let job = locked(&tx, id).await?;
    if job.user_id != user || job.deleted_at.is_some() {
        return Err(JobError::Unknown);
    }
    erase(app, &tx, &job).await?;
    for id in Asked::of(&job).map(|asked| asked.photos).unwrap_or_default() {
        // A photo stays as long as another job of the person is about it.
        let others = format!("SELECT COUNT(*) AS n {ABOUT}");
        if count_of(&*tx, &others, [user.into(), format!("%{id}%").into()]).await? == 0 {
            remove_photo(app, &tx, user, id).await?;
        }
    }
    if job.state == JobState::Queued {
        end(&tx, &app.world, &job, JobState::Cancelled, Why::Stopped.word()).await?;
    } else {
        tell(&tx, &app.world, &job).await?;
    }
    tx.commit().await?;
    objects::sweep_now(app).await;
    Ok(())
}

/// Deletes a photo of a person and every job about it that has ended, with its result. A job that waits for the photo fails, one that runs
/// is stopped: both cost nothing. False when there is no such photo.
///
/// # Errors
/// When the database fails; then nothing of it has happened.
pub async fn forget_photo(app: &App, user: Uuid, id: Uuid) -> Result<bool, JobError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
    }
    let tx = app.store.write_transaction().await?;
    let about = format!("SELECT id {ABOUT} ORDER BY id");
    let rows = Row::find_by_statement(sql(&*tx, about, [user.into(), format!("%{id}%").into()])).all(&*tx).await?;
    // All rows are locked before anything else is, as everywhere: nobody who holds one of them waits for us.
    let mut jobs = Vec::with_capacity(rows.len());
    for row in rows {
        jobs.push(locked(&tx, row.id).await?);
    }
    if !remove_photo(app, &tx, user, id).await? {
        return Ok(false);
    }
    // Credits are moved before anybody is told, for the same reason.
    jobs.sort_by_key(|job| (job.state != JobState::Queued, -job.price));
    for job in jobs.iter().filter(|job| job.deleted_at.is_none()) {
        match job.state {
            JobState::Queued => end(&tx, &app.world, job, JobState::Failed, Why::PhotoGone.word()).await?,
            JobState::Running => {
                let stop = "UPDATE jobs SET cancel_requested = $2 WHERE id = $1";
                tx.execute_raw(sql(&*tx, stop, [job.id.into(), true.into()])).await?;
                tell(&tx, &app.world, job).await?;
            }
            JobState::Succeeded | JobState::Failed | JobState::Cancelled => {
                erase(app, &tx, job).await?;
                tell(&tx, &app.world, job).await?;
            }
        }
    }
    tx.commit().await?;
    objects::sweep_now(app).await;
    Ok(true)
}

/// Takes what was asked and what came of it out of a job's row; the job is not shown any more.
async fn erase(app: &App, tx: &WriteTransaction, job: &Job) -> Result<(), JobError> {
    let ended = !matches!(job.state, JobState::Queued | JobState::Running);
    // What a worker still needs to tidy up at the provider stays until it has ended.
    let update = "UPDATE jobs SET request = '{}', result = NULL, told_prediction = NULL, deleted_at = $2, cancel_requested = $3 WHERE id = $1";
    tx.execute_raw(sql(&**tx, update, [job.id.into(), app.world.now().into(), (!ended).into()])).await?;
    stones::set(tx, &app.world, Thing::Job, job.id).await?;
    if let Some(result) = job_result::Entity::find_by_id(job.id).one(&**tx).await? {
        job_result::Entity::delete_by_id(job.id).exec(&**tx).await?;
        objects::doom(tx, &app.world, &result.object_key).await?;
    }
    Ok(())
}

/// Removes a photo's row and dooms its object; false when the person has no such photo.
async fn remove_photo(app: &App, tx: &WriteTransaction, user: Uuid, id: Uuid) -> Result<bool, JobError> {
    let Some(photo) = photo::Entity::find_by_id(id).one(&**tx).await?.filter(|photo| photo.user_id == user) else {
        return Ok(false);
    };
    if photo::Entity::delete_by_id(id).exec(&**tx).await?.rows_affected == 0 {
        return Ok(false);
    }
    stones::set(tx, &app.world, Thing::Photo, id).await?;
    objects::doom(tx, &app.world, &photo.object_key).await?;
    Ok(true)
}
