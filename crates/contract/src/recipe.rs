//! A recipe: the one way to say what to do to a photo. Ordered steps with strengths, versioned, JSON.
//!
//! Whether a recipe can be run (known version, strengths in range, models at hand) is decided in the engine, not here.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::service::critique::PhotoRegion;

/// The version written by this program.
pub const RECIPE_VERSION: u32 = 1;

/// Ordered steps. Steps run first to last; an empty recipe is the photo as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The format's version; [`RECIPE_VERSION`] today.
    pub version: u32,
    /// What to do, in this order.
    pub steps: Vec<Step>,
}

impl Recipe {
    /// A recipe of the current version.
    #[must_use]
    pub fn new(steps: Vec<Step>) -> Self {
        Self { version: RECIPE_VERSION, steps }
    }

    /// Its crop, if it has one.
    #[must_use]
    pub fn crop(&self) -> Option<&Step> {
        self.steps.iter().find(|step| matches!(step, Step::Crop { .. }))
    }

    /// The same steps with another crop, or none.
    #[must_use]
    pub fn with_crop(&self, crop: Option<&Step>) -> Self {
        let others = self.steps.iter().filter(|step| !matches!(step, Step::Crop { .. }));
        Self { version: self.version, steps: crop.into_iter().chain(others).cloned().collect() }
    }

    /// By how many degrees it turns the photo, and what it keeps of the turned photo.
    #[must_use]
    pub fn framing(&self) -> (f32, PhotoRegion) {
        match self.crop() {
            Some(Step::Crop { degrees, x, y, width, height }) => {
                (*degrees, PhotoRegion { x: *x, y: *y, width: *width, height: *height })
            }
            _ => (0.0, PhotoRegion { x: 0.0, y: 0.0, width: whole(), height: whole() }),
        }
    }

    /// The same steps with the photo turned by so many degrees and cut to a part.
    #[must_use]
    pub fn framed(&self, degrees: f32, PhotoRegion { x, y, width, height }: PhotoRegion) -> Self {
        self.with_crop(Some(&Step::Crop { degrees, x, y, width, height }))
    }
}

fn whole() -> f32 {
    1.0
}

/// One step. Every strength runs from 0 (the photo untouched, exactly) to 1. A crop comes before every other step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Turns the photo upright and keeps a part of it. First the turn, which keeps the largest part of the photo's own shape that has no empty corner; then the
    /// cut. Measured to a hundredth of a degree and a ten-thousandth of a side.
    Crop {
        /// Clockwise, −45 to 45.
        #[serde(default)]
        degrees: f32,
        /// The part's left edge, as a fraction of the turned photo's width.
        #[serde(default)]
        x: f32,
        /// Its upper edge, as a fraction of the height.
        #[serde(default)]
        y: f32,
        /// Its width, as a fraction of the width.
        #[serde(default = "whole")]
        width: f32,
        /// Its height, as a fraction of the height.
        #[serde(default = "whole")]
        height: f32,
    },
    /// Takes noise and JPEG artefacts away (`denoise`) and undoes mild blur (`detail`). One run of one model serves both.
    Restore {
        /// How much noise and JPEG artefact to take away, 0 to 1.
        denoise: f32,
        /// How much lost detail to bring back, 0 to 1.
        detail: f32,
        /// Model id; the bundled `restore` when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        model: Option<String>,
    },
    /// Automatic light and colour: white balance, exposure, contrast.
    Tone {
        /// 0 to 1.
        strength: f32,
        /// Model id; the bundled `tone` when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        model: Option<String>,
    },
    /// Enlarges by `scale`. Strength 0 is the plain bicubic enlargement, in which nothing is invented; 1 is the model's.
    Upscale {
        /// 2 or 4 with the bundled models.
        scale: u32,
        /// 0 to 1.
        strength: f32,
        /// Model id; the bundled model of that scale when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        model: Option<String>,
    },
}
