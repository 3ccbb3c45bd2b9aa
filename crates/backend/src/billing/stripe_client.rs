//! The calls to Stripe that this service makes, written for version `2026-10-28.endive`, and the check of its webhooks.
//!
//! Thin: one function a call, retries by Stripe's own rule, errors by who is at fault. What a payment means for an order or for
//! credits is decided elsewhere.

pub mod objects;
pub mod signature;

use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::outbound::{Base, Patience, SetupError, TransportError, client, read_at_most};
use crate::settings::{Secret, Stripe};
use objects::{
    Charge, Customer, Dispute, Invoice, InvoicePayment, LineItem, Page, PaymentIntent, PortalSession, Refund, Session,
    Subscription,
};
use signature::Event;

const LIVE_HOST: &str = "api.stripe.com";
const LARGEST_ANSWER: usize = 4 << 20;

/// Why a call did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StripeError {
    /// No usable answer came.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// Stripe said no.
    #[error("Stripe refused with {status}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Stripe's `type`, such as `invalid_request_error` or `idempotency_error`.
        kind: String,
        /// Stripe's `code`, such as `resource_missing`.
        code: Option<String>,
        /// The parameter that it is about.
        param: Option<String>,
        /// For the log, never for a person.
        message: String,
        /// For Stripe's support.
        request_id: Option<String>,
    },
    /// The answer is not what the version promises.
    #[error("Stripe's answer cannot be read: {0}")]
    Unreadable(String),
}

impl StripeError {
    /// Whether the object does not exist.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Refused { code: Some(code), .. } if code == "resource_missing")
    }

    /// Whether the customer that was named does not exist.
    pub fn is_customer_missing(&self) -> bool {
        self.is_missing() && matches!(self, Self::Refused { param: Some(param), .. } if param == "customer")
    }

    /// Whether the same key was used with other parameters: our own fault.
    pub fn is_key_reused(&self) -> bool {
        matches!(self, Self::Refused { kind, .. } if kind == "idempotency_error")
    }

    /// Whether Stripe began and failed: it keeps that answer under the key, so that only another key can bring another one.
    pub fn is_kept_failure(&self) -> bool {
        matches!(self, Self::Refused { status: 500.., .. })
    }

    /// Whether it may work later.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Transport(_) => true,
            Self::Refused { status, .. } => matches!(status, 409 | 429 | 500..),
            Self::Unreadable(_) => false,
        }
    }
}

/// What a session sells.
#[derive(Clone, Debug)]
pub enum Sale {
    /// A one-time purchase.
    Once,
    /// A subscription.
    Subscription,
}

/// A session that is to be created.
#[derive(Clone, Debug)]
pub struct NewSession<'a> {
    /// What kind of sale.
    pub sale: Sale,
    /// `cus_…`
    pub customer: &'a str,
    /// `price_…`
    pub price: &'a str,
    /// How many.
    pub quantity: u32,
    /// Our order; the only thing we tell Stripe about it.
    pub order: &'a str,
    /// Seconds since 1970, 30 minutes to a day from now.
    pub expires_at: i64,
    /// Where the browser goes after paying.
    pub success_url: &'a str,
    /// Where it goes after leaving.
    pub cancel_url: &'a str,
    /// Whether the page takes promotion codes.
    pub promotion_codes: bool,
}

/// The client.
#[derive(Clone, Debug)]
pub struct StripeClient {
    http: reqwest::Client,
    base: Base,
    key: Secret,
    api_version: String,
    patience: Patience,
}

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorFields,
}

#[derive(Default, Deserialize)]
struct ErrorFields {
    #[serde(default, rename = "type")]
    kind: String,
    code: Option<String>,
    param: Option<String>,
    #[serde(default)]
    message: String,
}

type Form<'a> = Vec<(&'a str, String)>;

