//! News in any order, with repeats. ST3.

use super::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// ST3: everything that can happen to purchases and a plan, and all 24 bodies of the collection about them, told in any order with repeats: the
/// end is the same.
fn st3(database: impl AsyncFn() -> Option<TestDatabase>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if runtime.block_on(database()).is_none() {
        return;
    }
    let config = Config { cases: 6, failure_persistence: None, ..Config::default() };
    let expected = runtime.block_on(async { end_of(database().await.unwrap(), &[]).await });
    let mut runner = TestRunner::new(config);
    runner
        .run(&prop::collection::vec(any::<u16>(), TOLD_AT_MOST), |order| {
            let end = runtime.block_on(async { end_of(database().await.unwrap(), &order).await });
            assert_eq!(end, expected);
            Ok(())
        })
        .unwrap();
}

/// More than the history has events.
const TOLD_AT_MOST: usize = 160;

/// The collection's bodies, each about the thing of its kind in our history: what they say of it is old, new or never was.
fn collection(
    session: &[&str],
    subscription: &str,
    invoice: &str,
    refund: &str,
    dispute: &str,
    charge: &str,
) -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("../../../vectors/stripe-events.json")).unwrap();
    let mut events = file["events"].as_array().unwrap().clone();
    assert_eq!(events.len(), 24);
    for (number, event) in events.iter_mut().enumerate() {
        // Some of them have one id in the collection: there they are one event in several states.
        event["id"] = json!(format!("evt_collection_{number}"));
        let object = &mut event["data"]["object"];
        let ours = match object["object"].as_str().unwrap() {
            "checkout.session" => session[number % session.len()],
            "subscription" => subscription,
            "invoice" => invoice,
            "refund" => refund,
            "dispute" => dispute,
            _ => continue,
        };
        object["id"] = json!(ours);
        if object.get("charge").is_some() {
            object["charge"] = json!(charge);
        }
    }
    events
}

/// What is left at the end of a fixed history whose events were told in the order that the numbers give (as they were made, without).
async fn end_of(database: TestDatabase, order: &[u16]) -> Value {
    let shop = Shop::open(database).await;
    let mara = shop.person(1).await;
    shop.sandbox.control().delivery_fault(DeliveryRule {
        service: Service::Stripe,
        topic: None,
        times: 100_000,
        fault: DeliveryFault::Lose,
    });
    let orders = [
        shop.order(&mara, "pack_small").await,
        shop.order(&mara, "pack_large").await,
        shop.order(&mara, "pack_small").await,
        shop.order(&mara, "pro_month").await,
        shop.order(&mara, "pack_small").await,
    ];
    let stripe = shop.stripe();
    stripe.pay(&orders[0].session, PayBy::Card).unwrap();
    stripe.pay(&orders[1].session, PayBy::Card).unwrap();
    stripe.pay(&orders[2].session, PayBy::SlowMethod).unwrap();
    stripe.settle(&orders[2].session, false).unwrap();
    stripe.pay(&orders[3].session, PayBy::Card).unwrap();
    let refund = |charge: &str, amount: i64| {
        let url = shop.sandbox.endpoints().stripe_base_url.clone() + "/v1/refunds";
        let key = shop.sandbox.endpoints().stripe_secret_key.clone();
        let (charge, amount) = (charge.to_owned(), amount.to_string());
        async move {
            let form = [("charge", charge.as_str()), ("amount", amount.as_str())];
            let answer = reqwest::Client::new().post(url).bearer_auth(key).form(&form).send().await.unwrap();
            answer.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
        }
    };
    let (small, large) = (shop.charge(&orders[0]), shop.charge(&orders[1]));
    refund(&small, 100).await;
    let failed = refund(&small, 200).await;
    stripe.fail_refund(&failed).unwrap();
    refund(&small, 150).await;
    let refunded = refund(&large, 500).await;
    let lost = stripe.open_dispute(&large, "needs_response").unwrap();
    stripe.move_dispute(lost["id"].as_str().unwrap(), "lost").unwrap();
    let subscription = stripe.object(&orders[3].session).unwrap()["subscription"].as_str().unwrap().to_owned();
    stripe
        .change(&subscription, &json!({ "cancel_at_period_end": true }), Some("customer.subscription.updated"))
        .unwrap();
    shop.app.database.clock.advance(Duration::from_secs(3601));
    stripe.tick();

    let mut events = stripe.objects("event");
    events.reverse();
    let sessions: Vec<&str> = orders.iter().map(|order| order.session.as_str()).collect();
    let invoice = stripe.object(&orders[3].session).unwrap()["invoice"].as_str().unwrap().to_owned();
    let dispute = lost["id"].as_str().unwrap();
    events.extend(collection(&sessions, &subscription, &invoice, &refunded, dispute, &large));
    assert!(events.len() <= TOLD_AT_MOST, "{} events", events.len());
    // A number for each event decides when it is told, and whether a second time.
    let mut told: Vec<(u16, &Value)> = Vec::new();
    for (index, event) in events.iter().enumerate() {
        let number = order.get(index).copied().unwrap_or(u16::try_from(index).unwrap());
        told.push((number, event));
        if !order.is_empty() && number % 3 == 0 {
            told.push((number.reverse_bits(), event));
        }
    }
    told.sort_by_key(|(number, _)| *number);
    for (index, (number, event)) in told.iter().enumerate() {
        assert_eq!(shop.told(event).await.status, 200);
        if number % 5 == 0 || index + 1 == told.len() {
            inbox::work_off_due(&shop.app).await.unwrap();
        }
    }
    // What came too early has its turn again.
    for _ in 0..12 {
        shop.app.database.clock.advance(Duration::from_secs(60));
        shop.work().await;
    }
    assert_eq!(shop.events_in("waiting").await, 0);
    let mut shown = Vec::new();
    for order in &orders {
        let order = shop.shown(&mara, order).await;
        shown.push(json!([order["product"], order["state"], order["refunded_minor"]]));
    }
    shop.letters().await;
    let rows = "SELECT COUNT(*) AS n FROM payments WHERE disputed = TRUE";
    json!({
        "credits": shop.credits(&mara).await,
        "orders": shown,
        "plan": pretty_backend::billing::subscriptions::plan_of(&shop.app, mara.owner_ref).await.unwrap().shown().state,
        "payments": shop.count("payments").await,
        "disputed": count_of(shop.app.store.reader(), rows, []).await.unwrap(),
    })
}

#[test]
fn st3_sqlite() {
    st3(async || Some(TestDatabase::sqlite().await));
}

#[test]
fn st3_postgres() {
    st3(async || TestDatabase::postgres().await);
}
