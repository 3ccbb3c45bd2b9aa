//! Where the refresh token is kept: the system's keychain, asked on a thread of its own with a time limit, because a keychain may be locked,
//! silent or missing, and some ask the person first.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pretty_contract::problem::{Code, Problem};

/// How long a keychain may take. A person who is asked for a password needs some time; a silent one has none.
const PATIENCE: Duration = Duration::from_secs(10);
/// The program's name in the keychain.
const SERVICE: &str = "com.asprettyasapicture.desktop";

/// A place for one secret.
pub(crate) trait Vault: Send + 'static {
    fn load(&self, name: &str) -> Result<Option<String>, String>;
    fn save(&self, name: &str, secret: &str) -> Result<(), String>;
    fn delete(&self, name: &str) -> Result<(), String>;
}

/// The system's keychain.
pub(crate) struct Keychain;

impl Vault for Keychain {
    fn load(&self, name: &str) -> Result<Option<String>, String> {
        match keyring::Entry::new(SERVICE, name).and_then(|entry| entry.get_password()) {
            Ok(secret) => Ok(Some(secret)),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    fn save(&self, name: &str, secret: &str) -> Result<(), String> {
        keyring::Entry::new(SERVICE, name)
            .and_then(|entry| entry.set_password(secret))
            .map_err(|error| error.to_string())
    }

    fn delete(&self, name: &str) -> Result<(), String> {
        match keyring::Entry::new(SERVICE, name).and_then(|entry| entry.delete_credential()) {
            Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }
}

type Work = Box<dyn FnOnce(&dyn Vault) + Send>;

/// A vault on a thread of its own. One that does not answer is not waited for, and not asked again before it has.
pub(crate) struct Secrets {
    name: String,
    work: Mutex<Option<Sender<Work>>>,
    patience: Duration,
}

impl Secrets {
    /// The secrets of this service in a vault; the thread begins with the first question.
    pub(crate) fn new(vault: impl Vault, service: &str) -> Self {
        Self::with_patience(vault, service, PATIENCE)
    }

    pub(crate) fn with_patience(vault: impl Vault, service: &str, patience: Duration) -> Self {
        let (sender, receiver) = channel::<Work>();
        let begun = std::thread::Builder::new().name("keychain".into()).spawn(move || {
            for work in receiver {
                work(&vault);
            }
        });
        let sender =
            begun.inspect_err(|error| tracing::error!(%error, "no thread for the keychain")).ok().map(|_| sender);
        Self { name: format!("refresh-token {service}"), work: Mutex::new(sender), patience }
    }

    pub(crate) fn load(&self) -> Result<Option<String>, Problem> {
        let name = self.name.clone();
        self.ask(move |vault| vault.load(&name))
    }

    pub(crate) fn save(&self, secret: &str) -> Result<(), Problem> {
        let (name, secret) = (self.name.clone(), secret.to_owned());
        self.ask(move |vault| vault.save(&name, &secret))
    }

    pub(crate) fn delete(&self) -> Result<(), Problem> {
        let name = self.name.clone();
        self.ask(move |vault| vault.delete(&name))
    }

    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Vault) -> Result<T, String> + Send + 'static,
    ) -> Result<T, Problem> {
        let (sender, receiver) = channel();
        let work: Work = Box::new(move |vault| {
            // A keychain library that gives up must not take the thread with it.
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| question(vault)));
            let _ = sender.send(outcome.unwrap_or_else(|_| Err("the keychain's library broke off".into())));
        });
        let handed = {
            let thread = self.work.lock().unwrap_or_else(PoisonError::into_inner);
            thread.as_ref().is_some_and(|thread| thread.send(work).is_ok())
        };
        if !handed {
            return Err(unavailable("there is no thread for it"));
        }
        match receiver.recv_timeout(self.patience) {
            Ok(outcome) => outcome.map_err(|error| unavailable(&error)),
            Err(RecvTimeoutError::Timeout) => Err(unavailable("it does not answer")),
            Err(RecvTimeoutError::Disconnected) => Err(unavailable("it broke off")),
        }
    }
}

fn unavailable(detail: &str) -> Problem {
    Problem {
        code: Code::KeychainUnavailable,
        message:
            "This computer\u{2019}s keychain is locked or missing, so you stay signed in only while the app is open."
                .into(),
        retryable: true,
        detail: Some(detail.to_owned()),
    }
}
