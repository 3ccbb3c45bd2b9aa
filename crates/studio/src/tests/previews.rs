//! What the viewer sees.

use std::sync::atomic::Ordering;

use pretty_contract::event::Event;
use pretty_contract::photo::PhotoId;
use pretty_contract::preview::PreviewTile;
use pretty_contract::problem::Code;
use serde_json::{Value, json};

use super::files::photo;
use super::harness::Stage;

fn view(id: PhotoId, strength: f64, level: u32, tiles: &[(u32, u32)]) -> Value {
    let tiles: Vec<Value> = tiles.iter().map(|(x, y)| json!({ "x": x, "y": y })).collect();
    json!({ "photo": id, "recipe": { "version": 1, "steps": [{ "step": "tone", "strength": strength }] }, "level": level, "tiles": tiles })
}

fn tiles(events: &[Event]) -> Vec<PreviewTile> {
    events
        .iter()
        .filter_map(|event| if let Event::PreviewTile(tile) = event { Some(tile.clone()) } else { None })
        .collect()
}

fn wait_tiles(stage: &Stage, count: usize) -> Vec<PreviewTile> {
    stage.host.wait("tiles", |events| Some(tiles(events)).filter(|tiles| tiles.len() >= count))
}

fn open(stage: &Stage, width: u32, height: u32) -> PhotoId {
    stage.add_all(&[photo(&stage.photos().join("view.png"), width, height)])[0]
}

#[test]
fn source_tiles_are_the_photo_level_by_level() {
    let stage = Stage::new();
    let id = open(&stage, 1100, 601);
    let size = |address: &str| {
        let picture = image::load_from_memory(&stage.studio.serve(address).unwrap().bytes).unwrap();
        (picture.width(), picture.height())
    };
    assert_eq!(size(&format!("source/{}/0/0/0", id.0)), (512, 512));
    assert_eq!(size(&format!("source/{}/0/2/1", id.0)), (76, 89));
    assert_eq!(size(&format!("source/{}/1/1/0", id.0)), (38, 301));
    assert_eq!(size(&format!("source/{}/2/0/0", id.0)), (275, 151));
    assert_eq!(size(&format!("source/{}/12/0/0", id.0)), (1, 1));
    assert_eq!(stage.studio.serve(&format!("source/{}/0/3/0", id.0)).unwrap_err().code, Code::BadRequest);
}

#[test]
fn a_turned_photo_is_seen_at_every_size_as_it_will_be() {
    let stage = Stage::new();
    let id = open(&stage, 1100, 600);
    let address = |level: u32| format!("framed/{}/300,1000,0,10000,10000/{level}/0/0", id.0);
    let seen = |level: u32| {
        let bytes = stage.studio.serve(&address(level)).unwrap().bytes;
        image::load_from_memory(&bytes).unwrap().to_rgb8()
    };
    // The small one first: it is not made of the large one.
    let (small, large) = (seen(1), seen(0));
    let halved = image::imageops::resize(&large, 256, large.height() / 2, image::imageops::FilterType::Triangle);
    let differences = (8..248).flat_map(|x| (8..halved.height() - 8).map(move |y| (x, y)));
    let (mut sum, mut count) = (0.0, 0.0);
    for (x, y) in differences {
        for (a, b) in small.get_pixel(x, y).0.iter().zip(halved.get_pixel(x, y).0) {
            sum += f64::from(a.abs_diff(b));
            count += 1.0;
        }
    }
    assert!(sum / count < 6.0, "{}", sum / count);
}

