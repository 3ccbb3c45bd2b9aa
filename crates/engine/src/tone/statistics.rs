//! What the tone model is told about a photo: a thumbnail and 71 statistics, exactly as `models/README.md` defines them.

use rayon::prelude::*;

/// How many statistics there are.
pub(crate) const STATISTICS: usize = 71;
const LONG_SIDE: u32 = 256;
const THUMBNAIL: usize = 64;
const LUMA: [f64; 3] = [0.299, 0.587, 0.114];

/// The model's two inputs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ToneInputs {
    /// Three planes of 64 × 64, 0 to 1.
    pub(crate) thumbnail: Vec<f32>,
    /// 17 quantiles each of red, green, blue and luma, then mean colourfulness and two mean colour differences.
    pub(crate) statistics: Vec<f32>,
}

/// A small picture: three planes, one after another, 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Planes {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) values: Vec<f64>,
}

impl Planes {
    fn plane(&self, index: usize) -> &[f64] {
        let area = self.width * self.height;
        &self.values[index * area..][..area]
    }
}

/// The size of `T` for a photo: the long side at most 256, the short side rounded half up.
pub(crate) fn reduced_size(width: u32, height: u32) -> (u32, u32) {
    let longest = width.max(height);
    if longest <= LONG_SIDE {
        return (width, height);
    }
    let side = |side: u32| ((f64::from(side) * f64::from(LONG_SIDE) / f64::from(longest) + 0.5) as u32).max(1);
    (side(width), side(height))
}

/// Reduces (or enlarges) by area averaging. `row` fills a line with a row of the source, three values a pixel, 0 to 1 (or any range).
pub(crate) fn average(
    (source_width, source_height): (usize, usize),
    (width, height): (usize, usize),
    row: impl Fn(usize, &mut [f32]) + Sync,
) -> Planes {
    let columns = Coverage::new(source_width, width);
    let rows = Coverage::new(source_height, height);
    let lines: Vec<Vec<f64>> = (0..height)
        .into_par_iter()
        .map_init(
            || vec![0.0f32; source_width * 3],
            |line, y| {
                let mut sums = vec![0.0f64; width * 3];
                for (source, share) in rows.of(y) {
                    row(source, line);
                    for x in 0..width {
                        let mut cell = [0.0f64; 3];
                        let (cells, first, last) = columns.span(x);
                        let inner = &line[cells.start * 3..cells.end * 3];
                        for pixel in inner.chunks_exact(3) {
                            for channel in 0..3 {
                                cell[channel] += f64::from(pixel[channel]);
                            }
                        }
                        // The cells at both ends are covered in part only.
                        for channel in 0..3 {
                            cell[channel] -= (1.0 - first) * f64::from(inner[channel]);
                            cell[channel] -= (1.0 - last) * f64::from(inner[inner.len() - 3 + channel]);
                            sums[channel * width + x] += share * columns.weight * cell[channel];
                        }
                    }
                }
                sums
            },
        )
        .collect();
    let mut values = Vec::with_capacity(3 * width * height);
    for channel in 0..3 {
        for line in &lines {
            values.extend_from_slice(&line[channel * width..][..width]);
        }
    }
    Planes { width, height, values }
}

/// Which stretch of the source each cell of the target covers.
struct Coverage {
    source: usize,
    target: usize,
    weight: f64,
}

impl Coverage {
    fn new(source: usize, target: usize) -> Self {
        Self { source, target, weight: target as f64 / source as f64 }
    }

    /// The source cells that a target cell touches, and how much of the first and of the last of them it covers (a lone cell's share is split
    /// between both, so that taking both remainders away leaves its share).
    fn span(&self, cell: usize) -> (std::ops::Range<usize>, f64, f64) {
        let from = cell as f64 * self.source as f64 / self.target as f64;
        let to = (cell + 1) as f64 * self.source as f64 / self.target as f64;
        let first = (from as usize).min(self.source - 1);
        let end = (to.ceil() as usize).clamp(first + 1, self.source);
        (first..end, 1.0 - (from - first as f64), 1.0 - (end as f64 - to))
    }

    /// Source rows with their share in the mean.
    fn of(&self, cell: usize) -> impl Iterator<Item = (usize, f64)> + use<> {
        let (cells, first, last) = self.span(cell);
        let (weight, start, end) = (self.weight, cells.start, cells.end);
        cells.map(move |source| {
            let outside =
                if source == start { 1.0 - first } else { 0.0 } + if source + 1 == end { 1.0 - last } else { 0.0 };
            (source, (1.0 - outside) * weight)
        })
    }
}

