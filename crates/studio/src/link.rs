//! The studio's link to the hosted service: what is known of it, and the few ways to change that. What is asked is in `sync`, `cloud`, `online`.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use pretty_contract::account::{AccountState, Kept, Online, Reach};
use pretty_contract::cloud::CritiqueLine;
use pretty_contract::event::Event;
use pretty_contract::problem::{Code, Problem};
use pretty_contract::service::account::Account;
use pretty_contract::service::billing::{Catalogue, Order};
use pretty_contract::service::jobs::Price;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::account::farewell::Farewells;
use crate::account::secrets::{Keychain, Secrets, Vault};
use crate::account::session::Session;
use crate::cloud::outbox::Outbox;
use crate::core::{Core, State};
use crate::host::Folders;
use crate::service::{Call, Fault, Service, base_address};
use crate::store::Store;

/// Where the service is, and whether to remember who is signed in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// The service's address: HTTPS, or plain HTTP on this computer. No service when absent.
    pub service: Option<String>,
    /// Where the sign-in is kept.
    pub secrets: SecretsIn,
    /// Who answers for people's data: an e-mail address, shown until the service has named one.
    pub contact: Option<String>,
}

/// Where the sign-in is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecretsIn {
    /// In the system's keychain.
    #[default]
    Keychain,
    /// In memory only, for tests.
    Memory,
}

/// A vault that has no door: for programs that must leave nothing behind.
struct NoVault;

impl Vault for NoVault {
    fn load(&self, _: &str) -> Result<Option<String>, String> {
        Ok(None)
    }

    fn save(&self, _: &str, _: &str) -> Result<(), String> {
        Err("this program was told to keep nothing".into())
    }

    fn delete(&self, _: &str) -> Result<(), String> {
        Ok(())
    }
}

/// What all who talk to the service share.
pub(crate) struct Link {
    pub(crate) store: Arc<Store>,
    pub(crate) service: Option<Arc<Service>>,
    pub(crate) session: Session,
    pub(crate) farewells: Farewells,
    /// Who answers for people's data, where this build names somebody.
    pub(crate) contact: Option<String>,
}

/// What is known of the service; part of the studio's state.
#[derive(Default)]
pub(crate) struct Linked {
    pub(crate) online: Online,
    pub(crate) critiques: Vec<CritiqueLine>,
    pub(crate) outbox: Outbox,
    /// Stops waiting for the browser.
    pub(crate) signing_in: Option<Arc<AtomicBool>>,
}

/// Who was signed in when the program ran before. No token is in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Remembered {
    pub(crate) account: Option<Account>,
    #[serde(default)]
    pub(crate) orders: Vec<Order>,
    #[serde(default)]
    pub(crate) catalogue: Option<Catalogue>,
    #[serde(default)]
    pub(crate) prices: Vec<Price>,
}

/// Names under which the store keeps things.
pub(crate) mod kept {
    pub(crate) const SESSION: &str = "session";
    pub(crate) const OFFLINE: &str = "offline";
    pub(crate) const USAGE: &str = "usage";
    pub(crate) const COUNTS: &str = "counts of use";
    pub(crate) const CAP: &str = "monthly cap";
    pub(crate) const UNASKED: &str = "unasked up to";
    pub(crate) const CONSENTS: &str = "consents";
    pub(crate) const LAST_EVENT: &str = "last event";
    /// Whether tokens of sign-outs that the service was not told of are in the keychain.
    pub(crate) const FAREWELLS: &str = "sign-outs to tell";
    pub(crate) const POLICY: &str = "privacy policy";
}

impl Link {
    /// Takes up what is remembered. Sends nothing and asks no keychain yet.
    pub(crate) fn open(folders: &Folders, connection: &Connection) -> (Self, Linked, Option<Problem>) {
        let secrets = |address: &str| match connection.secrets {
            SecretsIn::Keychain => Secrets::new(Keychain, address),
            SecretsIn::Memory => Secrets::new(NoVault, address),
        };
        let address = connection.service.as_deref().unwrap_or_default();
        let (link, linked, trouble) = Self::open_with(folders, address, secrets(address));
        (Self { contact: connection.contact.clone(), ..link }, linked, trouble)
    }

