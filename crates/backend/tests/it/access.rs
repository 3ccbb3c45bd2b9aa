//! Who may ask what: every route of the service's own document, asked by nobody, with a token whose time is over, by somebody else, and by whose it is.
//!
//! A route that is added is tried by itself: the list is the document's. A thing of somebody else's is answered as one that is not there. The pages,
//! which no document lists, are in `pages`.

pub(crate) mod pages;
pub(crate) mod said;

use crate::support::{Answer, Lab, Member};
use axum::body::Body;
use axum::http::Request;
use pretty_backend::billing::background;
use pretty_sandbox::PayBy;
use said::{Said, Things, said};
use serde_json::{Value, json};
use std::time::Duration;

/// A route of the document.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Whether it asks for a token.
    pub(crate) secured: bool,
    /// What may stand after the question mark.
    pub(crate) query: Vec<String>,
    /// The answers that it says it gives.
    answers: Vec<u16>,
}

impl Route {
    pub(crate) fn has_owner(&self) -> bool {
        self.path.contains("{id}")
    }

    /// Whether it goes on until whoever asked leaves.
    fn is_stream(&self) -> bool {
        self.path == "/v1/events"
    }

    /// What ends things comes after what needs them, and the account comes last.
    fn rank(&self) -> usize {
        match (self.method.as_str(), self.path.as_str()) {
            ("DELETE", "/v1/account/deletion") => 5,
            ("POST", "/v1/account/deletion") => 4,
            ("POST", "/v1/account/sign-out-everywhere") => 3,
            ("DELETE", _) => 2,
            ("GET", _) => 0,
            _ => 1,
        }
    }
}

pub(crate) async fn routes(lab: &Lab) -> Vec<Route> {
    let document = lab.app.api("GET", "/openapi.json", None, None).await.json();
    let mut routes = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let query = parameters.iter().filter(|parameter| parameter["in"] == "query");
            let answers = operation["responses"].as_object().unwrap().keys().map(|status| status.parse().unwrap());
            routes.push(Route {
                method: method.to_uppercase(),
                path: path.clone(),
                query: query.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect(),
                secured: operation["security"].as_array().is_some_and(|ways| !ways.is_empty()),
                answers: answers.collect(),
            });
        }
    }
    routes
}

/// One of everything that a person can have.
pub(crate) async fn things(lab: &Lab, owner: &Member) -> Things {
    let photo = lab.photo(owner, 320, 240).await;
    // One that has a result, and one that waits.
    let job = lab.enhancement(owner).await;
    assert_eq!((lab.work().await, lab.state(owner, &job).await.as_str()), (1, "succeeded"));
    let waiting = lab.critique(owner).await;
    let order = lab.app.keyed("/v1/orders", &owner.token, &lab.key(), json!({"product": "pack_small"})).await.json();
    let session = order["checkout_url"].as_str().unwrap().rsplit('/').next().unwrap();
    lab.control().stripe().pay(session, PayBy::Card).unwrap();
    Box::pin(background::work_due(&lab.app.app)).await;
    let upload = json!({"bytes": 10, "sha256": "0".repeat(64), "media_type": "image/jpeg"});
    let upload = lab.app.keyed("/v1/uploads", &owner.token, &lab.key(), upload).await.json();
    let export = lab.app.api("POST", "/v1/account/exports", Some(&owner.token), None).await.json();
    let devices = lab.app.api("GET", "/v1/account/devices", Some(&owner.token), None).await.json();
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    let offer = format!("/v1/orders/{}/withdrawal", id(&order));
    let offer = lab.app.api("GET", &offer, Some(&owner.token), None).await;
    assert_eq!(offer.status, 200, "{}", offer.text);
    Things::from([
        ("/v1/photos/", photo),
        ("/v1/jobs/", job),
        ("/v1/jobs/{id}/cancel", waiting),
        ("/v1/orders/", id(&order)),
        ("/v1/orders/{id}/withdrawal", offer.json()["confirm_token"].as_str().unwrap().to_owned()),
        ("/v1/uploads/", id(&upload)),
        ("/v1/account/exports/", id(&export)),
        ("/v1/account/devices/", id(&devices[0])),
    ])
}

/// The thing that a route is about.
fn about<'a>(route: &Route, things: &'a Things) -> Option<&'a str> {
    let beginning = || things.iter().find(|(name, _)| name.ends_with('/') && route.path.starts_with(**name));
    // Only one of them is a thing of its own.
    let own = things.get_key_value(route.path.as_str()).filter(|(name, _)| name.ends_with("/cancel"));
    own.or_else(beginning).map(|(_, id)| id.as_str())
}

