//! Measures a photo: exposure, clipping, sharpness, noise, tilt, colour cast, and where the eye is drawn.
//!
//! Plain statistics over pixels, no model. Positions are fractions of the photo's width and height.

use image::DynamicImage;
use image::imageops::FilterType;

/// Most measurements are made on a copy of at most this many pixels on its longer side.
const WORKING_SIDE: u32 = 768;
const GRID: usize = 8;

/// A part of the photo, in fractions of its sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Region {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Region {
    pub(crate) const WHOLE: Self = Self { x: 0.0, y: 0.0, width: 1.0, height: 1.0 };

    fn of_cells(cells: impl Iterator<Item = (usize, usize)>) -> Option<Self> {
        let (mut left, mut top, mut right, mut bottom) = (GRID, GRID, 0, 0);
        for (column, row) in cells {
            (left, top, right, bottom) = (left.min(column), top.min(row), right.max(column + 1), bottom.max(row + 1));
        }
        let part = |cells: usize| cells as f64 / GRID as f64;
        (right > left).then(|| Self {
            x: part(left),
            y: part(top),
            width: part(right - left),
            height: part(bottom - top),
        })
    }
}

/// Everything that was measured. Brightness runs from 0 to 1.
#[derive(Clone, Debug)]
pub(crate) struct Measurements {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) median: f64,
    /// Brightness from the 5th to the 95th percentile.
    pub(crate) contrast: f64,
    pub(crate) clipped_high: f64,
    pub(crate) clipped_low: f64,
    pub(crate) clipped_high_at: Option<Region>,
    pub(crate) clipped_low_at: Option<Region>,
    /// Mean absolute Laplacian of the sharpest cell, in brightness.
    pub(crate) sharpest: f64,
    pub(crate) sharpest_at: Region,
    /// Standard deviation of noise, in brightness.
    pub(crate) noise: f64,
    /// Degrees clockwise by which straight edges lean, and how sure that is; `None` without straight edges.
    pub(crate) tilt: Option<(f64, f64)>,
    /// How much more red, and how much more blue, than green there is in nearly grey parts; fractions.
    pub(crate) cast: (f64, f64),
    /// Mean saturation, 0 to 1.
    pub(crate) saturation: f64,
    pub(crate) salient_at: Region,
    pub(crate) salient_centre: (f64, f64),
}

struct Plane {
    width: usize,
    height: usize,
    luma: Vec<f64>,
}

impl Plane {
    fn at(&self, x: usize, y: usize) -> f64 {
        self.luma[y * self.width + x]
    }

    fn cell(&self, x: usize, y: usize) -> (usize, usize) {
        ((x * GRID / self.width).min(GRID - 1), (y * GRID / self.height).min(GRID - 1))
    }

    fn inner(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        (1..self.height.saturating_sub(1)).flat_map(|y| (1..self.width.saturating_sub(1)).map(move |x| (x, y)))
    }

    fn gradient(&self, x: usize, y: usize) -> (f64, f64) {
        let at = |dx: usize, dy: usize| self.at(x + dx - 1, y + dy - 1);
        let gx = at(2, 0) + 2.0 * at(2, 1) + at(2, 2) - at(0, 0) - 2.0 * at(0, 1) - at(0, 2);
        let gy = at(0, 2) + 2.0 * at(1, 2) + at(2, 2) - at(0, 0) - 2.0 * at(1, 0) - at(2, 0);
        (gx, gy)
    }
}

fn plane(picture: &image::RgbImage) -> Plane {
    let luma = picture
        .pixels()
        .map(|pixel| {
            let [red, green, blue] = pixel.0.map(|value| f64::from(value) / 255.0);
            0.2126 * red + 0.7152 * green + 0.0722 * blue
        })
        .collect();
    Plane { width: picture.width() as usize, height: picture.height() as usize, luma }
}

