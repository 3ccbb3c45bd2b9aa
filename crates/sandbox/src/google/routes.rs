//! The provider's HTTP interface and its page.

use std::fmt::Write as _;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::tokens::claims_of;
use super::{Google, Person};
use crate::delivery::is_loopback;
use crate::form::{Params, query};
use crate::locked;
use crate::page::{escape, notice, origin, page, see_other};

pub(super) fn routes() -> Router<Google> {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/oauth2/v3/certs", get(certificates))
        .route("/o/oauth2/v2/auth", get(show_people).post(choose_person))
        .route("/token", post(token))
        .route("/v1/userinfo", get(user_info).post(user_info))
        .route("/revoke", post(async || axum::Json(json!({}))))
        .fallback(async || StatusCode::NOT_FOUND)
}

async fn discovery(State(google): State<Google>) -> Response {
    let base = &google.inner.base_url;
    axum::Json(json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/o/oauth2/v2/auth"),
        "device_authorization_endpoint": format!("{base}/device/code"),
        "token_endpoint": format!("{base}/token"),
        "userinfo_endpoint": format!("{base}/v1/userinfo"),
        "revocation_endpoint": format!("{base}/revoke"),
        "jwks_uri": format!("{base}/oauth2/v3/certs"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["aud", "email", "email_verified", "exp", "family_name", "given_name", "iat", "iss", "name", "picture", "sub"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "grant_types_supported": ["authorization_code"],
    }))
    .into_response()
}

