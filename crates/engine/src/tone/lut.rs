//! Three curves and a colour matrix as one 33³ lookup table, applied by tetrahedral interpolation.
//!
//! The table's nodes fall on the curves' knots, and a sum of functions of one colour each is linear inside a tetrahedron of the grid, so the
//! table is exact; clamping comes after the interpolation. (Tetrahedral interpolation: Sakamoto and Itooka, US patent 4,275,413 of 1981,
//! long expired; Kang, "Computational Color Technology", 2006, chapter 9.)

use pretty_photo::picture::{Channels, Samples};
use rayon::prelude::*;

use crate::pixels::{Sample, Tile, grey};

/// Knots of a curve, at 0, 1/16, …, 1.
pub(crate) const KNOTS: usize = 17;
const SIDE: usize = 33;
const CELLS: f32 = (SIDE - 1) as f32;
/// Advice beyond this is a fault in the model, not taste.
const LARGEST: f32 = 16.0;
/// A curve that rises by less from black to white would leave nothing of the photo.
const LEAST_RISE: f32 = 0.05;
/// How far a knot may lie below the one before it: what rounding does to sums.
const ROUNDING: f32 = 1e-4;

/// What the model advises: curves for red, green and blue, then a matrix.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Advice {
    pub(crate) curves: [[f32; KNOTS]; 3],
    pub(crate) matrix: [[f32; 3]; 3],
}

impl Advice {
    /// Everything as it is.
    pub(crate) fn none() -> Self {
        let curve = std::array::from_fn(|knot| knot as f32 / (KNOTS - 1) as f32);
        let matrix = std::array::from_fn(|row| std::array::from_fn(|column| if row == column { 1.0 } else { 0.0 }));
        Self { curves: [curve; 3], matrix }
    }

    /// What the model said, when it makes sense by itself: enough numbers, finite, not absurd, curves that rise. An error is the end of a sentence.
    pub(crate) fn new(curves: &[f32], matrix: &[f32]) -> Result<Self, &'static str> {
        let sensible = |value: &f32| value.abs() <= LARGEST;
        if curves.len() != 3 * KNOTS || matrix.len() != 9 || !curves.iter().chain(matrix).all(sensible) {
            return Err("its curves or its matrix make no sense");
        }
        for curve in curves.chunks_exact(KNOTS) {
            if curve.windows(2).any(|pair| pair[1] < pair[0] - ROUNDING) {
                return Err("one of its curves falls");
            }
            // Only what lies between black and white is seen.
            if curve[KNOTS - 1].clamp(0.0, 1.0) - curve[0].clamp(0.0, 1.0) < LEAST_RISE {
                return Err("one of its curves is flat");
            }
        }
        let mut advice = Self { curves: [[0.0; KNOTS]; 3], matrix: [[0.0; 3]; 3] };
        for channel in 0..3 {
            advice.curves[channel].copy_from_slice(&curves[channel * KNOTS..][..KNOTS]);
            advice.matrix[channel].copy_from_slice(&matrix[channel * 3..][..3]);
        }
        Ok(advice)
    }
}

/// A baked table. Colours are 0 to 1 in the photo's own encoding.
pub(crate) struct ToneLut {
    /// Red varies slowest; the fourth number is padding that makes a node one vector.
    nodes: Vec<[f32; 4]>,
}

const RED: usize = SIDE * SIDE;
const GREEN: usize = SIDE;
const BLUE: usize = 1;

/// From a cell's lowest corner to the second and third corners of a colour's tetrahedron, by which share is larger than which: red than green (4),
/// green than blue (2), red than blue (1). Two of the eight cannot be.
const CORNERS: [[usize; 2]; 8] = [
    [BLUE, BLUE + GREEN],
    [BLUE, BLUE + GREEN],
    [GREEN, GREEN + BLUE],
    [GREEN, GREEN + RED],
    [BLUE, BLUE + RED],
    [RED, RED + BLUE],
    [RED, RED + GREEN],
    [RED, RED + GREEN],
];