/// From `T`, the photo in sRGB with its long side at most 256.
pub(crate) fn tone_inputs(reduced: &Planes) -> ToneInputs {
    let row = |y: usize, line: &mut [f32]| {
        for (x, pixel) in line.chunks_exact_mut(3).enumerate() {
            for (channel, value) in pixel.iter_mut().enumerate() {
                *value = reduced.plane(channel)[y * reduced.width + x] as f32;
            }
        }
    };
    let small = average((reduced.width, reduced.height), (THUMBNAIL, THUMBNAIL), row);
    ToneInputs { thumbnail: small.values.iter().map(|&value| value as f32).collect(), statistics: statistics(reduced) }
}

fn statistics(reduced: &Planes) -> Vec<f32> {
    let (red, green, blue) = (reduced.plane(0), reduced.plane(1), reduced.plane(2));
    let pixels = || red.iter().zip(green).zip(blue).map(|((&red, &green), &blue)| [red, green, blue]);
    let luma = pixels().map(|[red, green, blue]| LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue).collect();
    let count = red.len() as f64;
    let mut statistics = Vec::with_capacity(STATISTICS);
    for channel in [red.to_vec(), green.to_vec(), blue.to_vec(), luma] {
        statistics.extend(quantiles(channel));
    }
    let mean = |of: fn([f64; 3]) -> f64| pixels().map(of).sum::<f64>() / count;
    statistics.push(mean(|[red, green, blue]| red.max(green).max(blue) - red.min(green).min(blue)));
    statistics.push(mean(|[red, green, _]| red - green));
    statistics.push(mean(|[red, green, blue]| (red + green) / 2.0 - blue));
    statistics.into_iter().map(|value| value as f32).collect()
}

/// At 0.005, 1/16, …, 15/16, 0.995, by linear interpolation between order statistics.
fn quantiles(mut values: Vec<f64>) -> impl Iterator<Item = f64> {
    values.sort_unstable_by(f64::total_cmp);
    (0..17).map(move |index| {
        let share = match index {
            0 => 0.005,
            16 => 0.995,
            index => f64::from(index) / 16.0,
        };
        let place = share * (values.len() - 1) as f64;
        let below = place as usize;
        let above = (below + 1).min(values.len() - 1);
        values[below] + (place - below as f64) * (values[above] - values[below])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planes(
        width: usize,
        height: usize,
        of: impl Fn(usize, usize) -> [f32; 3] + Sync,
        target: (usize, usize),
    ) -> Planes {
        average((width, height), target, |y, line| {
            for (x, pixel) in line.chunks_exact_mut(3).enumerate() {
                pixel.copy_from_slice(&of(x, y));
            }
        })
    }

    #[test]
    fn partly_covered_cells_count_by_part() {
        let reduced = planes(5, 1, |x, _| [x as f32, 0.0, 1.0], (2, 1));
        // Columns 0, 1 and half of 2; half of 2, 3 and 4.
        assert!((reduced.values[0] - (0.0 + 1.0 + 0.5 * 2.0) / 2.5).abs() < 1e-12);
        assert!((reduced.values[1] - (0.5 * 2.0 + 3.0 + 4.0) / 2.5).abs() < 1e-12);
        assert!(reduced.values[4..].iter().all(|value| (value - 1.0).abs() < 1e-12));
    }

    #[test]
    fn enlarging_repeats() {
        let enlarged = planes(2, 2, |x, y| [(x + 2 * y) as f32; 3], (4, 4));
        assert_eq!(&enlarged.values[..8], &[0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0]);
        let shifted = planes(2, 1, |x, _| [x as f32; 3], (3, 1));
        assert!((shifted.values[1] - 0.5).abs() < 1e-12);
    }

    #[test]
    fn sizes_round_half_up() {
        assert_eq!(reduced_size(256, 100), (256, 100));
        assert_eq!(reduced_size(512, 257), (256, 129));
        assert_eq!(reduced_size(3, 30_000), (1, 256));
    }

    #[test]
    fn quantiles_interpolate() {
        let values: Vec<f64> = quantiles((0..=1000).rev().map(f64::from).collect()).collect();
        assert_eq!((values[0], values[8], values[16]), (5.0, 500.0, 995.0));
        assert_eq!(quantiles(vec![0.25]).count(), 17);
    }
}
