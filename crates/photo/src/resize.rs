//! Smaller by area average, larger by the bicubic filter. Both exact: every source sample counts by the area it covers.
//!
//! Works on samples as they are (not linear light), as viewers and models expect. Where there is transparency, colour counts by its opacity.

use crate::encode::to_eight;
use crate::picture::{Picture, Samples};

/// The picture at `width` by `height` pixels, each of which must be at least 1; sizes beyond the picture's own are cut to it.
///
/// Each result pixel is the mean of the area it covers, partial pixels counted in part.
#[must_use]
pub fn reduce_by_area(picture: &Picture, width: u32, height: u32) -> Picture {
    let (width, height) = (width.clamp(1, picture.width), height.clamp(1, picture.height));
    if (width, height) == (picture.width, picture.height) {
        return picture.clone();
    }
    let (colour, alpha) = match (&picture.colour, &picture.alpha) {
        (Samples::Eight(colour), Some(Samples::Eight(alpha))) => {
            let (colour, alpha) = reduce(picture, colour, Some(alpha), width, height);
            (Samples::Eight(colour), Some(Samples::Eight(alpha)))
        }
        (Samples::Sixteen(colour), Some(Samples::Sixteen(alpha))) => {
            let (colour, alpha) = reduce(picture, colour, Some(alpha), width, height);
            (Samples::Sixteen(colour), Some(Samples::Sixteen(alpha)))
        }
        (Samples::Eight(colour), _) => (Samples::Eight(reduce(picture, colour, None, width, height).0), None),
        (Samples::Sixteen(colour), _) => (Samples::Sixteen(reduce(picture, colour, None, width, height).0), None),
    };
    Picture { width, height, channels: picture.channels, colour, alpha }
}

/// The picture at half its size, sides rounded up: the next level of a pyramid.
#[must_use]
pub fn halve(picture: &Picture) -> Picture {
    reduce_by_area(picture, picture.width.div_ceil(2), picture.height.div_ceil(2))
}

/// The size at which the longer side is at most `max_side`; never larger than the picture, never zero.
#[must_use]
pub fn fitted(width: u32, height: u32, max_side: u32) -> (u32, u32) {
    let longer = width.max(height);
    if longer <= max_side {
        return (width, height);
    }
    let scaled =
        |side: u32| ((u64::from(side) * u64::from(max_side) + u64::from(longer) / 2) / u64::from(longer)).max(1) as u32;
    (scaled(width), scaled(height))
}

/// A sample that can be averaged.
pub(crate) trait Sample: Copy {
    fn to_float(self) -> f32;
    fn from_float(value: f32) -> Self;
}

impl Sample for u8 {
    fn to_float(self) -> f32 {
        f32::from(self)
    }
    fn from_float(value: f32) -> Self {
        (value + 0.5) as Self
    }
}

impl Sample for u16 {
    fn to_float(self) -> f32 {
        f32::from(self)
    }
    fn from_float(value: f32) -> Self {
        (value + 0.5) as Self
    }
}

/// How one source row or column counts towards the results it overlaps: index and weight, weights of a result summing to 1.
fn spans(source: usize, target: usize) -> Vec<(usize, Vec<f32>)> {
    let step = source as f64 / target as f64;
    (0..target)
        .map(|index| {
            let (from, to) = (index as f64 * step, ((index + 1) as f64 * step).min(source as f64));
            let first = (from.floor() as usize).min(source - 1);
            let last = ((to - 1e-9).floor() as usize).clamp(first, source - 1);
            let weights = (first..=last)
                .map(|at| (((at + 1) as f64).min(to) - (at as f64).max(from)) / (to - from))
                .map(|weight| weight as f32)
                .collect();
            (first, weights)
        })
        .collect()
}

