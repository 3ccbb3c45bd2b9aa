//! The desktop app's sign-in, by its numbers: AU1, AU2, AU4, AU5, AU9.

use crate::support::{Answer, Browser, TestApp};
use axum::http::StatusCode;
use serde_json::Value;
use std::time::Duration;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const REQUEST: &str = "/oauth/authorize?response_type=code&client_id=aspretty-desktop&state=state-12345\
    &redirect_uri=http%3A%2F%2F127.0.0.1%3A49152%2Fcallback&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\
    &code_challenge_method=S256&device_name=mara-desktop";
const REDIRECT: &str = "http://127.0.0.1:49152/callback";

async fn code(browser: &mut Browser<'_>) -> String {
    let page = browser.get(REQUEST).await;
    assert!(page.text.contains("mara-desktop"), "{}", page.text);
    let done = browser.submit("/oauth/authorize", &[("answer", "yes")]).await;
    let url = url::Url::parse(done.header("location")).unwrap();
    assert!(url.as_str().starts_with(REDIRECT));
    let pairs: std::collections::HashMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(pairs["state"], "state-12345");
    pairs["code"].clone()
}

async fn redeem(app: &TestApp, code: &str, verifier: &str, redirect: &str) -> Answer {
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "aspretty-desktop"),
        ("code", code),
        ("redirect_uri", redirect),
        ("code_verifier", verifier),
    ];
    app.form("/oauth/token", &fields).await
}

