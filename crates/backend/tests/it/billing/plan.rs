//! The plan: its months, its ends, what each state of a subscription gives. ST14, ST15.

use crate::support::{Order, Shop};
use pretty_backend::billing::subscriptions::{self, When};
use pretty_backend::store::entity::user;
use serde_json::{Value, json};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

impl Shop {
    async fn plan(&self, person: &user::Model) -> Value {
        self.get(person, "/v1/account").await.json()["plan"].clone()
    }

    fn subscription(&self, order: &Order) -> String {
        self.stripe().object(&order.session).unwrap()["subscription"].as_str().unwrap().to_owned()
    }

    fn customer(&self, order: &Order) -> String {
        self.stripe().object(&order.session).unwrap()["customer"].as_str().unwrap().to_owned()
    }

    /// Lets days pass; Stripe renews and tries again meanwhile, and we hear of it.
    async fn days(&self, days: u32) {
        self.app.database.clock.advance(DAY * days);
        self.stripe().tick();
        self.news().await;
    }

    async fn subjects(&self) -> Vec<String> {
        self.app.letters().await.into_iter().map(|letter| letter.subject).collect()
    }
}

on_both! {
    async fn the_plan_of_somebody_who_leaves_ends_later_when_it_must(database) {
        use pretty_backend::privacy::deletion;
        use pretty_contract::service::privacy::SubscriptionEnd;
        use pretty_sandbox::{Fault, FaultRule, Service};
        let shop = Shop::open(database).await;
        for (number, end, method) in [(1, SubscriptionEnd::Now, "DELETE"), (2, SubscriptionEnd::PeriodEnd, "POST")] {
            let person = shop.person(number).await;
            let order = shop.bought(&person, "pro_month").await;
            let id = shop.subscription(&order);
            let stands = || {
                let now = shop.stripe().object(&id).unwrap();
                (now["status"].as_str().unwrap().to_owned(), now["cancel_at_period_end"] == true)
            };
            shop.sandbox.control().fault(FaultRule::next(Service::Stripe, &id, Fault::Drop).on(method).times(3));
            deletion::ask(&shop.app, &person, end).await.unwrap();
            assert_eq!(stands(), ("active".to_owned(), false), "Stripe was not to be reached");
            shop.app.database.clock.advance(Duration::from_secs(15 * 60));
            shop.news().await;
            let ended = if end == SubscriptionEnd::Now { ("canceled".to_owned(), false) } else { ("active".to_owned(), true) };
            assert_eq!(stands(), ended);
            // Once is enough.
            let told = shop.stripe().objects("event").len();
            shop.app.database.clock.advance(Duration::from_secs(15 * 60));
            shop.news().await;
            assert_eq!(shop.stripe().objects("event").len(), told);
            shop.letters().await;
        }
    }
}

on_both! {
    async fn the_plan_brings_credits_each_month_and_they_end(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        assert_eq!(shop.plan(&mara).await, json!({ "name": "free", "state": "none", "renews_at": null, "ends_at": null }));
        let order = shop.bought(&mara, "pro_month").await;
        assert_eq!(shop.credits(&mara).await, (200, 0, 0));
        let plan = shop.plan(&mara).await;
        assert_eq!((&plan["name"], &plan["state"], &plan["ends_at"]), (&json!("pro"), &json!("active"), &Value::Null));
        // The first of February 2027.
        assert_eq!(plan["renews_at"], 1_801_440_000_000_000_i64);
        assert_eq!(shop.ask(&mara, "pro_month", "again").await.json()["code"], "conflict", "one plan is enough");
        let begun = shop.letters().await;
        assert!(begun[0].subject == "Your plan has begun" && begun[0].raw.contains("USD 9.00") && begun[0].raw.contains("2027-02-01"));
        shop.days(32).await;
        assert_eq!(shop.credits(&mara).await, (400, 0, 0), "what is left of a month is good for some days more");
        shop.days(7).await;
        assert_eq!(shop.credits(&mara).await, (200, 0, 0));
        assert_eq!(shop.subjects().await, ["Your plan was renewed"]);
        // A change within the month brings no other month's credits.
        let invoice = shop.stripe().objects("invoice")[0].clone();
        shop.stripe().change(invoice["id"].as_str().unwrap(), &json!({ "billing_reason": "subscription_update" }), Some("invoice.paid")).unwrap();
        shop.news().await;
        assert_eq!((shop.credits(&mara).await, shop.count("payments").await), ((200, 0, 0), 2));
        assert_eq!(shop.state(&mara, &order).await, "fulfilled");
    }
}

