//! What comes in at the webhook: ST1, ST2, ST3, ST18, ST19, ST20.

use crate::support::{Answer, Shop, TestDatabase, crash_after};
use axum::body::Body;
use axum::http::{Request, header};
use pretty_backend::billing::alarm::Alarm;
use pretty_backend::billing::{background, inbox};
use pretty_backend::settings::Secret;
use pretty_backend::store::count_of;
use pretty_sandbox::{DeliveryFault, DeliveryRule, Fault, FaultRule, PayBy, ReleaseOrder, Service, stripe_signature};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use std::time::Duration;

impl Shop {
    async fn webhook(&self, kind: &str, signature: &str, body: impl Into<Body>) -> Answer {
        let request = Request::post("/v1/webhooks/stripe")
            .header(header::CONTENT_TYPE, kind)
            .header("stripe-signature", signature)
            .body(body.into())
            .unwrap();
        self.app.send(request).await
    }

    /// An event that Stripe signed now.
    async fn told(&self, event: &Value) -> Answer {
        let body = event.to_string();
        let secret = self.app.settings.stripe.webhook_secret.reveal();
        let signature = stripe_signature(secret, self.app.world.now().seconds(), body.as_bytes());
        self.webhook("application/json; charset=utf-8", &signature, body).await
    }

    async fn events_in(&self, state: &str) -> i64 {
        let select = format!("SELECT COUNT(*) AS n FROM stripe_events WHERE state = '{state}'");
        count_of(self.app.store.reader(), &select, []).await.unwrap()
    }
}

fn event(id: &str, kind: &str, object: Value) -> Value {
    json!({ "id": id, "object": "event", "type": kind, "created": 1_798_761_600, "livemode": false, "data": { "object": object } })
}

on_both! {
    async fn st1_only_what_stripe_signed_comes_in(database) {
        let shop = Shop::with(database, |settings| settings.stripe.webhook_secret_before = Secret::new("whsec_sandbox_before")).await;
        let now = shop.world.now().seconds();
        let body = event("evt_1", "some.future.event", json!({ "id": "x_1" })).to_string();
        let secret = shop.settings.stripe.webhook_secret.reveal().to_owned();
        let good = stripe_signature(&secret, now, body.as_bytes());
        let zeros = "0".repeat(64);
        for (signature, sent) in [
            (String::new(), body.clone()),
            ("nonsense".to_owned(), body.clone()),
            (format!("t={now}"), body.clone()),
            (stripe_signature("whsec_another", now, body.as_bytes()), body.clone()),
            (stripe_signature("", now, body.as_bytes()), body.clone()),
            (stripe_signature(&secret, now - 301, body.as_bytes()), body.clone()),
            (stripe_signature(&secret, now + 301, body.as_bytes()), body.clone()),
            (good.replace("v1=", "v0="), body.clone()),
            (good.clone(), body.replace("x_1", "x_2")),
            (good.clone(), format!("{body}\n")),
        ] {
            let answer = shop.webhook("application/json", &signature, sent).await;
            assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (400, Some("bad_request")), "{signature}");
        }
        assert_eq!(shop.alarms.count(Alarm::WebhookRefused), 10);
        assert_eq!(shop.webhook("text/plain", &good, body.clone()).await.status, 415);
        assert_eq!(shop.webhook("application/json", &good, vec![b' '; (1 << 20) + 1]).await.status, 413);
        assert_eq!(shop.count("stripe_events").await, 0);
        // Any signature may match, and while the secret is exchanged the one before is good too.
        let rotated = stripe_signature("whsec_sandbox_before", now, body.as_bytes());
        for signature in [good.replace("v1=", &format!("v1={zeros},v1=")), rotated] {
            assert_eq!(shop.webhook("application/json", &signature, body.clone()).await.status, 200);
        }
        assert_eq!(shop.count("stripe_events").await, 1);
        // Larger than other bodies may be.
        let padding = "x".repeat(200_000);
        assert_eq!(shop.told(&event("evt_2", "some.future.event", json!({ "id": "x_1", "padding": padding }))).await.status, 200);
    }
}

on_both! {
    async fn st2_the_same_event_fifty_times_is_one_posting(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        shop.paid(&mara, "pack_small").await;
        let completed = shop.stripe().objects("event").into_iter().find(|event| event["type"] == "checkout.session.completed").unwrap();
        let mut same = Vec::new();
        for _ in 0..25 {
            let (one, two, _) = tokio::join!(shop.told(&completed), shop.told(&completed), shop.work());
            same.extend([one.status, two.status]);
        }
        assert!(same.iter().all(|status| *status == 200));
        shop.news().await;
        assert_eq!((shop.credits(&mara).await, shop.count("payments").await, shop.count("ledger_txns").await), ((100, 0, 0), 1, 1));
        shop.letter("Your receipt").await;
    }
}

