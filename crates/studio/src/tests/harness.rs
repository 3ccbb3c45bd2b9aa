//! A host that writes everything down, and a studio with a scripted engine.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use pretty_contract::command::Snapshot;
use pretty_contract::event::{Event, Scanned};
use pretty_contract::photo::{Photo, PhotoId, PhotoState};
use pretty_contract::problem::{Code, Problem};
use pretty_contract::settings::Settings;
use serde_json::{Value, json};

use super::scripted::Scripted;
use crate::host::{Folders, Host};
use crate::link::{Connection, Link, SecretsIn};
use crate::studio::{Opened, Studio};
use crate::workshop::Workshop;

/// Longer than anything here takes, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct TestHost {
    start: Instant,
    events: Mutex<Vec<Event>>,
    came: Condvar,
    pub(crate) settings: Mutex<Option<Value>>,
    pub(crate) revealed: Mutex<Vec<PathBuf>>,
    pub(crate) browsed: Mutex<Vec<String>>,
    pub(crate) notified: Mutex<Vec<String>>,
    pub(crate) refuses_settings: std::sync::atomic::AtomicBool,
    /// The thread that takes Pro jobs further breaks off when it looks at the clock next.
    pub(crate) breaks_off: Arc<std::sync::atomic::AtomicBool>,
}

impl Host for TestHost {
    fn emit(&self, event: Event) {
        self.events.lock().unwrap().push(event);
        self.came.notify_all();
    }

    fn reveal(&self, path: &Path) -> Result<(), Problem> {
        self.revealed.lock().unwrap().push(path.to_path_buf());
        Ok(())
    }

    fn open_in_browser(&self, address: &str) -> Result<(), Problem> {
        self.browsed.lock().unwrap().push(address.to_owned());
        self.came.notify_all();
        Ok(())
    }

    fn notify(&self, title: &str, text: &str) {
        self.notified.lock().unwrap().push(format!("{title}: {text}"));
    }

    fn load_settings(&self) -> Result<Option<Value>, Problem> {
        Ok(self.settings.lock().unwrap().clone())
    }

    fn save_settings(&self, settings: &Settings) -> Result<(), Problem> {
        if self.refuses_settings.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(Problem {
                code: Code::DiskFull,
                message: "The disk is full.".into(),
                retryable: true,
                detail: None,
            });
        }
        *self.settings.lock().unwrap() = Some(serde_json::to_value(settings).unwrap());
        Ok(())
    }

    fn now(&self) -> Duration {
        let in_outbox = std::thread::current().name() == Some("outbox");
        if in_outbox && self.breaks_off.swap(false, std::sync::atomic::Ordering::SeqCst) {
            panic!("scripted");
        }
        self.start.elapsed()
    }
}

impl Default for TestHost {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            events: Mutex::default(),
            came: Condvar::new(),
            settings: Mutex::default(),
            revealed: Mutex::default(),
            browsed: Mutex::default(),
            notified: Mutex::default(),
            refuses_settings: false.into(),
            breaks_off: Arc::default(),
        }
    }
}

impl TestHost {
    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    /// Waits until something is true of what was told.
    pub(crate) fn wait<T>(&self, what: &str, found: impl Fn(&[Event]) -> Option<T>) -> T {
        let mut events = self.events.lock().unwrap();
        let began = Instant::now();
        loop {
            if let Some(answer) = found(&events) {
                return answer;
            }
            assert!(began.elapsed() < PATIENCE, "{what} never came; the last was {:#?}", events.last());
            events = self.came.wait_timeout(events, Duration::from_millis(50)).unwrap().0;
        }
    }
}

/// A studio, its host, and a folder of its own.
pub(crate) struct Stage {
    pub(crate) host: Arc<TestHost>,
    pub(crate) engine: Arc<Scripted>,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) studio: Studio,
}

