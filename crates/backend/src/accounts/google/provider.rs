//! Talks to Google: where its addresses are, its keys (kept as long as it says), and the exchange of a code.

use super::GoogleError;
use super::id_token::{Claims, Expected, Key, check, key_id};
use crate::outbound::{self, is_loopback, read_at_most};
use crate::settings::Google;
use crate::world::Moment;
use serde::Deserialize;
use std::time::Duration;
use tokio::sync::Mutex;
use url::Url;

const LARGEST_ANSWER: usize = 256 << 10;
const TIMEOUT: Duration = Duration::from_secs(10);
/// When Google does not say how long.
const KEPT: Duration = Duration::from_secs(3600);
/// An unknown key's name is looked up this often at most: names are free to make up.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

#[derive(Clone, Debug)]
struct Cached<T> {
    value: T,
    until: Moment,
    fetched: Moment,
}

#[derive(Debug, Default)]
struct Known {
    discovery: Option<Cached<Discovery>>,
    keys: Option<Cached<Vec<Key>>>,
}

/// What Google is asked.
pub(super) struct Asked<'a> {
    pub(super) redirect_uri: &'a str,
    pub(super) state: &'a str,
    pub(super) nonce: &'a str,
    pub(super) challenge: &'a str,
}

/// Google's OpenID provider, or what stands in for it.
#[derive(Debug)]
pub struct Provider {
    http: reqwest::Client,
    settings: Google,
    // Held while fetching, so that many sign-ins at once ask once.
    known: Mutex<Known>,
}

impl Provider {
    /// None when it is not configured.
    pub fn configured(settings: &Google) -> Option<Self> {
        if settings.client_id.is_empty() {
            return None;
        }
        match outbound::client(TIMEOUT) {
            Ok(http) => Some(Self { http, settings: settings.clone(), known: Mutex::default() }),
            // The settings were checked when they were read, so this is the TLS library.
            Err(error) => {
                tracing::error!(%error, "signing in with Google is switched off");
                None
            }
        }
    }

    /// Where a person says yes.
    ///
    /// # Errors
    /// When Google does not answer.
    pub(super) async fn authorization_url(&self, asked: &Asked<'_>, now: Moment) -> Result<String, GoogleError> {
        let discovery = self.discovery(now).await?;
        let mut url = address(&discovery.authorization_endpoint)?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", asked.redirect_uri)
            .append_pair("scope", "openid email profile")
            .append_pair("state", asked.state)
            .append_pair("nonce", asked.nonce)
            .append_pair("code_challenge", asked.challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("prompt", "select_account");
        Ok(url.into())
    }

    /// Exchanges a code and checks the ID token that comes for it.
    pub(super) async fn exchange(
        &self,
        code: &str,
        verifier: &str,
        redirect_uri: &str,
        nonce: &str,
        now: Moment,
    ) -> Result<Claims, GoogleError> {
        #[derive(Deserialize)]
        struct Answer {
            id_token: Option<String>,
        }
        let discovery = self.discovery(now).await?;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("client_id", &self.settings.client_id),
            ("client_secret", self.settings.client_secret.reveal()),
            ("code_verifier", verifier),
        ];
        let sent = self.http.post(address(&discovery.token_endpoint)?).form(&form).send().await.map_err(unreachable)?;
        let status = sent.status();
        let body = read_at_most(sent, LARGEST_ANSWER).await.map_err(|why| GoogleError::Unreachable(why.to_string()))?;
        if status.is_server_error() || status == reqwest::StatusCode::TOO_MANY_REQUESTS {
            return Err(GoogleError::Unreachable(format!("the exchange was answered with {status}")));
        }
        if !status.is_success() {
            return Err(GoogleError::NotProven("the code"));
        }
        let answer: Answer = serde_json::from_slice(&body).map_err(|_| GoogleError::NotProven("the answer"))?;
        let token = answer.id_token.ok_or(GoogleError::NotProven("the answer"))?;
        let key = self.key(&discovery, &key_id(&token)?, now).await?;
        let expected = Expected { issuer: &discovery.issuer, client_id: &self.settings.client_id, nonce, now };
        check(&token, &key, &expected)
    }

