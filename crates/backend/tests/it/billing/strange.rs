//! Payments that are not what was ordered. ST8.

use crate::support::Shop;
use pretty_backend::billing::alarm::Alarm;
use pretty_sandbox::{Fault, FaultRule, PayBy, Service};
use serde_json::json;

on_both! {
    async fn st8_what_differs_in_any_respect_is_set_aside(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let line = |patch: serde_json::Value| json!({ "data": [patch] });
        let good = json!({ "amount_total": 500, "currency": "usd", "quantity": 1, "price": { "id": "price_sandbox_pack_small", "currency": "usd" } });
        let changed = |field: &str, value: serde_json::Value| {
            let mut line_of = good.clone();
            line_of[field] = value;
            line(line_of)
        };
        let mut quarantined = 0;
        for (path, patch) in [
            ("", json!({ "amount_total": 499 })),
            ("", json!({ "amount_total": 501 })),
            ("", json!({ "amount_total": null })),
            ("", json!({ "currency": "eur" })),
            ("", json!({ "customer": "cus_another" })),
            ("", json!({ "customer": null })),
            ("", json!({ "livemode": true })),
            ("", json!({ "mode": "subscription" })),
            ("", json!({ "payment_status": "no_payment_required" })),
            ("/line_items", changed("quantity", json!(2))),
            ("/line_items", changed("price", json!({ "id": "price_another", "currency": "usd" }))),
            ("/line_items", changed("currency", json!("eur"))),
            ("/line_items", json!({ "data": [] })),
            ("/line_items", json!({ "data": [good, good] })),
        ] {
            let order = shop.paid(&mara, "pack_small").await;
            let rule = FaultRule::next(Service::Stripe, &format!("/v1/checkout/sessions/{}{path}", order.session), Fault::MergeAnswer { patch: patch.clone() });
            shop.sandbox.control().fault(rule.on("GET"));
            shop.news().await;
            assert_eq!(shop.state(&mara, &order).await, "quarantined", "{path} {patch}");
            quarantined += 1;
            assert_eq!((shop.alarms.count(Alarm::OrderQuarantined), shop.credits(&mara).await), (quarantined, (0, 0, 0)), "{path} {patch}");
            // It stays there, whatever is heard of it later.
            shop.stripe().tell("checkout.session.completed", &json!({ "id": order.session, "object": "checkout.session" }));
            shop.news().await;
            assert_eq!(shop.state(&mara, &order).await, "quarantined");
            shop.sandbox.control().clear_faults();
        }
    }
}

on_both! {
    async fn st8_the_plan_too(database) {
        let shop = Shop::open(database).await;
        for (number, (object, patch)) in [
            ("/v1/invoices/in_", json!({ "amount_paid": 1 })),
            ("/v1/invoices/in_", json!({ "currency": "eur" })),
            ("/v1/subscriptions/", json!({ "items": { "data": [{ "current_period_start": 1, "current_period_end": 2, "price": { "id": "price_another", "currency": "usd" } }], "has_more": false } })),
        ].into_iter().enumerate() {
            let person = shop.person(1 + u128::try_from(number).unwrap()).await;
            let order = shop.order(&person, "pro_month").await;
            shop.sandbox.control().fault(FaultRule::next(Service::Stripe, object, Fault::MergeAnswer { patch: patch.clone() }).on("GET").times(50));
            shop.stripe().pay(&order.session, PayBy::Card).unwrap();
            shop.news().await;
            assert_eq!((shop.state(&person, &order).await.as_str(), shop.credits(&person).await), ("quarantined", (0, 0, 0)), "{patch}");
            shop.sandbox.control().clear_faults();
        }
        assert!(shop.alarms.count(Alarm::OrderQuarantined) >= 3);
    }
}

on_both! {
    async fn an_order_in_quarantine_can_be_refunded_at_stripe(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let order = shop.paid(&mara, "pack_small").await;
        let rule = FaultRule::next(Service::Stripe, &order.session, Fault::MergeAnswer { patch: json!({ "currency": "eur" }) });
        shop.sandbox.control().fault(rule.on("GET"));
        shop.news().await;
        assert_eq!(shop.state(&mara, &order).await, "quarantined");
        let url = shop.sandbox.endpoints().stripe_base_url.clone() + "/v1/refunds";
        let request = reqwest::Client::new().post(url).bearer_auth(&shop.sandbox.endpoints().stripe_secret_key);
        request.form(&[("charge", shop.charge(&order))]).send().await.unwrap().error_for_status().unwrap();
        shop.news().await;
        assert_eq!((shop.state(&mara, &order).await.as_str(), shop.credits(&mara).await), ("refunded", (0, 0, 0)));
    }
}
