//! A tile equals the whole, bit for bit on the processor: for chains of small models at every size and place; for the models that ship in `bundled`.

mod bundled;

use std::sync::Arc;

use pretty_photo::picture::{Channels, Depth, Picture};
use pretty_testkit::models::ModelsFolder;
use pretty_testkit::random::Random;
use pretty_testkit::scene;

use super::*;
use crate::engine::Engine;
use crate::testing;
use crate::tone::lut::{Advice, KNOTS, ToneLut};

fn tone_stage(strength: f32) -> Stage {
    let curve = std::array::from_fn(|knot| (knot as f32 / (KNOTS - 1) as f32).powf(0.8));
    let matrix = [[1.1, -0.05, -0.05], [-0.05, 1.1, -0.05], [-0.05, -0.05, 1.1]];
    Stage::Tone { lut: Arc::new(ToneLut::bake(&Advice { curves: [curve; 3], matrix })), strength }
}

fn restore(engine: &Engine) -> Stage {
    Stage::Restore { model: engine.shared().model("restore").unwrap(), denoise: 0.8, detail: 0.6 }
}

fn upscale(engine: &Engine, scale: u32, strength: f32) -> Stage {
    let model = (strength > 0.0).then(|| engine.shared().model(&format!("upscale-{scale}x")).unwrap());
    Stage::Upscale { model, scale, strength }
}

/// Runs a region and compares it with the same part of the whole.
fn compare(chain: &Chain, sessions: &mut Sessions, photo: &Picture, whole: &Tile, region: Region, shape: TileShape) {
    let tile = chain.run(photo, region, shape, sessions, &Cancel::default()).unwrap();
    assert_eq!(tile.region, region.enlarged(chain.scale()));
    for plane in 0..3 {
        for row in 0..tile.height() {
            let at = plane * whole.area() + (tile.region.y as usize + row) * whole.width() + tile.region.x as usize;
            let (wanted, found) = (
                &whole.planes[at..at + tile.width()],
                &tile.planes[plane * tile.area() + row * tile.width()..][..tile.width()],
            );
            let same = wanted.iter().zip(found).all(|(wanted, found)| wanted.to_bits() == found.to_bits());
            assert!(same, "{}×{}, {region:?}, {shape:?}: plane {plane}, row {row} differs", photo.width, photo.height);
        }
    }
}

fn check_regions(
    engine: &Engine,
    stages: impl Fn() -> Vec<Stage>,
    (width, height): (u32, u32),
    regions: &[Region],
    shape: TileShape,
) {
    let photo = scene::picture(width, height, Channels::Rgb, Depth::Eight, u64::from(width * 1000 + height));
    let chain = Chain::new(stages(), (width, height));
    let mut sessions = Sessions::new(engine.shared().devices.processor().provider.clone(), &chain, 1);
    let whole =
        chain.run(&photo, Region::whole(width, height), TileShape::Any, &mut sessions, &Cancel::default()).unwrap();
    for &region in regions {
        compare(&chain, &mut sessions, &photo, &whole, region, shape);
    }
}

/// A grid of tiles of this size over the photo.
fn grid((width, height): (u32, u32), (tile_width, tile_height): (u32, u32)) -> Vec<Region> {
    let mut tiles = Vec::new();
    for y in (0..height).step_by(tile_height as usize) {
        for x in (0..width).step_by(tile_width as usize) {
            tiles.push(Region { x, y, width: tile_width.min(width - x), height: tile_height.min(height - y) });
        }
    }
    tiles
}

fn some_region(random: &mut Random, width: u32, height: u32) -> Region {
    let (x, y) = (random.between(0, width - 1), random.between(0, height - 1));
    Region { x, y, width: random.between(1, width - x), height: random.between(1, height - y) }
}

/// Every chain worth telling apart, by a number.
fn chain_of(engine: &Engine, number: u32) -> Vec<Stage> {
    match number {
        0 => vec![restore(engine)],
        1 => vec![upscale(engine, 2, 1.0)],
        2 => vec![upscale(engine, 4, 0.5)],
        3 => vec![upscale(engine, 2, 0.0)],
        4 => vec![restore(engine), tone_stage(0.7), upscale(engine, 2, 0.8)],
        5 => vec![upscale(engine, 2, 1.0), restore(engine)],
        _ => vec![tone_stage(1.0), upscale(engine, 2, 1.0), upscale(engine, 2, 0.3), restore(engine)],
    }
}

const CHAINS: u32 = 7;

#[test]
fn tiles_of_small_models_equal_the_whole() {
    let folder = ModelsFolder::small();
    let engine = testing::open(folder.path());
    let mut random = Random::new(1);
    for round in 0..70 {
        let number = round % CHAINS;
        let (width, height) = match round / CHAINS {
            0 => (1, 1),
            1 => (1, random.between(2, 70)),
            2 => (random.between(2, 70), 1),
            _ => (random.between(2, 90), random.between(2, 90)),
        };
        let tile = (random.between(5, 40), random.between(5, 40));
        let mut regions = grid((width, height), tile);
        regions.extend((0..3).map(|_| some_region(&mut random, width, height)));
        check_regions(&engine, || chain_of(&engine, number), (width, height), &regions, TileShape::Any);
    }
}

#[test]
fn fixed_shapes_change_nothing() {
    let folder = ModelsFolder::small();
    let engine = testing::open(folder.path());
    let mut random = Random::new(2);
    for round in 0..21 {
        let size = (random.between(3, 90), random.between(3, 90));
        let regions: Vec<Region> = (0..3).map(|_| some_region(&mut random, size.0, size.1)).collect();
        check_regions(&engine, || chain_of(&engine, round % CHAINS), size, &regions, TileShape::Fixed(48));
    }
}

#[test]
fn a_fixed_shape_is_what_the_model_sees() {
    let folder = ModelsFolder::small();
    let engine = testing::open(folder.path());
    let chain = Chain::new(chain_of(&engine, 0), (501, 333));
    for region in grid((501, 333), (100, 100)) {
        let windows = chain.windows(region, TileShape::Fixed(160));
        assert!(windows.iter().all(|window| (window.padded.width, window.padded.height) == (160, 160)), "{windows:?}");
        assert!(windows.iter().all(|window| window.padded.x % 4 == 0 && window.padded.y % 4 == 0), "{windows:?}");
    }
}

#[test]
fn a_receptive_field_that_is_too_small_shows() {
    let mut entries = pretty_testkit::models::small_entries();
    entries[2].receptive_field = 2;
    let folder = ModelsFolder::of(&entries);
    let engine = testing::open(folder.path());
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        check_regions(&engine, || chain_of(&engine, 1), (64, 64), &grid((64, 64), (32, 32)), TileShape::Any);
    }));
    assert!(outcome.is_err(), "the comparison sees nothing");
}
