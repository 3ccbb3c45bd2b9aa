//! What workers do: claim jobs, have somebody do them, check what comes back, end them.
//!
//! Each [provider](provider) has a lane of its own with so many jobs at a time. A job runs beside a watch that gives signs of life and hears when the job
//! is to stop. A worker may die at any step: what the next one needs is in the job's row before it is needed, and only
//! [`jobs::succeed`] captures credits, with the result in the same transaction.
//!
//! Not here: the queue and its rules (`jobs`), how a provider is spoken to (`providers`).

mod anthropic;
pub mod breaker;
mod compare;
mod critique;
#[cfg(feature = "engine")]
mod engine;
mod enhance;
mod lane;
mod look;
mod picture;
pub mod provider;
mod replicate;
mod webhook;

pub use lane::{run, work_due};
pub use webhook::routes;

use crate::jobs::{self, Fault, JobError, Lease, Picture, Why};
use crate::objects::ObjectError;
use crate::photos::pixels::PixelError;
use crate::store::StoreError;
use pretty_contract::service::jobs::JobResult;
use std::time::Duration;

/// A job that worked out: everything that is checked and stored, nothing that the person has yet.
pub(crate) struct Made {
    result: JobResult,
    picture: Option<Picture>,
}

/// Why the work on a job ends without a result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Halt {
    /// The attempt, or the job, came to nothing.
    #[error("{0:?}")]
    Fault(Fault),
    /// The queue: another worker has the job, or the database fails.
    #[error(transparent)]
    Job(#[from] JobError),
}

impl Halt {
    fn never(why: Why) -> Self {
        Self::Fault(Fault::Never(why))
    }

    /// Tried again after a while, longer with each attempt.
    fn later(lease: &Lease, why: Why) -> Self {
        let doublings = u32::try_from(lease.job.attempt.clamp(1, 6) - 1).unwrap_or(0);
        Self::Fault(Fault::Later(FIRST_WAIT * 2_u32.pow(doublings), why))
    }
}

/// Between the first attempt and the second.
const FIRST_WAIT: Duration = Duration::from_secs(5);

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Job(error.into())
    }
}

impl From<sea_orm::DbErr> for Halt {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Job(error.into())
    }
}

impl From<ObjectError> for Halt {
    fn from(error: ObjectError) -> Self {
        if matches!(error, ObjectError::Missing) {
            return Self::never(Why::PhotoGone);
        }
        tracing::error!(%error, "the object store failed");
        Self::Fault(Fault::Later(FIRST_WAIT, Why::Internal))
    }
}

impl From<PixelError> for Halt {
    fn from(error: PixelError) -> Self {
        tracing::error!(%error, "a stored photo cannot be worked on");
        Self::Fault(Fault::Later(FIRST_WAIT, Why::Internal))
    }
}

/// Ends a job as its work did. A job that is not this worker's any more is left alone.
async fn conclude(app: &crate::app::App, lease: &Lease, ended: Result<Made, Halt>) {
    let job = lease.job.id;
    let said = match ended {
        Ok(made) => match serde_json::to_string(&made.result) {
            Ok(result) => jobs::succeed(&app.store, &app.world, lease, &result, made.picture.as_ref()).await,
            Err(error) => {
                tracing::error!(%job, %error, "a result cannot be written down");
                jobs::fail(&app.store, &app.world, lease, Fault::Never(Why::Internal)).await.map(|_| ())
            }
        },
        Err(Halt::Fault(fault)) => {
            tracing::info!(%job, ?fault, attempt = lease.job.attempt, "a job did not work out");
            jobs::fail(&app.store, &app.world, lease, fault).await.map(|_| ())
        }
        Err(Halt::Job(error)) => Err(error),
    };
    match said {
        Ok(()) => tracing::info!(%job, "an attempt ended"),
        Err(JobError::LeaseLost) => tracing::info!(%job, "too late: what was made is thrown away"),
        // The lease runs out, and another worker goes on.
        Err(error) => tracing::error!(%job, %error, "a job could not be ended"),
    }
}
