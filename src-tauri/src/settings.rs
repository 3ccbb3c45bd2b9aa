//! Settings in the store plugin's file: one key a setting.

use std::path::Path;

use pretty_contract::problem::{Code, Problem};
use pretty_contract::settings::Settings;
use serde_json::{Map, Value};
use tauri::AppHandle;
use tauri_plugin_store::StoreExt;

/// What the file holds; `None` when there is none yet.
///
/// # Errors
/// The file is not JSON. The store would begin anew over it, so a copy is put beside it first.
pub(crate) fn load(app: &AppHandle, path: &Path) -> Result<Option<Value>, Problem> {
    let Ok(text) = std::fs::read(path) else { return Ok(None) };
    if let Err(error) = serde_json::from_slice::<Map<String, Value>>(&text) {
        let copy = path.with_extension("json.bak");
        let kept = std::fs::copy(path, &copy).is_ok();
        let whereabouts =
            if kept { format!(" They are kept in \u{201c}{}\u{201d}.", copy.display()) } else { String::new() };
        return Err(Problem {
            code: Code::SettingsInvalid,
            message: format!("Your settings could not be read, so the usual ones are used.{whereabouts}"),
            retryable: false,
            detail: Some(error.to_string()),
        });
    }
    let store = app.store(path).map_err(|error| failed(path, &error))?;
    Ok(Some(Value::Object(store.entries().into_iter().collect())))
}

/// Writes all settings.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn save(app: &AppHandle, path: &Path, settings: &Settings) -> Result<(), Problem> {
    let store = app.store(path).map_err(|error| failed(path, &error))?;
    let Ok(Value::Object(wanted)) = serde_json::to_value(settings) else { return Ok(()) };
    store.clear();
    for (key, value) in wanted {
        store.set(key, value);
    }
    store.save().map_err(|error| failed(path, &error))
}

fn failed(path: &Path, error: &tauri_plugin_store::Error) -> Problem {
    Problem {
        code: Code::TargetFailed,
        message: format!("Your settings could not be kept in \u{201c}{}\u{201d}.", path.display()),
        retryable: true,
        detail: Some(error.to_string()),
    }
}
