//! Signing in with Google, by its numbers: AU1, AU3, AU6, AU10, against the stand-in for Google.

use crate::support::{Answer, Browser, PASSWORD, TestApp, TestDatabase, settings};
use axum::http::StatusCode;
use pretty_backend::settings::Secret;
use pretty_sandbox::{Clock, Fault, FaultRule, Person, Sandbox, SandboxConfig, Service, TokenFault};
use std::sync::Arc;
use std::time::Duration;

/// The stand-in lives at the time of the test's world.
#[derive(Debug)]
struct Time(pretty_backend::world::World);

impl Clock for Time {
    fn unix_micros(&self) -> i64 {
        self.0.now().0
    }
}

async fn start(database: TestDatabase) -> (Sandbox, TestApp) {
    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let clock = Arc::new(Time(database.world.clone()));
    let sandbox = Sandbox::start(SandboxConfig { clock, ..SandboxConfig::default() }).await.unwrap();
    let ends = sandbox.endpoints();
    let mut settings = settings();
    settings.google.issuer = ends.google_issuer.clone();
    settings.google.client_id = ends.google_client_id.clone();
    settings.google.client_secret = Secret::new(&*ends.google_client_secret);
    (sandbox, TestApp::with(database, settings))
}

const ADA: &str = "100000000000000000001";
const UNCHECKED: &str = "100000000000000000003";

/// The person chooses on Google's page; gives the way back to us.
async fn choose(url: &str, form: &str) -> String {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let request = client.post(url).header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
    let answer = request.send().await.unwrap();
    let back = answer.headers().get("location").unwrap_or_else(|| panic!("{}", answer.status())).to_str().unwrap();
    back.strip_prefix("https://pretty.example").unwrap().to_owned()
}

/// From the link on the sign-in page to what our callback answers.
async fn come_by_google(browser: &mut Browser<'_>, sub: &str) -> Answer {
    let begun = browser.get("/google").await;
    let back = choose(begun.header("location"), &format!("sub={sub}")).await;
    browser.get(&back).await
}

/// The age question, then Google.
async fn sign_up_by_google(browser: &mut Browser<'_>, form: &str) -> Answer {
    browser.get("/sign-up").await;
    let page = browser.submit("/sign-up/age", &[("day", "1"), ("month", "2"), ("year", "1990")]).await;
    let start = page.text.find("/google?age=").unwrap();
    let link = page.text[start..].split('"').next().unwrap().replace("&amp;", "&");
    let begun = browser.get(&link).await;
    let back = choose(begun.header("location"), form).await;
    browser.get(&back).await
}

async fn count(app: &TestApp, table: &str) -> i64 {
    let select = format!("SELECT COUNT(*) AS n FROM {table}");
    pretty_backend::store::count_of(app.database.store.reader(), &select, []).await.unwrap()
}

on_both! {
    async fn au10_no_account_by_google_before_the_age_question(database) {
        let (_sandbox, app) = start(database).await;
        let mut browser = Browser::new(&app);
        let answer = come_by_google(&mut browser, ADA).await;
        assert!(answer.text.contains("No account yet"), "{}", answer.text);
        for table in ["users", "identities", "google_flows", "letters"] {
            assert_eq!(count(&app, table).await, 0, "{table}");
        }
        // A note about the age that is made up is none.
        let begun = browser.get("/google?age=9999999999999999.abc").await;
        let back = choose(begun.header("location"), &format!("sub={ADA}")).await;
        assert!(browser.get(&back).await.text.contains("No account yet"));
        // Answered: the account is made, and opens again.
        let made = sign_up_by_google(&mut browser, &format!("sub={ADA}")).await;
        assert_eq!(made.header("location"), "/account", "{}", made.text);
        let welcome = app.letter("Welcome").await;
        assert_eq!(welcome.to, "ada.sandbox@gmail.com");
        assert!(browser.is_signed_in().await);
        let mut another = Browser::new(&app);
        assert_eq!(come_by_google(&mut another, ADA).await.header("location"), "/account");
        assert_eq!(count(&app, "users").await, 1);
    }
}

