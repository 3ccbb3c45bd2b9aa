//! Buying credits: the straight way, repeats, what is refused, who may see it.

use crate::support::{Shop, TestDatabase};
use pretty_backend::billing::alarm::Alarm;
use pretty_sandbox::PayBy;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use std::time::Duration;

on_both! {
    async fn a_pack_is_bought(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let catalogue = shop.api("GET", "/v1/catalogue", None, None).await.json();
        assert_eq!(catalogue["packs"][0], json!({ "code": "pack_small", "name": "100 credits", "credits": 100, "price_minor": 500 }));
        assert_eq!(catalogue["plans"][0]["interval"], "month");
        let order = shop.order(&mara, "pack_small").await;
        assert_eq!(
            (&order.shown["state"], &order.shown["credits"], &order.shown["price_minor"], &order.shown["currency"]),
            (&json!("open"), &json!(100), &json!(500), &json!("usd"))
        );
        assert_eq!((&order.shown["paid_at"], &order.shown["withdraw_until"]), (&Value::Null, &Value::Null));
        shop.stripe().pay(&order.session, PayBy::DeclinedCard).unwrap();
        shop.news().await;
        assert_eq!((shop.state(&mara, &order).await.as_str(), shop.credits(&mara).await), ("open", (0, 0, 0)));
        shop.stripe().pay(&order.session, PayBy::Card).unwrap();
        shop.news().await;
        let shown = shop.shown(&mara, &order).await;
        assert_eq!((&shown["state"], &shown["checkout_url"]), (&json!("fulfilled"), &Value::Null));
        assert_eq!(shown["withdraw_until"].as_i64().unwrap() - shown["paid_at"].as_i64().unwrap(), 14 * 24 * 3600 * 1_000_000);
        assert_eq!(shop.credits(&mara).await, (100, 0, 0));
        let letter = shop.letter("Your receipt").await;
        assert!(letter.to == "p1@example.org" && letter.raw.contains("USD 5.00") && letter.raw.contains(&order.id), "{}", letter.raw);
        assert_eq!(shop.get(&mara, "/v1/orders").await.json(), json!([shown]));
        let url = shop.post(&mara, "/v1/billing/portal", None).await.json()["url"].as_str().unwrap().to_owned();
        assert!(url.starts_with(&shop.sandbox.endpoints().stripe_base_url));
    }
}

on_both! {
    async fn the_same_wish_is_the_same_order(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let asked = futures_of(&shop, &mara, 6).await;
        assert!(asked.iter().all(|order| order["id"] == asked[0]["id"] && order["checkout_url"] == asked[0]["checkout_url"]), "{asked:?}");
        assert_eq!((shop.count("orders").await, shop.stripe().objects("checkout.session").len()), (1, 1));
        assert_eq!((shop.count("billing_customers").await, shop.stripe().objects("customer").len()), (1, 1));
        assert_eq!(shop.ask(&mara, "pack_large", "wish").await.json()["code"], "conflict");
        assert_eq!(shop.ask(&mara, "pack_none", "other").await.json()["code"], "invalid");
        assert_eq!(shop.ask(&mara, "pack_small", "with space").await.json()["code"], "invalid");
        assert_eq!(shop.post(&mara, "/v1/orders", Some(json!({ "product": "pack_small" }))).await.json()["code"], "invalid");
        // The same words of another person are another wish.
        let otto = shop.person(2).await;
        assert_ne!(shop.ask(&otto, "pack_small", "wish").await.json()["id"], asked[0]["id"]);
    }
}

async fn futures_of(shop: &Shop, mara: &pretty_backend::store::entity::user::Model, times: usize) -> Vec<Value> {
    let mut answers = Vec::new();
    for _ in 0..times / 2 {
        let (one, two) = tokio::join!(shop.ask(mara, "pack_small", "wish"), shop.ask(mara, "pack_small", "wish"));
        for answer in [one, two] {
            assert_eq!(answer.status, 201, "{}", answer.text);
            answers.push(answer.json());
        }
    }
    answers
}

on_both! {
    async fn st13_two_orders_at_once_are_two_charges(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let (one, two) = tokio::join!(shop.order(&mara, "pack_small"), shop.order(&mara, "pack_large"));
        for order in [&one, &two] {
            shop.stripe().pay(&order.session, PayBy::Card).unwrap();
        }
        shop.news().await;
        assert_eq!(shop.credits(&mara).await, (600, 0, 0));
        assert_eq!((shop.count("payments").await, shop.stripe().objects("charge").len()), (2, 2));
        assert_eq!(shop.letters().await.len(), 2);
    }
}

