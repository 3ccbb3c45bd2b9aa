//! What the person has the service delete, and what is known here of that afterwards. Whatever the service does not have is deleted.

use pretty_contract::problem::Problem;
use reqwest::Method;

use super::critiques::{self, Known};
use super::outbox::Outgoing;
use crate::core::Core;
use crate::link::change;
use crate::problems::bad_request;
use crate::service::{Call, Fault};
use crate::store::StoreError;
use crate::sync;

/// Deletes a critique or comparison and its photos from the service, and here.
pub(crate) fn critique(core: &Core, id: &str) -> Result<(), Problem> {
    let known = critiques::find(core, id)?;
    if known.on_service {
        job(core, id, &known.photos).map_err(|fault| fault.problem())?;
    }
    for key in known.copies.iter().flatten() {
        let _ = std::fs::remove_file(critiques::copy_path(&core.folders.data, key));
    }
    core.link.store.remove_critique(id).map_err(Problem::from)?;
    critiques::tell(core);
    change(core, |_| {});
    Ok(())
}

/// Deletes what the service keeps of a job that is done, by its id here.
pub(crate) fn result(core: &Core, id: &str) -> Result<(), Problem> {
    let known = core.lock().linked.outbox.get(id).cloned();
    let done = known.filter(|job| matches!(job.step, super::outbox::Step::Done { .. }));
    let Some((service_id, done)) = done.and_then(|job| Some((job.service_id.clone()?, job))) else {
        return Err(bad_request("There is nothing of this job at the service."));
    };
    let photos: Vec<String> = done.photos.iter().filter_map(|photo| photo.photo_id.clone()).collect();
    job(core, &service_id, &photos).map_err(|fault| fault.problem())?;
    critiques::tell(core);
    change(core, |_| {});
    Ok(())
}

/// Has the service delete its copy of a photo; what was made of it goes with it there.
pub(crate) fn photo(core: &Core, photo: &str) -> Result<(), Fault> {
    ask(core, format!("/v1/photos/{photo}"))?;
    let gone = || -> Result<(), StoreError> {
        core.link.store.copy_deleted(photo)?;
        forgotten(core, |photos, _| photos.iter().any(|other| other == photo))
    };
    gone().map_err(|error| Fault::Here(error.into()))?;
    critiques::tell(core);
    Ok(())
}

/// Deletes a job at the service, by its id there, and its photos with it.
fn job(core: &Core, service_id: &str, photos: &[String]) -> Result<(), Fault> {
    ask(core, format!("/v1/jobs/{service_id}"))?;
    let gone = || -> Result<(), StoreError> {
        for photo in photos {
            core.link.store.copy_deleted(photo)?;
        }
        forgotten(core, |_, id| id == service_id)
    };
    gone().map_err(|error| Fault::Here(error.into()))
}

fn ask(core: &Core, path: String) -> Result<(), Fault> {
    match core.link.tell(Call::new(Method::DELETE, path, sync::WHY)) {
        Err(fault) if !fault.is_gone() => Err(fault),
        _ => Ok(()),
    }
}

/// Writes down of which of the person's jobs and critiques the service has nothing any more: `is_gone` is asked with the service's ids of the
/// photos and of the job.
pub(super) fn forgotten(core: &Core, is_gone: impl Fn(&[String], &str) -> bool) -> Result<(), StoreError> {
    let Some(owner) = core.lock().linked.user().map(str::to_owned) else { return Ok(()) };
    let store = &core.link.store;
    let known = store.critiques::<Known>(&owner)?;
    for known in known.into_iter().filter(|known| known.on_service && is_gone(&known.photos, &known.id)) {
        let marked = Known { on_service: false, ..known };
        store.put_critique(&marked.id, &marked.owner, marked.at, &marked)?;
    }
    let mut state = core.lock();
    let is_one = |job: &Outgoing| {
        let photos: Vec<String> = job.photos.iter().filter_map(|photo| photo.photo_id.clone()).collect();
        job.user == owner
            && job.step.has_ended()
            && !job.off_service
            && job.service_id.as_ref().is_some_and(|id| is_gone(&photos, id))
    };
    let gone: Vec<Outgoing> = state.linked.outbox.jobs().filter(|job| is_one(job)).cloned().collect();
    for job in gone {
        let job = Outgoing { off_service: true, ..job };
        store.put_pro_job(&job.id, job.made_at, &job)?;
        let id = job.id.clone();
        state.linked.outbox.put(job);
        super::tell(core, &state, &id);
    }
    Ok(())
}
