//! Checkout sessions: create, expire, and what their lines come to. Paying is in `paying`.

use serde_json::{Value, json};

use super::catalogue::price_value;
use super::customers;
use super::lists::not_a_number;
use super::refusal::Refusal;
use super::state::{SessionPlan, Work};
use crate::form::Params;

const SHORTEST_LIFE: i64 = 30 * 60;
const LONGEST_LIFE: i64 = 24 * 60 * 60;

pub(crate) fn create(work: &mut Work<'_>, params: &Params) -> Result<Value, Refusal> {
    let mode = match params.text("mode") {
        Some(mode @ ("payment" | "subscription")) => mode.to_owned(),
        Some("setup") => return Err(Refusal::invalid("This sandbox does not stand in for mode=setup.").param("mode")),
        Some(other) => return Err(Refusal::invalid(format!("Invalid mode: {other}")).param("mode")),
        None => return Err(Refusal::missing("mode")),
    };
    let customer = params.text("customer").map(|id| customers::living(work, id)).transpose()?;
    if customer.is_some() && params.text("customer_email").is_some() {
        return Err(Refusal::invalid("You may only specify one of these parameters: customer, customer_email."));
    }
    let customer_id = customer.as_ref().map_or(Value::Null, |customer| customer["id"].clone());
    let now = work.now_for(&customer_id);
    let expires_at = expiry(params, now)?;
    let lines = lines(work, params, &mode)?;
    let success_url = url_param(params, "success_url")?.ok_or_else(|| Refusal::missing("success_url"))?;
    let cancel_url = url_param(params, "cancel_url")?;
    let currency = lines.first().map_or(Value::Null, |line| line["currency"].clone());
    let total: i64 = lines.iter().filter_map(|line| line["amount_total"].as_i64()).sum();
    let id = work.ids.mixed("cs_test_sbx", 40);
    let session = json!({
        "id": id, "object": "checkout.session",
        "adaptive_pricing": { "enabled": params.switch("adaptive_pricing.enabled").unwrap_or(true) },
        "after_expiration": null, "allow_promotion_codes": params.switch("allow_promotion_codes"),
        "allowed_payment_method_types": nullable_list(params, "allowed_payment_method_types"),
        "amount_subtotal": total, "amount_total": total,
        "automatic_tax": {
            "enabled": params.switch("automatic_tax.enabled").unwrap_or(false), "liability": null, "provider": null, "status": null,
        },
        "billing_address_collection": params.text("billing_address_collection"), "cancel_url": cancel_url,
        "client_reference_id": params.text("client_reference_id"), "client_secret": null,
        "collected_information": null, "consent": null, "consent_collection": null, "created": now,
        "currency": currency, "currency_conversion": null, "custom_fields": [],
        "custom_text": { "after_submit": null, "shipping_address": null, "submit": null, "terms_of_service_acceptance": null },
        "customer": customer_id, "customer_account": null,
        "customer_creation": if customer.is_some() { Value::Null } else { json!(params.text("customer_creation").unwrap_or("if_required")) },
        "customer_details": customer_details(customer.as_ref(), params), "customer_email": params.text("customer_email"),
        "discounts": [], "excluded_payment_method_types": nullable_list(params, "excluded_payment_method_types"),
        "expires_at": expires_at, "integration_identifier": null, "invoice": null, "invoice_creation": null,
        "livemode": false, "locale": params.text("locale"),
        "managed_payments": { "enabled": params.switch("managed_payments.enabled").unwrap_or(false) },
        "metadata": params.object("metadata"), "mode": mode, "origin_context": null, "payment_intent": null,
        "payment_link": null, "payment_method_collection": if mode == "subscription" { json!("always") } else { json!("if_required") },
        "payment_method_configuration_details": null, "payment_method_options": {},
        "payment_method_types": ["card"], "payment_status": "unpaid", "permissions": null,
        "phone_number_collection": { "enabled": false }, "recovered_from": null, "saved_payment_method_options": null,
        "setup_intent": null, "shipping_address_collection": null, "shipping_cost": null, "shipping_options": [],
        "status": "open", "submit_type": params.text("submit_type"), "subscription": null, "success_url": success_url,
        "total_details": { "amount_discount": 0, "amount_shipping": 0, "amount_tax": 0 },
        "ui_mode": "hosted_page", "url": format!("{}/c/pay/{id}", work.base_url), "wallet_options": null,
    });
    let plan = SessionPlan {
        intent_metadata: params.object("payment_intent_data.metadata"),
        intent_description: params.text("payment_intent_data.description").map(str::to_owned),
        subscription_metadata: params.object("subscription_data.metadata"),
        lines,
        declined: 0,
    };
    work.state.plans.insert(id, plan);
    // Stripe makes no event when a session is created.
    let mut stored = session.clone();
    drop_null_object(&mut stored, "payment_method_configuration_details");
    work.state.put(stored.clone());
    Ok(stored)
}

