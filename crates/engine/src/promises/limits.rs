//! How far the promises go: the only place to change when a model is trained anew.

/// A limit, in what it is measured in. It holds for every model.
pub(super) struct Bound {
    pub(super) what: &'static str,
    limit: Limit,
}

enum Limit {
    Most(f64),
    Least(f64),
}

impl Bound {
    pub(super) fn allowed(&self) -> f64 {
        let (Limit::Most(allowed) | Limit::Least(allowed)) = self.limit;
        allowed
    }

    pub(super) fn holds(&self, found: f64) -> bool {
        match self.limit {
            Limit::Most(most) => found <= most,
            Limit::Least(least) => found >= least,
        }
    }
}

/// Standard deviation of a picture of one colour, away from its border.
pub(super) const FLAT: Bound = Bound { what: "the deviation of a flat colour in 255ths", limit: Limit::Most(0.3) };

/// Standard deviation from a straight ramp, away from the border.
pub(super) const GRADIENT: Bound = Bound { what: "the deviation from a ramp in 255ths", limit: Limit::Most(0.3) };

/// Shift of a grey's mean.
pub(super) const GREY_SHIFT: Bound = Bound { what: "the shift of a grey in 255ths", limit: Limit::Most(0.2) };

/// Shift of the mean colour of a photo.
pub(super) const PHOTO_SHIFT: Bound = Bound { what: "the shift of a photo's mean in 255ths", limit: Limit::Most(0.2) };

/// How far the means of pixels that stand at the same place of their cell (a model's scale or stride) are apart: half of a
/// step of 8 bits is nothing that anyone can see.
pub(super) const CHECKERBOARD: Bound = Bound { what: "the checkerboard in 255ths", limit: Limit::Most(0.5) };

/// A clean photo to itself.
pub(super) const KEPT: Bound = Bound { what: "a clean photo's likeness to itself in dB", limit: Limit::Least(38.0) };

/// A well-lit photo to itself after light and colour at full strength.
pub(super) const TONE_KEPT: Bound =
    Bound { what: "a good photo's likeness to itself in dB", limit: Limit::Least(38.0) };

/// How far a row of the tone model's matrix is from summing to one.
pub(super) const GREY_ROWS: Bound = Bound { what: "what a row of the matrix lacks to one", limit: Limit::Most(1e-4) };
