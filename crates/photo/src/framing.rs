//! Straightening and cropping: how a photo is turned, and which part of it is kept.
//!
//! A framing is made of whole numbers (hundredths of a degree, ten-thousandths of a side), so that there is one way to write it: in a recipe, in the address
//! of a tile, in the window. The window works out sizes by itself; `framing_vectors.json` holds what both must arrive at.

use std::f64::consts::PI;

use rayon::prelude::*;

use crate::decode::DecodedPhoto;
use crate::picture::{Picture, Samples};
use crate::resize::{Sample, cubic};

/// A whole side.
const WHOLE: u32 = 10_000;

/// How a photo is framed: turned first, keeping the largest part of its own shape that has no empty corner; then cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Framing {
    turn: i32,
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
}

impl Framing {
    /// Hundredths of a degree that a photo may be turned, either way.
    pub const MOST_TURN: i32 = 4500;
    /// As the photo is.
    pub const NONE: Self = Self { turn: 0, left: 0, top: 0, right: WHOLE, bottom: WHOLE };

    /// `turn` in hundredths of a degree clockwise, the edges in ten-thousandths of the turned photo's sides. `None` when the turn is more than [`Framing::MOST_TURN`], or
    /// nothing would be left.
    #[must_use]
    pub fn new(turn: i32, (left, top): (u32, u32), (right, bottom): (u32, u32)) -> Option<Self> {
        let kept = left < right && right <= WHOLE && top < bottom && bottom <= WHOLE;
        (kept && turn.abs() <= Self::MOST_TURN).then_some(Self { turn, left, top, right, bottom })
    }

    /// From degrees and fractions of the sides, each rounded to what a framing can hold. `None` for what is no number, more than 45 degrees, outside the photo
    /// or empty.
    #[must_use]
    pub fn of(degrees: f32, (x, y): (f32, f32), (width, height): (f32, f32)) -> Option<Self> {
        let turn = (f64::from(degrees) * 100.0).round();
        let edge = |at: f64| {
            let at = (at * f64::from(WHOLE)).round();
            // Sums of fractions may end a hair outside.
            (0.0..=f64::from(WHOLE)).contains(&at).then_some(at as u32)
        };
        let (left, top) = (edge(f64::from(x))?, edge(f64::from(y))?);
        let (right, bottom) = (edge(f64::from(x) + f64::from(width))?, edge(f64::from(y) + f64::from(height))?);
        if turn.abs() <= f64::from(Self::MOST_TURN) {
            Self::new(turn as i32, (left, top), (right, bottom))
        } else {
            None
        }
    }

    /// Whether the photo stays as it is.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    /// Whether it is more than a cut.
    #[must_use]
    pub fn is_turned(&self) -> bool {
        self.turn != 0
    }

    /// The turn, then left, top, right and bottom edge, as [`Framing::new`] takes them.
    #[must_use]
    pub fn numbers(&self) -> (i32, [u32; 4]) {
        (self.turn, [self.left, self.top, self.right, self.bottom])
    }

    /// Pixels of a photo of this size once framed, at least one each way.
    #[must_use]
    pub fn size(&self, width: u32, height: u32) -> (u32, u32) {
        self.part(width, height).size
    }

    fn part(&self, width: u32, height: u32) -> Part {
        let turned = self.turned(width, height);
        let (left, wide) = kept(turned.0, self.left, self.right);
        let (top, high) = kept(turned.1, self.top, self.bottom);
        Part { turned, first: (left, top), size: (wide, high) }
    }

    /// The largest upright part of the photo's own shape inside the turned photo.
    fn turned(&self, width: u32, height: u32) -> (u32, u32) {
        if !self.is_turned() {
            return (width, height);
        }
        let share = self.share(width, height);
        let side = |side: u32| ((f64::from(side) * share).floor() as u32).max(1);
        (side(width), side(height))
    }

    /// How much of each side that part has.
    fn share(&self, width: u32, height: u32) -> f64 {
        let angle = self.angle().abs();
        let (wide, high) = (f64::from(width), f64::from(height));
        1.0 / (angle.cos() + (wide / high).max(high / wide) * angle.sin())
    }

    /// Clockwise, in radians.
    fn angle(&self) -> f64 {
        f64::from(self.turn) * PI / 18_000.0
    }

