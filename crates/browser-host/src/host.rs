//! The studio's host: whoever listens to the stream of events.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use pretty_contract::event::Event;
use pretty_contract::problem::{Code, Problem};
use pretty_contract::settings::Settings;
use pretty_studio::Host;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_stream::wrappers::UnboundedReceiverStream;

/// Whoever listens.
pub(crate) struct BrowserHost {
    listeners: Mutex<Vec<UnboundedSender<String>>>,
    revealed: Mutex<Vec<PathBuf>>,
    browsed: Mutex<Vec<String>>,
    notified: Mutex<Vec<String>>,
    settings: PathBuf,
    start: Instant,
}

impl BrowserHost {
    pub(crate) fn new(settings: PathBuf) -> Self {
        Self {
            listeners: Mutex::default(),
            revealed: Mutex::default(),
            browsed: Mutex::default(),
            notified: Mutex::default(),
            settings,
            start: Instant::now(),
        }
    }

    /// Events from now on, as JSON.
    pub(crate) fn listen(&self) -> UnboundedReceiverStream<String> {
        let (sender, receiver) = unbounded_channel();
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        UnboundedReceiverStream::new(receiver)
    }

    /// What the system's browser would have been sent to.
    pub(crate) fn browsed(&self) -> Vec<String> {
        self.browsed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the person would have been told.
    pub(crate) fn notified(&self) -> Vec<String> {
        self.notified.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn revealed(&self) -> Vec<PathBuf> {
        self.revealed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Host for BrowserHost {
    fn emit(&self, event: Event) {
        let Ok(text) = serde_json::to_string(&event) else { return };
        self.listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|listener| listener.send(text.clone()).is_ok());
    }

    fn reveal(&self, path: &Path) -> Result<(), Problem> {
        self.revealed.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_path_buf());
        Ok(())
    }

    fn open_in_browser(&self, address: &str) -> Result<(), Problem> {
        self.browsed.lock().unwrap_or_else(PoisonError::into_inner).push(address.to_owned());
        Ok(())
    }

    fn notify(&self, title: &str, text: &str) {
        self.notified.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{title}: {text}"));
    }

    fn load_settings(&self) -> Result<Option<Value>, Problem> {
        let Ok(text) = std::fs::read(&self.settings) else { return Ok(None) };
        serde_json::from_slice(&text).map(Some).map_err(|error| problem(Code::SettingsInvalid, &error.to_string()))
    }

    fn save_settings(&self, settings: &Settings) -> Result<(), Problem> {
        let text = serde_json::to_vec_pretty(settings).map_err(|error| problem(Code::Internal, &error.to_string()))?;
        let folder = self.settings.parent().map_or(Ok(()), std::fs::create_dir_all);
        folder
            .and_then(|()| std::fs::write(&self.settings, text))
            .map_err(|error| problem(Code::TargetFailed, &error.to_string()))
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }
}

fn problem(code: Code, message: &str) -> Problem {
    Problem { code, message: message.to_owned(), retryable: false, detail: None }
}
