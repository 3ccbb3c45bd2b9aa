//! What happens when somebody pays, is declined, pays by a slow method, or needs to pay nothing.

use serde_json::{Value, json};

use super::invoices;
use super::refusal::Refusal;
use super::state::Work;
use super::subscriptions;

/// Takes the whole price away.
pub(crate) const FREE_CODE: &str = "SANDBOX100";

/// How the person pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayBy {
    /// A card that works.
    Card,
    /// A card that is declined.
    DeclinedCard,
    /// A method that is only certain days later: the session completes unpaid.
    SlowMethod,
}

/// Why a page could not be used.
pub(crate) fn open_session(work: &Work<'_>, id: &str) -> Result<Value, Refusal> {
    let session = work.find("checkout.session", id, "session")?;
    if session["status"] == "open" {
        return Ok(session);
    }
    Err(Refusal::invalid("This checkout session is no longer open."))
}

/// Applies the promotion code on an open session that allows codes.
pub(crate) fn apply_free_code(work: &mut Work<'_>, id: &str) -> Result<(), Refusal> {
    let session = open_session(work, id)?;
    if session["allow_promotion_codes"] != true {
        return Err(Refusal::invalid("This session takes no promotion codes."));
    }
    let subtotal = session["amount_subtotal"].clone();
    let patch = json!({
        "amount_total": 0,
        "total_details": { "amount_discount": subtotal, "amount_shipping": 0, "amount_tax": 0 },
        "discounts": [{ "coupon": null, "promotion_code": "promo_sandbox100" }],
    });
    work.change(id, &patch, None);
    if let Some(plan) = work.state.plans.get_mut(id) {
        for line in &mut plan.lines {
            line["amount_discount"] = line["amount_subtotal"].clone();
            line["amount_total"] = json!(0);
        }
    }
    Ok(())
}

/// Completes an open session, or notes that the card was declined. The answer is the session afterwards.
pub(crate) fn pay(work: &mut Work<'_>, id: &str, by: PayBy) -> Result<Value, Refusal> {
    let session = open_session(work, id)?;
    let total = session["amount_total"].as_i64().unwrap_or(0);
    if total > 0 && by == PayBy::DeclinedCard {
        return decline(work, &session);
    }
    let session = with_customer(work, session);
    match (session["mode"].as_str(), total) {
        (Some("subscription"), _) => subscribe(work, &session, by),
        (_, 0) => complete(work, &session, json!({ "payment_status": "no_payment_required" })),
        _ => {
            let intent = match by {
                PayBy::SlowMethod => intent_for(work, &session, "processing"),
                _ => intent_for(work, &session, "succeeded"),
            };
            let paid = if by == PayBy::SlowMethod { "unpaid" } else { "paid" };
            complete(work, &session, json!({ "payment_intent": intent["id"], "payment_status": paid }))
        }
    }
}

/// Brings a session that was paid by a slow method to its end, days later.
pub(crate) fn settle(work: &mut Work<'_>, id: &str, succeeded: bool) -> Result<Value, Refusal> {
    let session = work.find("checkout.session", id, "session")?;
    if session["status"] != "complete" || session["payment_status"] != "unpaid" {
        return Err(Refusal::invalid("This session does not wait for a slow payment."));
    }
    let intent = session["payment_intent"].as_str().unwrap_or_default().to_owned();
    if succeeded {
        charge_intent(work, &intent);
        let patch = json!({ "payment_status": "paid" });
        work.change(id, &patch, Some("checkout.session.async_payment_succeeded"));
    } else {
        let patch = json!({ "status": "requires_payment_method", "last_payment_error": card_error() });
        work.change(&intent, &patch, Some("payment_intent.payment_failed"));
        work.tell("checkout.session.async_payment_failed", &session, None);
    }
    work.find("checkout.session", id, "session")
}

fn complete(work: &mut Work<'_>, session: &Value, mut patch: Value) -> Result<Value, Refusal> {
    patch["status"] = json!("complete");
    patch["url"] = Value::Null;
    let id = session["id"].as_str().unwrap_or_default();
    let completed =
        work.change(id, &patch, None).ok_or_else(|| Refusal::not_found("checkout.session", id, "session"))?;
    work.tell("checkout.session.completed", &completed, None);
    Ok(completed)
}

