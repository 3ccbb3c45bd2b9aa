//! Two workers give what one gives, and a fault in either ends both.

use std::sync::Mutex;

use pretty_contract::recipe::{Recipe, Step};
use pretty_photo::picture::{Channels, Depth};
use pretty_testkit::models::ModelsFolder;
use pretty_testkit::scene;

use super::*;
use crate::plan::Plan;
use crate::provider::Provider;
use crate::rendering::{Purpose, Rendering, Way};
use crate::runtime::Runtime;
use crate::testing::{self, Misbehaviour};

/// All tiles of a photo by a crew whose processor misbehaves from its `after`-th run on, in the order of their places.
fn made(aim: Aim, misbehaviour: Misbehaviour, after: usize) -> (usize, Result<Vec<Tile>, Stopped>) {
    let models = ModelsFolder::small();
    let real = Runtime::load(&crate::locate::runtime_library(None)).unwrap().processor();
    let processor: Arc<dyn Provider> = Arc::new(testing::faulty(real, "cpu", misbehaviour, after, usize::MAX));
    let engine = testing::engine_of(models.path(), processor, Vec::new());
    let shared = engine.shared();
    let recipe = Recipe::new(vec![
        Step::Restore { denoise: 1.0, detail: 0.5, model: None },
        Step::Upscale { scale: 2, strength: 0.7, model: None },
    ]);
    let plan = Plan::new(&recipe, &shared.manifest).unwrap();
    let photo = testing::decoded(&scene::picture(211, 173, Channels::Rgb, Depth::Eight, 5));
    let device = shared.devices.processor().clone();
    let mut rendering = Rendering::prepare(
        &shared.clone(),
        photo.clone(),
        &plan,
        device,
        &Purpose { name: "beach.jpg", depth: Depth::Eight, aim, held: 0 },
        &Cancel::default(),
    )
    .unwrap();
    let Way::Tiles(crew) = &mut rendering.way else { panic!("this recipe needs tiles") };
    let regions: Vec<Region> = (0..173)
        .step_by(40)
        .flat_map(|y| {
            (0..211).step_by(48).map(move |x| Region { x, y, width: 48.min(211 - x), height: 40.min(173 - y) })
        })
        .collect();
    let tiles = Mutex::new(Vec::new());
    let ended = crew.make(&photo.picture, &regions, &Cancel::default(), &|region, tile| {
        tiles.lock().unwrap().push(((region.y, region.x), tile));
        Ok(())
    });
    let mut tiles = tiles.into_inner().unwrap();
    tiles.sort_by_key(|(place, _)| *place);
    (crew.lanes(), ended.map(|()| tiles.into_iter().map(|(_, tile)| tile).collect()))
}

#[test]
fn two_give_what_one_gives_bit_for_bit() {
    let (alone, one) = made(Aim::Soonest, Misbehaviour::None, 0);
    let (lanes, two) = made(Aim::Whole, Misbehaviour::None, 0);
    assert_eq!((alone, lanes), (1, 2));
    let (Ok(one), Ok(two)) = (one, two) else { panic!("nothing fails here") };
    assert_eq!(one.len(), 25);
    assert_eq!(one, two);
}

#[test]
fn a_fault_of_one_ends_all_and_is_told() {
    // Two models are tried on two tiles each before they are used.
    let (_, ended) = made(Aim::Whole, Misbehaviour::Fails, 14);
    assert!(matches!(ended, Err(Stopped::By(EngineError::DeviceFailed { .. }))));
}
