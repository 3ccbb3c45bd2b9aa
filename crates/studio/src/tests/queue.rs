//! The queue: order, progress, estimates, stopping, failures.

use std::sync::atomic::Ordering;
use std::time::Duration;

use pretty_contract::event::{Event, Queue};
use pretty_contract::photo::PhotoState;
use pretty_contract::problem::Code;
use serde_json::json;

use super::files::{photo, photos};
use super::harness::{Stage, states};
use super::scripted::{Fate, Scripted};

fn queues(events: &[Event]) -> Vec<Queue> {
    events.iter().filter_map(|event| if let Event::Queue(queue) = event { Some(queue.clone()) } else { None }).collect()
}

#[test]
fn photos_are_enhanced_one_by_one_in_order() {
    let stage = Stage::with(Scripted { step: Duration::from_millis(15), ..Scripted::default() });
    let ids = stage.add_all(&photos(&stage.photos(), 4));
    stage.ask("enhance", json!({ "photos": [ids[2], ids[0], ids[3], ids[2], ids[1]], "export": null }));
    for &id in &ids {
        stage.wait_state(id, "result", |state| matches!(state, PhotoState::Done { .. }));
    }
    stage.wait_idle();
    assert_eq!(*stage.engine.begun.lock().unwrap(), ["photo 2.png", "photo 0.png", "photo 3.png", "photo 1.png"]);
    let folder = stage.photos();
    assert!((0..4).all(|index| folder.join(format!("photo {index}.png-enhanced.png")).exists()));
    let PhotoState::Done { result } =
        stage.wait_state(ids[0], "done", |state| matches!(state, PhotoState::Done { .. }))
    else {
        panic!()
    };
    assert_eq!(stage.studio.serve(&format!("result/{}/0/0/0", result.key)).unwrap().mime, "image/jpeg");
    stage.ask("reveal", json!({ "photo": ids[0] }));
    assert!(stage.host.revealed.lock().unwrap()[0].ends_with("photo 0.png-enhanced.png"));
    let events = stage.end();
    let positions: Vec<u32> = states(&events, ids[1])
        .iter()
        .filter_map(|state| if let PhotoState::Waiting { position } = state { Some(*position) } else { None })
        .collect();
    assert_eq!(positions, [4, 3, 2, 1]);
    let last = queues(&events).pop().unwrap();
    assert_eq!((last.open, last.closed, last.progress, last.seconds_left), (0, 4, 1.0, None));
}

#[test]
fn progress_goes_forwards_and_is_not_told_more_than_ten_times_a_second() {
    let stage = Stage::with(Scripted { step: Duration::from_millis(40), ..Scripted::default() });
    let id = stage.add_all(&photos(&stage.photos(), 1))[0];
    let began = std::time::Instant::now();
    stage.ask("enhance", json!({ "photos": [id], "export": null }));
    stage.wait_state(id, "result", |state| matches!(state, PhotoState::Done { .. }));
    let seconds = began.elapsed().as_secs_f64();
    let events = stage.end();
    let told: Vec<f32> = states(&events, id)
        .iter()
        .filter_map(|state| if let PhotoState::Working { progress, .. } = state { Some(*progress) } else { None })
        .collect();
    assert_eq!((told[0], told[told.len() - 1]), (0.0, 1.0));
    assert!(told.windows(2).all(|pair| pair[0] <= pair[1]), "{told:?}");
    assert!((told.len() as f64) < seconds * 10.0 + 3.0, "{} in {seconds} s", told.len());
    let whole: Vec<f32> = queues(&events).iter().map(|queue| queue.progress).collect();
    assert!(whole.windows(2).all(|pair| pair[0] <= pair[1]), "{whole:?}");
}

