//! Scripted faults as a client meets them, and the control interface over HTTP.

use std::time::Duration;

use pretty_sandbox::{Fault, FaultRule, Service};
use serde_json::json;

use crate::harness::{World, read, world};

async fn create(world: &World, key: &str) -> Result<(u16, serde_json::Value), reqwest::Error> {
    let secret = &world.sandbox.endpoints().stripe_secret_key;
    let request =
        world.client.post(world.stripe_url("/v1/customers")).bearer_auth(secret).header("idempotency-key", key);
    let response = request.form(&[("email", "ada@example.com")]).timeout(Duration::from_millis(1_500)).send().await?;
    let status = response.status().as_u16();
    Ok((status, response.json().await?))
}

fn customers(world: &World) -> usize {
    world.sandbox.control().stripe().objects("customer").len()
}

#[tokio::test]
async fn answers_are_lost_before_and_after_the_work() {
    let world = world().await;
    let script =
        |fault| world.sandbox.control().fault(FaultRule::next(Service::Stripe, "/v1/customers", fault).on("POST"));
    script(Fault::Drop);
    assert!(create(&world, "a").await.is_err());
    assert_eq!(customers(&world), 0);

    script(Fault::LoseAnswer);
    assert!(create(&world, "a").await.is_err());
    assert_eq!(customers(&world), 1, "the work was done");
    assert_eq!(create(&world, "a").await.unwrap().0, 200);
    assert_eq!(customers(&world), 1, "the same key finds the same customer");

    script(Fault::CutAnswer);
    assert!(create(&world, "b").await.is_err());
    assert_eq!(customers(&world), 2);

    script(Fault::Hang { milliseconds: 5_000 });
    assert!(create(&world, "c").await.unwrap_err().is_timeout());
    assert_eq!(customers(&world), 2, "nothing was done");
    script(Fault::Delay { milliseconds: 50 });
    assert_eq!(create(&world, "c").await.unwrap().0, 200);
}

#[tokio::test]
async fn a_stored_failure_is_replayed_and_a_plain_one_is_not() {
    let world = world().await;
    let control = world.sandbox.control();
    control.fault(FaultRule::next(Service::Stripe, "/v1/customers", Fault::StoredFailure));
    let first = create(&world, "a").await.unwrap();
    assert_eq!((first.0, &first.1["error"]["type"]), (500, &json!("api_error")));
    assert_eq!(create(&world, "a").await.unwrap().0, 500, "the 500 is kept under its key");
    assert_eq!(create(&world, "b").await.unwrap().0, 200);
    control.fault(FaultRule::next(Service::Stripe, "", Fault::stripe_rate_limited(Some(false))));
    assert_eq!(create(&world, "c").await.unwrap().0, 429);
    control.fault(FaultRule::next(Service::Stripe, "", Fault::stripe_locked(None)));
    assert_eq!(create(&world, "c").await.unwrap().0, 409);
    assert_eq!(create(&world, "c").await.unwrap().0, 200);
}

#[tokio::test]
async fn answers_are_changed_by_a_patch() {
    let world = world().await;
    let patch = json!({ "livemode": true, "metadata": null, "status": "something_new" });
    world.sandbox.control().fault(FaultRule::next(Service::Stripe, "/v1/customers", Fault::MergeAnswer { patch }));
    let (_, changed) = create(&world, "a").await.unwrap();
    assert_eq!((&changed["livemode"], &changed["status"]), (&json!(true), &json!("something_new")));
    assert!(changed.get("metadata").is_none());
    let id = changed["id"].as_str().unwrap();
    assert_eq!(world.sandbox.control().stripe().object(id).unwrap()["livemode"], false, "what is stored stays");
}

#[tokio::test]
async fn the_control_interface_wants_its_token_and_does_the_same() {
    let world = world().await;
    let endpoints = world.sandbox.endpoints();
    let url = |path: &str| format!("{}/_control{path}", endpoints.control_base_url);
    assert_eq!(world.client.get(url("")).send().await.unwrap().status(), 401);
    assert_eq!(world.client.get(url("")).bearer_auth("wrong").send().await.unwrap().status(), 401);
    let get = async |path: &str| {
        read(world.client.get(url(path)).bearer_auth(&endpoints.control_token).send().await.unwrap()).await
    };
    let post = async |path: &str, body: serde_json::Value| {
        read(world.client.post(url(path)).bearer_auth(&endpoints.control_token).json(&body).send().await.unwrap()).await
    };
    assert_eq!(get("").await.body["endpoints"]["stripe_base_url"], endpoints.stripe_base_url.as_str());

    let rule = json!({ "service": "stripe", "path": "/v1/customers", "fault": { "kind": "status", "status": 503 } });
    assert_eq!(post("/faults", rule).await.status, 204);
    assert_eq!(get("/faults").await.body.as_array().unwrap().len(), 1);
    assert_eq!(create(&world, "a").await.ok().map(|(status, _)| status), None, "503 without a body is no JSON");
    assert_eq!(post("/faults", json!({ "service": "stripe", "fault": { "kind": "nonsense" } })).await.status, 422);

    let (_, session) = world.open_session(&[]).await;
    let paid = post("/stripe", json!({ "do": "pay", "session": session["id"], "by": "card" })).await;
    assert_eq!((paid.status, &paid.body["payment_status"]), (200, &json!("paid")));
    assert_eq!(post("/stripe", json!({ "do": "pay", "session": session["id"], "by": "card" })).await.status, 422);
    assert_eq!(get("/stripe?kind=charge").await.body.as_array().unwrap().len(), 1);

    let received = get("/received?service=stripe").await.body;
    let first = &received[0];
    assert_eq!(
        (&first["method"], &first["path"], &first["status"]),
        (&json!("POST"), &json!("/v1/customers"), &json!(503))
    );
    assert!(!received.to_string().contains(&endpoints.stripe_secret_key), "keys are left out");
    let before = get("/clock").await.body["unix_seconds"].as_i64().unwrap();
    assert_eq!(post("/clock", json!({ "seconds": 60 })).await.body["unix_seconds"], before + 60);
    assert_eq!(post("/clock", json!({ "seconds": -1 })).await.status, 422);
}
