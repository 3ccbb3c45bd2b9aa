//! What the viewer asks for and what it gets: tiles, by address, through the `photo:` scheme.
//!
//! Tiles are [`TILE`] pixels a side in the space of their level (smaller at the right and lower edges). Level 0 is the photo at 1:1; level n is
//! reduced by 2 to the n. Addresses under the scheme:
//! `source/<photo>/<level>/<x>/<y>` (a photo that a recipe crops: `framed/<photo>/<turn>,<left>,<top>,<right>,<bottom>/<level>/<x>/<y>`, in hundredths of a
//! degree and ten-thousandths of a side), `preview/<photo>/<recipe key>/<level>/<x>/<y>` and `result/<result key>/<level>/<x>/<y>`, `thumb/<photo>`,
//! `sent/<key>` (a whole JPEG: a copy that was sent to the service).
//! All are immutable. A preview tile at level 0 of a recipe that enlarges has `scale` times as many pixels a side.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::photo::PhotoId;
use crate::recipe::Recipe;

/// Side of a tile in pixels of its level.
pub const TILE: u32 = 512;

/// What is on screen now. Replaces the view before; work for what is no longer in view is dropped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct View {
    /// Which photo.
    pub photo: PhotoId,
    /// What to show of it.
    pub recipe: Recipe,
    /// Level of the pyramid.
    pub level: u32,
    /// Tiles in view, most wanted first (centre outwards).
    pub tiles: Vec<TileAt>,
}

/// A tile's place in its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
pub struct TileAt {
    /// Column, from the left.
    pub x: u32,
    /// Row, from the top.
    pub y: u32,
}

/// A preview tile that can be fetched now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct PreviewTile {
    /// Which photo.
    pub photo: PhotoId,
    /// Key of the recipe, as given back by `set_view`.
    pub recipe_key: String,
    /// Level of the pyramid.
    pub level: u32,
    /// Place in the level.
    pub at: TileAt,
    /// Address under the `photo:` scheme.
    pub address: String,
    /// True when the result will hold exactly these pixels (level 0); false for a reduced stand-in.
    pub is_final: bool,
}
