//! Stands in for Stripe's API, checkout page and customer portal, in version `2026-10-28.endive`.
//!
//! Not here: Connect, tax, setup mode, taking cards. The checkout page asks for no card at all: one pays, is declined or leaves.

mod catalogue;
mod checkout;
mod customers;
mod invoices;
mod lists;
mod pages;
mod parameters;
mod paying;
mod refunds;
mod refusal;
mod route;
mod state;
mod subscriptions;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::common::{Common, gated};
use crate::control::ControlError;
use crate::delivery::{Outgoing, Signing};
use crate::faults::Service;
use crate::form::Params;
use crate::gate::FailExecution;
use crate::locked;
use refusal::Refusal;
use state::{API_VERSION, StripeState, Work};

pub use catalogue::PriceSeed;
pub use paying::PayBy;

const KEY_KEPT_SECONDS: i64 = 24 * 60 * 60;
const LONGEST_KEY: usize = 255;

/// What every endpoint knows: method, path as in the specification, and the names of its parameters.
pub fn stripe_parameters() -> &'static [(&'static str, &'static str, &'static [&'static str])] {
    parameters::KNOWN
}

/// The first answer under an idempotency key.
#[derive(Clone, Debug)]
struct Kept {
    method: String,
    path: String,
    params: Params,
    at: i64,
    status: StatusCode,
    body: Value,
}

struct Inner {
    common: Arc<Common>,
    base_url: String,
    secret_key: String,
    state: Mutex<StripeState>,
    kept: Mutex<HashMap<String, Kept>>,
}

/// The stand-in for Stripe: what a test or a control request can do with it.
#[derive(Clone)]
pub struct Stripe {
    inner: Arc<Inner>,
}

/// What an API request brings along.
struct Call<'a> {
    method: &'a str,
    path: &'a str,
    headers: &'a HeaderMap,
    params: Params,
    fails: bool,
}

impl Stripe {
    pub(crate) fn new(common: Arc<Common>, base_url: String, secret_key: String, prices: &[PriceSeed]) -> Self {
        let inner = Inner { common, base_url, secret_key, state: Mutex::default(), kept: Mutex::default() };
        let stripe = Self { inner: Arc::new(inner) };
        stripe.step(None, |work| prices.iter().for_each(|price| catalogue::seed(work, price)));
        stripe
    }

    pub(crate) fn router(&self) -> Router {
        let router = Router::new().merge(pages::routes()).fallback(api).with_state(self.clone());
        gated(&self.inner.common, Service::Stripe, router)
    }

