//! JPEG: header and metadata, then the picture: large ones by the means that the blocks state, small ones decoded.

use std::io::{Cursor, Seek};
use std::path::Path;

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::jpeg_blocks::Tables;
use super::{cells, check_cells, check_metadata, check_size, refused};
use crate::decode::jpeg_header;
use crate::error::PhotoError;
use crate::fingerprint::{CELL, Cells, Fingerprint};
use crate::picture::Channels;
use crate::spec::ResultSpec;

/// Below this many pixels, decoding costs nothing that anyone would notice.
const SMALL: u64 = 1_000_000;

pub(super) fn check(bytes: &[u8], spec: &ResultSpec, expected: &Fingerprint) -> Result<(), PhotoError> {
    if !bytes.starts_with(&[0xFF, 0xD8]) || !bytes.ends_with(&[0xFF, 0xD9]) {
        return Err(refused("it has lost its beginning or its end"));
    }
    let mut reader = Cursor::new(bytes);
    let header = jpeg_header::read(&mut reader, Path::new(""), usize::MAX)?;
    check_size(spec, u32::from(header.width), u32::from(header.height))?;
    if usize::from(header.components) != spec.channels.count() {
        return Err(refused("it has other channels"));
    }
    check_metadata(&header.metadata, &spec.metadata)?;
    let expected = cells(expected)?;
    let scan_at = reader.stream_position().unwrap_or(0) as usize;
    let tables = Tables::read(&header.essential).ok_or_else(|| refused("its tables are damaged"))?;
    // Block means speak of whole cells only; a narrow picture has too few of them.
    let is_small =
        u64::from(spec.width) * u64::from(spec.height) < SMALL || spec.width.min(spec.height) < 8 * CELL as u32;
    let scan = bytes.get(scan_at..bytes.len() - 2).unwrap_or_default();
    if is_small { check_pixels(bytes, spec, expected, &tables) } else { check_blocks(scan, spec, expected, &tables) }
}

fn check_pixels(bytes: &[u8], spec: &ResultSpec, expected: &Cells, tables: &Tables) -> Result<(), PhotoError> {
    let out = match spec.channels {
        Channels::Gray => ColorSpace::Luma,
        Channels::Rgb => ColorSpace::YCbCr,
    };
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_out_colorspace(out);
    let pixels = JpegDecoder::new_with_options(ZCursor::new(bytes), options)
        .decode()
        .map_err(|error| refused(&format!("it cannot be decoded ({error})")))?;
    let mut found = Cells::new(spec.width, spec.height, spec.channels.count());
    for (y, row) in pixels.chunks_exact(spec.row_colours()).enumerate() {
        found.take_row(y, row);
    }
    // Cells at the edges can be a pixel wide, where nothing averages the loss away.
    let tolerance: Vec<f32> = tables.steps(spec.channels).map(|step| step + 8.0).collect();
    check_cells(&found, expected, &tolerance)
}

fn check_blocks(scan: &[u8], spec: &ResultSpec, expected: &Cells, tables: &Tables) -> Result<(), PhotoError> {
    let found = tables.block_means(scan, spec).ok_or_else(|| refused("its picture data is damaged"))?;
    for row in 0..spec.height as usize / CELL {
        for column in 0..spec.width as usize / CELL {
            for (channel, step) in tables.steps(spec.channels).enumerate() {
                // A block's mean is off by half a step at most; one more level for the roundings on the way.
                let tolerance = step / 2.0 + 1.0;
                let mean = found.mean(column, row, channel);
                if (mean - expected.mean(column, row, channel)).abs() > tolerance {
                    return Err(refused("a part of the picture is another"));
                }
            }
        }
    }
    Ok(())
}
