//! Calls and news that get lost: ST5, ST6, ST9, ST10, ST11, and the daily comparison.

use crate::support::Shop;
use pretty_backend::billing::alarm::Alarm;
use pretty_backend::store::count_of;
use pretty_sandbox::{DeliveryFault, DeliveryRule, Fault, FaultRule, PayBy, Service};
use sea_orm::ConnectionTrait as _;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

const SESSIONS: &str = "/v1/checkout/sessions";

impl Shop {
    /// No webhook comes any more.
    fn lose_webhooks(&self) {
        let rule = DeliveryRule { service: Service::Stripe, topic: None, times: 1_000_000, fault: DeliveryFault::Lose };
        self.sandbox.control().delivery_fault(rule);
    }

    fn fault(&self, fault: Fault, times: u32) {
        self.sandbox.control().fault(FaultRule::next(Service::Stripe, SESSIONS, fault).on("POST").times(times));
    }
}

fn status(status: u16, headers: &[(&str, &str)]) -> Fault {
    let headers: BTreeMap<String, String> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Fault::Status { status, headers, body: json!({ "error": { "type": "api_error", "message": "scripted" } }) }
}

on_both! {
    async fn st5_news_comes_before_the_answer(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        // The session is made, and all its answers are lost.
        shop.fault(Fault::LoseAnswer, 3);
        let asked = shop.ask(&mara, "pack_small", "wish").await;
        assert_eq!((asked.status.as_u16(), asked.json()["retryable"].as_bool()), (503, Some(true)));
        let session = shop.stripe().objects("checkout.session")[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(shop.get(&mara, "/v1/orders").await.json()[0]["state"], "created");
        shop.stripe().pay(&session, PayBy::Card).unwrap();
        shop.news().await;
        assert_eq!((&shop.get(&mara, "/v1/orders").await.json()[0]["state"], shop.credits(&mara).await), (&json!("fulfilled"), (100, 0, 0)));
        // Whoever asks again gets that order, and no other session.
        let again = shop.ask(&mara, "pack_small", "wish").await;
        assert_eq!((again.status.as_u16(), &again.json()["state"], shop.stripe().objects("checkout.session").len()), (201, &json!("fulfilled"), 1));
        shop.letter("Your receipt").await;
    }
}

on_both! {
    async fn st6_without_any_webhook_the_credits_come(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        shop.lose_webhooks();
        // By asking: the app asks every few seconds.
        let asked = shop.paid(&mara, "pack_small").await;
        assert_eq!(shop.state(&mara, &asked).await, "open");
        shop.app.database.clock.advance(Duration::from_secs(10));
        shop.state(&mara, &asked).await;
        shop.work().await;
        assert_eq!(shop.state(&mara, &asked).await, "fulfilled");
        // Without anybody asking, after a quarter of an hour.
        shop.paid(&mara, "pack_small").await;
        let plan = shop.paid(&mara, "pro_month").await;
        shop.app.database.clock.advance(Duration::from_secs(15 * 60));
        shop.work().await;
        assert_eq!(shop.credits(&mara).await, (400, 0, 0));
        // Refunds and renewals as well, from Stripe's list of events.
        let charge = shop.charge(&asked);
        shop.stripe().open_dispute(&charge, "lost").unwrap();
        shop.app.database.clock.advance(Duration::from_secs(15 * 60));
        shop.work().await;
        assert_eq!(shop.credits(&mara).await, (300, 0, 0));
        shop.app.database.clock.advance(Duration::from_secs(32 * 24 * 3600));
        shop.stripe().tick();
        shop.work().await;
        assert_eq!(shop.get(&mara, "/v1/account").await.json()["plan"]["state"], "active");
        assert_eq!(shop.count("payments").await, 4);
        assert_eq!(shop.state(&mara, &plan).await, "fulfilled");
        shop.letters().await;
    }
}

on_both! {
    async fn st6_many_events_at_once_are_all_found(database) {
        let shop = Shop::open(database).await;
        shop.lose_webhooks();
        for number in 0..230 {
            shop.stripe().tell("some.future.event", &json!({ "id": format!("x_{number}"), "object": "x" }));
        }
        shop.app.database.clock.advance(Duration::from_secs(15 * 60));
        shop.work().await;
        assert_eq!(shop.count("stripe_events").await, i64::try_from(shop.stripe().objects("event").len()).unwrap());
        assert!(shop.count("stripe_events").await >= 230);
    }
}

on_both! {
    async fn st9_the_same_key_and_words_find_the_same_session(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        shop.fault(Fault::LoseAnswer, 3);
        assert_eq!(shop.ask(&mara, "pack_small", "wish").await.status, 503);
        // Minutes later it is the same request to the letter, or Stripe would refuse it.
        shop.app.database.clock.advance(Duration::from_secs(600));
        let again = shop.ask(&mara, "pack_small", "wish").await;
        assert_eq!((again.status.as_u16(), shop.stripe().objects("checkout.session").len()), (201, 1), "{}", again.text);
        let made = shop.stripe().objects("checkout.session")[0].clone();
        assert_eq!(again.json()["checkout_url"], made["url"]);
        // A customer whose answer was lost, and whose address changed meanwhile, is asked for anew.
        let mut otto = shop.person(2).await;
        shop.sandbox.control().fault(FaultRule::next(Service::Stripe, "/v1/customers", Fault::LoseAnswer).on("POST").times(3));
        assert_eq!(shop.ask(&otto, "pack_small", "wish").await.status, 503);
        otto.email = "new@example.org".to_owned();
        let tx = shop.store.write_transaction().await.unwrap();
        tx.execute_unprepared("UPDATE users SET email = 'new@example.org', email_key = 'new@example.org' WHERE email = 'p2@example.org'").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(shop.ask(&otto, "pack_small", "wish").await.status, 503, "the key goes with the old address");
        assert_eq!(shop.ask(&otto, "pack_small", "wish").await.status, 201);
    }
}

on_both! {
    async fn a_customer_whose_answer_was_lost_is_known_by_the_news(database) {
        use pretty_backend::privacy::{self, deletion};
        use pretty_contract::service::privacy::SubscriptionEnd;
        let shop = Shop::open(database).await;
        let lose = || FaultRule::next(Service::Stripe, "/v1/customers", Fault::LoseAnswer).on("POST").times(3);
        let known = "SELECT COUNT(*) AS n FROM billing_customers WHERE stripe_id IS NOT NULL";
        let known = async || count_of(shop.store.reader(), known, []).await.unwrap();
        let customer = |number: usize| shop.stripe().objects("customer").into_iter().rev().nth(number).unwrap();
        // Whoever lives has it, and it goes with them.
        let mara = shop.person(1).await;
        shop.sandbox.control().fault(lose());
        assert_eq!(shop.ask(&mara, "pack_small", "wish").await.status, 503);
        assert_eq!(known().await, 0);
        shop.news().await;
        assert_eq!(known().await, 1);
        deletion::ask(&shop.app, &mara, SubscriptionEnd::Now).await.unwrap();
        shop.app.database.clock.advance(Duration::from_secs(7 * 24 * 3600));
        privacy::work(&shop.app).await;
        assert_eq!((&customer(0)["deleted"], shop.count("users").await), (&json!(true), 0));
        // Whose account was gone before the news came.
        let otto = shop.person(2).await;
        shop.sandbox.control().fault(lose());
        assert_eq!(shop.ask(&otto, "pack_small", "wish").await.status, 503);
        deletion::ask(&shop.app, &otto, SubscriptionEnd::Now).await.unwrap();
        shop.app.database.clock.advance(Duration::from_secs(7 * 24 * 3600));
        privacy::work(&shop.app).await;
        assert_eq!((&customer(1)["email"], shop.count("users").await), (&json!("p2@example.org"), 0));
        shop.news().await;
        shop.news().await;
        assert_eq!(customer(1)["deleted"], true);
        // Somebody else's, who uses the same account at Stripe, is left alone.
        let form = [("email", "bea@example.org"), ("metadata[user_ref]", "00000000-0000-0000-0000-000000000007")];
        let endpoints = shop.sandbox.endpoints();
        let request = reqwest::Client::new().post(endpoints.stripe_base_url.clone() + "/v1/customers");
        request.bearer_auth(&endpoints.stripe_secret_key).form(&form).send().await.unwrap();
        shop.news().await;
        assert_eq!(customer(2)["email"], "bea@example.org");
        shop.letters().await;
    }
}

on_both! {
    async fn st9_an_order_without_a_page_is_given_up_in_time(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        shop.fault(Fault::Drop, 3);
        assert_eq!(shop.ask(&mara, "pack_small", "wish").await.status, 503);
        shop.app.database.clock.advance(Duration::from_secs(30 * 60));
        shop.work().await;
        assert_eq!(shop.ask(&mara, "pack_small", "wish").await.json()["state"], "failed");
        assert_eq!(shop.order(&mara, "pack_small").await.shown["state"], "open", "another wish works");
    }
}

on_both! {
    async fn st10_a_failure_that_stripe_keeps_is_left_behind(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        shop.fault(Fault::StoredFailure, 1);
        assert_eq!(shop.ask(&mara, "pack_small", "wish").await.status, 503);
        let again = shop.ask(&mara, "pack_small", "wish").await;
        assert_eq!(again.status, 201, "{}", again.text);
        assert_eq!(again.json()["state"], "open");
    }
}

on_both! {
    async fn st11_conflicts_and_too_many_requests(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        for (number, (fault, expected)) in [
            (status(409, &[]), 201),
            (status(429, &[]), 201),
            (status(429, &[("stripe-should-retry", "true")]), 201),
            (status(409, &[("stripe-should-retry", "false")]), 503),
            (status(429, &[("stripe-should-retry", "false")]), 503),
        ].into_iter().enumerate() {
            shop.fault(fault, 1);
            let key = format!("wish-{number}");
            assert_eq!(shop.ask(&mara, "pack_small", &key).await.status, expected, "{number}");
            assert_eq!(shop.ask(&mara, "pack_small", &key).await.json()["state"], "open", "{number}: and again it works");
        }
    }
}

on_both! {
    async fn a_refusal_calls_an_operator(database) {
        let shop = Shop::with(database, |settings| settings.catalogue.packs[0].stripe_price = "price_that_is_not".to_owned()).await;
        let mara = shop.person(1).await;
        let refused = shop.ask(&mara, "pack_small", "wish").await;
        assert_eq!(refused.status, 503);
        assert!(!refused.text.contains("price_that_is_not"), "what is wrong is in the log, not in the answer");
        assert_eq!(shop.alarms.count(Alarm::CheckoutRefused), 1);
        // A customer who was deleted at Stripe is made again.
        let order = shop.order(&mara, "pack_large").await;
        let customer = shop.stripe().object(&order.session).unwrap()["customer"].as_str().unwrap().to_owned();
        shop.stripe().change(&customer, &json!({ "deleted": true }), None).unwrap();
        assert_eq!(shop.ask(&mara, "pack_large", "other").await.status, 503);
        assert_eq!(shop.ask(&mara, "pack_large", "other").await.status, 201);
    }
}

on_both! {
    async fn every_charge_is_compared_once_a_day(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let order = shop.bought(&mara, "pack_small").await;
        shop.bought(&mara, "pro_month").await;
        shop.letters().await;
        let day = Duration::from_secs(24 * 3600);
        shop.app.database.clock.advance(day);
        shop.work().await;
        assert_eq!(shop.alarms.count(Alarm::SumsDiffer), 0);
        // A charge that is nobody's, and a payment without a charge.
        shop.lose_webhooks();
        shop.stripe().change(&shop.charge(&order), &json!({ "payment_intent": null }), None).unwrap();
        shop.app.database.clock.advance(day);
        shop.work().await;
        assert_eq!(shop.alarms.count(Alarm::SumsDiffer), 2);
    }
}