fn decline(work: &mut Work<'_>, session: &Value) -> Result<Value, Refusal> {
    let id = session["id"].as_str().unwrap_or_default();
    let intent = intent_for(work, session, "requires_payment_method");
    let charge = charge_value(work, &intent, false);
    work.put_and_tell("charge.failed", charge.clone());
    let patch = json!({ "last_payment_error": card_error(), "latest_charge": charge["id"] });
    work.change(intent["id"].as_str().unwrap_or_default(), &patch, Some("payment_intent.payment_failed"));
    if let Some(plan) = work.state.plans.get_mut(id) {
        plan.declined += 1;
    }
    work.find("checkout.session", id, "session")
}

pub(crate) fn card_error() -> Value {
    json!({
        "type": "card_error", "code": "card_declined", "decline_code": "generic_decline",
        "message": "Your card was declined.", "doc_url": "https://docs.stripe.com/error-codes#card-declined",
    })
}

/// A subscription needs a customer; a payment gets one when the session asked for it.
fn with_customer(work: &mut Work<'_>, session: Value) -> Value {
    let wanted = session["mode"] == "subscription" || session["customer_creation"] == "always";
    let id = session["id"].as_str().unwrap_or_default();
    let mut patch = json!({});
    if session["customer"].is_null() && wanted {
        let email = session["customer_email"].as_str().unwrap_or("someone@example.com");
        let body = crate::form::query(&[("email", email)]);
        let params = crate::form::Params::read(body.as_bytes()).unwrap_or_default();
        if let Ok(customer) = super::customers::create(work, &params) {
            patch["customer"] = customer["id"].clone();
        }
    }
    if session["customer_details"].is_null() {
        let email = session["customer_email"].as_str().unwrap_or("someone@example.com");
        patch["customer_details"] = json!({
            "address": null, "business_name": null, "email": email, "individual_name": null, "name": null,
            "phone": null, "tax_exempt": "none", "tax_ids": null,
        });
    }
    work.change(id, &patch, None).unwrap_or(session)
}

fn subscribe(work: &mut Work<'_>, session: &Value, by: PayBy) -> Result<Value, Refusal> {
    let id = session["id"].as_str().unwrap_or_default();
    if by == PayBy::SlowMethod {
        return Err(Refusal::invalid("This sandbox pays subscriptions by card only."));
    }
    let plan = work.state.plans.get(id).cloned().unwrap_or_default();
    let subscription = subscriptions::start(work, session, &plan);
    let invoice = invoices::first(work, session, &subscription, &plan.lines);
    let subscription_id = subscription["id"].as_str().unwrap_or_default().to_owned();
    let patch = json!({ "latest_invoice": invoice["id"] });
    if let Some(current) = work.change(&subscription_id, &patch, None) {
        work.tell("customer.subscription.created", &current, None);
    }
    let status = if session["amount_total"] == 0 { "no_payment_required" } else { "paid" };
    let patch = json!({ "subscription": subscription_id, "invoice": invoice["id"], "payment_status": status });
    complete(work, session, patch)
}

fn intent_for(work: &mut Work<'_>, session: &Value, status: &str) -> Value {
    let plan = work.state.plans.get(session["id"].as_str().unwrap_or_default()).cloned().unwrap_or_default();
    let email = session["customer_details"]["email"].clone();
    let intent = intent_value(
        work,
        &session["customer"],
        session["amount_total"].as_i64().unwrap_or(0),
        &session["currency"],
        Value::Object(plan.intent_metadata),
        json!(plan.intent_description),
        status,
        email,
    );
    work.put_and_tell("payment_intent.created", intent.clone());
    match status {
        "succeeded" => {
            charge_intent(work, intent["id"].as_str().unwrap_or_default());
        }
        "processing" => work.tell("payment_intent.processing", &intent, None),
        _ => {}
    }
    work.state.get(intent["id"].as_str().unwrap_or_default()).cloned().unwrap_or(intent)
}

