//! What the studio needs from whatever shows it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use pretty_contract::event::Event;
use pretty_contract::problem::Problem;
use pretty_contract::settings::Settings;

/// Whatever shows the studio.
pub trait Host: Send + Sync + 'static {
    /// Tells the window something. Called from one thread, in order.
    fn emit(&self, event: Event);

    /// Shows a file in the system's file manager.
    ///
    /// # Errors
    /// There is no file manager, or it could not be asked.
    fn reveal(&self, path: &Path) -> Result<(), Problem>;

    /// Opens a page of the web in the system's browser.
    ///
    /// # Errors
    /// There is no browser, or it could not be asked.
    fn open_in_browser(&self, address: &str) -> Result<(), Problem>;

    /// Tells the person something while they look elsewhere, if the system can and they look elsewhere.
    fn notify(&self, title: &str, text: &str);

    /// What was kept by [`Host::save_settings`], as it stands; `None` the first time.
    ///
    /// # Errors
    /// It is there and cannot be read.
    fn load_settings(&self) -> Result<Option<serde_json::Value>, Problem>;

    /// Keeps settings.
    ///
    /// # Errors
    /// They could not be written.
    fn save_settings(&self, settings: &Settings) -> Result<(), Problem>;

    /// Time since any fixed moment; never goes back.
    fn now(&self) -> Duration;
}

/// Where things are.
#[derive(Clone, Debug)]
pub struct Folders {
    /// For what can be made again (thumbnails).
    pub cache: PathBuf,
    /// For what is remembered (speeds, verdicts on devices).
    pub data: PathBuf,
    /// The photo that ships with the app.
    pub sample: PathBuf,
    /// ONNX Runtime's library.
    pub runtime_library: PathBuf,
    /// The folder with `manifest.toml` and the models.
    pub models: PathBuf,
}