    /// The picture, framed. Without a turn its pixels are the picture's own; with one they are interpolated (Keys' cubic, a = −0.5), colour counting by its
    /// opacity.
    #[must_use]
    pub fn picture(&self, picture: &Picture) -> Picture {
        if !self.is_turned() {
            let part = self.part(picture.width, picture.height);
            return picture.part(part.first, part.size);
        }
        self.halved(picture, (picture.width, picture.height), 0)
    }

    /// A picture of the size `whole`, of which `picture` is what is left after halving it `times` (each side rounded up): framed, and as large as the framed picture
    /// is after as many halvings. A stand-in for that, made without a pixel of the whole.
    #[must_use]
    pub fn halved(&self, picture: &Picture, whole: (u32, u32), times: u32) -> Picture {
        let part = self.part(whole.0, whole.1);
        let side = |side: u32| (0..times).fold(side, |side, _| side.div_ceil(2));
        let (width, height) = (side(part.size.0), side(part.size.1));
        let (sin, cos) = self.angle().sin_cos();
        let turn = Turn { sin, cos, whole, part, size: (width, height) };
        let (colour, alpha) = match (&picture.colour, &picture.alpha) {
            (Samples::Eight(colour), Some(Samples::Eight(alpha))) => {
                let (colour, alpha) = turn.samples(picture, colour, Some(alpha));
                (Samples::Eight(colour), Some(Samples::Eight(alpha)))
            }
            (Samples::Sixteen(colour), Some(Samples::Sixteen(alpha))) => {
                let (colour, alpha) = turn.samples(picture, colour, Some(alpha));
                (Samples::Sixteen(colour), Some(Samples::Sixteen(alpha)))
            }
            (Samples::Eight(colour), _) => (Samples::Eight(turn.samples(picture, colour, None).0), None),
            (Samples::Sixteen(colour), _) => (Samples::Sixteen(turn.samples(picture, colour, None).0), None),
        };
        Picture { width, height, channels: picture.channels, colour, alpha }
    }

    /// The photo, framed, with everything that travels beside its pixels.
    #[must_use]
    pub fn photo(&self, photo: &DecodedPhoto) -> DecodedPhoto {
        photo.with_picture(self.picture(&photo.picture))
    }

    /// A part (x, y, width, height) of a photo turned by `from` degrees, as a part of the same photo turned by `to`: about the same middle and of the same size, as far as the turned
    /// photo goes. All of the one is all of the other.
    #[must_use]
    pub fn carried(part: [f32; 4], (from, to): (f32, f32), (width, height): (u32, u32)) -> [f32; 4] {
        let ([x, y, across, down], turn) =
            (part.map(f64::from), |degrees: f32| Self::of(degrees, (0.0, 0.0), (1.0, 1.0)));
        let (Some(from), Some(to)) = (turn(from), turn(to)) else { return part };
        if from.turn == to.turn || (x, y, across, down) == (0.0, 0.0, 1.0, 1.0) {
            return part;
        }
        let (wide, high) = (f64::from(width), f64::from(height));
        let (before, after) = (from.share(width, height), to.share(width, height));
        let (right, below) = ((x + across / 2.0 - 0.5) * wide * before, (y + down / 2.0 - 0.5) * high * before);
        // What the photo was turned by less is turned by now.
        let (sin, cos) = (to.angle() - from.angle()).sin_cos();
        let middle =
            ((cos * right - sin * below) / (wide * after) + 0.5, (sin * right + cos * below) / (high * after) + 0.5);
        let side = |middle: f64, length: f64| {
            let length = (length * before / after).min(1.0);
            ((middle - length / 2.0).clamp(0.0, 1.0 - length) as f32, length as f32)
        };
        let ((x, across), (y, down)) = (side(middle.0, across), side(middle.1, down));
        [x, y, across, down]
    }
}

/// What is kept of the turned picture, in pixels.
#[derive(Clone, Copy)]
struct Part {
    /// Of all of it.
    turned: (u32, u32),
    /// The first column and row that are kept.
    first: (u32, u32),
    /// How many are.
    size: (u32, u32),
}

/// The first of the columns or rows between two edges, and how many there are: at least one.
fn kept(side: u32, from: u32, to: u32) -> (u32, u32) {
    let at = |edge: u32| ((u64::from(side) * u64::from(edge) * 2 + u64::from(WHOLE)) / (2 * u64::from(WHOLE))) as u32;
    let first = at(from).min(side - 1);
    (first, at(to).max(first + 1) - first)
}

