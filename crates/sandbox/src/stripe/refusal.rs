//! Errors in Stripe's shape: `{"error": {type, code, message, param, …}}` with the status that goes with the type.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

/// One refusal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) kind: &'static str,
    pub(crate) code: Option<&'static str>,
    pub(crate) message: String,
    pub(crate) param: Option<String>,
    pub(crate) decline_code: Option<&'static str>,
}

impl Refusal {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "invalid_request_error",
            code: None,
            message: message.into(),
            param: None,
            decline_code: None,
        }
    }

    pub(crate) fn missing(param: &str) -> Self {
        Self::invalid(format!("Missing required param: {param}.")).code("parameter_missing").param(param)
    }

    pub(crate) fn unknown_parameter(param: &str) -> Self {
        Self::invalid(format!("Received unknown parameter: {param}")).code("parameter_unknown").param(param)
    }

    pub(crate) fn not_found(kind: &str, id: &str, param: &str) -> Self {
        let mut refusal = Self::invalid(format!("No such {kind}: '{id}'")).code("resource_missing").param(param);
        refusal.status = StatusCode::NOT_FOUND;
        refusal
    }

    pub(crate) fn unauthorized(message: &str) -> Self {
        let mut refusal = Self::invalid(message);
        refusal.status = StatusCode::UNAUTHORIZED;
        refusal
    }

    pub(crate) fn no_route(method: &str, path: &str) -> Self {
        let mut refusal = Self::invalid(format!("Unrecognized request URL ({method}: {path}).")).code("url_invalid");
        refusal.status = StatusCode::NOT_FOUND;
        refusal
    }

    pub(crate) fn idempotency(message: &str) -> Self {
        let mut refusal = Self::invalid(message);
        refusal.kind = "idempotency_error";
        refusal
    }

    pub(crate) fn internal() -> Self {
        let mut refusal = Self::invalid("An unknown error occurred.");
        refusal.status = StatusCode::INTERNAL_SERVER_ERROR;
        refusal.kind = "api_error";
        refusal
    }

    #[must_use]
    pub(crate) fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    #[must_use]
    pub(crate) fn param(mut self, param: &str) -> Self {
        self.param = Some(param.to_owned());
        self
    }

    pub(crate) fn body(&self) -> Value {
        let mut error = Map::new();
        error.insert("type".into(), json!(self.kind));
        error.insert("message".into(), json!(self.message));
        if let Some(code) = self.code {
            error.insert("code".into(), json!(code));
            error.insert("doc_url".into(), json!(format!("https://docs.stripe.com/error-codes#{code}")));
        }
        if let Some(param) = &self.param {
            error.insert("param".into(), json!(param));
        }
        if let Some(decline) = self.decline_code {
            error.insert("decline_code".into(), json!(decline));
        }
        json!({ "error": error })
    }
}
