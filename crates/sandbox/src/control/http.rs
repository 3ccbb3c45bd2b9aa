//! The control interface over loopback HTTP, under `/_control`, with a bearer token.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Control, ControlError};
use crate::anthropic::MessageScript;
use crate::delivery::{DeliveryRule, ReleaseOrder};
use crate::faults::{FaultRule, Service};
use crate::google::{Person, TokenFault};
use crate::replicate::PredictionScript;
use crate::sandbox::Endpoints;
use crate::smtp::SmtpFault;
use crate::stripe::PayBy;

#[derive(Clone)]
struct Controlled {
    control: Control,
    endpoints: Arc<Endpoints>,
}

/// The routes.
pub(crate) fn router(control: Control, endpoints: Endpoints) -> Router {
    let state = Controlled { control, endpoints: Arc::new(endpoints) };
    Router::new()
        .route("/_control", get(overview))
        .route("/_control/faults", get(list_faults).post(add_fault).delete(clear_faults))
        .route("/_control/delivery_faults", post(add_delivery_fault))
        .route("/_control/release", post(release))
        .route("/_control/deliveries", get(list_deliveries))
        .route("/_control/received", get(list_received).delete(clear_received))
        .route("/_control/clock", get(read_clock).post(advance_clock))
        .route("/_control/stripe", get(read_stripe).post(move_stripe))
        .route("/_control/replicate", get(read_replicate).post(move_replicate))
        .route("/_control/google", post(move_google))
        .route("/_control/mail", get(read_mail).post(move_mail).delete(clear_mail))
        .route("/_control/anthropic", post(move_anthropic))
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(from_fn_with_state(state.clone(), only_with_token))
        .layer(DefaultBodyLimit::max(4 << 20))
        .with_state(state)
}

async fn only_with_token(State(controlled): State<Controlled>, request: Request, next: Next) -> Response {
    use subtle::ConstantTimeEq as _;
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let wanted = format!("Bearer {}", controlled.endpoints.control_token);
    if bool::from(given.as_bytes().ct_eq(wanted.as_bytes())) {
        return next.run(request).await;
    }
    (StatusCode::UNAUTHORIZED, axum::Json(json!({ "error": "the control token is missing or wrong" }))).into_response()
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        (StatusCode::UNPROCESSABLE_ENTITY, axum::Json(json!({ "error": self.0 }))).into_response()
    }
}

async fn overview(State(controlled): State<Controlled>) -> Response {
    axum::Json(json!({ "sandbox": true, "endpoints": *controlled.endpoints })).into_response()
}

async fn list_faults(State(controlled): State<Controlled>) -> Response {
    axum::Json(controlled.control.faults()).into_response()
}

async fn add_fault(State(controlled): State<Controlled>, axum::Json(rule): axum::Json<FaultRule>) -> StatusCode {
    controlled.control.fault(rule);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(controlled): State<Controlled>) -> StatusCode {
    controlled.control.clear_faults();
    StatusCode::NO_CONTENT
}

async fn add_delivery_fault(
    State(controlled): State<Controlled>,
    axum::Json(rule): axum::Json<DeliveryRule>,
) -> StatusCode {
    controlled.control.delivery_fault(rule);
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    service: Service,
    order: ReleaseOrder,
}

async fn release(State(controlled): State<Controlled>, axum::Json(wanted): axum::Json<Release>) -> Response {
    axum::Json(json!({ "released": controlled.control.release(wanted.service, wanted.order) })).into_response()
}

async fn list_deliveries(State(controlled): State<Controlled>) -> Response {
    axum::Json(controlled.control.deliveries()).into_response()
}

#[derive(Debug, Deserialize)]
struct ReceivedQuery {
    service: Option<Service>,
}

/// Keys are left out: whoever asks here has no need of them.
async fn list_received(State(controlled): State<Controlled>, Query(query): Query<ReceivedQuery>) -> Response {
    let requests: Vec<Value> = controlled
        .control
        .received(query.service)
        .into_iter()
        .map(|mut request| {
            for name in ["authorization", "x-api-key"] {
                if let Some(value) = request.headers.get_mut(name) {
                    "(left out)".clone_into(value);
                }
            }
            json!({
                "sequence": request.sequence, "at_unix_micros": request.at_unix_micros, "service": request.service,
                "method": request.method, "path": request.path, "query": request.query, "headers": request.headers,
                "body_base64": STANDARD.encode(&request.body), "status": request.status,
            })
        })
        .collect();
    axum::Json(requests).into_response()
}

async fn clear_received(State(controlled): State<Controlled>) -> StatusCode {
    controlled.control.clear_received();
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: i64,
}

async fn read_clock(State(controlled): State<Controlled>) -> Response {
    axum::Json(json!({ "unix_seconds": controlled.control.now_unix_seconds() })).into_response()
}

async fn advance_clock(State(controlled): State<Controlled>, axum::Json(advance): axum::Json<Advance>) -> Response {
    if !(0..=20 * 366 * 86_400).contains(&advance.seconds) {
        return ControlError("The clock moves forward by at most twenty years.".to_owned()).into_response();
    }
    controlled.control.advance_seconds(advance.seconds);
    read_clock(State(controlled)).await
}

/// What can be done with the stand-in for Stripe; see the methods of `Stripe`.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum StripeMove {
    AddWebhook { url: String, events: Vec<String> },
    Pay { session: String, by: PayBy },
    Settle { session: String, succeeded: bool },
    FailRefund { refund: String },
    OpenDispute { charge: String, status: String },
    MoveDispute { dispute: String, status: String },
    WarnOfFraud { charge: String },
    SetCard { customer: String, works: bool },
    Change { id: String, patch: Value, event: Option<String> },
    Tell { kind: String, object: Value },
    Resend { event: String },
}

