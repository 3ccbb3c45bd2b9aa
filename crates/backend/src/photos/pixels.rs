//! What is done to pixels here: see that a file is a photo and nothing else, scale it down, write it anew without metadata.
//!
//! A stored photo is always written anew from its pixels (upright, sRGB, 8 bits), so that no position, no name, no thumbnail and no second file
//! behind the picture survives. Everything here reads files that strangers made, and blocks: it is done in the [darkroom](super::darkroom) only,
//! which is a process of its own.

mod second_file;

use crate::photos::sketch::Sketch;
use pretty_contract::export::Format;
use pretty_contract::problem::Code;
use pretty_photo::colour::SrgbView;
use pretty_photo::picture::{Band, Depth, Picture};
use pretty_photo::resize::reduce_by_area;
use pretty_photo::{Limits, Metadata, PhotoError, ResultSpec, SourceFormat};
use second_file::refuse_second_file;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

/// Quality of stored photos: a second loss that nobody sees.
const STORED_QUALITY: u8 = 95;
/// Smaller is no photo, and no model takes it.
const LEAST_SIDE: u32 = 16;

/// Why a file is not taken, as a sentence for the person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PixelError {
    /// It is not a photo, or not one that is taken.
    #[error("{0}")]
    Refused(String),
    /// A fault of ours: no memory, no disk.
    #[error("the photo cannot be worked on: {0}")]
    Fault(String),
}

impl From<PhotoError> for PixelError {
    fn from(error: PhotoError) -> Self {
        let refused = |text: &str| Self::Refused(text.to_owned());
        // The error's own sentence names a file of ours.
        match error.code() {
            Code::FileEmpty | Code::NotAPhoto => refused("The file is not a photo."),
            Code::FileDamaged => refused("The photo is damaged or ends early."),
            Code::TooLarge => refused("The photo is too large."),
            Code::UnsupportedPhoto => refused("This kind of photo cannot be read."),
            _ => Self::Fault(format!("{:?}", error.code())),
        }
    }
}

impl From<std::io::Error> for PixelError {
    fn from(error: std::io::Error) -> Self {
        Self::Fault(error.to_string())
    }
}

/// A picture's file, written here.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The file.
    pub bytes: Vec<u8>,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// `image/jpeg` or `image/png`.
    pub media_type: &'static str,
}

/// What a file shows, without writing it anew.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// By its bytes.
    pub media_type: &'static str,
    /// What it shows, roughly.
    pub sketch: Sketch,
}

/// How large a copy may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fit {
    /// Pixels of the longer side.
    LongEdge(u32),
    /// Pixels in all.
    Pixels(u64),
}

impl Fit {
    /// The size of the copy; never larger than the photo.
    pub fn size(self, width: u32, height: u32) -> (u32, u32) {
        match self {
            Self::LongEdge(most) => pretty_photo::resize::fitted(width, height, most),
            Self::Pixels(most) => {
                let pixels = u64::from(width) * u64::from(height);
                if pixels <= most {
                    return (width, height);
                }
                let scale = (most as f64 / pixels as f64).sqrt();
                let side = |side: u32| ((f64::from(side) * scale).floor() as u32).max(1);
                (side(width), side(height))
            }
        }
    }
}

/// The kinds that are taken and written.
pub(super) const MEDIA_TYPES: [&str; 3] = ["image/jpeg", "image/png", "image/webp"];

fn media_type_of(format: SourceFormat) -> Option<&'static str> {
    match format {
        SourceFormat::Jpeg => Some("image/jpeg"),
        SourceFormat::Png => Some("image/png"),
        SourceFormat::Webp => Some("image/webp"),
        SourceFormat::Tiff | SourceFormat::Bmp | SourceFormat::Gif => None,
    }
}

/// An uploaded file as it is stored, or why it is not.
pub(super) fn develop(file: &[u8], media_type: &str, folder: &Path, limits: &Limits) -> Result<Written, PixelError> {
    refuse_second_file(file)?;
    let (picture, format) = decode(file, folder, limits)?;
    if media_type_of(format) != Some(media_type) {
        return Err(PixelError::Refused(format!("The file is not what it is said to be: it is {}.", format.name())));
    }
    if picture.width.min(picture.height) < LEAST_SIDE {
        return Err(PixelError::Refused(format!("The photo is too small: the least is {LEAST_SIDE} pixels a side.")));
    }
    let format = if format == SourceFormat::Png { Format::Png } else { Format::Jpeg };
    write(picture, format, STORED_QUALITY)
}

/// A smaller JPEG copy of a stored photo.
pub(super) fn copy(file: &[u8], fit: Fit, quality: u8, folder: &Path, limits: &Limits) -> Result<Written, PixelError> {
    let (picture, _) = decode(file, folder, limits)?;
    let (width, height) = fit.size(picture.width, picture.height);
    write(reduce_by_area(&picture, width, height), Format::Jpeg, quality)
}

/// What a file from outside shows.
pub(super) fn foreign(file: &[u8], folder: &Path, limits: &Limits) -> Result<Seen, PixelError> {
    refuse_second_file(file)?;
    seen(file, folder, limits)
}

/// What a stored photo shows. It was written here, so nothing else can be in it, and what looks like it is chance.
pub(super) fn seen(file: &[u8], folder: &Path, limits: &Limits) -> Result<Seen, PixelError> {
    let (picture, format) = decode(file, folder, limits)?;
    let media_type =
        media_type_of(format).ok_or_else(|| PixelError::Refused("Not a kind that is taken.".to_owned()))?;
    let sketch = Sketch::of(&picture);
    Ok(Seen { width: picture.width, height: picture.height, media_type, sketch })
}

/// Reads a file: upright, sRGB, 8 bits.
fn decode(file: &[u8], folder: &Path, limits: &Limits) -> Result<(Picture, SourceFormat), PixelError> {
    let mut named = tempfile::NamedTempFile::new_in(folder)?;
    named.write_all(file)?;
    named.flush()?;
    let photo = pretty_photo::decode(named.path(), limits)?;
    let view = SrgbView::new(photo.metadata.icc.as_deref(), photo.picture.channels);
    Ok((view.convert(&photo.picture), photo.facts.source))
}

/// Writes a picture without anything beside its pixels.
fn write(picture: Picture, format: Format, quality: u8) -> Result<Written, PixelError> {
    let (width, height) = (picture.width, picture.height);
    let spec = ResultSpec {
        width,
        height,
        channels: picture.channels,
        depth: Depth::Eight,
        alpha: format == Format::Png && picture.alpha.is_some(),
        format,
        quality,
        metadata: Metadata::default(),
    };
    let band = Band { top: 0, height, colour: picture.colour, alpha: picture.alpha };
    let mut file = tempfile::tempfile()?;
    let mut bands = std::iter::once(Ok::<_, std::convert::Infallible>(band));
    let written = pretty_photo::encode(&spec, &mut file, &mut bands);
    written.map_err(|error| PixelError::Fault(error.to_string()))?;
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    let media_type = if format == Format::Png { "image/png" } else { "image/jpeg" };
    Ok(Written { bytes, width, height, media_type })
}

/// The SHA-256 of a file, hexadecimal.
pub fn checksum(file: &[u8]) -> String {
    Sha256::digest(file).iter().map(|byte| format!("{byte:02x}")).collect()
}
