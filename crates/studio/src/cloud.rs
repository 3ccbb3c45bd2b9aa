//! Pro jobs from the moment the person sends them to the result on the disk, and the history of critiques.
//!
//! A job is a record in SQLite that goes from step to step (`outbox`); a worker takes one step at a time and writes the record after each
//! (`worker`, `steps`), so that the program may be killed between any two: every step can be taken again, because whatever is asked of the
//! service carries a key that was made with the job. Prices are fixed by the person; another price is asked about again.

pub(crate) mod critiques;
pub(crate) mod deleting;
pub(crate) mod document;
mod fetch;
pub(crate) mod history;
pub(crate) mod outbox;
pub(crate) mod showing;
mod steps;
mod upload;
pub(crate) mod worker;

use pretty_contract::cloud::ProJob;
use pretty_contract::event::Event;

use crate::core::{Core, State};

/// All jobs as the window sees them, oldest first.
pub(crate) fn shown(core: &Core, state: &State) -> Vec<ProJob> {
    let outside = outbox::Outside::of(core, state);
    state.linked.outbox.jobs().filter(|job| !job.dismissed).map(|job| outbox::shown(job, state, &outside)).collect()
}

/// Tells all jobs.
pub(crate) fn tell_all(core: &Core, state: &State) {
    core.say(Event::ProJobs(shown(core, state)));
}

/// Tells one job.
pub(crate) fn tell(core: &Core, state: &State, id: &str) {
    if let Some(job) = state.linked.outbox.get(id).filter(|job| !job.dismissed) {
        core.say(Event::ProJobChanged(outbox::shown(job, state, &outbox::Outside::of(core, state))));
    }
}

/// The privacy policy was accepted: jobs that waited for it go on.
pub(crate) fn outbox_goes_on(core: &Core) {
    let mut state = core.lock();
    let waiting: Vec<outbox::Outgoing> =
        state.linked.outbox.jobs().filter(|job| job.step == outbox::Step::Policy).cloned().collect();
    for job in waiting {
        let job = outbox::Outgoing { step: outbox::Step::Submit, attempt: job.attempt + 1, ..job };
        if let Err(error) = core.link.store.put_pro_job(&job.id, job.made_at, &job) {
            tracing::warn!(%error, "a Pro job could not be written down");
        }
        state.linked.outbox.put(job);
    }
    tell_all(core, &state);
    drop(state);
    core.wake();
}
