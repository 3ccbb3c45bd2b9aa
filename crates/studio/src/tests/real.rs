//! The studio with the real engine, where ONNX Runtime's library and the models are at hand.

use std::sync::Arc;

use pretty_contract::event::Event;
use pretty_contract::photo::PhotoState;
use pretty_engine::locate;
use pretty_testkit::skip::skipped;
use serde_json::json;

use super::files::photo;
use super::harness::{Stage, TestHost, folders};
use crate::studio::Studio;

fn stage() -> Option<Stage> {
    let folder = tempfile::tempdir().unwrap();
    let mut folders = folders(&folder.path().join("app"));
    folders.runtime_library = locate::runtime_library(None);
    folders.models = locate::models_folder(None);
    if !folders.runtime_library.exists() {
        skipped(
            "the studio with the real engine",
            "ONNX Runtime's library is not here (`cargo xtask setup` brings it)",
        );
        return None;
    }
    let host = Arc::new(TestHost::default());
    let studio = Studio::start(host.clone(), folders, &crate::link::Connection::default());
    Some(Stage { host, engine: Arc::default(), folder, studio })
}

#[test]
fn a_photo_is_looked_at_previewed_and_enhanced() {
    let Some(stage) = stage() else { return };
    let snapshot = stage.snapshot();
    assert_eq!(snapshot.trouble, None);
    assert!(snapshot.models.iter().any(|model| model.id == "restore"));
    let file = photo(&stage.photos().join("hall ü 100%.jpg"), 300, 200);
    let before = std::fs::read(&file).unwrap();
    let id = stage.add_all(std::slice::from_ref(&file))[0];
    stage.wait_photo(id, "assessment", |photo| photo.assessment.is_some() && photo.thumbnail.is_some());
    let recipe = json!({ "version": 1, "steps": [
        { "step": "restore", "denoise": 0.5, "detail": 0.25 }, { "step": "tone", "strength": 0.5 }, { "step": "upscale", "scale": 2, "strength": 1.0 },
    ] });
    stage.ask("set_recipe", json!({ "photos": [id], "recipe": recipe }));
    stage.ask("set_view", json!({ "photo": id, "recipe": recipe, "level": 0, "tiles": [{ "x": 0, "y": 0 }] }));
    let tile = stage.host.wait("preview", |events| {
        events.iter().find_map(|event| match event {
            // A quick look comes first.
            Event::PreviewTile(tile) if tile.is_final => Some(tile.clone()),
            Event::PreviewFailed { problem, .. } => panic!("{problem:?}"),
            _ => None,
        })
    });
    let preview = image::load_from_memory(&stage.studio.serve(&tile.address).unwrap().bytes).unwrap().to_rgb8();
    assert_eq!(preview.dimensions(), (600, 400));
    let export = json!({ "format": "png", "quality": 92, "folder": null, "collision": "rename" });
    stage.ask("enhance", json!({ "photos": [id], "export": export }));
    let state =
        stage.wait_state(id, "an end", |state| matches!(state, PhotoState::Done { .. } | PhotoState::Failed { .. }));
    let PhotoState::Done { result } = state else { panic!("{state:?}") };
    assert!(result.path.ends_with("hall ü 100%-enhanced.png"), "{}", result.path);
    assert_eq!((result.width, result.height), (600, 400));
    let shown = image::load_from_memory(&stage.studio.serve(&format!("result/{}/0/0/0", result.key)).unwrap().bytes)
        .unwrap()
        .to_rgb8();
    assert_eq!(shown.dimensions(), (512, 400));
    // What was previewed is what was saved, pixel for pixel: both were encoded for the viewer in the same blocks.
    assert_eq!(largest_difference(&preview, &shown), Some(0));
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

/// Largest difference where both have pixels: a result tile is cut at 512, a preview of an enlarged tile is not.
fn largest_difference(preview: &image::RgbImage, shown: &image::RgbImage) -> Option<u8> {
    let difference = shown.enumerate_pixels().flat_map(|(x, y, pixel)| {
        let other = preview.get_pixel(x, y);
        (0..3).map(move |channel| pixel[channel].abs_diff(other[channel]))
    });
    difference.max()
}
