//! How soft a photo is, from the photo alone.
//!
//! Crété, Dolmière, Ladret, Nicolas, "The blur effect: perception and estimation with a new no-reference perceptual blur metric" (SPIE 6492, 2007):
//! blur the picture once more and see how much of the difference between neighbours is lost. A sharp one loses most, a blurred one little.

use pretty_photo::picture::Picture;

use super::luma;
use crate::region::Region;

/// Side of the part in the middle that is looked at.
const PART: u32 = 1024;
/// Pixels of the mean that blurs, to either side.
const REACH: usize = 4;

/// 0 is sharp, 1 is blurred; 0 for a photo that is too small or too plain to tell.
pub(super) fn blur(picture: &Picture) -> f64 {
    let (width, height) = (picture.width.min(PART), picture.height.min(PART));
    if width.min(height) < 4 * REACH as u32 {
        return 0.0;
    }
    let part = Region { x: (picture.width - width) / 2, y: (picture.height - height) / 2, width, height };
    let plane = luma(picture, part);
    let (width, height) = (width as usize, height as usize);
    let across = lost(&plane, (width, height), (1, width));
    let down = lost(&plane, (height, width), (width, 1));
    across.max(down)
}

/// The share of the differences along lines that survives blurring along them. `along` and `next` are the distances of neighbours on a line and of
/// lines.
fn lost(plane: &[f32], (length, lines): (usize, usize), (along, next): (usize, usize)) -> f64 {
    let (mut before, mut vanished) = (0.0f64, 0.0f64);
    let mut blurred = vec![0.0f32; length];
    for line in 0..lines {
        let at = |index: usize| plane[line * next + index * along];
        for (index, value) in blurred.iter_mut().enumerate() {
            let (first, last) = (index.saturating_sub(REACH), (index + REACH).min(length - 1));
            *value = (first..=last).map(at).sum::<f32>() / (last - first + 1) as f32;
        }
        for index in 1..length {
            let sharp = f64::from((at(index) - at(index - 1)).abs());
            let soft = f64::from((blurred[index] - blurred[index - 1]).abs());
            before += sharp;
            vanished += (sharp - soft).max(0.0);
        }
    }
    // Under a tenth of a step a pixel there is nothing to judge.
    if before < 0.1 * plane.len() as f64 { 0.0 } else { (before - vanished) / before }
}
