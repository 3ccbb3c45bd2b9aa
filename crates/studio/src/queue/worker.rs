//! The thread that works the queue off. Every job it takes ends in exactly one way, whatever the engine does.

use std::path::PathBuf;
use std::time::Duration;

use pretty_contract::device::Device;
use pretty_contract::export::Export;
use pretty_contract::photo::{PhotoId, PhotoState, ResultFile};
use pretty_contract::problem::{Code, Problem};
use pretty_contract::recipe::Recipe;
use pretty_engine::{Cancel, EnhanceRequest, Outcome, Place, Saved, Target};

use super::{Job, Running, Told, seconds_for, tell_positions, tell_queue};
use crate::core::{Core, State};
use crate::opened::Key;
use crate::problems::{from_panic, internal};
use crate::usage::{self, Used};
use crate::workshop::Workshop;
use crate::{assess, devices, keys};

/// Least time between two reports of progress.
const PACE: Duration = Duration::from_millis(100);

/// A job that has been taken.
struct Taken {
    photo: PhotoId,
    path: PathBuf,
    export: Export,
    cancel: Cancel,
}

/// How a job ended.
struct Finished {
    outcome: Outcome,
    recipe: Recipe,
    seconds: f64,
}

/// The worker's work.
pub(crate) fn work(core: &Core) {
    while let Some(taken) = core.wait_for(|state| take(core, state)) {
        let run = std::panic::AssertUnwindSafe(|| run(core, &taken));
        let outcome = std::panic::catch_unwind(run).unwrap_or_else(|payload| Err(from_panic(payload.as_ref())));
        if let Err(problem) = &outcome {
            tracing::info!(code = ?problem.code, "a photo was not enhanced");
        }
        finish(core, &taken, outcome);
    }
}

fn take(core: &Core, state: &mut State) -> Option<Taken> {
    let (job, path) = std::iter::from_fn(|| state.queue.waiting.pop_front())
        .find_map(|job: Job| state.photos.get(job.photo).map(|entry| (job, entry.path.clone())))?;
    let workshop = core.workshop.ready();
    let estimate = workshop
        .and_then(|workshop| seconds_for(state, &devices::in_use(workshop.as_ref(), &state.settings), job.photo));
    let (cancel, now) = (Cancel::default(), core.host.now());
    let running = Running {
        photo: job.photo,
        export: job.export.clone(),
        cancel: cancel.clone(),
        weight: job.weight,
        progress: 0.0,
        began: now,
        told: now,
        estimate,
    };
    let seconds_left = running.seconds_left(now);
    state.queue.running = Some(running);
    if let Some(entry) = state.photos.get_mut(job.photo) {
        entry.photo.state = PhotoState::Working { progress: 0.0, seconds_left };
    }
    core.tell(state, job.photo);
    tell_positions(core, state, Told::Near);
    tell_queue(core, state);
    Some(Taken { photo: job.photo, path, export: job.export, cancel })
}

fn run(core: &Core, taken: &Taken) -> Result<Finished, Problem> {
    let workshop = core.workshop.wait()?;
    let (recipe, device) = prepare(core, workshop.as_ref(), taken)?;
    let request = EnhanceRequest {
        photo: taken.path.clone(),
        recipe: recipe.clone(),
        target: Target {
            place: taken.export.folder.as_ref().map_or(Place::Beside, |folder| Place::Folder(folder.into())),
            format: taken.export.format,
            quality: taken.export.quality,
            collision: taken.export.collision,
        },
        device,
        limits: core.limits,
        kept: core.lock().photos.kept_beside(&taken.path),
    };
    let began = core.host.now();
    let reporter = |fraction: f32| report(core, taken.photo, fraction);
    let outcome = workshop.enhance(&request, &reporter, &taken.cancel)?;
    Ok(Finished { outcome, recipe, seconds: core.host.now().saturating_sub(began).as_secs_f64() })
}

