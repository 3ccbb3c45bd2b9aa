//! What every request works with: settings, the store, time and chance, and the pool that checks passwords.

use crate::accounts::google::Provider;
use crate::accounts::password::Passwords;
use crate::billing::Billing;
use crate::billing::alarm::Alarms;
use crate::settings::{Mode, Settings};
use crate::store::Store;
use crate::world::World;
use std::ops::Deref;
use std::sync::Arc;
use tokio::sync::Notify;

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
    /// Google's sign-in, when it is configured.
    pub google: Option<Provider>,
    /// Told when a letter was queued, so that a worker in this process need not wait for its next look.
    pub letters: Notify,
}

impl App {
    /// Puts the parts together. `address` is what the server is bound to; it makes the base URL when none is configured.
    pub fn new(settings: Settings, store: Store, world: World, address: std::net::SocketAddr) -> Self {
        let base_url = match settings.server.base_url.as_str() {
            "" => format!("http://{address}"),
            configured => configured.to_owned(),
        };
        let passwords = Passwords::new(settings.accounts.password_cost, settings.accounts.password_parallel);
        let billing = Billing::configured(&settings);
        let alarms = Alarms::default();
        let google = Provider::configured(&settings.google);
        let letters = Notify::new();
        Self(Arc::new(Parts { settings, base_url, store, world, passwords, billing, alarms, google, letters }))
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
