//! `pretty-backend`: serve, work in the background, migrate, administer. One binary; the mode is the first word.

mod admin;

use axum::Router;
use clap::{Parser, Subcommand};
use pretty_backend::photos::darkroom;
use pretty_backend::settings::Settings;
use pretty_backend::settings::load::{Overrides, load};
use pretty_backend::store::{Store, migration};
use pretty_backend::world::World;
use pretty_backend::{log, serve};
use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a health check waits.
const PATIENCE: Duration = Duration::from_secs(4);
/// Bytes of an answer to it.
const LONGEST_ANSWER: u64 = 64 << 10;

/// The hosted service of As Pretty As A Picture.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// A file with settings; see default.toml for all of them. The environment (PRETTY__SECTION__KEY) wins over it.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of the embedded database, photos and mailbox.
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<String>,
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Subcommand)]
enum Mode {
    /// Answer requests, and work in the background unless `worker.embedded` is false.
    Serve {
        /// Address and port; port 0 takes a free one.
        #[arg(long, value_name = "ADDRESS")]
        listen: Option<String>,
        /// Work with stand-ins for every outside service, inside this process: no keys needed, no money moves, no mail leaves.
        #[cfg(feature = "sandbox")]
        #[arg(long)]
        sandbox: bool,
    },
    /// Work in the background only.
    Worker,
    /// Bring the database up to date and stop.
    Migrate,
    /// Look after accounts and credits.
    #[command(subcommand)]
    Admin(admin::Task),
    /// Ask whoever serves at an address whether it can work; succeeds if so. For health checks of containers.
    Ready {
        /// Address and port.
        address: SocketAddr,
    },
}

fn main() -> ExitCode {
    // Decodes one photo for another process of this program: before anything else is read or opened.
    if std::env::args_os().nth(1).is_some_and(|mode| mode == darkroom::MODE) {
        return darkroom::work();
    }
    // Before anything can speak TLS.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        return ExitCode::FAILURE;
    }
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "pretty-backend: {}", log::scrub(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}

fn start() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments = Arguments::parse();
    if let Mode::Ready { address } = arguments.mode {
        return ready(address);
    }
    let listen = match &arguments.mode {
        Mode::Serve { listen, .. } => listen.clone(),
        _ => None,
    };
    let overrides = Overrides { listen, data: arguments.data.clone() };
    let settings = load(arguments.config.as_deref(), std::env::vars(), &overrides)?;
    log::start(&settings.log.level)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(arguments.mode, settings))
}

async fn run(mode: Mode, settings: Settings) -> Result<(), Box<dyn Error + Send + Sync>> {
    match mode {
        #[cfg(feature = "sandbox")]
        Mode::Serve { sandbox: true, .. } => {
            let bound = serve::bind(&settings).await?;
            let (sandbox, settings) = pretty_backend::sandbox::start(settings, bound.address).await?;
            let beside = pretty_backend::sandbox::routes(&sandbox);
            Ok(serve::run(settings, bound, beside, on_signal()?, listening).await?)
        }
        Mode::Serve { .. } => {
            let bound = serve::bind(&settings).await?;
            Ok(serve::run(settings, bound, Router::new(), on_signal()?, listening).await?)
        }
        Mode::Worker => Ok(serve::work(settings, on_signal()?).await?),
        Mode::Migrate => {
            let store = Store::open(&settings.database, Path::new(&settings.server.data)).await?;
            let applied = migration::run(&store, World::system().now()).await?;
            store.close().await;
            say(&format!("{applied} steps applied; the database is at version {}", migration::known_version()));
            Ok(())
        }
        Mode::Admin(task) => admin::run(task, &settings).await,
        // Was answered before there were settings.
        Mode::Ready { address } => ready(address),
    }
}

/// Asks for `/readyz`, without settings, a runtime or TLS: it is asked every few seconds, from the same machine.
fn ready(address: SocketAddr) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(LONGEST_ANSWER).read_to_string(&mut answer)?;
    let head = answer.lines().next().unwrap_or_default();
    if head.split(' ').nth(1) == Some("200") { Ok(()) } else { Err(format!("it cannot work: {head}").into()) }
}

/// Cancelled at the first SIGTERM or Ctrl-C.
fn on_signal() -> std::io::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let told = stop.clone();
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::spawn(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
        told.cancel();
    });
    Ok(stop)
}

fn listening(address: SocketAddr) {
    say(&format!("listening on http://{address}"));
}

/// A line for whoever started the program; the log goes to standard error.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
