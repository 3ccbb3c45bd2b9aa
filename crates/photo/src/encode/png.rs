//! PNG: 8 and 16 bits, row by row, with profile, EXIF and XMP in their chunks.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Write};

use png::{BitDepth, ColorType, EncodingError, Info};

use super::EncodeFailure;
use super::bands::{Row, RowSource};
use crate::error::PhotoError;
use crate::fingerprint::{Digest, Fingerprint, Kind};
use crate::picture::{Channels, Depth};
use crate::spec::ResultSpec;

/// Size of an IDAT chunk.
const CHUNK: usize = 256 << 10;

pub(super) fn encode(
    spec: &ResultSpec,
    out: &mut File,
    rows: &mut dyn RowSource,
) -> Result<Fingerprint, EncodeFailure> {
    let mut buffered = BufWriter::with_capacity(CHUNK, out);
    let metadata = &spec.metadata;
    let mut info = Info::with_size(spec.width, spec.height);
    info.color_type = match (spec.channels, spec.alpha) {
        (Channels::Gray, false) => ColorType::Grayscale,
        (Channels::Gray, true) => ColorType::GrayscaleAlpha,
        (Channels::Rgb, false) => ColorType::Rgb,
        (Channels::Rgb, true) => ColorType::Rgba,
    };
    info.bit_depth = match spec.depth {
        Depth::Eight => BitDepth::Eight,
        Depth::Sixteen => BitDepth::Sixteen,
    };
    info.icc_profile = metadata.icc.as_deref().map(Cow::Borrowed);
    info.exif_metadata = metadata.exif.as_deref().map(Cow::Borrowed);
    let mut encoder = png::Encoder::with_info(&mut buffered, info).map_err(refused)?;
    if let Some(xmp) = metadata.xmp.as_deref().and_then(|xmp| std::str::from_utf8(xmp).ok()) {
        encoder.add_itxt_chunk("XML:com.adobe.xmp".to_owned(), xmp.to_owned()).map_err(refused)?;
    }
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().map_err(refused)?;
    let mut stream = writer.stream_writer_with_size(CHUNK).map_err(refused)?;
    let mut digest = Digest::new();
    let mut bytes = Vec::new();
    for _ in 0..spec.height {
        let row: &[u8] = match rows.next_row()? {
            Row::Eight(row) => row,
            Row::Sixteen(row) => {
                bytes.clear();
                bytes.extend(row.iter().flat_map(|value| value.to_be_bytes()));
                &bytes
            }
        };
        digest.take_row(row);
        stream.write_all(row).map_err(|source| PhotoError::writing("".as_ref(), source))?;
    }
    stream.finish().map_err(refused)?;
    writer.finish().map_err(refused)?;
    buffered.flush().map_err(|source| PhotoError::writing("".as_ref(), source))?;
    Ok(Fingerprint(Kind::Exact(digest)))
}

fn refused(error: EncodingError) -> EncodeFailure {
    let error = match error {
        EncodingError::IoError(source) => PhotoError::writing("".as_ref(), source),
        other => PhotoError::Internal { what: format!("the PNG encoder refused ({other})") },
    };
    EncodeFailure::Photo(error)
}