async fn certificates(State(google): State<Google>) -> Response {
    let maker = google.clone();
    let made = tokio::task::spawn_blocking(move || maker.key().is_some()).await.unwrap_or(false);
    if !made {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let keys: Vec<Value> = locked(&google.inner.state).keys.iter().map(|key| key.public()).collect();
    (
        [(header::CACHE_CONTROL, "public, max-age=19000, must-revalidate, no-transform")],
        axum::Json(json!({ "keys": keys })),
    )
        .into_response()
}

/// Refuses on the page, without a redirect, what must not be redirected (RFC 6749, section 4.1.2.1).
fn refuse(title: &str, text: &str) -> Response {
    notice(StatusCode::BAD_REQUEST, "Google", title, text)
}

fn checked(google: &Google, asked: &Params) -> Result<String, Box<Response>> {
    if asked.text("client_id") != Some(google.inner.client_id.as_str()) {
        return Err(Box::new(refuse("Error 401: invalid_client", "The OAuth client was not found.")));
    }
    let redirect = asked.text("redirect_uri").unwrap_or_default().to_owned();
    let secure = redirect.starts_with("https://") || is_loopback(&redirect);
    if !secure || url::Url::parse(&redirect).is_ok_and(|url| url.fragment().is_some()) {
        return Err(Box::new(refuse(
            "Error 400: redirect_uri_mismatch",
            "The redirect must be https, or http on a loopback address.",
        )));
    }
    if asked.text("response_type") != Some("code") {
        return Err(Box::new(see_other(&back(&redirect, &[("error", "unsupported_response_type")], asked))));
    }
    if !asked.text("scope").unwrap_or_default().split(' ').any(|scope| scope == "openid") {
        return Err(Box::new(see_other(&back(&redirect, &[("error", "invalid_scope")], asked))));
    }
    if asked.text("code_challenge_method").is_some_and(|method| !["plain", "S256"].contains(&method)) {
        return Err(Box::new(see_other(&back(&redirect, &[("error", "invalid_request")], asked))));
    }
    Ok(redirect)
}

/// The way back, with `state` as it came.
fn back(redirect: &str, pairs: &[(&str, &str)], asked: &Params) -> String {
    let mut pairs = pairs.to_vec();
    if let Some(state) = asked.text("state") {
        pairs.push(("state", state));
    }
    let separator = if redirect.contains('?') { '&' } else { '?' };
    format!("{redirect}{separator}{}", query(&pairs))
}

async fn show_people(State(google): State<Google>, RawQuery(raw): RawQuery) -> Response {
    let asked = Params::read(raw.unwrap_or_default().as_bytes()).unwrap_or_default();
    let redirect = match checked(&google, &asked) {
        Ok(redirect) => redirect,
        Err(response) => return *response,
    };
    let mut html = String::from("<p>Choose who signs in.</p>");
    for person in &locked(&google.inner.state).people {
        let _ = write!(
            html,
            "<form method=\"post\"><button name=\"sub\" value=\"{}\">{} ({})</button></form>",
            escape(&person.sub),
            escape(&person.name),
            escape(&person.email)
        );
    }
    html.push_str(
        "<h2>Somebody else</h2><form method=\"post\"><label for=\"name\">Name</label><input id=\"name\" name=\"name\" required autocomplete=\"off\">\
         <label for=\"email\">Address</label><input id=\"email\" name=\"email\" type=\"email\" required autocomplete=\"off\">\
         <button>Sign in</button></form>\
         <form method=\"post\"><button class=\"quiet\" name=\"deny\" value=\"1\">Do not sign in</button></form>",
    );
    page(StatusCode::OK, "Google", "Sign in", &html, &origin(&redirect).into_iter().collect::<Vec<_>>())
}

async fn choose_person(State(google): State<Google>, RawQuery(raw): RawQuery, body: String) -> Response {
    let asked = Params::read(raw.unwrap_or_default().as_bytes()).unwrap_or_default();
    let redirect = match checked(&google, &asked) {
        Ok(redirect) => redirect,
        Err(response) => return *response,
    };
    let form = Params::read(body.as_bytes()).unwrap_or_default();
    if form.text("deny").is_some() {
        return see_other(&back(&redirect, &[("error", "access_denied")], &asked));
    }
    let known = form
        .text("sub")
        .and_then(|sub| locked(&google.inner.state).people.iter().find(|person| person.sub == sub).cloned());
    let person = match (known, form.text("name"), form.text("email")) {
        (Some(person), _, _) => person,
        (None, Some(name), Some(email)) if email.contains('@') => google.stranger(name, email),
        _ => return refuse("Nobody was chosen", "Go back and choose a person."),
    };
    let code = google.grant(person, &asked);
    see_other(&back(
        &redirect,
        &[("code", &code), ("scope", "email profile openid"), ("authuser", "0"), ("prompt", "none")],
        &asked,
    ))
}

impl Google {
    /// A person who was typed in; the same address is the same person from then on.
    fn stranger(&self, name: &str, email: &str) -> Person {
        let mut state = locked(&self.inner.state);
        if let Some(known) = state.people.iter().find(|person| person.email == email) {
            return known.clone();
        }
        let person = Person {
            sub: format!("2{:020}", self.inner.common.ids.number()),
            email: email.to_owned(),
            email_verified: Some(true),
            name: name.to_owned(),
            hosted_domain: None,
        };
        state.people.push(person.clone());
        person
    }
}

async fn token(State(google): State<Google>, headers: HeaderMap, body: String) -> Response {
    let form = Params::read(body.as_bytes()).unwrap_or_default();
    let basic = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Basic "));
    let decoded = basic.and_then(|pair| STANDARD.decode(pair).ok()).and_then(|bytes| String::from_utf8(bytes).ok());
    let (id, secret) = match decoded.as_deref().and_then(|pair| pair.split_once(':')) {
        Some((id, secret)) => (percent_decoded(id), percent_decoded(secret)),
        None => (
            form.text("client_id").unwrap_or_default().to_owned(),
            form.text("client_secret").unwrap_or_default().to_owned(),
        ),
    };
    let work = tokio::task::spawn_blocking(move || google.exchange(&form, (&id, &secret)));
    let outcome = work.await.unwrap_or(Err((500, "internal_failure", "The exchange crashed.")));
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    match outcome {
        Ok(answer) => (no_store, axum::Json(answer)).into_response(),
        Err((status, error, description)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
            (status, no_store, axum::Json(json!({ "error": error, "error_description": description }))).into_response()
        }
    }
}

/// RFC 6749, section 2.3.1: both halves are form-encoded.
fn percent_decoded(text: &str) -> String {
    let pair = format!("v={text}");
    url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

async fn user_info(State(google): State<Google>, headers: HeaderMap) -> Response {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let person = token.and_then(|token| locked(&google.inner.state).access.get(token).cloned());
    match person {
        Some(person) => {
            let mut claims = claims_of(&person);
            claims["email_verified"] = json!(person.email_verified.unwrap_or(false));
            axum::Json(claims).into_response()
        }
        None => (
            StatusCode::UNAUTHORIZED,
            axum::Json(json!({ "error": "invalid_request", "error_description": "Invalid Credentials" })),
        )
            .into_response(),
    }
}
