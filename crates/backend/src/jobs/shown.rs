//! A job as its owner sees it.

use super::{Asked, Job, JobState, Why};
use pretty_contract::service::jobs::{Job as Shown, JobResult, JobState as ShownState};

/// A job as its owner sees it.
pub(super) fn shown(job: &Job) -> Shown {
    let state = match job.state {
        JobState::Queued => ShownState::Queued,
        JobState::Running => ShownState::Running,
        JobState::Succeeded => ShownState::Succeeded,
        JobState::Failed => ShownState::Failed,
        JobState::Cancelled => ShownState::Cancelled,
    };
    let photos = Asked::of(job).map(|asked| asked.photos).unwrap_or_default();
    Shown {
        id: job.id.to_string(),
        kind: super::prices::kind(&job.kind),
        state,
        price: job.price,
        charged: job.state == JobState::Succeeded && job.price > 0,
        photos: photos.into_iter().map(|id| id.to_string()).collect(),
        created_at: job.created_at.0,
        ended_at: job.ended_at.map(|at| at.0),
        progress: job
            .progress
            .filter(|_| job.state == JobState::Running)
            .map(|thousandths| thousandths as f32 / 1000.0),
        fault: job.fault.as_deref().filter(|_| job.state == JobState::Failed).map(Why::fault),
        result: job.result.as_deref().and_then(|text| serde_json::from_str::<JobResult>(text).ok()),
    }
}
