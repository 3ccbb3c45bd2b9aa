//! Subscriptions: start, change, renew when their time comes, end; and the test clocks that move time for some of them.

use serde_json::{Value, json};
use time::{Date, Month, OffsetDateTime};

use super::invoices;
use super::lists::not_a_number;
use super::refusal::Refusal;
use super::state::{SessionPlan, Work};
use crate::form::Params;

/// No subscription renews more often than this in one step, however far a clock was moved.
const MOST_RENEWALS: usize = 60;

pub(crate) fn start(work: &mut Work<'_>, session: &Value, plan: &SessionPlan) -> Value {
    let id = work.ids.mixed("sub_1Sbx", 20);
    let customer = session["customer"].clone();
    let now = work.now_for(&customer);
    let recurring: Vec<&Value> = plan.lines.iter().filter(|line| line["price"]["type"] == "recurring").collect();
    let items: Vec<Value> = recurring.iter().map(|line| item(work, &id, line, now)).collect();
    let clock = customer
        .as_str()
        .and_then(|id| work.state.get(id))
        .map_or(Value::Null, |customer| customer["test_clock"].clone());
    let subscription = json!({
        "id": id, "object": "subscription", "application": null, "application_fee_percent": null,
        "automatic_tax": { "disabled_reason": null, "enabled": false, "liability": null },
        "billing_cycle_anchor": now, "billing_cycle_anchor_config": null,
        "billing_mode": { "flexible": null, "type": "classic", "updated_at": null }, "billing_schedules": [],
        "billing_thresholds": null, "cancel_at": null, "cancel_at_period_end": false, "canceled_at": null,
        "cancellation_details": { "comment": null, "feedback": null, "reason": null },
        "collection_method": "charge_automatically", "created": now, "currency": session["currency"],
        "customer": customer, "customer_account": null, "days_until_due": null, "default_payment_method": null,
        "default_source": null, "default_tax_rates": [], "description": null, "discounts": [], "ended_at": null,
        "invoice_settings": { "account_tax_ids": null, "issuer": { "type": "self" } },
        "items": { "object": "list", "data": items, "has_more": false, "url": format!("/v1/subscription_items?subscription={id}") },
        "latest_invoice": null, "livemode": false, "metadata": plan.subscription_metadata,
        "next_pending_invoice_item_invoice": null, "on_behalf_of": null, "pause_collection": null,
        "payment_settings": { "payment_method_options": null, "payment_method_types": null, "save_default_payment_method": "off" },
        "pending_invoice_item_interval": null, "pending_setup_intent": null, "pending_update": null, "schedule": null,
        "start_date": now, "status": "active", "test_clock": clock, "transfer_data": null, "trial_end": null,
        "trial_settings": { "end_behavior": { "missing_payment_method": "create_invoice" } }, "trial_start": null,
    });
    let mut subscription = subscription;
    if subscription["payment_settings"]["payment_method_options"].is_null() {
        subscription["payment_settings"]["payment_method_options"] = json!({});
    }
    work.state.put(subscription.clone());
    subscription
}

fn item(work: &Work<'_>, subscription: &str, line: &Value, now: i64) -> Value {
    let price = &line["price"];
    let interval = price["recurring"]["interval"].as_str().unwrap_or("month");
    let count = price["recurring"]["interval_count"].as_i64().unwrap_or(1);
    json!({
        "id": work.ids.mixed("si_", 14), "object": "subscription_item", "billing_thresholds": null, "created": now,
        "current_period_end": after_intervals(now, interval, count), "current_period_start": now, "discounts": [],
        "metadata": {}, "plan": {
            "id": price["id"], "object": "plan", "active": true, "amount": price["unit_amount"],
            "currency": price["currency"], "interval": interval, "interval_count": count, "product": price["product"],
        },
        "price": price, "quantity": line["quantity"], "subscription": subscription, "tax_rates": [],
    })
}

