//! Every way in which a device can fail, and what becomes of the result: never a wrong one.

use std::sync::Arc;

use pretty_contract::device::Trust;
use pretty_contract::recipe::{Recipe, Step};
use pretty_photo::picture::{Channels, Depth, Picture};
use pretty_testkit::models::ModelsFolder;
use pretty_testkit::scene;

use super::*;
use crate::crew::Aim;
use crate::engine::Engine;
use crate::plan::Plan;
use crate::rendering::{Purpose, Rendering, Way};
use crate::runtime::Runtime;
use crate::testing::{self, Misbehaviour};

fn photo() -> Picture {
    scene::picture(300, 200, Channels::Rgb, Depth::Eight, 11)
}

fn recipe() -> Recipe {
    Recipe::new(vec![Step::Upscale { scale: 2, strength: 1.0, model: None }])
}

/// What came of rendering everything: the picture, notes, device and what the card is trusted with afterwards.
struct Came {
    picture: Result<Picture, EngineError>,
    notes: Vec<String>,
    device: String,
    trust: Trust,
}

fn render(engine: &Engine, recipe: &Recipe, on_card: bool) -> Came {
    let shared = engine.shared();
    let plan = Plan::new(recipe, &shared.manifest).unwrap();
    let list = shared.devices.slots();
    let slot = if on_card { list[1].clone() } else { list[0].clone() };
    let photo = testing::decoded(&photo());
    let purpose = Purpose { name: "beach.jpg", depth: Depth::Eight, aim: Aim::Soonest, held: 0 };
    let mut rendering = Rendering::prepare(shared, photo, &plan, slot, &purpose, &Cancel::default()).unwrap();
    let picture = rendering.picture(Region::whole(300, 200), &Cancel::default());
    let Way::Tiles(crew) = &rendering.way else { panic!("this recipe needs tiles") };
    Came { picture, notes: crew.notes(), device: crew.device_name(), trust: list[list.len() - 1].trust() }
}

fn wanted(models: &ModelsFolder) -> Picture {
    render(&testing::open(models.path()), &recipe(), false).picture.unwrap()
}

fn on_card(misbehaviour: Misbehaviour, after: usize, times: usize) -> (Came, Picture) {
    let models = ModelsFolder::small();
    let engine = testing::engine_with_card(models.path(), misbehaviour, after, times);
    (render(&engine, &recipe(), true), wanted(&models))
}

const FOR_EVER: usize = usize::MAX;

#[test]
fn a_card_that_works_does_the_work() {
    let (came, wanted) = on_card(Misbehaviour::None, 0, 0);
    assert_eq!(came.picture.unwrap(), wanted);
    assert_eq!((came.notes, came.device.as_str()), (vec![], "A card that misbehaves"));
}

#[test]
fn a_tile_that_fails_its_check_once_is_done_again_in_pieces() {
    for misbehaviour in [Misbehaviour::NotANumber, Misbehaviour::Constant(0.0), Misbehaviour::Drift(-0.1)] {
        let (came, wanted) = on_card(misbehaviour, 2, 1);
        assert_eq!(came.picture.unwrap(), wanted, "{misbehaviour:?}");
        assert_eq!(came.notes, ["One tile was done again in smaller pieces."], "{misbehaviour:?}");
        assert_eq!(came.trust, Trust::Unchecked, "{misbehaviour:?}");
    }
}

#[test]
fn a_card_that_keeps_giving_wrong_numbers_is_given_up() {
    for misbehaviour in [Misbehaviour::NotANumber, Misbehaviour::Constant(0.0), Misbehaviour::Drift(0.2)] {
        let (came, wanted) = on_card(misbehaviour, 1, FOR_EVER);
        assert_eq!(came.picture.unwrap(), wanted, "{misbehaviour:?}");
        assert!(
            came.notes[0]
                .starts_with("A card that misbehaves failed and was not used further: its results kept failing"),
            "{:?}",
            came.notes
        );
        assert_eq!(came.notes[1], "3 tiles were done again on this computer's processor.");
        assert_eq!(came.device, "A card that misbehaves, then this computer's processor");
        assert!(matches!(came.trust, Trust::Refused { .. }), "{:?}", came.trust);
    }
}

#[test]
fn a_card_that_dies_is_not_asked_again() {
    for misbehaviour in [Misbehaviour::Fails, Misbehaviour::WrongSize] {
        let (came, wanted) = on_card(misbehaviour, 3, FOR_EVER);
        assert_eq!(came.picture.unwrap(), wanted);
        assert!(came.notes[0].contains("stopped working"), "{:?}", came.notes);
        assert_eq!(came.notes[1], "One tile was done again on this computer's processor.");
        let Trust::Refused { reason } = came.trust else { panic!("{:?}", came.trust) };
        assert!(reason.starts_with("It stopped working (") && reason.ends_with('.'), "{reason}");
    }
}

#[test]
fn want_of_memory_is_met_with_smaller_tiles() {
    let (came, wanted) = on_card(Misbehaviour::OutOfMemoryAbove(70 * 70), 0, FOR_EVER);
    assert_eq!(came.picture.unwrap(), wanted);
    assert!(came.notes.iter().any(|note| note.contains("smaller pieces")), "{:?}", came.notes);
    assert_eq!(came.trust, Trust::Unchecked);
}

fn processor_that(misbehaviour: Misbehaviour) -> EngineError {
    let models = ModelsFolder::small();
    let real = Runtime::load(&crate::locate::runtime_library(None)).unwrap().processor();
    // The model is tried on two tiles before it is used.
    let processor = Arc::new(testing::faulty(real, "cpu", misbehaviour, 2, FOR_EVER));
    let engine = testing::engine_of(models.path(), processor, Vec::new());
    render(&engine, &recipe(), false).picture.unwrap_err()
}

#[test]
fn when_all_fails_the_error_says_what_was_tried() {
    let refused = processor_that(Misbehaviour::Drift(0.2));
    assert!(
        matches!(&refused, EngineError::ResultRefused { photo, tried, .. } if photo == "beach.jpg" && tried.contains("in pieces")),
        "{refused:?}"
    );
    assert!(
        refused.to_string().contains("beach.jpg failed its check and was not saved: its brightness drifted"),
        "{refused}"
    );
    assert!(matches!(processor_that(Misbehaviour::Fails), EngineError::DeviceFailed { .. }));
    assert!(matches!(processor_that(Misbehaviour::OutOfMemoryAbove(10)), EngineError::OutOfMemory { .. }));
}

#[test]
fn a_processor_short_of_memory_takes_smaller_tiles() {
    let models = ModelsFolder::small();
    let real = Runtime::load(&crate::locate::runtime_library(None)).unwrap().processor();
    let processor = Arc::new(testing::faulty(real, "cpu", Misbehaviour::OutOfMemoryAbove(12_000), 2, FOR_EVER));
    let engine = testing::engine_of(models.path(), processor, Vec::new());
    let came = render(&engine, &recipe(), false);
    assert_eq!(came.picture.unwrap(), wanted(&models));
    assert_eq!(came.notes, ["One tile was done again in smaller pieces."]);
}

#[test]
fn quarters_cover_without_overlap() {
    for (width, height) in [(1, 1), (64, 64), (65, 3), (200, 131), (1000, 64)] {
        let region = Region { x: 5, y: 9, width, height };
        let parts = quarters(region);
        assert_eq!(parts.iter().map(|part| part.area()).sum::<u64>(), region.area());
        assert!(parts.iter().all(|part| region.contains(*part) && !part.is_empty()));
    }
}