#[expect(clippy::too_many_arguments, reason = "one argument for each field that differs; two callers")]
pub(crate) fn intent_value(
    work: &Work<'_>,
    customer: &Value,
    amount: i64,
    currency: &Value,
    metadata: Value,
    description: Value,
    status: &str,
    receipt_email: Value,
) -> Value {
    let id = work.ids.mixed("pi_3Sbx", 20);
    json!({
        "id": id, "object": "payment_intent", "amount": amount, "amount_capturable": 0, "amount_received": 0,
        "application": null, "automatic_payment_methods": null, "canceled_at": null, "cancellation_reason": null,
        "capture_method": "automatic_async", "client_secret": format!("{id}_secret_{}", work.ids.mixed("", 24)),
        "confirmation_method": "automatic", "created": work.now_for(customer), "currency": currency,
        "customer": customer, "customer_account": null, "description": description, "last_payment_error": null,
        "latest_charge": null, "livemode": false, "metadata": metadata, "next_action": null, "on_behalf_of": null,
        "payment_method": work.ids.mixed("pm_1Sbx", 20), "payment_method_options": {}, "payment_method_types": ["card"],
        "processing": null, "receipt_email": receipt_email, "review": null, "setup_future_usage": null,
        "shipping": null, "source": null, "statement_descriptor": null, "statement_descriptor_suffix": null,
        "status": status, "transfer_data": null, "transfer_group": null,
    })
}

/// Charges an intent with success.
pub(crate) fn charge_intent(work: &mut Work<'_>, intent_id: &str) -> Value {
    let Some(intent) = work.state.get(intent_id).cloned() else { return Value::Null };
    let charge = charge_value(work, &intent, true);
    work.put_and_tell("charge.succeeded", charge.clone());
    let patch = json!({ "status": "succeeded", "amount_received": intent["amount"], "latest_charge": charge["id"], "last_payment_error": null });
    if let Some(done) = work.change(intent_id, &patch, None) {
        work.tell("payment_intent.succeeded", &done, None);
    }
    charge
}

pub(crate) fn charge_value(work: &mut Work<'_>, intent: &Value, succeeded: bool) -> Value {
    let id = work.ids.mixed("ch_3Sbx", 20);
    let amount = intent["amount"].as_i64().unwrap_or(0);
    let created = work.now_for(&intent["customer"]);
    let transaction = if succeeded {
        balance_transaction(work, &id, amount, &intent["currency"], "charge", created)
    } else {
        Value::Null
    };
    let declined = if succeeded { Value::Null } else { json!("generic_decline") };
    json!({
        "id": id, "object": "charge", "amount": amount, "amount_captured": if succeeded { amount } else { 0 },
        "amount_refunded": 0, "application": null, "application_fee": null, "application_fee_amount": null,
        "balance_transaction": transaction,
        "billing_details": { "address": null, "email": intent["receipt_email"], "name": null, "phone": null, "tax_id": null },
        "calculated_statement_descriptor": "SANDBOX", "captured": succeeded, "created": created,
        "currency": intent["currency"], "customer": intent["customer"], "description": intent["description"],
        "disputed": false, "failure_balance_transaction": null,
        "failure_code": if succeeded { Value::Null } else { json!("card_declined") },
        "failure_message": if succeeded { Value::Null } else { json!("Your card was declined.") },
        "fraud_details": {}, "livemode": false, "metadata": intent["metadata"], "on_behalf_of": null,
        "outcome": {
            "advice_code": null, "network_advice_code": null, "network_decline_code": null,
            "network_status": if succeeded { "approved_by_network" } else { "declined_by_network" },
            "reason": declined, "risk_level": "normal", "risk_score": 5,
            "seller_message": if succeeded { "Payment complete." } else { "The bank declined the payment." },
            "type": if succeeded { "authorized" } else { "issuer_declined" },
        },
        "paid": succeeded, "payment_intent": intent["id"], "payment_method": intent["payment_method"],
        "payment_method_details": { "type": "card", "card": { "brand": "visa", "country": "US", "exp_month": 12, "exp_year": 2034, "last4": "4242" } },
        "receipt_email": null, "receipt_number": null, "receipt_url": null, "refunded": false, "review": null,
        "shipping": null, "source": null, "source_transfer": null, "statement_descriptor": null,
        "statement_descriptor_suffix": null, "status": if succeeded { "succeeded" } else { "failed" },
        "transfer_data": null, "transfer_group": null,
    })
}

/// Stores a balance transaction and answers its id.
pub(crate) fn balance_transaction(
    work: &mut Work<'_>,
    source: &str,
    amount: i64,
    currency: &Value,
    kind: &str,
    created: i64,
) -> Value {
    let id = work.ids.mixed("txn_3Sbx", 20);
    work.state.put(json!({
        "id": id, "object": "balance_transaction", "amount": amount, "available_on": created, "balance_type": "payments",
        "created": created, "currency": currency, "description": null, "exchange_rate": null, "fee": 0,
        "fee_details": [], "net": amount, "reporting_category": kind, "source": source, "status": "available", "type": kind,
    }));
    json!(id)
}
