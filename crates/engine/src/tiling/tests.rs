use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::chain::Stage;
use crate::manifest::{ModelEntry, Task};
use crate::model::ModelFile;

fn model(task: Task, scale: u32, receptive_field: u32, stride: u32) -> Arc<ModelFile> {
    let text = |text: &str| text.to_owned();
    let entry = ModelEntry {
        id: text("m"),
        name: text("m"),
        version: text("1"),
        task,
        scale,
        receptive_field,
        stride,
        parameters: 0,
        bytes: 0,
        sha256: String::new(),
        licence: String::new(),
    };
    Arc::new(ModelFile { entry, path: "m".into(), bytes: Vec::new() })
}

fn restore_and_upscale(size: (u32, u32)) -> Chain {
    let restore = Stage::Restore { model: model(Task::Restore, 1, 48, 8), denoise: 1.0, detail: 1.0 };
    let upscale = Stage::Upscale { model: Some(model(Task::Upscale, 2, 15, 1)), scale: 2, strength: 1.0 };
    Chain::new(vec![restore, upscale], size)
}

fn costs(budget: u64) -> Costs {
    Costs { per_stage: vec![150.0, 600.0], result_pixel: 3, lanes: 1, budget }
}

fn covers_all(grid: &Grid, (width, height): (u32, u32)) {
    assert_eq!(grid.rows().flatten().map(|tile| tile.area()).sum::<u64>(), u64::from(width) * u64::from(height));
}

fn covers(grid: &Grid, (width, height): (u32, u32)) {
    let tiles: Vec<Region> = grid.rows().flatten().collect();
    assert_eq!(tiles.iter().map(|tile| tile.area()).sum::<u64>(), u64::from(width) * u64::from(height));
    assert!(tiles.iter().all(|tile| Region::whole(width, height).contains(*tile) && !tile.is_empty()));
    for (index, tile) in tiles.iter().enumerate() {
        assert!(tiles[index + 1..].iter().all(|other| tile.within(*other).is_empty()), "{tile:?} overlaps");
    }
}

proptest! {
    #[test]
    fn a_grid_covers_the_photo_once(width in 1u32..3000, height in 1u32..3000, megabytes in 1u64..400) {
        let chain = restore_and_upscale((width, height));
        covers(&Grid::choose(&chain, TileShape::Any, &costs(megabytes << 20)), (width, height));
        covers(&Grid::choose(&chain, TileShape::Fixed(512), &costs(megabytes << 20)), (width, height));
        covers(&Grid::bands(width, height, 100), (width, height));
    }

    #[test]
    fn tiles_over_a_part_cover_it(x in 0u32..500, y in 0u32..500, width in 1u32..500, height in 1u32..500) {
        let chain = restore_and_upscale((1000, 1000));
        let grid = Grid::choose(&chain, TileShape::Any, &costs(20 << 20));
        let tiles = grid.over(Region { x, y, width, height });
        prop_assert_eq!(tiles.iter().map(|tile| tile.area()).sum::<u64>(), u64::from(width) * u64::from(height));
        let part = Region { x, y, width, height };
        prop_assert!(tiles.iter().all(|tile| part.contains(*tile)));
    }
}

#[test]
fn what_is_computed_is_counted_right() {
    let chain = restore_and_upscale((1234, 987));
    for shape in [TileShape::Any, TileShape::Fixed(512)] {
        let grid = Grid::choose(&chain, shape, &costs(50 << 20));
        let one_by_one: u64 =
            grid.rows().flatten().flat_map(|tile| chain.windows(tile, shape)).map(|window| window.padded.area()).sum();
        assert_eq!(grid.computed(&chain, shape), one_by_one);
    }
}

#[test]
fn the_longest_photos_are_cut_quickly() {
    let began = crate::testing::stopwatch();
    let size = (65_000, 60_000);
    covers_all(&Grid::choose(&restore_and_upscale(size), TileShape::Any, &costs(600 << 20)), size);
    let took = crate::testing::stopwatch() - began;
    assert!(took.as_secs_f64() < 2.0, "{took:?}");
}

#[test]
fn more_memory_means_less_waste_and_no_slivers() {
    let size = (6000, 4000);
    let chain = restore_and_upscale(size);
    let mut last = u64::MAX;
    for megabytes in [100, 300, 600, 3000] {
        let grid = Grid::choose(&chain, TileShape::Any, &costs(megabytes << 20));
        let computed = grid.computed(&chain, TileShape::Any);
        assert!(computed <= last, "{megabytes} MB: {computed}");
        last = computed;
        let seen = |tile: Region| chain.windows(tile, TileShape::Any)[0].padded;
        let tallest = grid.rows().flatten().map(|tile| seen(tile).height).max().unwrap();
        let shortest = grid.rows().flatten().map(|tile| seen(tile).height).min().unwrap();
        assert!(shortest * 2 > tallest, "{shortest} {tallest}");
        let sizes: std::collections::HashSet<(u32, u32)> =
            grid.rows().flatten().map(|tile| (seen(tile).width, seen(tile).height)).collect();
        assert!(sizes.len() <= 4, "{megabytes} MB: {sizes:?}");
        let reach = reach(&chain);
        let core = (inner(size.0, grid.columns.len() as u32, reach), inner(size.1, grid.rows.len() as u32, reach));
        assert!(fits(&chain, core, &costs(megabytes << 20)));
        assert!(sizes.iter().all(|&(width, height)| width <= core.0 + 2 * reach && height <= core.1 + 2 * reach));
    }
}

#[test]
fn windows_fit_the_fixed_shape() {
    let chain = restore_and_upscale((3000, 2000));
    let grid = Grid::choose(&chain, TileShape::Fixed(512), &costs(1));
    for tile in grid.rows().flatten() {
        let windows = chain.windows(tile, TileShape::Fixed(512));
        let sides: Vec<_> = windows.iter().map(|window| (window.padded.width, window.padded.height)).collect();
        assert_eq!(sides, [(512, 512), (408, 408)], "{windows:?}");
    }
}
