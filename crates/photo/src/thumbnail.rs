//! A small picture for the strip.

use std::path::Path;

use crate::colour::SrgbView;
use crate::decode::decode;
use crate::error::PhotoError;
use crate::limits::Limits;
use crate::picture::{Picture, Samples};
use crate::resize;
use crate::view;

/// Quality of thumbnails.
const QUALITY: u8 = 85;

/// A small JPEG of the photo, in sRGB, upright, its longer side at most `max_side` pixels; transparency is laid over white.
///
/// # Errors
/// Every [`PhotoError`] that names a photo.
pub fn thumbnail(path: &Path, max_side: u32, limits: &Limits) -> Result<Vec<u8>, PhotoError> {
    let photo = decode(path, limits)?;
    of_picture(&photo.picture, photo.metadata.icc.as_deref(), max_side)
}

fn of_picture(picture: &Picture, icc: Option<&[u8]>, max_side: u32) -> Result<Vec<u8>, PhotoError> {
    let (width, height) = resize::fitted(picture.width, picture.height, max_side.max(1));
    let mut small = SrgbView::new(icc, picture.channels).convert(&resize::reduce_by_area(picture, width, height));
    if let (Some(Samples::Eight(alpha)), Samples::Eight(colour)) = (small.alpha.take(), &mut small.colour) {
        for (pixel, alpha) in colour.chunks_exact_mut(small.channels.count()).zip(alpha) {
            for value in pixel {
                *value = ((u32::from(*value) * u32::from(alpha) + 255 * (255 - u32::from(alpha)) + 127) / 255) as u8;
            }
        }
    }
    view::encode_with(&small, &SrgbView::new(None, small.channels), QUALITY).map(|(bytes, _)| bytes)
}
