//! Which function answers which endpoint.

use serde_json::{Value, json};

use super::refusal::Refusal;
use super::state::{API_VERSION, Work};
use super::{catalogue, checkout, customers, lists, parameters, refunds, subscriptions};
use crate::delivery::is_loopback;
use crate::form::Params;

/// Answers one request; `expand[]` is applied to what comes back.
pub(crate) fn answer(work: &mut Work<'_>, method: &str, path: &str, params: &Params) -> Result<Value, Refusal> {
    parameters::check(method, path, params)?;
    let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
    let mut value = match method {
        "GET" => read(work, path, &parts, params)?,
        "POST" => write(work, &parts, params)?,
        "DELETE" => match parts.as_slice() {
            ["customers", id] => customers::delete(work, id)?,
            ["subscriptions", id] => subscriptions::delete(work, id)?,
            ["test_helpers", "test_clocks", id] => subscriptions::delete_clock(work, id)?,
            _ => return Err(Refusal::no_route(method, path)),
        },
        _ => return Err(Refusal::no_route(method, path)),
    };
    lists::expand(work.state, &mut value, params)?;
    Ok(value)
}

fn write(work: &mut Work<'_>, parts: &[&str], params: &Params) -> Result<Value, Refusal> {
    match parts {
        ["customers"] => customers::create(work, params),
        ["checkout", "sessions"] => checkout::create(work, params),
        ["checkout", "sessions", id, "expire"] => checkout::expire(work, id),
        ["billing_portal", "sessions"] => customers::create_portal_session(work, params),
        ["billing_portal", "configurations"] => customers::create_configuration(work, params),
        ["subscriptions", id] => subscriptions::update(work, id, params),
        ["refunds"] => refunds::create(work, params),
        ["products"] => catalogue::create_product(work, params),
        ["prices"] => catalogue::create_price(work, params),
        ["webhook_endpoints"] => create_endpoint(work, params),
        ["test_helpers", "test_clocks"] => subscriptions::create_clock(work, params),
        ["test_helpers", "test_clocks", id, "advance"] => subscriptions::advance_clock(work, id, params),
        _ => Err(Refusal::no_route("POST", &format!("/v1/{}", parts.join("/")))),
    }
}

fn read(work: &Work<'_>, path: &str, parts: &[&str], params: &Params) -> Result<Value, Refusal> {
    let list = |kind: &str, fields: &[&str]| lists::of_kind(work, kind, path, params, fields);
    match parts {
        ["customers"] => list("customer", &["email", "test_clock"]),
        ["customers", id] => work.find("customer", id, "id"),
        ["checkout", "sessions"] => list("checkout.session", &["customer", "payment_intent", "status", "subscription"]),
        ["checkout", "sessions", id] => work.find("checkout.session", id, "session"),
        ["checkout", "sessions", id, "line_items"] => {
            work.find("checkout.session", id, "session")?;
            let lines = work.state.plans.get(*id).map(|plan| plan.lines.clone()).unwrap_or_default();
            lists::page(lines, path, params)
        }
        ["subscriptions"] => subscriptions_list(work, path, params),
        ["subscriptions", id] => work.find("subscription", id, "id"),
        ["invoices"] => list("invoice", &["customer", "status", "collection_method"]),
        ["invoices", id] => work.find("invoice", id, "invoice"),
        ["invoice_payments"] => list("invoice_payment", &["invoice", "status"]),
        ["payment_intents", id] => work.find("payment_intent", id, "intent"),
        ["charges"] => list("charge", &["customer", "payment_intent"]),
        ["charges", id] => work.find("charge", id, "id"),
        ["refunds"] => list("refund", &["charge", "payment_intent"]),
        ["refunds", id] => work.find("refund", id, "refund"),
        ["disputes"] => list("dispute", &["charge", "payment_intent"]),
        ["disputes", id] => work.find("dispute", id, "dispute"),
        ["events"] => events_list(work, path, params),
        ["events", id] => work.find("event", id, "id"),
        ["products", id] => work.find("product", id, "id"),
        ["prices"] => prices_list(work, path, params),
        ["prices", id] => work.find("price", id, "price"),
        ["balance_transactions", id] => work.find("balance_transaction", id, "id"),
        ["test_helpers", "test_clocks", id] => work.find("test_helpers.test_clock", id, "test_clock"),
        _ => Err(Refusal::no_route("GET", path)),
    }
}

