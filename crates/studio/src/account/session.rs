//! The tokens of whoever is signed in. The access token is in memory only; the refresh token is in the keychain, or in memory where there is
//! none. It changes with every refresh; one refresh at a time, and whoever else needs one waits for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use oauth2::basic::{BasicClient, BasicErrorResponseType, BasicRequestTokenError, BasicTokenResponse};
use oauth2::http::Response;
use oauth2::{
    AuthType, ClientId, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, RefreshToken, TokenResponse, TokenUrl,
};
use pretty_contract::account::Kept;

use super::secrets::{Entry, Secrets};
use crate::service::{Call, Fault, Service};

/// The app's name at the service.
pub(crate) const CLIENT: &str = "aspretty-desktop";
/// A token whose time is over so soon is not used any more.
const MARGIN: Duration = Duration::from_secs(30);

/// Whoever is signed in, if anybody.
pub(crate) struct Session {
    secrets: Arc<Secrets>,
    tokens: Mutex<Option<Tokens>>,
    /// Held while refreshing.
    refreshing: Mutex<()>,
    /// Whether an earlier run kept a sign-in that was not taken up yet.
    waits_in_vault: AtomicBool,
    /// Where the one that lasts is kept.
    kept: Mutex<Kept>,
    /// Held while the vault is brought up to date.
    settling: Mutex<()>,
}

struct Tokens {
    access: String,
    until: Instant,
    refresh: String,
}

/// An answer with tokens.
pub(crate) struct Granted {
    access: String,
    refresh: String,
    lasts: Duration,
}

impl Granted {
    /// The token that lasts, to be given back where nobody wants it any more.
    pub(crate) fn into_refresh(self) -> String {
        self.refresh
    }

    pub(crate) fn from_response(response: &BasicTokenResponse) -> Option<Self> {
        Some(Self {
            access: response.access_token().secret().clone(),
            refresh: response.refresh_token()?.secret().clone(),
            lasts: response.expires_in().unwrap_or(Duration::from_secs(300)),
        })
    }
}

impl From<Granted> for Tokens {
    fn from(granted: Granted) -> Self {
        Self { access: granted.access, until: Instant::now() + granted.lasts, refresh: granted.refresh }
    }
}

impl Session {
    /// `remembered` says whether an earlier run kept a sign-in. The vault is not asked yet.
    pub(crate) fn new(secrets: Arc<Secrets>, remembered: bool) -> Self {
        let waits_in_vault = AtomicBool::new(remembered);
        let kept = Mutex::new(Kept::Keychain);
        Self {
            secrets,
            tokens: Mutex::default(),
            refreshing: Mutex::default(),
            waits_in_vault,
            kept,
            settling: Mutex::default(),
        }
    }

    /// Takes tokens up, and says where the one that lasts is kept.
    pub(crate) fn begin(&self, granted: Granted) -> Kept {
        self.waits_in_vault.store(false, Ordering::SeqCst);
        *self.lock() = Some(Tokens::from(granted));
        self.settle()
    }

