//! The work that nobody waits for: events, orders that are due, refunds, reconciling. Any replica may do it.

use super::{BillingError, inbox, orders, reconcile, refunds};
use crate::app::App;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Works until told to stop; what is begun is finished.
pub async fn run(app: App, stop: CancellationToken) {
    let Some(billing) = &app.billing else { return stop.cancelled().await };
    let poll = Duration::from_millis(app.settings.worker.poll_milliseconds);
    loop {
        work_due(&app).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = billing.wake.notified() => {}
            () = tokio::time::sleep(poll) => {}
        }
    }
}

/// Does everything that is due now. A part that fails does not keep the others from their turn.
pub async fn work_due(app: &App) {
    let report = |what: &str, result: Result<(), BillingError>| {
        if let Err(error) = result {
            tracing::error!(%error, what, "payments are not worked on");
        }
    };
    report("reconciling", reconcile::run_due(app).await);
    report("events", inbox::work_off_due(app).await.map(|_| ()));
    report("orders", orders::look_at_due(app).await.map(|_| ()));
    report("refunds", refunds::perform_due(app).await.map(|_| ()));
}
