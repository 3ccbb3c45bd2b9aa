//! The log: to the terminal and to a file a day. It holds no pictures; paths appear at level `debug` only.

use std::io::IsTerminal;
use std::path::Path;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

/// What is logged, in the usual syntax ("debug", "pretty_studio=debug").
const VARIABLE: &str = "PRETTY_LOG";
const USUAL: &str = "info,ort=warn";
const DAYS: usize = 7;

/// Writes what is left when it is dropped.
pub(crate) struct Log {
    _file: Option<WorkerGuard>,
}

/// Starts logging, and logs panics.
pub(crate) fn start(folder: &Path) -> Log {
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new(USUAL));
    // Without it the appender complains that there is nothing old to remove.
    let made = std::fs::create_dir_all(folder);
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("log")
        .filename_suffix("txt")
        .max_log_files(DAYS)
        .build(folder);
    let (layer, guard, trouble) =
        match made.map_err(|error| error.to_string()).and(file.map_err(|error| error.to_string())) {
            Ok(file) => {
                let (writer, guard) = tracing_appender::non_blocking(file);
                (Some(fmt::layer().with_ansi(false).with_writer(writer)), Some(guard), None)
            }
            Err(error) => (None, None, Some(error)),
        };
    let terminal = fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr);
    // Fails only when a subscriber is set already, and then that one is used.
    let _ = tracing_subscriber::registry().with(filter).with(terminal).with(layer).try_init();
    if let Some(error) = trouble {
        tracing::warn!(%error, "there is no log file");
    }
    log_panics();
    Log { _file: guard }
}

fn log_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
        let said = panic.payload_as_str().unwrap_or("something that is no text");
        tracing::error!(place, thread, said, "a thread broke off");
        before(panic);
    }));
}