/// Measures a photo of any size.
pub(crate) fn measure(photo: &DynamicImage) -> Measurements {
    let (width, height) = (photo.width(), photo.height());
    // Noise would be averaged away by scaling, so it is measured on a cut from the middle at full size.
    let side = WORKING_SIDE.min(width).min(height);
    let cut = photo.crop_imm((width - side) / 2, (height - side) / 2, side, side).to_rgb8();
    let working = if width.max(height) > WORKING_SIDE {
        photo.resize(WORKING_SIDE, WORKING_SIDE, FilterType::Triangle)
    } else {
        photo.clone()
    };
    let colours = working.to_rgb8();
    let plane_of_all = plane(&colours);
    let mut sorted = plane_of_all.luma.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let percentile = |share: f64| sorted[((sorted.len() - 1) as f64 * share) as usize];
    let (clipped_high, clipped_high_at) =
        clipped(&colours, &plane_of_all, |pixel| pixel.iter().all(|value| *value >= 253));
    let (clipped_low, clipped_low_at) = clipped(&colours, &plane_of_all, |pixel| pixel.iter().all(|value| *value <= 2));
    let (sharpest, sharpest_at) = sharpness(&plane_of_all);
    let (cast, saturation) = colour(&colours);
    let (salient_at, salient_centre) = salience(&colours, &plane_of_all);
    Measurements {
        width,
        height,
        median: percentile(0.5),
        contrast: percentile(0.95) - percentile(0.05),
        clipped_high,
        clipped_low,
        clipped_high_at,
        clipped_low_at,
        sharpest,
        sharpest_at,
        noise: noise(&plane(&cut)),
        // Softened, because the steps of a fine edge have directions of their own.
        tilt: tilt(&plane(&image::imageops::blur(&colours, 2.0))),
        cast,
        saturation,
        salient_at,
        salient_centre,
    }
}

fn clipped(colours: &image::RgbImage, plane: &Plane, test: impl Fn(&[u8; 3]) -> bool) -> (f64, Option<Region>) {
    let mut cells = [[(0_usize, 0_usize); GRID]; GRID];
    let mut count = 0_usize;
    for (x, y, pixel) in colours.enumerate_pixels() {
        let (column, row) = plane.cell(x as usize, y as usize);
        let hit = usize::from(test(&pixel.0));
        count += hit;
        cells[row][column].0 += hit;
        cells[row][column].1 += 1;
    }
    let bad = (0..GRID * GRID).map(|index| (index % GRID, index / GRID)).filter(|(column, row)| {
        let (hits, all) = cells[*row][*column];
        hits * 3 > all
    });
    (count as f64 / plane.luma.len().max(1) as f64, Region::of_cells(bad))
}

fn sharpness(plane: &Plane) -> (f64, Region) {
    let mut cells = [[(0.0_f64, 0_usize); GRID]; GRID];
    for (x, y) in plane.inner() {
        let laplacian =
            plane.at(x - 1, y) + plane.at(x + 1, y) + plane.at(x, y - 1) + plane.at(x, y + 1) - 4.0 * plane.at(x, y);
        let (column, row) = plane.cell(x, y);
        cells[row][column].0 += laplacian.abs();
        cells[row][column].1 += 1;
    }
    let mean = |(sum, count): (f64, usize)| if count == 0 { 0.0 } else { sum / count as f64 };
    let best = (0..GRID * GRID)
        .map(|index| (index % GRID, index / GRID))
        .max_by(|a, b| mean(cells[a.1][a.0]).total_cmp(&mean(cells[b.1][b.0])));
    let (column, row) = best.unwrap_or((0, 0));
    (mean(cells[row][column]), Region::of_cells(std::iter::once((column, row))).unwrap_or(Region::WHOLE))
}

/// After J. Immerkær, "Fast noise variance estimation", 1996; strong edges are left out.
fn noise(plane: &Plane) -> f64 {
    let (mut sum, mut count) = (0.0, 0_usize);
    for (x, y) in plane.inner() {
        let (gx, gy) = plane.gradient(x, y);
        if gx.hypot(gy) > 0.5 {
            continue;
        }
        let corners = plane.at(x - 1, y - 1) + plane.at(x + 1, y - 1) + plane.at(x - 1, y + 1) + plane.at(x + 1, y + 1);
        let sides = plane.at(x, y - 1) + plane.at(x, y + 1) + plane.at(x - 1, y) + plane.at(x + 1, y);
        sum += (corners - 2.0 * sides + 4.0 * plane.at(x, y)).abs();
        count += 1;
    }
    if count == 0 { 0.0 } else { (std::f64::consts::FRAC_PI_2).sqrt() * sum / (6.0 * count as f64) }
}