/// These fields are absent rather than null in the specification.
fn drop_null_object(value: &mut Value, field: &str) {
    if let Some(map) = value.as_object_mut().filter(|map| map.get(field).is_some_and(Value::is_null)) {
        map.remove(field);
    }
}

pub(crate) fn expire(work: &mut Work<'_>, id: &str) -> Result<Value, Refusal> {
    let session = work.find("checkout.session", id, "session")?;
    if session["status"] != "open" {
        let status = session["status"].as_str().unwrap_or_default();
        return Err(Refusal::invalid(format!(
            "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of `{status}`."
        )));
    }
    work.change(id, &json!({ "status": "expired", "url": null }), Some("checkout.session.expired"))
        .ok_or_else(|| Refusal::not_found("checkout.session", id, "session"))
}

/// Ends the sessions whose time is over.
pub(crate) fn expire_due(work: &mut Work<'_>) {
    for id in work.state.ids_of("checkout.session") {
        let due = work.state.get(&id).is_some_and(|session| {
            session["status"] == "open"
                && session["expires_at"].as_i64().is_some_and(|at| at <= work.now_for(&session["customer"]))
        });
        if due {
            work.change(&id, &json!({ "status": "expired", "url": null }), Some("checkout.session.expired"));
        }
    }
}

fn expiry(params: &Params, now: i64) -> Result<i64, Refusal> {
    let Some(at) = params.number("expires_at").map_err(|text| not_a_number("expires_at", &text))? else {
        return Ok(now + LONGEST_LIFE);
    };
    // A minute of grace on both sides, for clocks that differ and requests that take their time.
    if at < now + SHORTEST_LIFE - 60 {
        let text = "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.";
        return Err(Refusal::invalid(text).param("expires_at"));
    }
    if at > now + LONGEST_LIFE + 60 {
        let text = "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.";
        return Err(Refusal::invalid(text).param("expires_at"));
    }
    Ok(at)
}

fn url_param(params: &Params, name: &str) -> Result<Option<String>, Refusal> {
    let Some(text) = params.text(name) else { return Ok(None) };
    // The placeholder is not a URL character, so it is taken out for the check only.
    let probe = text.replace("{CHECKOUT_SESSION_ID}", "cs");
    match url::Url::parse(&probe) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Some(text.to_owned())),
        _ => Err(Refusal::invalid("Not a valid URL").code("url_invalid").param(name)),
    }
}

fn nullable_list(params: &Params, name: &str) -> Value {
    let list = params.list(name);
    if list.is_empty() { Value::Null } else { Value::Array(list) }
}

fn customer_details(customer: Option<&Value>, params: &Params) -> Value {
    let email = customer.map_or_else(|| json!(params.text("customer_email")), |customer| customer["email"].clone());
    if email.is_null() {
        return Value::Null;
    }
    let name = customer.map_or(Value::Null, |customer| customer["name"].clone());
    json!({
        "address": null, "business_name": null, "email": email, "individual_name": null, "name": name, "phone": null,
        "tax_exempt": "none", "tax_ids": null,
    })
}

