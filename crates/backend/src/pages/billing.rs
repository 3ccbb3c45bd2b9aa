//! Credits, the plan, orders, and withdrawing from one; and the two pages to which Stripe's payment page leads back.
//!
//! Those two need no sign-in, so they say the same to everyone. What has to be paid is a link, not a redirect: forms of ours lead nowhere else.

use super::view::{self, Frame};
use super::{PageError, Visitor};
use crate::accounts::tokens::Person;
use crate::app::App;
use crate::billing::subscriptions::{Entitlement, plan_of};
use crate::billing::{BillingError, catalogue, money, orders, routes as api, withdrawal};
use crate::error::{ApiError, ErrorCode};
use crate::http::extract::{Form, Path, Query};
use crate::ledger::{self, Balance};
use crate::store::entity::order::OrderState;
use crate::world::Moment;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use uuid::Uuid;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/billing/done", get(done))
        .route("/billing/left", get(left))
        .route("/account/credits", get(credits))
        .route("/account/orders", post(buy))
        .route("/account/orders/{id}", get(order))
        .route("/account/orders/{id}/withdrawal", get(ask_withdrawal).post(withdraw))
        .route("/account/portal", post(portal))
}

#[derive(Debug, Deserialize)]
struct Returned {
    #[serde(default)]
    session_id: String,
}

async fn done(State(app): State<App>, visitor: Visitor, Query(query): Query<Returned>) -> Result<Response, PageError> {
    // Stripe's ids are short and plain; anything else is nobody's.
    let plain = query.session_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain && (1..=200).contains(&query.session_id.len()) {
        orders::returned(&app, &query.session_id).await?;
    }
    let text = "Your payment is being checked. Go back to the app: what you bought appears there in a moment, and a receipt comes by email.";
    Ok(view::message(&app, &visitor, "Thank you", text, Some(("Your credits and orders", "/account/credits"))))
}

async fn left(State(app): State<App>, visitor: Visitor) -> Response {
    let text = "Nothing was charged. You can close this page and go back to the app.";
    view::message(&app, &visitor, "Not bought", text, Some(("Your credits and orders", "/account/credits")))
}

/// Whoever is signed in, or the way to sign in.
fn signed_in(visitor: &Visitor) -> Result<&Person, Box<Response>> {
    visitor.person.as_ref().ok_or_else(|| Box::new(view::go("/sign-in?return_to=/account/credits")))
}

/// Someone who is signed in and sent a form of ours.
fn sender<'a>(visitor: &'a Visitor, csrf: &str) -> Result<&'a Person, PageError> {
    visitor.check(csrf)?;
    let gone = || ApiError::new(ErrorCode::Unauthenticated, "You are not signed in any more. Sign in and try again.");
    Ok(visitor.person.as_ref().ok_or_else(gone)?)
}

struct Offer {
    code: String,
    name: String,
    what: String,
    price: String,
}

struct Line {
    id: Uuid,
    name: String,
    price: String,
    date: String,
    state: &'static str,
}

#[derive(Template)]
#[template(path = "pages/credits.html")]
struct Credits {
    frame: Frame,
    balance: Balance,
    plan: Option<String>,
    offers: Vec<Offer>,
    /// Names the wish of each form.
    wish: Uuid,
    orders: Vec<Line>,
    has_portal: bool,
}

async fn credits(State(app): State<App>, visitor: Visitor) -> Result<Response, PageError> {
    let person = match signed_in(&visitor) {
        Ok(person) => person,
        Err(response) => return Ok(*response),
    };
    let page = credits_page(&app, person, Frame::new(&app, &visitor)).await?;
    Ok(view::page(&app, &visitor, StatusCode::OK, &page))
}

async fn credits_page(app: &App, person: &Person, frame: Frame) -> Result<Credits, PageError> {
    let owner = person.user.owner_ref;
    let plan = plan_of(app, owner).await?;
    let listed = catalogue::shown(&app.settings);
    let price = |minor| money::shown(minor, &listed.currency);
    let packs = listed.packs.iter().map(|pack| Offer {
        code: pack.code.clone(),
        name: pack.name.clone(),
        what: format!("{} credits that do not expire", pack.credits),
        price: price(pack.price_minor),
    });
    let plans = listed.plans.iter().filter(|_| !plan.is_on()).map(|plan| Offer {
        code: plan.code.clone(),
        name: plan.name.clone(),
        what: format!("{} credits each month, renews until you cancel", plan.credits_monthly),
        price: format!("{} a month", price(plan.price_minor)),
    });
    let orders = orders::list(app, owner).await?;
    Ok(Credits {
        frame,
        balance: ledger::balance(&app.store, owner, app.world.now()).await?,
        plan: plan_words(plan),
        offers: packs.chain(plans).collect(),
        wish: app.world.new_id().map_err(|error| ApiError::internal(&error))?,
        has_portal: orders.iter().any(|order| order.paid_at.is_some()),
        orders: orders.iter().map(line).collect(),
    })
}

fn day(moment: Moment) -> String {
    moment.to_utc().date().to_string()
}

fn plan_words(plan: Entitlement) -> Option<String> {
    match plan {
        Entitlement::Off => None,
        Entitlement::On { renews_at } => Some(format!("Pro, renews on {}", day(renews_at))),
        Entitlement::Ending { ends_at } => Some(format!("Pro, ends on {}", day(ends_at))),
        Entitlement::Grace { ends_at } => {
            Some(format!("Pro, but the last payment did not work: it ends on {} unless it is paid", day(ends_at)))
        }
    }
}

