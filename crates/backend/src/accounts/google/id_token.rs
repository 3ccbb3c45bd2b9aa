//! The check of an ID token: signed with RS256 by a key that Google publishes, for us, now, for the flow that asked.
//!
//! Written here over `ring`, which TLS brings along: one algorithm, one issuer.

use super::GoogleError;
use crate::world::Moment;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;

/// Clocks may differ by this much, seconds.
const LEEWAY: i64 = 60;

/// A key that signs ID tokens.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Key {
    pub(super) kid: String,
    kty: String,
    n: String,
    e: String,
}

/// What a good token says.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Claims {
    iss: String,
    aud: String,
    exp: i64,
    iat: i64,
    nonce: Option<String>,
    /// Google's name for the account; never changes.
    pub(super) sub: String,
    /// The address now.
    #[serde(default)]
    pub(super) email: String,
    #[serde(default)]
    email_verified: bool,
    /// The organisation whose account it is.
    hd: Option<String>,
    /// The full name.
    #[serde(default)]
    pub(super) name: String,
}

impl Claims {
    /// Whether Google itself answers for the address: its own, or an organisation's it hosts.
    pub(super) fn is_vouched(&self) -> bool {
        self.email_verified && (self.hd.is_some() || self.email.to_lowercase().ends_with("@gmail.com"))
    }
}

/// What a token is compared with.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: Moment,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
}

/// The name of the key that a token says it is signed with.
pub(super) fn key_id(token: &str) -> Result<String, GoogleError> {
    let header: Header = part(token.split('.').next().unwrap_or_default())?;
    // Before any key is looked at: `none` and HMACs under the public key are how such checks are fooled.
    if header.alg == "RS256" { Ok(header.kid) } else { Err(GoogleError::NotProven("the algorithm")) }
}

/// Checks everything and gives what the token says.
pub(super) fn check(token: &str, key: &Key, expected: &Expected<'_>) -> Result<Claims, GoogleError> {
    let not = |what| Err(GoogleError::NotProven(what));
    let broken = |_| GoogleError::NotProven("the encoding");
    if key_id(token)? != key.kid || key.kty != "RSA" {
        return not("the key");
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(GoogleError::NotProven("the form"))?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(broken)?;
    let n = URL_SAFE_NO_PAD.decode(&key.n).map_err(broken)?;
    let e = URL_SAFE_NO_PAD.decode(&key.e).map_err(broken)?;
    let public = RsaPublicKeyComponents { n: &n, e: &e };
    if public.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature).is_err() {
        return not("the signature");
    }
    let claims: Claims = part(signed.split('.').nth(1).unwrap_or_default())?;
    let bare = expected.issuer.strip_prefix("https://").unwrap_or(expected.issuer);
    if claims.iss != expected.issuer && claims.iss != bare {
        return not("the issuer");
    }
    if claims.aud != expected.client_id {
        return not("the audience");
    }
    let now = expected.now.seconds();
    if claims.exp <= now - LEEWAY {
        return not("the end");
    }
    if claims.iat > now + LEEWAY {
        return not("the beginning");
    }
    let nonce = claims.nonce.as_deref().unwrap_or_default();
    if !bool::from(nonce.as_bytes().ct_eq(expected.nonce.as_bytes())) {
        return not("the nonce");
    }
    if claims.sub.is_empty() {
        return not("the subject");
    }
    Ok(claims)
}

fn part<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, GoogleError> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| GoogleError::NotProven("the encoding"))?;
    serde_json::from_slice(&bytes).map_err(|_| GoogleError::NotProven("the content"))
}
