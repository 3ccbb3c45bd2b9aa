//! The real window against the real service in its sandbox, with Chromium as the system browser: one person from signing up to deleting the account.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use pretty_journeys::service::{self, Service, SystemBrowser};
use pretty_journeys::skip::{has_programs, skipped};
use pretty_journeys::waiting::wait_for;
use pretty_journeys::window::{self, Home, Window};
use pretty_journeys::{files, programs};
use serde_json::{Value, json};

/// Long, because the machine may be building or testing other things at the same time.
const SOON: Duration = Duration::from_secs(90);
const WORK: Duration = Duration::from_secs(240);

/// Whose account it is.
const EMAIL: &str = "mara@example.org";
/// The service is there.
const ONLINE: &str = "!document.body.innerText.includes('Service not reachable')";

mod faults;

/// Two different photos, made of the one that ships.
fn two_photos(home: &Home) -> [PathBuf; 2] {
    let sample = image::open(programs::sample()).unwrap();
    let (lake, peaks) = (home.photos().join("lake at noon.jpg"), home.photos().join("peaks.jpg"));
    sample.crop_imm(0, 0, 900, 620).save(&lake).unwrap();
    sample.crop_imm(300, 60, 700, 520).fliph().save(&peaks).unwrap();
    [lake, peaks]
}

fn says(text: &str) -> String {
    format!("document.body.innerText.includes({})", Value::from(text))
}

/// One visible thing whose text matches, clicked: for what is no button.
fn click(window: &Window, selector: &str, text: &str) {
    let script = "const pattern = new RegExp(arguments[1], 'i');
        const found = [...document.querySelectorAll(arguments[0])].find((e) => pattern.test((e.getAttribute('aria-label') ?? '') + ' ' + (e.innerText ?? '')));
        if (!found) return false;
        found.click();
        return true;";
    let clicked = wait_for(SOON, || (window.page.run(script, &[json!(selector), json!(text)]) == true).then_some(()));
    assert!(clicked.is_some(), "there is no {selector} /{text}/: {}", window.page.controls());
}

/// Pictures in dark and in light, without a reload: sheets stay open.
fn keep(window: &Window, name: &str) {
    for theme in ["light", "dark"] {
        let _ = window.page.run("document.documentElement.dataset.theme = arguments[0];", &[json!(theme)]);
        std::thread::sleep(Duration::from_millis(600));
        window.picture(&format!("service-{name}-{theme}"));
    }
}

/// Waits for the price, and agrees that copies go out where that was not agreed to before. Gives back the credits that the button says.
fn agree(window: &Window) -> i64 {
    window.page.wait_until("the price", SOON, "/Send for [0-9]+ credit/.test(document.body.innerText)");
    let price = "return Number(document.body.innerText.match(/Send for ([0-9]+) credit/)[1]);";
    let price = window.page.run(price, &[]).as_i64().unwrap();
    if window.page.run("return document.body.innerText.includes('I agree that copies go');", &[]) == true {
        window.page.press("^I agree that copies go");
    }
    price
}

/// Sends what is asked about, at the price that is shown, which is given back.
fn send(window: &Window, picture: &str) -> i64 {
    window.page.wait_until("the price", SOON, "/Send for [0-9]+ credit/.test(document.body.innerText)");
    keep(window, picture);
    let price = agree(window);
    window.page.press("^Send for");
    price
}

/// What was shown before each sending is what the service's own books say was spent, to the credit; the books add up.
fn assert_paid(service: &Service, shown: &[i64]) {
    let sum = |kind: &str| -> i64 {
        service.movements(EMAIL).iter().filter(|each| each.kind == kind).map(|each| each.held).sum()
    };
    let total: i64 = shown.iter().sum();
    assert!(total > 0, "{shown:?}");
    let settled = wait_for(SOON, || (-sum("capture") == total).then_some(()));
    assert!(settled.is_some(), "{shown:?} was shown, and the books say: {}", service.ledger(EMAIL));
    assert_eq!((sum("hold"), sum("release")), (total, 0), "{}", service.ledger(EMAIL));
    service.audit();
}

/// The balance on the account's page, once it is what the books say.
fn assert_balance(window: &Window, service: &Service) {
    let balance: i64 = service.movements(EMAIL).iter().map(|each| each.available).sum();
    let shown = format!("document.querySelector('.balance')?.textContent === '{balance}'");
    window.page.wait_until("the balance of the books", SOON, &shown);
}

/// Asks for the account's deletion, on the `number`th page that is opened; then the window says so.
fn delete_account(window: &Window, service: &Service, browser: &SystemBrowser, number: usize) {
    window.page.press("^Account");
    window.page.press("^Delete my account");
    window.page.press("^Go on in the browser");
    let _ = browser.visit(service, number, "delete");
    window.page.wait_until("the deletion", SOON, &format!("{} && {ONLINE}", says("This account is being deleted")));
}

/// What these journeys need is here; else it is said what is not.
fn can_run(test: &str) -> bool {
    let programs =
        has_programs(test, window::NEEDS) && has_programs(test, service::NEEDS) && has_programs(test, &["chromium"]);
    if programs && !service::has_browser_packages() {
        skipped(test, "the packages of tests/browser are not installed (`cargo xtask setup` brings them)");
        return false;
    }
    programs
}