impl StripeClient {
    /// A client for the real service, or for a stand-in on loopback.
    ///
    /// # Errors
    /// When the address is not secure or the key belongs to another address.
    pub fn new(settings: &Stripe, patience: Patience, timeout: Duration) -> Result<Self, SetupError> {
        let (key, api_version) = (settings.secret_key.clone(), settings.api_version.clone());
        let base = Base::new(&settings.base_url, LIVE_HOST, key.reveal())?;
        Ok(Self { http: client(timeout)?, base, key, api_version, patience })
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        form: &Form<'_>,
        key: Option<&str>,
    ) -> Result<T, StripeError> {
        let mut tried = 0;
        loop {
            let outcome = self.once(&method, path, form, key).await;
            let again = match &outcome {
                Ok((status, should_retry, _, _)) => retries(*status, *should_retry),
                // A lost answer of a POST without a key may have been work done: not to be repeated.
                Err(TransportError::OutcomeUnknown) => method != Method::POST || key.is_some(),
                Err(TransportError::NotReached) => true,
                Err(TransportError::TooLarge(_)) => false,
            };
            if !again || tried >= self.patience.retries {
                let (status, _, request_id, body) = outcome?;
                return read(status, request_id, &body);
            }
            tried += 1;
            tokio::time::sleep(self.patience.wait(tried)).await;
        }
    }

