//! The picture operation behind the cloud models: whoever starts the sandbox can put their own engine in.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{ImageFormat, ImageReader, Limits};

/// How large a picture the built-in enlarger makes, in pixels.
const MOST_PIXELS: u64 = 200_000_000;

/// The file format of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    /// PNG.
    Png,
    /// JPEG at quality 92.
    Jpeg,
}

/// What a model is asked to do.
#[derive(Clone, Debug)]
pub struct EnhanceRequest {
    /// The photo's file, as it was uploaded.
    pub photo: Vec<u8>,
    /// The model, such as `topazlabs/image-upscale`.
    pub model: String,
    /// How many times larger the result is on each side, 1 to 10.
    pub scale: u32,
    /// The result's format.
    pub format: OutputFormat,
}

/// A result.
#[derive(Clone, Debug)]
pub struct Enhanced {
    /// Its file.
    pub file: Vec<u8>,
    /// Who made it and how, a line for the prediction's log.
    pub log: String,
}

/// Why a picture could not be made; the text becomes the prediction's error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EnhanceError(pub String);

/// Makes a photo better. Called on a blocking thread.
pub trait Enhance: Send + Sync + 'static {
    /// The result.
    ///
    /// # Errors
    /// When the photo cannot be read or the result cannot be made.
    fn enhance(&self, request: &EnhanceRequest) -> Result<Enhanced, EnhanceError>;
}

/// Enlarges by Catmull-Rom interpolation. The built-in default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bicubic;

impl Enhance for Bicubic {
    fn enhance(&self, request: &EnhanceRequest) -> Result<Enhanced, EnhanceError> {
        let photo = decode(&request.photo)?;
        let (width, height) = (photo.width() * request.scale, photo.height() * request.scale);
        if u64::from(width) * u64::from(height) > MOST_PIXELS {
            return Err(EnhanceError(format!("The result of {width} x {height} pixels is too large.")));
        }
        let result = if request.scale == 1 { photo } else { photo.resize_exact(width, height, FilterType::CatmullRom) };
        let mut file = Cursor::new(Vec::new());
        match request.format {
            OutputFormat::Png => result.write_to(&mut file, ImageFormat::Png),
            OutputFormat::Jpeg => result.to_rgb8().write_with_encoder(JpegEncoder::new_with_quality(&mut file, 92)),
        }
        .map_err(|problem| EnhanceError(format!("The result could not be written: {problem}")))?;
        let log = format!("Made {} times as large by interpolation, without a model.\n", request.scale);
        Ok(Enhanced { file: file.into_inner(), log })
    }
}

/// Reads a photo within limits.
pub(crate) fn decode(file: &[u8]) -> Result<image::DynamicImage, EnhanceError> {
    let unreadable = |problem: String| EnhanceError(format!("cannot identify image file: {problem}"));
    let mut reader =
        ImageReader::new(Cursor::new(file)).with_guessed_format().map_err(|problem| unreadable(problem.to_string()))?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(30_000);
    limits.max_image_height = Some(30_000);
    limits.max_alloc = Some(1 << 30);
    reader.limits(limits);
    reader.decode().map_err(|problem| unreadable(problem.to_string()))
}

/// Width and height, read from the head of the file only.
pub(crate) fn dimensions(file: &[u8]) -> Option<(u32, u32)> {
    ImageReader::new(Cursor::new(file)).with_guessed_format().ok()?.into_dimensions().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photo_grows_by_its_scale_and_a_broken_one_is_an_error() {
        let mut file = Cursor::new(Vec::new());
        image::RgbImage::from_fn(6, 4, |x, y| image::Rgb([x as u8 * 40, y as u8 * 60, 9]))
            .write_to(&mut file, ImageFormat::Png)
            .unwrap();
        let mut request =
            EnhanceRequest { photo: file.into_inner(), model: "a/b".into(), scale: 3, format: OutputFormat::Jpeg };
        let result = Bicubic.enhance(&request).unwrap().file;
        assert_eq!(image::guess_format(&result).unwrap(), ImageFormat::Jpeg);
        assert_eq!(dimensions(&result), Some((18, 12)));
        request.photo.truncate(20);
        assert!(Bicubic.enhance(&request).is_err());
    }
}
