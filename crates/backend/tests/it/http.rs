//! The frame around every route: errors of one shape, limits, headers, who may see what.

use crate::support::{Browser, TestApp, TestDatabase, settings};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::json;

const ROUTES: &[(&str, &str)] = &[
    ("POST", "/v1/account/exports"),
    ("GET", "/v1/account/exports/01890000-0000-7000-8000-000000000000"),
    ("POST", "/v1/account/deletion"),
    ("DELETE", "/v1/account/deletion"),
    ("POST", "/v1/policy/acceptance"),
    ("POST", "/v1/usage"),
    ("GET", "/v1/account"),
    ("PATCH", "/v1/account"),
    ("GET", "/v1/account/devices"),
    ("DELETE", "/v1/account/devices/01890000-0000-7000-8000-000000000000"),
    ("POST", "/v1/account/sign-out-everywhere"),
    ("GET", "/v1/credits"),
    ("GET", "/v1/credits/entries"),
    ("GET", "/v1/orders"),
    ("POST", "/v1/orders"),
    ("GET", "/v1/orders/01890000-0000-7000-8000-000000000000"),
    ("GET", "/v1/orders/01890000-0000-7000-8000-000000000000/withdrawal"),
    ("POST", "/v1/orders/01890000-0000-7000-8000-000000000000/withdrawal"),
    ("POST", "/v1/billing/portal"),
    ("GET", "/v1/events"),
    ("GET", "/v1/photos"),
    ("GET", "/v1/photos/01890000-0000-7000-8000-000000000000/content"),
    ("DELETE", "/v1/photos/01890000-0000-7000-8000-000000000000"),
    ("POST", "/v1/uploads"),
    ("GET", "/v1/uploads/01890000-0000-7000-8000-000000000000"),
    ("PATCH", "/v1/uploads/01890000-0000-7000-8000-000000000000"),
    ("POST", "/v1/quotes"),
    ("GET", "/v1/jobs"),
    ("POST", "/v1/jobs"),
    ("GET", "/v1/jobs/01890000-0000-7000-8000-000000000000"),
    ("DELETE", "/v1/jobs/01890000-0000-7000-8000-000000000000"),
    ("POST", "/v1/jobs/01890000-0000-7000-8000-000000000000/cancel"),
    ("GET", "/v1/jobs/01890000-0000-7000-8000-000000000000/result"),
];

on_both! {
    async fn nobody_gets_in_without_a_good_token(database) {
        let app = TestApp::new(database);
        for (method, path) in ROUTES {
            for token in [None, Some("nonsense"), Some("apat_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")] {
                let answer = app.api(method, path, token, Some(json!({"name": "Eve"}))).await;
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
                let body = answer.json();
                assert_eq!((body["code"].as_str(), body["retryable"].as_bool()), (Some("unauthenticated"), Some(false)));
                assert!(answer.header("www-authenticate").starts_with("Bearer"));
            }
        }
        // The cookie's token and a refresh token open no API.
        let mut browser = Browser::new(&app);
        browser.sign_up("mara@example.org").await;
        assert!(browser.is_signed_in().await);
    }
}

/// The list above is the document's: a new route cannot be forgotten.
#[test]
fn every_documented_route_with_a_token_is_tried() {
    let document: serde_json::Value = serde_json::from_str(&pretty_backend::http::openapi::whole().unwrap()).unwrap();
    let mut documented = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            if operation.get("security").is_some() {
                documented.push((method.to_uppercase(), path.replace("{id}", "01890000-0000-7000-8000-000000000000")));
            }
        }
    }
    let mut tried: Vec<_> = ROUTES.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned())).collect();
    documented.sort();
    tried.sort();
    assert_eq!(documented, tried);
}

on_both! {
    async fn ready_when_the_database_is(database) {
        let app = TestApp::new(database);
        for path in ["/healthz", "/readyz"] {
            let answer = app.api("GET", path, None, None).await;
            assert_eq!((answer.status, answer.json()["status"].as_str()), (StatusCode::OK, Some("ok")), "{path}");
        }
        app.store.close().await;
        assert_eq!(app.api("GET", "/healthz", None, None).await.status, StatusCode::OK);
        let away = app.api("GET", "/readyz", None, None).await;
        insta::assert_snapshot!("database_away", away.shown());
    }
}