fn line(order: &orders::Order) -> Line {
    Line {
        id: order.id,
        name: order.product_name.clone(),
        price: money::shown(order.amount, &order.currency),
        date: day(order.created_at),
        state: state_words(order),
    }
}

fn state_words(order: &orders::Order) -> &'static str {
    match order.state {
        OrderState::Created => "not ready to be paid yet",
        OrderState::Open if order.checkout_url.is_some() => "not paid yet",
        OrderState::Open => "the payment is on its way",
        OrderState::Paid => "paid, the credits are about to come",
        OrderState::Fulfilled => "paid",
        OrderState::Expired => "not paid in time",
        OrderState::Failed => "the payment did not succeed",
        OrderState::Refunded if order.withdrawn_at.is_some() => "withdrawn from",
        OrderState::Refunded => "refunded",
        OrderState::Quarantined => "we look at it, and write to you",
    }
}

#[derive(Deserialize)]
struct Buy {
    csrf: String,
    product: String,
    wish: Uuid,
}

async fn buy(State(app): State<App>, visitor: Visitor, Form(form): Form<Buy>) -> Result<Response, PageError> {
    let person = sender(&visitor, &form.csrf)?;
    // One page may lead to several orders, but each product to one.
    let wish = format!("page:{}:{}", form.wish, form.product);
    let wish = wish.get(..100).unwrap_or(&wish);
    match orders::place(&app, &person.user, &form.product, wish).await {
        Ok(order) => Ok(view::go(&format!("/account/orders/{}", order.id))),
        Err(error) => {
            let error = ApiError::from(error);
            let page = credits_page(&app, person, Frame::new(&app, &visitor).with_fault(&error)).await?;
            Ok(view::page(&app, &visitor, error.status(), &page))
        }
    }
}

#[derive(Template)]
#[template(path = "pages/order.html")]
struct OrderPage {
    frame: Frame,
    line: Line,
    credits: i64,
    checkout_url: Option<String>,
    withdraw_until: Option<String>,
}

async fn order(State(app): State<App>, visitor: Visitor, Path(id): Path<Uuid>) -> Result<Response, PageError> {
    let person = match signed_in(&visitor) {
        Ok(person) => person,
        Err(response) => return Ok(*response),
    };
    let order = orders::find(&app, person.user.owner_ref, id).await?;
    let page = OrderPage {
        frame: Frame::new(&app, &visitor),
        line: line(&order),
        credits: order.credits,
        withdraw_until: orders::withdraw_until(&app, &order).map(day),
        checkout_url: order.checkout_url,
    };
    Ok(view::page(&app, &visitor, StatusCode::OK, &page))
}

#[derive(Template)]
#[template(path = "pages/withdrawal.html")]
struct WithdrawalPage {
    frame: Frame,
    line: Line,
    refund: String,
    credits: i64,
    until: String,
    token: String,
}

async fn ask_withdrawal(State(app): State<App>, visitor: Visitor, Path(id): Path<Uuid>) -> Result<Response, PageError> {
    let person = match signed_in(&visitor) {
        Ok(person) => person,
        Err(response) => return Ok(*response),
    };
    let page = withdrawal_page(&app, person, id, Frame::new(&app, &visitor)).await?;
    Ok(view::page(&app, &visitor, StatusCode::OK, &page))
}

async fn withdrawal_page(app: &App, person: &Person, id: Uuid, frame: Frame) -> Result<WithdrawalPage, PageError> {
    let order = orders::find(app, person.user.owner_ref, id).await?;
    let offer = withdrawal::offer(app, &person.user, id).await?;
    Ok(WithdrawalPage {
        frame,
        line: line(&order),
        refund: money::shown(offer.refund, &offer.currency),
        credits: offer.credits,
        until: day(offer.until),
        token: offer.token().to_owned(),
    })
}

#[derive(Deserialize)]
struct Withdraw {
    csrf: String,
    token: String,
}

async fn withdraw(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<Uuid>,
    Form(form): Form<Withdraw>,
) -> Result<Response, PageError> {
    let person = sender(&visitor, &form.csrf)?;
    match withdrawal::confirm(&app, &person.user, id, &form.token).await {
        Ok(_) => {
            let text = "Your withdrawal is received. The money goes back the way it was paid, and a receipt with the time is on its way to you by email.";
            Ok(view::message(&app, &visitor, "Withdrawn", text, Some(("Your credits and orders", "/account/credits"))))
        }
        // The new numbers, to be confirmed again.
        Err(error @ BillingError::WithdrawalChanged) => {
            let error = ApiError::from(error);
            let page = withdrawal_page(&app, person, id, Frame::new(&app, &visitor).with_fault(&error)).await?;
            Ok(view::page(&app, &visitor, error.status(), &page))
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
struct Plain {
    csrf: String,
}

async fn portal(State(app): State<App>, visitor: Visitor, Form(form): Form<Plain>) -> Result<Response, PageError> {
    let person = sender(&visitor, &form.csrf)?;
    let url = api::portal(&app, person.user.owner_ref).await?;
    let text = "Payment methods, invoices and the plan are looked after at Stripe, who takes the payments for us.";
    Ok(view::message(&app, &visitor, "Payments", text, Some(("Go to Stripe", &url))))
}
