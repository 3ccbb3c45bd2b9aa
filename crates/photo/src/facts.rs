//! What is known of a photo once its header has been read.

use std::path::Path;

use pretty_contract::export::Format;

use crate::colour;
use crate::decode;
use crate::error::PhotoError;
use crate::limits::Limits;
use crate::metadata::{self, Metadata};
use crate::orientation::Orientation;
use crate::picture::Channels;
use crate::sniff::SourceFormat;

/// What is known of a photo once its header has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhotoFacts {
    /// Pixels, upright.
    pub width: u32,
    /// Pixels, upright.
    pub height: u32,
    /// What the file is, by its bytes.
    pub source: SourceFormat,
    /// Bits a channel in the file (1 to 32).
    pub bits: u8,
    /// Colour channels once decoded.
    pub channels: Channels,
    /// Whether there is transparency.
    pub alpha: bool,
    /// Name of the colour profile ("Display P3"); `None` when there is none.
    pub profile: Option<String>,
    /// Size of the file.
    pub bytes: u64,
    /// The format in which a result is written unless another is chosen.
    pub writes: Format,
    /// For a JPEG, the quality (1 to 100) at which it was written, as far as its tables tell.
    pub jpeg_quality: Option<u8>,
}

/// A header as the decoders read it, before orientation is applied.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    /// Pixels, as in the file.
    pub(crate) width: u32,
    /// Pixels, as in the file.
    pub(crate) height: u32,
    pub(crate) bits: u8,
    pub(crate) channels: Channels,
    pub(crate) alpha: bool,
    /// As in the file: nothing patched yet.
    pub(crate) metadata: Metadata,
    /// EXIF tag 274, from wherever the format keeps it.
    pub(crate) orientation: u16,
    pub(crate) jpeg_quality: Option<u8>,
    pub(crate) notes: Vec<String>,
}

impl Header {
    pub(crate) fn facts(&self, source: SourceFormat, bytes: u64) -> PhotoFacts {
        let (width, height) = Orientation::from_exif(self.orientation).upright(self.width, self.height);
        PhotoFacts {
            width,
            height,
            source,
            bits: self.bits,
            channels: self.channels,
            alpha: self.alpha,
            profile: self.metadata.icc.as_deref().and_then(colour::profile_name),
            bytes,
            writes: source.writes(),
            jpeg_quality: self.jpeg_quality,
        }
    }

    /// Reads the orientation off the EXIF block.
    pub(crate) fn orientation_from_exif(mut self) -> Self {
        self.orientation = metadata::orientation(&self.metadata);
        self
    }
}

/// Reads a photo's header: cheap, a few kilobytes of most files.
///
/// # Errors
/// Every [`PhotoError`] that names a photo; a damaged picture behind a sound header shows only when decoding.
pub fn probe(path: &Path, limits: &Limits) -> Result<PhotoFacts, PhotoError> {
    decode::guarded(path, || {
        let mut opened = decode::open(path, limits)?;
        let mut header = decode::read_header(&mut opened, limits)?;
        metadata::settle(&mut header.metadata, header.channels == Channels::Gray, &mut Vec::new());
        Ok(header.facts(opened.format, opened.bytes))
    })
}
