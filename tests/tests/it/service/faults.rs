//! The same person and the same errands on a wire that breaks in every way, with the window killed in the middle: it ends in the same state, each job
//! is paid once, and nothing passes the wire that must not.

use std::thread::sleep;

use pretty_journeys::pretty;
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

/// Has all photos sent, by these buttons, on a wire that breaks at the last moment; then the queue is open. Gives back the price that was shown.
fn send_all(window: &Window, buttons: &[&str], breaks: impl FnOnce()) -> i64 {
    window.page.press("^Studio");
    window.page.wait_until("the studio", SOON, &says("lake at noon"));
    window.page.keys("\u{e009}a");
    for button in buttons {
        window.page.press(button);
    }
    let price = agree(window);
    breaks();
    window.page.press("^Send for");
    window.page.press("^Queue");
    price
}

/// Looks at every page there is, and opens no connection doing so.
fn looks_around_unheard(window: &Window, wire: &Wire, when: &str) {
    let before = wire.connections();
    for place in ["^Queue", "^Critiques", "^Privacy", "^Settings$", "^Account", "^Studio"] {
        window.page.press(place);
        sleep(Duration::from_millis(500));
    }
    assert_eq!(wire.connections(), before, "a connection was opened {when}");
}

/// A suggestion is tried and kept, and the critique saved, while there is no network: both are this computer's own.
fn try_and_save(window: &Window, home: &std::path::Path) {
    let page = &window.page;
    click(window, "main button", "[0-9] credit");
    page.wait_until("the critique", SOON, &says("Try it"));
    page.press("^Try it");
    page.wait_until("the suggestion", WORK, &says("Keep in the recipe"));
    page.press("^Keep in the recipe");
    page.press("^Export$");
    page.press("^Export as Markdown");
    let document = home.join("critique.md");
    window.save_as(&document);
    assert!(pretty::appears(&document, SOON), "the critique was not saved: {}", page.controls());
    let text = wait_for(SOON, || std::fs::read_to_string(&document).ok().filter(|text| text.contains('\n'))).unwrap();
    assert!(text.contains("# ") && text.len() > 200, "{text}");
}

/// The program started once more hands its photo over and ends: there is one window.
fn starts_once(window: &Window) {
    let photo = window.home.photos().join("third.jpg");
    image::open(programs::sample()).unwrap().crop_imm(100, 100, 400, 300).save(&photo).unwrap();
    let windows = window.display.windows(window::TITLE);
    window.start_again(&[photo]);
    window.page.press("^Studio");
    window.page.wait_until("the photo of the second start", SOON, &says("third"));
    assert_eq!(window.display.windows(window::TITLE), windows, "a second window came up");
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

    // Signed out: a service is known, and nothing is asked of it, wherever one looks.
    looks_around_unheard(&window, &wire, "while nobody is signed in");
    window.page.press("^Critique$");
    window.page.wait_until("that it needs an account", SOON, &says("needs an account"));
    window.page.press("^Cancel");
    window.page.press("^Account");
    window.page.press("^Privacy policy");
    window.page.wait_until("the policy that came with it", SOON, &says("As it came with the app"));
    assert_eq!(wire.connections(), 0, "a connection was opened before anybody signed in");

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
    let critiques = send_all(&window, &["^Critique\\s+[0-9]"], || wire.set(Fault::Down));
    window.page.wait_until("that it waits", SOON, &says("Waits for the network"));
    keep(&window, "faults-2-waiting");
    for fault in [Fault::CAPTIVE_PORTAL, Fault::NONSENSE, Fault::OUT_OF_ORDER, Fault::Silent] {
        wire.set(fault);
        sleep(Duration::from_secs(4));
        let movements = service.movements(EMAIL);
        assert!(movements.iter().all(|each| each.kind == "grant"), "{fault:?}: the service has not heard of them");
    }
    // The service hears everything, and no answer comes back whole.
    wire.set(Fault::Cut(200));
    sleep(Duration::from_secs(6));
    wire.set(Fault::None);
    window.page.press("^Critiques");
    let two =
        "[...document.querySelectorAll('main button')].filter((e) => /[0-9] credit/.test(e.innerText)).length >= 2";
    window.page.wait_until("two critiques", WORK, two);
    assert_paid(&service, &[critiques]);
    wire.set(Fault::Down);
    try_and_save(&window, window.home.path());
    wire.set(Fault::None);

    // Killed on the way to the cloud, and once more on the way back.
    let enhancements = send_all(&window, &["^Pro jobs", "cloud"], || wire.set(Fault::Slow));
    window.page.wait_until("the jobs", SOON, &says("Cloud enhancement"));
    window = open(window.kill());
    sleep(Duration::from_secs(3));
    window = open(window.kill());
    wire.set(Fault::None);
    window.page.press("^Queue");
    let shown = "[...document.querySelectorAll('button')].filter((e) => /Show result/.test(e.innerText + (e.ariaLabel ?? ''))).length >= 2";
    window.page.wait_until("both photos back from the cloud", WORK, shown);
    keep(&window, "faults-3-done");

    // The same end as without faults: four jobs, each held once and paid once, at the prices that were shown.
    let movements = service.movements(EMAIL);
    let of = |kind: &str| movements.iter().filter(|each| each.kind == kind).count();
    assert_eq!((of("hold"), of("capture"), of("release")), (4, 4, 0), "{movements:?}");
    assert_paid(&service, &[critiques, enhancements]);
    starts_once(&window);

    // By choice offline: no connection is opened, whatever is pressed.
    window.page.press("^Privacy");
    window.page.wait_until("what left this computer", SOON, &says("photos sent"));
    window.page.press("^Work offline");
    window.page.wait_until("offline", SOON, &says("Offline by choice"));
    sleep(Duration::from_secs(1));
    looks_around_unheard(&window, &wire, "while offline");
    window.page.press("^Privacy");
    window.page.press("^Work offline");
    window.page.wait_until("online", SOON, &format!("!{}", says("Offline by choice")));

    // Deleted at the end: the window hears of it although the first answers about it are lost.
    window.page.press("^Account");
    assert_balance(&window, &service);
    window.page.press("^Delete my account");
    window.page.press("^Go on in the browser");
    let asked = wait_for(SOON, || (browser.asked().len() > 3).then_some(()));
    assert!(asked.is_some(), "no page to delete the account on was opened");
    wire.set(Fault::OUT_OF_ORDER);
    let _ = browser.visit(&service, 3, "delete");
    wire.set(Fault::None);
    window.page.wait_until("the deletion", WORK, &format!("{} && {ONLINE}", says("This account is being deleted")));
    keep(&window, "faults-4-deleted");
    assert_paid(&service, &[critiques, enhancements]);

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
    for private in PRIVATE.iter().chain(&[EMAIL, "apat_", "aprt_"]) {
        assert!(!log.contains(private), "{private:?} stands in the log");
    }
}
