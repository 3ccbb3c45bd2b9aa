//! The studio's host: this window.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pretty_contract::event::Event;
use pretty_contract::problem::{Code, Problem};
use pretty_contract::settings::Settings;
use pretty_studio::Host;
use serde_json::Value;
use tauri::{AppHandle, Emitter, Manager};
use tauri_plugin_notification::NotificationExt;

use crate::app::WINDOW;
use crate::settings;

/// The Tauri event that carries all of the studio's.
const CHANNEL: &str = "studio";

/// The window as the studio sees it.
pub(crate) struct WindowHost {
    app: AppHandle,
    settings: PathBuf,
    start: Instant,
}

impl WindowHost {
    pub(crate) fn new(app: AppHandle, settings: PathBuf) -> Self {
        Self { app, settings, start: Instant::now() }
    }
}

impl Host for WindowHost {
    fn emit(&self, event: Event) {
        if let Err(error) = self.app.emit_to(WINDOW, CHANNEL, event) {
            tracing::warn!(%error, "the window could not be told something");
        }
    }

    fn reveal(&self, path: &Path) -> Result<(), Problem> {
        tauri_plugin_opener::reveal_item_in_dir(path).map_err(|error| Problem {
            code: Code::Internal,
            message: format!(
                "\u{201c}{}\u{201d} could not be shown: this system's file manager did not answer.",
                path.display()
            ),
            retryable: true,
            detail: Some(error.to_string()),
        })
    }

    fn open_in_browser(&self, address: &str) -> Result<(), Problem> {
        tauri_plugin_opener::open_url(address, None::<&str>).map_err(|error| Problem {
            code: Code::Internal,
            message: "No browser came up. Copy the address and open it by hand.".into(),
            retryable: true,
            detail: Some(error.to_string()),
        })
    }

    fn notify(&self, title: &str, text: &str) {
        let looks_here = self.app.get_webview_window(WINDOW).is_some_and(|window| window.is_focused().unwrap_or(false));
        if looks_here {
            return;
        }
        if let Err(error) = self.app.notification().builder().title(title).body(text).show() {
            tracing::info!(%error, "the system shows no notifications");
        }
    }

    fn load_settings(&self) -> Result<Option<Value>, Problem> {
        settings::load(&self.app, &self.settings)
    }

    fn save_settings(&self, settings: &Settings) -> Result<(), Problem> {
        settings::save(&self.app, &self.settings, settings)
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }
}
