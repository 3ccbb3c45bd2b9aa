//! Taking noise and artefacts away and undoing mild blur: the photo plus two residuals, each by its strength.

use rayon::prelude::*;

use super::{Fault, Window, run_picture};
use crate::cancel::Cancel;
use crate::pixels::Tile;
use crate::provider::ModelSession;

/// `photo + denoise * residuals[0..3] + detail * residuals[3..6]`, clamped. `tile` covers `window.input`.
pub(super) fn run(
    session: &mut dyn ModelSession,
    tile: &Tile,
    window: &Window,
    denoise: f32,
    detail: f32,
    cancel: &Cancel,
) -> Result<Tile, Fault> {
    let mut restored = Tile::empty(window.output);
    let (seen_width, seen_area) = (window.padded.width as usize, window.padded.area() as usize);
    let (left, top) = ((window.output.x - window.padded.x) as usize, (window.output.y - window.padded.y) as usize);
    let (tile_left, tile_top) =
        ((window.output.x - tile.region.x) as usize, (window.output.y - tile.region.y) as usize);
    let (width, height) = (restored.width(), restored.height());
    run_picture(session, tile, window, (6, 1), cancel, |residuals| {
        restored.planes.par_chunks_mut(width).enumerate().for_each(|(index, line)| {
            let (plane, row) = (index / height, index % height);
            let at = (top + row) * seen_width + left;
            let noise = &residuals[plane * seen_area + at..][..width];
            let blur = &residuals[(plane + 3) * seen_area + at..][..width];
            let photo = &tile.planes[plane * tile.area() + (tile_top + row) * tile.width() + tile_left..][..width];
            for column in 0..width {
                line[column] = (photo[column] + denoise * noise[column] + detail * blur[column]).clamp(0.0, 1.0);
            }
        });
    })?;
    Ok(restored)
}
