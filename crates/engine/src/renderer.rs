//! Parts of a result, for previews: the same pixels that [`crate::Engine::enhance`] would write, before encoding.

use std::sync::Arc;

use pretty_contract::recipe::Recipe;
use pretty_photo::DecodedPhoto;
use pretty_photo::picture::Picture;

use crate::cancel::Cancel;
use crate::crew::Aim;
use crate::engine::Shared;
use crate::enhance::framed;
use crate::error::EngineError;
use crate::plan::Plan;
use crate::region::Region;
use crate::rendering::{Purpose, Rendering};

/// Makes any region of one photo's result.
pub struct Renderer {
    rendering: Rendering,
}

impl Renderer {
    pub(crate) fn prepare(
        shared: &Arc<Shared>,
        photo: Arc<DecodedPhoto>,
        recipe: &Recipe,
        device: Option<&str>,
    ) -> Result<Self, EngineError> {
        let plan = Plan::new(recipe, &shared.manifest)?;
        let device = shared.device(device)?;
        let photo = framed(photo, &plan);
        let depth = photo.picture.colour.depth();
        let purpose = Purpose { name: "the photo", depth, aim: Aim::Soonest, held: 0 };
        Ok(Self { rendering: Rendering::prepare(shared, photo, &plan, device, &purpose, &Cancel::default())? })
    }

    /// Pixels of the whole result.
    #[must_use]
    pub fn result_size(&self) -> (u32, u32) {
        let picture = &self.rendering.photo.picture;
        (picture.width * self.scale(), picture.height * self.scale())
    }

    /// How much larger the result is than the photo, each way.
    #[must_use]
    pub fn scale(&self) -> u32 {
        self.rendering.scale
    }

    /// A region of the photo as the recipe frames it (cut at its borders) as it will be in the result: `scale()` times as many pixels each way, in the photo's depth and
    /// channels, with its transparency.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`]; the device and the processor failed; the region lies outside the photo.
    pub fn render(&mut self, region: Region, cancel: &Cancel) -> Result<Picture, EngineError> {
        let picture = &self.rendering.photo.picture;
        let region = region.within(Region::whole(picture.width, picture.height));
        if region.is_empty() {
            return Err(EngineError::Internal("a preview outside the photo was asked for".into()));
        }
        self.rendering.picture(region, cancel)
    }
}
