//! The loop of workers: so many jobs at a time for each provider, each beside a watch.

use super::provider::{Over, Provider};
use super::{Halt, breaker, conclude};
use crate::app::App;
use crate::jobs::{self, Fault, Heard, JobError, LEASE, Lease, Sign, Why};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Jobs of dead workers are picked up this often.
const SWEEP: Duration = Duration::from_secs(20);

fn poll(app: &App) -> Duration {
    Duration::from_millis(app.settings.worker.poll_milliseconds)
}

/// Works until told to stop. What then runs gets a moment to end and is handed back otherwise: another worker goes on with it.
pub async fn run(app: App, stop: CancellationToken) {
    let mut lanes = JoinSet::new();
    for provider in app.providers.on() {
        let (app, provider, stop) = (app.clone(), Arc::clone(provider), stop.clone());
        lanes.spawn(async move {
            tokio::join!(provider.look_after(&app), lane(&app, &provider, &stop));
        });
    }
    pick_up(&app, &stop).await;
    while let Some(ended) = lanes.join_next().await {
        report(ended);
    }
}

async fn pick_up(app: &App, stop: &CancellationToken) {
    let mut due = tokio::time::interval(SWEEP);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = due.tick() => sweep(app).await,
        }
    }
}

async fn sweep(app: &App) {
    match jobs::sweep(&app.store, &app.world, 1000).await {
        Ok(swept) if swept == jobs::Swept::default() => {}
        Ok(swept) => {
            tracing::warn!(?swept, "jobs were picked up");
            app.work.notify_waiters();
        }
        Err(error) => tracing::error!(%error, "jobs were not swept"),
    }
}

async fn lane(app: &App, provider: &Arc<dyn Provider>, stop: &CancellationToken) {
    let places = Arc::new(Semaphore::new(provider.parallel(&app.settings)));
    let mut running = JoinSet::new();
    loop {
        while let Some(ended) = running.try_join_next() {
            report(ended);
        }
        let place = tokio::select! {
            () = stop.cancelled() => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        // Asked for before the look, so that what comes in between is not missed.
        let news = app.work.notified();
        match next(app, &**provider).await {
            Some(lease) => {
                let (app, provider, stop) = (app.clone(), Arc::clone(provider), stop.clone());
                running.spawn(async move {
                    work(&app, &*provider, &lease, &stop).await;
                    drop(place);
                });
            }
            None => tokio::select! {
                () = stop.cancelled() => break,
                () = news => {}
                () = tokio::time::sleep(poll(app)) => {}
            },
        }
    }
    while let Some(ended) = running.join_next().await {
        report(ended);
    }
}

/// A worker that panicked holds its job until the lease runs out; then another one goes on.
fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "the work on a job broke off");
    }
}

async fn next(app: &App, provider: &dyn Provider) -> Option<Lease> {
    let claimed = async {
        if !breaker::lets_through(app, provider.name()).await? {
            return Ok(None);
        }
        jobs::claim(&app.store, &app.world, provider.name(), provider.life(&app.settings)).await
    };
    let claimed: Result<Option<Lease>, JobError> = claimed.await;
    claimed.unwrap_or_else(|error| {
        tracing::error!(%error, "no job could be claimed");
        None
    })
}

/// Does everything that is due now, one after the other; says how many attempts that were.
pub async fn work_due(app: &App) -> usize {
    sweep(app).await;
    let mut attempts = 0;
    for provider in app.providers.on() {
        while let Some(lease) = next(app, &**provider).await {
            work(app, &**provider, &lease, &app.stopping).await;
            attempts += 1;
        }
    }
    attempts
}

/// How the watch ends the work.
enum Interrupted {
    /// The person stopped it, or its time is over.
    Stopped,
    /// Another worker has it.
    Lost,
    /// This process stops.
    Stopping,
}

/// One attempt at a job, from its claim to its end.
async fn work(app: &App, provider: &dyn Provider, lease: &Lease, stop: &CancellationToken) {
    tracing::info!(job = %lease.job.id, kind = lease.job.kind, attempt = lease.job.attempt, "a job is begun");
    let ended = tokio::select! {
        ended = provider.perform(app, lease) => ended,
        interrupted = watch(app, provider, lease, stop) => match interrupted {
            Interrupted::Stopped => Err(Halt::Fault(Fault::Stopped)),
            Interrupted::Lost => Err(JobError::LeaseLost.into()),
            Interrupted::Stopping => Err(Halt::Fault(Fault::NotYet(Duration::ZERO, Why::TookTooLong))),
        },
    };
    let over = match &ended {
        Ok(_) => Some(Over::Done),
        Err(Halt::Fault(Fault::Never(_) | Fault::Stopped)) => Some(Over::Broken),
        Err(_) => None,
    };
    // Read before the end, which clears it.
    let leftovers = match over {
        Some(over) => provider.leftovers(app, lease, over).await,
        None => None,
    };
    conclude(app, lease, ended).await;
    if let Some(tidying) = leftovers {
        tidying.await;
    }
}

/// Gives signs of life until the work must end.
async fn watch(app: &App, provider: &dyn Provider, lease: &Lease, stop: &CancellationToken) -> Interrupted {
    let mut last_sign = Instant::now();
    let mut stopping = std::pin::pin!(stopping(app, provider, stop));
    loop {
        tokio::select! {
            () = &mut stopping => return Interrupted::Stopping,
            () = app.work.notified() => {}
            () = tokio::time::sleep(poll(app)) => {}
        }
        let heard = if last_sign.elapsed() >= LEASE / 3 {
            last_sign = Instant::now();
            jobs::heartbeat(&app.store, &app.world, lease, Sign::default()).await
        } else {
            jobs::look(&app.store, &app.world, lease).await.map(|looked| looked.heard)
        };
        match heard {
            Ok(Heard::GoOn) => {}
            Ok(Heard::Stop) => return Interrupted::Stopped,
            Err(JobError::LeaseLost) => return Interrupted::Lost,
            Err(error) => tracing::error!(job = %lease.job.id, %error, "no sign of life could be given"),
        }
    }
}

/// When a process that stops gives a job up.
async fn stopping(app: &App, provider: &dyn Provider, stop: &CancellationToken) {
    stop.cancelled().await;
    let whole = Duration::from_secs(app.settings.server.shutdown_seconds);
    tokio::time::sleep(provider.last_moments(whole)).await;
}
