//! Reads a result back and compares it with what was sent.
//!
//! PNG, TIFF and lossless WebP must equal it sample by sample; lossy WebP is decoded and compared by cell means. A large JPEG is not decoded to
//! pixels: every bit of it is read as far as the coefficients, and the mean of every block, which the file states, is compared. That finds lost,
//! swapped and damaged data at a fraction of the time. The bytes of lossy files are also compared with those that the encoder gave out.

mod jpeg;
mod jpeg_blocks;
mod lossless;
mod webp;

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use pretty_contract::export::Format;

use crate::decode::guarded;
use crate::error::PhotoError;
use crate::fingerprint::{Cells, Fingerprint, Kind, digest_of};
use crate::metadata::Metadata;
use crate::spec::ResultSpec;

/// Reads the result in `file` back: every byte of it, and compares size, depth, channels, metadata and picture with what was sent.
///
/// # Errors
/// [`PhotoError::ResultRefused`] when anything differs by more than the format's own loss.
pub fn verify_file(file: &mut File, spec: &ResultSpec, expected: &Fingerprint) -> Result<(), PhotoError> {
    let nowhere = Path::new("");
    let checked = guarded(nowhere, || {
        let reading = |source| PhotoError::reading(nowhere, source);
        file.seek(SeekFrom::Start(0)).map_err(reading)?;
        match spec.format {
            Format::Jpeg => {
                let length = file.metadata().map_err(reading)?.len();
                let mut bytes = Vec::new();
                bytes
                    .try_reserve_exact(length as usize)
                    .map_err(|_| PhotoError::OutOfMemory { path: nowhere.to_path_buf(), bytes: length })?;
                file.read_to_end(&mut bytes).map_err(reading)?;
                jpeg::check(&bytes, spec, expected)
            }
            Format::Webp => {
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes).map_err(reading)?;
                webp::check(&bytes, spec, expected)
            }
            Format::Png => lossless::check_png(BufReader::with_capacity(256 << 10, file), spec, expected),
            Format::Tiff => lossless::check_tiff(BufReader::with_capacity(256 << 10, file), spec, expected),
        }
    });
    match checked {
        Ok(()) => Ok(()),
        Err(error @ (PhotoError::ResultRefused { .. } | PhotoError::OutOfMemory { .. })) => Err(error),
        Err(PhotoError::Unreadable { source, .. }) => Err(refused(&format!("it could not be read ({source})"))),
        Err(PhotoError::Damaged { what, detail, .. }) => Err(refused(&detail.unwrap_or(what))),
        Err(PhotoError::EndsEarly { .. }) => Err(refused("it ends early")),
        Err(other) => Err(refused(&format!("it could not be read ({other})"))),
    }
}

fn refused(what: &str) -> PhotoError {
    PhotoError::ResultRefused { what: what.to_owned() }
}

fn check_size(spec: &ResultSpec, width: u32, height: u32) -> Result<(), PhotoError> {
    if (width, height) == (spec.width, spec.height) { Ok(()) } else { Err(refused("it has another size")) }
}

fn check_metadata(found: &Metadata, expected: &Metadata) -> Result<(), PhotoError> {
    let blocks = [
        (&found.icc, &expected.icc, "its colour profile is another"),
        (&found.exif, &expected.exif, "its EXIF block is another"),
        (&found.xmp, &expected.xmp, "its XMP packet is another"),
        (&found.iptc, &expected.iptc, "its IPTC fields are others"),
    ];
    for (found, expected, what) in blocks {
        if found != expected {
            return Err(refused(what));
        }
    }
    Ok(())
}

/// Compares a whole file with the bytes that the encoder gave out.
fn check_bytes(bytes: &[u8], expected: &Fingerprint) -> Result<(), PhotoError> {
    match expected.bytes {
        Some(sent) if sent == digest_of(bytes) => Ok(()),
        _ => Err(refused("its bytes are not those that were written")),
    }
}

/// The cells that were sent, where the result is lossy.
fn cells(expected: &Fingerprint) -> Result<&Cells, PhotoError> {
    match &expected.kind {
        Kind::Cells(cells) => Ok(cells),
        Kind::Exact(_) => Err(PhotoError::Internal { what: "a fingerprint of another format was compared".to_owned() }),
    }
}

/// Compares cell means; `tolerance` is in steps of 1/255, per channel.
fn check_cells(found: &Cells, expected: &Cells, tolerance: &[f32]) -> Result<(), PhotoError> {
    for row in 0..expected.height.div_ceil(crate::fingerprint::CELL) {
        for column in 0..expected.columns() {
            for (channel, tolerance) in tolerance.iter().enumerate().take(expected.channels) {
                let difference = (found.mean(column, row, channel) - expected.mean(column, row, channel)).abs();
                if difference > *tolerance {
                    return Err(refused("a part of the picture is another"));
                }
            }
        }
    }
    Ok(())
}
