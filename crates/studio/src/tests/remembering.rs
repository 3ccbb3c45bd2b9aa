//! Settings, devices, and an engine that cannot be opened.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use pretty_contract::device::{Device, Trust};
use pretty_contract::event::Event;
use pretty_contract::photo::PhotoState;
use pretty_contract::problem::{Code, Problem};
use pretty_contract::settings::Settings;
use serde_json::{Value, json};

use super::files::photo;
use super::harness::{Stage, TestHost, folders};
use super::scripted::Scripted;
use crate::studio::Studio;

fn with_settings(kept: Value) -> Stage {
    let host = TestHost::default();
    *host.settings.lock().unwrap() = Some(kept);
    Stage::with_host(Scripted::default(), host, tempfile::tempdir().unwrap())
}

#[test]
fn settings_are_kept_and_found_again() {
    let stage = Stage::new();
    assert_eq!(stage.snapshot().settings, Settings::default());
    let wanted = json!({ "device": "cpu", "export": { "format": "webp", "quality": 80, "folder": null, "collision": "overwrite" } });
    assert_eq!(stage.ask("set_settings", wanted.clone()), wanted);
    let kept = stage.host.settings.lock().unwrap().clone().unwrap();
    let again = with_settings(kept).snapshot();
    assert_eq!((serde_json::to_value(again.settings).unwrap(), again.notice), (wanted, None));
}

#[test]
fn settings_that_make_no_sense_are_refused_and_nothing_changes() {
    let stage = Stage::new();
    let export = |quality: u32, folder: Value| json!({ "device": null, "export": { "format": null, "quality": quality, "folder": folder, "collision": "rename" } });
    for wrong in [export(0, Value::Null), export(101, Value::Null), export(90, json!("not/whole"))] {
        assert_eq!(stage.refusal("set_settings", wrong).code, Code::SettingsInvalid);
    }
    stage.host.refuses_settings.store(true, Ordering::SeqCst);
    assert_eq!(stage.refusal("set_settings", export(50, Value::Null)).code, Code::DiskFull);
    assert_eq!(stage.snapshot().settings, Settings::default());
}

#[test]
fn settings_that_are_not_understood_are_put_aside() {
    for kept in [
        json!({ "colour_of_the_moon": 3 }),
        json!({ "export": { "format": null, "quality": 400, "folder": null, "collision": "rename" } }),
        json!({ "export": 3 }),
    ] {
        let stage = with_settings(kept.clone());
        let snapshot = stage.snapshot();
        assert_eq!(snapshot.settings, Settings::default());
        let notice = snapshot.notice.unwrap();
        assert!(notice.code == Code::SettingsInvalid && notice.message.contains("settings.bak"), "{notice:?}");
        let copy = std::fs::read(stage.folder.path().join("app/data/settings.bak")).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&copy).unwrap(), kept);
        stage.ask("set_settings", serde_json::to_value(Settings::default()).unwrap());
        assert_eq!(stage.snapshot().notice, None);
    }
}

fn verdict(events: &[Event]) -> Option<Vec<Device>> {
    let devices = events
        .iter()
        .rev()
        .find_map(|event| if let Event::Devices(devices) = event { Some(devices.clone()) } else { None })?;
    matches!(devices[0].trust, Trust::Verified { .. }).then_some(devices)
}

#[test]
fn devices_are_checked_once_and_remembered_until_something_changes() {
    let stage = Stage::new();
    stage.host.wait("a verdict", verdict);
    assert_eq!(stage.engine.checks.load(Ordering::SeqCst), 1);
    while !stage.folder.path().join("app/data/devices.json").exists() {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let Stage { folder, studio, .. } = stage;
    drop(studio);
    let again = Stage::with_host(Scripted::default(), TestHost::default(), folder);
    again.host.wait("the remembered verdict", verdict);
    assert!(matches!(again.snapshot().devices[0].trust, Trust::Verified { .. }));
    assert_eq!(again.engine.checks.load(Ordering::SeqCst), 0);
    again.ask("check_devices", json!({}));
    while again.engine.checks.load(Ordering::SeqCst) == 0 {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let Stage { folder, studio, .. } = again;
    drop(studio);
    let other =
        Stage::with_host(Scripted { fingerprint: "two".into(), ..Scripted::default() }, TestHost::default(), folder);
    other.host.wait("a verdict", verdict);
    assert_eq!(other.engine.checks.load(Ordering::SeqCst), 1);
}

#[test]
fn without_an_engine_the_app_opens_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let host = Arc::new(TestHost::default());
    let missing =
        Problem { code: Code::RuntimeUnavailable, message: "No library.".into(), retryable: false, detail: None };
    let refused = missing.clone();
    let studio = {
        let link = crate::link::Link::open(&folders(folder.path()), &crate::link::Connection::default());
        Studio::start_with(host.clone(), folders(folder.path()), link, Box::new(move || Err(refused)))
    };
    let stage = Stage { host, engine: Arc::default(), folder, studio };
    assert_eq!(stage.snapshot().trouble, Some(missing.clone()));
    let id = stage.add_all(&[photo(&stage.photos().join("a.png"), 40, 30)])[0];
    stage.wait_photo(id, "thumbnail", |photo| photo.thumbnail.is_some());
    assert!(stage.studio.serve(&format!("source/{}/0/0/0", id.0)).is_ok());
    stage.ask("enhance", json!({ "photos": [id], "export": null }));
    let state = stage.wait_state(id, "failure", |state| matches!(state, PhotoState::Failed { .. }));
    assert_eq!(state, PhotoState::Failed { problem: missing });
}
