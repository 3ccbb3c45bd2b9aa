//! The pages a person sees: checkout, customer portal, invoice. Plain HTML forms, no script.

use std::fmt::Write as _;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;

use super::paying::{FREE_CODE, PayBy, apply_free_code, open_session, pay};
use super::refusal::Refusal;
use super::state::Work;
use super::{Stripe, subscriptions};
use crate::form::Params;
use crate::page::{escape, money, notice, origin, page, see_other};

pub(super) fn routes() -> Router<Stripe> {
    Router::new()
        .route("/c/pay/{id}", get(show_checkout).post(use_checkout))
        .route("/p/session/{id}", get(show_portal).post(use_portal))
        .route("/i/{id}", get(show_invoice))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

async fn show_checkout(State(stripe): State<Stripe>, Path(id): Path<String>) -> Response {
    stripe.step(None, |work| checkout_page(work, &id, None))
}

fn checkout_page(work: &Work<'_>, id: &str, problem: Option<&str>) -> Response {
    let Ok(session) = open_session(work, id) else {
        let title = "This checkout is over";
        return notice(
            StatusCode::GONE,
            "Stripe",
            title,
            "It was paid, it expired, or it never existed. Go back to the app.",
        );
    };
    let declined = work.state.plans.get(id).map_or(0, |plan| plan.declined);
    let problem = problem.or(if declined > 0 { Some("Your card was declined. Nothing was charged.") } else { None });
    let mut html = String::new();
    if let Some(problem) = problem {
        let _ = write!(html, "<p class=\"problem\" role=\"alert\">{}</p>", escape(problem));
    }
    let currency = text(&session["currency"]);
    html.push_str("<table><caption>What you buy</caption><thead><tr><th scope=\"col\">Item</th><th scope=\"col\" class=\"n\">Price</th></tr></thead><tbody>");
    for line in work.state.plans.get(id).map(|plan| plan.lines.as_slice()).unwrap_or_default() {
        let every = match line["price"]["recurring"]["interval"].as_str() {
            Some(interval) => format!(" every {interval}"),
            None => String::new(),
        };
        let amount = money(line["amount_total"].as_i64().unwrap_or(0), currency);
        let _ = write!(
            html,
            "<tr><td>{} × {}</td><td class=\"n\">{}{}</td></tr>",
            line["quantity"],
            escape(text(&line["description"])),
            escape(&amount),
            escape(&every)
        );
    }
    let total = money(session["amount_total"].as_i64().unwrap_or(0), currency);
    let _ = write!(
        html,
        "</tbody><tfoot><tr><th scope=\"row\">Total</th><td class=\"n\">{}</td></tr></tfoot></table>",
        escape(&total)
    );
    let button = |action: &str, label: &str, class: &str| {
        format!(
            "<form method=\"post\"><button class=\"{class}\" name=\"action\" value=\"{action}\">{}</button></form>",
            escape(label)
        )
    };
    html.push_str(&button("pay", &format!("Pay {total}"), ""));
    html.push_str(&button("decline", "Pay with a card that is declined", "quiet"));
    if session["mode"] == "payment" {
        html.push_str(&button("slow", "Pay by a slow method", "quiet"));
    }
    if session["allow_promotion_codes"] == true {
        let _ = write!(
            html,
            "<form method=\"post\"><label for=\"code\">Promotion code (try {FREE_CODE})</label>\
             <input id=\"code\" name=\"code\" autocomplete=\"off\"><button class=\"quiet\" name=\"action\" value=\"code\">Apply</button></form>"
        );
    }
    html.push_str(&button("abandon", "Go back without paying", "quiet"));
    let targets: Vec<String> =
        [&session["success_url"], &session["cancel_url"]].into_iter().filter_map(|url| origin(text(url))).collect();
    page(StatusCode::OK, "Stripe", "Checkout", &html, &targets)
}

async fn use_checkout(State(stripe): State<Stripe>, Path(id): Path<String>, body: String) -> Response {
    let form = Params::read(body.as_bytes()).unwrap_or_default();
    stripe.step(None, |work| {
        let Ok(session) = open_session(work, &id) else { return checkout_page(work, &id, None) };
        let by = match form.text("action") {
            Some("pay") => PayBy::Card,
            Some("slow") => PayBy::SlowMethod,
            Some("decline") => {
                let _ = pay(work, &id, PayBy::DeclinedCard);
                return see_other(&format!("/c/pay/{id}"));
            }
            Some("code") => {
                let known = form.text("code").is_some_and(|code| code.eq_ignore_ascii_case(FREE_CODE));
                if known && apply_free_code(work, &id).is_ok() {
                    return see_other(&format!("/c/pay/{id}"));
                }
                return checkout_page(work, &id, Some("This promotion code is not valid."));
            }
            Some("abandon") => {
                return match session["cancel_url"].as_str() {
                    Some(url) => see_other(url),
                    None => notice(StatusCode::OK, "Stripe", "Nothing was paid", "You can close this page."),
                };
            }
            _ => return checkout_page(work, &id, Some("Choose one of the buttons.")),
        };
        match pay(work, &id, by) {
            Ok(_) => see_other(&text(&session["success_url"]).replace("{CHECKOUT_SESSION_ID}", &id)),
            Err(refusal) => checkout_page(work, &id, Some(&refusal.message)),
        }
    })
}

/// A portal session is good for an hour.
fn portal_session(work: &Work<'_>, id: &str) -> Result<Value, Refusal> {
    let session = work.find("billing_portal.session", id, "session")?;
    if session["created"].as_i64().unwrap_or(0) + 3_600 < work.now {
        return Err(Refusal::not_found("billing_portal.session", id, "session"));
    }
    Ok(session)
}

async fn show_portal(State(stripe): State<Stripe>, Path(id): Path<String>) -> Response {
    stripe.step(None, |work| portal_page(work, &id))
}

fn portal_page(work: &Work<'_>, id: &str) -> Response {
    let Ok(session) = portal_session(work, id) else {
        return notice(StatusCode::GONE, "Stripe", "This page is over", "Open the customer portal from the app again.");
    };
    let features = text(&session["configuration"]);
    let features = work.state.get(features).map(|configuration| configuration["features"].clone()).unwrap_or_default();
    let mine = |kind: &str| -> Vec<Value> {
        work.state.all(kind).into_iter().filter(|value| value["customer"] == session["customer"]).cloned().collect()
    };
    let mut html = String::from("<h2>Subscriptions</h2>");
    let subscriptions = mine("subscription");
    if subscriptions.is_empty() {
        html.push_str("<p>There is no subscription.</p>");
    }
    for subscription in &subscriptions {
        let (id, status) = (escape(text(&subscription["id"])), escape(text(&subscription["status"])));
        let _ = write!(html, "<p>{id}: {status}");
        if subscription["cancel_at_period_end"] == true {
            html.push_str(", ends with this period");
        }
        html.push_str("</p>");
        let (action, label) = if subscription["cancel_at_period_end"] == true {
            ("resume", "Keep the subscription")
        } else {
            ("cancel", "Cancel at the end of the period")
        };
        if features["subscription_cancel"]["enabled"] == true && subscription["status"] != "canceled" {
            let _ = write!(
                html,
                "<form method=\"post\"><input type=\"hidden\" name=\"subscription\" value=\"{id}\">\
                 <button name=\"action\" value=\"{action}\">{label}</button></form>"
            );
        }
    }
    if features["payment_method_update"]["enabled"] == true {
        html.push_str(
            "<h2>Card</h2><form method=\"post\"><button class=\"quiet\" name=\"action\" value=\"good_card\">Use a card that works</button></form>\
             <form method=\"post\"><button class=\"quiet\" name=\"action\" value=\"bad_card\">Use a card that is declined later</button></form>",
        );
    }
    if features["invoice_history"]["enabled"] == true {
        html.push_str("<h2>Invoices</h2><ul>");
        for invoice in mine("invoice") {
            let amount = money(invoice["total"].as_i64().unwrap_or(0), text(&invoice["currency"]));
            let (id, number, status) =
                (escape(text(&invoice["id"])), escape(text(&invoice["number"])), escape(text(&invoice["status"])));
            let _ = write!(html, "<li><a href=\"/i/{id}\">{number}</a>: {}, {status}</li>", escape(&amount));
        }
        html.push_str("</ul>");
    }
    if let Some(back) = session["return_url"].as_str() {
        let _ = write!(html, "<p><a class=\"button\" href=\"{}\">Go back to the app</a></p>", escape(back));
    }
    page(StatusCode::OK, "Stripe", "Your subscription", &html, &[])
}

async fn use_portal(State(stripe): State<Stripe>, Path(id): Path<String>, body: String) -> Response {
    let form = Params::read(body.as_bytes()).unwrap_or_default();
    stripe.step(None, |work| {
        let Ok(session) = portal_session(work, &id) else { return portal_page(work, &id) };
        let customer = text(&session["customer"]).to_owned();
        let subscription = form.text("subscription").unwrap_or_default();
        let own = work.state.get(subscription).is_some_and(|value| value["customer"] == customer.as_str());
        match form.text("action") {
            Some(action @ ("cancel" | "resume")) if own => {
                let wanted = format!("cancel_at_period_end={}", action == "cancel");
                let params = Params::read(wanted.as_bytes()).unwrap_or_default();
                let _ = subscriptions::update(work, subscription, &params);
            }
            Some("good_card") => subscriptions::card_replaced(work, &customer, true),
            Some("bad_card") => subscriptions::card_replaced(work, &customer, false),
            _ => {}
        }
        see_other(&format!("/p/session/{id}"))
    })
}

async fn show_invoice(State(stripe): State<Stripe>, Path(id): Path<String>) -> Response {
    let Some(invoice) = stripe.object(&id).filter(|value| value["object"] == "invoice") else {
        return notice(
            StatusCode::NOT_FOUND,
            "Stripe",
            "No such invoice",
            "The address is wrong or the invoice is gone.",
        );
    };
    let amount = money(invoice["total"].as_i64().unwrap_or(0), text(&invoice["currency"]));
    let html = format!(
        "<p>Number {}, {}.</p><p>Total {}.</p><p>Not a document for any authority: nothing was sold.</p>",
        escape(text(&invoice["number"])),
        escape(text(&invoice["status"])),
        escape(&amount)
    );
    page(StatusCode::OK, "Stripe", "Invoice", &html, &[])
}
