//! JPEG: header and metadata, then the picture: large ones by the means that the blocks state, small ones decoded.

use std::io::{Cursor, Seek};
use std::path::Path;

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::jpeg_blocks::Tables;
use super::{cells, check_bytes, check_cells, check_metadata, check_size, refused};
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
    check_bytes(bytes, expected)?;
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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::io::{Read, SeekFrom};

    use pretty_contract::export::Format;

    use super::*;
    use crate::encode::encode;
    use crate::fingerprint::{Kind, digest_of};
    use crate::metadata::Metadata;
    use crate::picture::{Band, Depth, Samples};

    fn spec(channels: Channels, quality: u8) -> ResultSpec {
        let metadata = Metadata::default();
        let (width, height) = (1309, 1117);
        ResultSpec {
            width,
            height,
            channels,
            depth: Depth::Eight,
            alpha: false,
            format: Format::Jpeg,
            quality,
            metadata,
        }
    }

    /// A picture as a file; `mark` is added to one cell of it.
    fn written(spec: &ResultSpec, mark: u8) -> (Vec<u8>, Fingerprint) {
        let channels = spec.channels.count();
        let value = |y: u32, at: usize| {
            let x = at / channels;
            let inside = (640..704).contains(&y) && (640..704).contains(&x);
            ((x / 7 + y as usize / 5 + at % channels * 40) % 180) as u8 + if inside { mark } else { 0 }
        };
        let mut bands = (0..spec.height).map(|y| {
            let row = (0..spec.row_colours()).map(|at| value(y, at)).collect();
            Ok::<_, Infallible>(Band { top: y, height: 1, colour: Samples::Eight(row), alpha: None })
        });
        let mut file = tempfile::tempfile().unwrap();
        let fingerprint = encode(spec, &mut file, &mut bands).unwrap();
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(0)).unwrap();
        file.read_to_end(&mut bytes).unwrap();
        (bytes, fingerprint)
    }

    /// The encoder's own bytes, but not what it was sent: the means of the blocks tell, at every sampling.
    #[test]
    fn a_fault_of_the_encoder_shows_in_the_means() {
        for (quality, channels) in
            [(92, Channels::Rgb), (80, Channels::Rgb), (60, Channels::Gray), (100, Channels::Rgb)]
        {
            let spec = spec(channels, quality);
            let (bytes, sent) = written(&spec, 0);
            check(&bytes, &spec, &sent).unwrap();
            let (other, _) = written(&spec, 12);
            let claimed = Fingerprint { kind: sent.kind.clone(), bytes: Some(digest_of(&other)) };
            assert!(check(&other, &spec, &claimed).is_err(), "{quality}");
        }
    }

    /// Data that breaks off, repeats or jumps is found without the digest.
    #[test]
    fn broken_data_is_found_while_reading_it() {
        let spec = spec(Channels::Rgb, 90);
        let (bytes, sent) = written(&spec, 0);
        let Kind::Cells(_) = &sent.kind else { panic!("a JPEG is lossy") };
        let middle = bytes.len() / 2;
        let damage = [
            [&bytes[..middle], &[0xFF, 0xD9]].concat(),
            [&bytes[..middle], &bytes[middle + 5..]].concat(),
            [&bytes[..middle], &[0; 512], &bytes[middle + 512..]].concat(),
            [&bytes[..middle], &bytes[8192..12288], &bytes[middle + 4096..]].concat(),
        ];
        for (index, damaged) in damage.iter().enumerate() {
            let claimed = Fingerprint { kind: sent.kind.clone(), bytes: Some(digest_of(damaged)) };
            assert!(check(damaged, &spec, &claimed).is_err(), "damage {index}");
        }
    }
}
