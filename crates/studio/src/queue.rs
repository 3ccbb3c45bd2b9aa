//! The queue: one photo at a time, in the order asked for. Plain data and arithmetic here; the worker is in `worker`.

mod worker;

use std::collections::VecDeque;
use std::time::Duration;

use pretty_contract::event::Queue;
use pretty_contract::export::Export;
use pretty_contract::photo::{PhotoId, PhotoState};
use pretty_engine::Cancel;

use crate::core::{Core, State};
use crate::devices;
use crate::store::queue::{WaitingPhoto, Wanted};
use crate::workshop::Workshop;

pub(crate) use worker::work;

/// Positions in the queue that are told after each photo. Those further back are told when they come nearer: nobody counts to a thousand, and
/// a thousand photos would be a million events.
const POSITIONS: usize = 60;

/// Waiting jobs, the one in work, and what is done since the queue was last empty.
#[derive(Default)]
pub(crate) struct JobQueue {
    waiting: VecDeque<Job>,
    running: Option<Running>,
    closed: u32,
    closed_weight: f64,
    /// The progress that was told: it never goes back.
    shown: f32,
    /// The program ends: what is stopped now goes on after the next start.
    interrupted: bool,
}

/// A photo to be enhanced.
struct Job {
    photo: PhotoId,
    export: Export,
    /// Its share of the whole, in megapixels.
    weight: f64,
}

/// The photo in work.
struct Running {
    photo: PhotoId,
    export: Export,
    cancel: Cancel,
    weight: f64,
    progress: f32,
    began: Duration,
    /// When progress was told last.
    told: Duration,
    /// Seconds in all, as measured before.
    estimate: Option<f64>,
}

impl JobQueue {
    pub(crate) fn is_open(&self) -> bool {
        self.running.is_some() || !self.waiting.is_empty()
    }

    fn holds(&self, photo: PhotoId) -> bool {
        self.running.as_ref().is_some_and(|running| running.photo == photo)
            || self.waiting.iter().any(|job| job.photo == photo)
    }

    fn push(&mut self, job: Job) {
        if !self.is_open() {
            *self = Self { interrupted: self.interrupted, ..Self::default() };
        }
        self.waiting.push_back(job);
    }

    /// Takes a photo out of those that wait.
    fn withdraw(&mut self, photo: PhotoId) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|job| job.photo != photo);
        before != self.waiting.len()
    }

    fn progress(&mut self) -> f32 {
        if !self.is_open() {
            self.shown = if self.closed > 0 { 1.0 } else { 0.0 };
            return self.shown;
        }
        let waiting: f64 = self.waiting.iter().map(|job| job.weight).sum();
        let (running, done) = self
            .running
            .as_ref()
            .map_or((0.0, 0.0), |running| (running.weight, running.weight * f64::from(running.progress)));
        let whole = self.closed_weight + waiting + running;
        let fraction = if whole > 0.0 { (self.closed_weight + done) / whole } else { 0.0 };
        self.shown = self.shown.max(fraction as f32).clamp(0.0, 1.0);
        self.shown
    }
}

impl Running {
    /// From what was measured before and from how this photo goes: the further it is, the more its own pace counts.
    fn seconds_left(&self, now: Duration) -> Option<f32> {
        let elapsed = now.saturating_sub(self.began).as_secs_f64();
        let progress = f64::from(self.progress);
        let own = (progress > 0.02 && elapsed > 0.2).then(|| elapsed * (1.0 - progress) / progress);
        let before = self.estimate.map(|all| all * (1.0 - progress));
        let left = match (own, before) {
            (Some(own), Some(before)) => progress * own + (1.0 - progress) * before,
            (one, other) => one.or(other)?,
        };
        Some(left as f32)
    }
}

/// Puts photos into the queue; those that are in it stay where they are.
pub(crate) fn enqueue(core: &Core, photos: &[PhotoId], export: &Export) {
    let mut state = core.lock();
    let mut added = false;
    for &photo in photos {
        let Some(entry) = state.photos.get(photo) else { continue };
        let weight = entry.megapixels().unwrap_or(1.0).max(0.01);
        if !state.queue.holds(photo) {
            state.queue.push(Job { photo, export: export.clone(), weight });
            added = true;
        }
    }
    if added {
        keep(core, &state, photos);
        tell_positions(core, &mut state, Told::All);
        tell_queue(core, &mut state);
        core.wake();
    }
}

