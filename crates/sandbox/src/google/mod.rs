//! Stands in for Google's OpenID provider: discovery, keys, a page on which one chooses a person, tokens.
//!
//! Authorization code with PKCE only. Not here: refresh tokens, device codes, consent for anything but the three basic scopes.

mod keys;
mod routes;
mod tokens;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use serde::{Deserialize, Serialize};

use crate::common::{Common, gated};
use crate::faults::Service;
use crate::locked;
use keys::Key;

/// A person one can sign in as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Google's name for the account; never changes.
    pub sub: String,
    /// The address; can change.
    pub email: String,
    /// Whether Google checked the address; `None` leaves the claim out.
    pub email_verified: Option<bool>,
    /// The full name.
    pub name: String,
    /// The domain of an organisation's account.
    #[serde(default)]
    pub hosted_domain: Option<String>,
}

impl Person {
    fn new(sub: &str, name: &str, email: &str, verified: bool, domain: Option<&str>) -> Self {
        Self {
            sub: sub.to_owned(),
            email: email.to_owned(),
            email_verified: Some(verified),
            name: name.to_owned(),
            hosted_domain: domain.map(str::to_owned),
        }
    }

    /// Three people: a private account, one of an organisation, and one whose address nobody checked.
    pub fn examples() -> Vec<Self> {
        vec![
            Self::new("100000000000000000001", "Ada Sandbox", "ada.sandbox@gmail.com", true, None),
            Self::new("100000000000000000002", "Grace Sandbox", "grace@example.org", true, Some("example.org")),
            Self::new("100000000000000000003", "Unchecked Sandbox", "unchecked@example.net", false, None),
        ]
    }
}

/// What is wrong with the next ID token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenFault {
    /// One bit of the signature is wrong.
    BadSignature,
    /// `alg` is `none` and there is no signature.
    AlgNone,
    /// `alg` is `HS256`, signed with the public key as the secret.
    Hs256,
    /// For another client.
    WrongAudience,
    /// From another issuer.
    WrongIssuer,
    /// Expired an hour ago.
    Expired,
    /// Issued an hour from now.
    FutureIssue,
    /// Another nonce.
    WrongNonce,
    /// No nonce.
    NoNonce,
    /// Signed by a key that is not published.
    UnknownKey,
    /// `email_verified` is false.
    EmailUnverified,
    /// `email_verified` is not there.
    NoEmailVerified,
    /// No ID token at all.
    NoIdToken,
}

/// What a code stands for.
#[derive(Clone, Debug)]
struct Grant {
    person: Person,
    redirect_uri: String,
    nonce: Option<String>,
    challenge: Option<Challenge>,
    expires_at: i64,
}

#[derive(Clone, Debug)]
struct Challenge {
    value: String,
    hashed: bool,
}

#[derive(Default)]
struct State {
    people: Vec<Person>,
    codes: HashMap<String, Grant>,
    access: HashMap<String, Person>,
    faults: VecDeque<TokenFault>,
    keys: Vec<Arc<Key>>,
}

struct Inner {
    common: Arc<Common>,
    base_url: String,
    client_id: String,
    client_secret: String,
    state: Mutex<State>,
}

/// The stand-in for Google: what a test or a control request can do with it.
#[derive(Clone)]
pub struct Google {
    inner: Arc<Inner>,
}

impl Google {
    pub(crate) fn new(
        common: Arc<Common>,
        base_url: String,
        client_id: String,
        client_secret: String,
        people: Vec<Person>,
    ) -> Self {
        let state = Mutex::new(State { people, ..State::default() });
        Self { inner: Arc::new(Inner { common, base_url, client_id, client_secret, state }) }
    }

    pub(crate) fn router(&self) -> Router {
        gated(&self.inner.common, Service::Google, routes::routes().with_state(self.clone()))
    }

    /// The key in use; made now if there is none. Blocks for a moment the first time.
    fn key(&self) -> Option<Arc<Key>> {
        if let Some(key) = locked(&self.inner.state).keys.last() {
            return Some(Arc::clone(key));
        }
        self.new_key()
    }

    fn new_key(&self) -> Option<Arc<Key>> {
        let key = Arc::new(Key::generate(self.inner.common.ids.lower("sandbox-", 16))?);
        locked(&self.inner.state).keys.push(Arc::clone(&key));
        Some(key)
    }

    /// The next ID tokens have these faults, one each.
    pub fn fault(&self, fault: TokenFault) {
        locked(&self.inner.state).faults.push_back(fault);
    }

    /// Adds a person, or changes the one with the same `sub`.
    pub fn put_person(&self, person: Person) {
        let mut state = locked(&self.inner.state);
        state.people.retain(|known| known.sub != person.sub);
        state.people.push(person);
    }

    /// Signs with a new key from now on. The old ones stay published if `keep_old`.
    pub fn rotate_keys(&self, keep_old: bool) {
        if !keep_old {
            locked(&self.inner.state).keys.clear();
        }
        let _ = self.new_key();
    }
}