/// Where a value is on an axis of the table: the node below it, and how far it is towards the next.
#[derive(Clone, Copy, Default)]
struct Position {
    node: u32,
    share: f32,
}

impl Position {
    fn of(value: f32) -> Self {
        let place = value.clamp(0.0, 1.0) * CELLS;
        // The last node belongs to the cell below it. A value that is no number goes to the first.
        let node = (place as u32).min(SIDE as u32 - 2);
        Self { node, share: place - node as f32 }
    }
}

/// One instruction each, because shares are numbers always; `f32::max` takes care of what is none.
#[inline]
fn larger(one: f32, other: f32) -> f32 {
    if one > other { one } else { other }
}

#[inline]
fn smaller(one: f32, other: f32) -> f32 {
    if one < other { one } else { other }
}

impl ToneLut {
    pub(crate) fn bake(advice: &Advice) -> Self {
        let curve = |channel: usize, node: usize| {
            let (knot, between) = (node / 2, node % 2);
            let curve = &advice.curves[channel];
            if between == 0 { curve[knot] } else { (curve[knot] + curve[knot + 1]) / 2.0 }
        };
        let mut nodes = Vec::with_capacity(SIDE * SIDE * SIDE);
        for red in 0..SIDE {
            for green in 0..SIDE {
                for blue in 0..SIDE {
                    let bent = [curve(0, red), curve(1, green), curve(2, blue)];
                    let row = |row: &[f32; 3]| row[0] * bent[0] + row[1] * bent[1] + row[2] * bent[2];
                    let [first, second, third] = &advice.matrix;
                    nodes.push([row(first), row(second), row(third), 0.0]);
                }
            }
        }
        Self { nodes }
    }

    /// A colour after the table at full strength, clamped.
    #[inline]
    fn look_up(&self, [red, green, blue]: [Position; 3]) -> [f32; 4] {
        let base = red.node as usize * RED + green.node as usize * GREEN + blue.node as usize * BLUE;
        // No branches: on noise they would be guessed wrongly half the time.
        let (high, low) = (larger(red.share, green.share), smaller(red.share, green.share));
        let (most, least) = (larger(high, blue.share), smaller(low, blue.share));
        let middle = larger(low, smaller(high, blue.share));
        let order = usize::from(red.share > green.share) << 2
            | usize::from(green.share > blue.share) << 1
            | usize::from(red.share > blue.share);
        let [second, third] = CORNERS[order];
        let node = |offset: usize| self.nodes[base + offset];
        let corners = [node(0), node(second), node(third), node(RED + GREEN + BLUE)];
        let weights = [1.0 - most, most - middle, middle - least, least];
        std::array::from_fn(|lane| {
            let sum = weights[0] * corners[0][lane]
                + weights[1] * corners[1][lane]
                + weights[2] * corners[2][lane]
                + weights[3] * corners[3][lane];
            sum.clamp(0.0, 1.0)
        })
    }

    /// Strength 0 is the colour itself, 1 the table's.
    #[inline]
    fn colour(&self, colour: [f32; 3], positions: [Position; 3], strength: f32) -> [f32; 3] {
        let toned = self.look_up(positions);
        [0, 1, 2].map(|channel| colour[channel] + strength * (toned[channel] - colour[channel]))
    }

    /// One colour.
    pub(crate) fn apply(&self, colour: [f32; 3], strength: f32) -> [f32; 3] {
        self.colour(colour, colour.map(Position::of), strength)
    }

    /// All of a tile, in place.
    pub(crate) fn apply_to_tile(&self, tile: &mut Tile, strength: f32) {
        let area = tile.area();
        let (red, rest) = tile.planes.split_at_mut(area);
        let (green, blue) = rest.split_at_mut(area);
        const RUN: usize = 1 << 14;
        let runs = red.par_chunks_mut(RUN).zip(green.par_chunks_mut(RUN)).zip(blue.par_chunks_mut(RUN));
        runs.for_each(|((red, green), blue)| {
            for ((red, green), blue) in red.iter_mut().zip(green).zip(blue) {
                [*red, *green, *blue] = self.apply([*red, *green, *blue], strength);
            }
        });
    }

