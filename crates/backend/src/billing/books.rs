//! Once a day every balance is compared with its postings, also where nothing is sold. A difference calls an operator, and nothing is sold while it
//! stands. Not here: how it is compared (`ledger`).

use super::alarm::Alarm;
use super::{BillingError, reconcile};
use crate::app::App;
use crate::ledger;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two looks whether it is time.
const LOOK: Duration = Duration::from_secs(300);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// A process that ended in the middle left it to others after this long; a difference is looked at again as often.
const AGAIN: Duration = Duration::from_secs(3600);
const MARK: &str = "ledger";
/// Of many differences so many are told: more help nobody.
const TOLD: usize = 20;

/// Compares when it is time, until told to stop. Reading is broken off: the next one to look begins anew.
pub async fn run(app: App, stop: CancellationToken) {
    let mut look = tokio::time::interval(LOOK);
    let work = async {
        loop {
            look.tick().await;
            if let Err(error) = compare_due(&app).await {
                tracing::error!(%error, "the ledger was not compared");
            }
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = work => {}
    }
}

/// Compares if it is time, on one of all replicas; says whether it did.
///
/// # Errors
/// When the database fails.
pub async fn compare_due(app: &App) -> Result<bool, BillingError> {
    if reconcile::take(app, MARK, AGAIN).await?.is_none() {
        return Ok(false);
    }
    let found = ledger::compare(&app.store, &app.world).await?;
    if found.is_clean() {
        tracing::info!(people = found.owners, "the ledger adds up");
        reconcile::rest(app, MARK, DAY).await?;
        return Ok(true);
    }
    let why = format!("{} numbers are wrong, and all postings sum to {}", found.faults(), found.sum);
    app.alarms.raise(Alarm::LedgerDiffers, "ledger", &why);
    for difference in found.differences.iter().take(TOLD) {
        tracing::error!(difference, "the ledger does not add up");
    }
    Ok(true)
}

/// Nothing is sold while balances are not what was posted.
pub(super) async fn refuse_while_wrong(app: &App) -> Result<(), BillingError> {
    if ledger::differs(&app.store).await? { Err(BillingError::BooksDiffer) } else { Ok(()) }
}
