//! From a file to an upright picture with its metadata. One module a format; this one opens, guards and stands the picture up.

mod interleaved;
pub(crate) mod jpeg;
pub(crate) mod jpeg_header;
mod plain_formats;
mod png;
mod tiff;
mod tiff_samples;
mod webp;

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::colour;
use crate::error::PhotoError;
use crate::facts::{Header, PhotoFacts};
use crate::limits::Limits;
use crate::metadata::{self, Metadata};
use crate::orientation::{self, Orientation};
use crate::picture::{Channels, Picture};
use crate::sniff::{self, Sniffed, SourceFormat};

/// A photo in memory.
#[derive(Clone, Debug)]
pub struct DecodedPhoto {
    /// Its pixels, upright.
    pub picture: Picture,
    /// What travels beside them.
    pub metadata: Metadata,
    /// What the header said.
    pub facts: PhotoFacts,
    /// What people should know about how it was read; whole sentences.
    pub notes: Vec<String>,
}

impl DecodedPhoto {
    /// The same photo with other pixels, and whatever travels beside them.
    #[must_use]
    pub fn with_picture(&self, picture: Picture) -> Self {
        let mut facts = self.facts.clone();
        (facts.width, facts.height) = (picture.width, picture.height);
        Self { picture, metadata: self.metadata.clone(), facts, notes: self.notes.clone() }
    }
}

/// A file that is a photo, at its first byte.
pub(crate) struct Opened {
    pub(crate) path: PathBuf,
    pub(crate) file: BufReader<File>,
    pub(crate) bytes: u64,
    pub(crate) format: SourceFormat,
}

/// Reads a photo: upright, within the limits.
///
/// # Errors
/// Every [`PhotoError`] that names a photo.
pub fn decode(path: &Path, limits: &Limits) -> Result<DecodedPhoto, PhotoError> {
    guarded(path, || {
        let mut opened = open(path, limits)?;
        let (mut header, mut picture) = read_picture(&mut opened, limits)?;
        orientation::stand_up(&mut picture, Orientation::from_exif(header.orientation));
        let mut notes = std::mem::take(&mut header.notes);
        notes.extend(opened.format.mislabelled(path));
        metadata::settle(&mut header.metadata, picture.channels == Channels::Gray, &mut notes);
        if header.metadata.icc.as_deref().is_some_and(|icc| !colour::is_usable(icc, picture.channels)) {
            notes.push("Its colour profile is kept, but cannot be used here: colours are shown as sRGB.".to_owned());
        }
        header.alpha = picture.alpha.is_some();
        let facts = header.facts(opened.format, opened.bytes);
        Ok(DecodedPhoto { picture, metadata: header.metadata, facts, notes })
    })
}

/// Runs a reader of files so that a panic inside a decoder becomes an error about that file.
pub(crate) fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T, PhotoError>) -> Result<T, PhotoError> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(PhotoError::damaged(path, "it contradicts itself in a way the decoder cannot follow")))
}

/// Opens a file and tells what it is.
pub(crate) fn open(path: &Path, limits: &Limits) -> Result<Opened, PhotoError> {
    let reading = |source| PhotoError::reading(path, source);
    let about = std::fs::metadata(path).map_err(reading)?;
    if about.is_dir() {
        return Err(PhotoError::Folder { path: path.to_path_buf() });
    }
    if !about.is_file() {
        // A pipe or a device could keep us waiting for ever.
        return Err(PhotoError::NotAPhoto { path: path.to_path_buf() });
    }
    if about.len() == 0 {
        return Err(PhotoError::Empty { path: path.to_path_buf() });
    }
    limits.check_file(path, about.len())?;
    let file = File::open(path).map_err(reading)?;
    let mut file = BufReader::with_capacity(64 << 10, file);
    let mut head = Vec::with_capacity(sniff::SNIFF_BYTES);
    (&mut file).take(sniff::SNIFF_BYTES as u64).read_to_end(&mut head).map_err(reading)?;
    file.seek(SeekFrom::Start(0)).map_err(reading)?;
    match sniff::sniff(&head) {
        Sniffed::Known(format) => Ok(Opened { path: path.to_path_buf(), file, bytes: about.len(), format }),
        Sniffed::NotYet(what) => Err(PhotoError::unsupported(path, what)),
        Sniffed::Unknown => Err(PhotoError::NotAPhoto { path: path.to_path_buf() }),
    }
}

/// Reads the header only.
pub(crate) fn read_header(opened: &mut Opened, limits: &Limits) -> Result<Header, PhotoError> {
    match opened.format {
        SourceFormat::Jpeg => jpeg::read_header(opened, limits),
        SourceFormat::Png => png::read_header(opened, limits),
        SourceFormat::Webp => webp::read_header(opened, limits),
        SourceFormat::Tiff => tiff::read_header(opened, limits),
        SourceFormat::Bmp | SourceFormat::Gif => plain_formats::read_header(opened, limits),
    }
}

pub(crate) fn read_picture(opened: &mut Opened, limits: &Limits) -> Result<(Header, Picture), PhotoError> {
    match opened.format {
        SourceFormat::Jpeg => jpeg::read_picture(opened, limits),
        SourceFormat::Png => png::read_picture(opened, limits),
        SourceFormat::Webp => webp::read_picture(opened, limits),
        SourceFormat::Tiff => tiff::read_picture(opened, limits),
        SourceFormat::Bmp | SourceFormat::Gif => plain_formats::read_picture(opened, limits),
    }
}

/// `length` zeroes, or an error when there is no room for them.
pub(crate) fn room<T: Copy + Default>(path: &Path, length: usize) -> Result<Vec<T>, PhotoError> {
    let mut values = Vec::new();
    values.try_reserve_exact(length).map_err(|_| {
        let bytes = (length as u64).saturating_mul(size_of::<T>() as u64);
        PhotoError::OutOfMemory { path: path.to_path_buf(), bytes }
    })?;
    values.resize(length, T::default());
    Ok(values)
}

/// An EXIF block without the `Exif\0\0` that some writers put before it.
pub(crate) fn without_exif_mark(block: &[u8]) -> &[u8] {
    block.strip_prefix(b"Exif\0\0").unwrap_or(block)
}

/// A decoder's message as the end of a sentence.
pub(crate) fn plain(message: &str) -> String {
    message.trim().trim_end_matches('.').replace('\n', " ")
}
