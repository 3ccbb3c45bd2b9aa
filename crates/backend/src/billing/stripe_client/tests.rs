//! The client against the sandbox and the collected vectors: ST1, ST9, ST10, ST11, ST18 as far as the client goes.

use pretty_sandbox::{Fault, FaultRule, PayBy, Sandbox, Service};
use serde_json::Value;

use super::objects::{PaymentStatus, RefundStatus, SessionStatus, SubscriptionStatus};
use super::signature::{Refused, verify};
use super::*;
use crate::outbound::testing::{Scripted, Server, TIMEOUT, patience, sandbox};

fn client_of(sandbox: &Sandbox) -> StripeClient {
    let endpoints = sandbox.endpoints();
    client_at(&endpoints.stripe_base_url, &endpoints.stripe_secret_key)
}

fn client_at(base_url: &str, key: &str) -> StripeClient {
    let mut settings =
        crate::settings::load::load(None, [], &crate::settings::load::Overrides::default()).unwrap().stripe;
    settings.base_url = base_url.to_owned();
    settings.secret_key = Secret::new(key);
    StripeClient::new(&settings, patience(), TIMEOUT).unwrap()
}

fn new_session<'a>(sale: Sale, customer: &'a str, price: &'a str, expires_at: i64) -> NewSession<'a> {
    let (success_url, cancel_url) = ("https://example.com/done", "https://example.com/back");
    NewSession {
        sale,
        customer,
        price,
        quantity: 1,
        order: "ord_1",
        expires_at,
        success_url,
        cancel_url,
        promotion_codes: false,
    }
}

#[test]
fn st1_every_signature_vector_is_judged_as_recommended() {
    let file: Value = serde_json::from_str(include_str!("../../../tests/vectors/stripe-signature.json")).unwrap();
    for vector in file["vectors"].as_array().unwrap() {
        let text = |name: &str| vector[name].as_str().unwrap();
        let now = vector["now"].as_i64().unwrap();
        let secrets = [Secret::new("whsec_an_older_one"), Secret::new(text("secret"))];
        let verdict = verify(&secrets, text("header"), text("payload").as_bytes(), now);
        // Two vectors carry a JSON body that is rightly signed and still no event of ours.
        let signed =
            !matches!(verdict, Err(Refused::Malformed | Refused::Mismatch | Refused::Stale | Refused::TooLarge));
        let is_json = serde_json::from_str::<Value>(text("payload")).is_ok();
        assert_eq!(signed && is_json, vector["recommended"] == "accept", "{}: {verdict:?}", vector["name"]);
    }
}

#[test]
fn st1_secrets_bodies_and_empty_settings() {
    let body =
        br#"{"id":"evt_1","type":"some.future.event","livemode":false,"created":5,"data":{"object":{"id":"x_1"}}}"#;
    let header = pretty_sandbox::stripe_signature("whsec_new", 100, body);
    let secret = |text: &str| Secret::new(text);
    let event = verify(&[secret("whsec_old"), secret("whsec_new")], &header, body, 100).unwrap();
    assert_eq!((event.kind.as_str(), event.object_id(), event.livemode), ("some.future.event", Some("x_1"), false));
    assert_eq!(verify(&[secret("whsec_old")], &header, body, 100).unwrap_err(), Refused::Mismatch);
    assert_eq!(verify(&[], &header, body, 100).unwrap_err(), Refused::Mismatch);
    let with_nothing = pretty_sandbox::stripe_signature("", 100, body);
    assert_eq!(verify(&[secret("")], &with_nothing, body, 100).unwrap_err(), Refused::Mismatch, "no secret is no key");
    let empty = pretty_sandbox::stripe_signature("whsec_new", 100, b"");
    assert_eq!(verify(&[secret("whsec_new")], &empty, b"", 100).unwrap_err(), Refused::NotAnEvent);
    let large = vec![b' '; super::signature::LARGEST_BODY + 1];
    assert_eq!(verify(&[secret("whsec_new")], &header, &large, 100).unwrap_err(), Refused::TooLarge);
}

