//! Is the tone model's advice plausible for the photo that it is about? Its table is tried on greys and on the photo's thumbnail before any result
//! is made with it: finite numbers, no dark that becomes lighter than light, structure where there was structure, brightness not turned over.
//!
//! Tolerances are wide, as those for tiles are: light may change by much, and no honest advice may be refused.

use super::lut::ToneLut;
use crate::check::{FLAT, STRUCTURED};
use crate::pixels::LUMA;

/// How far a channel's mean may move, 0 to 1: a night shot that becomes as light as day moves by half as much.
const BRIGHTNESS: f64 = 0.6;
/// Greys that are tried: the table's nodes.
const GREYS: u16 = 33;
/// How far a lighter grey may fall below a darker one: what rounding does.
const ROUNDING: f32 = 1e-4;

/// Checks a baked table against the thumbnail that the advice was given for; an error is the end of a sentence.
pub(super) fn plausible(lut: &ToneLut, thumbnail: &[f32]) -> Result<(), String> {
    let mut before = 0.0;
    for step in 0..GREYS {
        let grey = f32::from(step) / f32::from(GREYS - 1);
        let toned = lut.apply([grey; 3], 1.0);
        let luma = (0..3).map(|channel| LUMA[channel] * toned[channel]).sum::<f32>();
        // What is no number is not above what came before.
        if luma.is_nan() || luma < before - ROUNDING {
            return Err("its advice makes lighter greys darker than dark ones".into());
        }
        before = luma;
    }
    let area = thumbnail.len() / 3;
    let (red, rest) = thumbnail.split_at(area);
    let (green, blue) = rest.split_at(area);
    let pixels = red.iter().zip(green).zip(blue).map(|((&red, &green), &blue)| [red, green, blue]);
    let toned: Vec<[f32; 3]> = pixels.clone().map(|pixel| lut.apply(pixel, 1.0)).collect();
    if toned.iter().flatten().any(|value| !value.is_finite()) {
        return Err("its advice gives values that are no numbers".into());
    }
    for channel in 0..3 {
        let (was, spread_before) = mean_and_spread(pixels.clone().map(|pixel| pixel[channel]));
        let (is, spread_after) = mean_and_spread(toned.iter().map(|pixel| pixel[channel]));
        if (is - was).abs() > BRIGHTNESS {
            return Err(format!("its advice would move the photo's brightness by {:.0} of 255", (is - was) * 255.0));
        }
        if spread_after < FLAT && spread_before > STRUCTURED {
            return Err("its advice would make the photo flat where it is not".into());
        }
    }
    Ok(())
}

/// Whether a thumbnail shows nothing.
pub(super) fn is_one_colour(thumbnail: &[f32]) -> bool {
    thumbnail.chunks_exact(thumbnail.len() / 3).all(|plane| mean_and_spread(plane.iter().copied()).1 < FLAT)
}

fn mean_and_spread(values: impl Iterator<Item = f32> + Clone) -> (f64, f64) {
    let count = values.clone().count().max(1) as f64;
    let mean = values.clone().map(f64::from).sum::<f64>() / count;
    (mean, (values.map(|value| (f64::from(value) - mean).powi(2)).sum::<f64>() / count).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::lut::{Advice, KNOTS};

    /// A thumbnail that goes from black to white, in other ways for each channel.
    fn thumbnail() -> Vec<f32> {
        (0..3 * 64).map(|at| (at % 64) as f32 / 63.0 * [1.0, 0.8, 0.6][at / 64]).collect()
    }

    fn verdict(curve: impl Fn(f32) -> f32, matrix: [[f32; 3]; 3], thumbnail: &[f32]) -> String {
        let curve = std::array::from_fn(|knot| curve(knot as f32 / (KNOTS - 1) as f32));
        let lut = ToneLut::bake(&Advice { curves: [curve; 3], matrix });
        plausible(&lut, thumbnail).map_or_else(|reason| reason, |()| "fine".into())
    }

    const AS_IT_IS: [[f32; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

    #[test]
    fn faults_are_told_apart() {
        let photo = thumbnail();
        assert_eq!(verdict(|x| x, AS_IT_IS, &photo), "fine");
        assert_eq!(verdict(|x| x.sqrt(), [[1.4, -0.2, -0.2], [-0.2, 1.4, -0.2], [-0.2, -0.2, 1.4]], &photo), "fine");
        assert!(verdict(|x| 1.0 - x, AS_IT_IS, &photo).contains("darker than dark ones"));
        assert!(verdict(|x| x, [[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -1.0]], &photo).contains("flat"));
        assert!(verdict(|x| x, [[0.0; 3]; 3], &photo).contains("flat"));
        assert!(verdict(|x| 0.5 + 0.001 * x, AS_IT_IS, &photo).contains("flat"));
        assert!(verdict(|x| x, [[f32::NAN; 3]; 3], &photo).contains("darker than dark ones"));
        // A night shot may become day, but not white.
        let night: Vec<f32> = photo.iter().map(|value| value * 0.1).collect();
        assert_eq!(verdict(|x| (4.0 * x).min(1.0), AS_IT_IS, &night), "fine");
        assert!(verdict(|x| 0.8 + 0.2 * x, AS_IT_IS, &night).contains("brightness by 19"));
    }

    #[test]
    fn one_colour_is_told_from_a_faint_picture() {
        assert!(is_one_colour(&[0.4; 3 * 64]));
        let in_blue_only: Vec<f32> = (0..3 * 64).map(|at| if at % 64 == 5 && at > 128 { 0.5 } else { 0.4 }).collect();
        assert!(!is_one_colour(&in_blue_only));
        assert!(!is_one_colour(&thumbnail()));
    }

    #[test]
    fn a_photo_of_one_colour_has_nothing_to_lose() {
        assert_eq!(verdict(|x| x * 0.5, AS_IT_IS, &[0.4; 3 * 64]), "fine");
    }
}
