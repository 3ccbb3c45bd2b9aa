//! Customers, and the portal where they look after their subscription.

use serde_json::{Value, json};

use super::refusal::Refusal;
use super::state::Work;
use super::subscriptions;
use crate::form::Params;

pub(crate) fn create(work: &mut Work<'_>, params: &Params) -> Result<Value, Refusal> {
    if let Some(clock) = params.text("test_clock") {
        work.find("test_helpers.test_clock", clock, "test_clock")?;
    }
    if params.text("email").is_some_and(|email| !email.contains('@')) {
        let email = params.text("email").unwrap_or_default();
        return Err(Refusal::invalid(format!("Invalid email address: {email}")).code("email_invalid").param("email"));
    }
    let mut customer = json!({
        "id": work.ids.mixed("cus_", 14), "object": "customer", "address": null, "balance": 0, "created": work.now,
        "currency": null, "default_source": null, "delinquent": false, "description": params.text("description"),
        "email": params.text("email"), "invoice_prefix": work.ids.mixed("", 8).to_uppercase(),
        "invoice_settings": { "custom_fields": null, "default_payment_method": null, "footer": null, "rendering_options": null },
        "livemode": false, "metadata": params.object("metadata"), "name": params.text("name"),
        "next_invoice_sequence": 1, "phone": params.text("phone"), "preferred_locales": [], "shipping": null,
        "tax_exempt": "none", "test_clock": params.text("test_clock"),
    });
    customer["created"] = json!(params.text("test_clock").map_or(work.now, |clock| {
        work.state.get(clock).and_then(|clock| clock["frozen_time"].as_i64()).unwrap_or(work.now)
    }));
    work.put_and_tell("customer.created", customer.clone());
    Ok(customer)
}

/// Stripe keeps a mark of a deleted customer and cancels its subscriptions at once.
pub(crate) fn delete(work: &mut Work<'_>, id: &str) -> Result<Value, Refusal> {
    let customer = work.find("customer", id, "customer")?;
    if customer["deleted"] == true {
        return Err(Refusal::not_found("customer", id, "customer"));
    }
    for subscription in work.state.ids_of("subscription") {
        let belongs = work.state.get(&subscription).is_some_and(|value| value["customer"] == id);
        if belongs {
            subscriptions::cancel_now(work, &subscription);
        }
    }
    let gone = json!({ "id": id, "object": "customer", "deleted": true });
    work.tell("customer.deleted", &customer, None);
    work.state.put(gone.clone());
    Ok(gone)
}

/// A customer that exists and was not deleted.
pub(crate) fn living(work: &Work<'_>, id: &str) -> Result<Value, Refusal> {
    let customer = work.find("customer", id, "customer")?;
    if customer["deleted"] == true { Err(Refusal::not_found("customer", id, "customer")) } else { Ok(customer) }
}

pub(crate) fn create_configuration(work: &mut Work<'_>, params: &Params) -> Result<Value, Refusal> {
    if params.get("features").is_none() {
        return Err(Refusal::missing("features"));
    }
    let configuration = configuration_value(work, params, false);
    work.put_and_tell("billing_portal.configuration.created", configuration.clone());
    Ok(configuration)
}

fn configuration_value(work: &Work<'_>, params: &Params, is_default: bool) -> Value {
    let on = |feature: &str| params.switch(&format!("features.{feature}.enabled")).unwrap_or(is_default);
    let cancel_mode = params.text("features.subscription_cancel.mode").unwrap_or("at_period_end");
    json!({
        "id": work.ids.mixed("bpc_1Sbx", 20), "object": "billing_portal.configuration", "active": true,
        "application": null,
        "business_profile": {
            "headline": params.text("business_profile.headline"),
            "privacy_policy_url": params.text("business_profile.privacy_policy_url"),
            "terms_of_service_url": params.text("business_profile.terms_of_service_url"),
        },
        "created": work.now, "default_return_url": params.text("default_return_url"),
        "features": {
            "customer_update": { "allowed_updates": [], "enabled": false },
            "invoice_history": { "enabled": on("invoice_history") },
            "payment_method_update": { "enabled": on("payment_method_update"), "payment_method_configuration": null },
            "subscription_cancel": {
                "cancellation_reason": { "enabled": false, "feedback_options": null, "options": [] },
                "enabled": on("subscription_cancel"), "mode": cancel_mode, "proration_behavior": "none",
            },
            "subscription_pause": { "duration": { "interval_options": [], "type": "indefinite" }, "enabled": false },
            "subscription_update": {
                "billing_cycle_anchor": null, "default_allowed_updates": [], "enabled": false, "products": null, "proration_behavior": "none",
                "schedule_at_period_end": { "conditions": [] }, "trial_update_behavior": "end_trial",
            },
        },
        "is_default": is_default, "livemode": false, "login_page": { "enabled": false, "url": null },
        "metadata": params.object("metadata"), "updated": work.now,
    })
}

pub(crate) fn create_portal_session(work: &mut Work<'_>, params: &Params) -> Result<Value, Refusal> {
    let customer = living(work, params.text("customer").ok_or_else(|| Refusal::missing("customer"))?)?;
    let configuration = match params.text("configuration") {
        Some(id) => work.find("billing_portal.configuration", id, "configuration")?,
        None => {
            let default = work
                .state
                .all("billing_portal.configuration")
                .into_iter()
                .find(|value| value["is_default"] == true)
                .cloned();
            default.unwrap_or_else(|| {
                let made = configuration_value(work, &Params::default(), true);
                work.state.put(made.clone());
                made
            })
        }
    };
    let id = work.ids.mixed("bps_1Sbx", 20);
    let url = format!("{}/p/session/{id}", work.base_url);
    let session = json!({
        "id": id, "object": "billing_portal.session", "configuration": configuration["id"], "created": work.now,
        "customer": customer["id"], "customer_account": null, "flow": null, "livemode": false,
        "locale": params.text("locale"), "on_behalf_of": null, "return_url": params.text("return_url"), "url": url,
    });
    work.put_and_tell("billing_portal.session.created", session.clone());
    Ok(session)
}
