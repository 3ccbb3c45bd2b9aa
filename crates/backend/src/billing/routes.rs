//! What programs ask about money, and where Stripe's webhooks come in.

use super::inbox::{self, Reception};
use super::stripe_client::signature::LARGEST_BODY;
use super::{BillingError, catalogue, customers, open, orders, withdrawal};
use crate::accounts::tokens::Person;
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::http::extract::{Json, Path};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use pretty_contract::service::billing::{Catalogue, ConfirmWithdrawal, NewOrder, Order, Portal, Withdrawal};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_catalogue))
        .routes(routes!(list_orders, place_order))
        .routes(routes!(show_order))
        .routes(routes!(offer_withdrawal, confirm_withdrawal))
        .routes(routes!(open_portal))
        .merge(OpenApiRouter::new().routes(routes!(stripe_webhook)).layer(DefaultBodyLimit::max(LARGEST_BODY)))
}

/// What is sold. Empty where nothing is.
#[utoipa::path(get, path = "/v1/catalogue", tag = "billing", responses((status = 200, body = Catalogue)))]
async fn show_catalogue(State(app): State<App>) -> axum::Json<Catalogue> {
    axum::Json(catalogue::shown(&app.settings))
}

/// The orders, newest first.
#[utoipa::path(get, path = "/v1/orders", tag = "billing", security(("token" = [])),
    responses((status = 200, body = [Order]), (status = 401, body = ApiError), (status = 403, body = ApiError)))]
async fn list_orders(State(app): State<App>, person: Person) -> Result<axum::Json<Vec<Order>>, ApiError> {
    let orders = orders::list(&app, person.user.owner_ref).await?;
    Ok(axum::Json(orders::shown(&app, orders).await?))
}

/// Orders a product. The answer says where to pay; nothing is charged before.
#[utoipa::path(post, path = "/v1/orders", tag = "billing", security(("token" = [])), request_body = NewOrder,
    params(("idempotency-key" = String, Header, description = "1 to 100 visible characters. The same key is the same order.")),
    responses((status = 201, body = Order), (status = 400, body = ApiError), (status = 401, body = ApiError), (status = 403, body = ApiError), (status = 404, body = ApiError),
        (status = 409, body = ApiError), (status = 413, body = ApiError), (status = 415, body = ApiError), (status = 422, body = ApiError),
        (status = 503, body = ApiError)))]
async fn place_order(
    State(app): State<App>,
    person: Person,
    headers: HeaderMap,
    Json(new): Json<NewOrder>,
) -> Result<(StatusCode, axum::Json<Order>), ApiError> {
    let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok()).ok_or(BillingError::BadKey)?;
    let order = orders::place(&app, &person.user, &new.product, key).await?;
    Ok((StatusCode::CREATED, one(&app, order).await?))
}

async fn one(app: &App, order: orders::Order) -> Result<axum::Json<Order>, ApiError> {
    let mut shown = orders::shown(app, vec![order]).await?;
    shown.pop().map(axum::Json).ok_or_else(|| BillingError::UnknownOrder.into())
}

/// One order. Asking again is how to hear that it was paid.
#[utoipa::path(get, path = "/v1/orders/{id}", tag = "billing", security(("token" = [])), params(("id" = Uuid, Path)),
    responses((status = 200, body = Order), (status = 401, body = ApiError), (status = 403, body = ApiError), (status = 404, body = ApiError)))]
async fn show_order(
    State(app): State<App>,
    person: Person,
    Path(id): Path<Uuid>,
) -> Result<axum::Json<Order>, ApiError> {
    one(&app, orders::find(&app, person.user.owner_ref, id).await?).await
}

/// What withdrawing from an order would mean. Nothing happens yet.
#[utoipa::path(get, path = "/v1/orders/{id}/withdrawal", tag = "billing", security(("token" = [])), params(("id" = Uuid, Path)),
    responses((status = 200, body = Withdrawal), (status = 401, body = ApiError), (status = 403, body = ApiError), (status = 404, body = ApiError), (status = 409, body = ApiError)))]
async fn offer_withdrawal(
    State(app): State<App>,
    person: Person,
    Path(id): Path<Uuid>,
) -> Result<axum::Json<Withdrawal>, ApiError> {
    Ok(axum::Json(withdrawal::offer(&app, &person.user, id).await?.shown()))
}

/// Withdraws from an order. A receipt goes out by mail.
#[utoipa::path(post, path = "/v1/orders/{id}/withdrawal", tag = "billing", security(("token" = [])), params(("id" = Uuid, Path)),
    request_body = ConfirmWithdrawal,
    responses((status = 200, body = Order), (status = 400, body = ApiError), (status = 401, body = ApiError), (status = 403, body = ApiError), (status = 404, body = ApiError),
        (status = 409, body = ApiError), (status = 413, body = ApiError), (status = 415, body = ApiError), (status = 422, body = ApiError)))]
async fn confirm_withdrawal(
    State(app): State<App>,
    person: Person,
    Path(id): Path<Uuid>,
    Json(confirmed): Json<ConfirmWithdrawal>,
) -> Result<axum::Json<Order>, ApiError> {
    one(&app, withdrawal::confirm(&app, &person.user, id, &confirmed.confirm_token).await?).await
}

/// Where payment methods, invoices and the subscription are looked after.
#[utoipa::path(post, path = "/v1/billing/portal", tag = "billing", security(("token" = [])),
    responses((status = 200, body = Portal), (status = 401, body = ApiError), (status = 403, body = ApiError), (status = 404, body = ApiError), (status = 503, body = ApiError)))]
async fn open_portal(State(app): State<App>, person: Person) -> Result<axum::Json<Portal>, ApiError> {
    Ok(axum::Json(Portal { url: portal(&app, person.user.owner_ref).await? }))
}

/// Opens the customer portal for a person.
///
/// # Errors
/// When they have never ordered, or Stripe does not answer.
pub async fn portal(app: &App, owner: Uuid) -> Result<String, BillingError> {
    let billing = open(app)?;
    let customer = customers::id_of(app, owner).await?.ok_or(BillingError::NoCustomer)?;
    let configuration = Some(app.settings.stripe.portal_configuration.as_str()).filter(|id| !id.is_empty());
    let return_url = format!("{}/account/credits", app.base_url);
    Ok(billing.client.create_portal(&customer, configuration, &return_url).await?.url)
}

/// Where Stripe tells what changed.
#[utoipa::path(post, path = "/v1/webhooks/stripe", tag = "billing", request_body(content = serde_json::Value, content_type = "application/json"),
    params(("stripe-signature" = String, Header, description = "Stripe's signature of the raw body.")),
    responses((status = 200), (status = 400, body = ApiError), (status = 404, body = ApiError), (status = 413, body = ApiError),
        (status = 415, body = ApiError), (status = 503, body = ApiError)))]
async fn stripe_webhook(
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, ApiError> {
    open(&app)?;
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = text(header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType, "Send application/json."));
    }
    let body = body.map_err(|refused| {
        let too_large = refused.status() == StatusCode::PAYLOAD_TOO_LARGE;
        let code = if too_large { ErrorCode::TooLarge } else { ErrorCode::BadRequest };
        ApiError::new(code, refused.body_text())
    })?;
    let signature = headers.get("stripe-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
    match inbox::receive(&app, signature, &body).await {
        Ok(()) => Ok(StatusCode::OK),
        Err(Reception::Refused(_)) => {
            Err(ApiError::new(ErrorCode::BadRequest, "This was not signed by Stripe for this service."))
        }
        Err(Reception::NotKept(error)) => Err(error.into()),
    }
}