on_both! {
    async fn st4_a_slow_payment_comes_or_does_not(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let (comes, fails) = (shop.order(&mara, "pack_small").await, shop.order(&mara, "pack_large").await);
        for order in [&comes, &fails] {
            shop.stripe().pay(&order.session, PayBy::SlowMethod).unwrap();
        }
        shop.news().await;
        for order in [&comes, &fails] {
            let shown = shop.shown(&mara, order).await;
            assert_eq!((&shown["state"], &shown["checkout_url"]), (&json!("open"), &Value::Null), "waits, and cannot be paid again");
        }
        assert_eq!(shop.credits(&mara).await, (0, 0, 0));
        shop.stripe().settle(&comes.session, true).unwrap();
        shop.stripe().settle(&fails.session, false).unwrap();
        shop.news().await;
        assert_eq!((shop.state(&mara, &comes).await.as_str(), shop.state(&mara, &fails).await.as_str()), ("fulfilled", "failed"));
        assert_eq!(shop.credits(&mara).await, (100, 0, 0));
        shop.letter("Your receipt").await;
    }
}

on_both! {
    async fn st12_a_session_ends_while_the_person_pays(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let (late, never) = (shop.order(&mara, "pack_small").await, shop.order(&mara, "pack_large").await);
        shop.app.database.clock.advance(Duration::from_secs(3599));
        shop.stripe().pay(&late.session, PayBy::Card).unwrap();
        shop.app.database.clock.advance(Duration::from_secs(2));
        assert!(shop.stripe().pay(&never.session, PayBy::Card).is_err());
        shop.news().await;
        assert_eq!((shop.state(&mara, &late).await.as_str(), shop.state(&mara, &never).await.as_str()), ("fulfilled", "expired"));
        assert_eq!(shop.credits(&mara).await, (100, 0, 0));
        shop.letter("Your receipt").await;
    }
}

on_both! {
    async fn st7_the_return_page_tells_nobody_anything(database) {
        let shop = Shop::open(database).await;
        let (mara, otto) = (shop.person(1).await, shop.person(2).await);
        let order = shop.order(&mara, "pack_small").await;
        let mut said = Vec::new();
        for session in [order.session.as_str(), "cs_test_of_somebody_else", "", "%00", "%ff"] {
            let page = shop.api("GET", &format!("/billing/done?session_id={session}"), None, None).await;
            assert_eq!(page.status, 200);
            said.push(page.text);
        }
        assert!(said.iter().all(|text| without_csrf(text) == without_csrf(&said[0])) && !said[0].contains(&order.id));
        shop.work().await;
        assert_eq!((shop.credits(&mara).await, shop.credits(&otto).await), ((0, 0, 0), (0, 0, 0)));
        // Another person's order is not there, by any way.
        for path in ["", "/withdrawal"] {
            assert_eq!(shop.get(&otto, &format!("/v1/orders/{}{path}", order.id)).await.status, 404);
        }
        let body = json!({ "confirm_token": "x" });
        assert_eq!(shop.post(&otto, &format!("/v1/orders/{}/withdrawal", order.id), Some(body)).await.status, 404);
        assert_eq!(shop.get(&otto, "/v1/orders").await.json(), json!([]));
        assert_eq!(shop.post(&otto, "/v1/billing/portal", None).await.status, 404);
        // Whoever opens it, the order is looked at, and its credits go to whom it belongs.
        shop.app.database.clock.advance(Duration::from_secs(1));
        shop.stripe().pay(&order.session, PayBy::Card).unwrap();
        shop.api("GET", &format!("/billing/done?session_id={}", order.session), None, None).await;
        shop.work().await;
        assert_eq!((shop.credits(&mara).await, shop.credits(&otto).await), ((100, 0, 0), (0, 0, 0)));
        shop.letter("Your receipt").await;
    }
}

fn without_csrf(text: &str) -> String {
    text.lines().filter(|line| !line.contains("csrf")).collect::<Vec<_>>().join("\n")
}

on_both! {
    async fn st22_nothing_to_pay(database) {
        let shop = Shop::with(database, |settings| settings.stripe.promotion_codes = true).await;
        let mara = shop.person(1).await;
        let order = shop.order(&mara, "pack_small").await;
        shop.stripe().apply_free_code(&order.session).unwrap();
        shop.stripe().pay(&order.session, PayBy::Card).unwrap();
        shop.news().await;
        assert_eq!((shop.state(&mara, &order).await.as_str(), shop.credits(&mara).await), ("fulfilled", (100, 0, 0)));
        assert!(shop.letter("Your receipt").await.raw.contains("USD 0.00"));
        assert_eq!(shop.get(&mara, &format!("/v1/orders/{}/withdrawal", order.id)).await.json()["code"], "conflict");
        // The plan's first month too.
        let plan = shop.order(&mara, "pro_month").await;
        shop.stripe().apply_free_code(&plan.session).unwrap();
        shop.stripe().pay(&plan.session, PayBy::Card).unwrap();
        shop.news().await;
        assert_eq!((shop.state(&mara, &plan).await.as_str(), shop.credits(&mara).await), ("fulfilled", (300, 0, 0)));
        shop.letter("Your plan has begun").await;
    }
}

