//! Stripe's API: keys, versions, parameters, sessions, payments, refunds, disputes, lists, idempotency.

use pretty_sandbox::PayBy;
use serde_json::{Value, json};

use crate::contracts::{self, stripe_object};
use crate::harness::{START, World, read, world};

async fn paid(world: &World, more: &[(&str, &str)]) -> (String, Value) {
    let (customer, session) = world.open_session(more).await;
    let session = world.sandbox.control().stripe().pay(session["id"].as_str().unwrap(), PayBy::Card).unwrap();
    (customer, session)
}

#[tokio::test]
async fn only_the_sandboxes_own_key_is_taken() {
    let world = world().await;
    let endpoints = world.sandbox.endpoints();
    assert!(endpoints.stripe_secret_key.starts_with("sk_test_sandbox_"));
    for (key, part) in [("sk_live_1234", "live key"), ("sk_test_other", "Invalid API Key"), ("", "did not provide")] {
        let answer =
            read(world.client.get(world.stripe_url("/v1/events")).bearer_auth(key).send().await.unwrap()).await;
        assert_eq!(answer.status, 401, "{key}");
        assert!(answer.body["error"]["message"].as_str().unwrap().contains(part), "{:#}", answer.body);
        assert!(!answer.body.to_string().contains("1234"), "a key is never repeated");
    }
    let basic = world.client.get(world.stripe_url("/v1/events")).basic_auth(&endpoints.stripe_secret_key, Some(""));
    let answer = read(basic.send().await.unwrap()).await;
    assert_eq!(answer.status, 200);
    assert!(answer.headers["x-sandbox"].to_str().unwrap().contains("nothing here is real"));
    assert_eq!(answer.headers["stripe-version"], "2026-10-28.endive");
    assert!(answer.headers["request-id"].to_str().unwrap().starts_with("req_"));
}

#[tokio::test]
async fn versions_content_types_and_parameters_are_checked() {
    let world = world().await;
    let key = &world.sandbox.endpoints().stripe_secret_key;
    let url = world.stripe_url("/v1/customers");
    let old = world.client.post(&url).bearer_auth(key).header("stripe-version", "2023-10-16").form(&[("name", "a")]);
    let answer = read(old.send().await.unwrap()).await;
    assert_eq!((answer.status, &answer.body["error"]["type"]), (400, &json!("invalid_request_error")));
    let current =
        world.client.post(&url).bearer_auth(key).header("stripe-version", "2026-10-28.endive").form(&[("name", "a")]);
    assert_eq!(read(current.send().await.unwrap()).await.status, 200);
    let as_json = world.client.post(&url).bearer_auth(key).json(&json!({"name": "a"}));
    assert_eq!(read(as_json.send().await.unwrap()).await.status, 400);

    let old_tutorial =
        world.stripe_post("/v1/checkout/sessions", &[("mode", "payment"), ("payment_method_types[0]", "card")]).await;
    assert_eq!(old_tutorial.status, 400);
    assert_eq!(old_tutorial.body["error"]["code"], "parameter_unknown");
    for (path, form, param) in [
        ("/v1/checkout/sessions", vec![("success_url", "https://e.com")], "mode"),
        ("/v1/checkout/sessions", vec![("mode", "payment")], "line_items"),
        (
            "/v1/checkout/sessions",
            vec![("mode", "payment"), ("line_items[0][price]", "price_none")],
            "line_items[0][price]",
        ),
        ("/v1/checkout/sessions", vec![("mode", "payment"), ("customer", "cus_none")], "customer"),
        ("/v1/refunds", vec![], "charge"),
        ("/v1/billing_portal/sessions", vec![], "customer"),
    ] {
        let answer = world.stripe_post(path, &form).await;
        assert!((400..500).contains(&answer.status), "{path} {param}");
        assert_eq!(answer.body["error"]["param"], param, "{:#}", answer.body);
    }
    assert_eq!(world.stripe_get("/v1/nowhere").await.status, 404);
    assert_eq!(world.stripe_get("/v1/charges/ch_none").await.body["error"]["code"], "resource_missing");
}