    /// Where the token that lasts is kept, as far as that was tried.
    pub(crate) fn kept(&self) -> Kept {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes the vault hold the token that is held here now, or none. Whoever changes the tokens does so first and settles then, one after the
    /// other, so that the vault ends up with the last of them. A token that was used already must not stay there: where the new one cannot be
    /// kept, none is.
    pub(crate) fn settle(&self) -> Kept {
        let _one_after_the_other = self.settling.lock().unwrap_or_else(PoisonError::into_inner);
        let refresh = self.lock().as_ref().map(|tokens| tokens.refresh.clone());
        let saved = refresh.map(|refresh| self.secrets.save(Entry::SignIn, &refresh));
        let kept = match &saved {
            Some(Err(why)) => Kept::Memory { why: why.clone() },
            Some(Ok(())) | None => Kept::Keychain,
        };
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = kept.clone();
        if !matches!(saved, Some(Ok(())))
            && let Err(problem) = self.secrets.delete(Entry::SignIn)
        {
            tracing::warn!(detail = problem.detail, "the keychain could not be cleared");
        }
        kept
    }

    /// Takes up what an earlier run kept. False when there is nothing.
    pub(crate) fn recall(&self) -> Result<bool, pretty_contract::problem::Problem> {
        if self.is_there() {
            return Ok(true);
        }
        let _one_at_a_time = self.refreshing.lock().unwrap_or_else(PoisonError::into_inner);
        self.take_up()
    }

    fn take_up(&self) -> Result<bool, pretty_contract::problem::Problem> {
        if self.is_there() || !self.waits_in_vault.load(Ordering::SeqCst) {
            return Ok(self.is_there());
        }
        let Some(refresh) = self.secrets.load(Entry::SignIn)? else { return Ok(false) };
        let tokens = Tokens { access: String::new(), until: Instant::now(), refresh };
        *self.lock() = Some(tokens);
        self.waits_in_vault.store(false, Ordering::SeqCst);
        Ok(true)
    }

    pub(crate) fn is_there(&self) -> bool {
        self.lock().is_some()
    }

    /// Forgets the tokens, here and in the keychain, and gives the one that lasts back, for the service to be told of it.
    pub(crate) fn end(&self) -> Option<String> {
        self.waits_in_vault.store(false, Ordering::SeqCst);
        let tokens = self.lock().take();
        self.settle();
        tokens.map(|tokens| tokens.refresh)
    }

    /// An access token that is good; not `stale`, which the service refused.
    pub(crate) fn access(&self, service: &Service, stale: Option<&str>) -> Result<String, Fault> {
        let good = |tokens: &Tokens| {
            Some(&tokens.access)
                .filter(|access| {
                    !access.is_empty() && stale != Some(access.as_str()) && Instant::now() + MARGIN < tokens.until
                })
                .cloned()
        };
        if let Some(access) = self.lock().as_ref().and_then(good) {
            return Ok(access);
        }
        let _one_at_a_time = self.refreshing.lock().unwrap_or_else(PoisonError::into_inner);
        self.take_up().map_err(Fault::Here)?;
        let refresh = {
            let tokens = self.lock();
            let Some(tokens) = tokens.as_ref() else { return Err(Fault::SignedOut) };
            if let Some(access) = good(tokens) {
                return Ok(access);
            }
            tokens.refresh.clone()
        };
        let granted = match exchange_refresh(service, &refresh) {
            Ok(granted) => granted,
            Err(Fault::SignedOut) => {
                self.replace(&refresh, None);
                return Err(Fault::SignedOut);
            }
            Err(fault) => return Err(fault),
        };
        let access = granted.access.clone();
        // Signed out meanwhile, the service was told of the sign-in, and what it granted is worth nothing.
        if self.replace(&refresh, Some(Tokens::from(granted))) { Ok(access) } else { Err(Fault::SignedOut) }
    }

    /// Puts other tokens, or none, in the place of those with this refresh token, if it is still theirs.
    fn replace(&self, refresh: &str, by: Option<Tokens>) -> bool {
        {
            let mut tokens = self.lock();
            if tokens.as_ref().is_none_or(|tokens| tokens.refresh != refresh) {
                return false;
            }
            *tokens = by;
        }
        self.settle();
        true
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Tokens>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) type Client = BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// The OAuth client of a service.
pub(crate) fn client(service: &Service) -> Result<Client, Fault> {
    let address = service.base().join("oauth/token").map_err(|error| Fault::NotUnderstood(error.to_string()))?;
    let client = BasicClient::new(ClientId::new(CLIENT.into()))
        .set_token_uri(TokenUrl::from_url(address))
        .set_auth_type(AuthType::RequestBody);
    Ok(client)
}

fn exchange_refresh(service: &Service, refresh: &str) -> Result<Granted, Fault> {
    let outcome = client(service)?
        .exchange_refresh_token(&RefreshToken::new(refresh.to_owned()))
        .request(&|request: HttpRequest| carry(service, request, "Staying signed in"));
    granted(outcome)
}

/// What a token answer means.
pub(crate) fn granted(outcome: Result<BasicTokenResponse, BasicRequestTokenError<Carried>>) -> Result<Granted, Fault> {
    use oauth2::RequestTokenError::{Other, Parse, Request, ServerResponse};
    match outcome {
        Ok(response) => {
            Granted::from_response(&response).ok_or_else(|| Fault::NotUnderstood("no refresh token came along".into()))
        }
        Err(ServerResponse(error)) => match error.error() {
            BasicErrorResponseType::InvalidGrant => Err(Fault::SignedOut),
            other => Err(Fault::Unreachable(format!("the service says {other}"))),
        },
        Err(Request(Carried(fault))) => Err(fault),
        // What could not be read may hold a token: it is not repeated.
        Err(Parse(error, _)) => Err(Fault::NotUnderstood(error.to_string())),
        Err(Other(what)) => Err(Fault::NotUnderstood(what)),
    }
}

/// A fault on the way through the OAuth library.
#[derive(Debug)]
pub(crate) struct Carried(Fault);

impl std::fmt::Display for Carried {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the request came to nothing")
    }
}

impl std::error::Error for Carried {}

/// Sends what the OAuth library has made, by the one way out.
pub(crate) fn carry(service: &Service, request: HttpRequest, why: &str) -> Result<HttpResponse, Carried> {
    let (head, body) = request.into_parts();
    let mut path = head.uri.path().to_owned();
    if let Some(query) = head.uri.query() {
        path = format!("{path}?{query}");
    }
    let call =
        Call { body, media_type: Some("application/x-www-form-urlencoded"), ..Call::new(head.method, path, why) };
    let answer = service.raw(call.header("Accept", "application/json")).map_err(Carried)?;
    if answer.status >= 500 || (300..400).contains(&answer.status) || answer.media_type.starts_with("text/html") {
        return Err(Carried(crate::service::fault_of(&answer)));
    }
    Response::builder()
        .status(answer.status)
        .header("content-type", answer.media_type)
        .body(answer.body)
        .map_err(|error| Carried(Fault::NotUnderstood(error.to_string())))
}