pub(crate) fn folders(root: &Path) -> Folders {
    Folders {
        cache: root.join("cache"),
        data: root.join("data"),
        sample: root.join("sample.jpg"),
        runtime_library: root.join("no library"),
        models: root.join("no models"),
    }
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(Scripted::default())
    }

    pub(crate) fn with(engine: Scripted) -> Self {
        Self::with_host(engine, TestHost::default(), tempfile::tempdir().unwrap())
    }

    pub(crate) fn with_host(engine: Scripted, host: TestHost, folder: tempfile::TempDir) -> Self {
        let connection = Connection { service: None, secrets: SecretsIn::Memory, contact: None };
        let link = Link::open(&folders(&folder.path().join("app")), &connection);
        Self::with_link(engine, host, folder, link)
    }

    pub(crate) fn with_link(engine: Scripted, host: TestHost, folder: tempfile::TempDir, link: Opened) -> Self {
        let (engine, host) = (Arc::new(engine), Arc::new(host));
        let opened: Arc<dyn Workshop> = engine.clone();
        let open = Box::new(move || Ok(opened));
        let studio = Studio::start_with(host.clone(), folders(&folder.path().join("app")), link, open);
        Self { host, engine, folder, studio }
    }

    /// A folder for photos.
    pub(crate) fn photos(&self) -> PathBuf {
        let folder = self.folder.path().join("photos");
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    pub(crate) fn ask(&self, name: &str, payload: Value) -> Value {
        self.studio.command(name, payload).unwrap_or_else(|problem| panic!("{name}: {problem:?}"))
    }

    pub(crate) fn refusal(&self, name: &str, payload: Value) -> Problem {
        self.studio.command(name, payload).expect_err(name)
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        serde_json::from_value(self.ask("snapshot", Value::Null)).unwrap()
    }

    /// Adds paths and waits until they have been looked through.
    pub(crate) fn add(&self, paths: &[PathBuf]) -> Scanned {
        let scans = |events: &[Event]| -> Vec<Scanned> {
            events
                .iter()
                .filter_map(|event| if let Event::Scanned(scanned) = event { Some(scanned.clone()) } else { None })
                .collect()
        };
        let before = scans(&self.host.events()).len();
        self.ask("add_photos", json!({ "paths": paths }));
        self.host.wait("the end of the scan", |events| scans(events).get(before).cloned())
    }

    /// Adds photos and gives back their ids.
    pub(crate) fn add_all(&self, paths: &[PathBuf]) -> Vec<PhotoId> {
        let before = self.snapshot().photos.len();
        self.add(paths);
        self.snapshot().photos[before..].iter().map(|photo| photo.id).collect()
    }

    /// Waits until the photo as last told is as wanted.
    pub(crate) fn wait_photo(&self, id: PhotoId, what: &str, wanted: impl Fn(&Photo) -> bool) -> Photo {
        self.host.wait(what, |events| events.iter().rev().find_map(|event| told(event, id)).filter(&wanted))
    }

    pub(crate) fn wait_state(&self, id: PhotoId, what: &str, wanted: impl Fn(&PhotoState) -> bool) -> PhotoState {
        self.wait_photo(id, what, |photo| wanted(&photo.state)).state
    }

    /// Waits until the queue is empty, as told after everything that was asked before.
    pub(crate) fn wait_idle(&self) {
        let began = Instant::now();
        while self.snapshot().queue.open > 0 {
            assert!(began.elapsed() < PATIENCE, "the queue never got empty");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Ends the studio, after which everything has been told.
    pub(crate) fn end(self) -> Vec<Event> {
        let Self { host, studio, .. } = self;
        studio.shut_down();
        // The speaker says what is left and then lets go of the host.
        let began = Instant::now();
        let mut count = 0;
        loop {
            std::thread::sleep(Duration::from_millis(20));
            let events = host.events();
            if events.len() == count || began.elapsed() > PATIENCE {
                return events;
            }
            count = events.len();
        }
    }
}

/// A photo as an event tells it.
pub(crate) fn told(event: &Event, id: PhotoId) -> Option<Photo> {
    match event {
        Event::PhotoChanged(photo) if photo.id == id => Some(photo.clone()),
        Event::PhotosAdded(photos) => photos.iter().find(|photo| photo.id == id).cloned(),
        _ => None,
    }
}

/// All states of a photo, as told, without repetitions.
pub(crate) fn states(events: &[Event], id: PhotoId) -> Vec<PhotoState> {
    let mut states: Vec<PhotoState> =
        events.iter().filter_map(|event| told(event, id)).map(|photo| photo.state).collect();
    states.dedup();
    states
}
