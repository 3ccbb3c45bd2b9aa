//! Exposure, contrast and colour cast: what the tone model would change about the photo, and in which direction. Photos that it would leave nearly
//! as they are have nothing that stands out.

use super::ramp;
use crate::pixels::LUMA;
use crate::tone::lut::ToneLut;
use crate::tone::statistics::Planes;

/// Mean change of a colour (0 to 1) under which the model leaves a photo alone.
const CHANGED: f64 = 0.03;

/// What stands out about light and colour, each from 0 (nothing) to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Light {
    /// How much the model would change in all.
    pub(super) change: f64,
    pub(super) too_dark: f64,
    pub(super) too_bright: f64,
    pub(super) flat: f64,
    pub(super) cast: f64,
}

/// A few numbers about a small picture.
struct Look {
    median: f64,
    /// From the 8th to the 92nd percentile of luma.
    spread: f64,
    /// Mean red minus green, and mean blue minus their mean.
    tint: [f64; 2],
}

impl Light {
    /// Compares a reduced photo with the same photo after the advice.
    pub(super) fn of(reduced: &Planes, advice: &ToneLut) -> Self {
        let before: Vec<[f32; 3]> = pixels(reduced).collect();
        let after: Vec<[f32; 3]> = before.iter().map(|colour| advice.apply(*colour, 1.0)).collect();
        let difference = |(before, after): (&[f32; 3], &[f32; 3])| {
            (0..3).map(|channel| f64::from((after[channel] - before[channel]).abs())).sum::<f64>()
        };
        let change = before.iter().zip(&after).map(difference).sum::<f64>() / (3 * before.len()) as f64;
        if change < CHANGED {
            return Self { change, ..Self::default() };
        }
        let (before, after) = (Look::of(&before), Look::of(&after));
        let lifted = after.median - before.median;
        let tint = (0..2).map(|axis| (after.tint[axis] - before.tint[axis]).abs()).fold(0.0, f64::max);
        Self {
            change,
            too_dark: ramp(lifted, 0.05, 0.3).min(ramp(0.42 - before.median, 0.0, 0.1)),
            too_bright: ramp(-lifted, 0.05, 0.3).min(ramp(before.median - 0.55, 0.0, 0.1)),
            flat: ramp(after.spread - before.spread, 0.06, 0.4).min(ramp(
                after.spread / before.spread.max(0.01),
                1.15,
                2.0,
            )),
            cast: ramp(tint, 0.03, 0.15),
        }
    }

    /// Whether the model is worth asking.
    pub(super) fn stands_out(self) -> bool {
        self.change >= CHANGED
    }
}

impl Look {
    fn of(pixels: &[[f32; 3]]) -> Self {
        let luma = |colour: &[f32; 3]| f64::from(LUMA[0] * colour[0] + LUMA[1] * colour[1] + LUMA[2] * colour[2]);
        let mut lumas: Vec<f64> = pixels.iter().map(luma).collect();
        lumas.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| lumas[((lumas.len() - 1) as f64 * share) as usize];
        let mean = |of: fn(&[f32; 3]) -> f32| {
            pixels.iter().map(|colour| f64::from(of(colour))).sum::<f64>() / pixels.len() as f64
        };
        Self {
            median: at(0.5),
            spread: at(0.92) - at(0.08),
            tint: [mean(|colour| colour[0] - colour[1]), mean(|colour| colour[2] - (colour[0] + colour[1]) / 2.0)],
        }
    }
}

fn pixels(planes: &Planes) -> impl Iterator<Item = [f32; 3]> + '_ {
    let area = planes.width * planes.height;
    (0..area).map(move |at| [0, 1, 2].map(|channel| planes.values[channel * area + at] as f32))
}