    /// One locked step: what is due by the clock, then `change`, then the deliveries that came of it.
    fn step<R>(&self, key: Option<(String, Option<String>)>, change: impl FnOnce(&mut Work<'_>) -> R) -> R {
        let common = &self.inner.common;
        let mut state = locked(&self.inner.state);
        let (request_id, idempotency_key) = key.map_or((None, None), |(id, key)| (Some(id), key));
        let mut work = Work {
            state: &mut state,
            ids: &common.ids,
            now: common.clock.seconds(),
            base_url: &self.inner.base_url,
            request_id: None,
            idempotency_key: None,
            events: Vec::new(),
        };
        checkout::expire_due(&mut work);
        subscriptions::advance(&mut work);
        work.request_id = request_id;
        work.idempotency_key = idempotency_key;
        let result = change(&mut work);
        let events = std::mem::take(&mut work.events);
        let outgoing: Vec<Outgoing> = events.iter().flat_map(|event| deliveries(&state, event)).collect();
        drop(state);
        outgoing.into_iter().for_each(|delivery| common.deliveries.send(delivery));
        result
    }

    fn call(&self, call: &Call<'_>, request_id: &str) -> (StatusCode, Value, bool) {
        match self.checked(call, request_id) {
            Ok(answer) => answer,
            Err(refusal) => (refusal.status, refusal.body(), false),
        }
    }

    fn checked(&self, call: &Call<'_>, request_id: &str) -> Result<(StatusCode, Value, bool), Refusal> {
        self.authorize(call.headers)?;
        check_version(call.headers)?;
        let key = idempotency_key(call)?;
        let run = || {
            if call.fails {
                return Err(Refusal::internal());
            }
            self.step(Some((request_id.to_owned(), key.clone())), |work| {
                route::answer(work, call.method, call.path, &call.params)
            })
        };
        let Some(key) = &key else { return run().map(|value| (StatusCode::OK, value, false)) };
        let now = self.inner.common.clock.seconds();
        // Held while the request runs, so that two requests with one key cannot both execute.
        let mut kept = locked(&self.inner.kept);
        kept.retain(|_, first| first.at + KEY_KEPT_SECONDS > now);
        if let Some(first) = kept.get(key) {
            if first.method != call.method || first.path != call.path || first.params != call.params {
                let text = "Keys for idempotent requests can only be used with the same parameters they were first used with. \
                            Try using a key other than the one you sent if you meant to execute a different request.";
                return Err(Refusal::idempotency(text));
            }
            return Ok((first.status, first.body.clone(), true));
        }
        let (status, body) = match run() {
            Ok(value) => (StatusCode::OK, value),
            // Refusals before execution are not kept: the caller may mend the request under the same key.
            Err(refusal) if refusal.status.is_client_error() && refusal.status != StatusCode::PAYMENT_REQUIRED => {
                return Err(refusal);
            }
            Err(refusal) => (refusal.status, refusal.body()),
        };
        let (method, path) = (call.method.to_owned(), call.path.to_owned());
        let first = Kept { method, path, params: call.params.clone(), at: now, status, body: body.clone() };
        kept.insert(key.clone(), first);
        Ok((status, body, false))
    }

    fn authorize(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let key = if let Some(token) = given.strip_prefix("Bearer ") {
            token.to_owned()
        } else if let Some(pair) = given.strip_prefix("Basic ") {
            let decoded =
                STANDARD.decode(pair).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
            decoded.split(':').next().unwrap_or_default().to_owned()
        } else {
            let text = "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth.";
            return Err(Refusal::unauthorized(text));
        };
        if key.contains("_live_") {
            return Err(Refusal::unauthorized("A live key was sent to the sandbox. It is refused and was not kept."));
        }
        if key != self.inner.secret_key {
            return Err(Refusal::unauthorized("Invalid API Key provided."));
        }
        Ok(())
    }
}

fn deliveries(state: &StripeState, event: &Value) -> Vec<Outgoing> {
    let kind = event["type"].as_str().unwrap_or_default();
    let wants = |endpoint: &&Value| {
        let wanted = |name: &Value| name == kind || name == "*";
        endpoint["enabled_events"].as_array().is_some_and(|names| names.iter().any(wanted))
    };
    let endpoints = state.all("webhook_endpoint");
    endpoints
        .into_iter()
        .rev()
        .filter(wants)
        .filter_map(|endpoint| {
            let secret = state.endpoint_secrets.get(endpoint["id"].as_str()?)?.clone();
            Some(Outgoing {
                service: Service::Stripe,
                topic: kind.to_owned(),
                id: event["id"].as_str()?.to_owned(),
                url: endpoint["url"].as_str()?.to_owned(),
                body: serde_json::to_vec_pretty(event).ok()?,
                signing: Signing::Stripe { secret },
            })
        })
        .collect()
}

fn check_version(headers: &HeaderMap) -> Result<(), Refusal> {
    match headers.get("stripe-version").map(HeaderValue::to_str) {
        None => Ok(()),
        Some(Ok(version)) if version == API_VERSION => Ok(()),
        Some(version) => {
            let version = version.unwrap_or("(not text)");
            Err(Refusal::invalid(format!(
                "Invalid Stripe API version: {version}. This sandbox speaks {API_VERSION} only."
            )))
        }
    }
}

fn idempotency_key(call: &Call<'_>) -> Result<Option<String>, Refusal> {
    if call.method != "POST" {
        return Ok(None);
    }
    let Some(value) = call.headers.get("idempotency-key") else { return Ok(None) };
    match value.to_str() {
        Ok(key) if (1..=LONGEST_KEY).contains(&key.len()) => Ok(Some(key.to_owned())),
        _ => Err(Refusal::idempotency("Invalid idempotency key: it must have 1 to 255 characters.")),
    }
}

async fn api(State(stripe): State<Stripe>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let request_id = stripe.inner.common.ids.mixed("req_", 14);
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let method = parts.method.as_str();
    let encoded = if method == "POST" { body.as_ref() } else { parts.uri.query().unwrap_or_default().as_bytes() };
    let is_form = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let outcome = if method == "POST" && !body.is_empty() && !is_form {
        let text = "Invalid request (check that your POST content type is application/x-www-form-urlencoded).";
        let refusal = Refusal::invalid(text);
        (refusal.status, refusal.body(), false)
    } else {
        match Params::read(encoded) {
            Ok(params) => {
                let fails = parts.extensions.get::<FailExecution>().is_some();
                let call = Call { method, path: parts.uri.path(), headers: &parts.headers, params, fails };
                stripe.call(&call, &request_id)
            }
            Err(problem) => {
                let refusal = Refusal::invalid(problem.to_string());
                (refusal.status, refusal.body(), false)
            }
        }
    };
    let (status, mut value, replayed) = outcome;
    if let Some(error) = value.get_mut("error").and_then(Value::as_object_mut) {
        error.insert("request_log_url".into(), Value::from(format!("{}/_log/{request_id}", stripe.inner.base_url)));
    }
    let text = serde_json::to_string_pretty(&value).unwrap_or_default();
    let mut response = (status, [(header::CONTENT_TYPE, "application/json")], text).into_response();
    let headers = response.headers_mut();
    headers.insert("stripe-version", HeaderValue::from_static(API_VERSION));
    if let Ok(id) = HeaderValue::try_from(request_id) {
        headers.insert("request-id", id);
    }
    if let Some(key) = parts.headers.get("idempotency-key") {
        headers.insert("idempotency-key", key.clone());
    }
    if replayed {
        headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    response
}

/// Everything below is for tests and for the control interface.
impl Stripe {
    fn act(&self, change: impl FnOnce(&mut Work<'_>) -> Result<Value, Refusal>) -> Result<Value, ControlError> {
        self.step(None, change).map_err(|refusal| ControlError(refusal.message))
    }

    /// Registers a webhook endpoint for these event types (`*` for all) and answers its secret.
    ///
    /// # Errors
    /// When `url` is not plain HTTP on this machine.
    pub fn add_webhook(&self, url: &str, events: &[&str]) -> Result<String, ControlError> {
        let events = events.iter().map(|name| Value::from(*name)).collect();
        let endpoint = self.act(|work| route::endpoint(work, url, events, Value::Object(serde_json::Map::new())))?;
        Ok(endpoint["secret"].as_str().unwrap_or_default().to_owned())
    }

    /// Does what the buttons of the checkout page do. The answer is the session afterwards.
    ///
    /// # Errors
    /// When the session is unknown or no longer open.
    pub fn pay(&self, session: &str, by: PayBy) -> Result<Value, ControlError> {
        self.act(|work| paying::pay(work, session, by))
    }

    /// Makes an open session free by a promotion code, when it allows codes.
    ///
    /// # Errors
    /// When the session is unknown, no longer open or takes no codes.
    pub fn apply_free_code(&self, session: &str) -> Result<(), ControlError> {
        self.act(|work| paying::apply_free_code(work, session).map(|()| Value::Null)).map(|_| ())
    }

    /// Ends a slow payment.
    ///
    /// # Errors
    /// When the session does not wait for one.
    pub fn settle(&self, session: &str, succeeded: bool) -> Result<Value, ControlError> {
        self.act(|work| paying::settle(work, session, succeeded))
    }

    /// Fails a refund that had succeeded.
    ///
    /// # Errors
    /// When the refund is unknown or has failed already.
    pub fn fail_refund(&self, refund: &str) -> Result<Value, ControlError> {
        self.act(|work| refunds::fail(work, refund))
    }

    /// Opens a dispute on a charge, in a state such as `needs_response` or `warning_needs_response`.
    ///
    /// # Errors
    /// When the charge is unknown.
    pub fn open_dispute(&self, charge: &str, status: &str) -> Result<Value, ControlError> {
        self.act(|work| refunds::dispute(work, charge, status))
    }

    /// Moves a dispute to another state; `won`, `lost`, `prevented` and `warning_closed` end it.
    ///
    /// # Errors
    /// When the dispute is unknown.
    pub fn move_dispute(&self, dispute: &str, status: &str) -> Result<Value, ControlError> {
        self.act(|work| refunds::move_dispute(work, dispute, status))
    }

    /// Warns of fraud on a charge.
    ///
    /// # Errors
    /// When the charge is unknown.
    pub fn warn_of_fraud(&self, charge: &str) -> Result<Value, ControlError> {
        self.act(|work| refunds::early_fraud_warning(work, charge))
    }

    /// Decides whether a customer's card works from now on; one that works pays what is open.
    pub fn set_card(&self, customer: &str, works: bool) {
        self.step(None, |work| subscriptions::card_replaced(work, customer, works));
    }

    /// Sets top-level fields of any object and, when named, makes the event that tells of it.
    ///
    /// # Errors
    /// When the object is unknown or the patch is not an object.
    pub fn change(&self, id: &str, patch: &Value, event: Option<&str>) -> Result<Value, ControlError> {
        let refusal = || Refusal::invalid(format!("No such object: '{id}', or the change is not a JSON object."));
        self.act(|work| work.change(id, patch, event).ok_or_else(refusal))
    }

    /// Makes an event about any object, also of a type that nobody knows.
    pub fn tell(&self, kind: &str, object: &Value) {
        self.step(None, |work| work.tell(kind, object, None));
    }

    /// Delivers a stored event once more.
    ///
    /// # Errors
    /// When the event is unknown.
    pub fn resend(&self, event: &str) -> Result<(), ControlError> {
        let found = self.act(|work| work.find("event", event, "id"))?;
        let outgoing = deliveries(&locked(&self.inner.state), &found);
        outgoing.into_iter().for_each(|delivery| self.inner.common.deliveries.send(delivery));
        Ok(())
    }

    /// An object as the API would answer it.
    pub fn object(&self, id: &str) -> Option<Value> {
        self.step(None, |work| work.state.get(id).cloned())
    }

    /// All objects of a kind such as `charge`, newest first.
    pub fn objects(&self, kind: &str) -> Vec<Value> {
        self.step(None, |work| work.state.all(kind).into_iter().cloned().collect())
    }

    /// Lets everything happen that is due by the clock.
    pub fn tick(&self) {
        self.step(None, |_| ());
    }
}
