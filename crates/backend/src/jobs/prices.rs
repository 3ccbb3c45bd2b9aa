//! What is offered, what it costs, and what of a photo leaves for it. The list is made from the settings, nowhere else.

use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::photos::pixels::Fit;
use crate::providers::Provider;
use crate::settings::Settings;
use crate::work::breaker;
use pretty_contract::service::jobs::{JobKind, PhotoSize, Price, Quote, QuoteRequest, Sends};

/// The only way of critiques and comparisons.
const STANDARD: &str = "standard";
/// Photos in one quote: as many as the app sends at once.
const MOST_QUOTED: usize = 500;
/// Pixels of a side that a quote is asked for.
const LONGEST_SIDE: u32 = 100_000;

/// One thing that can be asked for.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// What it does.
    pub kind: JobKind,
    /// Which way.
    pub variant: &'a str,
    /// What it costs.
    pub credits: i64,
    /// Who does it.
    pub provider: Provider,
    /// How large the copy is that leaves.
    pub fit: Fit,
}

impl Offer<'_> {
    /// How many photos one job takes.
    pub fn photos(&self) -> usize {
        if self.kind == JobKind::Compare { 2 } else { 1 }
    }

    /// As the table of jobs names it.
    pub fn word(&self) -> &'static str {
        word(self.kind)
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

/// Everything that can be asked for where all outside services are configured.
pub fn offers(settings: &Settings) -> impl Iterator<Item = Offer<'_>> {
    let anthropic = &settings.anthropic;
    let looked_at = move |kind, credits| Offer {
        kind,
        variant: STANDARD,
        credits,
        provider: Provider::Anthropic,
        fit: Fit::LongEdge(anthropic.long_edge),
    };
    let enhanced = settings.replicate.models.iter().map(|model| Offer {
        kind: JobKind::Enhance,
        variant: &model.variant,
        credits: model.credits,
        provider: Provider::Replicate,
        fit: Fit::Pixels(model.most_pixels),
    });
    [looked_at(JobKind::Critique, anthropic.critique_credits), looked_at(JobKind::Compare, anthropic.compare_credits)]
        .into_iter()
        .chain(enhanced)
}

/// The prices of what is offered here.
pub fn list(app: &App) -> Vec<Price> {
    let here = offers(&app.settings).filter(|offer| app.providers.has(offer.provider));
    here.map(|offer| Price { kind: offer.kind, variant: offer.variant.to_owned(), credits: offer.credits }).collect()
}

/// One offer, whether or not it is to be had at present.
///
/// # Errors
/// When there is no such thing.
pub fn find<'a>(app: &'a App, kind: JobKind, variant: &str) -> Result<Offer<'a>, ApiError> {
    let found = offers(&app.settings).find(|offer| offer.kind == kind && offer.variant == variant);
    found.ok_or_else(|| ApiError::new(ErrorCode::Invalid, "There is no such `kind` and `variant`: see /v1/prices."))
}

/// Refuses what is not to be had at present.
///
/// # Errors
/// When the outside service is not configured, or refuses us until an operator has acted.
pub async fn available(app: &App, offer: &Offer<'_>) -> Result<(), ApiError> {
    if app.providers.has(offer.provider) && !breaker::is_refused(app, offer.provider).await? {
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
    let offer = find(app, request.kind, &request.variant)?;
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
    available(app, &offer).await?;
    let edge = |size: &PhotoSize| {
        let (width, height) = offer.fit.size(size.width, size.height);
        width.max(height)
    };
    let long_edge = match offer.fit {
        Fit::LongEdge(edge) => edge,
        Fit::Pixels(_) => request.photos.iter().map(edge).max().unwrap_or(1),
    };
    let jobs = i64::try_from(count / offer.photos()).unwrap_or(i64::MAX);
    Ok(Quote {
        price: offer.credits.saturating_mul(jobs),
        each: offer.credits,
        available: credits,
        sends: Sends { to: offer.provider.name().to_owned(), long_edge, media_type: "image/jpeg".to_owned() },
    })
}

fn possible(size: &PhotoSize) -> bool {
    let side = 1..=LONGEST_SIDE;
    side.contains(&size.width) && side.contains(&size.height)
}