on_both! {
    async fn st21_the_plan_of_an_account_that_is_gone_ends(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let order = shop.paid(&mara, "pro_month").await;
        shop.delete_everyone().await;
        shop.news().await;
        shop.news().await;
        assert_eq!((shop.alarms.count(Alarm::AccountGone), shop.credits(&mara).await), (1, (0, 0, 0)));
        let subscription = shop.stripe().object(&order.session).unwrap()["subscription"].as_str().unwrap().to_owned();
        assert_eq!(shop.stripe().object(&subscription).unwrap()["status"], "canceled");
        assert_eq!(shop.stripe().object(&shop.charge(&order)).unwrap()["amount_refunded"], 900);
        // The customer is forgotten at Stripe too, as often as it is asked.
        let customer = shop.stripe().object(&order.session).unwrap()["customer"].as_str().unwrap().to_owned();
        for _ in 0..2 {
            pretty_backend::billing::forget_person(&shop.app, mara.owner_ref).await.unwrap();
        }
        assert_eq!(shop.stripe().object(&customer).unwrap()["deleted"], true);
        assert_eq!(shop.count("billing_customers").await, 0);
    }
}

impl Shop {
    /// As a purge leaves the tables of people.
    async fn delete_everyone(&self) {
        let tx = self.app.store.write_transaction().await.unwrap();
        for table in ["tokens", "devices", "users"] {
            tx.execute_unprepared(&format!("DELETE FROM {table}")).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
}

on_both! {
    async fn st21_the_account_is_gone_when_the_money_comes(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let order = shop.paid(&mara, "pack_small").await;
        shop.delete_everyone().await;
        shop.news().await;
        shop.news().await;
        assert_eq!(shop.alarms.count(Alarm::AccountGone), 1);
        assert_eq!(shop.credits(&mara).await, (0, 0, 0), "nobody gets the credits");
        let charge = shop.stripe().object(&shop.charge(&order)).unwrap();
        assert_eq!(charge["amount_refunded"], 500, "and the money goes back");
        let kept = "SELECT COUNT(*) AS n FROM orders WHERE user_id IS NULL AND state = 'refunded'";
        assert_eq!(pretty_backend::store::count_of(shop.store.reader(), kept, []).await.unwrap(), 1);
    }
}

on_both! {
    async fn the_app_hears_of_every_change(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let heard = async |kind: &str| {
            let select = format!("SELECT COUNT(*) AS n FROM changes WHERE kind = '{kind}'");
            pretty_backend::store::count_of(shop.store.reader(), &select, []).await.unwrap()
        };
        shop.bought(&mara, "pack_small").await;
        assert_eq!((heard("order").await, heard("credits").await, heard("account").await), (2, 1, 0), "opened, fulfilled");
        shop.bought(&mara, "pro_month").await;
        assert!(heard("order").await >= 4 && heard("credits").await == 2 && heard("account").await >= 1);
        shop.letters().await;
    }
}

on_both! {
    async fn nobody_opens_orders_without_end(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        for _ in 0..20 {
            shop.order(&mara, "pack_small").await;
        }
        assert_eq!(shop.ask(&mara, "pack_small", "one-more").await.json()["code"], "conflict");
        shop.app.database.clock.advance(Duration::from_secs(3601));
        assert_eq!(shop.ask(&mara, "pack_small", "one-more").await.status, 201);
    }
}

on_both! {
    async fn an_expired_token_buys_nothing(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let order = shop.order(&mara, "pack_small").await;
        let token = shop.token(&mara).await;
        shop.app.database.clock.advance(Duration::from_secs(901));
        let one = format!("/v1/orders/{}", order.id);
        let withdrawal = format!("{one}/withdrawal");
        for (method, path) in [
            ("GET", "/v1/orders"), ("POST", "/v1/orders"), ("GET", &one), ("GET", &withdrawal), ("POST", &withdrawal), ("POST", "/v1/billing/portal"),
        ] {
            let answer = shop.api(method, path, Some(&token), Some(json!({ "product": "pack_small", "confirm_token": "x" }))).await;
            assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (401, Some("token_expired")), "{method} {path}");
        }
    }
}

/// Where nothing is sold, everything says so and nothing breaks.
#[tokio::test]
async fn nothing_is_sold_without_a_key() {
    let app = crate::support::TestApp::new(TestDatabase::sqlite().await);
    let catalogue = app.api("GET", "/v1/catalogue", None, None).await;
    assert_eq!((catalogue.status.as_u16(), catalogue.json()["packs"].as_array().unwrap().len()), (200, 0));
    assert_eq!(app.api("POST", "/v1/webhooks/stripe", None, Some(json!({}))).await.status, 404);
    pretty_backend::billing::background::work_due(&app).await;
}
