//! The same person and the same errands on a wire that breaks in every way, with the window killed in the middle: it ends in the same state, each job
//! is paid once, and nothing passes the wire that must not.

use std::thread::sleep;

use pretty_journeys::wire::{Fault, Wire};

use super::*;

const PASSWORD: &str = "harbour lantern 58 quilt";
/// What the photos say about where they were taken and by whom, and what they are called.
const PRIVATE: &[&str] = &["Exif\0\0", "Somebody Secret", "59.329", "GPS", "lake at noon", "peaks.jpg", PASSWORD];

/// Two photos with a position and a name in them.
fn telling_photos(home: &Home) -> [PathBuf; 2] {
    let photos = two_photos(home);
    for photo in &photos {
        let tags = [
            "-overwrite_original",
            "-GPSLatitude=59.329",
            "-GPSLatitudeRef=N",
            "-GPSLongitude=18.068",
            "-Artist=Somebody Secret",
        ];
        assert!(Command::new("exiftool").args(tags).arg(photo).output().unwrap().status.success());
        let bytes = std::fs::read(photo).unwrap();
        assert!(has(&bytes, "Exif\0\0") && has(&bytes, "Somebody Secret"), "the photo tells");
    }
    photos
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

/// What stands before each place at which a text begins, in small letters.
fn before_each(bytes: &[u8], text: &str) -> Vec<String> {
    let places = bytes.windows(text.len()).enumerate().filter(|(_, part)| *part == text.as_bytes());
    places.map(|(at, _)| String::from_utf8_lossy(&bytes[at.saturating_sub(24)..at]).to_lowercase()).collect()
}

/// Movements of one kind in what the service's own ledger says, by how many credits.
fn movements(ledger: &str, kind: &str) -> Vec<i64> {
    let of_kind = ledger.lines().filter(|line| line.split_whitespace().any(|word| word == kind));
    let number = |line: &str| line.split("held ").nth(1).and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    of_kind.filter_map(number).collect()
}

/// Has all photos sent, by these buttons, on a wire that breaks at the last moment; then the queue is open.
fn send_all(window: &Window, buttons: &[&str], breaks: impl FnOnce()) {
    window.page.press("^Studio");
    window.page.wait_until("the studio", SOON, &says("lake at noon"));
    window.page.keys("\u{e009}a");
    for button in buttons {
        window.page.press(button);
    }
    agree(window);
    breaks();
    window.page.press("^Send for");
    window.page.press("^Queue");
}

#[test]
fn through_every_fault_of_the_network_and_a_kill_it_ends_the_same() {
    let test = "the window with the service on a bad wire";
    if !can_run(test) || !has_programs(test, &["exiftool", "gnome-keyring-daemon"]) {
        return;
    }
    let (service, mut browser, home) = (Service::start(), SystemBrowser::new(), Home::new());
    let wire = Wire::to(&service.address);
    browser.finds(&wire.address, &service.address);
    let photos = telling_photos(&home);
    let originals: Vec<String> = photos.iter().map(|photo| files::hash(photo)).collect();
    let open = |home: Home| {
        let window = Window::open_in(home, &photos, |command| {
            with_browser(command, &browser);
            command.env("PRETTY_SERVICE_URL", &wire.address).env(window::WITH_KEYRING, "1");
        });
        window.page.wait_until("the photos", SOON, &format!("{} && {}", says("lake at noon"), says("peaks")));
        window
    };
    let mut window = open(home);

    // The service is out of order at the very end of signing in: a sentence, and the next attempt works.
    wire.set(Fault::OUT_OF_ORDER);
    window.page.press("^Account");
    window.page.press("^Sign in or sign up");
    let _ = browser.visit(&service, 0, "sign-up");
    window.page.wait_until(
        "why it did not work",
        SOON,
        "/could not|cannot|not reachable|did not/i.test(document.body.innerText)",
    );
    keep(&window, "faults-1-sign-in");
    wire.set(Fault::None);
    window.page.press("^Sign in or sign up|^Try again");
    let said = browser.visit(&service, 1, "connect");
    assert!(said.contains("You are signed in"), "the page to come back from says: {said}");
    window.page.wait_until("signed in", SOON, &says("Mara Lindqvist"));

    // Paid while nothing comes through: noticed afterwards.
    window.page.press("^Buy credits");
    window.page.wait_until("the packs", SOON, &says("Packs"));
    window.page.press("credits, ");
    let asked = wait_for(SOON, || (browser.asked().len() > 2).then_some(()));
    assert!(asked.is_some(), "no page to pay on was opened");
    wire.set(Fault::Silent);
    let _ = browser.visit(&service, 2, "pay");
    wire.set(Fault::None);
    window.page.wait_until("the credits", WORK, "/[1-9][0-9]* credits/.test(document.body.innerText) && !document.body.innerText.includes('Waiting for the payment')");

    // Sent into a network that is gone, and then worse than gone.
    send_all(&window, &["^Critique\\s+[0-9]"], || wire.set(Fault::Down));
    window.page.wait_until("that it waits", SOON, &says("Waits for the network"));
    keep(&window, "faults-2-waiting");
    for fault in [Fault::CAPTIVE_PORTAL, Fault::NONSENSE, Fault::OUT_OF_ORDER, Fault::Silent] {
        wire.set(fault);
        sleep(Duration::from_secs(4));
        assert!(!service.ledger("mara@example.org").contains("hold"), "{fault:?}: the service has not heard of them");
    }
    // The service hears everything, and no answer comes back whole.
    wire.set(Fault::Cut(200));
    sleep(Duration::from_secs(6));
    wire.set(Fault::None);
    window.page.press("^Critiques");
    let two =
        "[...document.querySelectorAll('main button')].filter((e) => /[0-9] credit/.test(e.innerText)).length >= 2";
    window.page.wait_until("two critiques", WORK, two);

    // Killed on the way to the cloud, and once more on the way back.
    send_all(&window, &["^Pro jobs", "cloud"], || wire.set(Fault::Slow));
    window.page.wait_until("the jobs", SOON, &says("Cloud enhancement"));
    window = open(window.kill());
    sleep(Duration::from_secs(3));
    window = open(window.kill());
    wire.set(Fault::None);
    window.page.press("^Queue");
    let shown = "[...document.querySelectorAll('button')].filter((e) => /Show in folder/.test(e.innerText + (e.ariaLabel ?? ''))).length >= 2";
    window.page.wait_until("both photos back from the cloud", WORK, shown);
    keep(&window, "faults-3-done");

    // The same end as without faults: four jobs, each held once and paid once, and the books are right.
    let ledger = service.ledger("mara@example.org");
    let (held, captured) = (movements(&ledger, "hold"), movements(&ledger, "capture"));
    assert_eq!((held.len(), captured.len(), movements(&ledger, "release").len()), (4, 4, 0), "{ledger}");
    assert_eq!(held.iter().sum::<i64>(), -captured.iter().sum::<i64>(), "{ledger}");
    service.audit();

    // By choice offline: no connection is opened, whatever is pressed.
    window.page.press("^Privacy");
    window.page.wait_until("what left this computer", SOON, &says("photos sent"));
    window.page.press("^Work offline");
    window.page.wait_until("offline", SOON, &says("Offline by choice"));
    sleep(Duration::from_secs(1));
    let connections = wire.connections();
    for place in ["^Account", "^Critiques", "^Queue", "^Studio"] {
        window.page.press(place);
        sleep(Duration::from_millis(700));
    }
    assert_eq!(wire.connections(), connections, "a connection was opened while offline");

    for (photo, original) in photos.iter().zip(&originals) {
        assert_eq!(&files::hash(photo), original, "{} was changed", photo.display());
    }
    let sent = wire.sent();
    for private in PRIVATE {
        assert!(!has(&sent, private), "{private:?} passed the wire");
    }
    let (access, refresh) = (before_each(&sent, "apat_"), before_each(&sent, "aprt_"));
    assert!(access.len() > 10 && access.iter().all(|before| before.ends_with("authorization: bearer ")), "{access:?}");
    assert!(!refresh.is_empty() && refresh.iter().all(|before| before.ends_with("token=")), "{refresh:?}");
    let log = service.log();
    for private in PRIVATE.iter().chain(&["mara@example.org", "apat_", "aprt_"]) {
        assert!(!log.contains(private), "{private:?} stands in the log");
    }
}