    pub(crate) fn open_with(folders: &Folders, address: &str, secrets: Secrets) -> (Self, Linked, Option<Problem>) {
        let (store, trouble) = Store::open(&folders.data);
        let store = Arc::new(store);
        let offline = store.kept(kept::OFFLINE).unwrap_or(false);
        let base = base_address(address);
        if base.is_none() && !address.is_empty() {
            tracing::error!("the service's address cannot be used");
        }
        let service = base.map(|base| Arc::new(Service::new(base, store.clone(), offline)));
        let mut linked = Linked { outbox: Outbox::recalled(&store), ..Linked::default() };
        linked.online.connection.offline = offline;
        linked.online.usage = store.kept(kept::USAGE).unwrap_or(false);
        linked.online.spending.monthly_cap = store.kept(kept::CAP).flatten();
        linked.online.spending.unasked_up_to = store.kept(kept::UNASKED).unwrap_or(0);
        linked.online.spending.consents = store.kept(kept::CONSENTS).unwrap_or_default();
        let mut remembers = false;
        if service.is_some() {
            linked.online.account = AccountState::SignedOut { notice: None };
            if let Some(remembered) = store.kept::<Remembered>(kept::SESSION) {
                remembers = true;
                let owner = remembered.account.as_ref().map(|account| account.id.clone());
                linked.critiques =
                    owner.map(|owner| crate::cloud::critiques::lines(&store, &owner)).unwrap_or_default();
                linked.online.account =
                    AccountState::SignedIn { account: remembered.account.map(Box::new), kept: Kept::Keychain };
                linked.online.orders = remembered.orders;
                linked.online.catalogue = remembered.catalogue;
                linked.online.prices = remembered.prices;
            }
        }
        let secrets = Arc::new(secrets);
        let farewells = Farewells::new(secrets.clone(), store.clone());
        let session = Session::new(secrets, remembers);
        let link = Self { store, service, session, farewells, contact: None };
        link.total(&mut linked);
        (link, linked, trouble)
    }

    /// The service, if this build knows one.
    pub(crate) fn service(&self) -> Result<&Arc<Service>, Fault> {
        self.service.as_ref().ok_or_else(|| Fault::Unreachable("this build of the program knows no service".into()))
    }

    /// Asks as whoever is signed in.
    pub(crate) fn send<T: DeserializeOwned>(&self, call: Call) -> Result<T, Fault> {
        self.authorized(call, |service, call| service.send(call))
    }

    /// Asks as whoever is signed in; only that it worked matters.
    pub(crate) fn tell(&self, call: Call) -> Result<(), Fault> {
        self.authorized(call, |service, call| service.tell(call))
    }

    /// Asks with an access token, and once more with a new one if that was refused.
    pub(crate) fn authorized<T>(
        &self,
        call: Call,
        ask: impl Fn(&Service, Call) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        use pretty_contract::service::error::ServiceCode::{TokenExpired, Unauthenticated};
        let service = self.service()?;
        if service.is_offline() {
            return Err(Fault::Offline);
        }
        let token = self.access(service, None)?;
        let outcome = ask(service, Call { token: Some(token.clone()), ..call.clone() });
        if !matches!(outcome.as_ref().err().and_then(Fault::code), Some(Unauthenticated | TokenExpired)) {
            return outcome;
        }
        let token = self.access(service, Some(&token))?;
        ask(service, Call { token: Some(token), ..call })
    }

    /// An access token. Where the sign-in could not be kept any longer, the next start must not look for it: what the keychain may still hold was
    /// used already, and whoever comes with that is taken for a thief.
    fn access(&self, service: &Service, stale: Option<&str>) -> Result<String, Fault> {
        let token = self.session.access(service, stale)?;
        if matches!(self.session.kept(), Kept::Memory { .. }) && self.store.has(kept::SESSION) {
            self.store.forget(kept::SESSION).map_err(|error| Fault::Here(error.into()))?;
        }
        Ok(token)
    }