    /// Interleaved samples of a photo straight to samples of the result, without a picture of floating point in between; the same numbers as
    /// through a tile.
    pub(crate) fn apply_to_samples(&self, samples: &Samples, channels: Channels, strength: f32) -> Samples {
        match samples {
            Samples::Eight(samples) => {
                Samples::Eight(self.apply_direct(samples, channels, strength, &EightBits::new()))
            }
            Samples::Sixteen(samples) => Samples::Sixteen(self.apply_direct(samples, channels, strength, &SixteenBits)),
        }
    }

    fn apply_direct<S: Sample, P: Places<S>>(
        &self,
        samples: &[S],
        channels: Channels,
        strength: f32,
        places: &P,
    ) -> Vec<S> {
        const RUN: usize = 3 << 13;
        let mut result = vec![S::default(); samples.len()];
        result.par_chunks_mut(RUN).zip(samples.par_chunks(RUN)).for_each(|(result, samples)| match channels {
            Channels::Rgb => {
                for (result, pixel) in result.chunks_exact_mut(3).zip(samples.chunks_exact(3)) {
                    let pixel = [places.of(pixel[0]), places.of(pixel[1]), places.of(pixel[2])];
                    let toned =
                        self.colour(pixel.map(|(value, _)| value), pixel.map(|(_, position)| position), strength);
                    result.copy_from_slice(&toned.map(S::from_unit));
                }
            }
            Channels::Gray => {
                for (result, &sample) in result.iter_mut().zip(samples) {
                    let (value, position) = places.of(sample);
                    *result = S::from_unit(grey(self.colour([value; 3], [position; 3], strength)));
                }
            }
        });
        result
    }
}

/// A sample's value from 0 to 1 and where it is on the table's axes.
trait Places<S>: Sync {
    fn of(&self, sample: S) -> (f32, Position);
}

struct EightBits([(f32, Position); 256]);

impl EightBits {
    fn new() -> Self {
        Self(std::array::from_fn(|sample| {
            let value = (sample as u8).to_unit();
            (value, Position::of(value))
        }))
    }
}

impl Places<u8> for EightBits {
    #[inline]
    fn of(&self, sample: u8) -> (f32, Position) {
        self.0[usize::from(sample)]
    }
}

struct SixteenBits;

