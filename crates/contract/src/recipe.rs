//! A recipe: the one way to say what to do to a photo. Ordered steps with strengths, versioned, JSON.
//!
//! Whether a recipe can be run (known version, strengths in range, models at hand) is decided in the engine, not here.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

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
}

/// One step. Every strength runs from 0 (the photo untouched, exactly) to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
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
