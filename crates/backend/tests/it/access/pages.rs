//! Who may see which page: every one of them, asked by nobody, by somebody else, with a cookie whose time is over, without the form's protection,
//! and by whose it is.
//!
//! No document lists the pages, so the list is here, and a test reads the source to see that it is whole.

use crate::support::{Answer, Browser, PASSWORD, Shop};
use axum::http::StatusCode;
use pretty_backend::store::entity::user;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Whom a page is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Anyone,
    SignedIn,
}

/// A page, and what a good request says to it. Words in braces are filled in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) who: Who,
    pub(crate) fields: &'static [(&'static str, &'static str)],
}

const fn page(method: &'static str, path: &'static str, who: Who, fields: &'static [(&str, &str)]) -> Page {
    Page { method, path, who, fields }
}

use Who::{Anyone, SignedIn};

const NEW_PASSWORD: &str = "violet ferry 91 thunder";

/// Every page but the files of the style sheet.
pub(crate) const PAGES: &[Page] = &[
    page("GET", "/", Anyone, &[]),
    page("GET", "/sign-in", Anyone, &[("return_to", "{onward}")]),
    page(
        "POST",
        "/sign-in",
        Anyone,
        &[("email", "nobody@example.org"), ("password", "{password}"), ("return_to", "{onward}")],
    ),
    page("GET", "/forgot", Anyone, &[]),
    page("POST", "/forgot", Anyone, &[("email", "nobody@example.org")]),
    page("GET", "/reset", Anyone, &[("token", "apml_none")]),
    page("POST", "/reset", Anyone, &[("token", "apml_none"), ("password", "{password}")]),
    page("GET", "/sign-up", Anyone, &[("return_to", "{onward}")]),
    page("POST", "/sign-up/age", Anyone, &[("day", "1"), ("month", "2"), ("year", "1990"), ("return_to", "{onward}")]),
    page(
        "POST",
        "/sign-up",
        Anyone,
        &[
            ("age", "{age}"),
            ("name", "Somebody New"),
            ("email", "new@example.org"),
            ("password", "{password}"),
            ("return_to", "{onward}"),
        ],
    ),
    page("GET", "/confirm", Anyone, &[("token", "apml_none")]),
    page("POST", "/confirm", Anyone, &[("token", "apml_none"), ("password", "{password}")]),
    page("GET", "/google", Anyone, &[("return_to", "{onward}"), ("age", "none")]),
    page("GET", "/google/callback", Anyone, &[("state", "none"), ("code", "none")]),
    page("POST", "/google/password", Anyone, &[("state", "none"), ("password", "{password}")]),
    page("POST", "/account/google", SignedIn, &[("password", "{password}")]),
    page("POST", "/account/google/end", SignedIn, &[("password", "{password}")]),
    page("GET", "/account", SignedIn, &[("done", "name")]),
    page("POST", "/account/name", SignedIn, &[("name", "Mara L.")]),
    page("POST", "/account/password", SignedIn, &[("old", "{password}"), ("new", NEW_PASSWORD)]),
    page("POST", "/account/email", SignedIn, &[("email", "other@example.org"), ("password", "{password}")]),
    page("POST", "/account/sign-out", Anyone, &[]),
    page("POST", "/account/sign-out-everywhere", SignedIn, &[]),
    page("POST", "/account/devices/{id}/end", SignedIn, &[]),
    page("GET", "/confirm-email", Anyone, &[("token", "apml_none")]),
    page("POST", "/confirm-email", Anyone, &[("token", "apml_none")]),
    page("GET", "/billing/done", Anyone, &[("session_id", "cs_test_none")]),
    page("GET", "/billing/left", Anyone, &[]),
    page("GET", "/account/credits", SignedIn, &[]),
    page("POST", "/account/orders", SignedIn, &[("product", "pack_small"), ("wish", "{wish}")]),
    page("GET", "/account/orders/{id}", SignedIn, &[]),
    page("GET", "/account/orders/{id}/withdrawal", SignedIn, &[]),
    page("POST", "/account/orders/{id}/withdrawal", SignedIn, &[("token", "{withdrawal}")]),
    page("POST", "/account/portal", SignedIn, &[]),
    page("GET", "/oauth/authorize", SignedIn, REQUEST),
    page("POST", "/oauth/authorize", SignedIn, &[("query", "{query}"), ("answer", "yes")]),
    page("GET", "/account/data", SignedIn, &[]),
    page("POST", "/account/data/ask", SignedIn, &[]),
    page("POST", "/account/data/fetch", SignedIn, &[("id", "{archive}"), ("password", "{password}")]),
    page("GET", "/account/delete", SignedIn, &[]),
    page("POST", "/account/delete", SignedIn, &[("password", "{password}"), ("plan", "now")]),
    page("POST", "/account/policy", SignedIn, &[("version", "1")]),
    page("GET", "/keep-account", Anyone, &[("token", "apml_none")]),
    page("POST", "/keep-account", Anyone, &[("token", "apml_none")]),
    page("GET", "/privacy", Anyone, &[]),
    page("GET", "/docs", Anyone, &[]),
];

