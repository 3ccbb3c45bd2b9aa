//! How often something is done, for those who switched it on: numbers of a short list of names, kept here until the account is looked at anyway,
//! then added to the service's sums. Nothing else: no photo, no path, no times, and nothing at all while the switch is off or nobody is signed in.

use std::collections::BTreeMap;

use pretty_contract::sent::SentWhat;
use pretty_contract::service::privacy::{Usage, UsageCount};
use reqwest::Method;

use crate::core::{Core, State};
use crate::link::kept;
use crate::service::Call;

/// The line in the privacy ledger.
const WHY: &str = "Counts of use";
/// The service believes no more at once.
const MOST: u32 = 1000;

/// What is counted. The service refuses any other name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Used {
    AppOpened,
    PhotoEnhanced,
    BatchEnhanced,
    CritiqueAsked,
    CloudEnhanceAsked,
    ExportMade,
}

impl Used {
    fn name(self) -> &'static str {
        match self {
            Self::AppOpened => "app_opened",
            Self::PhotoEnhanced => "photo_enhanced",
            Self::BatchEnhanced => "batch_enhanced",
            Self::CritiqueAsked => "critique_asked",
            Self::CloudEnhanceAsked => "cloud_enhance_asked",
            Self::ExportMade => "export_made",
        }
    }
}

type Counts = BTreeMap<String, u32>;

/// Counts one more.
pub(crate) fn count(core: &Core, state: &State, used: Used) {
    if !state.linked.online.usage {
        return;
    }
    let store = &core.link.store;
    let mut counts: Counts = store.kept(kept::COUNTS).unwrap_or_default();
    let number = counts.entry(used.name().to_owned()).or_default();
    *number = number.saturating_add(1).min(MOST);
    if let Err(error) = store.keep(kept::COUNTS, &counts) {
        tracing::debug!(%error, "a use was not counted");
    }
}

/// Forgets what was counted and not sent.
pub(crate) fn forget(core: &Core) {
    if let Err(error) = core.link.store.forget(kept::COUNTS) {
        tracing::warn!(%error, "counts of use could not be forgotten");
    }
}

/// Sends what was counted. Nothing depends on it: what does not arrive is lost, because counting twice would be worse.
pub(crate) fn send(core: &Core) {
    if !core.lock().linked.online.usage {
        return;
    }
    let Some(counts) = core.link.store.kept::<Counts>(kept::COUNTS).filter(|counts| !counts.is_empty()) else { return };
    forget(core);
    let events = counts.into_iter().map(|(name, count)| UsageCount { name, count }).collect();
    let mut call = Call::new(Method::POST, "/v1/usage", WHY).json(&Usage { events });
    call.leaving.what = SentWhat::Usage;
    if let Err(fault) = core.link.tell(call) {
        tracing::debug!(?fault, "counts of use did not arrive");
    }
}
