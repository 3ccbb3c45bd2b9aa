//! What a result will be: size, format, and what goes with it. Says beforehand what its format cannot keep.

use pretty_contract::export::Format;

use crate::decode::DecodedPhoto;
use crate::error::PhotoError;
use crate::metadata::{Metadata, exif};
use crate::picture::{Channels, Depth};

/// What a result will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultSpec {
    /// Pixels, at least 1.
    pub width: u32,
    /// Pixels, at least 1.
    pub height: u32,
    /// Colour channels of the bands that will be sent (WebP turns grey into RGB by itself).
    pub channels: Channels,
    /// Bits a sample in the file.
    pub depth: Depth,
    /// Whether the file holds transparency. Bands may carry it even when not: it is then laid over white.
    pub alpha: bool,
    /// The file's format.
    pub format: Format,
    /// 1 to 100, for JPEG and WebP; WebP is lossless at 100.
    pub quality: u8,
    /// What travels beside the pixels, with dimensions made true.
    pub metadata: Metadata,
}

/// The most bytes of EXIF in a JPEG: one segment, less its length and mark.
const JPEG_EXIF_MOST: usize = 65_535 - 2 - 6;
/// The most bytes of XMP in a JPEG: one segment, less its length and mark.
const JPEG_XMP_MOST: usize = 65_535 - 2 - 29;
/// The most bytes of IPTC in a JPEG: one segment, less its length, mark and resource header.
const JPEG_IPTC_MOST: usize = 65_535 - 2 - 14 - 13;
/// The most bytes of profile in a JPEG: 254 segments.
const JPEG_ICC_MOST: usize = 254 * (65_535 - 2 - 14);

impl ResultSpec {
    /// The result of this photo at this size in this format, and what cannot be kept, as sentences.
    #[must_use]
    pub fn for_photo(
        photo: &DecodedPhoto,
        width: u32,
        height: u32,
        format: Format,
        quality: u8,
    ) -> (Self, Vec<String>) {
        let mut notes = Vec::new();
        let deep = photo.picture.colour.depth() == Depth::Sixteen;
        let holds_sixteen = matches!(format, Format::Png | Format::Tiff);
        if deep && !holds_sixteen {
            notes.push(format!("{} holds 8 bits a channel; the photo's 16 were rounded.", name(format)));
        }
        let has_alpha = photo.picture.alpha.is_some();
        if has_alpha && format == Format::Jpeg {
            notes.push("JPEG holds no transparency; the picture was laid over white.".to_owned());
        }
        let mut metadata = photo.metadata.clone();
        if format == Format::Webp && photo.picture.channels == Channels::Gray && metadata.icc.take().is_some() {
            notes.push("WebP holds no grey pictures, so the grey colour profile is left out.".to_owned());
        }
        if let Some(block) = &mut metadata.exif {
            exif::set_dimensions(block, width, height);
        }
        drop_what_does_not_fit(&mut metadata, format, &mut notes);
        let spec = Self {
            width,
            height,
            channels: photo.picture.channels,
            depth: if deep && holds_sixteen { Depth::Sixteen } else { Depth::Eight },
            alpha: has_alpha && format != Format::Jpeg,
            format,
            quality: quality.clamp(1, 100),
            metadata,
        };
        (spec, notes)
    }

    /// Bytes that writing it holds until the last band has come: WebP's encoder wants the whole picture, the others a row or a strip.
    #[must_use]
    pub fn held_by_encoder(&self) -> u64 {
        match self.format {
            Format::Webp => u64::from(self.width) * u64::from(self.height) * (3 + u64::from(self.alpha)),
            Format::Jpeg | Format::Png | Format::Tiff => 0,
        }
    }

    /// Whether the format can hold this result; asked before any work begins.
    ///
    /// # Errors
    /// [`PhotoError::FormatCannotHold`] with the format's limit.
    pub fn check(&self) -> Result<(), PhotoError> {
        let side = self.width.max(self.height);
        let cannot = |what: String| Err(PhotoError::FormatCannotHold { format: name(self.format), what });
        let most = match self.format {
            Format::Jpeg => 65_500,
            Format::Webp => 16_383,
            Format::Png | Format::Tiff => i32::MAX as u32,
        };
        if self.width == 0 || self.height == 0 {
            return cannot("it has no pixels".to_owned());
        }
        if side > most {
            return cannot(format!(
                "it is {} × {} pixels and a {} holds {most} a side",
                self.width,
                self.height,
                name(self.format)
            ));
        }
        if self.depth == Depth::Sixteen && matches!(self.format, Format::Jpeg | Format::Webp) {
            return cannot("it holds 8 bits a channel".to_owned());
        }
        if self.alpha && self.format == Format::Jpeg {
            return cannot("it holds no transparency".to_owned());
        }
        let bytes =
            self.row_samples() as u64 * u64::from(self.height) * if self.depth == Depth::Sixteen { 2 } else { 1 };
        if self.format == Format::Tiff && bytes > 4_000_000_000 {
            return cannot("its pixels take more than the 4 GB that a TIFF holds".to_owned());
        }
        Ok(())
    }

    /// Colour samples of a row.
    pub(crate) fn row_colours(&self) -> usize {
        self.width as usize * self.channels.count()
    }

    /// Samples of a row, transparency counted.
    pub(crate) fn row_samples(&self) -> usize {
        self.width as usize * (self.channels.count() + usize::from(self.alpha))
    }
}

/// The format's name in the field.
pub(crate) fn name(format: Format) -> &'static str {
    match format {
        Format::Jpeg => "JPEG",
        Format::Png => "PNG",
        Format::Webp => "WebP",
        Format::Tiff => "TIFF",
    }
}

fn drop_what_does_not_fit(metadata: &mut Metadata, format: Format, notes: &mut Vec<String>) {
    if format == Format::Jpeg {
        let too_long = [
            (&mut metadata.exif, JPEG_EXIF_MOST, "EXIF block"),
            (&mut metadata.xmp, JPEG_XMP_MOST, "XMP packet"),
            (&mut metadata.iptc, JPEG_IPTC_MOST, "IPTC block"),
            (&mut metadata.icc, JPEG_ICC_MOST, "colour profile"),
        ];
        for (block, most, what) in too_long {
            if block.as_ref().is_some_and(|block| block.len() > most) {
                *block = None;
                notes.push(format!("The photo's {what} is larger than a JPEG holds and is left out."));
            }
        }
    }
    if metadata.xmp.as_deref().is_some_and(|packet| format == Format::Png && std::str::from_utf8(packet).is_err()) {
        metadata.xmp = None;
        notes.push("The photo's XMP packet is not UTF-8, which PNG asks for, and is left out.".to_owned());
    }
    if metadata.iptc.is_some() && matches!(format, Format::Png | Format::Webp) {
        metadata.iptc = None;
        notes.push(format!("{} holds no IPTC fields; they are left out.", name(format)));
    }
}