fn lines(work: &mut Work<'_>, params: &Params, mode: &str) -> Result<Vec<Value>, Refusal> {
    let given = params.list("line_items");
    if given.is_empty() {
        return Err(Refusal::missing("line_items"));
    }
    let mut lines = Vec::with_capacity(given.len());
    for index in 0..given.len() {
        let at = |rest: &str| format!("line_items.{index}.{rest}");
        let shown = |rest: &str| format!("line_items[{index}][{rest}]");
        let price = match params.text(&at("price")) {
            Some(id) => work.find("price", id, &shown("price"))?,
            None => price_of_data(work, params, index)?,
        };
        if price["active"] != true {
            return Err(Refusal::invalid("The price specified is inactive.").param(&shown("price")));
        }
        let quantity = params.number(&at("quantity")).map_err(|text| not_a_number(&shown("quantity"), &text))?;
        let quantity = quantity.filter(|quantity| (1..=999_999).contains(quantity));
        let quantity = quantity.ok_or_else(|| Refusal::missing(&shown("quantity")))?;
        let recurring = price["type"] == "recurring";
        if recurring && mode == "payment" {
            let text = "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.";
            return Err(Refusal::invalid(text).param("line_items"));
        }
        let amount = price["unit_amount"].as_i64().unwrap_or(0).checked_mul(quantity).ok_or_else(|| {
            Refusal::invalid("The total amount is too large.").code("amount_too_large").param(&shown("quantity"))
        })?;
        let name = price["product"]
            .as_str()
            .and_then(|id| work.state.get(id))
            .map_or(Value::Null, |product| product["name"].clone());
        lines.push(json!({
            "id": work.ids.mixed("li_1Sbx", 20), "object": "item", "adjustable_quantity": null, "amount_discount": 0,
            "amount_subtotal": amount, "amount_tax": 0, "amount_total": amount, "currency": price["currency"],
            "description": name, "metadata": {}, "price": price, "quantity": quantity,
        }));
    }
    let currency = lines[0]["currency"].clone();
    if lines.iter().any(|line| line["currency"] != currency) {
        return Err(Refusal::invalid("All line items must have the same currency.").param("line_items"));
    }
    if mode == "subscription" && lines.iter().all(|line| line["price"]["type"] != "recurring") {
        let text = "You must provide at least one recurring price in `subscription` mode when using prices.";
        return Err(Refusal::invalid(text).param("line_items"));
    }
    Ok(lines)
}

fn price_of_data(work: &mut Work<'_>, params: &Params, index: usize) -> Result<Value, Refusal> {
    let at = |rest: &str| format!("line_items.{index}.price_data.{rest}");
    let shown = |rest: &str| format!("line_items[{index}][price_data][{rest}]");
    let currency =
        params.text(&at("currency")).ok_or_else(|| Refusal::missing(&format!("line_items[{index}][price]")))?;
    let amount = params.number(&at("unit_amount")).map_err(|text| not_a_number(&shown("unit_amount"), &text))?;
    let amount = amount.filter(|amount| *amount >= 0).ok_or_else(|| Refusal::missing(&shown("unit_amount")))?;
    let name = params.text(&at("product_data.name")).ok_or_else(|| Refusal::missing(&shown("product_data")))?;
    let product_id = work.ids.mixed("prod_", 14);
    let recurring = params.text(&at("recurring.interval")).map_or(Value::Null, |interval| {
        json!({ "interval": interval, "interval_count": 1, "meter": null, "trial_period_days": null, "usage_type": "licensed" })
    });
    work.state.put(json!({
        "id": product_id, "object": "product", "active": true, "created": work.now, "default_price": null,
        "description": null, "images": [], "livemode": false, "marketing_features": [], "metadata": {}, "name": name,
        "package_dimensions": null, "shippable": null, "statement_descriptor": null, "tax_code": null,
        "type": "service", "unit_label": null, "updated": work.now, "url": null,
    }));
    let id = work.ids.mixed("price_1Sbx", 20);
    let price = price_value(
        &id,
        work.now,
        &json!(product_id),
        &currency.to_lowercase(),
        amount,
        recurring,
        json!({}),
        Value::Null,
    );
    work.state.put(price.clone());
    Ok(price)
}