#[tokio::test]
async fn an_empty_database_is_not_ready() {
    let app = TestApp::new(TestDatabase::sqlite_empty().await);
    assert_eq!(app.api("GET", "/readyz", None, None).await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn bad_requests_get_typed_errors() {
    let app = TestApp::new(TestDatabase::sqlite().await);
    let mut all = String::new();
    let form = "application/x-www-form-urlencoded";
    for (title, request) in [
        ("nothing there", Request::get("/nowhere").body(Body::empty())),
        ("wrong method", Request::delete("/healthz").body(Body::empty())),
        ("wrong kind", Request::post("/oauth/token").header(header::CONTENT_TYPE, "text/plain").body(Body::from("x"))),
        ("not a form", Request::post("/oauth/token").header(header::CONTENT_TYPE, form).body(Body::from("%%%"))),
        (
            "too large",
            Request::post("/oauth/token").header(header::CONTENT_TYPE, form).body(Body::from("x".repeat(70_000))),
        ),
        ("bad query", Request::get("/confirm").body(Body::empty())),
    ] {
        let answer = app.send(request.unwrap()).await;
        assert!(answer.status.is_client_error(), "{title}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.header("strict-transport-security").contains("max-age"));
        assert_eq!(answer.header("x-request-id").len(), 32);
        all += &format!("{title}: {}\n", answer.shown());
    }
    insta::assert_snapshot!(all);
    // For people the same is a page.
    let page = Browser::new(&app).get("/nowhere").await;
    assert!(page.status == StatusCode::NOT_FOUND && page.text.contains("<h1>Nothing here</h1>"));
}

/// Every operation and every shape of the document is on the page, and every link on it leads somewhere.
#[tokio::test]
async fn the_reference_is_a_page() {
    let app = TestApp::new(TestDatabase::sqlite().await);
    let page = Browser::new(&app).get("/docs").await;
    assert_eq!((page.status, page.header("set-cookie")), (StatusCode::OK, ""));
    let document: serde_json::Value = serde_json::from_str(&pretty_backend::http::openapi::whole().unwrap()).unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            assert!(page.text.contains(&format!("<code>{} {path}</code>", method.to_uppercase())), "{method} {path}");
            let id = format!("id=\"op-{}\"", operation["operationId"].as_str().unwrap());
            assert_eq!(page.text.matches(&id).count(), 1, "{id}");
        }
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(page.text.contains(&format!("id=\"shape-{name}\"")), "{name}");
    }
    for (at, _) in page.text.match_indices("href=\"#") {
        let anchor = page.text[at + 7..].split('"').next().unwrap();
        assert!(page.text.contains(&format!("id=\"{anchor}\"")), "{anchor}");
    }
    assert!(!page.text.contains("http://") && !page.text.contains("https://"), "nothing from elsewhere");
}

#[tokio::test]
async fn what_takes_too_long_is_cut_off() {
    let mut settings = settings();
    settings.server.request_timeout_seconds = 1;
    let app = TestApp::with(TestDatabase::sqlite().await, settings);
    // Another one holds the only writer.
    let blocker = app.store.write_transaction().await.unwrap();
    let answer = app.form("/oauth/token", &[("grant_type", "refresh_token"), ("refresh_token", "x")]).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (StatusCode::SERVICE_UNAVAILABLE, Some("timed_out")));
    assert_eq!(answer.json()["retryable"], true);
    drop(blocker);
    let answer = app.form("/oauth/token", &[("grant_type", "refresh_token"), ("refresh_token", "x")]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn pages_load_only_what_is_ours() {
    let app = TestApp::new(TestDatabase::sqlite().await);
    let mut browser = Browser::new(&app);
    browser.sign_up("mara@example.org").await;
    for path in ["/sign-up", "/forgot", "/account", "/nowhere", "/docs"] {
        let page = browser.get(path).await.text;
        for (at, _) in page.match_indices("src=\"").chain(page.match_indices("href=\"")) {
            let address = page[at..].split('"').nth(1).unwrap();
            assert!(
                address.starts_with('/') && !address.starts_with("//")
                    || address.starts_with('#')
                    || address.starts_with("mailto:"),
                "{address}"
            );
            if address.starts_with("/assets/") {
                assert_eq!(browser.get(address).await.status, StatusCode::OK);
            }
        }
    }
    assert!(!include_str!("../../assets/pages.css").contains("http"));
}
