//! Invoices of subscriptions and the payments on them.

use serde_json::{Value, json};

use super::paying::{card_error, charge_intent, intent_value};
use super::state::Work;

/// Days after the first failure on which the charge is tried again; after the last one the subscription ends.
const TRIES_AFTER_DAYS: [i64; 3] = [3, 8, 15];
const DAY: i64 = 86_400;

/// The invoice of a checkout, paid at once.
pub(crate) fn first(work: &mut Work<'_>, session: &Value, subscription: &Value, lines: &[Value]) -> Value {
    let total = session["amount_total"].as_i64().unwrap_or(0);
    let subtotal = session["amount_subtotal"].as_i64().unwrap_or(total);
    let drafts = lines
        .iter()
        .map(|line| Draft {
            price: line["price"].clone(),
            quantity: line["quantity"].as_i64().unwrap_or(1),
            amount: line["amount_total"].as_i64().unwrap_or(0),
            description: line["description"].clone(),
        })
        .collect::<Vec<_>>();
    let invoice = open(work, subscription, "subscription_create", &drafts, subtotal, total);
    pay(work, &invoice)
}

/// The invoice of a new period; not yet paid.
pub(crate) fn renewal(work: &mut Work<'_>, subscription: &Value) -> Value {
    let drafts: Vec<Draft> = subscription["items"]["data"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|item| {
            let quantity = item["quantity"].as_i64().unwrap_or(1);
            let amount = item["price"]["unit_amount"].as_i64().unwrap_or(0).saturating_mul(quantity);
            Draft { price: item["price"].clone(), quantity, amount, description: json!("Subscription renewal") }
        })
        .collect();
    let total = drafts.iter().map(|draft| draft.amount).sum();
    open(work, subscription, "subscription_cycle", &drafts, total, total)
}

struct Draft {
    price: Value,
    quantity: i64,
    amount: i64,
    description: Value,
}

fn open(work: &mut Work<'_>, subscription: &Value, reason: &str, drafts: &[Draft], subtotal: i64, total: i64) -> Value {
    let id = work.ids.mixed("in_1Sbx", 20);
    let customer = &subscription["customer"];
    let created = work.now_for(customer);
    let item = &subscription["items"]["data"][0];
    let (start, end) = (item["current_period_start"].clone(), item["current_period_end"].clone());
    let lines: Vec<Value> = drafts
        .iter()
        .map(|draft| {
            json!({
                "id": work.ids.mixed("il_1Sbx", 20), "object": "line_item", "amount": draft.amount,
                "currency": subscription["currency"], "description": draft.description, "discount_amounts": [],
                "discountable": true, "discounts": [], "invoice": id, "livemode": false, "metadata": subscription["metadata"],
                "parent": {
                    "invoice_item_details": null,
                    "subscription_item_details": {
                        "invoice_item": null, "proration": false, "proration_details": { "credited_items": null },
                        "subscription": subscription["id"], "subscription_item": item["id"],
                    },
                    "type": "subscription_item_details",
                },
                "period": { "start": start, "end": end }, "pretax_credit_amounts": [],
                "pricing": {
                    "price_details": { "price": draft.price["id"], "product": draft.price["product"] },
                    "type": "price_details", "unit_amount_decimal": draft.price["unit_amount_decimal"],
                },
                "quantity": draft.quantity, "subtotal": draft.amount, "taxes": [],
            })
        })
        .collect();
    let email =
        customer.as_str().and_then(|id| work.state.get(id)).map_or(Value::Null, |customer| customer["email"].clone());
    let invoice = json!({
        "id": id, "object": "invoice", "account_country": "US", "account_name": "Sandbox", "account_tax_ids": null,
        "amount_due": total, "amount_overpaid": 0, "amount_paid": 0, "amount_remaining": total, "amount_shipping": 0,
        "application": null, "attempt_count": 0, "attempted": false, "auto_advance": true,
        "automatic_tax": { "disabled_reason": null, "enabled": false, "liability": null, "provider": null, "status": null },
        "automatically_finalizes_at": null, "billing_reason": reason, "collection_method": "charge_automatically",
        "created": created, "currency": subscription["currency"], "custom_fields": null, "customer": customer,
        "customer_account": null, "customer_address": null, "customer_email": email, "customer_name": null,
        "customer_phone": null, "customer_shipping": null, "customer_tax_exempt": "none", "customer_tax_ids": [],
        "default_payment_method": null, "default_source": null, "default_tax_rates": [], "description": null,
        "discounts": [], "due_date": null, "effective_at": created, "ending_balance": 0, "footer": null,
        "from_invoice": null, "hosted_invoice_url": format!("{}/i/{id}", work.base_url), "invoice_pdf": null,
        "issuer": { "type": "self" }, "last_finalization_error": null, "latest_revision": null,
        "lines": { "object": "list", "data": lines, "has_more": false, "url": format!("/v1/invoices/{id}/lines") },
        "livemode": false, "metadata": {}, "next_payment_attempt": null, "number": format!("SANDBOX-{}", work.ids.number() % 1_000_000),
        "on_behalf_of": null,
        "parent": {
            "quote_details": null,
            "subscription_details": { "metadata": subscription["metadata"], "subscription": subscription["id"] },
            "type": "subscription_details",
        },
        "payment_settings": { "default_mandate": null, "payment_method_options": {}, "payment_method_types": null },
        "period_end": end, "period_start": start, "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0, "receipt_number": null, "rendering": null, "shipping_cost": null,
        "shipping_details": null, "starting_balance": 0, "statement_descriptor": null, "status": "open",
        "status_transitions": { "finalized_at": created, "marked_uncollectible_at": null, "paid_at": null, "voided_at": null },
        "subtotal": subtotal, "subtotal_excluding_tax": subtotal, "test_clock": subscription["test_clock"],
        "total": total, "total_discount_amounts": [], "total_excluding_tax": total, "total_pretax_credit_amounts": [],
        "total_taxes": [], "webhooks_delivered_at": null,
    });
    work.put_and_tell("invoice.created", invoice.clone());
    work.tell("invoice.finalized", &invoice, None);
    invoice
}