on_both! {
    async fn two_workers_at_once_do_everything_once(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        for _ in 0..4 {
            shop.paid(&mara, "pack_small").await;
        }
        tokio::join!(shop.news(), background::work_due(&shop.app), background::work_due(&shop.app));
        shop.news().await;
        assert_eq!((shop.credits(&mara).await, shop.count("payments").await), ((400, 0, 0), 4));
        assert_eq!(shop.letters().await.len(), 4);
        assert_eq!(shop.events_in("waiting").await, 0);
    }
}

on_both! {
    async fn st18_what_is_not_known_is_kept_and_breaks_nothing(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let order = shop.bought(&mara, "pack_small").await;
        shop.letter("Your receipt").await;
        for (number, (kind, object)) in [
            ("some.future.event", json!({ "id": "x_1" })),
            ("checkout.session.completed", json!({ "id": "cs_test_nobody" })),
            ("checkout.session.something_new", json!({ "id": order.session })),
            ("customer.subscription.updated", json!({})),
            ("invoice.paid", json!({ "id": "in_nobody" })),
            ("invoice.paid", json!({ "id": 5 })),
            ("payment_intent.succeeded", json!(null)),
        ].into_iter().enumerate() {
            assert_eq!(shop.told(&event(&format!("evt_odd_{number}"), kind, object)).await.status, 200, "{kind}");
        }
        // Values that are newer than this program: nothing is taken, nothing is given, nothing stops.
        let charge = shop.charge(&order);
        let dispute = shop.stripe().open_dispute(&charge, "something_new").unwrap();
        shop.stripe().change(&order.session, &json!({ "status": "something_new" }), Some("checkout.session.completed")).unwrap();
        shop.news().await;
        assert_eq!(shop.credits(&mara).await, (100, 0, 0));
        assert_eq!((shop.events_in("waiting").await, shop.events_in("parked").await), (0, 0));
        shop.stripe().move_dispute(dispute["id"].as_str().unwrap(), "lost").unwrap();
        shop.news().await;
        assert_eq!(shop.credits(&mara).await, (0, 0, 0));
    }
}

on_both! {
    async fn st19_an_event_of_the_other_mode_is_left_alone(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let order = shop.order(&mara, "pack_small").await;
        let mut live = event("evt_live", "checkout.session.completed", json!({ "id": order.session }));
        live["livemode"] = json!(true);
        assert_eq!(shop.told(&live).await.status, 200);
        shop.news().await;
        assert_eq!((shop.events_in("ignored").await, shop.alarms.count(Alarm::WrongMode)), (1, 1));
        assert_eq!(shop.state(&mara, &order).await, "open");
    }
}

on_both! {
    async fn st20_a_database_that_is_away_makes_stripe_send_again(database) {
        let shop = Shop::open(database).await;
        // The table is gone for a moment: as good as a database that does not answer.
        let tx = shop.store.write_transaction().await.unwrap();
        tx.execute_unprepared("ALTER TABLE stripe_events RENAME TO stripe_events_away").await.unwrap();
        tx.commit().await.unwrap();
        let sent = event("evt_1", "some.future.event", json!({ "id": "x_1" }));
        let answer = shop.told(&sent).await;
        assert_eq!((answer.status.as_u16(), answer.json()["retryable"].as_bool()), (503, Some(true)));
        let tx = shop.store.write_transaction().await.unwrap();
        tx.execute_unprepared("ALTER TABLE stripe_events_away RENAME TO stripe_events").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(shop.told(&sent).await.status, 200);
        assert_eq!(shop.count("stripe_events").await, 1);
    }
}

on_both! {
    async fn st20_an_event_that_cannot_be_worked_off_is_parked(database) {
        let shop = Shop::open(database).await;
        shop.sandbox.control().fault(FaultRule::next(Service::Stripe, "/v1/checkout/sessions/cs_poison", Fault::Status {
            status: 200, headers: Default::default(), body: json!("not a session"),
        }).times(1000));
        shop.told(&event("evt_poison", "checkout.session.completed", json!({ "id": "cs_poison" }))).await;
        let mut rounds = 0;
        while shop.events_in("parked").await == 0 {
            inbox::work_off_due(&shop.app).await.unwrap();
            shop.app.database.clock.advance(Duration::from_secs(2 * 3600));
            rounds += 1;
            assert!(rounds < 50, "never parked");
        }
        assert_eq!((rounds, shop.alarms.count(Alarm::EventParked)), (12, 1));
        // It holds nobody up.
        shop.told(&event("evt_next", "some.future.event", json!({ "id": "x" }))).await;
        inbox::work_off_due(&shop.app).await.unwrap();
        assert_eq!(shop.events_in("done").await, 1);
    }
}