pub(crate) fn update(work: &mut Work<'_>, id: &str, params: &Params) -> Result<Value, Refusal> {
    let subscription = work.find("subscription", id, "id")?;
    if matches!(subscription["status"].as_str(), Some("canceled" | "incomplete_expired")) {
        let text = "A canceled subscription can only update its cancellation_details and metadata.";
        return Err(Refusal::invalid(text));
    }
    let mut patch = json!({});
    if let Some(at_end) = params.switch("cancel_at_period_end") {
        let now = work.now_for(&subscription["customer"]);
        let end = subscription["items"]["data"][0]["current_period_end"].clone();
        patch["cancel_at_period_end"] = json!(at_end);
        patch["cancel_at"] = if at_end { end } else { Value::Null };
        patch["canceled_at"] = if at_end { json!(now) } else { Value::Null };
        let reason = if at_end { json!("cancellation_requested") } else { Value::Null };
        patch["cancellation_details"] = json!({ "comment": null, "feedback": null, "reason": reason });
    }
    if params.get("metadata").is_some() {
        let mut metadata = subscription["metadata"].clone();
        crate::gate::merge(&mut metadata, &Value::Object(params.object("metadata")));
        patch["metadata"] = metadata;
    }
    match (params.get("pause_collection"), params.text("pause_collection.behavior")) {
        (Some(_), Some(behavior)) => patch["pause_collection"] = json!({ "behavior": behavior, "resumes_at": null }),
        (Some(_), None) => patch["pause_collection"] = Value::Null,
        (None, _) => {}
    }
    work.change(id, &patch, Some("customer.subscription.updated"))
        .ok_or_else(|| Refusal::not_found("subscription", id, "id"))
}

pub(crate) fn delete(work: &mut Work<'_>, id: &str) -> Result<Value, Refusal> {
    let subscription = work.find("subscription", id, "id")?;
    if subscription["status"] == "canceled" {
        return Err(Refusal::not_found("subscription", id, "id"));
    }
    Ok(cancel_now(work, id))
}

pub(crate) fn cancel_now(work: &mut Work<'_>, id: &str) -> Value {
    let Some(subscription) = work.state.get(id).cloned() else { return Value::Null };
    if subscription["status"] == "canceled" {
        return subscription;
    }
    let now = work.now_for(&subscription["customer"]);
    let canceled_at =
        if subscription["canceled_at"].is_null() { json!(now) } else { subscription["canceled_at"].clone() };
    let patch = json!({ "status": "canceled", "canceled_at": canceled_at, "ended_at": now });
    let ended = work.change(id, &patch, None).unwrap_or(Value::Null);
    work.tell("customer.subscription.deleted", &ended, None);
    ended
}

/// Renews, retries and ends what is due.
pub(crate) fn advance(work: &mut Work<'_>) {
    retry_due_invoices(work);
    for id in work.state.ids_of("subscription") {
        for _ in 0..MOST_RENEWALS {
            if !renew_if_due(work, &id) {
                break;
            }
        }
    }
}

fn renew_if_due(work: &mut Work<'_>, id: &str) -> bool {
    let Some(subscription) = work.state.get(id).cloned() else { return false };
    let live = matches!(subscription["status"].as_str(), Some("active" | "trialing" | "past_due"));
    let now = work.now_for(&subscription["customer"]);
    let end = subscription["items"]["data"][0]["current_period_end"].as_i64().unwrap_or(i64::MAX);
    if !live || now < end {
        return false;
    }
    if subscription["cancel_at_period_end"] == true {
        cancel_now(work, id);
        return false;
    }
    let mut next = subscription.clone();
    let anchor = subscription["billing_cycle_anchor"].as_i64().unwrap_or(end);
    for item in next["items"]["data"].as_array_mut().into_iter().flatten() {
        let interval = item["price"]["recurring"]["interval"].as_str().unwrap_or("month").to_owned();
        let count = item["price"]["recurring"]["interval_count"].as_i64().unwrap_or(1);
        item["current_period_start"] = json!(end);
        item["current_period_end"] = json!(next_after(anchor, end, &interval, count));
    }
    let patch = json!({ "items": next["items"] });
    let Some(current) = work.change(id, &patch, None) else { return false };
    let invoice = invoices::renewal(work, &current);
    let patch = json!({ "latest_invoice": invoice["id"] });
    work.change(id, &patch, Some("customer.subscription.updated"));
    charge_renewal(work, id, &invoice);
    true
}

