//! Errors of the service: `{code, message, retryable}`.

use serde::{Deserialize, Serialize};

/// An error as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ServiceError))]
pub struct ServiceError {
    /// What a program branches on.
    pub code: ServiceCode,
    /// A sentence for people.
    pub message: String,
    /// Whether trying the same again may help.
    #[serde(default)]
    pub retryable: bool,
}

/// What a program branches on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ServiceCode {
    /// The request cannot be understood.
    BadRequest,
    /// There is no such thing, or it is not yours.
    NotFound,
    /// The address exists, but not for this method.
    MethodNotAllowed,
    /// The body is not of a kind that is understood.
    UnsupportedMediaType,
    /// The body is larger than allowed.
    TooLarge,
    /// A value is out of range or malformed; the message names it.
    Invalid,
    /// No valid token came along.
    Unauthenticated,
    /// The token was good and its time is over: refresh it.
    TokenExpired,
    /// Not allowed for this person.
    Forbidden,
    /// It clashes with what is there.
    Conflict,
    /// The price is another one than the person saw.
    PriceChanged,
    /// The newest privacy policy must be accepted first.
    PolicyNotAccepted,
    /// Too many attempts: wait as long as `Retry-After` says.
    RateLimited,
    /// Fewer credits are available than are needed.
    NotEnoughCredits,
    /// The request itself came too slowly.
    TooSlow,
    /// It took too long.
    TimedOut,
    /// Something that is needed does not answer.
    Unavailable,
    /// A fault in the service.
    Internal,
    /// One that this program does not know.
    #[serde(other)]
    Unknown,
}