on_both! {
    async fn au3_a_token_that_proves_nothing_opens_nothing(database) {
        let (sandbox, app) = start(database).await;
        let mut browser = Browser::new(&app);
        sign_up_by_google(&mut browser, &format!("sub={ADA}")).await;
        app.letter("Welcome").await;
        let google = sandbox.control().google();
        for fault in [
            TokenFault::BadSignature,
            TokenFault::AlgNone,
            TokenFault::Hs256,
            TokenFault::WrongAudience,
            TokenFault::WrongIssuer,
            TokenFault::Expired,
            TokenFault::FutureIssue,
            TokenFault::WrongNonce,
            TokenFault::NoNonce,
            TokenFault::UnknownKey,
            TokenFault::NoIdToken,
        ] {
            let mut stranger = Browser::new(&app);
            google.fault(fault);
            let answer = come_by_google(&mut stranger, ADA).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{fault:?}: {}", answer.text);
            assert!(!stranger.is_signed_in().await, "{fault:?}");
        }
        // An address that Google did not check makes no account; it opens one that is known by its `sub`.
        for fault in [TokenFault::EmailUnverified, TokenFault::NoEmailVerified] {
            let mut stranger = Browser::new(&app);
            google.fault(fault);
            let answer = sign_up_by_google(&mut stranger, "name=New&email=new%40gmail.com").await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{fault:?}: {}", answer.text);
            google.fault(fault);
            assert_eq!(come_by_google(&mut stranger, ADA).await.header("location"), "/account");
        }
        // The address at Google changes: the same account, by the same `sub`, under our own address.
        let moved = Person { email: "ada.moved@gmail.com".to_owned(), ..Person::examples().remove(0) };
        google.put_person(moved);
        let mut later = Browser::new(&app);
        assert_eq!(come_by_google(&mut later, ADA).await.header("location"), "/account");
        assert!(later.get("/account").await.text.contains("ada.sandbox@gmail.com"));
        assert_eq!(count(&app, "users").await, 1);
    }
}

on_both! {
    async fn au3_keys_change_and_go_away(database) {
        let (sandbox, app) = start(database).await;
        let mut browser = Browser::new(&app);
        sign_up_by_google(&mut browser, &format!("sub={ADA}")).await;
        app.letter("Welcome").await;
        let google = sandbox.control().google().clone();
        // The keys cannot be fetched: those that are known go on.
        let away = Fault::Status { status: 503, headers: std::collections::BTreeMap::new(), body: serde_json::Value::Null };
        sandbox.control().fault(FaultRule::next(Service::Google, "/oauth2/v3/certs", away).times(9));
        let mut other = Browser::new(&app);
        assert_eq!(come_by_google(&mut other, ADA).await.header("location"), "/account");
        sandbox.control().clear_faults();
        // A new key is looked up once, when the last look was a while ago.
        app.database.clock.advance(Duration::from_secs(60));
        tokio::task::spawn_blocking(move || google.rotate_keys(true)).await.unwrap();
        let mut third = Browser::new(&app);
        assert_eq!(come_by_google(&mut third, ADA).await.header("location"), "/account");
        // Names of keys are free to make up: not a look for each.
        let before = keys_fetched(&sandbox);
        for _ in 0..3 {
            sandbox.control().google().fault(TokenFault::UnknownKey);
            assert_eq!(come_by_google(&mut Browser::new(&app), ADA).await.status, StatusCode::FORBIDDEN);
        }
        assert_eq!(keys_fetched(&sandbox), before);
    }
}

fn keys_fetched(sandbox: &Sandbox) -> usize {
    let all = sandbox.control().received(Some(Service::Google));
    all.iter().filter(|request| request.path == "/oauth2/v3/certs").count()
}

