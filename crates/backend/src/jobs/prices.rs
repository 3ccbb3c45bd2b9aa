//! What is offered, what it costs, and what of a photo leaves for it. The list is made from the settings, nowhere else.

use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::photos::pixels::Fit;
use crate::work::breaker;
use crate::work::provider::{Offer, Provider};
use pretty_contract::service::jobs::{JobKind, PhotoSize, Price, Quote, QuoteRequest, Sends};
use std::sync::Arc;

/// Photos in one quote: as many as the app sends at once.
const MOST_QUOTED: usize = 500;
/// Pixels of a side that a quote is asked for.
const LONGEST_SIDE: u32 = 100_000;

/// One thing that can be asked for, and who does it.
#[derive(Clone, Debug)]
pub(crate) struct Found<'a> {
    /// What.
    pub(crate) offer: Offer,
    /// Who.
    pub(crate) provider: &'a dyn Provider,
}

impl Found<'_> {
    /// How many photos one job takes.
    pub(crate) fn photos(&self) -> usize {
        if self.offer.kind == JobKind::Compare { 2 } else { 1 }
    }

    /// As the table of jobs names it.
    pub(crate) fn word(&self) -> &'static str {
        word(self.offer.kind)
    }
}

/// A kind as the table of jobs names it.
pub fn word(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Critique => "critique",
        JobKind::Enhance => "enhance",
        JobKind::Compare => "compare",
        JobKind::Unknown => "unknown",
    }
}

/// The kind of that name in the table of jobs.
pub(crate) fn kind(named: &str) -> JobKind {
    let kinds = [JobKind::Critique, JobKind::Enhance, JobKind::Compare];
    kinds.into_iter().find(|kind| word(*kind) == named).unwrap_or(JobKind::Unknown)
}

/// The prices of what is offered here.
pub fn list(app: &App) -> Vec<Price> {
    let offers = app.providers.on().flat_map(|provider| provider.offers(&app.settings));
    offers.map(|Offer { kind, variant, credits, .. }| Price { kind, variant, credits }).collect()
}

/// One offer, whether or not it is to be had at present.
///
/// # Errors
/// When there is no such thing.
pub(crate) fn find<'a>(app: &'a App, kind: JobKind, variant: &str) -> Result<Found<'a>, ApiError> {
    let found = app.providers.all().map(Arc::as_ref).find_map(|provider| {
        let mut offers = provider.offers(&app.settings).into_iter();
        let offer = offers.find(|offer| offer.kind == kind && offer.variant == variant)?;
        Some(Found { offer, provider })
    });
    found.ok_or_else(|| ApiError::new(ErrorCode::Invalid, "There is no such `kind` and `variant`: see /v1/prices."))
}

/// Refuses what is not to be had at present.
///
/// # Errors
/// When the outside service is not configured, or refuses us until an operator has acted.
pub(crate) async fn available(app: &App, provider: &dyn Provider) -> Result<(), ApiError> {
    if provider.is_on() && !breaker::is_refused(app, provider.name()).await? {
        return Ok(());
    }
    Err(ApiError::new(ErrorCode::Unavailable, "This is not offered here at the moment."))
}

/// What something would cost, and what of the photos leaves for it.
///
/// # Errors
/// When there is no such thing, it is not to be had, or the photos cannot be.
pub async fn quote(app: &App, request: &QuoteRequest, credits: i64) -> Result<Quote, ApiError> {
    let invalid = |text: &str| ApiError::new(ErrorCode::Invalid, text);
    let found = find(app, request.kind, &request.variant)?;
    let Found { offer, provider } = &found;
    let count = request.photos.len();
    if !(1..=MOST_QUOTED).contains(&count) {
        return Err(invalid("`photos` must be 1 to 500 sizes."));
    }
    if offer.kind == JobKind::Compare && count != 2 {
        return Err(invalid("`photos` must be two sizes to compare."));
    }
    if request.photos.iter().any(|size| !possible(size)) {
        return Err(invalid("`photos` must be between 1 and 100000 pixels a side."));
    }
    available(app, *provider).await?;
    let edge = |size: &PhotoSize| {
        let (width, height) = offer.fit.size(size.width, size.height);
        width.max(height)
    };
    let long_edge = match offer.fit {
        Fit::LongEdge(edge) => edge,
        Fit::Pixels(_) => request.photos.iter().map(edge).max().unwrap_or(1),
    };
    let jobs = i64::try_from(count / found.photos()).unwrap_or(i64::MAX);
    Ok(Quote {
        price: offer.credits.saturating_mul(jobs),
        each: offer.credits,
        available: credits,
        sends: Sends { to: provider.receiver().to_owned(), long_edge, media_type: "image/jpeg".to_owned() },
    })
}

fn possible(size: &PhotoSize) -> bool {
    let side = 1..=LONGEST_SIDE;
    side.contains(&size.width) && side.contains(&size.height)
}
