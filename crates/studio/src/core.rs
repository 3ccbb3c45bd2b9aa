//! The studio's state behind its one lock, and what all workers share.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pretty_contract::event::Event;
use pretty_contract::photo::{PhotoId, PhotoState};
use pretty_contract::problem::Problem;
use pretty_contract::settings::Settings;
use pretty_photo::Limits;

use crate::host::{Folders, Host};
use crate::link::{Link, Linked};
use crate::lru::ByteLru;
use crate::opened::OpenedPhotos;
use crate::photos::Photos;
use crate::preview::Previews;
use crate::queue::JobQueue;
use crate::scan::Scans;
use crate::speaker::Speaker;
use crate::speed::Speeds;
use crate::store::queue::WaitingPhoto;
use crate::workshop::Opening;

/// Room for copies to look at, in bytes.
const SHOWN_COPIES: u64 = 64 << 20;

/// What all workers share. Slow work is done without the lock.
pub(crate) struct Core {
    pub(crate) host: Arc<dyn Host>,
    pub(crate) link: Link,
    pub(crate) folders: Folders,
    pub(crate) limits: Limits,
    pub(crate) workshop: Opening,
    pub(crate) opened: OpenedPhotos,
    pub(crate) previews: Previews,
    /// Copies that would be sent, to look at, by the key in their addresses.
    pub(crate) shown_copies: Mutex<ByteLru<String, Arc<Vec<u8>>>>,
    pub(crate) speaker: Speaker,
    pub(crate) checking_devices: AtomicBool,
    state: Mutex<State>,
    changed: Condvar,
    stopped: AtomicBool,
}

/// Everything that changes.
pub(crate) struct State {
    pub(crate) photos: Photos,
    pub(crate) queue: JobQueue,
    pub(crate) scans: Scans,
    /// Photos that waited in the queue when the program ended last, until they are on the list again.
    pub(crate) resuming: HashMap<PathBuf, WaitingPhoto>,
    pub(crate) speeds: Speeds,
    pub(crate) settings: Settings,
    /// What is known of the service.
    pub(crate) linked: Linked,
    /// What the person should know of the settings that were kept.
    pub(crate) notice: Option<Problem>,
    /// The photo in the viewer: Auto looks at it first.
    pub(crate) viewed: Option<PhotoId>,
    /// Photos that still need a thumbnail, in order.
    pub(crate) bare: std::collections::VecDeque<PhotoId>,
    /// Results that were saved, and what they were made of, by the key in their tiles' addresses.
    pub(crate) results: HashMap<String, PathBuf>,
}

impl Core {
    pub(crate) fn new(
        host: Arc<dyn Host>,
        folders: Folders,
        speaker: Speaker,
        settings: Settings,
        notice: Option<Problem>,
        (link, linked): (Link, Linked),
    ) -> Self {
        let speeds = Speeds::remembered(&folders.data);
        let state = State {
            photos: Photos::default(),
            queue: JobQueue::default(),
            scans: Scans::default(),
            resuming: HashMap::new(),
            speeds,
            settings,
            linked,
            notice,
            viewed: None,
            bare: std::collections::VecDeque::new(),
            results: HashMap::new(),
        };
        Self {
            host,
            link,
            folders,
            limits: Limits::default(),
            workshop: Opening::default(),
            opened: OpenedPhotos::default(),
            previews: Previews::default(),
            shown_copies: Mutex::new(ByteLru::new(SHOWN_COPIES)),
            speaker,
            checking_devices: AtomicBool::new(false),
            state: Mutex::new(state),
            changed: Condvar::new(),
            stopped: AtomicBool::new(false),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes all who wait for work.
    pub(crate) fn wake(&self) {
        self.changed.notify_all();
    }

    /// Waits until there is work, as `take` finds it; `None` once the studio ends.
    pub(crate) fn wait_for<T>(&self, mut take: impl FnMut(&mut State) -> Option<T>) -> Option<T> {
        let mut state = self.lock();
        loop {
            if self.has_stopped() {
                return None;
            }
            if let Some(work) = take(&mut state) {
                return Some(work);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until there is work, as `take` finds it, but not for longer than `most`; `None` also once the studio ends.
    pub(crate) fn wait_at_most<T>(&self, most: Duration, mut take: impl FnMut(&mut State) -> Option<T>) -> Option<T> {
        let began = self.host.now();
        let mut state = self.lock();
        loop {
            if self.has_stopped() {
                return None;
            }
            if let Some(work) = take(&mut state) {
                return Some(work);
            }
            let left = most.checked_sub(self.host.now().saturating_sub(began)).filter(|left| !left.is_zero())?;
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub(crate) fn stop(&self) {
        if let Some(service) = &self.link.service {
            service.end();
        }
        // Under the lock, so that nobody who has just looked goes to sleep over it.
        let _state = self.lock();
        self.stopped.store(true, Ordering::SeqCst);
        self.changed.notify_all();
    }

    pub(crate) fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    pub(crate) fn say(&self, event: Event) {
        self.speaker.say(event);
    }

    /// Tells the window a photo as it is now. With the lock held, so that a later change is told later.
    pub(crate) fn tell(&self, state: &State, id: PhotoId) {
        if let Some(entry) = state.photos.get(id) {
            self.say(Event::PhotoChanged(entry.photo.clone()));
        }
    }

    /// A photo turned out not to be readable. One that waits for its turn in the queue is told so there.
    pub(crate) fn could_not_open(&self, id: PhotoId, problem: &Problem) {
        let mut state = self.lock();
        if let Some(entry) = state.photos.get_mut(id)
            && entry.photo.state == PhotoState::Ready
        {
            entry.photo.state = PhotoState::Failed { problem: problem.clone() };
            self.tell(&state, id);
        }
    }
}

impl State {
    pub(crate) fn path(&self, id: PhotoId) -> Option<PathBuf> {
        self.photos.get(id).map(|entry| entry.path.clone())
    }
}
