//! Money that goes back: refunds, disputes, withdrawals. ST16, ST17.

use crate::support::{Browser, Order, Shop};
use pretty_backend::billing::alarm::Alarm;
use pretty_backend::billing::refunds;
use pretty_backend::ledger::Ledger;
use pretty_backend::store::entity::user;
use pretty_sandbox::{DeliveryFault, DeliveryRule, Fault, FaultRule, Service};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

impl Shop {
    /// An operator refunds in Stripe's dashboard. The answer is the refund's id.
    async fn refund(&self, order: &Order, amount: i64) -> String {
        let url = self.sandbox.endpoints().stripe_base_url.clone() + "/v1/refunds";
        let form = [("charge", self.charge(order)), ("amount", amount.to_string())];
        let request = reqwest::Client::new().post(url).bearer_auth(&self.sandbox.endpoints().stripe_secret_key);
        let answer: Value = request.form(&form).send().await.unwrap().json().await.unwrap();
        answer["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    async fn spend(&self, person: &user::Model, credits: i64) {
        let tx = self.store.write_transaction().await.unwrap();
        let (ledger, job) = (Ledger::new(&tx, &self.world), self.world.new_id().unwrap());
        ledger.hold(person.owner_ref, job, credits, self.world.now().plus(Duration::from_secs(60))).await.unwrap();
        ledger.capture(job).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn subjects_of(&self) -> Vec<String> {
        self.app.letters().await.into_iter().map(|letter| letter.subject).collect()
    }

    fn went_back(&self, order: &Order) -> i64 {
        self.stripe().object(&self.charge(order)).unwrap()["amount_refunded"].as_i64().unwrap()
    }
}

on_both! {
    async fn st16_refunds_in_parts_and_one_that_fails(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let order = shop.bought(&mara, "pack_small").await;
        shop.refund(&order, 100).await;
        shop.news().await;
        let shown = shop.shown(&mara, &order).await;
        assert_eq!((&shown["state"], &shown["refunded_minor"], shop.credits(&mara).await), (&json!("fulfilled"), &json!(100), (80, 0, 0)));
        let second = shop.refund(&order, 250).await;
        shop.news().await;
        assert_eq!(shop.credits(&mara).await, (30, 0, 0));
        shop.stripe().fail_refund(&second).unwrap();
        shop.news().await;
        assert_eq!((shop.credits(&mara).await, &shop.shown(&mara, &order).await["refunded_minor"]), ((80, 0, 0), &json!(100)));
        shop.refund(&order, 400).await;
        shop.news().await;
        let shown = shop.shown(&mara, &order).await;
        assert_eq!((&shown["state"], &shown["refunded_minor"], shop.credits(&mara).await), (&json!("refunded"), &json!(500), (0, 0, 0)));
        assert_eq!(shown["withdraw_until"], Value::Null);
        assert_eq!(shop.subjects_of().await, ["Your receipt", "Your refund is on its way", "Your refund is on its way", "Your refund is on its way"]);
    }
}

on_both! {
    async fn st16_more_refunds_of_one_charge_than_stripe_lists_at_once(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let order = shop.bought(&mara, "pack_small").await;
        let lost = DeliveryRule { service: Service::Stripe, topic: None, times: 100_000, fault: DeliveryFault::Lose };
        shop.sandbox.control().delivery_fault(lost);
        for _ in 0..119 {
            shop.refund(&order, 1).await;
        }
        shop.sandbox.control().clear_faults();
        // Of the last one we hear, and the first ones are on the second page.
        shop.refund(&order, 1).await;
        for _ in 0..500 {
            shop.work().await;
            if shop.shown(&mara, &order).await["refunded_minor"] != 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(shop.shown(&mara, &order).await["refunded_minor"], 120);
        assert_eq!(shop.credits(&mara).await, (76, 0, 0), "a fifth of a credit each");
        shop.letters().await;
    }
}

on_both! {
    async fn st16_a_refund_after_the_credits_were_used_is_owed(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let order = shop.bought(&mara, "pack_small").await;
        shop.spend(&mara, 70).await;
        let refund = shop.refund(&order, 500).await;
        shop.news().await;
        assert_eq!(shop.credits(&mara).await, (0, 0, 70));
        shop.stripe().fail_refund(&refund).unwrap();
        shop.news().await;
        assert_eq!((shop.credits(&mara).await, shop.state(&mara, &order).await.as_str()), ((30, 0, 0), "fulfilled"));
        shop.letters().await;
    }
}

on_both! {
    async fn st17_disputes_opened_won_lost_prevented_and_warnings(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let dispute = async |order: &Order, statuses: &[&str]| {
            let id = shop.stripe().open_dispute(&shop.charge(order), statuses[0]).unwrap()["id"].as_str().unwrap().to_owned();
            shop.news().await;
            for status in &statuses[1..] {
                shop.stripe().move_dispute(&id, status).unwrap();
                shop.news().await;
            }
            shop.credits(&mara).await
        };
        let order = shop.bought(&mara, "pack_small").await;
        assert_eq!(dispute(&order, &["warning_needs_response"]).await, (100, 0, 0), "an inquiry freezes nothing");
        assert_eq!(dispute(&order, &["warning_needs_response", "warning_closed"]).await, (100, 0, 0));
        assert_eq!(dispute(&order, &["needs_response"]).await, (0, 100, 0), "frozen");
        assert_eq!(shop.alarms.count(Alarm::DisputeOpened), 1);
        assert_eq!(shop.get(&mara, &format!("/v1/orders/{}/withdrawal", order.id)).await.json()["code"], "conflict");
        let id = shop.stripe().objects("dispute").into_iter().find(|d| d["status"] == "needs_response").unwrap()["id"].as_str().unwrap().to_owned();
        shop.stripe().move_dispute(&id, "under_review").unwrap();
        shop.stripe().move_dispute(&id, "won").unwrap();
        shop.news().await;
        assert_eq!(shop.credits(&mara).await, (100, 0, 0), "back");
        // Twice about one charge: once lost, and nothing more to take.
        assert_eq!(dispute(&order, &["needs_response", "lost"]).await, (0, 0, 0));
        assert_eq!(dispute(&order, &["needs_response", "lost"]).await, (0, 0, 0));
        let other = shop.bought(&mara, "pack_large").await;
        shop.spend(&mara, 450).await;
        assert_eq!(dispute(&other, &["prevented"]).await, (0, 0, 450));
        let third = shop.bought(&mara, "pack_small").await;
        assert_eq!(dispute(&third, &["needs_response", "lost", "appeal_under_review", "won"]).await, (0, 0, 350));
        shop.letters().await;
    }
}

on_both! {
    async fn a_warning_of_fraud_calls_an_operator(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let order = shop.bought(&mara, "pack_small").await;
        shop.stripe().warn_of_fraud(&shop.charge(&order)).unwrap();
        shop.news().await;
        assert_eq!((shop.alarms.count(Alarm::FraudWarning), shop.credits(&mara).await), (1, (100, 0, 0)));
        shop.letters().await;
    }
}

on_both! {
    async fn a_withdrawal_in_two_steps(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let order = shop.bought(&mara, "pack_small").await;
        shop.letter("Your receipt").await;
        let path = format!("/v1/orders/{}/withdrawal", order.id);
        shop.spend(&mara, 25).await;
        let seen = shop.get(&mara, &path).await.json();
        assert_eq!((&seen["refund_minor"], &seen["credits_taken"], &seen["currency"]), (&json!(375), &json!(75), &json!("usd")));
        assert_eq!(shop.credits(&mara).await, (75, 0, 0), "looking does nothing");
        shop.spend(&mara, 15).await;
        let confirm = |token: &Value| shop.post(&mara, &path, Some(json!({ "confirm_token": token })));
        assert_eq!(confirm(&seen["confirm_token"]).await.json()["code"], "conflict", "the numbers have changed");
        assert_eq!(confirm(&json!("made up")).await.json()["code"], "conflict");
        let seen = shop.get(&mara, &path).await.json();
        let done = confirm(&seen["confirm_token"]).await;
        assert_eq!((done.status.as_u16(), &done.json()["state"], &done.json()["withdraw_until"]), (200, &json!("refunded"), &Value::Null));
        assert_eq!(shop.credits(&mara).await, (0, 0, 0), "gone at once, whenever the money goes");
        let receipt = shop.letter("You have withdrawn from your purchase").await;
        assert!(receipt.raw.contains("USD 3.00") && receipt.raw.contains("2027-01-01 00:00 UTC") && receipt.raw.contains(&order.id), "{}", receipt.raw);
        assert_eq!(confirm(&seen["confirm_token"]).await.json()["code"], "conflict", "once");
        shop.work().await;
        shop.news().await;
        assert_eq!((shop.went_back(&order), shop.credits(&mara).await), (300, (0, 0, 0)), "and not taken a second time");
        let shown = shop.shown(&mara, &order).await;
        assert_eq!((&shown["state"], &shown["refunded_minor"]), (&json!("refunded"), &json!(300)));
    }
}

on_both! {
    async fn a_withdrawal_has_its_time_and_its_limits(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let (unpaid, old) = (shop.order(&mara, "pack_large").await, shop.bought(&mara, "pack_small").await);
        let code = async |order: &Order| {
            let answer = shop.get(&mara, &format!("/v1/orders/{}/withdrawal", order.id)).await;
            answer.json()["code"].as_str().unwrap_or("").to_owned()
        };
        assert_eq!(code(&unpaid).await, "conflict");
        shop.app.database.clock.advance(Duration::from_secs(14 * 24 * 3600 - 1));
        assert_eq!(code(&old).await, "", "the last second");
        shop.app.database.clock.advance(Duration::from_secs(1));
        assert_eq!(code(&old).await, "conflict");
        let used = shop.bought(&mara, "pack_small").await;
        shop.spend(&mara, 200).await;
        assert_eq!(code(&used).await, "conflict", "all its credits are used");
        shop.letters().await;
    }
}

on_both! {
    async fn withdrawing_from_the_plan_ends_it(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let order = shop.bought(&mara, "pro_month").await;
        shop.spend(&mara, 50).await;
        let path = format!("/v1/orders/{}/withdrawal", order.id);
        let seen = shop.get(&mara, &path).await.json();
        assert_eq!((&seen["refund_minor"], &seen["credits_taken"]), (&json!(675), &json!(150)));
        let done = shop.post(&mara, &path, Some(json!({ "confirm_token": seen["confirm_token"] }))).await;
        assert_eq!(done.status, 200, "{}", done.text);
        shop.news().await;
        assert_eq!((shop.went_back(&order), shop.credits(&mara).await), (675, (0, 0, 0)));
        assert_eq!(shop.get(&mara, "/v1/account").await.json()["plan"]["name"], "free");
        assert_eq!(shop.subjects_of().await, ["Your plan has begun", "You have withdrawn from your purchase", "Your plan has ended"]);
    }
}

on_both! {
    async fn a_plan_that_was_withdrawn_from_ends_later_when_it_must(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let order = shop.bought(&mara, "pro_month").await;
        let path = format!("/v1/orders/{}/withdrawal", order.id);
        let seen = shop.get(&mara, &path).await.json();
        let subscription = shop.stripe().object(&order.session).unwrap()["subscription"].as_str().unwrap().to_owned();
        shop.sandbox.control().fault(FaultRule::next(Service::Stripe, &subscription, Fault::Drop).on("DELETE").times(3));
        let done = shop.post(&mara, &path, Some(json!({ "confirm_token": seen["confirm_token"] }))).await;
        assert_eq!((done.status.as_u16(), shop.get(&mara, "/v1/account").await.json()["plan"]["name"].as_str()), (200, Some("pro")));
        shop.app.database.clock.advance(Duration::from_secs(15 * 60));
        shop.news().await;
        assert_eq!(shop.get(&mara, "/v1/account").await.json()["plan"]["name"], "free");
        shop.letters().await;
    }
}

on_both! {
    async fn a_refund_of_ours_that_does_not_get_through(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let control = shop.sandbox.control();
        // The answer is lost: the same key finds the same refund.
        let lost = shop.bought(&mara, "pack_small").await;
        control.fault(FaultRule::next(Service::Stripe, "/v1/refunds", Fault::LoseAnswer).on("POST").times(3));
        refunds::by_operator(&shop.app, lost.id.parse().unwrap(), None).await.unwrap();
        shop.news().await;
        assert_eq!(shop.credits(&mara).await, (0, 0, 0));
        shop.app.database.clock.advance(Duration::from_secs(60));
        shop.news().await;
        assert_eq!((shop.went_back(&lost), shop.state(&mara, &lost).await.as_str()), (500, "refunded"));
        assert_eq!(shop.stripe().objects("refund").len(), 1);
        // Stripe keeps a failure under the key: another key is tried.
        let kept = shop.bought(&mara, "pack_small").await;
        control.fault(FaultRule::next(Service::Stripe, "/v1/refunds", Fault::StoredFailure).on("POST"));
        refunds::by_operator(&shop.app, kept.id.parse().unwrap(), Some(250)).await.unwrap();
        shop.news().await;
        assert_eq!(shop.went_back(&kept), 0);
        shop.app.database.clock.advance(Duration::from_secs(60));
        shop.news().await;
        assert_eq!((shop.went_back(&kept), shop.credits(&mara).await), (250, (50, 0, 0)));
        // Refused for good: the credits come back and somebody is called.
        let refused = shop.bought(&mara, "pack_small").await;
        shop.stripe().change(&shop.charge(&refused), &json!({ "disputed": true }), None).unwrap();
        refunds::by_operator(&shop.app, refused.id.parse().unwrap(), None).await.unwrap();
        assert_eq!(shop.credits(&mara).await, (50, 0, 0));
        shop.news().await;
        assert_eq!((shop.credits(&mara).await, shop.state(&mara, &refused).await.as_str()), ((150, 0, 0), "fulfilled"));
        assert_eq!(shop.alarms.count(Alarm::RefundRefused), 1);
        shop.letters().await;
    }
}

on_both! {
    async fn an_operator_gives_back_no_more_than_there_is(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let order = shop.bought(&mara, "pack_small").await;
        let id: Uuid = order.id.parse().unwrap();
        for amount in [Some(0), Some(-1), Some(501)] {
            assert!(refunds::by_operator(&shop.app, id, amount).await.is_err(), "{amount:?}");
        }
        assert!(refunds::by_operator(&shop.app, Uuid::from_u128(5), None).await.is_err());
        refunds::by_operator(&shop.app, id, Some(200)).await.unwrap();
        assert!(refunds::by_operator(&shop.app, id, Some(300)).await.is_err(), "one at a time");
        shop.news().await;
        refunds::by_operator(&shop.app, id, None).await.unwrap();
        shop.news().await;
        assert_eq!((shop.went_back(&order), shop.state(&mara, &order).await.as_str(), shop.credits(&mara).await), (500, "refunded", (0, 0, 0)));
        assert!(refunds::by_operator(&shop.app, id, None).await.is_err(), "nothing is left");
        shop.letters().await;
    }
}

on_both! {
    async fn buying_and_withdrawing_on_the_pages(database) {
        let shop = Shop::open(database).await;
        let mut browser = Browser::new(&shop.app);
        assert_eq!(browser.get("/account/credits").await.header("location"), "/sign-in?return_to=/account/credits");
        browser.sign_up("mara@example.org").await;
        let page = browser.get("/account/credits").await;
        assert!(page.text.contains("100 credits · USD 5.00") && page.text.contains("Pro · USD 9.00 a month"), "{}", page.text);
        assert_eq!(browser.post("/account/orders", &[("csrf", "x"), ("product", "pack_small"), ("wish", &Uuid::nil().to_string())]).await.status, 403);
        browser.page = Some(page.clone());
        let sent = browser.submit("/account/orders", &[]).await;
        let ordered = sent.header("location").to_owned();
        browser.page = Some(page);
        assert_eq!(browser.submit("/account/orders", &[]).await.header("location"), ordered, "pressing twice is one order");
        let page = browser.get(&ordered).await;
        let session = page.text.split_once("/c/pay/").unwrap().1.split('"').next().unwrap().to_owned();
        assert!(page.text.contains("obligation to pay"));
        shop.stripe().pay(&session, pretty_sandbox::PayBy::Card).unwrap();
        browser.get(&format!("/billing/done?session_id={session}")).await;
        shop.news().await;
        shop.letter("Your receipt").await;
        let page = browser.get(&ordered).await;
        assert!(page.text.contains("Withdraw from the contract here") && !page.text.contains("/c/pay/"), "{}", page.text);
        let withdrawal = format!("{ordered}/withdrawal");
        assert!(browser.get(&withdrawal).await.text.contains("USD 5.00"));
        let done = browser.submit(&withdrawal, &[]).await;
        assert!(done.text.contains("Your withdrawal is received"), "{}", done.text);
        shop.letter("You have withdrawn from your purchase").await;
        shop.news().await;
        browser.get("/account/credits").await;
        let portal = browser.submit("/account/portal", &[]).await;
        assert!(portal.text.contains("Go to Stripe"));
        // Somebody else finds none of it.
        let mut other = Browser::new(&shop.app);
        other.sign_up("otto@example.org").await;
        assert_eq!((other.get(&ordered).await.status.as_u16(), other.get(&withdrawal).await.status.as_u16()), (404, 404));
    }
}
