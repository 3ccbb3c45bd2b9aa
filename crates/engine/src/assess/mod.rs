//! Auto: what stands out in a photo, by measurement, and the recipe that follows from it.

use pretty_contract::photo::Assessment;
use pretty_contract::recipe::Recipe;
use pretty_photo::DecodedPhoto;

use crate::manifest::Manifest;

/// Looks at a photo.
pub(crate) fn assess(_photo: &DecodedPhoto, _manifest: &Manifest) -> Assessment {
    Assessment { findings: Vec::new(), recipe: Recipe::new(Vec::new()) }
}