/// Charges an open invoice with success. The answer is the invoice afterwards.
pub(crate) fn pay(work: &mut Work<'_>, invoice: &Value) -> Value {
    let id = invoice["id"].as_str().unwrap_or_default();
    let total = invoice["total"].as_i64().unwrap_or(0);
    let now = work.now_for(&invoice["customer"]);
    if total > 0 {
        let intent = intent_value(
            work,
            &invoice["customer"],
            total,
            &invoice["currency"],
            json!({}),
            json!("Subscription"),
            "requires_confirmation",
            invoice["customer_email"].clone(),
        );
        let intent_id = intent["id"].as_str().unwrap_or_default().to_owned();
        work.put_and_tell("payment_intent.created", intent);
        charge_intent(work, &intent_id);
        let payment = json!({
            "id": work.ids.mixed("inpay_1Sbx", 20), "object": "invoice_payment", "amount_paid": total, "amount_requested": total,
            "created": now, "currency": invoice["currency"], "invoice": id, "is_default": true, "livemode": false,
            "payment": { "payment_intent": intent_id, "type": "payment_intent" }, "status": "paid",
            "status_transitions": { "canceled_at": null, "paid_at": now },
        });
        work.put_and_tell("invoice_payment.paid", payment);
    }
    work.state.dunning.remove(id);
    let attempts = invoice["attempt_count"].as_i64().unwrap_or(0) + i64::from(total > 0);
    let patch = json!({
        "status": "paid", "amount_paid": total, "amount_remaining": 0, "attempted": true, "attempt_count": attempts,
        "next_payment_attempt": null,
        "status_transitions": { "finalized_at": invoice["created"], "marked_uncollectible_at": null, "paid_at": now, "voided_at": null },
    });
    let paid = work.change(id, &patch, None).unwrap_or(Value::Null);
    work.tell("invoice.paid", &paid, None);
    work.tell("invoice.payment_succeeded", &paid, None);
    paid
}

/// Notes a failed charge of an open invoice. Answers whether another attempt will follow.
pub(crate) fn fail(work: &mut Work<'_>, invoice: &Value) -> bool {
    let id = invoice["id"].as_str().unwrap_or_default().to_owned();
    let made = work.state.dunning.get(&id).map_or(0, |(made, _)| *made) + 1;
    let start = invoice["created"].as_i64().unwrap_or(work.now);
    let next = TRIES_AFTER_DAYS.get(made as usize - 1).map(|days| start + days * DAY);
    match next {
        Some(at) => work.state.dunning.insert(id.clone(), (made, at)),
        None => work.state.dunning.remove(&id),
    };
    let mut intent = intent_value(
        work,
        &invoice["customer"],
        invoice["total"].as_i64().unwrap_or(0),
        &invoice["currency"],
        json!({}),
        json!("Subscription"),
        "requires_payment_method",
        invoice["customer_email"].clone(),
    );
    intent["last_payment_error"] = card_error();
    work.put_and_tell("payment_intent.payment_failed", intent);
    let patch = json!({ "attempted": true, "attempt_count": made, "next_payment_attempt": next });
    if let Some(failed) = work.change(&id, &patch, None) {
        work.tell("invoice.payment_failed", &failed, None);
    }
    next.is_some()
}
