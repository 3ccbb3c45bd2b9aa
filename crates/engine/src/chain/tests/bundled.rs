//! The models that ship: every one by itself and in chains, over whole grids of tiles with the last row and column; and that the manifest's
//! receptive fields are not larger than they need be, because a larger halo is work for nothing.

use super::*;
use crate::model::ModelFile;

/// Photos and tiles: a pixel, a line either way, sizes that no stride divides, tiles that leave one row or column over.
const CASES: [((u32, u32), (u32, u32)); 6] = [
    ((1, 1), (1, 1)),
    ((1, 83), (1, 9)),
    ((91, 1), (13, 1)),
    ((131, 97), (37, 96)),
    ((103, 149), (102, 41)),
    ((190, 171), (64, 57)),
];

#[test]
fn tiles_of_every_picture_model_equal_the_whole() {
    let engine = testing::bundled();
    let mut random = Random::new(3);
    for model in testing::picture_models(&engine) {
        let stages = || vec![testing::stage_of(&model, 1.0)];
        for (size, tile) in CASES {
            check_regions(&engine, stages, size, &grid(size, tile), TileShape::Any);
        }
        let size = (random.between(150, 230), random.between(150, 230));
        let some: Vec<Region> = (0..3).map(|_| some_region(&mut random, size.0, size.1)).collect();
        check_regions(&engine, stages, size, &some, TileShape::Any);
        check_regions(&engine, stages, size, &grid(size, (100, 60)), TileShape::Fixed(128));
    }
}

#[test]
fn tiles_of_chains_of_them_equal_the_whole() {
    let engine = testing::bundled();
    let mut random = Random::new(4);
    for number in 0..CHAINS - 1 {
        let size = (random.between(130, 200), random.between(130, 200));
        let tile = (random.between(60, 110), random.between(60, 110));
        check_regions(&engine, || chain_of(&engine, number), size, &grid(size, tile), TileShape::Any);
    }
}

/// Tiles as large as the ones that the manifest's numbers were measured with.
const MEASURED_WITH: [usize; 3] = [96, 64, 40];

#[test]
fn receptive_fields_in_the_manifest_are_exact() {
    let engine = testing::bundled();
    for model in testing::picture_models(&engine) {
        let (halo, stride) = (model.entry.receptive_field as usize, model.entry.stride as usize);
        assert!(halo.is_multiple_of(stride) && halo >= stride, "{}", model.entry.id);
        let noise = Noise::new(&model);
        let mut session = engine.shared().devices.processor().provider.open(&model, 1).unwrap();
        let whole = testing::answer(session.as_mut(), &noise.planes, noise.size);
        let mut differs = |halo: usize| {
            let with = |tile: usize| noise.tiles_differ(session.as_mut(), &whole, tile / stride * stride, halo);
            MEASURED_WITH.into_iter().any(with)
        };
        assert!(!differs(halo), "{}: a halo of {halo} is too small", model.entry.id);
        assert!(differs(halo - stride), "{}: a halo of {} would do", model.entry.id, halo - stride);
    }
}

/// Noise shows most that a pixel at the far end of the receptive field counts for.
struct Noise {
    planes: Vec<f32>,
    size: (usize, usize),
    scale: usize,
}

impl Noise {
    fn new(model: &ModelFile) -> Self {
        let stride = model.entry.stride as usize;
        let size @ (width, height) = (267 / stride * stride, 203 / stride * stride);
        let mut random = Random::new(11);
        let planes = (0..3 * width * height).map(|_| random.unit()).collect();
        Self { planes, size, scale: model.entry.scale as usize }
    }

    /// Whether any tile with this halo, which ends where the picture does, differs from the whole.
    fn tiles_differ(&self, session: &mut dyn ModelSession, whole: &[f32], tile: usize, halo: usize) -> bool {
        let (width, height) = self.size;
        let mut corners = (0..height).step_by(tile).flat_map(|y| (0..width).step_by(tile).map(move |x| (x, y)));
        corners.any(|(x, y)| {
            let (right, bottom) = ((x + tile).min(width), (y + tile).min(height));
            let (left, top) = (x.saturating_sub(halo), y.saturating_sub(halo));
            let seen = ((right + halo).min(width) - left, (bottom + halo).min(height) - top);
            let part = part_of(&self.planes, self.size, (left, top), seen);
            let answer = testing::answer(session, &part, seen);
            let by = |(across, down): (usize, usize)| (across * self.scale, down * self.scale);
            let (first, kept) = (by((x - left, y - top)), by((right - x, bottom - y)));
            let found = part_of(&answer, by(seen), first, kept);
            let wanted = part_of(whole, by(self.size), by((x, y)), kept);
            found.iter().zip(&wanted).any(|(found, wanted)| found.to_bits() != wanted.to_bits())
        })
    }
}

/// A part of all planes.
fn part_of(planes: &[f32], (width, height): (usize, usize), first: (usize, usize), kept: (usize, usize)) -> Vec<f32> {
    let rows =
        planes.chunks_exact(width * height).flat_map(|plane| plane.chunks_exact(width).skip(first.1).take(kept.1));
    rows.flat_map(|row| &row[first.0..first.0 + kept.0]).copied().collect()
}
