//! Where the program keeps things, and where what it ships with is.

use std::path::{Path, PathBuf};

use pretty_engine::locate;
use pretty_studio::Folders;
use tauri::path::PathResolver;

/// One folder for everything the program keeps: for tests, and for carrying it on a stick.
const DATA_VARIABLE: &str = "PRETTY_DATA_DIR";
/// The program's name on the message bus, as in `tauri.conf.json`.
#[cfg(target_os = "linux")]
const IDENTIFIER: &str = "com.asprettyasapicture.desktop";
/// Another sample photo.
const SAMPLE_VARIABLE: &str = "PRETTY_SAMPLE";

/// Places.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) folders: Folders,
    pub(crate) settings: PathBuf,
    pub(crate) logs: PathBuf,
    pub(crate) window_state: PathBuf,
    /// What the web view keeps; its own choice when absent.
    pub(crate) webview: Option<PathBuf>,
}

impl Places {
    /// Everything under the folder that `PRETTY_DATA_DIR` names, if it does.
    pub(crate) fn named_by_hand() -> Option<Self> {
        let root = std::path::absolute(named(DATA_VARIABLE)?).ok()?;
        let resources = std::env::current_exe().ok().and_then(|program| program.parent().map(Path::to_path_buf));
        let folders = folders(&root.join("cache"), &root.join("data"), resources.as_deref());
        Some(Self {
            folders,
            settings: root.join("settings.json"),
            logs: root.join("logs"),
            window_state: root.join("window-state.json"),
            webview: Some(root.join("webview")),
        })
    }

    /// A name on the message bus that no program with another home has.
    #[cfg(target_os = "linux")]
    pub(crate) fn bus_name(&self) -> String {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        self.folders.data.hash(&mut hasher);
        format!("{IDENTIFIER}.home{:016x}", hasher.finish())
    }

    /// Where the system wants them.
    pub(crate) fn of_the_system(system: &PathResolver<tauri::Wry>) -> tauri::Result<Self> {
        let (data, resources) = (system.app_data_dir()?, system.resource_dir().ok());
        Ok(Self {
            folders: folders(&system.app_cache_dir()?, &data, resources.as_deref()),
            settings: system.app_config_dir()?.join("settings.json"),
            logs: system.app_log_dir()?,
            window_state: system.app_config_dir()?.join(".window-state.json"),
            webview: None,
        })
    }
}

fn folders(cache: &Path, data: &Path, resources: Option<&Path>) -> Folders {
    let shipped = || resources.unwrap_or(Path::new(".")).join("resources").join("sample.jpg");
    Folders {
        cache: cache.to_path_buf(),
        data: data.to_path_buf(),
        sample: named(SAMPLE_VARIABLE).unwrap_or_else(shipped),
        runtime_library: locate::runtime_library(resources),
        models: locate::models_folder(resources),
    }
}

fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}