/// Charges an open invoice of a subscription by the customer's card, good or bad.
fn charge_renewal(work: &mut Work<'_>, id: &str, invoice: &Value) {
    let customer = invoice["customer"].as_str().unwrap_or_default();
    if work.state.failing_cards.contains(customer) {
        let again = invoices::fail(work, invoice);
        let status = if again { "past_due" } else { "canceled" };
        if again {
            let unchanged = work.state.get(id).is_some_and(|subscription| subscription["status"] == status);
            if !unchanged {
                work.change(id, &json!({ "status": status }), Some("customer.subscription.updated"));
            }
        } else {
            cancel_now(work, id);
        }
        return;
    }
    invoices::pay(work, invoice);
    if work.state.get(id).is_some_and(|subscription| subscription["status"] != "active") {
        work.change(id, &json!({ "status": "active" }), Some("customer.subscription.updated"));
    }
}

fn retry_due_invoices(work: &mut Work<'_>) {
    let mut due: Vec<String> = work.state.dunning.keys().cloned().collect();
    due.sort_unstable();
    for id in due {
        let Some(invoice) = work.state.get(&id).cloned() else { continue };
        let now = work.now_for(&invoice["customer"]);
        while work.state.dunning.get(&id).is_some_and(|(_, at)| *at <= now) {
            let subscription =
                invoice["parent"]["subscription_details"]["subscription"].as_str().unwrap_or_default().to_owned();
            charge_renewal(work, &subscription, &invoice);
        }
    }
}

/// Pays what is open after the customer gave a card that works.
pub(crate) fn card_replaced(work: &mut Work<'_>, customer: &str, works: bool) {
    if !works {
        work.state.failing_cards.insert(customer.to_owned());
        return;
    }
    work.state.failing_cards.remove(customer);
    let waiting: Vec<Value> = work
        .state
        .all("invoice")
        .into_iter()
        .filter(|invoice| invoice["customer"] == customer && invoice["status"] == "open")
        .cloned()
        .collect();
    for invoice in waiting {
        let subscription =
            invoice["parent"]["subscription_details"]["subscription"].as_str().unwrap_or_default().to_owned();
        charge_renewal(work, &subscription, &invoice);
    }
}

// ---- test clocks -----------------------------------------------------------------------------------------------------------

pub(crate) fn create_clock(work: &mut Work<'_>, params: &Params) -> Result<Value, Refusal> {
    let frozen = params.number("frozen_time").map_err(|text| not_a_number("frozen_time", &text))?;
    let frozen = frozen.ok_or_else(|| Refusal::missing("frozen_time"))?;
    let clock = json!({
        "id": work.ids.mixed("clock_1Sbx", 20), "object": "test_helpers.test_clock", "created": work.now,
        "deletes_after": work.now + 30 * 86_400, "frozen_time": frozen, "livemode": false,
        "name": params.text("name"), "status": "ready", "status_details": {},
    });
    work.put_and_tell("test_helpers.test_clock.created", clock.clone());
    Ok(clock)
}