    async fn once(
        &self,
        method: &Method,
        path: &str,
        form: &Form<'_>,
        key: Option<&str>,
    ) -> Result<(u16, Option<bool>, Option<String>, Vec<u8>), TransportError> {
        let mut request = self.http.request(method.clone(), self.base.at(path));
        request = request.bearer_auth(self.key.reveal()).header("stripe-version", &self.api_version);
        request = if *method == Method::POST { request.form(form) } else { request.query(form) };
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let response = request.send().await?;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let should_retry = header("stripe-should-retry").and_then(|text| text.parse().ok());
        let (status, request_id) = (response.status().as_u16(), header("request-id"));
        Ok((status, should_retry, request_id, read_at_most(response, LARGEST_ANSWER).await?))
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, StripeError> {
        self.call(Method::GET, path, &Vec::new(), None).await
    }

    /// Creates a customer; one a person, under a key made from theirs.
    ///
    /// # Errors
    /// `StripeError`.
    pub async fn create_customer(&self, email: &str, user_ref: &str, key: &str) -> Result<Customer, StripeError> {
        let form = vec![("email", email.to_owned()), ("metadata[user_ref]", user_ref.to_owned())];
        self.call(Method::POST, "/v1/customers", &form, Some(key)).await
    }

    /// A customer as it is now.
    ///
    /// # Errors
    /// `StripeError`.
    pub async fn customer(&self, id: &str) -> Result<Customer, StripeError> {
        self.get(&path("/v1/customers", id)).await
    }

    /// Deletes a customer; its subscriptions end at once.
    ///
    /// # Errors
    /// `StripeError`.
    pub async fn delete_customer(&self, id: &str) -> Result<Customer, StripeError> {
        self.call(Method::DELETE, &path("/v1/customers", id), &Vec::new(), None).await
    }

    /// Creates a session under the order's key.
    ///
    /// # Errors
    /// `StripeError`.
    pub async fn create_session(&self, new: &NewSession<'_>, key: &str) -> Result<Session, StripeError> {
        let (mode, noted) = match new.sale {
            Sale::Once => ("payment", "payment_intent_data[metadata][order_id]"),
            Sale::Subscription => ("subscription", "subscription_data[metadata][order_id]"),
        };
        let mut form = vec![
            ("mode", mode.to_owned()),
            ("customer", new.customer.to_owned()),
            ("line_items[0][price]", new.price.to_owned()),
            ("line_items[0][quantity]", new.quantity.to_string()),
            ("client_reference_id", new.order.to_owned()),
            ("metadata[order_id]", new.order.to_owned()),
            (noted, new.order.to_owned()),
            ("expires_at", new.expires_at.to_string()),
            // Otherwise the currency that is paid can differ from the one of the order.
            ("adaptive_pricing[enabled]", "false".to_owned()),
            ("allowed_payment_method_types[0]", "card".to_owned()),
            ("success_url", new.success_url.to_owned()),
            ("cancel_url", new.cancel_url.to_owned()),
        ];
        if new.promotion_codes {
            form.push(("allow_promotion_codes", "true".to_owned()));
        }
        self.call(Method::POST, "/v1/checkout/sessions", &form, Some(key)).await
    }

    /// A session as it is now.
    ///
    /// # Errors
    /// `StripeError`.
    pub async fn session(&self, id: &str) -> Result<Session, StripeError> {
        self.get(&path("/v1/checkout/sessions", id)).await
    }

    /// What a session sells.
    ///
    /// # Errors
    /// `StripeError`.
    pub async fn session_lines(&self, id: &str) -> Result<Page<LineItem>, StripeError> {
        self.get(&format!("{}/line_items", path("/v1/checkout/sessions", id))).await
    }

    /// Ends an open session.
    ///
    /// # Errors
    /// `StripeError`; a session that is not open is refused.
    pub async fn expire_session(&self, id: &str, key: &str) -> Result<Session, StripeError> {
        self.call(Method::POST, &format!("{}/expire", path("/v1/checkout/sessions", id)), &Vec::new(), Some(key)).await
    }

    /// Opens the customer portal.
    ///
    /// # Errors
    /// `StripeError`.
    pub async fn create_portal(
        &self,
        customer: &str,
        configuration: Option<&str>,
        return_url: &str,
    ) -> Result<PortalSession, StripeError> {
        let mut form = vec![("customer", customer.to_owned()), ("return_url", return_url.to_owned())];
        form.extend(configuration.map(|id| ("configuration", id.to_owned())));
        self.call(Method::POST, "/v1/billing_portal/sessions", &form, None).await
    }

    /// A subscription as it is now.
    ///
    /// # Errors
    /// `StripeError`.
    pub async fn subscription(&self, id: &str) -> Result<Subscription, StripeError> {
        self.get(&path("/v1/subscriptions", id)).await
    }

    /// Lets a subscription end with its period, or takes that back.
    ///
    /// # Errors
    /// `StripeError`.
    pub async fn end_with_period(&self, id: &str, end: bool, key: &str) -> Result<Subscription, StripeError> {
        let form = vec![("cancel_at_period_end", end.to_string())];
        self.call(Method::POST, &path("/v1/subscriptions", id), &form, Some(key)).await
    }

    /// Ends a subscription at once.
    ///
    /// # Errors
    /// `StripeError`.
    pub async fn cancel_subscription(&self, id: &str) -> Result<Subscription, StripeError> {
        self.call(Method::DELETE, &path("/v1/subscriptions", id), &Vec::new(), None).await
    }

    /// An invoice as it is now.
    ///
    /// # Errors
    /// `StripeError`.
    pub async fn invoice(&self, id: &str) -> Result<Invoice, StripeError> {
        self.get(&path("/v1/invoices", id)).await
    }

    /// How an invoice was paid.
    ///
    /// # Errors
    /// `StripeError`.
    pub async fn invoice_payments(&self, invoice: &str) -> Result<Page<InvoicePayment>, StripeError> {
        let form = vec![("invoice", invoice.to_owned()), ("limit", "100".to_owned())];
        self.call(Method::GET, "/v1/invoice_payments", &form, None).await
    }

    /// A payment intent as it is now.
    ///
    /// # Errors
    /// `StripeError`.
    pub async fn payment_intent(&self, id: &str) -> Result<PaymentIntent, StripeError> {
        self.get(&path("/v1/payment_intents", id)).await
    }

    /// A charge as it is now.
    ///
    /// # Errors
    /// `StripeError`.
    pub async fn charge(&self, id: &str) -> Result<Charge, StripeError> {
        self.get(&path("/v1/charges", id)).await
    }

    /// A page of charges made in a span of seconds, newest first, older than `before` if it is given.
    ///
    /// # Errors
    /// `StripeError`.
    pub async fn charges(&self, from: i64, until: i64, before: Option<&str>) -> Result<Page<Charge>, StripeError> {
        let mut form =
            vec![("created[gte]", from.to_string()), ("created[lt]", until.to_string()), ("limit", "100".to_owned())];
        form.extend(before.map(|id| ("starting_after", id.to_owned())));
        self.call(Method::GET, "/v1/charges", &form, None).await
    }

    /// A dispute as it is now.
    ///
    /// # Errors
    /// `StripeError`.
    pub async fn dispute(&self, id: &str) -> Result<Dispute, StripeError> {
        self.get(&path("/v1/disputes", id)).await
    }

    /// Refunds a part of a payment, in minor units. `request` is ours, and comes back with the refund.
    ///
    /// # Errors
    /// `StripeError`.
    pub async fn create_refund(
        &self,
        payment_intent: &str,
        amount: i64,
        request: &str,
        key: &str,
    ) -> Result<Refund, StripeError> {
        let form = vec![
            ("payment_intent", payment_intent.to_owned()),
            ("amount", amount.to_string()),
            ("reason", "requested_by_customer".to_owned()),
            ("metadata[request_id]", request.to_owned()),
        ];
        self.call(Method::POST, "/v1/refunds", &form, Some(key)).await
    }

    /// A refund as it is now.
    ///
    /// # Errors
    /// `StripeError`.
    pub async fn refund(&self, id: &str) -> Result<Refund, StripeError> {
        self.get(&path("/v1/refunds", id)).await
    }

    /// A page of the refunds of a charge, newest first, older than `before` if it is given.
    ///
    /// # Errors
    /// `StripeError`.
    pub async fn refunds(&self, charge: &str, before: Option<&str>) -> Result<Page<Refund>, StripeError> {
        let mut form = vec![("charge", charge.to_owned()), ("limit", "100".to_owned())];
        form.extend(before.map(|id| ("starting_after", id.to_owned())));
        self.call(Method::GET, "/v1/refunds", &form, None).await
    }

    /// A page of events from `created_from` on, newest first, older than `before` if it is given.
    ///
    /// # Errors
    /// `StripeError`.
    pub async fn events(&self, created_from: i64, before: Option<&str>) -> Result<Page<Event>, StripeError> {
        let mut form = vec![("created[gte]", created_from.to_string()), ("limit", "100".to_owned())];
        form.extend(before.map(|id| ("starting_after", id.to_owned())));
        self.call(Method::GET, "/v1/events", &form, None).await
    }
}

/// An id becomes one part of a path, whatever it holds.
fn path(folder: &str, id: &str) -> String {
    let safe: String =
        id.chars().filter(|character| character.is_ascii_alphanumeric() || matches!(character, '_' | '-')).collect();
    format!("{folder}/{safe}")
}

/// Stripe's own rule: its header decides when it is there, else conflicts and faults of the server; and too many requests, later.
fn retries(status: u16, should_retry: Option<bool>) -> bool {
    should_retry.unwrap_or(matches!(status, 409 | 429 | 500..))
}

fn read<T: DeserializeOwned>(status: u16, request_id: Option<String>, body: &[u8]) -> Result<T, StripeError> {
    if (200..300).contains(&status) {
        return serde_json::from_slice(body).map_err(|problem| StripeError::Unreadable(problem.to_string()));
    }
    let fields = serde_json::from_slice::<ErrorBody>(body).map(|body| body.error).unwrap_or_default();
    let ErrorFields { kind, code, param, message } = fields;
    Err(StripeError::Refused { status, kind, code, param, message, request_id })
}

#[cfg(test)]
mod tests;
