//! What comes in at the webhook: ST1, ST2, ST3, ST18, ST19, ST20.

mod any_order;

use crate::support::{Answer, Shop, TestApp, TestDatabase, crash_after, settings};
use axum::body::Body;
use axum::http::{Request, header};
use pretty_backend::billing::alarm::Alarm;
use pretty_backend::billing::{background, inbox};
use pretty_backend::settings::Secret;
use pretty_backend::store::count_of;
use pretty_sandbox::{DeliveryFault, DeliveryRule, Fault, FaultRule, PayBy, ReleaseOrder, Service, stripe_signature};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use std::sync::Arc;
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
        // All at once, while two workers look for work.
        let (shop, completed) = (Arc::new(shop), Arc::new(completed));
        let start = Arc::new(tokio::sync::Barrier::new(52));
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..52 {
            let (shop, completed, start) = (Arc::clone(&shop), Arc::clone(&completed), Arc::clone(&start));
            tasks.spawn(async move {
                start.wait().await;
                if number >= 50 {
                    shop.work().await;
                    return None;
                }
                Some(shop.told(&completed).await.status.as_u16())
            });
        }
        let mut answered = 0;
        while let Some(status) = tasks.join_next().await {
            if let Some(status) = status.unwrap() {
                assert_eq!(status, 200);
                answered += 1;
            }
        }
        assert_eq!(answered, 50);
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
        // Names that are none, which no database would keep.
        for (number, odd) in ["\0", "\u{1}", "\u{7f}"].into_iter().enumerate() {
            assert_eq!(shop.told(&event(&format!("evt_{odd}"), "some.future.event", json!({ "id": "x" }))).await.status, 400);
            assert_eq!(shop.told(&event("evt_x", &format!("some{odd}event"), json!({ "id": "x" }))).await.status, 400);
            let object = json!({ "id": format!("cs_{odd}"), "charge": format!("ch_{odd}") });
            assert_eq!(shop.told(&event(&format!("evt_named_{number}"), "checkout.session.completed", object)).await.status, 200);
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
    async fn st19_a_test_event_at_the_live_endpoint_is_left_alone(database) {
        // Nothing here asks Stripe for anything: an event that is left alone is not looked into.
        let mut settings = settings();
        settings.stripe.secret_key = Secret::new("sk_live_1");
        settings.stripe.webhook_secret = Secret::new("whsec_live_1");
        let app = TestApp::with(database, settings);
        let body = event("evt_test", "checkout.session.completed", json!({ "id": "cs_test_1" })).to_string();
        let signature = stripe_signature("whsec_live_1", app.world.now().seconds(), body.as_bytes());
        for _ in 0..2 {
            let request = Request::post("/v1/webhooks/stripe")
                .header(header::CONTENT_TYPE, "application/json")
                .header("stripe-signature", &signature)
                .body(Body::from(body.clone()))
                .unwrap();
            assert_eq!(app.send(request).await.status, 200);
        }
        assert_eq!(inbox::work_off_due(&app).await.unwrap(), 0, "nothing is to be done");
        let ignored = "SELECT COUNT(*) AS n FROM stripe_events WHERE state = 'ignored' AND id = 'evt_test'";
        assert_eq!(count_of(app.store.reader(), ignored, []).await.unwrap(), 1);
        assert!(app.alarms.count(Alarm::WrongMode) >= 1);
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