/// ST3: everything that can happen to two purchases and a plan, told in any order, with repeats and gaps: the end is the same.
fn st3(database: impl AsyncFn() -> Option<TestDatabase>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if runtime.block_on(database()).is_none() {
        return;
    }
    let config = Config { cases: 6, failure_persistence: None, ..Config::default() };
    let expected = runtime.block_on(async { end_of(database().await.unwrap(), &[]).await });
    let mut runner = TestRunner::new(config);
    runner
        .run(&prop::collection::vec(any::<u16>(), 80), |order| {
            let end = runtime.block_on(async { end_of(database().await.unwrap(), &order).await });
            assert_eq!(end, expected);
            Ok(())
        })
        .unwrap();
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
    refund(&large, 500).await;
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

on_both! {
    async fn st3_all_news_at_once_backwards(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        shop.sandbox.control().delivery_fault(DeliveryRule { service: Service::Stripe, topic: None, times: 1000, fault: DeliveryFault::Hold });
        let order = shop.paid(&mara, "pack_small").await;
        let plan = shop.paid(&mara, "pro_month").await;
        shop.sandbox.control().clear_faults();
        shop.sandbox.control().release(Service::Stripe, ReleaseOrder::Reversed);
        shop.news().await;
        assert_eq!((shop.state(&mara, &order).await.as_str(), shop.state(&mara, &plan).await.as_str()), ("fulfilled", "fulfilled"));
        assert_eq!(shop.credits(&mara).await, (300, 0, 0));
        assert_eq!(shop.letters().await.len(), 2);
    }
}

on_both! {
    async fn st18_every_body_of_the_collection_comes_in(database) {
        let shop = Shop::open(database).await;
        let file: Value = serde_json::from_str(include_str!("../../vectors/stripe-events.json")).unwrap();
        let events = file["events"].as_array().unwrap();
        for event in events {
            assert_eq!(shop.told(event).await.status, 200, "{}", event["type"]);
        }
        inbox::work_off_due(&shop.app).await.unwrap();
        // All are of a purchase that is not ours: kept, and nothing comes of them.
        assert_eq!((events.len(), shop.count("stripe_events").await), (24, 24));
        assert_eq!((shop.count("orders").await, shop.count("payments").await, shop.count("ledger_txns").await), (0, 0, 0));
    }
}

on_both! {
    async fn a_crash_at_any_step_loses_and_doubles_nothing(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let mut bought = 0;
        for steps in (0..120).step_by(7) {
            let product = if bought == 0 { "pro_month" } else { "pack_small" };
            shop.paid(&mara, product).await;
            bought += 1;
            shop.arrived().await;
            crash_after(steps, Box::pin(background::work_due(&shop.app))).await;
            // Another worker takes over when the lease is over.
            shop.app.database.clock.advance(Duration::from_secs(121));
            for _ in 0..100 {
                shop.work().await;
                if shop.events_in("waiting").await == 0 {
                    break;
                }
                // PostgreSQL rolls a dropped transaction back a moment later; until then its rows are skipped.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert_eq!(shop.credits(&mara).await, (100 + 100 * bought, 0, 0), "after {steps} steps");
            assert_eq!(shop.count("payments").await, bought);
        }
        assert_eq!(i64::try_from(shop.letters().await.len()).unwrap(), bought);
    }
}

on_both! {
    async fn a_parked_event_gets_another_chance(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let order = shop.paid(&mara, "pack_small").await;
        let rule = FaultRule::next(Service::Stripe, &order.session, Fault::Status { status: 400, headers: Default::default(), body: json!({}) });
        shop.sandbox.control().fault(rule.times(1000));
        shop.arrived().await;
        while shop.events_in("parked").await == 0 {
            inbox::work_off_due(&shop.app).await.unwrap();
            shop.app.database.clock.advance(Duration::from_secs(2 * 3600));
        }
        let parked = inbox::parked(&shop.app).await.unwrap();
        assert_eq!((parked.len(), parked[0].1.as_str()), (1, "checkout.session.completed"));
        shop.sandbox.control().clear_faults();
        assert!(inbox::unpark(&shop.app, &parked[0].0).await.unwrap());
        assert!(!inbox::unpark(&shop.app, &parked[0].0).await.unwrap());
        inbox::work_off_due(&shop.app).await.unwrap();
        assert_eq!(shop.credits(&mara).await, (100, 0, 0));
        shop.letters().await;
    }
}
