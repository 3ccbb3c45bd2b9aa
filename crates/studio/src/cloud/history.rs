//! The person's jobs at the service, from this and other devices: critiques for the history, and news of the jobs that wait here.

use pretty_contract::service::error::ServiceCode;
use pretty_contract::service::jobs::{Job, JobState, StoredPhoto};

use super::outbox::Step;
use super::{critiques, deleting, steps, worker};
use crate::core::Core;
use crate::link::change;
use crate::service::{Call, Fault};
use crate::sync;

/// Jobs asked for at once.
const PAGE: usize = 100;

/// Fetches all jobs. What the service has no longer is marked so.
pub(crate) fn fetch(core: &Core) -> Result<(), Fault> {
    let mut all: Vec<Job> = Vec::new();
    loop {
        let after = all.last().map(|job| format!("&after={}", job.id)).unwrap_or_default();
        let page: Vec<Job> = match core.link.send(Call::get(format!("/v1/jobs?limit={PAGE}{after}"), sync::WHY)) {
            Ok(page) => page,
            Err(fault) if fault.code() == Some(ServiceCode::NotFound) => return Ok(()),
            Err(fault) => return Err(fault),
        };
        let whole = page.len() < PAGE;
        let fresh: Vec<Job> = page.into_iter().filter(|job| all.iter().all(|known| known.id != job.id)).collect();
        // A service that ignores `after` would be asked for ever.
        let stuck = fresh.is_empty();
        all.extend(fresh);
        if whole || stuck {
            break;
        }
    }
    for job in &all {
        take_in(core, job)?;
    }
    deleting::forgotten(core, |_, id| all.iter().all(|job| job.id != id)).map_err(|error| Fault::Here(error.into()))?;
    mark_copies(core)?;
    critiques::tell(core);
    Ok(())
}

/// One job of which the service says that it changed.
pub(crate) fn fetch_one(core: &Core, id: &str) -> Result<(), Fault> {
    match core.link.send::<Job>(Call::get(format!("/v1/jobs/{id}"), sync::WHY)) {
        Ok(job) => {
            take_in(core, &job)?;
            critiques::tell(core);
            sync::fetch_account(core)
        }
        // Deleted: on another device, or by the time that the service keeps things.
        Err(fault) if fault.code() == Some(ServiceCode::NotFound) => {
            ask_at_once(core, id);
            fetch(core)
        }
        Err(fault) => Err(fault),
    }
}

/// The worker is to ask after a job now, not when its time comes.
fn ask_at_once(core: &Core, service_id: &str) {
    let mut state = core.lock();
    let own = state.linked.outbox.of_service(service_id).map(|job| job.id.clone());
    if let Some(own) = own {
        state.linked.outbox.live(&own).not_before = std::time::Duration::ZERO;
        drop(state);
        core.wake();
    }
}

fn take_in(core: &Core, job: &Job) -> Result<(), Fault> {
    let own = core.lock().linked.outbox.of_service(&job.id).cloned();
    if job.state == JobState::Succeeded {
        critiques::learn(core, job, own.as_ref()).map_err(|error| Fault::Here(error.into()))?;
    }
    // The worker is about to ask anyway; this only saves it the wait.
    if let Some(own) = own
        && matches!(own.step, Step::Wait { .. })
    {
        let after = steps::heard(core, own.clone(), job.clone())?;
        if after != own {
            worker::commit(core, &own, after);
        }
    }
    Ok(())
}

/// Copies that the service keeps no longer, in the privacy ledger.
fn mark_copies(core: &Core) -> Result<(), Fault> {
    let kept = core.link.store.kept_copies(None).map_err(|error| Fault::Here(error.into()))?;
    if kept.is_empty() {
        return Ok(());
    }
    let there: Vec<StoredPhoto> = match core.link.send(Call::get("/v1/photos", sync::WHY)) {
        Ok(there) => there,
        Err(fault) if fault.code() == Some(ServiceCode::NotFound) => return Ok(()),
        Err(fault) => return Err(fault),
    };
    for gone in kept.iter().filter(|id| there.iter().all(|photo| photo.id != **id)) {
        core.link.store.copy_deleted(gone).map_err(|error| Fault::Here(error.into()))?;
    }
    change(core, |_| {});
    Ok(())
}
