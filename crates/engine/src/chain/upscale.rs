//! Enlarging: the plain bicubic enlargement, the model's, or anything in between by strength.

use rayon::prelude::*;

use super::{Fault, Window, run_picture};
use crate::bicubic::{self, Source};
use crate::cancel::Cancel;
use crate::pixels::Tile;
use crate::provider::ModelSession;
use crate::region::Region;

/// `bicubic + strength * (model - bicubic)`, clamped; without a session the bicubic enlargement. `tile` covers `window.input`.
pub(super) fn run(
    session: Option<&mut dyn ModelSession>,
    tile: &Tile,
    window: &Window,
    scale: u32,
    strength: f32,
    cancel: &Cancel,
) -> Result<Tile, Fault> {
    let Some(session) = session else {
        return Ok(plain(tile, window, scale));
    };
    let mut enlarged = if strength < 1.0 { plain_unclamped(tile, window, scale) } else { Tile::empty(window.output) };
    let seen = window.padded.enlarged(scale);
    let (seen_width, seen_area) = (seen.width as usize, seen.area() as usize);
    let (left, top) = ((window.output.x - seen.x) as usize, (window.output.y - seen.y) as usize);
    let (width, height) = (enlarged.width(), enlarged.height());
    run_picture(session, tile, window, (3, scale), cancel, |result| {
        enlarged.planes.par_chunks_mut(width).enumerate().for_each(|(index, line)| {
            let (plane, row) = (index / height, index % height);
            let made = &result[plane * seen_area + (top + row) * seen_width + left..][..width];
            if strength < 1.0 {
                for (value, made) in line.iter_mut().zip(made) {
                    *value = (*value + strength * (made - *value)).clamp(0.0, 1.0);
                }
            } else {
                for (value, made) in line.iter_mut().zip(made) {
                    *value = made.clamp(0.0, 1.0);
                }
            }
        });
    })?;
    Ok(enlarged)
}

fn plain(tile: &Tile, window: &Window, scale: u32) -> Tile {
    let mut enlarged = plain_unclamped(tile, window, scale);
    enlarged.planes.par_iter_mut().for_each(|value| *value = value.clamp(0.0, 1.0));
    enlarged
}

fn plain_unclamped(tile: &Tile, window: &Window, scale: u32) -> Tile {
    // Only the picture's own borders are repeated: a tile's region that stops short of them holds all the pixels that are looked at.
    let source = Source { planes: &tile.planes, region: tile.region, size: reaching(tile.region) };
    Tile { region: window.output, planes: bicubic::enlarge(source, scale, window.output) }
}

/// The tile's windows end at the picture's border or a halo beyond what is wanted, so repeating the tile's own far edge never shows inside.
fn reaching(region: Region) -> (u32, u32) {
    (region.right(), region.bottom())
}
