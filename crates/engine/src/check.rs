//! Is a tile that came back from a device plausible? Finite numbers, the brightness of what went in, structure where there was structure.
//!
//! Compared are means over blocks of the source with means over the same blocks of the result: noise and invented texture average out, a device
//! that returns black, garbage or a drifted picture does not. Tolerances are wide: no honest result may be refused.

use rayon::prelude::*;

use crate::pixels::Tile;
use crate::region::Region;

/// How far a result may be from its source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tolerance {
    /// Mean of the whole tile, per channel, 0 to 1.
    pub(crate) tile: f64,
    /// Mean of a block, per channel, 0 to 1.
    pub(crate) block: f64,
}

/// Noise that was clipped at black or white shifts the mean of a very noisy photo when it is taken away.
pub(crate) const RESTORED: Tolerance = Tolerance { tile: 0.06, block: 0.2 };
/// Enlarging keeps brightness closely.
pub(crate) const ENLARGED: Tolerance = Tolerance { tile: 0.03, block: 0.15 };

/// Side of a block in pixels of the source.
const BLOCK: u32 = 16;
/// Spread of block means (as a standard deviation) under which a result counts as flat, and above which its source does not.
pub(crate) const FLAT: f64 = 0.002;
pub(crate) const STRUCTURED: f64 = 0.03;

/// Checks `result`, an enlargement by `scale` of part of `source`.
pub(crate) fn tile(source: &Tile, result: &Tile, scale: u32, tolerance: Tolerance) -> Result<(), String> {
    if !result.planes.par_chunks(1 << 16).all(|run| run.iter().all(|value| value.is_finite())) {
        return Err("it holds values that are no numbers".into());
    }
    // Only pixels of the source that the result covers whole.
    let covered = Region::between(
        result.region.x.div_ceil(scale),
        result.region.y.div_ceil(scale),
        result.region.right() / scale,
        result.region.bottom() / scale,
    )
    .within(source.region);
    if covered.width.min(covered.height) < BLOCK {
        // Too few pixels for a mean to say anything.
        return Ok(());
    }
    for channel in 0..3 {
        let before = block_means(source, channel, covered, BLOCK);
        let after = block_means(result, channel, covered.enlarged(scale), BLOCK * scale);
        let drift = mean(&after) - mean(&before);
        if drift.abs() > tolerance.tile {
            return Err(format!("its brightness drifted by {:.0} of 255", drift * 255.0));
        }
        let worst = before.iter().zip(&after).map(|(before, after)| (before - after).abs()).fold(0.0, f64::max);
        if worst > tolerance.block {
            return Err(format!("a part of it drifted in brightness by {:.0} of 255", worst * 255.0));
        }
        if spread(&after) < FLAT && spread(&before) > STRUCTURED {
            return Err("it is flat where the photo is not".into());
        }
    }
    Ok(())
}

/// Means of one channel over whole blocks of `side` pixels, from the region's upper left corner; what is left over at the far edges is not
/// looked at.
fn block_means(tile: &Tile, channel: usize, region: Region, side: u32) -> Vec<f64> {
    let plane = &tile.planes[channel * tile.area()..][..tile.area()];
    let (left, top) = ((region.x - tile.region.x) as usize, (region.y - tile.region.y) as usize);
    let (width, height, side) = (region.width as usize, region.height as usize, side as usize);
    let means: Vec<Vec<f64>> = (0..height / side)
        .into_par_iter()
        .map(|band| {
            let mut sums = vec![0.0f32; width / side];
            for row in band * side..(band + 1) * side {
                let line = &plane[(top + row) * tile.width() + left..][..width];
                for (sum, block) in sums.iter_mut().zip(line.chunks_exact(side)) {
                    *sum += block.iter().sum::<f32>();
                }
            }
            sums.into_iter().map(|sum| f64::from(sum) / (side * side) as f64).collect()
        })
        .collect();
    means.concat()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn spread(values: &[f64]) -> f64 {
    let mean = mean(values);
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photo(side: u32) -> Tile {
        let mut tile = Tile::empty(Region::whole(side, side));
        let area = tile.area();
        for index in 0..tile.planes.len() {
            let (x, y) = (index % area % side as usize, index % area / side as usize);
            tile.planes[index] = (x as f32 / side as f32) * 0.7 + if (x / 5 + y / 7) % 2 == 0 { 0.2 } else { 0.05 };
        }
        tile
    }

    fn verdict(change: impl Fn(usize, f32) -> f32) -> String {
        let source = photo(96);
        let mut result = source.clone();
        for (index, value) in result.planes.iter_mut().enumerate() {
            *value = change(index, *value);
        }
        match tile(&source, &result, 1, RESTORED) {
            Ok(()) => "fine".into(),
            Err(reason) => reason,
        }
    }

    #[test]
    fn faults_are_told_apart() {
        assert_eq!(verdict(|_, value| value), "fine");
        assert_eq!(verdict(|index, value| value + if index % 2 == 0 { 0.2 } else { -0.2 }), "fine");
        assert_eq!(
            verdict(|index, value| if index == 77 { f32::NAN } else { value }),
            "it holds values that are no numbers"
        );
        assert!(verdict(|_, _| 0.0).contains("drifted"));
        assert!(verdict(|_, value| value + 0.1).contains("its brightness drifted by 2"));
        assert!(
            verdict(|index, value| if index % 96 < 16 && index / 96 % 96 < 16 { value + 0.5 } else { value })
                .contains("a part of it")
        );
        let mean = photo(96).planes.iter().sum::<f32>() / (3.0 * 96.0 * 96.0);
        assert!(verdict(|_, _| mean).contains("drifted") || verdict(|_, _| mean).contains("flat"));
    }

    #[test]
    fn an_enlargement_is_compared_with_what_it_covers() {
        let source = photo(64);
        let wanted = Region { x: 33, y: 21, width: 61, height: 70 };
        let planes = crate::bicubic::enlarge(
            crate::bicubic::Source { planes: &source.planes, region: source.region, size: (64, 64) },
            2,
            wanted,
        );
        assert_eq!(tile(&source, &Tile { region: wanted, planes: planes.clone() }, 2, ENLARGED), Ok(()));
        let shifted = Tile { region: wanted, planes: planes.iter().map(|value| value - 0.05).collect() };
        assert!(tile(&source, &shifted, 2, ENLARGED).is_err());
    }
}