#[test]
fn one_bad_photo_never_stops_the_rest() {
    let fate = |name: &str| match name {
        "photo 0.png" => Fate::Fails,
        "photo 1.png" => Fate::Panics,
        "photo 2.png" => Fate::Skipped,
        _ => Fate::Saved,
    };
    let stage = Stage::with(Scripted { fate: Box::new(fate), ..Scripted::default() });
    let mut files = photos(&stage.photos(), 4);
    files.insert(0, stage.photos().join("broken.jpg"));
    std::fs::write(&files[0], [0xFF, 0xD8, 0xFF, 0xE0, 0, 1]).unwrap();
    let ids = stage.add_all(&files);
    stage.ask("enhance", json!({ "photos": ids, "export": null }));
    stage.wait_state(ids[4], "the last", |state| matches!(state, PhotoState::Done { .. }));
    stage.wait_idle();
    let shown = stage.snapshot().photos;
    let code = |index: usize| match &shown[index].state {
        PhotoState::Failed { problem } => problem.code,
        other => panic!("{other:?}"),
    };
    assert!(matches!(code(0), Code::FileDamaged | Code::NotAPhoto | Code::UnsupportedPhoto), "{:?}", code(0));
    assert_eq!((code(1), code(2)), (Code::FileDamaged, Code::Internal));
    assert!(matches!(&shown[3].state, PhotoState::Skipped { path } if path.ends_with("photo 2.png")));
    assert_eq!(queues(&stage.end()).pop().unwrap().closed, 5);
}

#[test]
fn a_photo_in_work_and_one_that_waits_can_be_stopped() {
    let stage = Stage::new();
    let ids = stage.add_all(&photos(&stage.photos(), 3));
    stage.engine.held.store(true, Ordering::SeqCst);
    stage.ask("enhance", json!({ "photos": ids, "export": null }));
    stage.wait_state(ids[0], "work", |state| matches!(state, PhotoState::Working { .. }));
    stage.ask("cancel", json!({ "photos": [ids[0], ids[1]] }));
    stage.wait_state(ids[0], "stop", |state| *state == PhotoState::Ready);
    stage.wait_state(ids[1], "stop", |state| *state == PhotoState::Ready);
    stage.wait_state(ids[2], "work", |state| matches!(state, PhotoState::Working { .. }));
    stage.ask("cancel_all", json!({}));
    stage.wait_idle();
    assert!(stage.snapshot().photos.iter().all(|photo| photo.state == PhotoState::Ready));
    assert_eq!(stage.snapshot().queue, Queue::default());
    assert!(!stage.engine.begun.lock().unwrap().contains(&"photo 1.png".to_owned()));
}

#[test]
fn a_photo_taken_off_the_list_stops_and_is_not_heard_of_again() {
    let stage = Stage::new();
    let ids = stage.add_all(&photos(&stage.photos(), 2));
    stage.engine.held.store(true, Ordering::SeqCst);
    stage.ask("enhance", json!({ "photos": ids, "export": null }));
    stage.wait_state(ids[0], "work", |state| matches!(state, PhotoState::Working { .. }));
    stage.ask("remove_photos", json!({ "photos": ids }));
    stage.wait_idle();
    let events = stage.end();
    let gone = events.iter().position(|event| matches!(event, Event::PhotosRemoved(_))).unwrap();
    assert!(!events[gone..].iter().any(|event| matches!(event, Event::PhotoChanged(_))));
}

#[test]
fn auto_is_asked_before_a_job_starts_and_others_wait_while_it_runs() {
    let stage = Stage::with(Scripted::default());
    stage.engine.held.store(true, Ordering::SeqCst);
    let first = stage.add_all(&[photo(&stage.photos().join("first.png"), 5, 5)])[0];
    stage.wait_photo(first, "assessment", |photo| photo.assessment.is_some());
    stage.ask("enhance", json!({ "photos": [first], "export": null }));
    stage.wait_state(first, "work", |state| matches!(state, PhotoState::Working { .. }));
    let more = stage
        .add_all(&[photo(&stage.photos().join("second.png"), 5, 5), photo(&stage.photos().join("third.png"), 5, 5)]);
    stage.wait_photo(more[1], "thumbnail", |photo| photo.thumbnail.is_some());
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(stage.engine.assessed.load(Ordering::SeqCst), 1);
    // But what is looked at is looked at.
    let view = json!({ "photo": more[1], "recipe": { "version": 1, "steps": [] }, "level": 0, "tiles": [] });
    stage.ask("set_view", view);
    stage.wait_photo(more[1], "assessment", |photo| photo.assessment.is_some());
    assert_eq!(stage.engine.assessed.load(Ordering::SeqCst), 2);
    stage.ask("enhance", json!({ "photos": [more[0]], "export": null }));
    stage.engine.held.store(false, Ordering::SeqCst);
    stage.wait_state(more[0], "result", |state| matches!(state, PhotoState::Done { .. }));
    let shown = stage.snapshot().photos;
    assert!(shown.iter().all(|photo| photo.assessment.is_some()));
}

