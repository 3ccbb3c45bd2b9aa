//! Replicate as one who does jobs: it enhances.

use super::provider::{Doing, Offer, Over, Provider};
use super::{Halt, Made, enhance};
use crate::app::App;
use crate::jobs::{Lease, Why};
use crate::photos::pixels::Fit;
use crate::providers::replicate_client::ReplicateClient;
use crate::settings::Settings;
use pretty_contract::service::jobs::JobKind;
use std::time::Duration;

pub(super) const NAME: &str = "Replicate";

/// See the module.
#[derive(Debug)]
pub(super) struct Replicate {
    client: Option<ReplicateClient>,
}

impl Replicate {
    pub(super) fn configured(settings: &Settings) -> Self {
        Self { client: ReplicateClient::configured(&settings.replicate) }
    }
}

impl Provider for Replicate {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_on(&self) -> bool {
        self.client.is_some()
    }

    fn offers(&self, settings: &Settings) -> Vec<Offer> {
        let models = settings.replicate.models.iter().map(|model| Offer {
            kind: JobKind::Enhance,
            variant: model.variant.clone(),
            credits: model.credits,
            fit: Fit::Pixels(model.most_pixels),
        });
        models.collect()
    }

    fn parallel(&self, settings: &Settings) -> usize {
        settings.replicate.parallel
    }

    fn life(&self, settings: &Settings) -> Duration {
        Duration::from_secs(settings.replicate.life_seconds)
    }

    /// We only wait here, and another worker waits as well.
    fn last_moments(&self, whole: Duration) -> Duration {
        whole / 20
    }

    fn perform<'a>(&'a self, app: &'a App, lease: &'a Lease) -> Doing<'a, Result<Made, Halt>> {
        Box::pin(async move {
            let client = self.client.as_ref().ok_or(Halt::never(Why::NotOffered))?;
            enhance::perform(app, client, lease).await
        })
    }

    fn leftovers<'a>(&'a self, app: &'a App, lease: &'a Lease, over: Over) -> Doing<'a, Option<Doing<'a, ()>>> {
        Box::pin(async move {
            let client = self.client.as_ref()?;
            let leftovers = enhance::leftovers(app, lease, over).await?;
            Some(Box::pin(leftovers.tidy(app, client)) as Doing<'a, ()>)
        })
    }
}
