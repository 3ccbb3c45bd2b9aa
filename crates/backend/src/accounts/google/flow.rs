//! One way to Google and back: kept by the hash of its state, for ten minutes, once, for the browser that began it.
//!
//! Verifier and nonce are made from the browser's cookie and the state, so that no secret of the flow is kept here.

use super::GoogleError;
use super::provider::Asked;
use crate::app::App;
use crate::store::{WriteTransaction, sql};
use crate::world::{TokenKind, token_hash};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sea_orm::{ConnectionTrait, FromQueryResult};
use sha2::{Digest, Sha256};
use std::time::Duration;
use uuid::Uuid;

const LIFE: Duration = Duration::from_secs(600);

/// What the way is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Sign in to an account that there is.
    SignIn,
    /// Make an account; the age question was answered.
    SignUp,
    /// Connect Google to the account of this person.
    Link(Uuid),
}

impl Purpose {
    fn text(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::SignUp => "sign_up",
            Self::Link(_) => "link",
        }
    }
}

/// A way that was begun.
#[derive(Debug)]
pub struct Begun {
    /// Where to send the browser.
    pub url: String,
}

/// Begins a way for the browser with this cookie.
///
/// # Errors
/// When Google or the database does not answer.
pub async fn begin(app: &App, cookie: &str, purpose: Purpose, return_to: Option<String>) -> Result<Begun, GoogleError> {
    let provider = app.google.as_ref().ok_or(GoogleError::NotOffered)?;
    let state = app.world.new_token(TokenKind::Letter)?;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier(cookie, &state).as_bytes()));
    let (redirect_uri, nonce) = (redirect_uri(app), nonce(cookie, &state));
    let asked = Asked { redirect_uri: &redirect_uri, state: &state, nonce: &nonce, challenge: &challenge };
    let url = provider.authorization_url(&asked, app.world.now()).await?;
    let user = match purpose {
        Purpose::Link(user) => Some(user),
        Purpose::SignIn | Purpose::SignUp => None,
    };
    let insert = "INSERT INTO google_flows (state_hash, browser_hash, purpose, user_id, return_to, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    let tx = app.store.write_transaction().await?;
    let values = [
        token_hash(&state).into(),
        token_hash(cookie).into(),
        purpose.text().into(),
        user.into(),
        return_to.into(),
        app.world.now().plus(LIFE).into(),
    ];
    tx.execute_raw(sql(&*tx, insert, values)).await?;
    tx.commit().await?;
    Ok(Begun { url })
}

/// A way as it is kept.
#[derive(Debug, FromQueryResult)]
pub(super) struct Flow {
    purpose: String,
    /// Whose account Google is to be connected to.
    pub(super) user_id: Option<Uuid>,
    /// Known once Google answered and the password is awaited.
    pub(super) subject: Option<String>,
    pub(super) email: Option<String>,
    pub(super) return_to: Option<String>,
}

impl Flow {
    pub(super) fn purpose(&self) -> Option<Purpose> {
        match (self.purpose.as_str(), self.user_id) {
            ("sign_in", None) => Some(Purpose::SignIn),
            ("sign_up", None) => Some(Purpose::SignUp),
            ("link", Some(user)) => Some(Purpose::Link(user)),
            _ => None,
        }
    }
}

/// Takes the way that this browser began out of the table: it can be used once, whatever comes of it.
pub(super) async fn take(
    app: &App,
    tx: &WriteTransaction,
    cookie: &str,
    state: &str,
) -> Result<Option<Flow>, GoogleError> {
    let delete = "DELETE FROM google_flows WHERE state_hash = $1 AND browser_hash = $2 AND expires_at > $3
        RETURNING purpose, user_id, subject, email, return_to";
    let values = [token_hash(state).into(), token_hash(cookie).into(), app.world.now().into()];
    Ok(Flow::find_by_statement(sql(&**tx, delete, values)).one(&**tx).await?)
}

/// What waits for the password of its account, without using it up.
pub(super) async fn waiting(app: &App, cookie: &str, state: &str) -> Result<Option<Flow>, GoogleError> {
    let reader = app.store.reader();
    let select = "SELECT purpose, user_id, subject, email, return_to FROM google_flows
        WHERE state_hash = $1 AND browser_hash = $2 AND expires_at > $3 AND purpose = 'password'";
    let values = [token_hash(state).into(), token_hash(cookie).into(), app.world.now().into()];
    Ok(Flow::find_by_statement(sql(reader, select, values)).one(reader).await?)
}

/// Keeps what Google proved until the password of `user` comes.
pub(super) async fn await_password(
    app: &App,
    tx: &WriteTransaction,
    cookie: &str,
    user: Uuid,
    proven: (&str, &str),
    return_to: Option<String>,
) -> Result<String, GoogleError> {
    let state = app.world.new_token(TokenKind::Letter)?;
    let insert = "INSERT INTO google_flows
        (state_hash, browser_hash, purpose, user_id, subject, email, return_to, expires_at)
        VALUES ($1, $2, 'password', $3, $4, $5, $6, $7)";
    let values = [
        token_hash(&state).into(),
        token_hash(cookie).into(),
        user.into(),
        proven.0.into(),
        proven.1.into(),
        return_to.into(),
        app.world.now().plus(LIFE).into(),
    ];
    tx.execute_raw(sql(&**tx, insert, values)).await?;
    Ok(state)
}

/// Where Google sends the browser back to.
pub(super) fn redirect_uri(app: &App) -> String {
    format!("{}/google/callback", app.base_url)
}

pub(super) fn verifier(cookie: &str, state: &str) -> String {
    made_from(cookie, "verifier", state)
}

pub(super) fn nonce(cookie: &str, state: &str) -> String {
    made_from(cookie, "nonce", state)
}

fn made_from(cookie: &str, what: &str, state: &str) -> String {
    // A key of any length will do, so this cannot fail.
    Hmac::<Sha256>::new_from_slice(cookie.as_bytes()).map_or_else(
        |_| String::new(),
        |mut mac| {
            mac.update(format!("google-{what}:{state}").as_bytes());
            URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
        },
    )
}
