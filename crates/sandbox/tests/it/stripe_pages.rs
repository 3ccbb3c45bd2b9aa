//! The pages a person clicks on.

use serde_json::json;

use crate::contracts::stripe_object;
use crate::harness::{World, world};

async fn page(world: &World, url: &str) -> (u16, String, String) {
    let response = world.client.get(url).send().await.unwrap();
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    (response.status().as_u16(), policy, response.text().await.unwrap())
}

async fn click(world: &World, url: &str, form: &[(&str, &str)]) -> (u16, String) {
    let response = world.client.post(url).form(form).send().await.unwrap();
    let location = response.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
    (response.status().as_u16(), location.unwrap_or_default())
}

#[tokio::test]
async fn one_pays_is_declined_or_leaves() {
    let world = world().await;
    let (_, session) = world.open_session(&[]).await;
    let url = session["url"].as_str().unwrap();
    let (status, policy, html) = page(&world, url).await;
    assert_eq!(status, 200);
    assert!(
        policy.contains("default-src 'none'") && policy.contains("form-action 'self' https://example.com"),
        "{policy}"
    );
    for part in
        ["SANDBOX", "<html lang=\"en\">", "<h1>Checkout</h1>", "100 credits", "5.00 USD", "<caption>", "scope=\"col\""]
    {
        assert!(html.contains(part), "{part} is missing in {html}");
    }
    assert!(!html.contains("<script"), "no script");
    assert!(!html.to_lowercase().contains("card number"), "no card field");

    let (status, location) = click(&world, url, &[("action", "decline")]).await;
    assert_eq!((status, location.starts_with("/c/pay/")), (303, true));
    assert!(page(&world, url).await.2.contains("role=\"alert\">Your card was declined"));
    assert_eq!(click(&world, url, &[("action", "abandon")]).await, (303, "https://example.com/back".to_owned()));
    assert_eq!(click(&world, url, &[("action", "nonsense")]).await.0, 200, "an unknown button changes nothing");
    let id = session["id"].as_str().unwrap();
    assert_eq!(world.sandbox.control().stripe().object(id).unwrap()["status"], "open");

    assert_eq!(click(&world, url, &[("action", "pay")]).await, (303, format!("https://example.com/done?session={id}")));
    assert_eq!(world.sandbox.control().stripe().object(id).unwrap()["payment_status"], "paid");
    assert_eq!(page(&world, url).await.0, 410);
    assert_eq!(click(&world, url, &[("action", "pay")]).await.0, 410, "not paid twice");
    assert_eq!(
        world.sandbox.control().stripe().objects("charge").iter().filter(|charge| charge["paid"] == true).count(),
        1
    );
}

#[tokio::test]
async fn a_code_makes_it_free() {
    let world = world().await;
    let (_, session) = world.open_session(&[("allow_promotion_codes", "true")]).await;
    let url = session["url"].as_str().unwrap();
    assert!(page(&world, url).await.2.contains("<label for=\"code\">"));
    assert_eq!(click(&world, url, &[("action", "code"), ("code", "WRONG")]).await.0, 200);
    assert_eq!(click(&world, url, &[("action", "code"), ("code", "sandbox100")]).await.0, 303);
    assert!(page(&world, url).await.2.contains("Pay 0.00 USD"));
}

#[tokio::test]
async fn what_others_wrote_is_text_on_the_page() {
    let world = world().await;
    let form = [
        ("mode", "payment"),
        ("line_items[0][price_data][currency]", "eur"),
        ("line_items[0][price_data][unit_amount]", "1"),
        ("line_items[0][price_data][product_data][name]", "<img src=x onerror=alert(1)>"),
        ("line_items[0][quantity]", "1"),
        ("success_url", "https://example.com"),
    ];
    let session = world.stripe_post("/v1/checkout/sessions", &form).await.body;
    let html = page(&world, session["url"].as_str().unwrap()).await.2;
    assert!(html.contains("&lt;img src=x onerror=alert(1)&gt;") && !html.contains("<img"));
}

#[tokio::test]
async fn the_portal_cancels_and_keeps_a_subscription() {
    let world = world().await;
    let (customer, session) =
        world.open_session(&[("mode", "subscription"), ("line_items[0][price]", "price_sandbox_pro_month")]).await;
    click(&world, session["url"].as_str().unwrap(), &[("action", "pay")]).await;
    let form = [
        ("features[subscription_cancel][enabled]", "true"),
        ("features[subscription_cancel][mode]", "at_period_end"),
        ("features[payment_method_update][enabled]", "true"),
        ("features[invoice_history][enabled]", "true"),
    ];
    let configuration = world.stripe_post("/v1/billing_portal/configurations", &form).await.body;
    stripe_object(&configuration);
    let form = [
        ("customer", customer.as_str()),
        ("return_url", "https://example.com/account"),
        ("configuration", configuration["id"].as_str().unwrap()),
    ];
    let portal = world.stripe_post("/v1/billing_portal/sessions", &form).await.body;
    stripe_object(&portal);
    let url = portal["url"].as_str().unwrap();
    let html = page(&world, url).await.2;
    for part in [
        "SANDBOX",
        "Cancel at the end of the period",
        "Use a card that works",
        "9.00 USD",
        "href=\"https://example.com/account\"",
    ] {
        assert!(html.contains(part), "{part} is missing in {html}");
    }
    let stripe = world.sandbox.control().stripe();
    let subscription = stripe.objects("subscription")[0]["id"].as_str().unwrap().to_owned();
    let state = || stripe.object(&subscription).unwrap()["cancel_at_period_end"].clone();
    click(&world, url, &[("action", "cancel"), ("subscription", &subscription)]).await;
    assert_eq!(state(), json!(true));
    click(&world, url, &[("action", "resume"), ("subscription", &subscription)]).await;
    assert_eq!(state(), json!(false));

    let (stranger, _) = world.open_session(&[]).await;
    let other = world.stripe_post("/v1/billing_portal/sessions", &[("customer", &stranger)]).await.body;
    click(&world, other["url"].as_str().unwrap(), &[("action", "cancel"), ("subscription", &subscription)]).await;
    assert_eq!(state(), json!(false), "nobody cancels another's subscription");
    let invoice = stripe.objects("invoice")[0]["id"].as_str().unwrap().to_owned();
    assert!(page(&world, &world.stripe_url(&format!("/i/{invoice}"))).await.2.contains("9.00 USD"));
    world.sandbox.control().advance_seconds(3_700);
    assert_eq!(page(&world, url).await.0, 410);
}