/// A turn about the middle, and the part of the turned picture that is kept. Worked out in pixels of the whole; what is read and what is made may be smaller.
struct Turn {
    sin: f64,
    cos: f64,
    /// Before the turn.
    whole: (u32, u32),
    part: Part,
    /// Of what is made, in its own pixels.
    size: (u32, u32),
}

/// Where a result pixel comes from: the nearest four columns and rows, clamped to the picture, with their weights.
struct Taps {
    at: [usize; 4],
    weights: [f32; 4],
}

impl Taps {
    fn new(centre: f64, side: u32) -> Self {
        let first = (centre - 0.5).floor() as i64 - 1;
        let last = i64::from(side) - 1;
        let tap = |index: usize| first + index as i64;
        Self {
            at: std::array::from_fn(|index| tap(index).clamp(0, last) as usize),
            weights: std::array::from_fn(|index| cubic(tap(index) as f64 + 0.5 - centre) as f32),
        }
    }
}

impl Turn {
    /// Colour and opacity of all pixels that are kept, row by row, on all processors.
    fn samples<T: Sample + Send + Sync>(
        &self,
        picture: &Picture,
        colour: &[T],
        alpha: Option<&[T]>,
    ) -> (Vec<T>, Vec<T>) {
        let channels = picture.channels.count();
        let (width, height) = (self.size.0 as usize, self.size.1 as usize);
        let mut colours = vec![T::from_float(0.0); width * height * channels];
        let mut opacities = vec![T::from_float(0.0); alpha.map_or(0, |_| width * height)];
        let row_of = |row: usize, colours: &mut [T], opacities: &mut [T]| {
            for column in 0..width {
                let (across, down) = self.taps(picture, column as u32, row as u32);
                let (pixel, opacity) = mixed(picture.width as usize, channels, (&across, &down), colour, alpha);
                let kept = &mut colours[column * channels..(column + 1) * channels];
                kept.iter_mut().zip(pixel).for_each(|(kept, value)| *kept = T::from_float(value));
                if let (Some(kept), Some(value)) = (opacities.get_mut(column), opacity) {
                    *kept = T::from_float(value);
                }
            }
        };
        let rows = colours.par_chunks_mut(width * channels).enumerate();
        if alpha.is_some() {
            rows.zip(opacities.par_chunks_mut(width))
                .for_each(|((row, colours), opacities)| row_of(row, colours, opacities));
        } else {
            rows.for_each(|(row, colours)| row_of(row, colours, &mut []));
        }
        (colours, opacities)
    }

    fn taps(&self, picture: &Picture, column: u32, row: u32) -> (Taps, Taps) {
        let Part { turned, first, size } = self.part;
        let at = |index: u32, first: u32, (made, kept): (u32, u32), turned: u32| {
            f64::from(first) + (f64::from(index) + 0.5) * f64::from(kept) / f64::from(made) - f64::from(turned) / 2.0
        };
        let x = at(column, first.0, (self.size.0, size.0), turned.0);
        let y = at(row, first.1, (self.size.1, size.1), turned.1);
        let across = self.cos * x + self.sin * y + f64::from(self.whole.0) / 2.0;
        let down = self.cos * y - self.sin * x + f64::from(self.whole.1) / 2.0;
        let across = across * f64::from(picture.width) / f64::from(self.whole.0);
        let down = down * f64::from(picture.height) / f64::from(self.whole.1);
        (Taps::new(across, picture.width), Taps::new(down, picture.height))
    }
}

/// One pixel from sixteen.
fn mixed<T: Sample>(
    width: usize,
    channels: usize,
    (across, down): (&Taps, &Taps),
    colour: &[T],
    alpha: Option<&[T]>,
) -> ([f32; 3], Option<f32>) {
    let (mut sums, mut opacity) = ([0.0_f32; 3], 0.0_f32);
    for (&row, of_row) in down.at.iter().zip(&down.weights) {
        for (&column, of_column) in across.at.iter().zip(&across.weights) {
            let at = row * width + column;
            let mut weight = of_row * of_column;
            if let Some(alpha) = alpha {
                weight *= alpha[at].to_float();
                opacity += weight;
            }
            let pixel = &colour[at * channels..(at + 1) * channels];
            sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += weight * value.to_float());
        }
    }
    if alpha.is_none() {
        return (sums, None);
    }
    // Where nothing is to be seen, colour means nothing.
    let share = if opacity > 0.0 { 1.0 / opacity } else { 0.0 };
    (sums.map(|sum| sum * share), Some(opacity))
}

#[cfg(test)]
mod tests;
