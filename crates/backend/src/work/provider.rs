//! Who does jobs: what every one of them can, and those there are.
//!
//! The queue, the lanes, prices and quotes know this trait and nobody behind it. Not here: how an outside service is spoken to (`providers`).

use super::anthropic::Anthropic;
#[cfg(feature = "engine")]
use super::engine::OwnEngine;
use super::replicate::Replicate;
use super::{Halt, Made};
use crate::app::App;
use crate::jobs::Lease;
use crate::photos::pixels::Fit;
use crate::settings::Settings;
use pretty_contract::service::jobs::JobKind;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// Work under way.
pub(crate) type Doing<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One thing that can be asked for.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    /// What it does.
    pub(crate) kind: JobKind,
    /// Which way.
    pub(crate) variant: String,
    /// What it costs.
    pub(crate) credits: i64,
    /// How large the copy is that is worked on.
    pub(crate) fit: Fit,
}

/// How a job is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// Its work is done: nothing of it runs any more.
    Done,
    /// It was stopped, or never works out.
    Broken,
}

/// Why a process cannot work: a sentence for the operator, which says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotReady(pub(crate) String);

/// Somebody who does jobs.
pub(crate) trait Provider: Debug + Send + Sync {
    /// In tables, the log and alarms.
    fn name(&self) -> &'static str;

    /// Who gets a copy of the photo, as people are told before.
    fn receiver(&self) -> &'static str {
        self.name()
    }

    /// Whether it is configured.
    fn is_on(&self) -> bool;

    /// What can be asked for where it is.
    fn offers(&self, settings: &Settings) -> Vec<Offer>;

    /// How many jobs a process has under way.
    fn parallel(&self, settings: &Settings) -> usize;

    /// How long one may take, from its first attempt on.
    fn life(&self, settings: &Settings) -> Duration;

    /// How much a job still gets of the time that a process has to stop, before it is handed back.
    fn last_moments(&self, whole: Duration) -> Duration;

    /// Whether this process can do what is offered: asked before it works, and blocks.
    ///
    /// # Errors
    /// When something is missing here.
    fn prepare(&self, _settings: &Settings) -> Result<(), NotReady> {
        Ok(())
    }

    /// Looks at a worker's start whether what is offered is there to stay; alarms say when not.
    fn look_after<'a>(&'a self, _app: &'a App) -> Doing<'a, ()> {
        Box::pin(std::future::ready(()))
    }

    /// One attempt at a job, going on from its checkpoint. May be dropped at any point where it waits.
    fn perform<'a>(&'a self, app: &'a App, lease: &'a Lease) -> Doing<'a, Result<Made, Halt>>;

    /// What a job that is about to end leaves elsewhere, and the work of tidying it up. Read before the end, done after it.
    fn leftovers<'a>(&'a self, _app: &'a App, _lease: &'a Lease, _over: Over) -> Doing<'a, Option<Doing<'a, ()>>> {
        Box::pin(std::future::ready(None))
    }
}

/// Everybody there is, configured or not.
#[derive(Clone, Debug)]
pub struct Providers(Vec<Arc<dyn Provider>>);

impl Providers {
    /// As configured.
    pub(crate) fn configured(settings: &Settings) -> Self {
        Self(vec![
            Arc::new(Anthropic::configured(settings)),
            Arc::new(Replicate::configured(settings)),
            #[cfg(feature = "engine")]
            Arc::new(OwnEngine::configured(settings)),
        ])
    }

    /// All of them, in the order in which people see what they offer.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<dyn Provider>> {
        self.0.iter()
    }

    /// Those that are configured.
    pub(crate) fn on(&self) -> impl Iterator<Item = &Arc<dyn Provider>> {
        self.all().filter(|provider| provider.is_on())
    }

    /// Makes sure that this process can do what is offered.
    ///
    /// # Errors
    /// The first thing that is missing, as a sentence.
    pub async fn prepare(&self, settings: &Settings) -> Result<(), NotReady> {
        let (providers, settings) = (self.clone(), settings.clone());
        let prepared =
            tokio::task::spawn_blocking(move || providers.on().try_for_each(|provider| provider.prepare(&settings)));
        prepared.await.map_err(|error| NotReady(error.to_string()))?
    }
}