/// The window finds the person's browser before any other.
fn with_browser(command: &mut Command, browser: &SystemBrowser) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let first = std::iter::once(browser.programs().to_path_buf()).chain(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(first).unwrap());
}

#[test]
fn from_signing_up_to_deleting_the_account() {
    let test = "the window with the service";
    if !can_run(test) {
        return;
    }
    let (service, browser, home) = (Service::start(), SystemBrowser::new(), Home::new());
    let photos = two_photos(&home);
    let originals: Vec<String> = photos.iter().map(|photo| files::hash(photo)).collect();
    let window = Window::open_in(home, &photos, |command| {
        with_browser(command, &browser);
        command.env("PRETTY_SERVICE_URL", &service.address);
    });
    let page = &window.page;
    page.wait_until("the photos on the list", SOON, &format!("{} && {}", says("lake at noon"), says("peaks")));

    page.press("^Account");
    page.press("^Sign in or sign up");
    let said = browser.visit(&service, 0, "sign-up");
    assert!(said.contains("You are signed in"), "the page to come back from says: {said}");
    page.wait_until("signed in", SOON, &says("Mara Lindqvist"));
    keep(&window, "1-account");

    page.press("^Buy credits");
    page.wait_until("the packs", SOON, &says("Packs"));
    keep(&window, "2-packs");
    page.press("credits, ");
    let _ = browser.visit(&service, 1, "pay");
    page.wait_until("the credits", SOON, "/[1-9][0-9]* credits/.test(document.body.innerText) && !document.body.innerText.includes('Waiting for the payment')");
    keep(&window, "3-paid");

    page.press("^Studio");
    page.wait_until("the studio", SOON, &says("lake at noon"));
    page.keys("\u{e009}a");
    page.press("^Critique\\s+[0-9]");
    page.press("^See what is sent");
    let copy = "document.querySelector('dialog[open] img[alt^=\"The copy of\"]')";
    page.wait_until("the copy", SOON, &format!("{copy}?.naturalWidth > 0"));
    keep(&window, "4-what-is-sent");
    page.keys("\u{e00c}");
    page.wait_until("the price again", SOON, &format!("{copy} === null"));
    let critiques = send(&window, "4-spend");
    page.press("^Critiques");
    page.wait_until(
        "two critiques",
        WORK,
        "[...document.querySelectorAll('main button')].filter((e) => /[0-9] credit/.test(e.innerText)).length >= 2",
    );
    assert_paid(&service, &[critiques]);
    keep(&window, "5-critiques");
    click(&window, "main button", "[0-9] credit");
    page.wait_until("the critique", SOON, &says("Try it"));
    keep(&window, "6-critique");
    page.press("^Try it");
    page.wait_until("the suggestion", WORK, &says("Keep in the recipe"));
    keep(&window, "7-trying");
    page.press("^Keep in the recipe");

    page.press("^Studio");
    page.press("^Pro jobs");
    page.press("cloud");
    let enhancements = send(&window, "8-enhance");
    page.press("^Queue");
    page.wait_until("the photo back from the cloud", WORK, &says("Show result"));
    keep(&window, "9-queue");
    assert_paid(&service, &[critiques, enhancements]);

    // Beside its photo, and then no longer at the service; on this computer it stays.
    page.press("^Show result");
    page.wait_until(
        "the result beside its photo",
        SOON,
        "document.querySelector('[role=slider][aria-label=\"Before and after\"]') !== null",
    );
    std::thread::sleep(Duration::from_secs(2));
    keep(&window, "9-result");
    let results = files::names(&window.home.photos());
    page.press("^Delete from the service");
    page.press("^Delete now");
    page.wait_until(
        "that it is deleted there",
        SOON,
        "![...document.querySelectorAll('button')].some((e) => /^Delete from the service/.test(e.innerText))",
    );
    assert_eq!(files::names(&window.home.photos()), results);

    page.press("^Account");
    assert_balance(&window, &service);
    page.press("^Export$");
    let said = browser.visit(&service, 2, "export");
    assert!(said.contains("mara@example.org ledger.csv critique"), "the archive holds: {said}");
    page.press("^Privacy");
    page.wait_until("what left this computer", SOON, &says("photos sent"));
    keep(&window, "10-privacy");

    delete_account(&window, &service, &browser, 3);
    keep(&window, "11-deleted");
    // Taken back within its seven days, from where it was asked for.
    page.press("^Keep my account");
    page.wait_until("it kept", SOON, "!document.body.innerText.includes('This account is being deleted')");
    page.wait_until("everything of it", SOON, &format!("{} && {ONLINE}", says("Delete my account")));
    keep(&window, "12-kept");
    // And then after all.
    delete_account(&window, &service, &browser, 4);
    assert_paid(&service, &[critiques, enhancements]);

    for (photo, original) in photos.iter().zip(&originals) {
        assert_eq!(&files::hash(photo), original, "{} was changed", photo.display());
    }
    assert!(!service.log().contains(EMAIL), "an address stands in the log");
}
