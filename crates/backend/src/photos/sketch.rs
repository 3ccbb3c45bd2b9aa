//! A photo reduced to a few grey fields: enough to see whether two pictures show the same, and whether a picture shows anything at all.

use pretty_photo::picture::{Channels, Picture, Samples};
use pretty_photo::resize::reduce_by_area;

/// Fields a side.
const SIDE: u32 = 16;
/// A picture whose fields spread less than one step of 8 bits shows nothing.
const FLAT: f32 = 1.0 / 255.0;
/// Two pictures whose fields differ by more than this in the mean do not show the same. Far above what brightening does, far below another photo.
const FOREIGN: f32 = 0.15;

/// A picture in 16 by 16 fields of brightness, 0 to 1.
#[derive(Clone, Debug, PartialEq)]
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

    fn is_flat(&self) -> bool {
        let count = self.0.len().max(1) as f32;
        let mean = self.0.iter().sum::<f32>() / count;
        (self.0.iter().map(|field| (field - mean).powi(2)).sum::<f32>() / count).sqrt() < FLAT
    }

    /// Whether a picture made from this one may show what it does: not flat where this one is not, and the same light and dark in the same places.
    pub fn may_become(&self, made: &Self) -> bool {
        let count = self.0.len().max(1) as f32;
        let apart = self.0.iter().zip(&made.0).map(|(one, other)| (one - other).abs()).sum::<f32>() / count;
        apart <= FOREIGN && (self.is_flat() || !made.is_flat())
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
        assert!(!photo.may_become(&picture(3, 2, |_, _| 255)));
    }
}
