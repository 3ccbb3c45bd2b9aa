//! Who is looking at a page: one cookie with a random token, from which the forms' protection is derived.
//!
//! A visitor who is not signed in has a token too, kept nowhere but in the cookie. Signing in gives a new one. The value in every form is an HMAC keyed
//! with the token: whoever cannot read the cookie cannot make it, and nothing has to be kept. Under TLS the cookie is `__Host-`, so that no
//! other host can set it.

use crate::accounts::tokens::{self, Person, TokenError};
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::http::ClientAddress;
use crate::store::entity::token::Kind;
use crate::world::{Moment, TokenKind};
use axum::extract::FromRequestParts;
use axum::http::{HeaderMap, HeaderValue, header, request::Parts};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use subtle::ConstantTimeEq as _;

/// Someone who looks at a page.
#[derive(Debug)]
pub struct Visitor {
    token: String,
    /// The cookie has to be set.
    fresh: bool,
    cross_site: bool,
    too_young: bool,
    /// Who it is, when signed in.
    pub person: Option<Person>,
    /// Where they come from.
    pub address: IpAddr,
    /// What the browser says it is.
    pub agent: String,
}

/// How long an answer about the age is good for the next page, and how long a refusal is remembered by the browser.
const AGE_ANSWER: Duration = Duration::from_secs(3600);
const TOO_YOUNG: Duration = Duration::from_secs(24 * 3600);

impl FromRequestParts<App> for Visitor {
    type Rejection = super::PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let found = cookie(&parts.headers, cookie_name(app))
            .filter(|value| value.len() == 48 && value.starts_with(TokenKind::Web.prefix()));
        let (token, fresh) = match found {
            Some(found) => (found.to_owned(), false),
            None => (app.world.new_token(TokenKind::Web).map_err(|error| ApiError::internal(&error))?, true),
        };
        let person = match tokens::authenticate(app, &token, Kind::Web).await {
            Ok(person) => Some(person).filter(|person| person.ending.is_none()),
            Err(TokenError::Unknown | TokenError::Expired) => None,
            Err(TokenError::Account(error)) => return Err(error.into()),
        };
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let address =
            parts.extensions.get::<ClientAddress>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.0);
        Ok(Self {
            cross_site: matches!(text("sec-fetch-site"), "cross-site" | "same-site"),
            too_young: cookie(&parts.headers, young_name(app)).is_some(),
            agent: text("user-agent").to_owned(),
            token,
            fresh,
            person,
            address,
        })
    }
}

impl Visitor {
    /// The value that every form carries.
    pub fn csrf(&self) -> String {
        self.sign("form")
    }

    /// Refuses a form that was not made for this visitor.
    ///
    /// # Errors
    /// A sentence that says to load the page again.
    pub fn check(&self, csrf: &str) -> Result<(), ApiError> {
        if !self.cross_site && bool::from(self.csrf().as_bytes().ct_eq(csrf.as_bytes())) {
            Ok(())
        } else {
            Err(ApiError::new(
                ErrorCode::Forbidden,
                "This form is too old or was not made by this page. Go back, load the page again and retry.",
            ))
        }
    }

    /// A note that this visitor said to be old enough; it holds no age.
    pub fn age_answer(&self, now: Moment) -> String {
        let until = now.plus(AGE_ANSWER).0;
        format!("{until}.{}", self.sign(&format!("age:{until}")))
    }

    /// Whether the note is this visitor's and fresh.
    pub fn is_age_answer(&self, note: &str, now: Moment) -> bool {
        let Some((until, signature)) = note.split_once('.') else { return false };
        let fresh = until.parse::<i64>().is_ok_and(|until| until > now.0);
        fresh && bool::from(self.sign(&format!("age:{until}")).as_bytes().ct_eq(signature.as_bytes()))
    }

    /// Whether the browser remembers that the person was too young.
    pub fn was_too_young(&self) -> bool {
        self.too_young
    }

    /// Makes the browser remember it, and nobody else.
    pub fn remember_too_young(app: &App, response: &mut Response) {
        set(app, response, young_name(app), "1", Some(TOO_YOUNG));
    }

    /// Sets the cookie when this visitor has none yet.
    pub fn keep(&self, app: &App, response: &mut Response) {
        if self.fresh {
            set(app, response, cookie_name(app), &self.token, None);
        }
    }

    /// Signs the browser in with a new token.
    pub fn signed_in(app: &App, response: &mut Response, token: &str) {
        set(
            app,
            response,
            cookie_name(app),
            token,
            Some(Duration::from_secs(app.settings.accounts.web_session_seconds)),
        );
    }

    /// Takes the cookie away.
    pub fn signed_out(app: &App, response: &mut Response) {
        set(app, response, cookie_name(app), "", Some(Duration::ZERO));
    }

    /// The visitor's own token, to end it.
    pub fn token(&self) -> &str {
        &self.token
    }

    fn sign(&self, what: &str) -> String {
        // A key of any length will do, so this cannot fail.
        Hmac::<Sha256>::new_from_slice(self.token.as_bytes()).map_or_else(
            |_| String::new(),
            |mut mac| {
                mac.update(what.as_bytes());
                URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
            },
        )
    }
}

fn cookie_name(app: &App) -> &'static str {
    if app.is_secure() { "__Host-pretty" } else { "pretty" }
}

fn young_name(app: &App) -> &'static str {
    if app.is_secure() { "__Host-not-now" } else { "not-now" }
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';')).find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

fn set(app: &App, response: &mut Response, name: &str, value: &str, life: Option<Duration>) {
    let secure = if app.is_secure() { "; Secure" } else { "" };
    let age = life.map_or_else(String::new, |life| format!("; Max-Age={}", life.as_secs()));
    if let Ok(value) = HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}")) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}