/// What the app asks when it is to be connected.
const REQUEST: &[(&str, &str)] = &[
    ("response_type", "code"),
    ("client_id", "aspretty-desktop"),
    ("state", "state-12345"),
    ("redirect_uri", "http://127.0.0.1:49152/callback"),
    ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
    ("code_challenge_method", "S256"),
    ("device_name", "mara-desktop"),
];

pub(crate) fn encoded(fields: &[(&str, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// What the words in braces stand for.
pub(crate) type Words = BTreeMap<&'static str, String>;

pub(crate) fn words() -> Words {
    let request: Vec<_> = REQUEST.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Words::from([
        ("{onward}", format!("/oauth/authorize?{}", encoded(&request))),
        ("{query}", encoded(&request)),
        ("{password}", PASSWORD.to_owned()),
        ("{age}", "none".to_owned()),
        ("{wish}", "01900000-0000-7000-8000-000000000002".to_owned()),
        ("{withdrawal}", "none".to_owned()),
        ("{archive}", "01900000-0000-7000-8000-000000000003".to_owned()),
        ("/account/orders/", "01900000-0000-7000-8000-000000000004".to_owned()),
        ("/account/devices/", "01900000-0000-7000-8000-000000000005".to_owned()),
    ])
}

impl Page {
    pub(crate) fn is_form(&self) -> bool {
        self.method == "POST"
    }

    /// The fields of a good request.
    pub(crate) fn filled(&self, words: &Words) -> Vec<(&'static str, String)> {
        let fill = |value: &str| words.get(value).cloned().unwrap_or_else(|| value.to_owned());
        self.fields.iter().map(|(name, value)| (*name, fill(value))).collect()
    }

    /// Where it is, about the thing that the words name.
    fn at(&self, words: &Words) -> String {
        let thing = words.iter().find(|(name, _)| name.starts_with('/') && self.path.starts_with(**name));
        thing.map_or_else(|| self.path.to_owned(), |(_, id)| self.path.replace("{id}", id))
    }

    /// Asks for it with these fields.
    pub(crate) async fn ask(&self, browser: &mut Browser<'_>, words: &Words, fields: &[(&str, String)]) -> Answer {
        let at = self.at(words);
        if self.is_form() {
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            return browser.post(&at, &fields).await;
        }
        browser.get(&if fields.is_empty() { at } else { format!("{at}?{}", encoded(fields)) }).await
    }

    /// A good request of whoever this browser is.
    pub(crate) async fn good(&self, browser: &mut Browser<'_>, words: &Words) -> Answer {
        let mut words = words.clone();
        if self.fields.iter().any(|(_, value)| *value == "{age}") {
            words.insert("{age}", browser.age_answer().await);
        }
        let mut fields = self.filled(&words);
        if self.is_form() {
            fields.push(("csrf", browser.csrf().await));
        }
        self.ask(browser, &words, &fields).await
    }

    /// The same without the form's protection, then with another's.
    async fn unprotected(&self, browser: &mut Browser<'_>, words: &Words) -> [StatusCode; 2] {
        let mut fields = self.filled(words);
        let without = self.ask(browser, words, &fields).await.status;
        fields.push(("csrf", "A".repeat(43)));
        [without, self.ask(browser, words, &fields).await.status]
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether it is about a thing of one person's.
    fn has_owner(&self) -> bool {
        self.path.contains("{id}") || self.fields.iter().any(|(_, value)| *value == "{archive}")
    }
}

/// What the source of the pages routes: method and path.
fn routed() -> BTreeSet<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/pages");
    let mut found = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for rest in source.split(".route(\"").skip(1) {
            let (path, methods) = rest.split_once("\",").unwrap();
            let methods = methods.split_once('\n').unwrap().0;
            for (word, method) in
                [("get(", "GET"), ("post(", "POST"), ("put(", "PUT"), ("delete(", "DELETE"), ("patch(", "PATCH")]
            {
                // Before a method's name stands a space or a full stop; the names of handlers have other letters before theirs.
                if methods.contains(&format!(" {word}")) || methods.contains(&format!(".{word}")) {
                    found.insert(format!("{method} {path}"));
                }
            }
        }
    }
    found
}

#[test]
fn every_page_of_the_source_is_tried() {
    let tried: BTreeSet<String> = PAGES.iter().map(Page::name).collect();
    assert_eq!(routed(), tried);
}

/// Signed up by the pages, so with a password; with an order, an archive and another browser.
async fn owner(shop: &Shop) -> (user::Model, Words) {
    Browser::new(&shop.app).sign_up("mara@example.org").await;
    let find = user::Entity::find().filter(user::Column::EmailKey.eq("mara@example.org"));
    let owner = find.one(shop.app.store.reader()).await.unwrap().unwrap();
    let order = shop.bought(&owner, "pack_small").await;
    let export = shop.post(&owner, "/v1/account/exports", None).await.json();
    pretty_backend::privacy::work(&shop.app).await;
    let devices = shop.get(&owner, "/v1/account/devices").await.json();
    let browser = devices.as_array().unwrap().iter().find(|device| device["kind"] == "browser").unwrap();
    let offer = shop.get(&owner, &format!("/v1/orders/{}/withdrawal", order.id)).await.json();
    let id = |value: &serde_json::Value| value["id"].as_str().unwrap().to_owned();
    let mut words = words();
    words.insert("{withdrawal}", offer["confirm_token"].as_str().unwrap().to_owned());
    words.insert("{archive}", id(&export));
    words.insert("/account/orders/", order.id);
    words.insert("/account/devices/", id(browser));
    shop.letters().await;
    (owner, words)
}

/// Nobody is sent to sign in, or told that they are not.
async fn is_nobodys(page: &Page, browser: &mut Browser<'_>, words: &Words, case: &str) {
    let answer = page.good(browser, words).await;
    assert!(!answer.text.contains("mara@example.org"), "{case} tells nobody an address");
    assert!(answer.status.as_u16() < 500, "{case}: {} {}", answer.status, answer.text);
    match (page.who, page.is_form()) {
        (SignedIn, false) => {
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{case}");
            assert!(
                answer.header("location").starts_with("/sign-in?return_to="),
                "{case}: {}",
                answer.header("location")
            );
        }
        (SignedIn, true) => assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{case}: {}", answer.text),
        (Anyone, _) => assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{case}"),
    }
}

on_both! {
    async fn every_page_is_for_whom_it_is(database) {
        let shop = Shop::with(database, |settings| {
            settings.accounts.sign_in_per_account = 1000;
            settings.accounts.sign_in_per_address = 1000;
            settings.accounts.sign_up_per_address = 1000;
            settings.accounts.mail_per_account = 1000;
            settings.accounts.web_session_seconds = 1800;
        }).await;
        let (mara, words) = owner(&shop).await;
        let mut browser = Browser::new(&shop.app);
        browser.be(mara.id).await;
        for (number, page) in PAGES.iter().enumerate() {
            let case = page.name();
            is_nobodys(page, &mut Browser::new(&shop.app), &words, &case).await;
            // Somebody else's thing is not there.
            let stranger = shop.person(100 + u128::try_from(number).unwrap()).await;
            let mut other = Browser::new(&shop.app);
            other.be(stranger.id).await;
            let answer = page.good(&mut other, &words).await;
            assert!(answer.status.as_u16() < 500, "{case} by somebody else: {} {}", answer.status, answer.text);
            assert!(!answer.text.contains("mara@example.org"), "{case} tells somebody else an address");
            if page.has_owner() {
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{case} by somebody else: {}", answer.text);
            }
            // A form that another site sends, or that was not made for this browser, does nothing, whoever is signed in.
            if page.is_form() {
                let found = page.unprotected(&mut browser, &words).await;
                assert_eq!(found, [StatusCode::UNPROCESSABLE_ENTITY, StatusCode::FORBIDDEN], "{case} without protection");
                let mut led = Browser::new(&shop.app);
                led.be(mara.id).await;
                let csrf = led.csrf().await;
                led.act_from_elsewhere();
                let mut fields = page.filled(&words);
                fields.push(("csrf", csrf));
                let answer = page.ask(&mut led, &words, &fields).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{case} from another site");
            }
        }
        // Nothing of all that has changed anything of the owner's.
        let account = browser.get("/account").await;
        assert!(account.text.contains("mara@example.org") && account.text.contains("Mara Lindqvist"), "{}", account.text);
        assert!(browser.get("/account/credits").await.text.contains("100 credits"));
        // A cookie whose time is over is nobody's.
        let life = Duration::from_secs(shop.app.settings.accounts.web_session_seconds);
        let mut late = Browser::new(&shop.app);
        late.be(mara.id).await;
        shop.app.database.clock.advance(life);
        for page in PAGES {
            let mut late = late.clone();
            is_nobodys(page, &mut late, &words, &format!("{} with an old cookie", page.name())).await;
        }
        // And by whose it is: all of it is shown and done. What ends other sign-ins comes late, and what ends the account last.
        let mut own: Vec<&Page> = PAGES.iter().filter(|page| page.who == SignedIn).collect();
        own.sort_by_key(|page| match page.name().as_str() {
            "POST /account/delete" => 2,
            "POST /account/password" | "POST /account/sign-out-everywhere" => 1,
            _ => 0,
        });
        let mut words = words;
        for page in own {
            let mut browser = Browser::new(&shop.app);
            browser.be(mara.id).await;
            let answer = page.good(&mut browser, &words).await;
            let case = format!("{}: {} {}", page.name(), answer.status, answer.text);
            assert!(!answer.header("location").starts_with("/sign-in?"), "{case}");
            if page.is_form() {
                assert!(matches!(answer.status, StatusCode::OK | StatusCode::SEE_OTHER), "{case}");
            } else {
                assert_eq!(answer.status, StatusCode::OK, "{case}");
            }
            if page.name() == "POST /account/password" {
                words.insert("{password}", NEW_PASSWORD.to_owned());
            }
        }
        shop.letters().await;
    }
}
