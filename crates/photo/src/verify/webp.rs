//! WebP: decoded whole; exact when lossless, by cell means when lossy.

use std::io::Cursor;

use image_webp::WebPDecoder;

use super::{cells, check_bytes, check_cells, check_metadata, check_size, refused};
use crate::error::PhotoError;
use crate::fingerprint::{Cells, Digest, Fingerprint, Kind};
use crate::metadata::Metadata;
use crate::spec::ResultSpec;

/// How far a cell's mean may stray, in steps of 1/255: colour is stored at half resolution and in video range, and low qualities flatten.
const TOLERANCE: f32 = 12.0;

pub(super) fn check(bytes: &[u8], spec: &ResultSpec, expected: &Fingerprint) -> Result<(), PhotoError> {
    let failed = |error: image_webp::DecodingError| refused(&format!("it cannot be decoded ({error})"));
    check_bytes(bytes, expected)?;
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(failed)?;
    let (width, height) = decoder.dimensions();
    check_size(spec, width, height)?;
    let metadata = Metadata {
        icc: decoder.icc_profile().map_err(failed)?,
        exif: decoder.exif_metadata().map_err(failed)?,
        xmp: decoder.xmp_metadata().map_err(failed)?,
        iptc: None,
    };
    check_metadata(&metadata, &spec.metadata)?;
    // A transparency that no pixel has is left out by the encoder.
    let has_alpha = decoder.has_alpha();
    if has_alpha && !spec.alpha {
        return Err(refused("it has gained transparency"));
    }
    let mut pixels = vec![0; decoder.output_buffer_size().unwrap_or(0)];
    decoder.read_image(&mut pixels).map_err(failed)?;
    let stride = 3 + usize::from(spec.alpha);
    let mut digest = Digest::new();
    let mut found = Cells::new(spec.width, spec.height, stride);
    let mut padded = Vec::new();
    for (y, row) in pixels.chunks_exact(width as usize * if has_alpha { 4 } else { 3 }).enumerate() {
        let row = if spec.alpha && !has_alpha {
            padded.clear();
            padded.extend(row.chunks_exact(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], u8::MAX]));
            &padded
        } else {
            row
        };
        match expected.kind {
            Kind::Exact(_) => digest.take_row(row),
            Kind::Cells(_) => found.take_row(y, row),
        }
    }
    match expected.kind {
        Kind::Exact(sent) if sent == digest => Ok(()),
        Kind::Exact(_) => Err(refused("the picture is another")),
        Kind::Cells(_) => check_cells(&found, cells(expected)?, &[TOLERANCE; 4]),
    }
}