/// Asks as an app would: about a thing that there is, with a good body, so that what counts is whose it is.
async fn ask(lab: &Lab, route: &Route, things: &Things, token: Option<&str>) -> Answer {
    say(lab, route, things, token, said_to(route, things)).await
}

/// Routes without a token are others' than a person's; nothing is said to them.
fn said_to(route: &Route, things: &Things) -> Said {
    if route.secured { said(route, things) } else { Said::Json(json!({})) }
}

pub(crate) async fn say(lab: &Lab, route: &Route, things: &Things, token: Option<&str>, said: Said) -> Answer {
    let nobodys = "01900000-0000-7000-8000-000000000001";
    let path = route.path.replace("{id}", about(route, things).unwrap_or(nobodys));
    let path = path.replace("{job}", nobodys).replace("{nonce}", "nonce");
    let mut request = Request::builder().method(route.method.as_str()).uri(path).header("idempotency-key", lab.key());
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let body = match said {
        Said::Nothing => Body::empty(),
        Said::Json(body) => {
            request = request.header("content-type", "application/json");
            Body::from(body.to_string())
        }
        Said::Part(part) => {
            request = request.header("content-type", "application/offset+octet-stream").header("upload-offset", "0");
            Body::from(part)
        }
    };
    lab.app.send(request.body(body).unwrap()).await
}

on_both! {
    async fn every_route_is_for_whom_it_is(database) {
        let lab = Lab::with(database, |settings| settings.accounts.access_token_seconds = 600).await;
        let owner = lab.member("mara@example.org", 20).await;
        let things = things(&lab, &owner).await;
        let routes = routes(&lab).await;
        assert!(routes.len() > 36, "the document lists {} routes", routes.len());
        for (number, route) in routes.iter().enumerate() {
            let case = format!("{} {}", route.method, route.path);
            // Nobody.
            let nobody = ask(&lab, route, &things, None).await;
            assert_eq!(nobody.status == 401, route.secured, "{case} for nobody: {} {}", nobody.status, nobody.text);
            assert!(nobody.status.as_u16() < 500 || nobody.status == 503, "{case} for nobody: {}", nobody.text);
            // A stream tells only what is the person's who asks: `changes` has its tests.
            if !route.secured || route.is_stream() {
                continue;
            }
            // Somebody else: a person of their own for each route, as some of them end a session.
            let other = lab.member(&format!("other{number}@example.org"), 20).await;
            let answer = ask(&lab, route, &things, Some(&other.token)).await;
            let status = answer.status.as_u16();
            if route.has_owner() {
                assert_eq!(status, 404, "{case} by somebody else: {}", answer.text);
                assert!(about(route, &things).is_some(), "{case} is about nothing");
            }
            assert!(route.answers.contains(&status), "{case} answers {status}, which the document does not name");
            assert!(!answer.text.contains("mara@example.org"), "{case} tells somebody else an address");
        }
        // Whose it all is still has all of it.
        for path in ["/v1/photos", "/v1/jobs"] {
            let mine = lab.app.api("GET", path, Some(&owner.token), None).await;
            assert!(mine.text.contains(&things[format!("{path}/").as_str()]), "{path}: {}", mine.text);
        }
        // A token whose time is over is nobody's.
        let late = lab.member("late@example.org", 20).await;
        lab.app.database.clock.advance(Duration::from_secs(601));
        for route in routes.iter().filter(|route| route.secured) {
            for token in [&late.token, &owner.token] {
                let answer = ask(&lab, route, &things, Some(token)).await;
                assert_eq!(answer.status, 401, "{} {} with an old token: {}", route.method, route.path, answer.text);
            }
        }
        // And by whose it is: every route answers as its document says, their own things are there, and a good request is done.
        let mut own: Vec<&Route> = routes.iter().filter(|route| route.secured && !route.is_stream()).collect();
        own.sort_by_key(|route| route.rank());
        let mut owner = owner;
        for route in own {
            // Nobody can sign in to an account that is being deleted; the app that asked for it has one door left.
            if route.rank() < 5 {
                owner = lab.app.signed_in_again(owner).await;
            }
            let answer = ask(&lab, route, &things, Some(&owner.token)).await;
            let case = format!("{} {}: {} {}", route.method, route.path, answer.status, answer.text);
            assert!(route.answers.contains(&answer.status.as_u16()), "{case}");
            assert!(answer.status.is_success(), "{case}");
        }
    }
}