    async fn discovery(&self, now: Moment) -> Result<Discovery, GoogleError> {
        let mut known = self.known.lock().await;
        if let Some(cached) = known.discovery.as_ref().filter(|cached| cached.until > now) {
            return Ok(cached.value.clone());
        }
        let url = address(&format!("{}/.well-known/openid-configuration", self.settings.issuer))?;
        match self.fetch::<Discovery>(url).await {
            Ok((found, life)) if found.issuer == self.settings.issuer => {
                known.discovery = Some(Cached { value: found.clone(), until: now.plus(life), fetched: now });
                Ok(found)
            }
            Ok(_) => Err(GoogleError::Unreachable("the discovery names another issuer".to_owned())),
            Err(error) => known.discovery.as_ref().map(|cached| cached.value.clone()).ok_or(error),
        }
    }

    /// The key of this name: from what is known; else one look; what is known goes on when Google is away.
    async fn key(&self, discovery: &Discovery, id: &str, now: Moment) -> Result<Key, GoogleError> {
        let mut known = self.known.lock().await;
        let find = |keys: &[Key]| keys.iter().find(|key| key.kid == id).cloned();
        if let Some(cached) = &known.keys {
            let found = find(&cached.value);
            let fresh = cached.until > now;
            if let (Some(found), true) = (&found, fresh) {
                return Ok(found.clone());
            }
            if fresh && cached.fetched.plus(LOOK_AGAIN) > now && cached.fetched <= now {
                return Err(GoogleError::NotProven("the key is unknown"));
            }
        }
        match self.fetch::<KeySet>(address(&discovery.jwks_uri)?).await {
            Ok((set, life)) => {
                // Keys of other kinds are no concern of ours.
                let keys: Vec<Key> = set.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect();
                let found = find(&keys);
                known.keys = Some(Cached { value: keys, until: now.plus(life), fetched: now });
                found.ok_or(GoogleError::NotProven("the key is unknown"))
            }
            Err(error) => known.keys.as_ref().and_then(|cached| find(&cached.value)).ok_or(error),
        }
    }

    async fn fetch<T: serde::de::DeserializeOwned>(&self, url: Url) -> Result<(T, Duration), GoogleError> {
        let answer = self.http.get(url).send().await.map_err(unreachable)?;
        if !answer.status().is_success() {
            return Err(GoogleError::Unreachable(format!("answered with {}", answer.status())));
        }
        let control = answer.headers().get(reqwest::header::CACHE_CONTROL).and_then(|value| value.to_str().ok());
        let life = control.and_then(max_age).unwrap_or(KEPT);
        let body =
            read_at_most(answer, LARGEST_ANSWER).await.map_err(|why| GoogleError::Unreachable(why.to_string()))?;
        let value = serde_json::from_slice(&body).map_err(|why| GoogleError::Unreachable(why.to_string()))?;
        Ok((value, life))
    }
}

fn unreachable(error: reqwest::Error) -> GoogleError {
    GoogleError::Unreachable(error.without_url().to_string())
}

/// An address that a secret may be sent to.
fn address(text: &str) -> Result<Url, GoogleError> {
    let url = Url::parse(text).map_err(|_| GoogleError::Unreachable("the discovery names no address".to_owned()))?;
    let secure = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    if secure { Ok(url) } else { Err(GoogleError::Unreachable("the discovery names an open address".to_owned())) }
}

fn max_age(control: &str) -> Option<Duration> {
    let seconds = control.split(',').find_map(|part| part.trim().strip_prefix("max-age="))?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(Duration::from_secs(24 * 3600)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_kept_as_long_as_google_says() {
        assert_eq!(max_age("public, max-age=19000, must-revalidate"), Some(Duration::from_secs(19_000)));
        assert_eq!(max_age("max-age=99999999"), Some(Duration::from_secs(86_400)));
        assert_eq!(max_age("no-store"), None);
    }

    #[test]
    fn secrets_go_to_secure_addresses_only() {
        assert!(address("https://oauth2.googleapis.com/token").is_ok());
        assert!(address("http://127.0.0.1:5/token").is_ok());
        assert!(address("http://oauth2.googleapis.com/token").is_err());
        assert!(address("token").is_err());
    }
}
