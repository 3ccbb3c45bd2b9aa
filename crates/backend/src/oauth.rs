//! Our own authorization server, for our own desktop app: OAuth 2 authorization code with PKCE and a loopback redirect (RFC 6749, 7636, 8252).
//!
//! One public client, no scopes. The page that asks the person is in `pages::connect`; here are the rules about requests, codes and tokens.

pub mod code;
pub mod request;

use crate::accounts::tokens::{self, Pair, TokenError};
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::http::extract::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The desktop app's name as a client.
pub const CLIENT_ID: &str = "aspretty-desktop";

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(token)).routes(routes!(revoke))
}

/// A request for tokens: by a code, or by a refresh token.
#[derive(Deserialize, ToSchema)]
struct TokenRequest {
    /// authorization_code or refresh_token.
    grant_type: String,
    /// aspretty-desktop.
    client_id: Option<String>,
    /// With authorization_code.
    code: Option<String>,
    /// With authorization_code: the same as before.
    redirect_uri: Option<String>,
    /// With authorization_code: PKCE.
    code_verifier: Option<String>,
    /// With refresh_token.
    refresh_token: Option<String>,
}

/// Tokens.
#[derive(Serialize, ToSchema)]
struct Tokens {
    access_token: String,
    /// Bearer.
    token_type: &'static str,
    /// Seconds.
    expires_in: u64,
    refresh_token: String,
}

impl From<Pair> for Tokens {
    fn from(pair: Pair) -> Self {
        Self {
            access_token: pair.access,
            token_type: "Bearer",
            expires_in: pair.expires_in.as_secs(),
            refresh_token: pair.refresh,
        }
    }
}

/// An error in OAuth's words and in ours.
#[derive(Debug, Serialize, ToSchema)]
pub struct OAuthError {
    /// As RFC 6749 names it.
    error: &'static str,
    /// The same as `message`.
    error_description: String,
    #[serde(flatten)]
    ours: ApiError,
}

impl OAuthError {
    fn new(error: &'static str, message: &str) -> Self {
        Self { error, error_description: message.to_owned(), ours: ApiError::new(ErrorCode::BadRequest, message) }
    }

    fn grant() -> Self {
        Self::new("invalid_grant", "This code or token is not valid any more. Sign in again.")
    }
}

impl<E: Into<ApiError>> From<E> for OAuthError {
    fn from(error: E) -> Self {
        let ours: ApiError = error.into();
        let error = match ours.code {
            ErrorCode::Internal => "server_error",
            ErrorCode::Unavailable | ErrorCode::TimedOut | ErrorCode::RateLimited => "temporarily_unavailable",
            _ => "invalid_request",
        };
        Self { error, error_description: ours.message.clone(), ours }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let status = self.ours.status();
        (status, axum::Json(self)).into_response()
    }
}

/// Exchanges a code or a refresh token for tokens.
#[utoipa::path(post, path = "/oauth/token", tag = "sign-in",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Tokens), (status = 400, body = OAuthError), (status = 413, body = OAuthError),
        (status = 415, body = OAuthError), (status = 422, body = OAuthError)))]
async fn token(
    State(app): State<App>,
    form: Result<Form<TokenRequest>, ApiError>,
) -> Result<axum::Json<Tokens>, OAuthError> {
    let Form(form) = form?;
    if form.client_id.as_deref().is_some_and(|client| client != CLIENT_ID) {
        return Err(OAuthError::new("invalid_client", "There is no such app."));
    }
    let missing = |what: &str| OAuthError::new("invalid_request", &format!("`{what}` is missing."));
    let pair = match form.grant_type.as_str() {
        "authorization_code" => {
            form.client_id.ok_or_else(|| missing("client_id"))?;
            let redemption = code::Redemption {
                code: form.code.as_deref().ok_or_else(|| missing("code"))?,
                redirect_uri: form.redirect_uri.as_deref().ok_or_else(|| missing("redirect_uri"))?,
                verifier: form.code_verifier.as_deref().ok_or_else(|| missing("code_verifier"))?,
            };
            code::redeem(&app, redemption).await?.ok_or_else(OAuthError::grant)?
        }
        "refresh_token" => {
            let token = form.refresh_token.ok_or_else(|| missing("refresh_token"))?;
            tokens::refresh(&app, &token).await.map_err(|error| match error {
                TokenError::Unknown | TokenError::Expired => OAuthError::grant(),
                TokenError::Account(error) => error.into(),
            })?
        }
        _ => {
            return Err(OAuthError::new(
                "unsupported_grant_type",
                "`grant_type` must be authorization_code or refresh_token.",
            ));
        }
    };
    Ok(axum::Json(pair.into()))
}

/// A token to end.
#[derive(Deserialize, ToSchema)]
struct Revocation {
    /// An access or refresh token.
    token: String,
}

/// Signs out the device that a token belongs to (RFC 7009). An unknown token is no error.
#[utoipa::path(post, path = "/oauth/revoke", tag = "sign-in",
    request_body(content = Revocation, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200), (status = 400, body = OAuthError), (status = 413, body = OAuthError), (status = 415, body = OAuthError),
        (status = 422, body = OAuthError)))]
async fn revoke(State(app): State<App>, form: Result<Form<Revocation>, ApiError>) -> Result<StatusCode, OAuthError> {
    let Form(form) = form?;
    tokens::revoke(&app, &form.token).await?;
    Ok(StatusCode::OK)
}