/// What to do, as the window shows it at this moment; Auto is asked first where it has not been.
fn prepare(core: &Core, workshop: &dyn Workshop, taken: &Taken) -> Result<(Recipe, Option<String>), Problem> {
    let must_ask = |state: &State| {
        state.photos.get(taken.photo).is_some_and(|entry| entry.photo.auto && entry.photo.assessment.is_none())
    };
    if must_ask(&core.lock()) {
        assess::at_once(core, workshop, taken.photo, &taken.path)?;
    }
    if taken.cancel.is_cancelled() {
        return Err(stopped());
    }
    let state = core.lock();
    let recipe = state.photos.get(taken.photo).map(|entry| entry.photo.recipe.clone()).ok_or_else(stopped)?;
    Ok((recipe, devices::chosen(workshop, &state.settings)))
}

fn stopped() -> Problem {
    Problem { code: Code::Cancelled, message: "Stopped.".into(), retryable: true, detail: None }
}

/// Progress as it comes from the engine's threads: told at most ten times a second, the last always.
fn report(core: &Core, photo: PhotoId, fraction: f32) {
    let mut state = core.lock();
    let now = core.host.now();
    let Some(running) = state.queue.running.as_mut().filter(|running| running.photo == photo) else { return };
    if fraction.is_nan() || fraction <= running.progress {
        return;
    }
    running.progress = fraction.min(1.0);
    if now.saturating_sub(running.told) < PACE && fraction < 1.0 {
        return;
    }
    running.told = now;
    let (progress, seconds_left) = (running.progress, running.seconds_left(now));
    if let Some(entry) = state.photos.get_mut(photo) {
        entry.photo.state = PhotoState::Working { progress, seconds_left };
    }
    core.tell(&state, photo);
    tell_queue(core, &mut state);
}

fn finish(core: &Core, taken: &Taken, outcome: Result<Finished, Problem>) {
    let workshop = core.workshop.ready();
    let mut state = core.lock();
    let state = &mut *state;
    let weight = state.queue.running.take().map_or(0.0, |running| running.weight);
    let end = match outcome {
        Ok(Finished { outcome: Outcome::Saved(saved), recipe, seconds }) => {
            usage::count(core, state, Used::PhotoEnhanced);
            let device = worked(workshop.as_deref(), state, &saved);
            if let Some(megapixels) = state.photos.get(taken.photo).and_then(|entry| entry.megapixels_by(&recipe)) {
                state.speeds.learn(&device, &recipe, megapixels, seconds);
            }
            PhotoState::Done { result: result_file(core, state, saved, seconds) }
        }
        Ok(Finished { outcome: Outcome::Skipped { path }, .. }) => {
            PhotoState::Skipped { path: path.display().to_string() }
        }
        Err(problem) if problem.code == Code::Cancelled && !taken.cancel.is_cancelled() => {
            PhotoState::Failed { problem: internal("the engine stopped by itself") }
        }
        Err(problem) if problem.code == Code::Cancelled => PhotoState::Ready,
        Err(problem) => PhotoState::Failed { problem },
    };
    if end != PhotoState::Ready {
        state.queue.closed += 1;
        state.queue.closed_weight += weight;
    }
    super::forget(core, state, taken.photo);
    if let Some(entry) = state.photos.get_mut(taken.photo) {
        entry.photo.state = end;
        core.tell(state, taken.photo);
    }
    tell_positions(core, state, Told::Near);
    tell_queue(core, state);
    core.wake();
}

/// The id of the device that did the work: not always the one that was asked.
fn worked(workshop: Option<&dyn Workshop>, state: &State, saved: &Saved) -> String {
    let Some(workshop) = workshop else { return "cpu".to_owned() };
    let by_name = |device: Device| (device.name == saved.device).then_some(device.id);
    workshop.devices().into_iter().find_map(by_name).unwrap_or_else(|| devices::in_use(workshop, &state.settings))
}

fn result_file(core: &Core, state: &mut State, saved: Saved, seconds: f64) -> ResultFile {
    let key = keys::of_file(&saved.path, "result");
    core.opened.forget(&Key::Result(key.clone()));
    state.results.insert(key.clone(), saved.path.clone());
    ResultFile {
        path: saved.path.display().to_string(),
        width: saved.width,
        height: saved.height,
        bytes: saved.bytes,
        seconds: seconds as f32,
        device: saved.device,
        notes: saved.notes,
        key,
    }
}
