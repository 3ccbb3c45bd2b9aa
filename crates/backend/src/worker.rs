//! Background work: what any replica may do, and what the database keeps two of them from doing twice.

use crate::app::App;
use crate::mail::mailer::Mailer;
use crate::mail::{outbox, returned};
use crate::{accounts, billing, changes, ledger, objects, privacy, uploads, work};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Sweeps happen this often.
const SWEEP: Duration = Duration::from_secs(300);

/// Works until told to stop; what is begun is finished.
pub async fn run(app: App, mailer: Box<dyn Mailer>, stop: CancellationToken) {
    // Side by side: letters do not wait for a payment service that is slow.
    tokio::join!(
        letters(app.clone(), mailer, stop.clone()),
        Box::pin(billing::background::run(app.clone(), stop.clone())),
        Box::pin(billing::books::run(app.clone(), stop.clone())),
        Box::pin(work::run(app, stop))
    );
}

async fn letters(app: App, mailer: Box<dyn Mailer>, stop: CancellationToken) {
    let poll = Duration::from_millis(app.settings.worker.poll_milliseconds);
    let mut sweep = tokio::time::interval(SWEEP);
    loop {
        if let Err(error) = outbox::deliver_due(&app, &*mailer).await {
            tracing::error!(%error, "the outbox cannot be read");
        }
        // Boxed: it is large, and the loop is not to be.
        Box::pin(privacy::work(&app)).await;
        tokio::select! {
            () = stop.cancelled() => return,
            _ = sweep.tick() => self::sweep(&app).await,
            () = app.letters.notified() => {}
            () = tokio::time::sleep(poll) => {}
        }
    }
}

/// Removes what is over: credits past their time, tokens, links, counters.
pub async fn sweep(app: &App) {
    let now = app.world.now();
    if let Err(error) = ledger::sweep_expired(&app.store, &app.world, 1000).await {
        tracing::error!(%error, "credits were not swept");
    }
    if let Err(error) = uploads::sweep(app, 100).await {
        tracing::error!(%error, "uploads were not swept");
    }
    if let Err(error) = objects::sweep(app, 1000).await {
        tracing::error!(%error, "objects were not swept");
    }
    for swept in [
        accounts::tokens::sweep(app, now).await,
        // After the tokens: a sign-in without any is over.
        accounts::devices::sweep(app, now).await,
        accounts::limits::sweep(app, now).await,
        outbox::sweep(app, now).await,
        returned::sweep(app, now).await,
        Box::pin(privacy::sweep(app)).await,
        changes::sweep(&app.store, now).await.map_err(accounts::AccountError::from),
    ] {
        match swept {
            Ok(0) => {}
            Ok(gone) => tracing::info!(gone, "swept"),
            Err(error) => tracing::error!(%error, "a sweep failed"),
        }
    }
}