#[tokio::test]
async fn a_paid_session_has_the_documented_objects() {
    let world = world().await;
    let (customer, open) = world.open_session(&[]).await;
    stripe_object(&open);
    assert_eq!(
        (&open["status"], &open["payment_status"], &open["amount_total"]),
        (&json!("open"), &json!("unpaid"), &json!(500))
    );
    assert!(open["url"].as_str().unwrap().starts_with(&world.stripe_url("/c/pay/cs_test_")));
    assert_eq!(open["livemode"], false);
    let id = open["id"].as_str().unwrap();

    let lines = world.stripe_get(&format!("/v1/checkout/sessions/{id}/line_items")).await.body;
    stripe_object(&lines);
    assert_eq!(lines["data"][0]["price"]["id"], "price_sandbox_pack_small");

    world.sandbox.control().stripe().pay(id, PayBy::Card).unwrap();
    let expanded = "?expand[]=line_items&expand[]=payment_intent.latest_charge&expand[]=customer";
    let session = world.stripe_get(&format!("/v1/checkout/sessions/{id}{expanded}")).await.body;
    stripe_object(&session);
    assert_eq!(
        (&session["status"], &session["payment_status"], &session["url"]),
        (&json!("complete"), &json!("paid"), &Value::Null)
    );
    assert_eq!(session["customer"]["id"], customer.as_str());
    let intent = &session["payment_intent"];
    assert_eq!((&intent["status"], &intent["amount_received"]), (&json!("succeeded"), &json!(500)));
    assert_eq!(intent["metadata"]["order_id"], "ord_1");
    assert_eq!(intent["latest_charge"]["paid"], true);
    for path in [
        format!("/v1/payment_intents/{}", intent["id"].as_str().unwrap()),
        format!("/v1/charges/{}", intent["latest_charge"]["id"].as_str().unwrap()),
        format!("/v1/customers/{customer}"),
        "/v1/prices/price_sandbox_pro_month".to_owned(),
    ] {
        stripe_object(&world.stripe_get(&path).await.body);
    }
    let events = world.stripe_get("/v1/events?limit=100").await.body;
    stripe_object(&events);
    let kinds: Vec<&str> =
        events["data"].as_array().unwrap().iter().rev().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "customer.created",
            "payment_intent.created",
            "charge.succeeded",
            "payment_intent.succeeded",
            "checkout.session.completed"
        ]
    );
    let again = world.sandbox.control().stripe().pay(id, PayBy::Card);
    assert!(again.is_err(), "a session is paid once");
}

#[tokio::test]
async fn a_slow_payment_completes_unpaid_and_ends_either_way() {
    let world = world().await;
    let stripe = world.sandbox.control().stripe();
    for (succeeded, event, status) in [
        (true, "checkout.session.async_payment_succeeded", "paid"),
        (false, "checkout.session.async_payment_failed", "unpaid"),
    ] {
        let (_, session) = world.open_session(&[]).await;
        let id = session["id"].as_str().unwrap();
        let session = stripe.pay(id, PayBy::SlowMethod).unwrap();
        assert_eq!((&session["status"], &session["payment_status"]), (&json!("complete"), &json!("unpaid")));
        let session = stripe.settle(id, succeeded).unwrap();
        stripe_object(&session);
        assert_eq!(session["payment_status"], status);
        let newest = &world.stripe_get("/v1/events?limit=1").await.body["data"][0];
        assert_eq!((&newest["type"], &newest["data"]["object"]["id"]), (&json!(event), &json!(id)));
    }
}