fn reduce<T: Sample>(
    picture: &Picture,
    colour: &[T],
    alpha: Option<&[T]>,
    width: u32,
    height: u32,
) -> (Vec<T>, Vec<T>) {
    let (width, height, source_width) = (width as usize, height as usize, picture.width as usize);
    let channels = picture.channels.count();
    let planes = channels + usize::from(alpha.is_some());
    let across = spans(source_width, width);
    let mut reduced = Vec::with_capacity(width * height * channels);
    let mut reduced_alpha = Vec::with_capacity(if alpha.is_some() { width * height } else { 0 });
    let mut sums = vec![0.0_f32; source_width * planes];
    for (first, weights) in spans(picture.height as usize, height) {
        sums.fill(0.0);
        for (y, weight) in (first..).zip(weights) {
            let row = &colour[y * source_width * channels..][..source_width * channels];
            match alpha {
                None => sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * value.to_float()),
                Some(alpha) => {
                    let alpha = &alpha[y * source_width..][..source_width];
                    for ((sums, pixel), alpha) in
                        sums.chunks_exact_mut(planes).zip(row.chunks_exact(channels)).zip(alpha)
                    {
                        let opacity = weight * alpha.to_float();
                        sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += opacity * value.to_float());
                        sums[channels] += opacity;
                    }
                }
            }
        }
        for (first, weights) in &across {
            let mut pixel = [0.0_f32; 4];
            for (sums, weight) in sums[first * planes..].chunks_exact(planes).zip(weights) {
                pixel.iter_mut().zip(sums).for_each(|(value, sum)| *value += weight * sum);
            }
            let opacity = pixel[planes - 1];
            let scale = if alpha.is_none() {
                1.0
            } else if opacity > 0.0 {
                1.0 / opacity
            } else {
                0.0
            };
            reduced.extend(pixel[..channels].iter().map(|value| T::from_float(value * scale)));
            if alpha.is_some() {
                reduced_alpha.push(T::from_float(opacity));
            }
        }
    }
    (reduced, reduced_alpha)
}

/// A plane of samples enlarged by a whole `factor` with Keys' cubic filter at a = −0.5 (Catmull-Rom), the one that Pillow calls bicubic: pixel
/// centres are aligned, and at the edges the filter's weights that fall outside are left out and the rest scaled up.
///
/// `plane.len() == width * height`. Values are not clamped: the filter overshoots.
#[must_use]
pub fn enlarge_plane(plane: &[f32], width: usize, height: usize, factor: usize) -> Vec<f32> {
    let across = cubic_taps(width, factor);
    let down = cubic_taps(height, factor);
    let wide: Vec<f32> = plane
        .chunks_exact(width)
        .flat_map(|row| {
            across
                .iter()
                .map(move |(first, weights)| weights.iter().zip(&row[*first..]).map(|(w, v)| w * v).sum::<f32>())
        })
        .collect();
    let wide_width = width * factor;
    let mut large = vec![0.0; wide_width * height * factor];
    for ((first, weights), row) in down.iter().zip(large.chunks_exact_mut(wide_width)) {
        for (weight, source) in weights.iter().zip(wide[first * wide_width..].chunks_exact(wide_width)) {
            row.iter_mut().zip(source).for_each(|(sum, value)| *sum += weight * value);
        }
    }
    large
}

/// For each result position: the first source position and the weights from there on, summing to 1.
fn cubic_taps(source: usize, factor: usize) -> Vec<(usize, Vec<f32>)> {
    (0..source * factor)
        .map(|index| {
            let centre = (index as f64 + 0.5) / factor as f64;
            let first = ((centre - 2.0 + 0.5).floor().max(0.0)) as usize;
            let last = ((centre + 2.0 + 0.5).floor() as usize).min(source);
            let weights: Vec<f64> = (first..last).map(|at| cubic(at as f64 + 0.5 - centre)).collect();
            let total: f64 = weights.iter().sum();
            (first, weights.into_iter().map(|weight| (weight / total) as f32).collect())
        })
        .collect()
}

/// Keys, "Cubic convolution interpolation for digital image processing" (1981), a = −0.5.
pub(crate) fn cubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

/// The picture with 8 bits a sample.
#[must_use]
pub fn in_eight_bits(picture: Picture) -> Picture {
    let eight = |samples| match samples {
        Samples::Eight(values) => Samples::Eight(values),
        Samples::Sixteen(values) => Samples::Eight(values.into_iter().map(to_eight).collect()),
    };
    Picture { colour: eight(picture.colour), alpha: picture.alpha.map(eight), ..picture }
}