/// The commonest lean of edges that are nearly level or nearly upright, within ten degrees.
fn tilt(plane: &Plane) -> Option<(f64, f64)> {
    const BINS: usize = 80;
    let mut bins = [0.0_f64; BINS];
    for (x, y) in plane.inner() {
        let (gx, gy) = plane.gradient(x, y);
        let strength = gx.hypot(gy);
        if strength < 0.12 {
            continue;
        }
        let lean = if gy.abs() > gx.abs() { (-gx / gy).atan() } else { (gy / gx).atan() }.to_degrees();
        if lean.abs() < 10.0 {
            let bin = ((lean + 10.0) * BINS as f64 / 20.0) as usize;
            bins[bin.min(BINS - 1)] += strength;
        }
    }
    let total: f64 = bins.iter().sum();
    if total < plane.luma.len() as f64 * 0.002 {
        return None;
    }
    let window = |centre: usize| centre.saturating_sub(2)..(centre + 3).min(BINS);
    let weight = |centre: usize| bins[window(centre)].iter().sum::<f64>();
    let peak = (0..BINS).max_by(|a, b| weight(*a).total_cmp(&weight(*b)))?;
    let near = weight(peak);
    let degrees = |bin: usize| (bin as f64 + 0.5) * 20.0 / BINS as f64 - 10.0;
    let mean = window(peak).map(|bin| degrees(bin) * bins[bin]).sum::<f64>() / near;
    Some((mean, near / total))
}

fn colour(colours: &image::RgbImage) -> ((f64, f64), f64) {
    let (mut sums, mut greyish, mut saturation) = ([0.0_f64; 3], 0_usize, 0.0);
    for pixel in colours.pixels() {
        let values = pixel.0.map(|value| f64::from(value) / 255.0);
        let (most, least) = (values.iter().copied().fold(0.0, f64::max), values.iter().copied().fold(1.0, f64::min));
        saturation += if most > 0.0 { (most - least) / most } else { 0.0 };
        if (0.15..0.95).contains(&most) && most - least < 0.3 * most {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += value;
            }
            greyish += 1;
        }
    }
    let count = f64::from(colours.width()) * f64::from(colours.height());
    let mean_saturation = saturation / count.max(1.0);
    if (greyish as f64) < 0.05 * count || sums[1] <= 0.0 {
        return ((0.0, 0.0), mean_saturation);
    }
    ((sums[0] / sums[1] - 1.0, sums[2] / sums[1] - 1.0), mean_saturation)
}

