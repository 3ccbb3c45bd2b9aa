//! Exposure, contrast and colour cast, from the quantiles that the tone model is given too.

use super::ramp;

/// What stands out about light and colour, each from 0 (nothing) to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Light {
    pub(super) too_dark: f64,
    pub(super) too_bright: f64,
    pub(super) flat: f64,
    pub(super) cast: f64,
}

/// Quantiles of one channel: index 0 is p = 0.005, 1 to 15 are sixteenths, 16 is p = 0.995.
struct Quantiles<'a>(&'a [f32]);

impl Quantiles<'_> {
    fn at(&self, index: usize) -> f64 {
        f64::from(self.0.get(index).copied().unwrap_or(0.5))
    }
}

impl Light {
    /// From the 71 statistics of `models/README.md`.
    pub(super) fn of(statistics: &[f32]) -> Self {
        let channel = |index: usize| Quantiles(statistics.get(index * 17..(index + 1) * 17).unwrap_or(&[]));
        let (red, green, blue, luma) = (channel(0), channel(1), channel(2), channel(3));
        let range = luma.at(16) - luma.at(0);
        let middle = luma.at(14) - luma.at(2);
        // Dark in the middle and without real highlights; bright in the middle and without real shadows.
        let dark = ramp(0.27 - luma.at(8), 0.0, 0.2).min(ramp(0.75 - luma.at(15), 0.0, 0.3));
        let bright = ramp(luma.at(8) - 0.74, 0.0, 0.2).min(ramp(luma.at(2) - 0.42, 0.0, 0.3));
        let flat = ramp(0.68 - range, 0.0, 0.4).max(ramp(0.22 - middle, 0.0, 0.15).min(ramp(0.8 - range, 0.0, 0.3)));
        // A cast tints highlights and middle tones alike; a coloured subject tints one of them.
        let tint =
            |index: usize| (red.at(index) - green.at(index), blue.at(index) - (red.at(index) + green.at(index)) / 2.0);
        let (high, half) = (tint(15), tint(8));
        let both = |high: f64, half: f64| if high.signum() == half.signum() { high.abs().min(half.abs()) } else { 0.0 };
        let cast = ramp(both(high.0, half.0).max(both(high.1, half.1)), 0.09, 0.3);
        Self { too_dark: dark, too_bright: bright, flat, cast }
    }

    pub(super) fn stands_out(self) -> bool {
        self.too_dark.max(self.too_bright).max(self.flat).max(self.cast) > 0.0
    }
}