async fn refresh(app: &TestApp, token: &str) -> Answer {
    app.form("/oauth/token", &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

fn assert_grant_refused(answer: &Answer) {
    assert_eq!((answer.status, text(&answer.json(), "error")), (StatusCode::BAD_REQUEST, "invalid_grant"));
}

async fn account(app: &TestApp, tokens: &Value) -> Answer {
    app.api("GET", "/v1/account", Some(text(tokens, "access_token")), None).await
}

on_both! {
    async fn au2_from_the_app_to_the_app(database) {
        let app = TestApp::new(database);
        let mut browser = Browser::new(&app);
        // Not signed in: the sign-in page says what it is for, and sign-up comes back here too.
        let to_sign_in = browser.get(REQUEST).await;
        let page = browser.follow(&to_sign_in).await;
        assert!(page.text.contains("Connects the app on <span class=\"who\">mara-desktop</span>"), "{}", page.text);
        browser.sign_up("mara@example.org").await;

        let code = code(&mut browser).await;
        let tokens = redeem(&app, &code, VERIFIER, REDIRECT).await;
        assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.text);
        let tokens = tokens.json();
        assert_eq!((text(&tokens, "token_type"), tokens["expires_in"].as_u64()), ("Bearer", Some(900)));
        let me = account(&app, &tokens).await.json();
        assert_eq!((text(&me, "name"), text(&me, "email")), ("Mara Lindqvist", "mara@example.org"));
        let devices = app.api("GET", "/v1/account/devices", Some(text(&tokens, "access_token")), None).await.json();
        let names: Vec<_> = devices.as_array().unwrap().iter().map(|device| (text(device, "kind"), text(device, "name"), device["this"].as_bool())).collect();
        assert_eq!(names, [("app", "mara-desktop", Some(true)), ("browser", "Firefox on Linux", Some(false))]);

        // The same code again: refused, and what came of it is signed out, because somebody else had it.
        assert_grant_refused(&redeem(&app, &code, VERIFIER, REDIRECT).await);
        assert_eq!(account(&app, &tokens).await.status, StatusCode::UNAUTHORIZED);
        assert_grant_refused(&refresh(&app, text(&tokens, "refresh_token")).await);
    }
}

on_both! {
    async fn au2_wrong_verifier_redirect_time(database) {
        let app = TestApp::new(database);
        let mut browser = Browser::new(&app);
        browser.sign_up("mara@example.org").await;
        let wrong = "aBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let one = code(&mut browser).await;
        assert_grant_refused(&redeem(&app, &one, wrong, REDIRECT).await);
        assert_grant_refused(&redeem(&app, &one, VERIFIER, REDIRECT).await);
        let two = code(&mut browser).await;
        assert_grant_refused(&redeem(&app, &two, VERIFIER, "http://127.0.0.1:49153/callback").await);
        let three = code(&mut browser).await;
        app.database.clock.advance(Duration::from_secs(60));
        assert_grant_refused(&redeem(&app, &three, VERIFIER, REDIRECT).await);
        assert_grant_refused(&redeem(&app, "apac_unknown", VERIFIER, REDIRECT).await);
        for fields in [
            vec![("grant_type", "authorization_code"), ("client_id", "aspretty-desktop")],
            vec![("grant_type", "authorization_code"), ("code", "x"), ("client_id", "other")],
            vec![("grant_type", "password"), ("client_id", "aspretty-desktop")],
            vec![("grant_type", "refresh_token")],
        ] {
            let answer = app.form("/oauth/token", &fields).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{fields:?}");
            assert!(!text(&answer.json(), "error").is_empty() && text(&answer.json(), "code") == "bad_request");
        }
        assert_eq!(app.form("/oauth/token", &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

on_both! {
    async fn au1_what_the_app_asks_is_checked(database) {
        let app = TestApp::new(database);
        let mut browser = Browser::new(&app);
        browser.sign_up("mara@example.org").await;
        // A redirect that is not ours: a page, and nothing leaves.
        for (good, bad) in [("127.0.0.1%3A49152", "example.org%3A1"), ("%2Fcallback", "%2Fother"), ("aspretty-desktop", "other")] {
            let page = browser.get(&REQUEST.replace(good, bad)).await;
            assert_eq!((page.status, page.header("location")), (StatusCode::BAD_REQUEST, ""), "{bad}");
        }
        // Anything else: told to the app.
        for (good, bad) in [("state=state-12345", "state="), ("S256", "plain"), ("response_type=code", "response_type=token")] {
            let told = browser.get(&REQUEST.replace(good, bad)).await;
            assert_eq!(told.status, StatusCode::SEE_OTHER);
            assert!(told.header("location").starts_with("http://127.0.0.1:49152/callback?error="), "{bad}");
        }
        // The person says no.
        browser.get(REQUEST).await;
        let no = browser.submit("/oauth/authorize", &[("answer", "no")]).await;
        assert!(no.header("location").contains("error=access_denied") && no.header("location").contains("state=state-12345"));
        // Another site cannot say yes for them, nor can a form of somebody else's.
        browser.get(REQUEST).await;
        let query = REQUEST.split_once('?').unwrap().1;
        let forged = browser.post("/oauth/authorize", &[("csrf", "x"), ("query", query), ("answer", "yes")]).await;
        assert_eq!(forged.status, StatusCode::FORBIDDEN);
        browser.get(REQUEST).await;
        browser.act_from_elsewhere();
        assert_eq!(browser.submit("/oauth/authorize", &[("answer", "yes")]).await.status, StatusCode::FORBIDDEN);
    }
}

on_both! {
    async fn au4_another_port_another_family_two_windows_and_nobody_who_comes_back(database) {
        let app = TestApp::new(database);
        let mut browser = Browser::new(&app);
        browser.sign_up("mara@example.org").await;
        // Any free port, on either loopback address: the one that the app asked with is the one that redeems.
        for redirect in ["http://127.0.0.1:1/callback", "http://127.0.0.1:65535/callback", "http://[::1]:49152/callback"] {
            let encoded: String = url::form_urlencoded::byte_serialize(redirect.as_bytes()).collect();
            browser.get(&REQUEST.replace("http%3A%2F%2F127.0.0.1%3A49152%2Fcallback", &encoded)).await;
            let done = browser.submit("/oauth/authorize", &[("answer", "yes")]).await;
            let to = url::Url::parse(done.header("location")).unwrap();
            assert!(to.as_str().starts_with(redirect), "{to}");
            let code = to.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
            assert_eq!(redeem(&app, &code, VERIFIER, redirect).await.status, StatusCode::OK, "{redirect}");
        }
        // Two windows at once: each code goes its own way, in any order.
        let (one, two) = (code(&mut browser).await, code(&mut browser).await);
        assert_eq!(redeem(&app, &two, VERIFIER, REDIRECT).await.status, StatusCode::OK);
        assert_eq!(redeem(&app, &one, VERIFIER, REDIRECT).await.status, StatusCode::OK);
        // The app quit in the middle: a code that nobody redeems opens nothing, makes no device, and is swept.
        let devices = async || pretty_backend::store::count_of(app.store.reader(), "SELECT COUNT(*) AS n FROM devices", []).await.unwrap();
        let before = devices().await;
        let lost = code(&mut browser).await;
        assert_eq!(devices().await, before);
        app.database.clock.advance(Duration::from_secs(61));
        assert_grant_refused(&redeem(&app, &lost, VERIFIER, REDIRECT).await);
        app.database.clock.advance(Duration::from_secs(25 * 3600));
        pretty_backend::worker::sweep(&app).await;
        let codes = pretty_backend::store::count_of(app.store.reader(), "SELECT COUNT(*) AS n FROM oauth_codes", []).await.unwrap();
        assert_eq!(codes, 0);
        // The person says no, or never answers: the app hears it, or nothing; nothing is left either way.
        browser.get(REQUEST).await;
        let no = browser.submit("/oauth/authorize", &[("answer", "no")]).await;
        assert!(no.header("location").contains("error=access_denied"), "{}", no.header("location"));
        assert_eq!(devices().await, before);
    }
}

on_both! {
    async fn au5_who_takes_the_code_first_cannot_use_it(database) {
        let app = TestApp::new(database);
        let mut browser = Browser::new(&app);
        browser.sign_up("mara@example.org").await;
        // Another program on the machine hears the redirect: without the verifier the code is dead, for it and for the app, which asks again.
        let stolen = code(&mut browser).await;
        assert_grant_refused(&redeem(&app, &stolen, "bBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", REDIRECT).await);
        assert_grant_refused(&redeem(&app, &stolen, VERIFIER, REDIRECT).await);
        // It cannot have asked for it itself: a challenge that is missing or weaker is refused before anybody says yes.
        for weaker in [("&code_challenge_method=S256", ""), ("&code_challenge_method=S256", "&code_challenge_method=plain"), ("code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge=")] {
            let told = browser.get(&REQUEST.replace(weaker.0, weaker.1)).await;
            assert!(told.header("location").contains("error="), "{weaker:?}: {}", told.text);
        }
        // A name that only points to this machine is not this machine: it may point elsewhere a moment later.
        for host in ["localhost%3A49152", "127.0.0.1.example.org%3A49152", "2130706433%3A49152", "0x7f.1%3A49152", "user%40127.0.0.1%3A49152"] {
            let page = browser.get(&REQUEST.replace("127.0.0.1%3A49152", host)).await;
            assert_eq!((page.status, page.header("location")), (StatusCode::BAD_REQUEST, ""), "{host}");
        }
        // The service itself says the same whatever name it is called by: no link or cookie is made from the `Host` header.
        let request = axum::http::Request::get("/sign-in").header("host", "evil.example").body(axum::body::Body::empty()).unwrap();
        let page = app.send(request).await;
        assert!(page.status == StatusCode::OK && !page.text.contains("evil.example"));
        assert!(!page.header("set-cookie").contains("Domain"), "{}", page.header("set-cookie"));
    }
}

on_both! {
    async fn au9_refresh_rotates_with_grace_and_reuse_ends_it(database) {
        let app = TestApp::new(database);
        let mut browser = Browser::new(&app);
        browser.sign_up("mara@example.org").await;
        let one = code(&mut browser).await;
        let first = redeem(&app, &one, VERIFIER, REDIRECT).await.json();
        // A quarter of an hour later the access token is over, and says so.
        app.database.clock.advance(Duration::from_secs(900));
        let over = account(&app, &first).await;
        assert_eq!((over.status, text(&over.json(), "code")), (StatusCode::UNAUTHORIZED, "token_expired"));
        assert!(over.header("www-authenticate").contains("invalid_token"));
        // Two windows refresh at once: both go on.
        let (one, two) = tokio::join!(refresh(&app, text(&first, "refresh_token")), refresh(&app, text(&first, "refresh_token")));
        assert_eq!((one.status, two.status), (StatusCode::OK, StatusCode::OK));
        assert_ne!(one.json()["refresh_token"], two.json()["refresh_token"]);
        // An answer that was lost: the app waits half a minute for it, and does that twice.
        app.database.clock.advance(Duration::from_secs(90));
        assert_eq!(refresh(&app, text(&first, "refresh_token")).await.status, StatusCode::OK, "still within the grace period");
        assert_eq!(account(&app, &one.json()).await.status, StatusCode::OK);
        // After the grace period it is somebody else: everything of this sign-in ends.
        app.database.clock.advance(Duration::from_secs(1));
        assert_grant_refused(&refresh(&app, text(&first, "refresh_token")).await);
        assert_eq!(account(&app, &one.json()).await.status, StatusCode::UNAUTHORIZED);
        assert_grant_refused(&refresh(&app, text(&two.json(), "refresh_token")).await);
        // The browser is another sign-in and stays.
        assert!(browser.is_signed_in().await);
    }
}

on_both! {
    async fn au9_signing_out_and_changing_the_password_end_sign_ins(database) {
        let app = TestApp::new(database);
        let mut browser = Browser::new(&app);
        browser.sign_up("mara@example.org").await;
        let mut apps = Vec::new();
        for _ in 0..3 {
            let one = code(&mut browser).await;
            apps.push(redeem(&app, &one, VERIFIER, REDIRECT).await.json());
        }
        let token = |index: usize| text(&apps[index], "access_token");
        // One app signs itself out (RFC 7009), twice.
        for _ in 0..2 {
            assert_eq!(app.form("/oauth/revoke", &[("token", text(&apps[0], "refresh_token"))]).await.status, StatusCode::OK);
        }
        assert_eq!(account(&app, &apps[0]).await.status, StatusCode::UNAUTHORIZED);
        // The second ends the third; a device of nobody is not there.
        let devices = app.api("GET", "/v1/account/devices", Some(token(1)), None).await.json();
        let third = devices.as_array().unwrap().iter().find(|device| device["kind"] == "app" && device["this"] == false).unwrap();
        let path = format!("/v1/account/devices/{}", text(third, "id"));
        assert_eq!(app.api("DELETE", &path, Some(token(1)), None).await.status, StatusCode::NO_CONTENT);
        assert_eq!(app.api("DELETE", &path, Some(token(1)), None).await.status, StatusCode::NOT_FOUND);
        assert_eq!(account(&app, &apps[2]).await.status, StatusCode::UNAUTHORIZED);
        // A new password ends the app, and not the browser it was changed in.
        browser.get("/account").await;
        let new = "violet ferry 91 thunder";
        let wrong = browser.submit("/account/password", &[("old", "not the old one 7"), ("new", new)]).await;
        assert_eq!(wrong.status, StatusCode::FORBIDDEN);
        browser.get("/account").await;
        let changed = browser.submit("/account/password", &[("old", crate::support::PASSWORD), ("new", new)]).await;
        assert_eq!(changed.header("location"), "/account?done=password", "{}", changed.text);
        app.letter("Your password was changed").await;
        assert_eq!(account(&app, &apps[1]).await.status, StatusCode::UNAUTHORIZED);
        assert!(browser.is_signed_in().await);
        // Everywhere is here too.
        browser.submit("/account/sign-out-everywhere", &[]).await;
        assert!(!browser.is_signed_in().await);
        assert_eq!(browser.sign_in("mara@example.org", crate::support::PASSWORD).await.status, StatusCode::FORBIDDEN);
        assert_eq!(browser.sign_in("mara@example.org", new).await.status, StatusCode::SEE_OTHER);
    }
}