    /// Brings totals up to date.
    pub(crate) fn total(&self, linked: &mut Linked) {
        linked.online.sent = self.store.sent_totals().unwrap_or_default();
        let since = self.store.month_began().unwrap_or_default();
        linked.online.spending.this_month =
            linked.user().map_or(0, |user| linked.outbox.spent_since(user, since, None));
        if let AccountState::SignedIn { kept, .. } = &mut linked.online.account {
            *kept = self.session.kept();
        }
        linked.online.connection.sandbox = self.service.as_ref().is_some_and(|service| service.is_sandbox());
    }
}

impl Linked {
    /// The id of whoever is signed in.
    pub(crate) fn user(&self) -> Option<&str> {
        match &self.online.account {
            AccountState::SignedIn { account: Some(account), .. } => Some(&account.id),
            _ => None,
        }
    }

    pub(crate) fn is_signed_in(&self) -> bool {
        matches!(self.online.account, AccountState::SignedIn { .. })
    }
}

/// Changes what is known and tells the window, if it did change.
pub(crate) fn change(core: &Core, change: impl FnOnce(&mut Linked)) {
    let mut state = core.lock();
    change_in(core, &mut state, change);
}

/// The same with the lock held.
pub(crate) fn change_in(core: &Core, state: &mut State, change: impl FnOnce(&mut Linked)) {
    let before = state.linked.online.clone();
    change(&mut state.linked);
    core.link.total(&mut state.linked);
    if state.linked.online != before {
        core.say(Event::Online(state.linked.online.clone()));
        core.wake();
    }
}

/// Writes down who is signed in and what is known of them, for the next start.
pub(crate) fn remember(core: &Core) {
    let state = core.lock();
    let online = &state.linked.online;
    let outcome = match &online.account {
        AccountState::SignedIn { account, kept: Kept::Keychain } => core.link.store.keep(
            kept::SESSION,
            &Remembered {
                account: account.as_deref().cloned(),
                orders: online.orders.clone(),
                catalogue: online.catalogue.clone(),
                prices: online.prices.clone(),
            },
        ),
        _ => core.link.store.forget(kept::SESSION),
    };
    if let Err(error) = outcome {
        tracing::warn!(%error, "who is signed in could not be remembered");
    }
}

/// Nobody is signed in any more. Jobs stay and wait.
pub(crate) fn signed_out(core: &Core, notice: Option<Problem>) {
    let mut state = core.lock();
    if notice.is_some() && !state.linked.is_signed_in() {
        // Whoever signed out here needs no telling, however many threads notice it, and is not to be broken off while saying so to the service.
        return;
    }
    if let Some(service) = &core.link.service {
        service.break_off();
    }
    change_in(core, &mut state, |linked| {
        let online = &mut linked.online;
        online.account = AccountState::SignedOut { notice };
        online.connection.service = Reach::NotAsked;
        online.connection.problem = None;
        online.connection.synced_at = None;
        online.devices.clear();
        online.orders.clear();
        online.export = None;
        linked.critiques.clear();
    });
    core.say(Event::Critiques(Vec::new()));
    crate::cloud::tell_all(core, &state);
    drop(state);
    let _ = core.link.store.forget(kept::LAST_EVENT);
    remember(core);
}

/// What a person is told who was signed out from elsewhere.
pub(crate) fn ended_elsewhere() -> Problem {
    Problem {
        code: Code::SignedOut,
        message: "You were signed out: on another device, or because the sign-in got too old. Sign in again; jobs that wait go on then.".into(),
        retryable: false,
        detail: None,
    }
}

/// The pause before the next try: doubles, up to a minute, with some chance in it so that many do not come back at the same moment.
pub(crate) fn pause(tries: u32) -> Duration {
    let most = Duration::from_secs(60);
    let pause = Duration::from_millis(500).saturating_mul(1 << tries.min(8)).min(most);
    let mut chance = [0_u8; 1];
    // Without chance it is only less polite.
    let _ = getrandom::fill(&mut chance);
    pause.mul_f64(0.75 + f64::from(chance[0]) / 510.0)
}
