//! Enlarging by a whole number with the cubic kernel of Keys (1981, "Cubic convolution interpolation for digital image processing") with
//! a = -0.5, which is Catmull and Rom's spline. The one plain enlargement of the engine: strength 0, and transparency.
//!
//! A pixel's value depends on the 4 × 4 pixels around it and on nothing else, sums are taken in a fixed order, and the picture's border is
//! repeated outwards, so a tile equals the whole bit for bit.

use rayon::prelude::*;

use crate::region::Region;

/// Pixels of the source that a pixel of the result looks at, at most, to either side.
pub(crate) const REACH: u32 = 2;

/// Planes of 0 to 1 of which some region is known.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) planes: &'a [f32],
    pub(crate) region: Region,
    /// Size of the whole picture: outside it, its border is repeated.
    pub(crate) size: (u32, u32),
}

/// For one of the `scale` places between two pixels: the first of the four pixels, relative to the pixel it stands on, and their weights.
#[derive(Clone, Copy)]
struct Phase {
    first: i64,
    weights: [f32; 4],
}

fn phases(scale: u32) -> Vec<Phase> {
    (0..scale)
        .map(|phase| {
            let position = (f64::from(phase) + 0.5) / f64::from(scale) - 0.5;
            let whole = position.floor();
            let t = position - whole;
            let near = |x: f64| 1.5 * x.powi(3) - 2.5 * x.powi(2) + 1.0;
            let far = |x: f64| -0.5 * x.powi(3) + 2.5 * x.powi(2) - 4.0 * x + 2.0;
            let weights = [far(1.0 + t), near(t), near(1.0 - t), far(2.0 - t)].map(|weight| weight as f32);
            Phase { first: whole as i64 - 1, weights }
        })
        .collect()
}

/// The part `wanted` (in pixels of the enlargement) of each plane, one plane after another; not clamped. The source's region must hold
/// `wanted` reduced by `scale` and grown by [`REACH`], cut at the picture's borders.
pub(crate) fn enlarge(source: Source<'_>, scale: u32, wanted: Region) -> Vec<f32> {
    let (width, height) = (source.region.width as usize, source.region.height as usize);
    let (out_width, out_height) = (wanted.width as usize, wanted.height as usize);
    if width == 0 || height == 0 || out_width == 0 || out_height == 0 {
        return Vec::new();
    }
    let phases = phases(scale);
    let columns = taps(&phases, scale, (wanted.x, wanted.right()), source.size.0, source.region.x);
    let rows = taps(&phases, scale, (wanted.y, wanted.bottom()), source.size.1, source.region.y);
    let planes = source.planes.len() / (width * height);
    let mut enlarged = crate::zeros::zeros(planes * out_width * out_height);
    enlarged.par_chunks_mut(out_width).enumerate().for_each_init(
        || vec![0.0f32; width],
        |line, (index, out)| {
            let plane = &source.planes[index / out_height * width * height..][..width * height];
            let (at, weights) = rows[index % out_height];
            let row = |tap: usize| &plane[at[tap] * width..][..width];
            let (first, second, third, fourth) = (row(0), row(1), row(2), row(3));
            for column in 0..width {
                line[column] = weights[0] * first[column]
                    + weights[1] * second[column]
                    + weights[2] * third[column]
                    + weights[3] * fourth[column];
            }
            for (value, (at, weights)) in out.iter_mut().zip(&columns) {
                *value = weights[0] * line[at[0]]
                    + weights[1] * line[at[1]]
                    + weights[2] * line[at[2]]
                    + weights[3] * line[at[3]];
            }
        },
    );
    enlarged
}

/// For each pixel of the result along one axis: where its four pixels are in the known region, and their weights.
fn taps(phases: &[Phase], scale: u32, (from, to): (u32, u32), length: u32, start: u32) -> Vec<([usize; 4], [f32; 4])> {
    let last = i64::from(length) - 1;
    (from..to)
        .map(|position| {
            let phase = phases[(position % scale) as usize];
            let first = i64::from(position / scale) + phase.first;
            let at = [0, 1, 2, 3].map(|tap| ((first + tap).clamp(0, last) - i64::from(start)) as usize);
            (at, phase.weights)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn noise(count: usize) -> Vec<f32> {
        (0..count).map(|index| ((index as u32).wrapping_mul(2_654_435_761) >> 8) as f32 / 16_777_216.0).collect()
    }

    #[test]
    fn a_flat_plane_stays_flat_and_a_ramp_a_ramp() {
        let flat =
            enlarge(Source { planes: &[0.25; 12], region: Region::whole(4, 3), size: (4, 3) }, 3, Region::whole(12, 9));
        assert!(flat.iter().all(|value| (value - 0.25).abs() < 1e-6));
        let ramp: Vec<f32> = (0..10).map(|x| x as f32).collect();
        let enlarged =
            enlarge(Source { planes: &ramp, region: Region::whole(10, 1), size: (10, 1) }, 2, Region::whole(20, 2));
        for (x, value) in enlarged.iter().enumerate().take(16).skip(4) {
            assert!((value - ((x as f32 + 0.5) / 2.0 - 0.5)).abs() < 1e-5, "{x}: {}", value);
        }
    }

    #[test]
    fn known_weights_halfway() {
        // Catmull-Rom at t = 0.25, from the polynomial by hand.
        let phase = phases(2)[1];
        assert_eq!(phase.first, -1);
        assert_eq!(phase.weights, [-0.0703125, 0.8671875, 0.2265625, -0.0234375]);
    }

    proptest! {
        #[test]
        fn a_tile_equals_the_whole(width in 1u32..24, height in 1u32..24, scale in 1u32..5, left in 0u32..1000, top in 0u32..1000, right in 0u32..1000, bottom in 0u32..1000) {
            let size = (width, height);
            let photo = noise(width as usize * height as usize);
            let whole = enlarge(Source { planes: &photo, region: Region::whole(width, height), size }, scale, Region::whole(width * scale, height * scale));
            let (x, y) = (left % (width * scale), top % (height * scale));
            let wanted = Region::between(x, y, x + 1 + right % (width * scale - x), y + 1 + bottom % (height * scale - y));
            let region = wanted.reduced(scale).grown(REACH, Region::whole(width, height));
            let mut part = Vec::new();
            for row in region.y..region.bottom() {
                part.extend_from_slice(&photo[(row * width + region.x) as usize..(row * width + region.right()) as usize]);
            }
            let tile = enlarge(Source { planes: &part, region, size }, scale, wanted);
            for row in 0..wanted.height {
                for column in 0..wanted.width {
                    let expected = whole[((wanted.y + row) * width * scale + wanted.x + column) as usize];
                    prop_assert_eq!(tile[(row * wanted.width + column) as usize].to_bits(), expected.to_bits());
                }
            }
        }
    }
}
