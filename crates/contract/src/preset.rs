//! Presets that come with the program: recipes with a name. The window and the command line offer the same.
//!
//! Auto is not among them: it is a recipe of its own for each photo.

use serde::Serialize;
use ts_rs::TS;

use crate::recipe::{Recipe, Step};

/// A recipe with a name.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub struct Preset {
    /// For scripts and translations.
    pub id: String,
    /// For people, in English.
    pub name: String,
    /// What it does.
    pub recipe: Recipe,
}

/// All that come with the program, in the order in which they are shown.
#[must_use]
pub fn presets() -> Vec<Preset> {
    let restore = |denoise, detail| Step::Restore { denoise, detail, model: None };
    let enlarge = |scale| Step::Upscale { scale, strength: 1.0, model: None };
    let rescue = |scale| Step::Upscale { scale, strength: 1.0, model: Some(format!("photo-{scale}x")) };
    vec![
        preset("light-and-colour", "Light and colour", Step::Tone { strength: 1.0, model: None }),
        preset("clean-up-noise", "Clean up noise", restore(1.0, 0.0)),
        preset("sharpen-detail", "Sharpen detail", restore(0.3, 1.0)),
        preset("enlarge-2x", "Enlarge 2×", enlarge(2)),
        preset("enlarge-4x", "Enlarge 4×", enlarge(4)),
        preset("rescue-2x", "Enlarge a poor photo 2×", rescue(2)),
        preset("rescue-4x", "Enlarge a poor photo 4×", rescue(4)),
    ]
}

fn preset(id: &str, name: &str, step: Step) -> Preset {
    Preset { id: id.to_owned(), name: name.to_owned(), recipe: Recipe::new(vec![step]) }
}
