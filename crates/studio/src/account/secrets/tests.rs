//! Keychains that behave badly, and the system's own.

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
    let [first, rest @ ..] = [
        silent.load(Entry::SignIn).unwrap_err(),
        silent.save(Entry::SignIn, "secret").unwrap_err(),
        silent.delete(Entry::SignIn).unwrap_err(),
    ];
    assert_eq!(first.detail.as_deref(), Some("it does not answer"));
    for problem in rest {
        assert_eq!(problem.code, Code::KeychainUnavailable);
        assert_eq!(problem.detail.as_deref(), Some("it has not answered what it was asked before"));
    }
    assert!(began.elapsed() < Duration::from_secs(60));
    let locked = Secrets::new(Bad(|| Err("locked".into())), "here");
    let problem = locked.save(Entry::SignIn, "secret").unwrap_err();
    assert!(problem.message.contains("only while the app is open"));
    assert!(!format!("{problem:?}").contains("secret"), "a problem never holds what was to be kept");
    // One that gives up does not take the thread with it.
    let falls = Secrets::new(Bad(|| panic!("no bus")), "here");
    assert!(falls.load(Entry::SignIn).is_err());
    assert_eq!(falls.load(Entry::SignIn).unwrap_err().detail.as_deref(), Some("the keychain's library broke off"));
}

/// A keychain that answers each question when it is told to, and says what it was asked.
#[derive(Clone, Default)]
struct Slow {
    held: Arc<Mutex<Option<String>>>,
    asked: Arc<Mutex<Vec<String>>>,
    answers: Arc<Mutex<Option<std::sync::mpsc::Receiver<()>>>>,
}

impl Slow {
    fn asked(&self, what: String) {
        self.asked.lock().unwrap().push(what);
        if let Some(answers) = self.answers.lock().unwrap().as_ref() {
            let _ = answers.recv();
        }
    }
}

impl Vault for Slow {
    fn load(&self, _: &str) -> Result<Option<String>, String> {
        self.asked("load".into());
        Ok(self.held.lock().unwrap().clone())
    }

    fn save(&self, _: &str, secret: &str) -> Result<(), String> {
        self.asked(format!("save {secret}"));
        *self.held.lock().unwrap() = Some(secret.to_owned());
        Ok(())
    }

    fn delete(&self, _: &str) -> Result<(), String> {
        self.asked("delete".into());
        *self.held.lock().unwrap() = None;
        Ok(())
    }
}

/// Waits until a question goes through again.
fn until_it_answers(secrets: &Secrets) {
    while secrets.load(Entry::SignIn).is_err() {
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn what_is_saved_too_late_does_not_stay_and_one_question_is_open_at_a_time() {
    let (answer, answers) = channel();
    let slow = Slow { answers: Arc::new(Mutex::new(Some(answers))), ..Slow::default() };
    let secrets = Secrets::with_patience(slow.clone(), "here", Duration::from_millis(20));
    assert!(secrets.save(Entry::SignIn, "late").is_err());
    for _ in 0..3 {
        assert!(secrets.save(Entry::SignIn, "later").is_err() && secrets.load(Entry::SignIn).is_err());
    }
    assert_eq!(*slow.asked.lock().unwrap(), ["save late"]);
    drop(answer);
    until_it_answers(&secrets);
    assert_eq!(*slow.held.lock().unwrap(), None);
    assert_eq!(slow.asked.lock().unwrap()[..3], ["save late", "delete", "load"].map(str::to_owned));
    secrets.save(Entry::SignIn, "in time").unwrap();
    assert_eq!(secrets.load(Entry::SignIn).unwrap().as_deref(), Some("in time"));
}

#[test]
fn what_is_to_be_forgotten_while_the_keychain_is_silent_is_forgotten_when_it_answers() {
    let (answer, answers) = channel();
    let slow = Slow { answers: Arc::new(Mutex::new(Some(answers))), ..Slow::default() };
    *slow.held.lock().unwrap() = Some("kept before".into());
    let secrets = Secrets::with_patience(slow.clone(), "here", Duration::from_millis(20));
    assert!(secrets.load(Entry::SignIn).is_err() && secrets.delete(Entry::SignIn).is_err());
    drop(answer);
    until_it_answers(&secrets);
    assert_eq!(*slow.held.lock().unwrap(), None);
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
    assert_eq!(one.load(Entry::SignIn).unwrap(), None);
    one.delete(Entry::SignIn).unwrap();
    one.save(Entry::SignIn, "first").unwrap();
    one.save(Entry::SignIn, "second \u{1f511}").unwrap();
    other.save(Entry::SignIn, "of another service").unwrap();
    drop(one);
    // The next run of the program.
    let one = Secrets::new(Keychain, "https://one.example");
    assert_eq!(one.load(Entry::SignIn).unwrap().as_deref(), Some("second \u{1f511}"));
    one.delete(Entry::SignIn).unwrap();
    assert_eq!(one.load(Entry::SignIn).unwrap(), None);
    assert_eq!(other.load(Entry::SignIn).unwrap().as_deref(), Some("of another service"));
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
    assert_eq!(secrets.save(Entry::SignIn, "a secret").unwrap_err().code, Code::KeychainUnavailable);
}
