//! Checks that a webhook comes from Replicate (Standard Webhooks), on its raw bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::settings::Secret;

/// Seconds by which the time stamp may differ from ours, on both sides.
pub const TOLERANCE_SECONDS: i64 = 300;

/// Why a webhook is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A header is missing or malformed.
    #[error("a signature header is missing or malformed")]
    Malformed,
    /// No signature fits.
    #[error("no signature matches")]
    Mismatch,
    /// Too old, or from the future.
    #[error("the time stamp is outside the tolerance")]
    Stale,
    /// Our secret is not of the documented form.
    #[error("the webhook secret is not of the documented form")]
    BadSecret,
}

/// The three headers of a delivery.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a> {
    /// `webhook-id`; the same on every retry.
    pub id: &'a str,
    /// `webhook-timestamp`
    pub timestamp: &'a str,
    /// `webhook-signature`
    pub signature: &'a str,
}

/// The key in a secret of the documented form.
pub fn key_of(secret: &str) -> Option<Vec<u8>> {
    STANDARD.decode(secret.strip_prefix("whsec_")?).ok()
}

/// Verifies `body` by any of the secrets: there are two while one is being exchanged. Empty ones and signature versions we do not know are skipped.
///
/// # Errors
/// `Refused` says what did not hold.
pub fn verify(secrets: &[Secret], headers: Headers<'_>, body: &[u8], now_unix_seconds: i64) -> Result<(), Refused> {
    if headers.id.is_empty() || headers.signature.is_empty() {
        return Err(Refused::Malformed);
    }
    let sent_at: i64 = headers.timestamp.parse().map_err(|_| Refused::Malformed)?;
    let mut fits = false;
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        let key = key_of(secret.reveal()).ok_or(Refused::BadSecret)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| Refused::BadSecret)?;
        for part in [headers.id.as_bytes(), b".", headers.timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        let expected = mac.finalize().into_bytes();
        let given = headers.signature.split(' ').filter_map(|entry| entry.strip_prefix("v1,"));
        let mut given = given.filter_map(|text| STANDARD.decode(text).ok());
        fits |= given.any(|signature| bool::from(signature.as_slice().ct_eq(expected.as_slice())));
    }
    if !fits {
        return Err(Refused::Mismatch);
    }
    if now_unix_seconds.abs_diff(sent_at) > TOLERANCE_SECONDS.unsigned_abs() {
        return Err(Refused::Stale);
    }
    Ok(())
}
