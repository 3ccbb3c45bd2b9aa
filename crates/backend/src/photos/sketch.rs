//! A photo reduced to a few grey fields: enough to see whether two pictures show the same, and whether a picture shows anything at all.

use pretty_photo::picture::{Channels, Picture, Samples};
use pretty_photo::resize::reduce_by_area;
use serde::{Deserialize, Serialize};

/// Fields a side.
const SIDE: u32 = 16;
/// A picture whose fields spread less than one step of 8 bits shows nothing.
const FLAT: f32 = 1.0 / 255.0;
/// Two pictures whose fields are correlated less than this do not show the same. Of 220 photos, 0.35 % of all pairs are correlated more, and 0.3 % of
/// 660 strong edits of them (a stop either way, gamma, contrast) less.
const ALIKE: f32 = 0.7;
/// What becomes of a picture that shows nothing differs from it by no more than this in the mean of its fields.
const FOREIGN: f32 = 0.15;
/// A picture made from another one has at least this part of its contrast: light and dark in the same places, but nearly black or washed out, is no result.
const LEAST_CONTRAST: f32 = 1.0 / 8.0;
/// And is no more than this brighter or darker on the whole.
const MOST_SHIFT: f32 = 0.5;

/// A picture in 16 by 16 fields of brightness, 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sketch(Vec<f32>);

impl Sketch {
    /// Of a picture in 8 bits.
    pub fn of(picture: &Picture) -> Self {
        let small = reduce_by_area(picture, SIDE, SIDE);
        let Samples::Eight(colour) = &small.colour else { return Self(vec![0.0; (SIDE * SIDE) as usize]) };
        let channels = small.channels.count();
        let brightness = |x: u32, y: u32| {
            // A picture with fewer pixels than fields repeats them.
            let at = (y * small.height / SIDE * small.width + x * small.width / SIDE) as usize * channels;
            match (small.channels, colour.get(at..at + channels)) {
                (Channels::Rgb, Some([red, green, blue])) => {
                    (f32::from(*red) * 54.0 + f32::from(*green) * 183.0 + f32::from(*blue) * 19.0) / (256.0 * 255.0)
                }
                (_, Some([grey, ..])) => f32::from(*grey) / 255.0,
                _ => 0.0,
            }
        };
        Self((0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (x, y))).map(|(x, y)| brightness(x, y)).collect())
    }

    fn mean(&self) -> f32 {
        self.0.iter().sum::<f32>() / self.0.len().max(1) as f32
    }

    /// How the fields of two pictures vary together.
    fn covariance(&self, other: &Self) -> f32 {
        let (mean, its) = (self.mean(), other.mean());
        let products = self.0.iter().zip(&other.0).map(|(one, two)| (one - mean) * (two - its));
        products.sum::<f32>() / self.0.len().max(1) as f32
    }

    fn spread(&self) -> f32 {
        self.covariance(self).sqrt()
    }

    /// Whether a picture made from this one may show what it does: not flat where this one is not, and light and dark in the same places. It may be a good deal
    /// brighter, darker or softer, but not so much that hardly anything is seen.
    pub fn may_become(&self, made: &Self) -> bool {
        if self.spread() < FLAT {
            let apart: f32 = self.0.iter().zip(&made.0).map(|(one, other)| (one - other).abs()).sum();
            return apart <= FOREIGN * self.0.len() as f32;
        }
        let seen = made.spread() >= FLAT.max(LEAST_CONTRAST * self.spread());
        let near = (self.mean() - made.mean()).abs() <= MOST_SHIFT;
        seen && near && self.covariance(made) >= ALIKE * self.spread() * made.spread()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32, value: impl Fn(u32, u32) -> u8) -> Sketch {
        let colour = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| value(x, y)).collect();
        Sketch::of(&Picture { width, height, channels: Channels::Gray, colour: Samples::Eight(colour), alpha: None })
    }

    #[test]
    fn a_larger_and_brighter_one_is_the_same_and_another_one_is_not() {
        let photo = picture(64, 48, |x, y| (x * 3 + y) as u8);
        let larger = picture(128, 96, |x, y| ((x * 3 + y) / 2 + 12) as u8);
        assert!(photo.may_become(&larger));
        assert!(!photo.may_become(&picture(128, 96, |x, y| 255 - ((x * 3 + y) / 2) as u8)), "turned to its negative");
        assert!(!photo.may_become(&picture(128, 96, |_, _| 120)), "flat");
        assert!(!photo.may_become(&picture(128, 96, |_, _| 0)), "black");
        let sky = picture(64, 48, |_, _| 200);
        assert!(sky.may_become(&picture(128, 96, |_, _| 205)), "what was flat may stay flat");
        assert!(!sky.may_become(&picture(128, 96, |x, _| if x < 64 { 255 } else { 0 })), "something in an empty sky");
        assert!(
            photo.may_become(&picture(64, 48, |x, y| ((x * 3 + y) / 4 + 150) as u8)),
            "much brighter, with less contrast"
        );
        assert!(!photo.may_become(&picture(64, 48, |x, y| ((x * 3 + y) / 40) as u8)), "nearly black");
        assert!(!photo.may_become(&picture(64, 48, |x, y| (255 - 6 + (x * 3 + y) / 40) as u8)), "washed out");
        let dark = picture(64, 48, |x, y| ((x * 3 + y) / 10) as u8);
        assert!(dark.may_become(&photo), "a dark one, lifted");
        assert!(!dark.may_become(&picture(64, 48, |x, y| ((x * 3 + y) / 10 + 220) as u8)), "much too bright");
        assert!(!photo.may_become(&picture(64, 48, |_, y| (y * 5) as u8)), "another one, as bright");
        assert!(!photo.may_become(&picture(3, 2, |_, _| 255)));
    }
}
