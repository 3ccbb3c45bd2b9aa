//! PNG and TIFF: decoded row by row, strip by strip, and compared exactly.

use std::io::{BufRead, Seek, SeekFrom};

use png::{BitDepth, ColorType};
use tiff::decoder::{Decoder, DecodingResult};
use tiff::tags::Tag;

use super::{check_metadata, check_size, refused};
use crate::error::PhotoError;
use crate::fingerprint::{Digest, Fingerprint, Kind};
use crate::metadata::Metadata;
use crate::metadata::ifd::DirectoryReader;
use crate::picture::{Channels, Depth};
use crate::spec::ResultSpec;

fn compare(digest: Digest, expected: &Fingerprint) -> Result<(), PhotoError> {
    match expected.kind {
        Kind::Exact(sent) if sent == digest => Ok(()),
        _ => Err(refused("the picture is another")),
    }
}

pub(super) fn check_png(
    file: impl BufRead + Seek,
    spec: &ResultSpec,
    expected: &Fingerprint,
) -> Result<(), PhotoError> {
    let failed = |error: png::DecodingError| refused(&format!("it cannot be decoded ({error})"));
    let mut reader =
        png::Decoder::new_with_limits(file, png::Limits { bytes: usize::MAX }).read_info().map_err(failed)?;
    let info = reader.info();
    check_size(spec, info.width, info.height)?;
    let depth = if spec.depth == Depth::Sixteen { BitDepth::Sixteen } else { BitDepth::Eight };
    let colour = match (spec.channels, spec.alpha) {
        (Channels::Gray, false) => ColorType::Grayscale,
        (Channels::Gray, true) => ColorType::GrayscaleAlpha,
        (Channels::Rgb, false) => ColorType::Rgb,
        (Channels::Rgb, true) => ColorType::Rgba,
    };
    if (info.bit_depth, info.color_type) != (depth, colour) {
        return Err(refused("it has another depth or other channels"));
    }
    let metadata = Metadata {
        icc: info.icc_profile.as_deref().map(<[u8]>::to_vec),
        exif: info.exif_metadata.as_deref().map(<[u8]>::to_vec),
        xmp: info.utf8_text.first().and_then(|text| text.get_text().ok()).map(String::into_bytes),
        iptc: None,
    };
    check_metadata(&metadata, &spec.metadata)?;
    let mut digest = Digest::new();
    let mut row = vec![0; reader.output_line_size(spec.width).unwrap_or(0)];
    for _ in 0..spec.height {
        reader.read_row(&mut row).map_err(failed)?.ok_or_else(|| refused("it ends early"))?;
        digest.take_row(&row);
    }
    reader.finish().map_err(failed)?;
    compare(digest, expected)
}

pub(super) fn check_tiff(
    mut file: impl BufRead + Seek,
    spec: &ResultSpec,
    expected: &Fingerprint,
) -> Result<(), PhotoError> {
    check_tiff_metadata(&mut file, spec)?;
    let failed = |error: tiff::TiffError| refused(&format!("it cannot be decoded ({error})"));
    let mut most = tiff::decoder::Limits::default();
    most.ifd_value_size = usize::MAX;
    let mut decoder = Decoder::new(file).map_err(failed)?.with_limits(most);
    let (width, height) = decoder.dimensions().map_err(failed)?;
    check_size(spec, width, height)?;
    let bits: Vec<u16> = decoder.get_tag_u16_vec(Tag::BitsPerSample).map_err(failed)?;
    let samples = spec.channels.count() + usize::from(spec.alpha);
    let depth = if spec.depth == Depth::Sixteen { 16 } else { 8 };
    if bits != vec![depth; samples] {
        return Err(refused("it has another depth or other channels"));
    }
    let mut digest = Digest::new();
    let mut bytes = Vec::new();
    for strip in 0..decoder.strip_count().map_err(failed)? {
        match decoder.read_chunk(strip).map_err(failed)? {
            DecodingResult::U8(values) => values.chunks_exact(spec.row_samples()).for_each(|row| digest.take_row(row)),
            DecodingResult::U16(values) => {
                for row in values.chunks_exact(spec.row_samples()) {
                    bytes.clear();
                    bytes.extend(row.iter().flat_map(|value| value.to_le_bytes()));
                    digest.take_row(&bytes);
                }
            }
            _ => return Err(refused("it has another depth")),
        }
    }
    compare(digest, expected)
}

/// The EXIF block stands at the head of the file as it was sent, but for the offset of the first directory; the other blocks are fields.
fn check_tiff_metadata(file: &mut (impl BufRead + Seek), spec: &ResultSpec) -> Result<(), PhotoError> {
    let reading = |source: std::io::Error| refused(&format!("it cannot be read ({source})"));
    let Some((_, main)) = DirectoryReader::open(&mut *file, u64::MAX >> 1) else {
        return Err(refused("its directory cannot be read"));
    };
    let block = |tag| main.fields.iter().find(|field| field.tag == tag).map(|field| field.value.clone());
    let mut exif = spec.metadata.exif.clone();
    if let Some(sent) = &mut exif {
        file.seek(SeekFrom::Start(0)).map_err(reading)?;
        let mut found = vec![0; sent.len()];
        file.read_exact(&mut found).map_err(reading)?;
        if let (Some(found), Some(sent)) = (found.get_mut(4..8), sent.get(4..8)) {
            found.copy_from_slice(sent);
        }
        exif = Some(found);
    }
    file.seek(SeekFrom::Start(0)).map_err(reading)?;
    let metadata = Metadata { icc: block(34_675), exif, xmp: block(700), iptc: block(33_723) };
    check_metadata(&metadata, &spec.metadata)
}
