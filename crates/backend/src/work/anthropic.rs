//! Anthropic as one who does jobs: it critiques and compares.

use super::provider::{Doing, Offer, Provider};
use super::{Halt, Made, compare, critique, look};
use crate::app::App;
use crate::jobs::{Lease, Why, prices};
use crate::photos::pixels::Fit;
use crate::providers::anthropic_client::AnthropicClient;
use crate::settings::Settings;
use pretty_contract::service::jobs::JobKind;
use std::time::Duration;

pub(super) const NAME: &str = "Anthropic";
/// The only way of critiques and comparisons.
const STANDARD: &str = "standard";

/// See the module.
#[derive(Debug)]
pub(super) struct Anthropic {
    client: Option<AnthropicClient>,
}

impl Anthropic {
    pub(super) fn configured(settings: &Settings) -> Self {
        Self { client: AnthropicClient::configured(&settings.anthropic) }
    }

    async fn work(&self, app: &App, lease: &Lease) -> Result<Made, Halt> {
        let client = self.client.as_ref().ok_or(Halt::never(Why::NotOffered))?;
        match prices::kind(&lease.job.kind) {
            JobKind::Critique => critique::perform(app, client, lease).await,
            JobKind::Compare => compare::perform(app, client, lease).await,
            JobKind::Enhance | JobKind::Unknown => Err(Halt::never(Why::Internal)),
        }
    }
}

impl Provider for Anthropic {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_on(&self) -> bool {
        self.client.is_some()
    }

    fn offers(&self, settings: &Settings) -> Vec<Offer> {
        let settings = &settings.anthropic;
        let fit = Fit::LongEdge(settings.long_edge);
        let kinds = [(JobKind::Critique, settings.critique_credits), (JobKind::Compare, settings.compare_credits)];
        kinds.map(|(kind, credits)| Offer { kind, variant: STANDARD.to_owned(), credits, fit }).into()
    }

    fn parallel(&self, settings: &Settings) -> usize {
        settings.anthropic.parallel
    }

    fn life(&self, settings: &Settings) -> Duration {
        Duration::from_secs(settings.anthropic.life_seconds)
    }

    /// A question that is broken off would be paid for again.
    fn last_moments(&self, whole: Duration) -> Duration {
        whole * 3 / 4
    }

    fn look_after<'a>(&'a self, app: &'a App) -> Doing<'a, ()> {
        Box::pin(async move {
            if let Some(client) = &self.client {
                look::check_model(app, client).await;
            }
        })
    }

    fn perform<'a>(&'a self, app: &'a App, lease: &'a Lease) -> Doing<'a, Result<Made, Halt>> {
        Box::pin(self.work(app, lease))
    }
}