/// Without a status the canceled ones are left out; `all` gives every one.
fn subscriptions_list(work: &Work<'_>, path: &str, params: &Params) -> Result<Value, Refusal> {
    let wanted = params.text("status");
    let mut found = Vec::new();
    for value in work.state.all("subscription") {
        let status = match wanted {
            Some("all") => true,
            Some("ended") => matches!(value["status"].as_str(), Some("canceled" | "incomplete_expired")),
            Some(status) => value["status"] == status,
            None => value["status"] != "canceled",
        };
        let customer = params.text("customer").is_none_or(|customer| value["customer"] == customer);
        if status && customer && lists::created_in_range(value, params)? {
            found.push(value.clone());
        }
    }
    lists::page(found, path, params)
}

fn events_list(work: &Work<'_>, path: &str, params: &Params) -> Result<Value, Refusal> {
    let types = params.list("types");
    if types.len() > 20 {
        return Err(Refusal::invalid("You may specify at most 20 types.").param("types"));
    }
    let mut found = Vec::new();
    for event in work.state.all("event") {
        let kind = event["type"].as_str().unwrap_or_default();
        let one = params.text("type").is_none_or(|wanted| match wanted.strip_suffix(".*") {
            Some(prefix) => kind.starts_with(prefix),
            None => kind == wanted,
        });
        let any = types.is_empty() || types.iter().any(|wanted| wanted == kind);
        if one && any && lists::created_in_range(event, params)? {
            found.push(event.clone());
        }
    }
    lists::page(found, path, params)
}

fn prices_list(work: &Work<'_>, path: &str, params: &Params) -> Result<Value, Refusal> {
    let keys = params.list("lookup_keys");
    let mut found = Vec::new();
    for price in work.state.all("price") {
        let key = keys.is_empty() || keys.contains(&price["lookup_key"]);
        let active = params.switch("active").is_none_or(|active| price["active"] == active);
        let equal = ["currency", "product", "type"]
            .iter()
            .all(|field| params.text(field).is_none_or(|wanted| price[*field] == wanted));
        if key && active && equal && lists::created_in_range(price, params)? {
            found.push(price.clone());
        }
    }
    lists::page(found, path, params)
}

fn create_endpoint(work: &mut Work<'_>, params: &Params) -> Result<Value, Refusal> {
    let url = params.text("url").ok_or_else(|| Refusal::missing("url"))?;
    let events = params.list("enabled_events");
    if events.is_empty() {
        return Err(Refusal::missing("enabled_events"));
    }
    if params.text("api_version").is_some_and(|version| version != API_VERSION) {
        return Err(
            Refusal::invalid(format!("This sandbox renders events in {API_VERSION} only.")).param("api_version")
        );
    }
    endpoint(work, url, events, params.object("metadata").into())
}

/// Registers a webhook endpoint. The secret is in the answer of the creation only.
pub(crate) fn endpoint(work: &mut Work<'_>, url: &str, events: Vec<Value>, metadata: Value) -> Result<Value, Refusal> {
    if !is_loopback(url) {
        return Err(Refusal::invalid("A sandbox sends webhooks to loopback addresses over http only.").param("url"));
    }
    let id = work.ids.mixed("we_1Sbx", 20);
    let secret = work.ids.mixed("whsec_sandbox_", 24);
    let mut endpoint = json!({
        "id": id, "object": "webhook_endpoint", "api_version": API_VERSION, "application": null, "created": work.now,
        "description": null, "enabled_events": events, "livemode": false, "metadata": metadata, "status": "enabled", "url": url,
    });
    work.state.put(endpoint.clone());
    work.state.endpoint_secrets.insert(id, secret.clone());
    endpoint["secret"] = json!(secret);
    Ok(endpoint)
}
