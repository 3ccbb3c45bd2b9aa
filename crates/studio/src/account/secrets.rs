//! Where the refresh token is kept: the system's keychain, asked on a thread of its own with a time limit, because a keychain may be locked,
//! silent or missing, and some ask the person first.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pretty_contract::problem::{Code, Problem};

/// How long a keychain may take. A person who is asked for a password needs some time; a silent one has none.
const PATIENCE: Duration = Duration::from_secs(10);
/// The program's name in the keychain.
const SERVICE: &str = "com.asprettyasapicture.desktop";

/// A place for secrets by name.
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

/// A question, which gives back what tells its answer to whoever asked.
type Work = Box<dyn FnOnce(&dyn Vault) -> Box<dyn FnOnce()> + Send>;

/// What is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// The refresh token of whoever is signed in.
    SignIn,
    /// Those of sign-ins that ended here and of which the service was not told yet, a line each.
    Farewells,
}

/// A vault on a thread of its own. One that does not answer is not waited for, and not asked again before it has.
pub(crate) struct Secrets {
    /// The service's address.
    of: String,
    work: Mutex<Option<Sender<Work>>>,
    desk: Arc<Mutex<Desk>>,
    patience: Duration,
}

/// What the thread is at.
#[derive(Default)]
struct Desk {
    /// The number of the question that has no answer yet.
    open: Option<u64>,
    asked: u64,
    /// Names under which the vault is to hold nothing, whatever comes of the open question.
    forget: Vec<String>,
}

impl Secrets {
    /// The secrets of this service in a vault; the thread begins with the first question.
    pub(crate) fn new(vault: impl Vault, service: &str) -> Self {
        Self::with_patience(vault, service, PATIENCE)
    }

    pub(crate) fn with_patience(vault: impl Vault, service: &str, patience: Duration) -> Self {
        let desk = Arc::new(Mutex::new(Desk::default()));
        let (sender, receiver) = channel::<Work>();
        let at_work = desk.clone();
        let begun = std::thread::Builder::new().name("keychain".into()).spawn(move || {
            for work in receiver {
                let tell = work(&vault);
                close(&vault, &at_work);
                tell();
            }
        });
        let sender =
            begun.inspect_err(|error| tracing::error!(%error, "no thread for the keychain")).ok().map(|_| sender);
        Self { of: service.to_owned(), work: Mutex::new(sender), desk, patience }
    }

    fn name(&self, entry: Entry) -> String {
        match entry {
            Entry::SignIn => format!("refresh-token {}", self.of),
            Entry::Farewells => format!("signed-out {}", self.of),
        }
    }

    pub(crate) fn load(&self, entry: Entry) -> Result<Option<String>, Problem> {
        let name = self.name(entry);
        self.ask(move |vault| vault.load(&name), |_| {})
    }

    /// Keeps a secret. Where this fails, the vault does not come to hold it later, however late it answers.
    pub(crate) fn save(&self, entry: Entry, secret: &str) -> Result<(), Problem> {
        let (name, secret) = (self.name(entry), secret.to_owned());
        let given_up = name.clone();
        self.ask(move |vault| vault.save(&name, &secret), |desk| desk.forget.push(given_up))
    }

    /// Forgets what is kept: at once, or after the question that the vault is still at.
    pub(crate) fn delete(&self, entry: Entry) -> Result<(), Problem> {
        let name = self.name(entry);
        {
            let mut desk = lock(&self.desk);
            if desk.open.is_some() {
                desk.forget.push(name);
                return Err(unavailable("it has not answered what it was asked before"));
            }
        }
        self.ask(move |vault| vault.delete(&name), |_| {})
    }

    /// Asks, and does `given_up` to the desk when there was no answer in time.
    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Vault) -> Result<T, String> + Send + 'static,
        given_up: impl FnOnce(&mut Desk),
    ) -> Result<T, Problem> {
        let number = {
            let mut desk = lock(&self.desk);
            if desk.open.is_some() {
                return Err(unavailable("it has not answered what it was asked before"));
            }
            desk.asked += 1;
            desk.open = Some(desk.asked);
            desk.asked
        };
        let (sender, receiver) = channel();
        let work: Work = Box::new(move |vault| {
            let outcome = guarded(|| question(vault));
            Box::new(move || {
                let _ = sender.send(outcome);
            })
        });
        let handed = lock(&self.work).as_ref().is_some_and(|thread| thread.send(work).is_ok());
        if !handed {
            lock(&self.desk).open = None;
            return Err(unavailable("there is no thread for it"));
        }
        let answer = receiver.recv_timeout(self.patience).or_else(|error| {
            let mut desk = lock(&self.desk);
            if error == RecvTimeoutError::Timeout && desk.open == Some(number) {
                given_up(&mut desk);
                return Err(error);
            }
            drop(desk);
            // It has just answered.
            receiver.recv().map_err(|_| RecvTimeoutError::Disconnected)
        });
        match answer {
            Ok(outcome) => outcome.map_err(|error| unavailable(&error)),
            Err(RecvTimeoutError::Timeout) => Err(unavailable("it does not answer")),
            Err(RecvTimeoutError::Disconnected) => Err(unavailable("it broke off")),
        }
    }
}

/// The vault has answered. What it was given up over, or told to forget meanwhile, goes before it is asked anything else.
fn close(vault: &dyn Vault, desk: &Mutex<Desk>) {
    loop {
        let mut desk = lock(desk);
        let Some(name) = desk.forget.pop() else {
            desk.open = None;
            return;
        };
        drop(desk);
        if let Err(error) = guarded(|| vault.delete(&name)) {
            tracing::warn!(error, "the keychain could not be cleared");
        }
    }
}

/// A keychain library that gives up must not take the thread with it.
fn guarded<T>(question: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(question))
        .unwrap_or_else(|_| Err("the keychain's library broke off".into()))
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests;