#[test]
fn st18_every_event_of_the_collection_is_read() {
    let file: Value = serde_json::from_str(include_str!("../../../tests/vectors/stripe-events.json")).unwrap();
    for event in file["events"].as_array().unwrap() {
        let body = event.to_string();
        let header = pretty_sandbox::stripe_signature("whsec_new", 100, body.as_bytes());
        let read = verify(&[Secret::new("whsec_new")], &header, body.as_bytes(), 100).unwrap();
        assert_eq!(read.object_id(), event["data"]["object"]["id"].as_str());
    }
}

#[tokio::test]
async fn a_pack_is_bought_and_refunded() {
    let sandbox = sandbox().await;
    let client = client_of(&sandbox);
    let customer = client.create_customer("ada@example.com", "u_1", "cus:u_1").await.unwrap();
    let again = client.create_customer("ada@example.com", "u_1", "cus:u_1").await.unwrap();
    assert_eq!(customer.id, again.id);
    let expires_at = sandbox.control().now_unix_seconds() + 3_600;
    let new = new_session(Sale::Once, &customer.id, "price_sandbox_pack_small", expires_at);
    let session = client.create_session(&new, "ord:1:s1").await.unwrap();
    assert_eq!((session.status, session.payment_status), (Some(SessionStatus::Open), PaymentStatus::Unpaid));
    assert!(session.url.is_some() && !session.livemode);
    let lines = client.session_lines(&session.id).await.unwrap();
    assert_eq!((lines.data[0].amount_total, lines.data[0].quantity), (500, Some(1)));
    sandbox.control().stripe().pay(&session.id, PayBy::Card).unwrap();
    let paid = client.session(&session.id).await.unwrap();
    assert_eq!((paid.status, paid.payment_status), (Some(SessionStatus::Complete), PaymentStatus::Paid));
    assert_eq!(
        (paid.amount_total, paid.currency.as_deref(), paid.client_reference_id.as_deref()),
        (Some(500), Some("usd"), Some("ord_1"))
    );
    assert_eq!((paid.customer.as_deref(), paid.metadata["order_id"].as_str()), (Some(customer.id.as_str()), "ord_1"));

    let intent = client.payment_intent(paid.payment_intent.as_deref().unwrap()).await.unwrap();
    assert_eq!(intent.amount_received, 500);
    let refund = client.create_refund(&intent.id, 200, "ord_1", "refund:1").await.unwrap();
    assert_eq!((refund.amount, refund.status), (200, Some(RefundStatus::Succeeded)));
    let charge = client.charge(intent.latest_charge.as_deref().unwrap()).await.unwrap();
    assert_eq!((charge.amount, charge.amount_refunded, charge.disputed), (500, 200, false));
    assert_eq!(client.refunds(&charge.id, None).await.unwrap().data.len(), 1);
    let dispute = sandbox.control().stripe().open_dispute(&charge.id, "needs_response").unwrap();
    let dispute = client.dispute(dispute["id"].as_str().unwrap()).await.unwrap();
    assert_eq!((dispute.status.as_str(), dispute.charge.as_deref()), ("needs_response", Some(charge.id.as_str())));
    let events = client.events(0, None).await.unwrap();
    assert!(events.data.iter().any(|event| event.kind == "checkout.session.completed"));
    assert!(client.expire_session(&session.id, "expire:1").await.is_err());
    assert!(client.session("cs_none").await.unwrap_err().is_missing());
    assert!(client.delete_customer(&customer.id).await.unwrap().deleted);
}