#[test]
fn how_long_it_takes_is_measured_and_remembered() {
    let stage = Stage::with(Scripted { step: Duration::from_millis(60), ..Scripted::default() });
    let files = [photo(&stage.photos().join("a.png"), 1000, 1000), photo(&stage.photos().join("b.png"), 2000, 1000)];
    let ids = stage.add_all(&files);
    for &id in &ids {
        stage.wait_photo(id, "assessment", |photo| photo.assessment.is_some());
    }
    let estimate = stage.ask("estimate", json!({ "photos": ids }));
    assert!(estimate["seconds"].is_null() && estimate["each"][0].is_null());
    stage.ask("enhance", json!({ "photos": [ids[0]], "export": null }));
    let state = stage.wait_state(ids[0], "result", |state| matches!(state, PhotoState::Done { .. }));
    let PhotoState::Done { result } = state else { panic!() };
    let estimate = stage.ask("estimate", json!({ "photos": ids }));
    let seconds = |index: usize| estimate["each"][index].as_f64().unwrap();
    assert!((seconds(0) - f64::from(result.seconds)).abs() < 0.02, "{estimate} {}", result.seconds);
    assert!((estimate["seconds"].as_f64().unwrap() - seconds(0) - seconds(1)).abs() < 1e-3);
    assert!(seconds(1) > seconds(0));
    // The next run knows it from the start.
    let Stage { folder, studio, .. } = stage;
    drop(studio);
    let again = Stage::with_host(Scripted::default(), super::harness::TestHost::default(), folder);
    let id = again.add_all(&files[..1])[0];
    again.wait_photo(id, "assessment", |photo| photo.assessment.is_some());
    assert!((again.ask("estimate", json!({ "photos": [id] }))["seconds"].as_f64().unwrap() - seconds(0)).abs() < 1e-3);
    again.engine.held.store(true, Ordering::SeqCst);
    again.ask("enhance", json!({ "photos": [id], "export": null }));
    let state = again.wait_state(id, "work", |state| matches!(state, PhotoState::Working { .. }));
    let PhotoState::Working { seconds_left: Some(left), .. } = state else { panic!("{state:?}") };
    assert!((f64::from(left) - seconds(0)).abs() < 0.05);
}

#[test]
fn results_go_where_the_export_says() {
    let stage = Stage::new();
    let target = stage.folder.path().join("results");
    std::fs::create_dir(&target).unwrap();
    let id = stage.add_all(&photos(&stage.photos(), 1))[0];
    let export = |quality: u32, folder: &str| json!({ "format": "png", "quality": quality, "folder": folder, "collision": "skip" });
    for (quality, folder) in [(0, target.to_str().unwrap()), (101, target.to_str().unwrap()), (90, "relative")] {
        let refused = stage.refusal("enhance", json!({ "photos": [id], "export": export(quality, folder) }));
        assert_eq!(refused.code, Code::SettingsInvalid);
    }
    stage.ask("enhance", json!({ "photos": [id], "export": export(90, target.to_str().unwrap()) }));
    let state = stage.wait_state(id, "result", |state| matches!(state, PhotoState::Done { .. }));
    let PhotoState::Done { result } = state else { panic!() };
    assert!(result.path.starts_with(target.to_str().unwrap()));
}