/// Writes down how photos that wait are to be enhanced, for a start after this one.
pub(crate) fn keep(core: &Core, state: &State, photos: &[PhotoId]) {
    let running = state.queue.running.as_ref().map(|running| (running.photo, &running.export));
    let waiting = state.queue.waiting.iter().map(|job| (job.photo, &job.export));
    let kept: Vec<WaitingPhoto> = running
        .into_iter()
        .chain(waiting)
        .filter(|(photo, _)| photos.contains(photo))
        .filter_map(|(photo, export)| {
            let entry = state.photos.get(photo)?;
            let recipe = &entry.photo.recipe;
            let wanted = if entry.photo.auto {
                Wanted::Auto { crop: recipe.crop().cloned() }
            } else {
                Wanted::Recipe(recipe.clone())
            };
            Some(WaitingPhoto { path: entry.path.clone(), wanted, export: export.clone() })
        })
        .collect();
    if let Err(error) = core.link.store.queue_photos(&kept) {
        tracing::warn!(%error, "the queue could not be written down");
    }
}

/// Forgets a photo that is done or was taken back.
fn forget(core: &Core, state: &State, photo: PhotoId) {
    let Some(entry) = state.photos.get(photo).filter(|_| !state.queue.interrupted) else { return };
    if let Err(error) = core.link.store.unqueue_photo(&entry.path) {
        tracing::warn!(%error, "the queue could not be written down");
    }
}

/// Puts what waited when the program ended last on the list again; `resume` puts it into the queue once it is there.
pub(crate) fn recall(core: &Core) {
    let kept = core.link.store.queued_photos().unwrap_or_else(|error| {
        tracing::warn!(%error, "the queue of the last run could not be read");
        Vec::new()
    });
    if kept.is_empty() {
        return;
    }
    let mut state = core.lock();
    state.scans.waiting.push_back(kept.iter().map(|photo| photo.path.clone()).collect());
    state.resuming = kept.into_iter().map(|photo| (photo.path.clone(), photo)).collect();
    core.wake();
}

/// A photo came on the list: one that waited when the program ended goes on as it was meant.
pub(crate) fn resume(core: &Core, state: &mut State, photo: PhotoId) {
    let Some(entry) = state.photos.get_mut(photo) else { return };
    let Some(waited) = state.resuming.remove(&entry.path) else { return };
    if entry.photo.state != PhotoState::Ready {
        return forget(core, state, photo);
    }
    match waited.wanted {
        Wanted::Recipe(recipe) => (entry.photo.recipe, entry.photo.auto) = (recipe, false),
        Wanted::Auto { crop } => entry.photo.recipe = entry.photo.recipe.with_crop(crop.as_ref()),
    }
    let weight = entry.megapixels().unwrap_or(1.0).max(0.01);
    state.queue.push(Job { photo, export: waited.export, weight });
}

/// What was put into the queue is told once all of it is there.
pub(crate) fn tell_resumed(core: &Core, state: &mut State) {
    tell_positions(core, state, Told::All);
    tell_queue(core, state);
    core.wake();
}

/// Stops everything because the program ends: it goes on after the next start.
pub(crate) fn interrupt(core: &Core) {
    core.lock().queue.interrupted = true;
    cancel_all(core);
}

/// Stops the jobs of these photos. A photo that waits is ready again at once, one in work as soon as it stops.
pub(crate) fn cancel(core: &Core, photos: &[PhotoId]) {
    let mut state = core.lock();
    withdraw(core, &mut state, photos);
    tell_queue(core, &mut state);
}

/// Stops everything.
pub(crate) fn cancel_all(core: &Core) {
    let mut state = core.lock();
    let running = state.queue.running.as_ref().map(|running| running.photo);
    let all: Vec<PhotoId> = running.into_iter().chain(state.queue.waiting.iter().map(|job| job.photo)).collect();
    withdraw(core, &mut state, &all);
    tell_queue(core, &mut state);
}

/// Takes jobs out of the queue or stops them. The caller tells the queue.
pub(crate) fn withdraw(core: &Core, state: &mut State, photos: &[PhotoId]) {
    for &photo in photos {
        if let Some(running) = state.queue.running.as_ref().filter(|running| running.photo == photo) {
            running.cancel.cancel();
        }
        if state.queue.holds(photo) {
            forget(core, state, photo);
        }
        if state.queue.withdraw(photo)
            && let Some(entry) = state.photos.get_mut(photo)
        {
            entry.photo.state = PhotoState::Ready;
            core.tell(state, photo);
        }
    }
    tell_positions(core, state, Told::Near);
    core.wake();
}