#[tokio::test]
async fn a_subscription_is_bought_cancelled_and_kept() {
    let sandbox = sandbox().await;
    let client = client_of(&sandbox);
    let customer = client.create_customer("ada@example.com", "u_1", "cus:u_1").await.unwrap();
    let expires_at = sandbox.control().now_unix_seconds() + 3_600;
    let new = new_session(Sale::Subscription, &customer.id, "price_sandbox_pro_month", expires_at);
    let session = client.create_session(&new, "ord:2:s1").await.unwrap();
    assert_eq!(session.subscription, None);
    sandbox.control().stripe().pay(&session.id, PayBy::Card).unwrap();
    let session = client.session(&session.id).await.unwrap();
    let subscription = client.subscription(session.subscription.as_deref().unwrap()).await.unwrap();
    assert_eq!(
        (&subscription.status, subscription.metadata["order_id"].as_str()),
        (&SubscriptionStatus::Active, "ord_1")
    );
    assert!(subscription.period_end().unwrap() > sandbox.control().now_unix_seconds());
    let invoice = client.invoice(session.invoice.as_deref().unwrap()).await.unwrap();
    assert_eq!((invoice.billing_reason.as_deref(), invoice.amount_paid), (Some("subscription_create"), 900));
    assert_eq!(invoice.subscription(), Some(subscription.id.as_str()));
    assert!(client.end_with_period(&subscription.id, true, "end:1").await.unwrap().cancel_at_period_end);
    assert!(!client.end_with_period(&subscription.id, false, "end:2").await.unwrap().cancel_at_period_end);
    assert_eq!(client.cancel_subscription(&subscription.id).await.unwrap().status, SubscriptionStatus::Canceled);
    let portal = client.create_portal(&customer.id, None, "https://example.com/account").await.unwrap();
    assert!(portal.url.contains("/p/session/"));

    let odd = serde_json::json!({ "status": "hibernating" });
    sandbox.control().fault(FaultRule::next(Service::Stripe, "/v1/subscriptions", Fault::MergeAnswer { patch: odd }));
    let odd = client.subscription(&subscription.id).await.unwrap();
    assert_eq!(odd.status, SubscriptionStatus::Other("hibernating".to_owned()));
}

#[tokio::test]
async fn st9_st10_st11_what_is_tried_again() {
    let sandbox = sandbox().await;
    let client = client_of(&sandbox);
    let fault = |fault: Fault| sandbox.control().fault(FaultRule::next(Service::Stripe, "/v1/customers", fault));
    let customers = || sandbox.control().stripe().objects("customer").len();
    fault(Fault::LoseAnswer);
    client.create_customer("a@example.com", "u_1", "cus:1").await.unwrap();
    assert_eq!(customers(), 1, "the lost answer is found again under its key");
    let reused = client.create_customer("b@example.com", "u_1", "cus:1").await.unwrap_err();
    assert!(reused.is_key_reused());

    sandbox.control().fault(FaultRule::next(Service::Stripe, "/v1/customers", Fault::StoredFailure));
    let stored = client.create_customer("a@example.com", "u_2", "cus:2").await.unwrap_err();
    assert!(
        matches!(stored, StripeError::Refused { status: 500, .. }),
        "a stored failure stays one under its key: {stored}"
    );

    for temporary in
        [Fault::stripe_rate_limited(None), Fault::stripe_rate_limited(Some(true)), Fault::stripe_locked(None)]
    {
        fault(temporary);
        client.create_customer("a@example.com", "u_3", "cus:3").await.unwrap();
    }
    for last in [Fault::stripe_rate_limited(Some(false)), Fault::stripe_locked(Some(false))] {
        fault(last);
        let error = client.create_customer("a@example.com", "u_4", "cus:4").await.unwrap_err();
        assert!(error.is_temporary(), "{error}");
    }
    // A portal page has no key, so a lost answer is not asked for again.
    let customer = client.create_customer("a@example.com", "u_1", "cus:1").await.unwrap();
    sandbox.control().fault(FaultRule::next(Service::Stripe, "/v1/billing_portal", Fault::LoseAnswer));
    let lost = client.create_portal(&customer.id, None, "https://example.com").await.unwrap_err();
    assert_eq!(lost, StripeError::Transport(TransportError::OutcomeUnknown));
}

#[tokio::test]
async fn answers_that_make_no_sense_are_errors() {
    let huge = Scripted { status: 200, headers: Vec::new(), body: " ".repeat(5 << 20) };
    let html = Scripted { status: 502, headers: Vec::new(), body: "<html>bad gateway</html>".into() };
    let odd = Scripted { status: 200, headers: Vec::new(), body: "{}".into() };
    let redirect =
        Scripted { status: 302, headers: vec![("location".into(), "https://example.com".into())], body: String::new() };
    for (scripted, calls) in [(huge, 1), (html, 3), (odd, 1), (redirect, 1)] {
        let (server, url) = Server::start(vec![scripted.clone()]).await;
        let client = client_at(&url, "sk_test_sandbox_1");
        let error = client.session("cs_1").await.unwrap_err();
        assert_eq!(server.calls(), calls, "{error}");
    }
}
