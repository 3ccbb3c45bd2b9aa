//! The studio as its host sees it: started, given commands by name, asked for pictures, shut down.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use pretty_contract::account::*;
use pretty_contract::cloud::*;
use pretty_contract::command::{
    AddPhotos, Enhance, Estimate, Nothing, OnePhoto, PhotoIds, SetRecipe, Snapshot, UseAuto, ViewKey,
};
use pretty_contract::preview::View;
use pretty_contract::problem::Problem;
use pretty_contract::sent::*;
use pretty_contract::service::billing::{Order, Withdrawal};
use pretty_contract::settings::Settings;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::core::Core;
use crate::host::{Folders, Host};
use crate::link::{Connection, Link, Linked};
use crate::problems::{bad_request, from_panic, internal};
use crate::serve::{self, Served};
use crate::speaker::{Speaker, speak};
use crate::workshop::{Open, open_engine};
use crate::{assess, cloud, commands, devices, preview, queue, scan, settings, sync, thumbnails, usage};

/// The link as it was opened, and what the person should know of that.
pub(crate) type Opened = (Link, Linked, Option<Problem>);

/// Thumbnails made at once.
const THUMBNAIL_WORKERS: usize = 2;

/// The desktop's mind. Dropping it shuts it down.
pub struct Studio {
    core: Arc<Core>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Studio {
    /// Starts the workers and opens the engine in the background. Never fails: what is missing is told in the snapshot.
    #[must_use]
    pub fn start(host: Arc<dyn Host>, folders: Folders, connection: &Connection) -> Self {
        let open = open_engine(&folders);
        let link = Link::open(&folders, connection);
        Self::start_with(host, folders, link, open)
    }

    pub(crate) fn start_with(
        host: Arc<dyn Host>,
        folders: Folders,
        (link, linked, trouble): Opened,
        open: Open,
    ) -> Self {
        let (speaker, events) = Speaker::new();
        let (settings, notice) = settings::load(host.as_ref(), &folders.data);
        let core = Arc::new(Core::new(host.clone(), folders, speaker, settings, notice.or(trouble), (link, linked)));
        let studio = Self { core, threads: Mutex::default() };
        queue::recall(&studio.core);
        usage::count(&studio.core, &studio.core.lock(), usage::Used::AppOpened);
        studio.spawn("speaker", move |_| speak(&host, &events));
        studio.spawn("engine", move |core| open_workshop(core, open));
        studio.spawn("scan", |core| scan::work(core));
        for _ in 0..THUMBNAIL_WORKERS {
            studio.spawn("thumbnails", |core| thumbnails::work(core));
        }
        studio.spawn("assess", |core| assess::work(core));
        studio.spawn("preview", |core| preview::work(core));
        studio.spawn("queue", |core| queue::work(core));
        studio.spawn("sync", |core| sync::work(core));
        studio.spawn("outbox", |core| cloud::worker::work(core));
        studio.spawn("tidy", |core| thumbnails::tidy(&core.folders.cache));
        studio
    }

    fn spawn(&self, name: &'static str, work: impl FnOnce(&Arc<Core>) + Send + 'static) {
        let core = self.core.clone();
        match Builder::new().name(name.into()).spawn(move || work(&core)) {
            Ok(thread) => self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread),
            // The system is out of threads; what this one would do is not done, the rest goes on.
            Err(error) => tracing::error!(%error, name, "a thread could not be started"),
        }
    }

    /// Answers `photo:<address>`.
    ///
    /// # Errors
    /// The address is none, or what it names is gone or cannot be read.
    pub fn serve(&self, address: &str) -> Result<Served, Problem> {
        catch_unwind(AssertUnwindSafe(|| serve::serve(&self.core, address)))
            .unwrap_or_else(|payload| Err(from_panic(payload.as_ref())))
    }

    /// Stops what is under way and ends all workers. Nothing half-made is left behind. Waits for jobs to stop, at most some seconds.
    pub fn shut_down(&self) {
        queue::interrupt(&self.core);
        self.core.stop();
        self.core.previews.end();
        self.core.speaker.end();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        // The rest may be in the middle of a large file; only who saves results has something to clean up.
        let saves = |thread: &JoinHandle<()>| matches!(thread.thread().name(), Some("queue" | "outbox"));
        let saving: Vec<_> = threads.into_iter().filter(saves).collect();
        let began = self.core.host.now();
        while saving.iter().any(|thread| !thread.is_finished())
            && self.core.host.now().saturating_sub(began).as_secs() < 5
        {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

impl Drop for Studio {
    fn drop(&mut self) {
        if !self.core.has_stopped() {
            self.shut_down();
        }
    }
}

fn open_workshop(core: &Arc<Core>, open: Open) {
    let opened = catch_unwind(AssertUnwindSafe(open)).unwrap_or_else(|payload| Err(from_panic(payload.as_ref())));
    if let Err(problem) = &opened {
        tracing::error!(code = ?problem.code, detail = problem.detail, "the engine could not be opened: {}", problem.message);
    }
    core.workshop.finish(opened.clone());
    core.wake();
    if let Ok(workshop) = opened {
        devices::begin(core, workshop.as_ref());
    }
}

macro_rules! dispatch {
    ($($(#[doc = $doc:literal])* $name:ident($request:ident) -> $reply:ident;)*) => {
        impl Studio {
            /// Carries a command out: its request and its reply as JSON, as the contract says. `null` stands for an empty request.
            ///
            /// # Errors
            /// There is no such command, the request is not understood, or what the command itself refuses.
            pub fn command(&self, name: &str, payload: Value) -> Result<Value, Problem> {
                match name {
                    $( stringify!($name) => self.perform::<$request, $reply>(name, payload, commands::$name), )*
                    _ => Err(bad_request(format!("There is no command \u{201c}{name}\u{201d}."))),
                }
            }
        }
    };
}
pretty_contract::with_commands!(dispatch);

impl Studio {
    fn perform<Request: DeserializeOwned, Reply: serde::Serialize>(
        &self,
        name: &str,
        payload: Value,
        body: fn(&Arc<Core>, Request) -> Result<Reply, Problem>,
    ) -> Result<Value, Problem> {
        let payload = if payload.is_null() { Value::Object(serde_json::Map::new()) } else { payload };
        let request = serde_json::from_value(payload).map_err(|error| Problem {
            detail: Some(error.to_string()),
            ..bad_request(format!("The request of \u{201c}{name}\u{201d} is not understood."))
        })?;
        let answer = catch_unwind(AssertUnwindSafe(|| body(&self.core, request)))
            .unwrap_or_else(|payload| Err(from_panic(payload.as_ref())))?;
        serde_json::to_value(answer).map_err(|error| internal(error.to_string()))
    }
}