#[tokio::test]
async fn sessions_expire_by_the_clock_and_on_request() {
    let world = world().await;
    let soon = (START + 60).to_string();
    let late = (START + 25 * 3_600).to_string();
    for wrong in [soon.as_str(), late.as_str()] {
        let form = [
            ("mode", "payment"),
            ("line_items[0][price]", "price_sandbox_pack_small"),
            ("line_items[0][quantity]", "1"),
            ("success_url", "https://e.com"),
            ("expires_at", wrong),
        ];
        let answer = world.stripe_post("/v1/checkout/sessions", &form).await;
        assert_eq!((answer.status, &answer.body["error"]["param"]), (400, &json!("expires_at")));
    }
    let hour = (START + 3_600).to_string();
    let (_, first) = world.open_session(&[("expires_at", &hour)]).await;
    let (_, second) = world.open_session(&[]).await;
    world.sandbox.control().advance_seconds(3_601);
    let first = world.stripe_get(&format!("/v1/checkout/sessions/{}", first["id"].as_str().unwrap())).await.body;
    assert_eq!((&first["status"], &first["url"]), (&json!("expired"), &Value::Null));
    let path = format!("/v1/checkout/sessions/{}/expire", second["id"].as_str().unwrap());
    assert_eq!(world.stripe_post(&path, &[]).await.body["status"], "expired");
    assert_eq!(world.stripe_post(&path, &[]).await.status, 400, "only an open session can be expired");
    let expired = world.stripe_get("/v1/events?type=checkout.session.expired").await.body;
    assert_eq!(expired["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn refunds_are_partial_whole_never_more_and_can_fail() {
    let world = world().await;
    let (_, session) = paid(&world, &[]).await;
    let intent = session["payment_intent"].as_str().unwrap();
    let refund = |amount: &'static str| {
        let form = [
            ("payment_intent", intent.to_owned()),
            ("amount", amount.to_owned()),
            ("metadata[order_id]", "ord_1".to_owned()),
        ];
        let world = &world;
        async move {
            let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            world.stripe_post("/v1/refunds", &form).await
        }
    };
    let first = refund("200").await;
    stripe_object(&first.body);
    assert_eq!((&first.body["status"], &first.body["metadata"]["order_id"]), (&json!("succeeded"), &json!("ord_1")));
    assert_eq!(refund("301").await.status, 400, "more than is left");
    let second = refund("300").await.body;
    assert_eq!(refund("1").await.body["error"]["code"], "charge_already_refunded");
    let charge = second["charge"].as_str().unwrap();
    let state = |charge: Value| (charge["amount_refunded"].clone(), charge["refunded"].clone());
    assert_eq!(state(world.stripe_get(&format!("/v1/charges/{charge}")).await.body), (json!(500), json!(true)));
    let list = world.stripe_get(&format!("/v1/refunds?charge={charge}")).await.body;
    assert_eq!(list["data"].as_array().unwrap().len(), 2);

    let failed = world.sandbox.control().stripe().fail_refund(second["id"].as_str().unwrap()).unwrap();
    stripe_object(&failed);
    assert_eq!(state(world.stripe_get(&format!("/v1/charges/{charge}")).await.body), (json!(200), json!(false)));
    assert_eq!(world.stripe_get("/v1/events?limit=1").await.body["data"][0]["type"], "refund.failed");
}

#[tokio::test]
async fn disputes_open_move_and_close() {
    let world = world().await;
    let stripe = world.sandbox.control().stripe();
    for (end, last) in
        [("won", "charge.updated"), ("lost", "charge.dispute.closed"), ("prevented", "charge.dispute.closed")]
    {
        let (_, session) = paid(&world, &[]).await;
        let intent = world
            .stripe_get(&format!("/v1/payment_intents/{}", session["payment_intent"].as_str().unwrap()))
            .await
            .body;
        let charge = intent["latest_charge"].as_str().unwrap();
        let dispute = stripe.open_dispute(charge, "needs_response").unwrap();
        stripe_object(&dispute);
        let id = dispute["id"].as_str().unwrap();
        let refused = world.stripe_post("/v1/refunds", &[("charge", charge)]).await;
        assert_eq!(refused.body["error"]["code"], "charge_disputed");
        stripe.move_dispute(id, "under_review").unwrap();
        stripe.move_dispute(id, end).unwrap();
        assert_eq!(world.stripe_get(&format!("/v1/disputes/{id}")).await.body["status"], end);
        assert_eq!(world.stripe_get("/v1/events?limit=1").await.body["data"][0]["type"], last);
        assert_eq!(stripe.object(charge).unwrap()["disputed"], end != "won");
        stripe_object(&stripe.warn_of_fraud(charge).unwrap());
    }
}

#[tokio::test]
async fn a_free_session_needs_no_payment() {
    let world = world().await;
    let stripe = world.sandbox.control().stripe();
    let (_, closed) = world.open_session(&[]).await;
    assert!(stripe.apply_free_code(closed["id"].as_str().unwrap()).is_err(), "the session takes no codes");
    let (_, session) = world.open_session(&[("allow_promotion_codes", "true")]).await;
    let id = session["id"].as_str().unwrap();
    stripe.apply_free_code(id).unwrap();
    let session = stripe.pay(id, PayBy::Card).unwrap();
    stripe_object(&session);
    assert_eq!(session["payment_status"], "no_payment_required");
    assert_eq!((&session["amount_total"], &session["payment_intent"]), (&json!(0), &Value::Null));
}

#[tokio::test]
async fn the_first_answer_under_a_key_is_the_only_one() {
    let world = world().await;
    let form = [("email", "ada@example.com")];
    let first = world.stripe_post_keyed("/v1/customers", &form, Some("cus:1")).await;
    let again = world.stripe_post_keyed("/v1/customers", &form, Some("cus:1")).await;
    assert_eq!(first.body, again.body);
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert!(first.headers.get("idempotent-replayed").is_none());
    let other = world.stripe_post_keyed("/v1/customers", &[("email", "b@example.com")], Some("cus:1")).await;
    assert_eq!((other.status, &other.body["error"]["type"]), (400, &json!("idempotency_error")));
    assert_eq!(world.sandbox.control().stripe().objects("customer").len(), 1);

    let refused = world.stripe_post_keyed("/v1/customers", &[("email", "nobody")], Some("cus:2")).await;
    assert_eq!(refused.status, 400);
    let mended = world.stripe_post_keyed("/v1/customers", &form, Some("cus:2")).await;
    assert_eq!(mended.status, 200, "a refusal before execution is not kept");

    let long = "k".repeat(256);
    assert_eq!(world.stripe_post_keyed("/v1/customers", &form, Some(&long)).await.status, 400);
    world.sandbox.control().advance_seconds(24 * 3_600 + 1);
    let pruned = world.stripe_post_keyed("/v1/customers", &form, Some("cus:1")).await;
    assert_ne!(pruned.body["id"], first.body["id"], "keys are forgotten after a day");

    let requests = (0..20).map(|_| world.stripe_post_keyed("/v1/customers", &form, Some("cus:3")));
    let mut ids = std::collections::HashSet::new();
    for answer in join_all(requests).await {
        ids.insert(answer.body["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), 1, "twenty at once make one customer");
}

async fn join_all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut pending: Vec<_> = futures.map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        pending.retain_mut(|future| match future.as_mut().poll(context) {
            std::task::Poll::Ready(output) => {
                done.push(output);
                false
            }
            std::task::Poll::Pending => true,
        });
        if pending.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done
}

#[tokio::test]
async fn lists_come_in_pages() {
    let world = world().await;
    for _ in 0..5 {
        world.stripe_post("/v1/customers", &[("email", "a@example.com")]).await;
    }
    let ids = |body: &Value| -> Vec<String> {
        body["data"].as_array().unwrap().iter().map(|value| value["id"].as_str().unwrap().to_owned()).collect()
    };
    let first = world.stripe_get("/v1/events?limit=2").await.body;
    assert_eq!((ids(&first).len(), &first["has_more"]), (2, &json!(true)));
    let next = world.stripe_get(&format!("/v1/events?limit=10&starting_after={}", ids(&first)[1])).await.body;
    assert_eq!((ids(&next).len(), &next["has_more"]), (3, &json!(false)));
    let back = world.stripe_get(&format!("/v1/events?limit=10&ending_before={}", ids(&next)[0])).await.body;
    assert_eq!(ids(&back), ids(&first));
    assert_eq!(world.stripe_get("/v1/events?limit=0").await.status, 400);
    let newer = format!("/v1/events?created[gte]={}", START + 1);
    assert!(ids(&world.stripe_get(&newer).await.body).is_empty());
    let typed = world.stripe_get("/v1/events?types[]=customer.created&types[]=invoice.paid&limit=100").await.body;
    assert_eq!(ids(&typed).len(), 5);
}

#[tokio::test]
async fn a_deleted_customer_is_gone_and_so_are_its_sessions() {
    let world = world().await;
    let (customer, _) = world.open_session(&[]).await;
    let gone = world.stripe_delete(&format!("/v1/customers/{customer}")).await.body;
    assert_eq!(gone["deleted"], true);
    assert_eq!(world.stripe_delete(&format!("/v1/customers/{customer}")).await.status, 404);
    let form = [("customer", customer.as_str())];
    assert_eq!(world.stripe_post("/v1/billing_portal/sessions", &form).await.status, 404);
}

#[test]
fn the_known_parameters_are_those_of_the_specification() {
    let Some(specification) = contracts::read("stripe/stripe-2026-10-28.endive.derived.openapi.json") else { return };
    for (method, path, known) in pretty_sandbox::stripe_parameters() {
        let operation = &specification["paths"][path][method.to_lowercase()];
        let schema = if *method == "POST" {
            &operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
        } else {
            &operation["x-query-schema"]
        };
        let mut wanted: Vec<&str> =
            schema["properties"].as_object().map(|map| map.keys().map(String::as_str).collect()).unwrap_or_default();
        let mut known = known.to_vec();
        wanted.sort_unstable();
        known.sort_unstable();
        assert!(operation.is_object(), "{method} {path} is not in the specification");
        assert_eq!(known, wanted, "{method} {path}");
    }
}
