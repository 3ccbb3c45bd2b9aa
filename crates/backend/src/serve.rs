//! Serving: bind, answer, and on a signal finish what is running.

mod connections;

use crate::app::App;
use crate::http::router;
use crate::mail::mailer;
use crate::metrics;
use crate::settings::Settings;
use crate::store::{Store, migration, mode};
use crate::worker;
use crate::world::World;
use axum::Router;
use connections::Limits;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("cannot listen on {address}: {fault}")]
    Listen {
        /// As configured.
        address: String,
        /// What the system said.
        fault: std::io::Error,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// The object store.
    #[error(transparent)]
    Objects(#[from] crate::objects::ObjectError),
    /// Something that jobs need.
    #[error(transparent)]
    NotReady(#[from] crate::work::provider::NotReady),
    /// Mail settings.
    #[error("{0}")]
    Mail(String),
}

/// A port that is ours; requests wait in it until the service runs.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    /// Where it is.
    pub address: SocketAddr,
}

/// Takes the configured port.
///
/// # Errors
/// When it is taken or not ours.
pub async fn bind(settings: &Settings) -> Result<Bound, StartError> {
    bind_to(&settings.server.listen).await
}

async fn bind_to(configured: &str) -> Result<Bound, StartError> {
    let fault = |fault| StartError::Listen { address: configured.to_owned(), fault };
    let listener = TcpListener::bind(configured).await.map_err(fault)?;
    let address = listener.local_addr().map_err(fault)?;
    Ok(Bound { listener, address })
}

/// Answers monitoring beside everything else, when that is configured.
async fn answer_monitoring(app: &App, stop: &CancellationToken) -> Result<Option<JoinHandle<()>>, StartError> {
    if app.metrics.is_none() {
        return Ok(None);
    }
    let Bound { listener, address } = bind_to(&app.settings.metrics.listen).await?;
    tracing::info!(%address, "metrics");
    Ok(Some(tokio::spawn(metrics::serve(app.clone(), listener, stop.clone()))))
}

async fn ended(task: Option<JoinHandle<()>>, what: &str) {
    if let Some(task) = task
        && let Err(error) = task.await
    {
        tracing::error!(%error, what, "it ended badly");
    }
}

/// Runs the service until `stop`; calls `listening` when it is ready. `beside` are further addresses, such as the sandbox's pages.
///
/// # Errors
/// When it cannot start; afterwards faults are answers and log lines.
pub async fn run(
    settings: Settings,
    Bound { listener, address }: Bound,
    beside: Router<App>,
    stop: CancellationToken,
    listening: impl FnOnce(SocketAddr),
) -> Result<(), StartError> {
    let (app, data) = open(settings, address).await?;
    let monitoring = answer_monitoring(&app, &stop).await?;
    let worker = if app.settings.worker.embedded {
        app.providers.prepare(&app.settings).await?;
        let mailer = mailer::configured(&app.settings, &data).map_err(StartError::Mail)?;
        Some(tokio::spawn(worker::run(app.clone(), mailer, stop.clone())))
    } else {
        None
    };
    tracing::info!(%address, base_url = app.base_url, "listening");
    listening(address);
    let grace = Duration::from_secs(app.settings.server.shutdown_seconds);
    let limits = Limits {
        connections: app.settings.server.connections,
        header: Duration::from_secs(app.settings.server.header_timeout_seconds),
    };
    let serving = connections::answer(listener, router(app.clone(), beside), limits, stop.clone());
    let overtime = async {
        stop.cancelled().await;
        app.stopping.cancel();
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        () = serving => {}
        () = overtime => tracing::warn!("requests that still ran were cut off"),
    }
    stop.cancel();
    ended(worker, "worker").await;
    ended(monitoring, "metrics").await;
    app.store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Works without serving.
///
/// # Errors
/// When it cannot start.
pub async fn work(settings: Settings, stop: CancellationToken) -> Result<(), StartError> {
    let address = settings.server.listen.parse().unwrap_or_else(|_| SocketAddr::from(([127, 0, 0, 1], 0)));
    let (app, data) = open(settings, address).await?;
    app.providers.prepare(&app.settings).await?;
    let mailer = mailer::configured(&app.settings, &data).map_err(StartError::Mail)?;
    let monitoring = answer_monitoring(&app, &stop).await?;
    tracing::info!("working");
    worker::run(app.clone(), mailer, stop).await;
    ended(monitoring, "metrics").await;
    app.store.close().await;
    tracing::info!("stopped");
    Ok(())
}

async fn open(settings: Settings, address: SocketAddr) -> Result<(App, PathBuf), StartError> {
    let data = PathBuf::from(&settings.server.data);
    let world = World::system();
    let store = Store::open(&settings.database, &data).await?;
    migration::run(&store, world.now()).await?;
    mode::claim(&store, settings.mode(), world.now()).await?;
    Ok((App::new(settings, store, world, address)?, data))
}
