//! Devices: checked in the background, verdicts remembered as long as the library and the models stay the same.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use pretty_contract::device::{Device, Trust};
use pretty_contract::event::Event;
use pretty_contract::settings::Settings;
use serde::{Deserialize, Serialize};

use crate::core::Core;
use crate::small_files;
use crate::workshop::Workshop;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Remembered {
    fingerprint: String,
    devices: Vec<Device>,
}

fn file(data: &Path) -> PathBuf {
    data.join("devices.json")
}

/// Once the engine is open: takes up remembered verdicts, or finds them.
pub(crate) fn begin(core: &Arc<Core>, workshop: &dyn Workshop) {
    let remembered = small_files::read::<Remembered>(&file(&core.folders.data));
    if let Some(remembered) = remembered.filter(|remembered| remembered.fingerprint == workshop.fingerprint()) {
        workshop.recall_devices(&remembered.devices);
    }
    core.say(Event::Devices(workshop.devices()));
    if workshop.devices().iter().any(|device| device.trust == Trust::Unchecked) {
        check(core);
    }
}

/// Checks every device, on a thread of its own. Does nothing while that is under way.
pub(crate) fn check(core: &Arc<Core>) {
    if core.checking_devices.swap(true, Ordering::SeqCst) {
        return;
    }
    let inner = core.clone();
    let checking = move || {
        if let Ok(workshop) = inner.workshop.wait() {
            workshop.check_devices(&|devices| inner.say(Event::Devices(devices)));
            remember(&inner, workshop.as_ref());
        }
        inner.checking_devices.store(false, Ordering::SeqCst);
    };
    if let Err(error) = std::thread::Builder::new().name("devices".into()).spawn(checking) {
        tracing::error!(%error, "devices cannot be checked");
        core.checking_devices.store(false, Ordering::SeqCst);
    }
}

fn remember(core: &Core, workshop: &dyn Workshop) {
    let devices = workshop.devices();
    let settled = |device: &Device| matches!(device.trust, Trust::Verified { .. } | Trust::Refused { .. });
    if devices.iter().all(settled) {
        small_files::write(&file(&core.folders.data), &Remembered { fingerprint: workshop.fingerprint(), devices });
    }
}

/// The device that the person chose, if it is here and was not refused; the engine chooses otherwise.
pub(crate) fn chosen(workshop: &dyn Workshop, settings: &Settings) -> Option<String> {
    let wanted = settings.device.as_ref()?;
    let usable = |device: &Device| device.id == *wanted && !matches!(device.trust, Trust::Refused { .. });
    workshop.devices().iter().any(usable).then(|| wanted.clone())
}

/// The device that would do the work now, for estimates.
pub(crate) fn in_use(workshop: &dyn Workshop, settings: &Settings) -> String {
    if let Some(chosen) = chosen(workshop, settings) {
        return chosen;
    }
    let speed = |device: &Device| match device.trust {
        Trust::Verified { seconds_per_megapixel, .. } => Some((seconds_per_megapixel, device.id.clone())),
        _ => None,
    };
    let devices = workshop.devices();
    let fastest = devices.iter().filter_map(speed).min_by(|one, other| one.0.total_cmp(&other.0));
    fastest.map_or_else(|| "cpu".to_owned(), |(_, id)| id)
}
