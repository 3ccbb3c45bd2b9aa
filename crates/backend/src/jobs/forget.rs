//! A person deletes a job: its photos, its result and everything that was said of it. What stays is that there was a job, and its price.

use super::{Asked, JobError, JobState, Why, end, locked, tell};
use crate::app::App;
use crate::objects;
use crate::store::entity::{job_result, photo};
use crate::store::{WriteTransaction, count_of, sql};
use sea_orm::{ConnectionTrait, EntityTrait};
use uuid::Uuid;

/// Deletes a job of a person; one that runs is stopped.
///
/// # Errors
/// [`JobError::Unknown`], or a database failure.
pub async fn forget(app: &App, user: Uuid, id: Uuid) -> Result<(), JobError> {
    let tx = app.store.write_transaction().await?;
    let job = locked(&tx, id).await?;
    if job.user_id != user || job.deleted_at.is_some() {
        return Err(JobError::Unknown);
    }
    let ended = !matches!(job.state, JobState::Queued | JobState::Running);
    // What a worker still needs to tidy up at the provider stays until it has ended.
    let update = "UPDATE jobs SET request = '{}', result = NULL, told_prediction = NULL, deleted_at = $2, cancel_requested = $3 WHERE id = $1";
    tx.execute_raw(sql(&*tx, update, [id.into(), app.world.now().into(), (!ended).into()])).await?;
    if let Some(result) = job_result::Entity::find_by_id(id).one(&*tx).await? {
        job_result::Entity::delete_by_id(id).exec(&*tx).await?;
        objects::doom(&tx, &app.world, &result.object_key).await?;
    }
    for id in Asked::of(&job).map(|asked| asked.photos).unwrap_or_default() {
        delete_photo(app, &tx, user, id).await?;
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

/// Deletes a photo, unless another job of the person is about it as well.
async fn delete_photo(app: &App, tx: &WriteTransaction, user: Uuid, id: Uuid) -> Result<(), JobError> {
    let others = "SELECT COUNT(*) AS n FROM jobs WHERE user_id = $1 AND deleted_at IS NULL AND request LIKE $2";
    if count_of(&**tx, others, [user.into(), format!("%{id}%").into()]).await? > 0 {
        return Ok(());
    }
    let Some(photo) = photo::Entity::find_by_id(id).one(&**tx).await?.filter(|photo| photo.user_id == user) else {
        return Ok(());
    };
    photo::Entity::delete_by_id(id).exec(&**tx).await?;
    Ok(objects::doom(tx, &app.world, &photo.object_key).await?)
}
