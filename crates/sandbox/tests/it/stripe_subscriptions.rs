//! Subscriptions over time: first payment, renewals, failing cards, cancelling, test clocks, the portal.

use pretty_sandbox::PayBy;
use serde_json::{Value, json};

use crate::contracts::stripe_object;
use crate::harness::{START, World, world};

const MONTH: [(&str, &str); 3] = [
    ("mode", "subscription"),
    ("line_items[0][price]", "price_sandbox_pro_month"),
    ("subscription_data[metadata][user_ref]", "u_1"),
];

async fn subscribed(world: &World) -> (String, Value) {
    let mut form: Vec<(&str, &str)> = MONTH.to_vec();
    form.push(("payment_intent_data[metadata][order_id]", "x"));
    let (customer, session) = world.open_session(&form[..3]).await;
    let session = world.sandbox.control().stripe().pay(session["id"].as_str().unwrap(), PayBy::Card).unwrap();
    (customer, session)
}

async fn subscription(world: &World, session: &Value) -> Value {
    world.stripe_get(&format!("/v1/subscriptions/{}", session["subscription"].as_str().unwrap())).await.body
}

fn end(subscription: &Value) -> i64 {
    subscription["items"]["data"][0]["current_period_end"].as_i64().unwrap()
}

async fn kinds(world: &World) -> Vec<String> {
    let events = world.stripe_get("/v1/events?limit=100").await.body;
    events["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn there_is_no_subscription_until_it_is_paid() {
    let world = world().await;
    let (_, open) = world.open_session(&MONTH).await;
    assert_eq!(open["subscription"], Value::Null);
    let stripe = world.sandbox.control().stripe();
    let declined = stripe.pay(open["id"].as_str().unwrap(), PayBy::DeclinedCard).unwrap();
    assert_eq!((&declined["status"], &declined["subscription"]), (&json!("open"), &Value::Null));
    let session = stripe.pay(open["id"].as_str().unwrap(), PayBy::Card).unwrap();
    stripe_object(&session);
    let subscription = subscription(&world, &session).await;
    stripe_object(&subscription);
    assert_eq!((&subscription["status"], &subscription["metadata"]["user_ref"]), (&json!("active"), &json!("u_1")));
    assert!(subscription.get("current_period_end").is_none(), "the period is on the item");
    assert_eq!(end(&subscription), 1_796_169_600, "a month after the start");

    let invoice = world.stripe_get(&format!("/v1/invoices/{}", session["invoice"].as_str().unwrap())).await.body;
    stripe_object(&invoice);
    stripe_object(&invoice["lines"]);
    assert_eq!(
        (&invoice["billing_reason"], &invoice["status"], &invoice["amount_paid"]),
        (&json!("subscription_create"), &json!("paid"), &json!(900))
    );
    assert_eq!(invoice["parent"]["subscription_details"]["subscription"], subscription["id"]);
    let payments =
        world.stripe_get(&format!("/v1/invoice_payments?invoice={}", invoice["id"].as_str().unwrap())).await.body;
    stripe_object(&payments);
    assert_eq!(payments["data"].as_array().unwrap().len(), 1);
    stripe_object(&world.stripe_get("/v1/events?limit=100").await.body);
}

#[tokio::test]
async fn each_period_brings_one_paid_invoice() {
    let world = world().await;
    let (customer, session) = subscribed(&world).await;
    world.sandbox.control().advance_seconds(end(&subscription(&world, &session).await) - START);
    let renewed = subscription(&world, &session).await;
    assert_eq!(end(&renewed), 1_798_848_000, "1 January");
    let invoices = world.stripe_get(&format!("/v1/invoices?customer={customer}")).await.body;
    let reasons: Vec<&str> = invoices["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|invoice| invoice["billing_reason"].as_str().unwrap())
        .collect();
    assert_eq!(reasons, ["subscription_cycle", "subscription_create"]);
    stripe_object(&invoices);
    world.sandbox.control().advance_seconds(1);
    let same = world.stripe_get(&format!("/v1/invoices?customer={customer}")).await.body;
    assert_eq!(same["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_failing_card_makes_it_past_due_then_ends_it_and_a_new_card_saves_it() {
    for saved in [true, false] {
        let world = world().await;
        let (customer, session) = subscribed(&world).await;
        let control = world.sandbox.control();
        control.stripe().set_card(&customer, false);
        control.advance_seconds(end(&subscription(&world, &session).await) - START);
        let past_due = subscription(&world, &session).await;
        assert_eq!(past_due["status"], "past_due");
        let invoice =
            world.stripe_get(&format!("/v1/invoices/{}", past_due["latest_invoice"].as_str().unwrap())).await.body;
        assert_eq!((&invoice["status"], &invoice["attempt_count"]), (&json!("open"), &json!(1)));
        assert!(kinds(&world).await.contains(&"invoice.payment_failed".to_owned()));
        if saved {
            control.stripe().set_card(&customer, true);
            assert_eq!(subscription(&world, &session).await["status"], "active");
        } else {
            control.advance_seconds(20 * 86_400);
            let canceled = subscription(&world, &session).await;
            stripe_object(&canceled);
            assert_eq!(canceled["status"], "canceled");
        }
    }
}

#[tokio::test]
async fn cancelling_at_the_end_of_the_period_can_be_taken_back_until_then() {
    let world = world().await;
    let (_, session) = subscribed(&world).await;
    let path = format!("/v1/subscriptions/{}", session["subscription"].as_str().unwrap());
    let leaving = world.stripe_post(&path, &[("cancel_at_period_end", "true")]).await.body;
    stripe_object(&leaving);
    assert_eq!(leaving["cancel_at"].as_i64().unwrap(), end(&leaving));
    let staying = world.stripe_post(&path, &[("cancel_at_period_end", "false")]).await.body;
    assert_eq!((&staying["cancel_at_period_end"], &staying["cancel_at"]), (&json!(false), &Value::Null));
    let newest = &world.stripe_get("/v1/events?limit=1").await.body["data"][0];
    assert_eq!(newest["data"]["previous_attributes"]["cancel_at_period_end"], true);
    world.stripe_post(&path, &[("cancel_at_period_end", "true")]).await;
    world.sandbox.control().advance_seconds(end(&leaving) - START);
    let over = world.stripe_get(&path).await.body;
    assert_eq!(over["status"], "canceled");
    assert_eq!(kinds(&world).await[0], "customer.subscription.deleted");
    assert_eq!(world.stripe_post(&path, &[("cancel_at_period_end", "false")]).await.status, 400);
    assert_eq!(world.stripe_delete(&path).await.status, 404);
}

#[tokio::test]
async fn a_test_clock_moves_time_for_its_customers_only() {
    let world = world().await;
    let clock = world.stripe_post("/v1/test_helpers/test_clocks", &[("frozen_time", &START.to_string())]).await.body;
    stripe_object(&clock);
    let clock_id = clock["id"].as_str().unwrap();
    let customer =
        world.stripe_post("/v1/customers", &[("email", "c@example.com"), ("test_clock", clock_id)]).await.body;
    let customer = customer["id"].as_str().unwrap();
    let (_, session) = world.open_session(&[MONTH[0], MONTH[1], MONTH[2], ("customer", customer)]).await;
    let session = world.sandbox.control().stripe().pay(session["id"].as_str().unwrap(), PayBy::Card).unwrap();
    let advance = |to: i64| {
        let (path, world) = (format!("/v1/test_helpers/test_clocks/{clock_id}/advance"), &world);
        async move { world.stripe_post(&path, &[("frozen_time", &to.to_string())]).await }
    };
    let too_far = advance(START + 70 * 86_400).await;
    assert_eq!(too_far.status, 400, "at most two intervals");
    assert_eq!(advance(START).await.status, 400, "only forward");
    let moved = advance(START + 31 * 86_400).await.body;
    stripe_object(&moved);
    let renewed = subscription(&world, &session).await;
    stripe_object(&renewed);
    assert_eq!(renewed["items"]["data"][0]["current_period_start"], 1_796_169_600);
    assert_eq!(world.sandbox.control().now_unix_seconds(), START);
    let gone = world.stripe_delete(&format!("/v1/test_helpers/test_clocks/{clock_id}")).await.body;
    assert_eq!(gone["deleted"], true);
    assert_eq!(subscription(&world, &session).await["status"], "canceled");
}
