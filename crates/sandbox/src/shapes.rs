//! The documented shapes of answers that say no, ready to be scripted.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::faults::Fault;

fn status(status: u16, headers: &[(&str, String)], body: Value) -> Fault {
    let headers: BTreeMap<String, String> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Fault::Status { status, headers, body }
}

impl Fault {
    /// Replicate's 429: nothing was created.
    pub fn replicate_throttled(seconds: u32) -> Self {
        let detail = format!("Request was throttled. Your rate limit resets in ~{seconds}s.");
        status(429, &[("retry-after", seconds.to_string())], json!({ "detail": detail, "status": 429 }))
    }

    /// Replicate's 402: the account has no credit.
    pub fn replicate_without_credit() -> Self {
        let body = json!({ "title": "Insufficient credit", "detail": "You have insufficient credit to run this model.", "status": 402 });
        status(402, &[], body)
    }

    /// Anthropic's 429 with a time to wait.
    pub fn anthropic_rate_limited(seconds: u32) -> Self {
        let headers =
            [("retry-after", seconds.to_string()), ("anthropic-ratelimit-requests-remaining", "0".to_owned())];
        status(429, &headers, anthropic("rate_limit_error", "Number of requests has exceeded your rate limit"))
    }

    /// Anthropic's 429 without a time to wait: the spending cap.
    pub fn anthropic_spend_cap() -> Self {
        let mut body = anthropic("rate_limit_error", "usage tier spend cap");
        body["error"]["details"] = json!({ "error_code": "enforced_spend_limit_reached" });
        status(429, &[], body)
    }

    /// Anthropic's 529.
    pub fn anthropic_overloaded() -> Self {
        status(529, &[], anthropic("overloaded_error", "Overloaded"))
    }

    /// Anthropic's 500 that must not be tried again.
    pub fn anthropic_error_without_retry() -> Self {
        status(500, &[("x-should-retry", "false".to_owned())], anthropic("api_error", "Internal server error"))
    }

    /// Anthropic's 402.
    pub fn anthropic_billing() -> Self {
        status(402, &[], anthropic("billing_error", "Your credit balance is too low"))
    }

    /// A 413 from the edge before Anthropic: not JSON.
    pub fn anthropic_too_large() -> Self {
        status(413, &[("content-type", "text/html".to_owned())], json!("<html>413 Request Entity Too Large</html>"))
    }

    /// Stripe's 429, with or without the header that decides about a retry.
    pub fn stripe_rate_limited(should_retry: Option<bool>) -> Self {
        let headers: Vec<(&str, String)> =
            should_retry.map(|retry| ("stripe-should-retry", retry.to_string())).into_iter().collect();
        let message = "Request rate limit exceeded.";
        status(
            429,
            &headers,
            json!({ "error": { "type": "invalid_request_error", "code": "rate_limit", "message": message } }),
        )
    }

    /// Stripe's 409: the object is locked by another request.
    pub fn stripe_locked(should_retry: Option<bool>) -> Self {
        let headers: Vec<(&str, String)> =
            should_retry.map(|retry| ("stripe-should-retry", retry.to_string())).into_iter().collect();
        let message = "This object cannot be accessed right now because another API request is accessing it.";
        status(
            409,
            &headers,
            json!({ "error": { "type": "invalid_request_error", "code": "lock_timeout", "message": message } }),
        )
    }
}

/// Anthropic's error body.
pub(crate) fn anthropic(kind: &str, message: &str) -> Value {
    json!({ "type": "error", "error": { "type": kind, "message": message }, "request_id": "req_sandbox_scripted" })
}
