//! How the outside services that look at photos are spoken to, each by a thin client of its own.
//!
//! Not here: what they are asked for, and what their answers mean for a job (`work`).

pub mod anthropic_client;
pub mod replicate_client;

use crate::outbound::{Patience, SetupError};
use crate::settings::{Anthropic, Replicate};
use anthropic_client::{AnthropicClient, Credentials};
use replicate_client::ReplicateClient;
use std::time::Duration;

/// Up and down again with a photo of full size.
const REPLICATE_TIMEOUT: Duration = Duration::from_secs(120);
const PATIENCE: Patience =
    Patience { retries: 2, first_wait: Duration::from_millis(500), longest_wait: Duration::from_secs(10) };

impl ReplicateClient {
    /// As configured; none without a token.
    pub fn configured(settings: &Replicate) -> Option<Self> {
        let token = Some(settings.token.clone()).filter(|token| !token.is_empty())?;
        let delivery = Some(settings.delivery_url.as_str()).filter(|url| !url.is_empty());
        usable("Replicate", Self::new(&settings.base_url, delivery, token, PATIENCE, REPLICATE_TIMEOUT))
    }
}

impl AnthropicClient {
    /// As configured; none without a key.
    pub fn configured(settings: &Anthropic) -> Option<Self> {
        if settings.key.is_empty() {
            return None;
        }
        let timeout = Duration::from_secs(settings.answer_seconds);
        usable("Anthropic", Self::new(&settings.base_url, Credentials::of(settings), PATIENCE, timeout))
    }
}

/// The settings were checked when they were read, so a fault here is the TLS library's.
fn usable<T>(service: &str, client: Result<T, SetupError>) -> Option<T> {
    client.inspect_err(|error| tracing::error!(%error, service, "switched off")).ok()
}
