//! The thread that takes Pro jobs from step to step. The record is written after each; killed in between, the step is taken again.

use std::time::Duration;

use pretty_contract::account::Reach;
use pretty_contract::cloud::{Charge, WaitReason};
use pretty_contract::problem::{Code, Problem};

use super::outbox::{Live, Outgoing, Outside, Step};
use super::{critiques, showing, steps, tell};
use crate::clock::now_micros;
use crate::core::{Core, State};
use crate::problems::from_panic;
use crate::service::Fault;
use crate::{link, orders};

/// How often the service is asked about a job while its events come in, and while they do not.
const POLL: [Duration; 2] = [Duration::from_secs(15), Duration::from_secs(3)];
/// How often to look for a job whose time has come.
const TICK: Duration = Duration::from_millis(500);

/// The thread's work.
pub(crate) fn work(core: &Core) {
    showing::register(core);
    let mut orders_seen = Duration::ZERO;
    while !core.has_stopped() {
        match core.wait_at_most(TICK, |state| take(core, state)) {
            Some(job) => run(core, job),
            None => orders::look_after(core, &mut orders_seen),
        }
    }
}

/// The next job that can go on.
fn take(core: &Core, state: &mut State) -> Option<Outgoing> {
    let outside = Outside::of(core, state);
    let now = core.host.now();
    let due: Vec<Outgoing> = state
        .linked
        .outbox
        .jobs()
        .filter(|job| job.step.is_for_the_worker() && outside.hinders(job).is_none())
        .cloned()
        .collect();
    let job = due.into_iter().find(|job| state.linked.outbox.live(&job.id).not_before <= now)?;
    let live = state.linked.outbox.live(&job.id);
    live.in_work = true;
    live.progress = 0.0;
    if matches!(job.step, Step::Prepare | Step::Upload | Step::Fetch { .. }) {
        tell(core, state, &job.id);
    }
    Some(job)
}

fn run(core: &Core, job: Outgoing) {
    let before = job.clone();
    let taken = std::panic::AssertUnwindSafe(|| steps::take(core, job));
    let outcome = std::panic::catch_unwind(taken)
        .unwrap_or_else(|payload| Ok(given_up(core, &before, from_panic(payload.as_ref()))));
    match outcome {
        Ok(after) => commit(core, &before, after),
        Err(fault) => put_off(core, &before, &fault),
    }
}

/// The job as it is given up. What was written down while the step was taken counts: it may say that the service has the job.
fn given_up(core: &Core, before: &Outgoing, problem: Problem) -> Outgoing {
    let known = core.lock().linked.outbox.get(&before.id).cloned();
    let job = known.unwrap_or_else(|| before.clone());
    // Stopped by the person meanwhile, it may still be what was being fetched.
    let charge = if before.charge() == Charge::Yes { Charge::Yes } else { job.charge() };
    steps::failed(job, problem, charge)
}

/// Writes a step down that was taken. The person may have stopped the job meanwhile: that stays, unless it has ended.
pub(super) fn commit(core: &Core, before: &Outgoing, mut after: Outgoing) {
    let mut state = core.lock();
    let Some(current) = state.linked.outbox.get(&before.id) else { return };
    if current.step.has_ended() {
        // Ended by the person while the copies were made: it must not come back to life, and nobody will ask for the copies.
        let unknown = after.photos.iter().zip(&current.photos).filter(|(_, known)| known.copy.is_none());
        for copy in unknown.filter_map(|(photo, _)| photo.copy.as_ref()) {
            let _ = std::fs::remove_file(critiques::copy_path(&core.folders.data, &copy.key));
        }
        *state.linked.outbox.live(&before.id) = Live::default();
        return;
    }
    let stopped = current.step == Step::Cancel && before.step != Step::Cancel;
    if stopped && !after.step.has_ended() {
        after.step = Step::Cancel;
    }
    if after.step.has_ended() && after.ended_at.is_none() {
        after.ended_at = Some(now_micros());
    }
    let waits = matches!(after.step, Step::Wait { .. }) && before.step == after.step;
    let connected = state.linked.online.connection.service == Reach::Connected;
    let poll = POLL[usize::from(!connected)];
    let not_before = if matches!(after.step, Step::Wait { .. }) { core.host.now() + poll } else { Duration::ZERO };
    if let Err(error) = core.link.store.put_pro_job(&after.id, after.made_at, &after) {
        tracing::error!(%error, "a Pro job could not be written down");
        drop(state);
        return put_off(core, before, &Fault::Here(Problem::from(error)));
    }
    *state.linked.outbox.live(&after.id) = Live { not_before, ..Live::default() };
    let id = after.id.clone();
    let ended = after.step.has_ended();
    state.linked.outbox.put(after);
    if !waits {
        tell(core, &state, &id);
    }
    link::change_in(core, &mut state, |_| {});
    drop(state);
    if ended {
        notify(core, &id);
    }
    core.wake();
}

/// It came to nothing this time.
fn put_off(core: &Core, job: &Outgoing, fault: &Fault) {
    if matches!(fault, Fault::SignedOut) {
        return link::signed_out(core, Some(link::ended_elsewhere()));
    }
    if !fault.passes() && !matches!(fault, Fault::Here(_)) {
        return commit(core, job, given_up(core, job, fault.problem()));
    }
    let mut state = core.lock();
    let now = core.host.now();
    let live = state.linked.outbox.live(&job.id);
    live.in_work = false;
    live.hindered = match fault {
        Fault::Offline => None,
        Fault::Here(problem) if problem.code == Code::DiskFull => Some(WaitReason::Disk),
        Fault::Here(problem) if problem.code == Code::KeychainUnavailable => Some(WaitReason::SignedOut),
        Fault::Here(_) => Some(WaitReason::Folder),
        _ => Some(WaitReason::Unreachable),
    };
    live.not_before = now + fault.retry_after().unwrap_or_else(|| link::pause(live.tries));
    live.tries += 1;
    tell(core, &state, &job.id);
}

/// Progress of a copy on its way, at most ten times a second.
pub(super) fn report(core: &Core, id: &str, progress: f32) {
    let mut state = core.lock();
    let now = core.host.now();
    let live = state.linked.outbox.live(id);
    // What goes on is hindered no more, whatever was in its way before.
    let was_hindered = live.hindered.take().is_some();
    if !was_hindered && (progress < live.progress || now.saturating_sub(live.told) < Duration::from_millis(100)) {
        return;
    }
    live.progress = progress;
    live.told = now;
    tell(core, &state, id);
}

/// Whether the person has stopped a job.
pub(super) fn is_stopped(core: &Core, id: &str) -> bool {
    core.has_stopped() || core.lock().linked.outbox.get(id).is_none_or(|job| job.step == Step::Cancel)
}

fn notify(core: &Core, id: &str) {
    let state = core.lock();
    let Some(job) = state.linked.outbox.get(id) else { return };
    let name = job.photos.first().map(|photo| photo.name.clone()).unwrap_or_default();
    let (title, text) = match &job.step {
        Step::Done { .. } => ("A Pro job is done", name),
        Step::Failed { problem, charge } if problem.code != Code::Cancelled => {
            let unknown = " The Credits page tells whether it was charged.";
            let more = if *charge == Charge::Unknown { unknown } else { "" };
            ("A Pro job failed", format!("{name}: {}{more}", problem.message))
        }
        _ => return,
    };
    drop(state);
    core.host.notify(title, &text);
}