impl Places<u16> for SixteenBits {
    #[inline]
    fn of(&self, sample: u16) -> (f32, Position) {
        let value = sample.to_unit();
        (value, Position::of(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::Region;
    use proptest::prelude::*;

    fn some_advice() -> Advice {
        let curve = |gamma: f32, lift: f32| std::array::from_fn(|knot| lift + (knot as f32 / 16.0).powf(gamma) * 1.1);
        Advice {
            curves: [curve(0.8, 0.02), curve(0.9, -0.05), curve(1.2, 0.0)],
            matrix: [[1.2, -0.1, -0.1], [-0.05, 1.1, -0.05], [0.0, -0.2, 1.2]],
        }
    }

    /// The definition, without a table.
    fn directly(advice: &Advice, colour: [f32; 3], strength: f32) -> [f32; 3] {
        let bent: [f32; 3] = std::array::from_fn(|channel| {
            let place = colour[channel] * 16.0;
            let knot = (place as usize).min(15);
            let curve = &advice.curves[channel];
            curve[knot] + (place - knot as f32) * (curve[knot + 1] - curve[knot])
        });
        std::array::from_fn(|channel| {
            let row = advice.matrix[channel];
            let toned = (row[0] * bent[0] + row[1] * bent[1] + row[2] * bent[2]).clamp(0.0, 1.0);
            colour[channel] + strength * (toned - colour[channel])
        })
    }

    proptest! {
        #[test]
        fn the_table_is_exact(red in 0f32..=1.0, green in 0f32..=1.0, blue in 0f32..=1.0, strength in 0f32..=1.0) {
            let advice = some_advice();
            let (baked, wanted) = (ToneLut::bake(&advice).apply([red, green, blue], strength), directly(&advice, [red, green, blue], strength));
            for channel in 0..3 {
                prop_assert!((baked[channel] - wanted[channel]).abs() < 2e-6, "{baked:?} {wanted:?}");
            }
        }
    }

    #[test]
    fn the_identity_changes_no_sample() {
        let lut = ToneLut::bake(&Advice::none());
        let eight = Samples::Eight((0..768u32).map(|value| (value * 7 % 256) as u8).collect());
        let sixteen = Samples::Sixteen((0..65535u32).map(|value| (value * 40503 % 65536) as u16).collect());
        assert_eq!(lut.apply_to_samples(&eight, Channels::Rgb, 1.0), eight);
        assert_eq!(lut.apply_to_samples(&sixteen, Channels::Rgb, 1.0), sixteen);
        assert_eq!(lut.apply_to_samples(&sixteen, Channels::Gray, 1.0), sixteen);
    }

    #[test]
    fn the_direct_way_gives_what_tiles_give() {
        let lut = ToneLut::bake(&some_advice());
        for (channels, width) in [(Channels::Rgb, 256u32), (Channels::Gray, 768)] {
            let colour = Samples::Eight((0..768u32).map(|value| (value * 91 % 256) as u8).collect());
            let picture = pretty_photo::picture::Picture { width, height: 1, channels, colour, alpha: None };
            let mut tile = Tile::of(&picture, Region::whole(width, 1));
            lut.apply_to_tile(&mut tile, 0.7);
            let mut canvas =
                crate::pixels::Canvas::new(Region::whole(width, 1), channels, pretty_photo::picture::Depth::Eight);
            canvas.place(&tile);
            assert_eq!(canvas.colour, lut.apply_to_samples(&picture.colour, channels, 0.7));
        }
    }

    #[test]
    fn absurd_advice_is_refused() {
        let rising: Vec<f32> = (0..51).map(|knot| (knot % 17) as f32 / 16.0).collect();
        let refused = |curves: &[f32], matrix: &[f32]| Advice::new(curves, matrix).err().unwrap_or("fine");
        let matrix = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        assert_eq!(refused(&rising, &matrix), "fine");
        assert_eq!(refused(&rising, &[f32::NAN; 9]), "its curves or its matrix make no sense");
        assert_eq!(refused(&rising, &[100.0; 9]), "its curves or its matrix make no sense");
        assert_eq!(refused(&rising[1..], &matrix), "its curves or its matrix make no sense");
        let changed = |change: &dyn Fn(usize, f32) -> f32| -> Vec<f32> {
            rising.iter().enumerate().map(|(knot, value)| change(knot, *value)).collect()
        };
        assert_eq!(
            refused(&changed(&|knot, value| if knot == 20 { value - 0.2 } else { value }), &matrix),
            "one of its curves falls"
        );
        assert_eq!(refused(&changed(&|_, value| 1.0 - value), &matrix), "one of its curves falls");
        assert_eq!(refused(&changed(&|_, _| 0.5), &matrix), "one of its curves is flat");
        assert_eq!(
            refused(&changed(&|knot, value| if knot >= 34 { 0.3 + 0.01 * value } else { value }), &matrix),
            "one of its curves is flat"
        );
        // All of it above white, or below black, is as flat as a constant.
        assert_eq!(refused(&changed(&|_, value| 1.0 + value), &matrix), "one of its curves is flat");
        assert_eq!(refused(&changed(&|_, value| value - 1.0), &matrix), "one of its curves is flat");
        // A night shot's: white before the curve is half way.
        assert_eq!(refused(&changed(&|_, value| 4.0 * value), &matrix), "fine");
        let nearly = changed(&|knot, value| if knot == 20 { value - 1.0 / 16.0 - 1e-6 } else { value });
        assert_eq!(refused(&nearly, &matrix), "fine");
    }
}
