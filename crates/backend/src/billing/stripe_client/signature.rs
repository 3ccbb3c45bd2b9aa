//! Checks that a webhook comes from Stripe, on its raw bytes, and reads its envelope.

use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::settings::Secret;

/// Seconds by which the time stamp may differ from ours, on both sides.
pub const TOLERANCE_SECONDS: i64 = 300;
/// Stripe's bodies are far smaller.
pub const LARGEST_BODY: usize = 1 << 20;

/// Why a webhook is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The body is too large.
    #[error("the body is too large")]
    TooLarge,
    /// The header is missing or malformed.
    #[error("the signature header is missing or malformed")]
    Malformed,
    /// No signature fits any of our secrets.
    #[error("no signature matches")]
    Mismatch,
    /// Too old, or from the future.
    #[error("the time stamp is outside the tolerance")]
    Stale,
    /// Rightly signed, but no event.
    #[error("the body is not an event")]
    NotAnEvent,
}

/// An event's envelope. The object in it only says what has changed; it is fetched before anything is done.
#[derive(Clone, Debug, Deserialize)]
pub struct Event {
    /// Unique; the same on every delivery.
    pub id: String,
    /// Such as `checkout.session.completed`; types we do not know are kept as well.
    #[serde(rename = "type")]
    pub kind: String,
    /// Seconds since 1970.
    #[serde(default)]
    pub created: i64,
    /// Whether it is about real money.
    pub livemode: bool,
    /// What it is about.
    pub data: EventData,
}

/// What an event is about.
#[derive(Clone, Debug, Deserialize)]
pub struct EventData {
    /// The object as it was then.
    pub object: Value,
}

impl Event {
    /// The id of the object that changed.
    pub fn object_id(&self) -> Option<&str> {
        self.data.object["id"].as_str().filter(|id| is_plain(id))
    }

    /// The charge that the object belongs to, where it names one.
    pub fn charge(&self) -> Option<&str> {
        self.data.object["charge"].as_str().filter(|id| is_plain(id))
    }
}

/// Verifies `body` against the `Stripe-Signature` header and reads the event. Several secrets may be valid while one is being replaced.
///
/// # Errors
/// `Refused` says what did not hold.
pub fn verify(secrets: &[Secret], header: &str, body: &[u8], now_unix_seconds: i64) -> Result<Event, Refused> {
    if body.len() > LARGEST_BODY {
        return Err(Refused::TooLarge);
    }
    let mut stamp = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.split_once('=').ok_or(Refused::Malformed)? {
            ("t", value) => stamp = stamp.or(Some(value)),
            ("v1", value) => signatures.push(value),
            // Other schemes are ignored: accepting v0 would be a downgrade.
            _ => {}
        }
    }
    let stamp = stamp.ok_or(Refused::Malformed)?;
    let sent_at: i64 = stamp.parse().map_err(|_| Refused::Malformed)?;
    if signatures.is_empty() {
        return Err(Refused::Malformed);
    }
    let matches = |secret: &Secret| {
        let expected = expected(secret, stamp, body);
        signatures.iter().any(|signature| bool::from(signature.as_bytes().ct_eq(expected.as_bytes())))
    };
    if !secrets.iter().filter(|secret| !secret.is_empty()).any(matches) {
        return Err(Refused::Mismatch);
    }
    if now_unix_seconds.abs_diff(sent_at) > TOLERANCE_SECONDS.unsigned_abs() {
        return Err(Refused::Stale);
    }
    let event: Event = serde_json::from_slice(body).map_err(|_| Refused::NotAnEvent)?;
    if is_plain(&event.id) && is_plain(&event.kind) { Ok(event) } else { Err(Refused::NotAnEvent) }
}

/// Whether a text can be one of Stripe's names: visible ASCII, which every database keeps.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn expected(secret: &Secret, stamp: &str, body: &[u8]) -> String {
    // HMAC takes keys of any length; an impossible failure gives a text that no signature equals.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()) else { return String::new() };
    mac.update(stamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
