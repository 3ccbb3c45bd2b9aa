//! What is said of a photo. Places are fractions of the photo as it was sent, from its upper left corner.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use ts_rs::TS;

use crate::recipe::Step;

/// A critique of one photo.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Critique {
    /// In a sentence or two.
    pub summary: String,
    /// What is good.
    pub strengths: Vec<String>,
    /// What could be better, numbered as the pins are.
    pub findings: Vec<CritiqueFinding>,
    /// One a dimension.
    pub scores: Vec<Score>,
    /// What to do about it.
    pub suggestions: Vec<Suggestion>,
    /// Who said it: a model's id, or "sandbox measurements".
    pub measured_by: String,
    /// As asked for.
    #[serde(default)]
    pub strictness: String,
    /// As asked for, or as it was taken.
    #[serde(default)]
    pub genre: String,
    /// Against the critique before, where there was one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

/// What could be better.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CritiqueFinding {
    /// On its pin; from 1.
    pub number: u32,
    /// Of what it speaks.
    pub dimension: Dimension,
    /// A few words.
    pub title: String,
    /// A sentence or two.
    pub text: String,
    /// What it is seen by.
    pub evidence: String,
    /// Where; nowhere in particular when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub region: Option<PhotoRegion>,
    /// How sure it is.
    pub confidence: Confidence,
    /// How much it matters.
    pub severity: Confidence,
}

/// Of what a finding speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Where things are in the frame.
    Composition,
    /// Brightness and its distribution.
    Light,
    /// Colour.
    Colour,
    /// What is sharp.
    Focus,
    /// What it shows.
    Subject,
    /// When it was taken.
    Moment,
    /// How it was taken and finished: noise, exposure settings, processing.
    Technique,
    /// One that this program does not know.
    #[serde(other)]
    Unknown,
}

/// Low, medium or high: how sure, or how much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// A guess; a detail.
    Low,
    /// Fairly.
    Medium,
    /// Sure; a lot.
    High,
    /// One that this program does not know.
    #[serde(other)]
    Unknown,
}

/// A part of a photo, in fractions of its sides.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PhotoRegion {
    /// Left edge, 0 to 1.
    pub x: f32,
    /// Upper edge, 0 to 1.
    pub y: f32,
    /// 0 to 1.
    pub width: f32,
    /// 0 to 1.
    pub height: f32,
}

/// How good a photo is in one dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Score {
    /// Which.
    pub dimension: Dimension,
    /// 1 to 10.
    pub score: u8,
    /// Why.
    pub reason: String,
}

/// What to do about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Suggestion {
    /// The number of the finding that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub finding: Option<u32>,
    /// A sentence.
    pub text: String,
    /// What a machine can do of it; nothing when absent, or when this program does not know how.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known")]
    #[ts(optional)]
    pub action: Option<SuggestedAction>,
}

/// An action of a newer service is none that this program could do, and no reason not to show the rest.
fn known<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SuggestedAction>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Said {
        Known(SuggestedAction),
        Else(IgnoredAny),
    }
    Ok(match Said::deserialize(from)? {
        Said::Known(action) => Some(action),
        Said::Else(_) => None,
    })
}

/// What a machine can do of a suggestion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SuggestedAction {
    /// A step of a recipe.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    Recipe(Step),
    /// Keep this part.
    Crop(PhotoRegion),
    /// Turn it.
    Straighten {
        /// Clockwise.
        degrees: f32,
    },
}

/// What became of a dimension since the critique before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[ts(rename = "CritiqueChange")]
pub struct Change {
    /// Which.
    pub dimension: Dimension,
    /// `better`, `same` or `worse`.
    pub direction: String,
    /// In a sentence.
    pub text: String,
}

/// Which of two photos is stronger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Comparison {
    /// In a sentence or two.
    pub summary: String,
    /// 0 for the first photo, 1 for the second; absent when neither is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub stronger: Option<u8>,
    /// One a dimension.
    pub reasons: Vec<ComparedDimension>,
    /// Who said it.
    pub measured_by: String,
}

/// Two photos in one dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ComparedDimension {
    /// Which.
    pub dimension: Dimension,
    /// 0 for the first photo, 1 for the second; absent when neither is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub stronger: Option<u8>,
    /// Why.
    pub text: String,
}
