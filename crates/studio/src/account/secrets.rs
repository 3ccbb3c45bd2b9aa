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

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};
    use std::time::Instant;

    /// A keychain that behaves badly.
    struct Bad(fn() -> Result<Option<String>, String>);

    impl Vault for Bad {
        fn load(&self, _: &str) -> Result<Option<String>, String> {
            (self.0)()
        }

        fn save(&self, _: &str, _: &str) -> Result<(), String> {
            (self.0)().map(drop)
        }

        fn delete(&self, _: &str) -> Result<(), String> {
            (self.0)().map(drop)
        }
    }

    #[test]
    fn a_bad_keychain_is_told_and_not_waited_for() {
        let silent = Secrets::with_patience(
            Bad(|| {
                std::thread::sleep(Duration::from_secs(3600));
                Ok(None)
            }),
            "here",
            Duration::from_millis(20),
        );
        let began = Instant::now();
        for detail in [silent.load().unwrap_err(), silent.save("secret").unwrap_err(), silent.delete().unwrap_err()] {
            assert_eq!(detail.code, Code::KeychainUnavailable);
            assert_eq!(detail.detail.as_deref(), Some("it does not answer"));
        }
        assert!(began.elapsed() < Duration::from_secs(60));
        let locked = Secrets::new(Bad(|| Err("locked".into())), "here");
        let problem = locked.save("secret").unwrap_err();
        assert!(problem.message.contains("only while the app is open"));
        assert!(!format!("{problem:?}").contains("secret"), "a problem never holds what was to be kept");
        // One that gives up does not take the thread with it.
        let falls = Secrets::new(Bad(|| panic!("no bus")), "here");
        assert!(falls.load().is_err());
        assert_eq!(falls.load().unwrap_err().detail.as_deref(), Some("the keychain's library broke off"));
    }

    /// Set for the part of a test that runs on a message bus of its own.
    const INSIDE: &str = "PRETTY_TEST_KEYCHAIN";

    /// Runs this test once more in a session of its own, with a Secret Service that `prepare` opens or not. None where the programs are not there.
    fn on_a_bus_of_its_own(test: &str, prepare: &str, inside: &str) -> Option<bool> {
        let home = tempfile::tempdir().unwrap();
        let all_there = ["dbus-run-session", "gnome-keyring-daemon"].into_iter().all(|name| {
            let found = Command::new("sh").args(["-c", &format!("command -v {name}")]).stdout(Stdio::null()).status();
            found.is_ok_and(|status| status.success())
        });
        if !all_there {
            eprintln!("SKIPPED {test}: dbus-run-session and gnome-keyring-daemon are not both installed");
            return None;
        }
        let script = format!("{prepare} exec \"$0\" --exact {test} --nocapture");
        let mut command = Command::new("timeout");
        command.args(["60", "dbus-run-session", "--", "sh", "-c", &script]).arg(std::env::current_exe().unwrap());
        command.env("HOME", home.path()).env("XDG_DATA_HOME", home.path()).env("XDG_RUNTIME_DIR", home.path());
        command.env(INSIDE, inside).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").stdin(Stdio::null());
        Some(command.status().unwrap().success())
    }

    #[test]
    fn the_systems_keychain_keeps_the_sign_in() {
        const NAME: &str = "account::secrets::tests::the_systems_keychain_keeps_the_sign_in";
        const OPEN: &str = "printf password | gnome-keyring-daemon --unlock --components=secrets >/dev/null;";
        if std::env::var_os(INSIDE).is_none() {
            if let Some(worked) = on_a_bus_of_its_own(NAME, OPEN, "open") {
                assert!(worked);
            }
            return;
        }
        let one = Secrets::new(Keychain, "https://one.example");
        let other = Secrets::new(Keychain, "https://other.example");
        assert_eq!(one.load().unwrap(), None);
        one.delete().unwrap();
        one.save("first").unwrap();
        one.save("second \u{1f511}").unwrap();
        other.save("of another service").unwrap();
        drop(one);
        // The next run of the program.
        let one = Secrets::new(Keychain, "https://one.example");
        assert_eq!(one.load().unwrap().as_deref(), Some("second \u{1f511}"));
        one.delete().unwrap();
        assert_eq!(one.load().unwrap(), None);
        assert_eq!(other.load().unwrap().as_deref(), Some("of another service"));
    }

    #[test]
    fn a_keychain_that_is_locked_or_missing_is_told() {
        const NAME: &str = "account::secrets::tests::a_keychain_that_is_locked_or_missing_is_told";
        if std::env::var_os(INSIDE).is_none() {
            // Locked: the daemon runs and nobody has opened it. Missing: no bus to find one on.
            let locked = "gnome-keyring-daemon --start --components=secrets >/dev/null;";
            let missing = "export DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent;";
            for prepare in [locked, missing] {
                if let Some(worked) = on_a_bus_of_its_own(NAME, prepare, "closed") {
                    assert!(worked, "{prepare}");
                }
            }
            return;
        }
        let secrets = Secrets::new(Keychain, "https://one.example");
        assert_eq!(secrets.save("a secret").unwrap_err().code, Code::KeychainUnavailable);
    }
}
