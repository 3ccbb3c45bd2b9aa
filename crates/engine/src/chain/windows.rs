//! Which pixels each stage needs so that a tile equals the whole.
//!
//! A convolution sees zeros outside the picture, so a tile's halo must stop exactly where the picture does; inside, the halo must reach as far as
//! the receptive field. A model with a stride sees the picture padded to a multiple of it by repeating the last row and column, and its tiles
//! start on multiples of the stride.

use super::Stage;
use crate::pixels::Tile;
use crate::provider::TileShape;
use crate::region::Region;

/// What one stage takes and gives for a tile.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Window {
    /// What it needs of its input picture.
    pub(crate) input: Region,
    /// What its model sees: `input` and, at the right and lower border, what is added to reach a multiple of the stride.
    pub(crate) padded: Region,
    /// What it gives, in pixels of its output picture.
    pub(crate) output: Region,
}

/// Backwards from the wanted region of the photo to what the first stage needs.
pub(super) fn windows(stages: &[Stage], photo: (u32, u32), region: Region, shape: TileShape) -> Vec<Window> {
    let mut sizes = vec![photo];
    for stage in stages {
        let (width, height) = sizes[sizes.len() - 1];
        sizes.push((width * stage.scale(), height * stage.scale()));
    }
    let scale: u32 = stages.iter().map(Stage::scale).product();
    let sides = sides(stages, shape);
    let mut wanted = region.enlarged(scale);
    let mut windows: Vec<Window> = Vec::with_capacity(stages.len());
    for ((stage, &(width, height)), &side) in stages.iter().zip(&sizes).zip(&sides).rev() {
        let real = Region::whole(width, height);
        let stride = stage.stride();
        let bounds = real.aligned(stride);
        let halo = stage.reach().next_multiple_of(stride);
        let mut padded = wanted.reduced(stage.scale()).aligned(stride).grown(halo, bounds);
        if side > 0 && stage.model().is_some() {
            padded = padded.filled(side, bounds);
        }
        let input = padded.within(real);
        windows.push(Window { input, padded, output: wanted });
        wanted = input;
    }
    windows.reverse();
    windows
}

/// The side of each stage's fixed window: the device's for the first, and for each one after it what the one before can give without its own
/// window growing. 0 where windows are as they come.
pub(super) fn sides(stages: &[Stage], shape: TileShape) -> Vec<u32> {
    let TileShape::Fixed(device) = shape else { return vec![0; stages.len()] };
    let mut possible = device;
    stages
        .iter()
        .map(|stage| {
            let stride = stage.stride();
            let side = possible.min(device) / stride * stride;
            let halo = stage.reach().next_multiple_of(stride);
            // What comes after starts anywhere, and is widened to multiples of the stride.
            let widening = if stride > 1 { stride } else { 0 };
            possible = side.saturating_sub(2 * halo + widening).saturating_mul(stage.scale());
            side
        })
        .collect()
}

/// The planes that a model sees, when they are not the tile itself.
pub(super) fn pad(tile: &Tile, window: &Window) -> Option<Vec<f32>> {
    if tile.region == window.padded {
        return None;
    }
    let (width, height) = (window.padded.width as usize, window.padded.height as usize);
    let (tile_width, tile_height) = (tile.width(), tile.height());
    let left = (window.padded.x - tile.region.x) as usize;
    let top = (window.padded.y - tile.region.y) as usize;
    let known = (tile_width - left).min(width);
    let mut padded = Vec::with_capacity(3 * width * height);
    for plane in 0..3 {
        let plane = &tile.planes[plane * tile.area()..][..tile.area()];
        for row in 0..height {
            let line = &plane[(top + row).min(tile_height - 1) * tile_width..][..tile_width];
            padded.extend_from_slice(&line[left..left + known]);
            padded.extend(std::iter::repeat_n(line[tile_width - 1], width - known));
        }
    }
    Some(padded)
}