#[test]
fn a_cropped_photo_is_seen_as_it_is_framed_before_and_after() {
    let stage = Stage::new();
    let id = open(&stage, 1100, 600);
    let picture =
        |address: &str| image::load_from_memory(&stage.studio.serve(address).unwrap().bytes).unwrap().to_rgb8();
    let whole = picture(&format!("source/{}/0/1/0", id.0));
    // Cut at a tile's edge, so that the first tile of the part is the second of the whole.
    let edge = 512.0 / 1100.0;
    let left = (edge * 10_000.0_f64).round() as u32;
    let part = format!("framed/{}/0,{left},0,10000,5000", id.0);
    assert_eq!(picture(&format!("{part}/0/0/0")).dimensions(), (512, 300));
    assert_eq!(picture(&format!("{part}/0/1/0")).dimensions(), (76, 300));
    let before = picture(&format!("{part}/0/0/0"));
    assert!((0..288).all(|y| {
        (0..512).all(|x| whole.get_pixel(x, y).0.iter().zip(before.get_pixel(x, y).0).all(|(a, b)| a.abs_diff(b) < 12))
    }));
    let mut wanted = view(id, 0.5, 0, &[(0, 0)]);
    wanted["recipe"]["steps"]
        .as_array_mut()
        .unwrap()
        .insert(0, json!({ "step": "crop", "x": edge, "width": 1.0 - edge, "height": 0.5 }));
    stage.ask("set_view", wanted);
    let made = wait_tiles(&stage, 1);
    let after = picture(&made[0].address);
    assert_eq!(after.dimensions(), (512, 300));
    // The scripted engine makes negatives.
    let worst = before
        .pixels()
        .zip(after.pixels())
        .map(|(one, other)| (i32::from(one[0]) + i32::from(other[0]) - 255).abs())
        .max();
    assert!(worst.unwrap() < 60, "{worst:?}");
    assert_eq!(stage.studio.serve(&format!("{part}/0/2/0")).unwrap_err().code, Code::BadRequest);
}

#[test]
fn wanted_tiles_come_in_the_order_wanted_and_can_be_fetched() {
    let stage = Stage::new();
    let id = open(&stage, 1100, 900);
    let key = stage.ask("set_view", view(id, 0.5, 0, &[(1, 1), (0, 0), (2, 1), (9, 9)]))["recipe_key"]
        .as_str()
        .unwrap()
        .to_owned();
    let failed =
        |events: &[Event]| events.iter().any(|event| matches!(event, Event::PreviewFailed { .. })).then_some(());
    stage.host.wait("the tile outside", failed);
    let made = tiles(&stage.host.events());
    let places: Vec<(u32, u32)> = made.iter().map(|tile| (tile.at.x, tile.at.y)).collect();
    assert_eq!(places, [(1, 1), (0, 0), (2, 1)]);
    assert!(made.iter().all(|tile| tile.is_final && tile.recipe_key == key && tile.photo == id));
    let served = stage.studio.serve(&made[0].address).unwrap();
    let picture = image::load_from_memory(&served.bytes).unwrap().to_rgb8();
    assert_eq!(picture.dimensions(), (512, 388));
    // The scripted engine makes negatives.
    let source = stage.studio.serve(&format!("source/{}/0/1/1", id.0)).unwrap();
    let source = image::load_from_memory(&source.bytes).unwrap().to_rgb8();
    let difference = picture
        .pixels()
        .zip(source.pixels())
        .map(|(one, other)| (i32::from(one[0]) + i32::from(other[0]) - 255).abs())
        .max();
    assert!(difference.unwrap() < 60, "{difference:?}");
    // The same view again: told at once, not made again.
    let before = stage.engine.board.rendered.lock().unwrap().len();
    stage.ask("set_view", view(id, 0.5, 0, &[(1, 1)]));
    wait_tiles(&stage, 4);
    assert_eq!(stage.engine.board.rendered.lock().unwrap().len(), before);
}

#[test]
fn smaller_levels_are_stand_ins_and_do_not_enlarge() {
    let stage = Stage::new();
    let id = open(&stage, 1100, 900);
    let steps = json!({ "version": 1, "steps": [{ "step": "upscale", "scale": 2, "strength": 1.0 }] });
    let at = |level: u32| json!({ "photo": id, "recipe": steps, "level": level, "tiles": [{ "x": 0, "y": 0 }] });
    stage.ask("set_view", at(1));
    let reduced = wait_tiles(&stage, 1).remove(0);
    stage.ask("set_view", at(0));
    let whole = wait_tiles(&stage, 3).remove(2);
    let side = |address: &str| image::load_from_memory(&stage.studio.serve(address).unwrap().bytes).unwrap().width();
    assert_eq!((reduced.is_final, side(&reduced.address)), (false, 512));
    assert_eq!((whole.is_final, side(&whole.address)), (true, 1024));
}

