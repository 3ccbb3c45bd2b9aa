//! What every request works with: settings, the store, time and chance, and the pool that checks passwords.

use crate::accounts::google::Provider;
use crate::accounts::password::Passwords;
use crate::billing::Billing;
use crate::billing::alarm::Alarms;
use crate::changes::Hub;
use crate::metrics::Metrics;
use crate::objects::{ObjectError, Objects};
use crate::photos::darkroom::Darkroom;
use crate::privacy::usage::Views;
use crate::settings::{Mode, Settings};
use crate::store::Store;
use crate::work::provider::Providers;
use crate::world::World;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Cheap to clone; holds no state that a second replica would need.
#[derive(Clone, Debug)]
pub struct App(Arc<Parts>);

/// The parts of an [`App`].
#[derive(Debug)]
pub struct Parts {
    /// As configured.
    pub settings: Settings,
    /// How people reach the service, without a slash at the end.
    pub base_url: String,
    /// The database.
    pub store: Store,
    /// Time and chance.
    pub world: World,
    /// The pool that hashes and checks passwords.
    pub passwords: Passwords,
    /// Stripe; none when nothing is sold.
    pub billing: Option<Billing>,
    /// How often an operator had to be called.
    pub alarms: Alarms,
    /// What monitoring reads, when it does.
    pub metrics: Option<Metrics>,
    /// Google's sign-in, when it is configured.
    pub google: Option<Provider>,
    /// Told when a letter was queued, so that a worker in this process need not wait for its next look.
    pub letters: Notify,
    /// Photos and results as files.
    pub objects: Objects,
    /// Where pixels are worked on.
    pub darkroom: Darkroom,
    /// Who does jobs.
    pub providers: Providers,
    /// Told when a job was queued or its provider said something, so that a worker in this process need not wait for its next look.
    pub work: Notify,
    /// Views of our pages that are not counted yet.
    pub views: Views,
    /// Who listens for changes in this process.
    pub changes: Hub,
    /// Cancelled when the process stops: what waits for nothing in particular ends then.
    pub stopping: CancellationToken,
}

impl App {
    /// Puts the parts together. `address` is what the server is bound to; it makes the base URL when none is configured.
    ///
    /// # Errors
    /// When the object store cannot be opened.
    pub fn new(
        settings: Settings,
        store: Store,
        world: World,
        address: std::net::SocketAddr,
    ) -> Result<Self, ObjectError> {
        let base_url = match settings.server.base_url.as_str() {
            "" => format!("http://{address}"),
            configured => configured.to_owned(),
        };
        let passwords = Passwords::new(settings.accounts.password_cost, settings.accounts.password_parallel);
        let changes = Hub::new(store.clone(), Duration::from_millis(settings.worker.poll_milliseconds));
        let stopping = CancellationToken::new();
        let billing = Billing::configured(&settings);
        let alarms = Alarms::default();
        let metrics = Metrics::configured(&settings);
        let google = Provider::configured(&settings.google);
        let providers = Providers::configured(&settings);
        let (letters, work) = (Notify::new(), Notify::new());
        let data = Path::new(&settings.server.data);
        let objects = Objects::open(&settings.objects, data)?;
        let scratch = data.join("tmp");
        let fault = |fault| ObjectError::Folder { path: scratch.display().to_string(), fault };
        let darkroom = Darkroom::new(&settings.uploads, scratch.clone()).map_err(fault)?;
        Ok(Self(Arc::new(Parts {
            settings,
            base_url,
            store,
            world,
            passwords,
            letters,
            billing,
            alarms,
            metrics,
            google,
            objects,
            darkroom,
            providers,
            work,
            views: Views::default(),
            changes,
            stopping,
        })))
    }

    /// Whether the outside services are stand-ins.
    pub fn is_sandbox(&self) -> bool {
        self.settings.mode() == Mode::Sandbox
    }

    /// Whether people come over TLS: cookies are then marked for it.
    pub fn is_secure(&self) -> bool {
        self.base_url.starts_with("https:")
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