on_both! {
    async fn au1_the_way_back_is_used_once_by_the_browser_that_began(database) {
        let (_sandbox, app) = start(database).await;
        let mut browser = Browser::new(&app);
        sign_up_by_google(&mut browser, &format!("sub={ADA}")).await;
        app.letter("Welcome").await;
        let mut honest = Browser::new(&app);
        let begun = honest.get("/google").await;
        let back = choose(begun.header("location"), &format!("sub={ADA}")).await;
        // Another browser with the same address: somebody who was sent a link.
        let mut victim = Browser::new(&app);
        victim.get("/sign-in").await;
        assert_eq!(victim.get(&back).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(!victim.is_signed_in().await);
        assert_eq!(honest.get(&back).await.header("location"), "/account");
        let mut again = Browser::new(&app);
        for broken in ["/google/callback", "/google/callback?state=apml_made-up&code=x", &back] {
            assert_eq!(again.get(broken).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{broken}");
        }
        // Too late, and a person who says no.
        let begun = again.get("/google").await;
        let back = choose(begun.header("location"), &format!("sub={ADA}")).await;
        app.database.clock.advance(Duration::from_secs(601));
        assert_eq!(again.get(&back).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let begun = again.get("/google").await;
        let back = choose(begun.header("location"), "deny=1").await;
        assert_eq!(again.get(&back).await.status, StatusCode::FORBIDDEN);
        assert!(!again.is_signed_in().await);
    }
}

on_both! {
    async fn au6_an_account_with_a_password_is_linked_by_its_password(database) {
        let (_sandbox, app) = start(database).await;
        let mut owner = Browser::new(&app);
        owner.sign_up("ada.sandbox@gmail.com").await;
        let mut browser = Browser::new(&app);
        let asked = come_by_google(&mut browser, ADA).await;
        assert!(asked.text.contains("Give its password once"), "{}", asked.text);
        let wrong = browser.submit("/google/password", &[("password", "something else 12")]).await;
        assert_eq!(wrong.status, StatusCode::FORBIDDEN);
        assert_eq!(count(&app, "identities").await, 0);
        let linked = browser.submit("/google/password", &[("password", PASSWORD)]).await;
        assert_eq!(linked.header("location"), "/account", "{}", linked.text);
        app.letter("Google was connected to your account").await;
        assert_eq!(come_by_google(&mut Browser::new(&app), ADA).await.header("location"), "/account");
        // Disconnected with the password, it opens nothing any more.
        owner.get("/account").await;
        let wrong = owner.submit("/account/google/end", &[("password", "something else 12")]).await;
        assert_eq!(wrong.status, StatusCode::FORBIDDEN);
        owner.get("/account").await;
        let done = owner.submit("/account/google/end", &[("password", PASSWORD)]).await;
        assert_eq!(done.header("location"), "/account?done=no-google", "{}", done.text);
        app.letter("Google was disconnected from your account").await;
        let asked = come_by_google(&mut Browser::new(&app), ADA).await;
        assert!(asked.text.contains("Give its password once"), "{}", asked.text);
    }
}

on_both! {
    async fn au6_connected_from_the_account_page(database) {
        let (_sandbox, app) = start(database).await;
        let mut owner = Browser::new(&app);
        owner.sign_up("mara@example.org").await;
        owner.get("/account").await;
        let page = owner.submit("/account/google", &[("password", PASSWORD)]).await;
        let start = page.text.find("href=\"http://127.0.0.1").unwrap_or_else(|| panic!("{}", page.text)) + 6;
        let url = page.text[start..].split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
        // Even an address that Google does not vouch for: the password said whose it is.
        let back = choose(&url, &format!("sub={UNCHECKED}")).await;
        // Signed out meanwhile, or another person: nothing.
        assert_eq!(owner.get(&back).await.header("location"), "/account?done=google");
        app.letter("Google was connected to your account").await;
        assert_eq!(come_by_google(&mut Browser::new(&app), UNCHECKED).await.header("location"), "/account");
        // It cannot be connected to a second account.
        let mut other = Browser::new(&app);
        other.sign_up("bea@example.org").await;
        other.get("/account").await;
        let page = other.submit("/account/google", &[("password", PASSWORD)]).await;
        let start = page.text.find("href=\"http://127.0.0.1").unwrap() + 6;
        let url = page.text[start..].split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
        let back = choose(&url, &format!("sub={UNCHECKED}")).await;
        assert_eq!(other.get(&back).await.status, StatusCode::CONFLICT);
    }
}

on_both! {
    async fn au6_an_account_cannot_be_prepared_for_somebody_else(database) {
        let (_sandbox, app) = start(database).await;
        // A stranger begins a sign-up with Ada's address; Ada comes by Google; the stranger's link is dead.
        let mut stranger = Browser::new(&app);
        stranger.ask_for_account("ada.sandbox@gmail.com").await;
        let link = app.letter("Confirm your email address").await.link("/confirm");
        let mut ada = Browser::new(&app);
        assert_eq!(sign_up_by_google(&mut ada, &format!("sub={ADA}")).await.header("location"), "/account");
        app.letter("Welcome").await;
        assert_eq!(stranger.get(&link).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        // A second Google account with the same address is not let in, and neither is one whose address nobody checked.
        let mut second = Browser::new(&app);
        let twin = Person { sub: "200".to_owned(), ..Person::examples().remove(0) };
        _sandbox.control().google().put_person(twin);
        assert_eq!(come_by_google(&mut second, "200").await.status, StatusCode::CONFLICT);
        let answer = come_by_google(&mut second, UNCHECKED).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text.contains("does not vouch"), "{}", answer.text);
        assert!(!second.is_signed_in().await);
        // Without a password Google is the only way in, so there is nothing to disconnect.
        assert!(!ada.get("/account").await.text.contains("Disconnect Google"));
    }
}
