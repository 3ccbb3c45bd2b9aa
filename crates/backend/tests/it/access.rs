//! Who may ask what: every route of the service's own document, asked by nobody, with a token whose time is over, by somebody else, and by whose it is.
//!
//! A route that is added is tried by itself: the list is the document's. A thing of somebody else's is answered as one that is not there.

use crate::support::{Answer, Lab, Member};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// A route of the document.
struct Route {
    method: String,
    path: String,
    /// Whether it asks for a token.
    secured: bool,
    /// The answers that it says it gives.
    answers: Vec<u16>,
}

impl Route {
    fn has_owner(&self) -> bool {
        self.path.contains("{id}")
    }
}

async fn routes(lab: &Lab) -> Vec<Route> {
    let document = lab.app.api("GET", "/openapi.json", None, None).await.json();
    let mut routes = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let answers = operation["responses"].as_object().unwrap().keys().map(|status| status.parse().unwrap());
            routes.push(Route {
                method: method.to_uppercase(),
                path: path.clone(),
                secured: operation["security"].as_array().is_some_and(|ways| !ways.is_empty()),
                answers: answers.collect(),
            });
        }
    }
    routes
}

/// Things of one person's, by the beginning of the path under which they are found.
async fn things(lab: &Lab, owner: &Member) -> BTreeMap<&'static str, String> {
    let photo = lab.photo(owner, 120, 80).await;
    // One that has a result.
    let job = lab.enhancement(owner).await;
    assert_eq!((lab.work().await, lab.state(owner, &job).await.as_str()), (1, "succeeded"));
    let order = lab.app.keyed("/v1/orders", &owner.token, &lab.key(), json!({"product": "pack_small"})).await.json();
    let upload = json!({"bytes": 10, "sha256": "0".repeat(64), "media_type": "image/jpeg"});
    let upload = lab.app.keyed("/v1/uploads", &owner.token, &lab.key(), upload).await.json();
    let export = lab.app.api("POST", "/v1/account/exports", Some(&owner.token), None).await.json();
    let devices = lab.app.api("GET", "/v1/account/devices", Some(&owner.token), None).await.json();
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    BTreeMap::from([
        ("/v1/photos/", photo),
        ("/v1/jobs/", job),
        ("/v1/orders/", id(&order)),
        ("/v1/uploads/", id(&upload)),
        ("/v1/account/exports/", id(&export)),
        ("/v1/account/devices/", id(&devices[0])),
    ])
}

/// Asks as an app would: about a thing that there is, and well enough that what counts is whose it is.
async fn ask(lab: &Lab, route: &Route, things: &BTreeMap<&str, String>, token: Option<&str>) -> Answer {
    let thing = things.iter().find(|(beginning, _)| route.path.starts_with(*beginning)).map(|(_, id)| id.as_str());
    let nobodys = "01900000-0000-7000-8000-000000000001";
    let path =
        route.path.replace("{id}", thing.unwrap_or(nobodys)).replace("{job}", nobodys).replace("{nonce}", "nonce");
    let mut request = Request::builder().method(route.method.as_str()).uri(path).header("idempotency-key", lab.key());
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let body = match (route.method.as_str(), route.path.as_str()) {
        ("PATCH", "/v1/uploads/{id}") => {
            request = request.header("content-type", "application/offset+octet-stream").header("upload-offset", "0");
            Body::from("photo")
        }
        ("POST" | "PATCH" | "PUT", path) => {
            request = request.header("content-type", "application/json");
            Body::from(if path.ends_with("/withdrawal") { "{\"confirm_token\": \"none\"}" } else { "{}" })
        }
        _ => Body::empty(),
    };
    lab.app.send(request.body(body).unwrap()).await
}

on_both! {
    async fn every_route_is_for_whom_it_is(database) {
        let lab = Lab::with(database, |settings| settings.accounts.access_token_seconds = 600).await;
        let owner = lab.member("mara@example.org", 20).await;
        let things = things(&lab, &owner).await;
        let routes: Vec<Route> = routes(&lab).await.into_iter().filter(|route| route.path != "/v1/events").collect();
        assert!(routes.len() > 35, "the document lists {} routes", routes.len());
        for (number, route) in routes.iter().enumerate() {
            let case = format!("{} {}", route.method, route.path);
            // Nobody.
            let nobody = ask(&lab, route, &things, None).await;
            assert_eq!(nobody.status == 401, route.secured, "{case} for nobody: {} {}", nobody.status, nobody.text);
            assert!(nobody.status.as_u16() < 500 || nobody.status == 503, "{case} for nobody: {}", nobody.text);
            if !route.secured {
                continue;
            }
            // Somebody else: a person of their own for each route, as some of them end a session.
            let other = lab.member(&format!("other{number}@example.org"), 20).await;
            let answer = ask(&lab, route, &things, Some(&other.token)).await;
            let status = answer.status.as_u16();
            if route.has_owner() {
                assert_eq!(status, 404, "{case} by somebody else: {}", answer.text);
                assert!(things.keys().any(|beginning| route.path.starts_with(beginning)), "{case} is about nothing");
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
        // And by whose it is: every route answers as its document says, and their own things are there. What deletes them comes last.
        let mut own: Vec<&Route> =
            routes.iter().filter(|route| route.secured && (route.method == "GET" || route.has_owner())).collect();
        own.sort_by_key(|route| route.method == "DELETE");
        for route in own {
            let owner = lab.app.signed_in_again(owner.clone()).await;
            let answer = ask(&lab, route, &things, Some(&owner.token)).await;
            let status = answer.status.as_u16();
            assert!(route.answers.contains(&status) && status != 401, "{} {}: {status}", route.method, route.path);
            assert!(status != 404 || !route.has_owner(), "{} {}: {}", route.method, route.path, answer.text);
        }
    }
}