/// The queue as the window sees it.
pub(crate) fn summary(core: &Core, state: &mut State) -> Queue {
    let workshop = core.workshop.ready();
    Queue {
        open: (state.queue.waiting.len() + usize::from(state.queue.running.is_some())) as u32,
        closed: state.queue.closed,
        progress: state.queue.progress(),
        seconds_left: workshop.and_then(|workshop| seconds_left(state, workshop.as_ref(), core.host.now())),
    }
}

fn tell_queue(core: &Core, state: &mut State) {
    let queue = summary(core, state);
    core.say(pretty_contract::event::Event::Queue(queue));
}

enum Told {
    All,
    Near,
}

/// Tells photos their place where it changed.
fn tell_positions(core: &Core, state: &mut State, told: Told) {
    let most = match told {
        Told::All => usize::MAX,
        Told::Near => POSITIONS,
    };
    let waiting: Vec<PhotoId> = state.queue.waiting.iter().take(most).map(|job| job.photo).collect();
    for (index, photo) in waiting.into_iter().enumerate() {
        let place = PhotoState::Waiting { position: index as u32 + 1 };
        if let Some(entry) = state.photos.get_mut(photo).filter(|entry| entry.photo.state != place) {
            entry.photo.state = place;
            core.tell(state, photo);
        }
    }
}

/// Seconds until the queue is empty. A photo of which nothing is known is taken to go as the one in work goes.
fn seconds_left(state: &State, workshop: &dyn Workshop, now: Duration) -> Option<f32> {
    let running = state.queue.running.as_ref();
    let mut seconds = match running {
        Some(running) => f64::from(running.seconds_left(now)?),
        None if state.queue.waiting.is_empty() => return None,
        None => 0.0,
    };
    let pace = running.and_then(|running| {
        let elapsed = now.saturating_sub(running.began).as_secs_f64();
        Some((elapsed + f64::from(running.seconds_left(now)?)) / running.weight)
    });
    let device = devices::in_use(workshop, &state.settings);
    for job in &state.queue.waiting {
        let known = seconds_for(state, &device, job.photo);
        seconds += known.or_else(|| pace.map(|pace| pace * job.weight))?;
    }
    Some(seconds as f32)
}

/// Seconds that a photo would take, as measured on this machine.
pub(crate) fn seconds_for(state: &State, device: &str, photo: PhotoId) -> Option<f64> {
    let entry = state.photos.get(photo)?;
    let megapixels = entry.megapixels()?;
    if entry.photo.auto && entry.wants_a_look() {
        state.speeds.estimate_unknown(device, megapixels)
    } else {
        state.speeds.estimate(device, &entry.photo.recipe, megapixels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(photo: u32, weight: f64) -> Job {
        Job { photo: PhotoId(photo), export: Export::default(), weight }
    }

    fn run(photo: u32, weight: f64, progress: f32) -> Running {
        let zero = Duration::ZERO;
        Running {
            photo: PhotoId(photo),
            export: Export::default(),
            cancel: Cancel::default(),
            weight,
            progress,
            began: zero,
            told: zero,
            estimate: None,
        }
    }

    #[test]
    fn the_whole_never_goes_back_when_more_is_added() {
        let mut queue = JobQueue::default();
        queue.push(job(1, 10.0));
        queue.waiting.clear();
        queue.running = Some(run(1, 10.0, 0.5));
        assert_eq!(queue.progress(), 0.5);
        queue.push(job(2, 90.0));
        assert_eq!(queue.progress(), 0.5);
        queue.running = None;
        queue.closed = 1;
        queue.closed_weight = 10.0;
        assert_eq!(queue.progress(), 0.5);
        queue.waiting.clear();
        assert_eq!(queue.progress(), 1.0);
        queue.push(job(3, 1.0));
        assert_eq!((queue.progress(), queue.closed), (0.0, 0));
    }

    #[test]
    fn time_left_leans_on_what_is_known() {
        let mut running = run(1, 1.0, 0.0);
        assert_eq!(running.seconds_left(Duration::from_secs(5)), None);
        running.estimate = Some(100.0);
        assert_eq!(running.seconds_left(Duration::from_secs(5)), Some(100.0));
        running.progress = 0.5;
        // Its own pace says 10 seconds, what was measured before says 50.
        assert_eq!(running.seconds_left(Duration::from_secs(10)), Some(30.0));
        running.progress = 1.0;
        assert_eq!(running.seconds_left(Duration::from_secs(10)), Some(0.0));
    }
}
