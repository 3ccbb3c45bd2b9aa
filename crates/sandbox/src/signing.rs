//! The signatures that Stripe and Replicate put on their webhooks, and the verification a receiver does.
//!
//! Both directions live here so that one test holds them against the published vectors. No input or output.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Why a signature was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A header is missing or is not of the documented form.
    #[error("the signature header is missing or malformed")]
    Malformed,
    /// The time stamp is too far from now, in either direction.
    #[error("the time stamp is outside the tolerance")]
    Stale,
    /// No signature in the header fits the body.
    #[error("no signature matches")]
    Mismatch,
    /// The secret itself cannot be used.
    #[error("the secret is not of the documented form")]
    BadSecret,
}

pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of any length, so this cannot fail; an impossible failure gives a signature that matches nothing.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Lower-case hexadecimal text of `bytes`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The `Stripe-Signature` header for `body`: the whole secret text is the key, `t.body` the message.
pub fn stripe_signature(secret: &str, unix_seconds: i64, body: &[u8]) -> String {
    let stamp = unix_seconds.to_string();
    let mac = hmac_sha256(secret.as_bytes(), &[stamp.as_bytes(), b".", body]);
    format!("t={stamp},v1={}", hex(&mac))
}

/// Checks a `Stripe-Signature` header. Any `v1` may match; other schemes are ignored; the time stamp is checked on both sides.
///
/// # Errors
/// `SignatureError` names what did not hold.
pub fn verify_stripe_signature(
    secret: &str,
    header: &str,
    body: &[u8],
    now_unix_seconds: i64,
    tolerance_seconds: i64,
) -> Result<(), SignatureError> {
    let mut stamp = None;
    let mut candidates = Vec::new();
    for part in header.split(',') {
        match part.split_once('=') {
            Some(("t", value)) if stamp.is_none() => stamp = Some(value),
            Some(("v1", value)) => candidates.push(value),
            Some(_) => {}
            None => return Err(SignatureError::Malformed),
        }
    }
    let stamp = stamp.ok_or(SignatureError::Malformed)?;
    let sent_at: i64 = stamp.parse().map_err(|_| SignatureError::Malformed)?;
    if candidates.is_empty() {
        return Err(SignatureError::Malformed);
    }
    let expected = hex(&hmac_sha256(secret.as_bytes(), &[stamp.as_bytes(), b".", body]));
    if !candidates.iter().any(|candidate| bool::from(candidate.as_bytes().ct_eq(expected.as_bytes()))) {
        return Err(SignatureError::Mismatch);
    }
    if now_unix_seconds.abs_diff(sent_at) > tolerance_seconds.unsigned_abs() {
        return Err(SignatureError::Stale);
    }
    Ok(())
}

/// The three headers of a Standard Webhooks delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandardWebhookHeaders {
    /// `webhook-id`: the same on every retry.
    pub id: String,
    /// `webhook-timestamp`, in seconds since 1970.
    pub timestamp: String,
    /// `webhook-signature`: a list separated by spaces.
    pub signature: String,
}

fn standard_key(secret: &str) -> Result<Vec<u8>, SignatureError> {
    let encoded = secret.strip_prefix("whsec_").ok_or(SignatureError::BadSecret)?;
    STANDARD.decode(encoded).map_err(|_| SignatureError::BadSecret)
}

/// Signs `body` in the Standard Webhooks manner.
///
/// # Errors
/// `BadSecret` when the secret is not `whsec_` and base64.
pub fn standard_webhook_headers(
    secret: &str,
    id: &str,
    unix_seconds: i64,
    body: &[u8],
) -> Result<StandardWebhookHeaders, SignatureError> {
    let timestamp = unix_seconds.to_string();
    let mac = hmac_sha256(&standard_key(secret)?, &[id.as_bytes(), b".", timestamp.as_bytes(), b".", body]);
    Ok(StandardWebhookHeaders { id: id.to_owned(), timestamp, signature: format!("v1,{}", STANDARD.encode(mac)) })
}

/// Checks a Standard Webhooks delivery. Unknown versions in the list are skipped.
///
/// # Errors
/// `SignatureError` names what did not hold.
pub fn verify_standard_webhook(
    secret: &str,
    headers: &StandardWebhookHeaders,
    body: &[u8],
    now_unix_seconds: i64,
    tolerance_seconds: i64,
) -> Result<(), SignatureError> {
    if headers.id.is_empty() || headers.signature.is_empty() {
        return Err(SignatureError::Malformed);
    }
    let sent_at: i64 = headers.timestamp.parse().map_err(|_| SignatureError::Malformed)?;
    let key = standard_key(secret)?;
    let expected = hmac_sha256(&key, &[headers.id.as_bytes(), b".", headers.timestamp.as_bytes(), b".", body]);
    let matches = headers
        .signature
        .split(' ')
        .filter_map(|entry| entry.split_once(','))
        .filter(|(version, _)| *version == "v1")
        .filter_map(|(_, encoded)| STANDARD.decode(encoded).ok())
        .any(|given| bool::from(given.ct_eq(&expected)));
    if !matches {
        return Err(SignatureError::Mismatch);
    }
    if now_unix_seconds.abs_diff(sent_at) > tolerance_seconds.unsigned_abs() {
        return Err(SignatureError::Stale);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_verifies_and_one_changed_byte_does_not() {
        let header = stripe_signature("whsec_a", 100, b"{}");
        assert_eq!(verify_stripe_signature("whsec_a", &header, b"{}", 100, 300), Ok(()));
        assert_eq!(verify_stripe_signature("whsec_a", &header, b"{ }", 100, 300), Err(SignatureError::Mismatch));
        assert_eq!(verify_stripe_signature("whsec_a", &header, b"{}", 401, 300), Err(SignatureError::Stale));
        assert_eq!(verify_stripe_signature("whsec_a", &header, b"{}", -201, 300), Err(SignatureError::Stale));
        assert_eq!(verify_stripe_signature("whsec_a", "", b"{}", 100, 300), Err(SignatureError::Malformed));

        let headers = standard_webhook_headers("whsec_c2FuZGJveA==", "msg_1", 100, b"{}").unwrap();
        assert_eq!(verify_standard_webhook("whsec_c2FuZGJveA==", &headers, b"{}", 100, 300), Ok(()));
        assert_eq!(
            verify_standard_webhook("whsec_c2FuZGJveA==", &headers, b"{} ", 100, 300),
            Err(SignatureError::Mismatch)
        );
        assert_eq!(verify_standard_webhook("sandbox", &headers, b"{}", 100, 300), Err(SignatureError::BadSecret));
    }
}