/// At most two intervals of the shortest subscription at a time, or two years when there is none.
pub(crate) fn advance_clock(work: &mut Work<'_>, id: &str, params: &Params) -> Result<Value, Refusal> {
    let clock = work.find("test_helpers.test_clock", id, "test_clock")?;
    let target = params.number("frozen_time").map_err(|text| not_a_number("frozen_time", &text))?;
    let target = target.ok_or_else(|| Refusal::missing("frozen_time"))?;
    let current = clock["frozen_time"].as_i64().unwrap_or(0);
    if target <= current {
        return Err(
            Refusal::invalid("The target time must be later than the current frozen time.").param("frozen_time")
        );
    }
    let furthest = work
        .state
        .all("subscription")
        .into_iter()
        .filter(|subscription| subscription["test_clock"] == id && subscription["status"] != "canceled")
        .filter_map(|subscription| {
            let recurring = &subscription["items"]["data"][0]["price"]["recurring"];
            let count = recurring["interval_count"].as_i64().unwrap_or(1);
            recurring["interval"].as_str().map(|interval| after_intervals(current, interval, count * 2))
        })
        .min()
        .unwrap_or_else(|| after_intervals(current, "year", 2));
    if target > furthest {
        let text = "You may only advance a test clock by up to two intervals of its shortest subscription.";
        return Err(Refusal::invalid(text).param("frozen_time"));
    }
    work.change(
        id,
        &json!({ "frozen_time": target, "status": "advancing" }),
        Some("test_helpers.test_clock.advancing"),
    );
    let advancing = work.find("test_helpers.test_clock", id, "test_clock")?;
    advance(work);
    work.change(id, &json!({ "status": "ready" }), Some("test_helpers.test_clock.ready"));
    Ok(advancing)
}

pub(crate) fn delete_clock(work: &mut Work<'_>, id: &str) -> Result<Value, Refusal> {
    work.find("test_helpers.test_clock", id, "test_clock")?;
    for customer in work.state.ids_of("customer") {
        if work.state.get(&customer).is_some_and(|value| value["test_clock"] == id) {
            super::customers::delete(work, &customer)?;
        }
    }
    work.state.remove(id);
    Ok(json!({ "id": id, "object": "test_helpers.test_clock", "deleted": true }))
}

// ---- calendar --------------------------------------------------------------------------------------------------------------

/// `from` moved by `count` calendar intervals; a month that is too short gives its last day.
pub(crate) fn after_intervals(from: i64, interval: &str, count: i64) -> i64 {
    let days = |days: i64| from.saturating_add(count.saturating_mul(days * 86_400));
    let months = match interval {
        "day" => return days(1),
        "week" => return days(7),
        "year" => count.saturating_mul(12),
        _ => count,
    };
    let Ok(moment) = OffsetDateTime::from_unix_timestamp(from) else { return days(30) };
    let total = i64::from(moment.year()) * 12 + i64::from(u8::from(moment.month())) - 1 + months;
    let (Ok(year), Ok(index)) = (i32::try_from(total.div_euclid(12)), u8::try_from(total.rem_euclid(12))) else {
        return days(30);
    };
    let Ok(month) = Month::try_from(index + 1) else { return days(30) };
    let day = moment.day().min(month.length(year));
    Date::from_calendar_date(year, month, day)
        .map_or_else(|_| days(30), |date| moment.replace_date(date).unix_timestamp())
}

/// The first end of a period after `end`, counted from the anchor so that the 31st comes back after a short month.
fn next_after(anchor: i64, end: i64, interval: &str, count: i64) -> i64 {
    (1..=2_000)
        .map(|periods| after_intervals(anchor, interval, count.max(1) * periods))
        .find(|candidate| *candidate > end)
        .unwrap_or_else(|| after_intervals(end, interval, count.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_keep_their_day_and_short_months_their_last() {
        let at = |year, month, day| {
            Date::from_calendar_date(year, Month::try_from(month).unwrap(), day)
                .unwrap()
                .midnight()
                .assume_utc()
                .unix_timestamp()
        };
        let anchor = at(2027, 1, 31);
        let february = next_after(anchor, anchor, "month", 1);
        assert_eq!(february, at(2027, 2, 28));
        assert_eq!(next_after(anchor, february, "month", 1), at(2027, 3, 31));
        assert_eq!(after_intervals(at(2028, 2, 29), "year", 1), at(2029, 2, 28));
        assert_eq!(after_intervals(at(2026, 11, 23), "week", 2), at(2026, 12, 7));
        assert_eq!(after_intervals(at(2026, 12, 15), "month", 1), at(2027, 1, 15));
    }
}