#[test]
fn a_quick_look_at_all_tiles_comes_before_the_tiles_of_the_result() {
    let stage = Stage::new();
    let id = open(&stage, 1100, 900);
    let steps = json!({ "version": 1, "steps": [{ "step": "upscale", "scale": 2, "strength": 1.0 }] });
    let view = |tiles: Value| json!({ "photo": id, "recipe": steps, "level": 0, "tiles": tiles });
    let key = stage.ask("set_view", view(json!([{ "x": 0, "y": 0 }, { "x": 1, "y": 0 }])))["recipe_key"].clone();
    let made = wait_tiles(&stage, 4);
    let came: Vec<(u32, bool)> = made.iter().map(|tile| (tile.at.x, tile.is_final)).collect();
    assert_eq!(came, [(0, false), (1, false), (0, true), (1, true)]);
    assert!(made.iter().all(|tile| json!(tile.recipe_key) == key));
    // Both can be fetched, each under an address of its own.
    let addresses: std::collections::BTreeSet<&str> = made.iter().map(|tile| tile.address.as_str()).collect();
    assert_eq!(addresses.len(), 4);
    assert!(addresses.iter().all(|address| stage.studio.serve(address).is_ok()));
    // What is there already is told, the best of it, and only what is new is made.
    let rendered = stage.engine.board.rendered.lock().unwrap().len();
    stage.ask("set_view", view(json!([{ "x": 1, "y": 0 }, { "x": 2, "y": 0 }])));
    let more = wait_tiles(&stage, 7).split_off(4);
    let came: Vec<(u32, bool)> = more.iter().map(|tile| (tile.at.x, tile.is_final)).collect();
    assert_eq!(came, [(1, true), (2, false), (2, true)]);
    assert_eq!(stage.engine.board.rendered.lock().unwrap().len(), rendered + 2);
}

#[test]
fn work_for_a_view_that_is_gone_is_dropped() {
    let stage = Stage::new();
    let id = open(&stage, 2000, 2000);
    stage.engine.board.held.store(true, Ordering::SeqCst);
    stage.ask("set_view", view(id, 0.1, 0, &[(0, 0), (1, 0), (2, 0), (3, 0)]));
    let began = std::time::Instant::now();
    while stage.engine.board.rendered.lock().unwrap().is_empty() {
        assert!(began.elapsed().as_secs() < 60);
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let key = stage.ask("set_view", view(id, 0.2, 0, &[(3, 3)]))["recipe_key"].as_str().unwrap().to_owned();
    stage.engine.board.held.store(false, Ordering::SeqCst);
    let made = wait_tiles(&stage, 1);
    assert_eq!((made[0].recipe_key.clone(), made[0].at.x, made[0].at.y), (key, 3, 3));
    assert_eq!(stage.engine.board.cancelled.load(Ordering::SeqCst), 1);
    assert_eq!(stage.engine.board.rendered.lock().unwrap().len(), 2);
    // A pan keeps the tile in work.
    stage.engine.board.held.store(true, Ordering::SeqCst);
    stage.ask("set_view", view(id, 0.3, 0, &[(0, 0), (1, 0)]));
    while stage.engine.board.rendered.lock().unwrap().len() < 3 {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    stage.ask("set_view", view(id, 0.3, 0, &[(2, 0), (0, 0)]));
    stage.engine.board.held.store(false, Ordering::SeqCst);
    wait_tiles(&stage, 3);
    assert_eq!(stage.engine.board.cancelled.load(Ordering::SeqCst), 1);
    stage.ask("clear_view", json!({}));
}

#[test]
fn a_preview_that_fails_says_so_once() {
    let stage = Stage::new();
    let id = open(&stage, 1100, 900);
    stage.ask("set_view", view(id, 0.123, 0, &[(0, 0), (1, 0), (0, 1)]));
    let failures = |events: &[Event]| {
        events.iter().filter(|event| matches!(event, Event::PreviewFailed { photo, .. } if *photo == id)).count()
    };
    stage.host.wait("failure", |events| (failures(events) == 1).then_some(()));
    stage.ask("set_view", view(id, 0.5, 0, &[(0, 0)]));
    wait_tiles(&stage, 1);
    assert_eq!(failures(&stage.host.events()), 1);
}

#[test]
fn views_out_of_range_are_refused() {
    let stage = Stage::new();
    let id = open(&stage, 10, 10);
    for (level, tiles) in [(40, vec![(0, 0)]), (0, vec![(70_000, 0)]), (0, vec![(0, 0); 2000])] {
        assert_eq!(stage.refusal("set_view", view(id, 0.5, level, &tiles)).code, Code::BadRequest);
    }
    assert_eq!(stage.refusal("set_view", view(id, 7.0, 0, &[(0, 0)])).code, Code::RecipeInvalid);
}
