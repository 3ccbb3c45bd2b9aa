//! Tiles for the viewer: small pictures in a form that every web view shows, in sRGB.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::colour::SrgbView;
use crate::error::PhotoError;
use crate::picture::{Channels, Picture, Samples};

/// Quality of tiles: high enough that a comparison at 1:1 is a fair one.
const QUALITY: u8 = 92;

/// A picture as JPEG (quality 92, full colour), or as PNG when it has transparency; in sRGB. Gives the bytes and their MIME type.
///
/// # Errors
/// [`PhotoError::Internal`] when the picture contradicts itself or is wider than a JPEG holds.
pub fn encode_tile(picture: &Picture, icc: Option<&[u8]>) -> Result<(Vec<u8>, &'static str), PhotoError> {
    encode_with(picture, &SrgbView::new(icc, picture.channels), QUALITY)
}

/// The same with a conversion made once for many tiles.
///
/// # Errors
/// As [`encode_tile`].
pub fn encode_tile_with(picture: &Picture, view: &SrgbView) -> Result<(Vec<u8>, &'static str), PhotoError> {
    encode_with(picture, view, QUALITY)
}

pub(crate) fn encode_with(
    picture: &Picture,
    view: &SrgbView,
    quality: u8,
) -> Result<(Vec<u8>, &'static str), PhotoError> {
    let shown = view.convert(picture);
    let Samples::Eight(colour) = shown.colour else {
        return Err(PhotoError::Internal { what: "a tile is not in 8 bits".to_owned() });
    };
    match shown.alpha {
        Some(Samples::Eight(alpha)) => Ok((png(picture, &colour, &alpha)?, "image/png")),
        _ => Ok((jpeg(picture, &colour, quality)?, "image/jpeg")),
    }
}

fn jpeg(picture: &Picture, colour: &[u8], quality: u8) -> Result<Vec<u8>, PhotoError> {
    let refused =
        |error: &dyn std::fmt::Display| PhotoError::Internal { what: format!("a tile could not be made ({error})") };
    let width = u16::try_from(picture.width).map_err(|error| refused(&error))?;
    let height = u16::try_from(picture.height).map_err(|error| refused(&error))?;
    let mut bytes = Vec::with_capacity(colour.len() / 4);
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(SamplingFactor::F_1_1);
    let kind = match picture.channels {
        Channels::Gray => ColorType::Luma,
        Channels::Rgb => ColorType::Rgb,
    };
    encoder.encode(colour, width, height, kind).map_err(|error| refused(&error))?;
    Ok(bytes)
}

fn png(picture: &Picture, colour: &[u8], alpha: &[u8]) -> Result<Vec<u8>, PhotoError> {
    let refused =
        |error: png::EncodingError| PhotoError::Internal { what: format!("a tile could not be made ({error})") };
    let channels = picture.channels.count();
    let mut samples = Vec::with_capacity(colour.len() + alpha.len());
    for (pixel, alpha) in colour.chunks_exact(channels).zip(alpha) {
        samples.extend_from_slice(pixel);
        samples.push(*alpha);
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width, picture.height);
    encoder.set_color(match picture.channels {
        Channels::Gray => png::ColorType::GrayscaleAlpha,
        Channels::Rgb => png::ColorType::Rgba,
    });
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().map_err(refused)?;
    writer.write_image_data(&samples).map_err(refused)?;
    writer.finish().map_err(refused)?;
    Ok(bytes)
}
