//! Errors as they leave the service: `{code, message, retryable}`, with a status that fits.
//!
//! The codes are `pretty-contract`'s, where the app reads them: one list.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
pub use pretty_contract::service::error::ServiceCode as ErrorCode;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// An error as it is sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiError {
    /// What a program branches on.
    pub code: ErrorCode,
    /// A sentence for people.
    pub message: String,
    /// Whether trying the same again may help.
    pub retryable: bool,
    #[serde(skip)]
    #[schema(ignore)]
    retry_after: Option<Duration>,
}

impl ApiError {
    /// An error with a sentence for people.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let retryable =
            matches!(code, ErrorCode::RateLimited | ErrorCode::TooSlow | ErrorCode::TimedOut | ErrorCode::Unavailable);
        Self { code, message: message.into(), retryable, retry_after: None }
    }

    /// A fault of ours: logged whole, told as little as possible.
    pub fn internal(fault: &dyn std::fmt::Display) -> Self {
        tracing::error!(%fault, "internal fault");
        Self::new(ErrorCode::Internal, "Something went wrong on our side. It has been logged.")
    }

    /// Too many attempts.
    pub fn rate_limited(retry_after: Duration) -> Self {
        let minutes = retry_after.as_secs().div_ceil(60);
        let mut error =
            Self::new(ErrorCode::RateLimited, format!("Too many attempts. Try again in {minutes} minutes."));
        error.retry_after = Some(retry_after);
        error
    }

    /// The status that goes with the code.
    pub fn status(&self) -> StatusCode {
        match self.code {
            ErrorCode::BadRequest => StatusCode::BAD_REQUEST,
            ErrorCode::NotFound => StatusCode::NOT_FOUND,
            ErrorCode::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            ErrorCode::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorCode::Unauthenticated | ErrorCode::TokenExpired => StatusCode::UNAUTHORIZED,
            ErrorCode::Forbidden | ErrorCode::PolicyNotAccepted => StatusCode::FORBIDDEN,
            ErrorCode::Conflict | ErrorCode::PriceChanged => StatusCode::CONFLICT,
            ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            ErrorCode::NotEnoughCredits => StatusCode::PAYMENT_REQUIRED,
            ErrorCode::TimedOut | ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::TooSlow => StatusCode::REQUEST_TIMEOUT,
            // The last one stands for what a newer service says; this one never says it.
            ErrorCode::Internal | ErrorCode::Unknown => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// How long to wait before trying again.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, wait, code) = (self.status(), self.retry_after, self.code);
        let mut response = (status, Json(self)).into_response();
        if let Some(wait) = wait {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        if status == StatusCode::UNAUTHORIZED {
            let challenge = if code == ErrorCode::TokenExpired { "Bearer error=\"invalid_token\"" } else { "Bearer" };
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}

impl From<crate::store::StoreError> for ApiError {
    fn from(error: crate::store::StoreError) -> Self {
        tracing::error!(%error, "the store failed");
        Self::new(ErrorCode::Unavailable, "The service cannot reach its database. Try again in a moment.")
    }
}

impl From<sea_orm::DbErr> for ApiError {
    fn from(error: sea_orm::DbErr) -> Self {
        crate::store::StoreError::from(error).into()
    }
}

impl From<crate::ledger::LedgerError> for ApiError {
    fn from(error: crate::ledger::LedgerError) -> Self {
        use crate::ledger::LedgerError;
        match error {
            LedgerError::Store(error) => error.into(),
            LedgerError::NotEnough { .. } => Self::new(ErrorCode::NotEnoughCredits, format!("{error}.")),
            LedgerError::BadAmount(_) => Self::new(ErrorCode::Invalid, format!("{error}.")),
            LedgerError::KeyReused(_) | LedgerError::Ended { .. } | LedgerError::StillOpen { .. } => {
                Self::new(ErrorCode::Conflict, format!("{error}."))
            }
            LedgerError::NoHold(_) => Self::new(ErrorCode::NotFound, format!("{error}.")),
            LedgerError::Broken(_) => Self::internal(&error),
        }
    }
}

impl From<crate::jobs::JobError> for ApiError {
    fn from(error: crate::jobs::JobError) -> Self {
        use crate::jobs::JobError;
        match error {
            JobError::Ledger(error) => error.into(),
            JobError::KeyReused => Self::new(ErrorCode::Conflict, "This Idempotency-Key was used for another request."),
            JobError::Unknown => Self::new(ErrorCode::NotFound, "There is no such job."),
            JobError::Ended => Self::new(ErrorCode::Conflict, "The job has ended already."),
            JobError::LeaseLost => Self::internal(&error),
        }
    }
}
