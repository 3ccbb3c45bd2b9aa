//! Webhooks going out: signed, retried, doubled, held and reordered, lost, wrong.

use pretty_sandbox::{
    DeliveryFault, DeliveryRule, PayBy, ReleaseOrder, Service, SignatureError, verify_stripe_signature,
};

use crate::contracts::stripe_object;
use crate::harness::{Hook, Receiver, START, World, world};

const COMPLETED: &str = "checkout.session.completed";

async fn pay(world: &World) -> String {
    let (_, session) = world.open_session(&[]).await;
    let id = session["id"].as_str().unwrap().to_owned();
    world.sandbox.control().stripe().pay(&id, PayBy::Card).unwrap();
    id
}

fn fault(topic: &str, times: u32, fault: DeliveryFault) -> DeliveryRule {
    DeliveryRule { service: Service::Stripe, topic: Some(topic.to_owned()), times, fault }
}

fn verdict(secret: &str, hook: &Hook) -> Result<(), SignatureError> {
    verify_stripe_signature(secret, &hook.header("stripe-signature"), &hook.body, START, 300)
}

#[tokio::test]
async fn events_are_delivered_signed_and_again_until_taken() {
    let world = world().await;
    let (receiver, url) = Receiver::start(&[500, 503]).await;
    let stripe = world.sandbox.control().stripe();
    assert!(stripe.add_webhook("http://10.0.0.1/hook", &["*"]).is_err(), "only this machine");
    let secret = stripe.add_webhook(&url, &[COMPLETED]).unwrap();
    assert!(secret.starts_with("whsec_sandbox_"));
    let session = pay(&world).await;
    let hooks = receiver.wait_for(3).await;
    for hook in &hooks {
        assert_eq!(verdict(&secret, hook), Ok(()));
        assert_eq!(hook.json()["data"]["object"]["id"], session.as_str());
        stripe_object(&hook.json());
    }
    assert_eq!(hooks[0].body, hooks[2].body, "a retry is the same event");
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let attempts: Vec<_> =
        world.sandbox.control().deliveries().iter().map(|attempt| (attempt.attempt, attempt.status)).collect();
    assert_eq!(attempts, [(1, Some(500)), (2, Some(503)), (3, Some(200))]);
}

#[tokio::test]
async fn deliveries_go_wrong_as_scripted() {
    let world = world().await;
    let (receiver, url) = Receiver::start(&[]).await;
    let control = world.sandbox.control();
    let secret = control.stripe().add_webhook(&url, &[COMPLETED]).unwrap();
    let expectations = [
        (DeliveryFault::WrongSignature, Err(SignatureError::Mismatch)),
        (DeliveryFault::OldTimestamp { seconds: 301 }, Err(SignatureError::Stale)),
        (DeliveryFault::OldTimestamp { seconds: -301 }, Err(SignatureError::Stale)),
        (DeliveryFault::ChangedBody, Err(SignatureError::Mismatch)),
        (DeliveryFault::Delay { milliseconds: 20 }, Ok(())),
    ];
    for (count, (wrong, expected)) in expectations.into_iter().enumerate() {
        control.delivery_fault(fault(COMPLETED, 1, wrong.clone()));
        pay(&world).await;
        let hooks = receiver.wait_for(count + 1).await;
        assert_eq!(verdict(&secret, &hooks[count]), expected, "{wrong:?}");
    }
    control.delivery_fault(fault(COMPLETED, 1, DeliveryFault::Duplicate { copies: 2 }));
    pay(&world).await;
    let hooks = receiver.wait_for(8).await;
    assert_eq!(hooks[5].body, hooks[7].body);

    control.delivery_fault(fault(COMPLETED, 1, DeliveryFault::Lose));
    let lost = pay(&world).await;
    pay(&world).await;
    let hooks = receiver.wait_for(9).await;
    assert!(hooks.iter().all(|hook| hook.json()["data"]["object"]["id"] != lost.as_str()));
    let events = world.stripe_get(&format!("/v1/events?type={COMPLETED}&limit=100")).await.body;
    let event =
        events["data"].as_array().unwrap().iter().find(|event| event["data"]["object"]["id"] == lost.as_str()).unwrap();
    control.stripe().resend(event["id"].as_str().unwrap()).unwrap();
    assert_eq!(receiver.wait_for(10).await[9].json()["id"], event["id"]);
}

#[tokio::test]
async fn held_events_come_in_the_order_that_is_asked_for() {
    let world = world().await;
    let (receiver, url) = Receiver::start(&[]).await;
    let control = world.sandbox.control();
    control.stripe().add_webhook(&url, &["*"]).unwrap();
    control.delivery_fault(DeliveryRule {
        service: Service::Stripe,
        topic: None,
        times: 100,
        fault: DeliveryFault::Hold,
    });
    pay(&world).await;
    assert_eq!(control.held(Service::Stripe), 5);
    assert!(receiver.hooks().is_empty());
    assert_eq!(control.release(Service::Stripe, ReleaseOrder::Reversed), 5);
    let kinds: Vec<String> =
        receiver.wait_for(5).await.iter().map(|hook| hook.json()["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds[0], COMPLETED);
    assert_eq!(kinds[4], "customer.created");
    control.stripe().tell("some.future.event", &serde_json::json!({ "id": "x_1", "object": "x" }));
    assert_eq!(control.release(Service::Stripe, ReleaseOrder::Shuffled), 1);
    assert_eq!(receiver.wait_for(6).await[5].json()["type"], "some.future.event");
}
