//! The outside services that look at photos, each behind a thin client of its own.

pub mod anthropic_client;
pub mod replicate_client;

use crate::outbound::{Patience, SetupError};
use crate::settings::Settings;
use anthropic_client::AnthropicClient;
use replicate_client::ReplicateClient;
use std::time::Duration;

/// An outside service that looks at photos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// Enhances.
    Replicate,
    /// Critiques and compares.
    Anthropic,
}

impl Provider {
    /// For people, and in the table of how they are.
    pub fn name(self) -> &'static str {
        match self {
            Self::Replicate => "Replicate",
            Self::Anthropic => "Anthropic",
        }
    }
}

/// Up and down again with a photo of full size.
const REPLICATE_TIMEOUT: Duration = Duration::from_secs(120);
const PATIENCE: Patience =
    Patience { retries: 2, first_wait: Duration::from_millis(500), longest_wait: Duration::from_secs(10) };

/// The clients of those that are configured.
#[derive(Debug)]
pub struct Providers {
    /// None: no enhancement in the cloud.
    pub replicate: Option<ReplicateClient>,
    /// None: no critique.
    pub anthropic: Option<AnthropicClient>,
}

impl Providers {
    /// As configured.
    pub fn configured(settings: &Settings) -> Self {
        let replicate = (!settings.replicate.token.is_empty()).then(|| {
            let delivery = Some(settings.replicate.delivery_url.as_str()).filter(|url| !url.is_empty());
            let token = settings.replicate.token.clone();
            ReplicateClient::new(&settings.replicate.base_url, delivery, token, PATIENCE, REPLICATE_TIMEOUT)
        });
        let anthropic = (!settings.anthropic.key.is_empty()).then(|| {
            let timeout = Duration::from_secs(settings.anthropic.answer_seconds);
            AnthropicClient::new(&settings.anthropic.base_url, settings.anthropic.key.clone(), PATIENCE, timeout)
        });
        Self { replicate: usable(Provider::Replicate, replicate), anthropic: usable(Provider::Anthropic, anthropic) }
    }

    /// Whether it is configured.
    pub fn has(&self, provider: Provider) -> bool {
        match provider {
            Provider::Replicate => self.replicate.is_some(),
            Provider::Anthropic => self.anthropic.is_some(),
        }
    }
}

/// The settings were checked when they were read, so a fault here is the TLS library's.
fn usable<T>(provider: Provider, client: Option<Result<T, SetupError>>) -> Option<T> {
    let switched_off = |error: &SetupError| tracing::error!(%error, provider = provider.name(), "switched off");
    client?.inspect_err(switched_off).ok()
}