on_both! {
    async fn st15_cancelled_resumed_and_cancelled_for_good(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let order = shop.bought(&mara, "pro_month").await;
        let subscription = shop.subscription(&order);
        let cancel = |yes: bool| shop.stripe().change(&subscription, &json!({ "cancel_at_period_end": yes }), Some("customer.subscription.updated")).unwrap();
        cancel(true);
        shop.news().await;
        let plan = shop.plan(&mara).await;
        assert_eq!((&plan["state"], &plan["renews_at"], &plan["ends_at"]), (&json!("ending"), &Value::Null, &json!(1_801_440_000_000_000_i64)));
        cancel(false);
        shop.news().await;
        assert_eq!(shop.plan(&mara).await["state"], "active");
        subscriptions::end_all(&shop.app, mara.owner_ref, When::PeriodEnd).await.unwrap();
        assert_eq!(shop.plan(&mara).await["state"], "ending");
        assert_eq!(shop.subjects().await, ["Your plan has begun", "Your plan ends", "Your plan ends"]);
        shop.days(32).await;
        assert_eq!(shop.plan(&mara).await["name"], "free");
        assert_eq!(shop.subjects().await, ["Your plan has ended"]);
        // It can be had again.
        let again = shop.bought(&mara, "pro_month").await;
        assert_ne!(shop.subscription(&again), subscription);
        assert_eq!(shop.plan(&mara).await["state"], "active");
        subscriptions::end_all(&shop.app, mara.owner_ref, When::Now).await.unwrap();
        subscriptions::end_all(&shop.app, mara.owner_ref, When::Now).await.unwrap();
        assert_eq!(shop.plan(&mara).await["name"], "free");
        shop.letters().await;
    }
}

on_both! {
    async fn st15_a_renewal_that_is_not_paid(database) {
        let shop = Shop::open(database).await;
        let (mara, otto) = (shop.person(1).await, shop.person(2).await);
        let (saved, lost) = (shop.bought(&mara, "pro_month").await, shop.bought(&otto, "pro_month").await);
        shop.letters().await;
        for order in [&saved, &lost] {
            shop.stripe().set_card(&shop.customer(order), false);
        }
        shop.days(32).await;
        let plan = shop.plan(&mara).await;
        assert_eq!((&plan["name"], &plan["state"], &plan["ends_at"]), (&json!("pro"), &json!("past_due"), &json!(1_802_044_800_000_000_i64)));
        assert_eq!(shop.credits(&mara).await, (200, 0, 0), "no credits that were not paid");
        assert_eq!(shop.subjects().await, ["Your plan could not be renewed"; 2]);
        shop.stripe().set_card(&shop.customer(&saved), true);
        shop.days(8).await;
        assert_eq!((&shop.plan(&mara).await["state"], shop.credits(&mara).await), (&json!("active"), (200, 0, 0)));
        assert_eq!(shop.plan(&otto).await["name"], "free", "the days of grace are over");
        shop.days(30).await;
        assert_eq!((&shop.plan(&otto).await["name"], shop.credits(&otto).await), (&json!("free"), (0, 0, 0)));
        assert!(shop.subjects().await.contains(&"Your plan has ended".to_owned()));
    }
}

on_both! {
    async fn st15_paused_and_unpaid_give_nothing(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let order = shop.bought(&mara, "pro_month").await;
        let subscription = shop.subscription(&order);
        for (status, kind, name) in [
            ("paused", "customer.subscription.paused", "free"),
            ("active", "customer.subscription.resumed", "pro"),
            ("unpaid", "customer.subscription.updated", "free"),
            ("something_new", "customer.subscription.updated", "free"),
            ("trialing", "customer.subscription.updated", "pro"),
        ] {
            shop.stripe().change(&subscription, &json!({ "status": status }), Some(kind)).unwrap();
            shop.news().await;
            assert_eq!(shop.plan(&mara).await["name"], name, "{status}");
        }
        shop.letters().await;
    }
}

on_both! {
    async fn st14_news_from_before_the_end_changes_nothing(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let order = shop.bought(&mara, "pro_month").await;
        let subscription = shop.subscription(&order);
        let updated = shop.stripe().object(&subscription).unwrap();
        shop.stripe().change(&subscription, &json!({ "status": "canceled" }), Some("customer.subscription.deleted")).unwrap();
        shop.news().await;
        assert_eq!(shop.plan(&mara).await["name"], "free");
        shop.stripe().tell("customer.subscription.updated", &updated);
        shop.news().await;
        assert_eq!(shop.plan(&mara).await["name"], "free");
        // Even an answer that is older than what we know.
        shop.stripe().change(&subscription, &json!({ "status": "active" }), Some("customer.subscription.updated")).unwrap();
        shop.news().await;
        assert_eq!(shop.plan(&mara).await["name"], "free");
        shop.letters().await;
    }
}