/// Where cells stand out by contrast and by colour from the rest.
fn salience(colours: &image::RgbImage, plane: &Plane) -> (Region, (f64, f64)) {
    #[derive(Clone, Copy, Default)]
    struct Cell {
        count: f64,
        luma: f64,
        squares: f64,
        rgb: [f64; 3],
    }
    let mut cells = [Cell::default(); GRID * GRID];
    for (x, y, pixel) in colours.enumerate_pixels() {
        let (column, row) = plane.cell(x as usize, y as usize);
        let cell = &mut cells[row * GRID + column];
        let luma = plane.at(x as usize, y as usize);
        cell.count += 1.0;
        cell.luma += luma;
        cell.squares += luma * luma;
        for (sum, value) in cell.rgb.iter_mut().zip(pixel.0) {
            *sum += f64::from(value) / 255.0;
        }
    }
    let all: f64 = cells.iter().map(|cell| cell.count).sum::<f64>().max(1.0);
    let mean: [f64; 3] = std::array::from_fn(|channel| cells.iter().map(|cell| cell.rgb[channel]).sum::<f64>() / all);
    let scores: Vec<f64> = cells
        .iter()
        .map(|cell| {
            let count = cell.count.max(1.0);
            let deviation = (cell.squares / count - (cell.luma / count).powi(2)).max(0.0).sqrt();
            let apart: f64 =
                (0..3).map(|channel| (cell.rgb[channel] / count - mean[channel]).powi(2)).sum::<f64>().sqrt();
            deviation + apart
        })
        .collect();
    let average = scores.iter().sum::<f64>() / scores.len() as f64;
    let most = scores.iter().copied().fold(0.0, f64::max);
    let weights: Vec<f64> = scores.iter().map(|score| (score - average).max(0.0)).collect();
    let total: f64 = weights.iter().sum();
    if total <= f64::EPSILON {
        return (Region::WHOLE, (0.5, 0.5));
    }
    let middle = |index: usize| (index as f64 + 0.5) / GRID as f64;
    let centre_x = weights.iter().enumerate().map(|(index, weight)| middle(index % GRID) * weight).sum::<f64>() / total;
    let centre_y = weights.iter().enumerate().map(|(index, weight)| middle(index / GRID) * weight).sum::<f64>() / total;
    let threshold = average + (most - average) * 0.5;
    let strong = scores
        .iter()
        .enumerate()
        .filter(|(_, score)| **score >= threshold)
        .map(|(index, _)| (index % GRID, index / GRID));
    (Region::of_cells(strong).unwrap_or(Region::WHOLE), (centre_x, centre_y))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage};

    fn of(make: impl Fn(u32, u32) -> [u8; 3]) -> Measurements {
        measure(&DynamicImage::ImageRgb8(RgbImage::from_fn(320, 240, |x, y| Rgb(make(x, y)))))
    }

    /// A repeatable value from -1 to 1 for a place.
    fn grain(x: u32, y: u32) -> f64 {
        let mut z = u64::from(x).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ u64::from(y).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 31)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z >> 40) as f64 / (1_u64 << 23) as f64) - 1.0
    }

    #[test]
    fn clipping_is_found_where_it_is() {
        let photo = of(|x, y| if x >= 240 && y < 60 { [255; 3] } else { [90; 3] });
        assert!((photo.clipped_high - 1.0 / 16.0).abs() < 0.01);
        assert_eq!(photo.clipped_high_at, Some(Region { x: 0.75, y: 0.0, width: 0.25, height: 0.25 }));
        assert_eq!((photo.clipped_low, photo.clipped_low_at), (0.0, None));
        assert!((photo.median - 90.0 / 255.0).abs() < 0.01);
    }

    #[test]
    fn the_lean_of_a_horizon_is_measured() {
        for degrees in [-6.0_f64, -2.0, 0.0, 3.5] {
            let slope = degrees.to_radians().tan();
            let photo = of(|x, y| {
                // Two samples a pixel soften the edge, as a lens does.
                let over = |dy: f64| f64::from(y) + dy > 120.0 + slope * (f64::from(x) - 160.0);
                let share = [0.0, 0.25, 0.5, 0.75].iter().filter(|dy| over(**dy)).count() as u8;
                [200 - share * 40; 3]
            });
            let (measured, sure) = photo.tilt.unwrap();
            assert!((measured - degrees).abs() < 0.7, "{measured} for {degrees}");
            assert!(sure > 0.5, "{sure}");
        }
        assert_eq!(of(|_, _| [120; 3]).tilt, None);
    }

    #[test]
    fn noise_is_measured_and_a_clean_photo_has_none() {
        assert!(of(|x, _| [(x / 2) as u8; 3]).noise < 0.002);
        let noisy = of(|x, y| [(128.0 + 20.0 * grain(x, y)) as u8; 3]).noise;
        // Uniform noise of ±20 has a standard deviation of 20/√3.
        assert!((noisy - 20.0 / 3_f64.sqrt() / 255.0).abs() < 0.01, "{noisy}");
    }

    #[test]
    fn a_cast_has_its_direction() {
        let warm = of(|x, _| [(140 + x % 8) as u8, 120, 105]).cast;
        assert!(warm.0 > 0.1 && warm.1 < -0.1, "{warm:?}");
        let grey = of(|x, _| [(x / 2) as u8 + 40; 3]).cast;
        assert!(grey.0.abs() < 0.01 && grey.1.abs() < 0.01);
    }

    #[test]
    fn the_eye_is_drawn_to_what_differs() {
        let photo =
            of(|x, y| if (200..280).contains(&x) && (60..120).contains(&y) { [220, 40, 30] } else { [100, 110, 100] });
        let (x, y) = photo.salient_centre;
        assert!((0.6..0.9).contains(&x) && (0.25..0.55).contains(&y), "{x} {y}");
        assert!(photo.salient_at.x >= 0.5 && photo.salient_at.width <= 0.5, "{:?}", photo.salient_at);
    }

    #[test]
    fn the_sharpest_part_is_where_the_detail_is() {
        let photo = of(|x, y| if x < 40 && y < 30 { [((x + y) % 2) as u8 * 200; 3] } else { [100; 3] });
        assert_eq!(photo.sharpest_at, Region { x: 0.0, y: 0.0, width: 0.125, height: 0.125 });
        assert!(photo.sharpest > 0.5);
        measure(&DynamicImage::ImageRgb8(RgbImage::new(1, 1)));
    }
}
