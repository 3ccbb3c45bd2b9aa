//! Small copies: for the strip, and to give away.

use std::io::Cursor;
use std::path::Path;

use crate::colour::SrgbView;
use crate::decode::{decode, guarded, jpeg, open, read_header};
use crate::error::PhotoError;
use crate::limits::Limits;
use crate::metadata::exif;
use crate::orientation::{self, Orientation};
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
    if let Some(bytes) = embedded(path, max_side, limits) {
        return Ok(bytes);
    }
    let photo = decode(path, limits)?;
    of_picture(&photo.picture, photo.metadata.icc.as_deref(), max_side, QUALITY)
}

/// A copy to give away: a JPEG in sRGB, upright, its longer side at most `max_side` pixels, made of pixels alone. It holds no metadata of any
/// kind: no location, no camera data, no thumbnail, no name.
///
/// # Errors
/// Every [`PhotoError`] that names a photo.
pub fn copy_without_metadata(path: &Path, max_side: u32, quality: u8, limits: &Limits) -> Result<Vec<u8>, PhotoError> {
    let photo = decode(path, limits)?;
    of_picture(&photo.picture, photo.metadata.icc.as_deref(), max_side, quality)
}

/// The thumbnail that the photo brings with it, when it is large enough and of the photo's shape (one made before a crop is not).
fn embedded(path: &Path, max_side: u32, limits: &Limits) -> Option<Vec<u8>> {
    let mut opened = open(path, limits).ok()?;
    let header = read_header(&mut opened, limits).ok()?;
    let exif = header.metadata.exif.as_deref()?;
    let range = exif::thumbnail_range(exif).filter(|range| range.len() >= 1024)?;
    let bytes = exif.get(range)?;
    let read = || jpeg::read_from(&mut Cursor::new(bytes), bytes.len() as u64, path, limits);
    let (_, mut picture) = guarded(path, read).ok()?;
    let is_large_enough = picture.width.max(picture.height) >= max_side;
    let (shape, own) = (aspect(picture.width, picture.height), aspect(header.width, header.height));
    if !is_large_enough || (shape / own - 1.0).abs() > 0.02 {
        return None;
    }
    orientation::stand_up(&mut picture, Orientation::from_exif(header.orientation));
    of_picture(&picture, header.metadata.icc.as_deref(), max_side, QUALITY).ok()
}

fn aspect(width: u32, height: u32) -> f64 {
    f64::from(width) / f64::from(height)
}

fn of_picture(picture: &Picture, icc: Option<&[u8]>, max_side: u32, quality: u8) -> Result<Vec<u8>, PhotoError> {
    let (width, height) = resize::fitted(picture.width, picture.height, max_side.max(1));
    let mut small = SrgbView::new(icc, picture.channels).convert(&resize::reduce_by_area(picture, width, height));
    if let (Some(Samples::Eight(alpha)), Samples::Eight(colour)) = (small.alpha.take(), &mut small.colour) {
        for (pixel, alpha) in colour.chunks_exact_mut(small.channels.count()).zip(alpha) {
            for value in pixel {
                *value = ((u32::from(*value) * u32::from(alpha) + 255 * (255 - u32::from(alpha)) + 127) / 255) as u8;
            }
        }
    }
    view::encode_with(&small, &SrgbView::new(None, small.channels), quality).map(|(bytes, _)| bytes)
}