async fn move_stripe(
    State(controlled): State<Controlled>,
    axum::Json(wanted): axum::Json<StripeMove>,
) -> Result<Response, ControlError> {
    let stripe = controlled.control.stripe();
    let value = match wanted {
        StripeMove::AddWebhook { url, events } => {
            let names: Vec<&str> = events.iter().map(String::as_str).collect();
            json!({ "secret": stripe.add_webhook(&url, &names)? })
        }
        StripeMove::Pay { session, by } => stripe.pay(&session, by)?,
        StripeMove::Settle { session, succeeded } => stripe.settle(&session, succeeded)?,
        StripeMove::FailRefund { refund } => stripe.fail_refund(&refund)?,
        StripeMove::OpenDispute { charge, status } => stripe.open_dispute(&charge, &status)?,
        StripeMove::MoveDispute { dispute, status } => stripe.move_dispute(&dispute, &status)?,
        StripeMove::WarnOfFraud { charge } => stripe.warn_of_fraud(&charge)?,
        StripeMove::SetCard { customer, works } => {
            stripe.set_card(&customer, works);
            Value::Null
        }
        StripeMove::Change { id, patch, event } => stripe.change(&id, &patch, event.as_deref())?,
        StripeMove::Tell { kind, object } => {
            stripe.tell(&kind, &object);
            Value::Null
        }
        StripeMove::Resend { event } => {
            stripe.resend(&event)?;
            Value::Null
        }
    };
    Ok(axum::Json(value).into_response())
}

#[derive(Debug, Deserialize)]
struct KindQuery {
    kind: String,
}

async fn read_stripe(State(controlled): State<Controlled>, Query(query): Query<KindQuery>) -> Response {
    axum::Json(controlled.control.stripe().objects(&query.kind)).into_response()
}

/// What can be done with the stand-in for Replicate; see the methods of `Replicate`.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum ReplicateMove {
    Script { script: PredictionScript },
    End { id: String, status: String, output: Value },
    Resend { id: String },
}

async fn move_replicate(
    State(controlled): State<Controlled>,
    axum::Json(wanted): axum::Json<ReplicateMove>,
) -> Result<StatusCode, ControlError> {
    let replicate = controlled.control.replicate();
    match wanted {
        ReplicateMove::Script { script } => replicate.script(script),
        ReplicateMove::End { id, status, output } => replicate.end(&id, &status, output)?,
        ReplicateMove::Resend { id } => replicate.resend(&id)?,
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn read_replicate(State(controlled): State<Controlled>) -> Response {
    axum::Json(controlled.control.replicate().predictions()).into_response()
}

/// What can be done with the stand-in for Anthropic; see the methods of `Anthropic`.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum AnthropicMove {
    Script { script: MessageScript },
    SetLifecycle { model: String, lifecycle: String },
}

async fn move_anthropic(
    State(controlled): State<Controlled>,
    axum::Json(wanted): axum::Json<AnthropicMove>,
) -> StatusCode {
    let anthropic = controlled.control.anthropic();
    match wanted {
        AnthropicMove::Script { script } => anthropic.script(script),
        AnthropicMove::SetLifecycle { model, lifecycle } => anthropic.set_lifecycle(&model, &lifecycle),
    }
    StatusCode::NO_CONTENT
}

/// What can be done with the stand-in for Google; see the methods of `Google`.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum GoogleMove {
    Fault { fault: TokenFault },
    PutPerson { person: Person },
    RotateKeys { keep_old: bool },
}

async fn move_google(State(controlled): State<Controlled>, axum::Json(wanted): axum::Json<GoogleMove>) -> StatusCode {
    let google = controlled.control.google().clone();
    match wanted {
        GoogleMove::Fault { fault } => google.fault(fault),
        GoogleMove::PutPerson { person } => google.put_person(person),
        GoogleMove::RotateKeys { keep_old } => {
            // Making a key takes a moment; a thread that crashed made none.
            let _ = tokio::task::spawn_blocking(move || google.rotate_keys(keep_old)).await;
        }
    }
    StatusCode::NO_CONTENT
}

/// What can be done with the stand-in for the mail server; see the methods of `Postbox`.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum MailMove {
    Fault { fault: SmtpFault },
    NotifyAt { url: String },
    Bounce { address: String },
    Complain { address: String },
}

async fn move_mail(
    State(controlled): State<Controlled>,
    axum::Json(wanted): axum::Json<MailMove>,
) -> Result<StatusCode, ControlError> {
    let postbox = controlled.control.postbox();
    match wanted {
        MailMove::Fault { fault } => postbox.fault(fault),
        MailMove::NotifyAt { url } => postbox.notify_at(&url)?,
        MailMove::Bounce { address } => postbox.bounce(&address)?,
        MailMove::Complain { address } => postbox.complain(&address)?,
    }
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
struct MailQuery {
    to: Option<String>,
}

async fn read_mail(State(controlled): State<Controlled>, Query(query): Query<MailQuery>) -> Response {
    let postbox = controlled.control.postbox();
    axum::Json(query.to.map_or_else(|| postbox.mails(), |to| postbox.mails_to(&to))).into_response()
}

async fn clear_mail(State(controlled): State<Controlled>) -> StatusCode {
    controlled.control.postbox().clear();
    StatusCode::NO_CONTENT
}
