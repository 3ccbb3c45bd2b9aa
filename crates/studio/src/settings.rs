//! Settings: read at start, checked, kept by the host. What is not understood is put aside, never lost.

use std::path::Path;

use pretty_contract::export::Export;
use pretty_contract::problem::{Code, Problem};
use pretty_contract::settings::Settings;

use crate::host::Host;
use crate::small_files;

/// What was kept, or the defaults and why.
pub(crate) fn load(host: &dyn Host, data: &Path) -> (Settings, Option<Problem>) {
    let kept = match host.load_settings() {
        Ok(None) => return (Settings::default(), None),
        Ok(Some(kept)) => kept,
        Err(problem) => return (Settings::default(), Some(problem)),
    };
    let read = serde_json::from_value::<Settings>(kept.clone()).map_err(|error| error.to_string());
    let checked = read.and_then(|settings| check(&settings).map(|()| settings).map_err(|problem| problem.message));
    match checked {
        Ok(settings) => (settings, None),
        Err(reason) => (Settings::default(), Some(put_aside(&kept, &reason, data))),
    }
}

/// Keeps a copy of settings that are not understood before new ones replace them.
fn put_aside(kept: &serde_json::Value, reason: &str, data: &Path) -> Problem {
    let copy = data.join("settings.bak");
    let text = serde_json::to_vec_pretty(kept).unwrap_or_default();
    let whereabouts = match small_files::write_bytes(&copy, &text) {
        Ok(()) => format!("They are kept in \u{201c}{}\u{201d}.", copy.display()),
        Err(error) => {
            tracing::warn!(%error, "settings could not be put aside");
            "They stay in their file until you change a setting.".to_owned()
        }
    };
    tracing::warn!(reason, "settings are not understood");
    Problem {
        code: Code::SettingsInvalid,
        message: format!("Your settings are not understood, so the usual ones are used. {whereabouts}"),
        retryable: false,
        detail: Some(reason.to_owned()),
    }
}

/// Refuses settings that cannot be meant.
pub(crate) fn check(settings: &Settings) -> Result<(), Problem> {
    if settings.device.as_ref().is_some_and(|device| device.is_empty() || device.len() > 64) {
        return Err(invalid("The device is not named."));
    }
    check_export(&settings.export)
}

/// Refuses an export that cannot be meant.
pub(crate) fn check_export(export: &Export) -> Result<(), Problem> {
    if !(1..=100).contains(&export.quality) {
        return Err(invalid(format!("The quality is {}, and it must be from 1 to 100.", export.quality)));
    }
    if export.folder.as_ref().is_some_and(|folder| !Path::new(folder).is_absolute()) {
        return Err(invalid("The folder for results must be named in full. Choose it again."));
    }
    Ok(())
}

fn invalid(message: impl Into<String>) -> Problem {
    Problem { code: Code::SettingsInvalid, message: message.into(), retryable: false, detail: None }
}
