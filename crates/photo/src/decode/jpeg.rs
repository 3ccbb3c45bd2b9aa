//! JPEG: baseline and progressive, grey, RGB, YCbCr, CMYK and YCCK.

use std::io::{BufRead, Read, Seek};
use std::path::Path;

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::{Opened, jpeg_header, jpeg_header::JpegHeader, room};
use crate::error::PhotoError;
use crate::facts::Header;
use crate::limits::Limits;
use crate::picture::{Channels, Picture, Samples};

pub(super) fn read_header(opened: &mut Opened, limits: &Limits) -> Result<Header, PhotoError> {
    let header = jpeg_header::read(&mut opened.file, &opened.path, limits.max_metadata_bytes)?;
    settled(header, &opened.path, limits).map(|(header, _)| header)
}

pub(super) fn read_picture(opened: &mut Opened, limits: &Limits) -> Result<(Header, Picture), PhotoError> {
    read_from(&mut opened.file, opened.bytes, &opened.path, limits)
}

/// Reads a JPEG of `bytes` bytes; `path` is for errors.
pub(crate) fn read_from(
    reader: &mut (impl BufRead + Seek),
    bytes: u64,
    path: &Path,
    limits: &Limits,
) -> Result<(Header, Picture), PhotoError> {
    let parsed = jpeg_header::read(reader, path, limits.max_metadata_bytes)?;
    let (mut header, mut stream) = settled(parsed, path, limits)?;
    let reading = |source| PhotoError::reading(path, source);
    let scan_at = reader.stream_position().map_err(reading)?;
    let rest = usize::try_from(bytes.saturating_sub(scan_at)).unwrap_or(usize::MAX);
    stream.try_reserve_exact(rest).map_err(|_| PhotoError::OutOfMemory { path: path.to_path_buf(), bytes })?;
    let scan_from = stream.len();
    reader.take(rest as u64).read_to_end(&mut stream).map_err(reading)?;

    let out = match header.channels {
        Channels::Gray => ColorSpace::Luma,
        Channels::Rgb => ColorSpace::RGB,
    };
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_out_colorspace(out);
    let mut values: Vec<u8> = room(path, header.width as usize * header.height as usize * header.channels.count())?;
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&stream), options);
    let outcome = decoder.decode_into(&mut values);
    let has_end = has_end_mark(&stream[scan_from..]);
    if let Err(error) = outcome {
        return Err(if has_end {
            PhotoError::undecodable(path, &error.to_string())
        } else {
            PhotoError::ends_early(path)
        });
    }
    if !has_end {
        // The decoder has found data for all rows but, possibly, the last few: a file whose writer forgot the mark.
        header.notes.push("Its end mark is missing; the last rows may be incomplete.".to_owned());
    }
    let picture = Picture {
        width: header.width,
        height: header.height,
        channels: header.channels,
        colour: Samples::Eight(values),
        alpha: None,
    };
    Ok((header, picture))
}

/// Checks the size and turns the parsed header into the common one; also gives the clean header for the decoder.
fn settled(parsed: JpegHeader, path: &Path, limits: &Limits) -> Result<(Header, Vec<u8>), PhotoError> {
    let channels = match parsed.components {
        1 => Channels::Gray,
        3 | 4 => Channels::Rgb,
        count => return Err(PhotoError::unsupported(path, format!("a JPEG with {count} channels"))),
    };
    // A progressive picture is held as coefficients of two bytes beside the samples.
    let bytes_per_pixel =
        channels.count() as u64 + if parsed.process == 0xC2 { u64::from(parsed.components) * 2 } else { 0 };
    limits.check_size(path, u64::from(parsed.width), u64::from(parsed.height), bytes_per_pixel)?;
    let mut metadata = parsed.metadata;
    let mut notes = parsed.notes;
    if parsed.components == 4 {
        metadata.icc = None;
        notes.push(
            "It holds printing inks (CMYK); it was converted to RGB, and its ink profile is left out.".to_owned(),
        );
    }
    let header = Header {
        width: u32::from(parsed.width),
        height: u32::from(parsed.height),
        bits: 8,
        channels,
        alpha: false,
        metadata,
        orientation: 1,
        jpeg_quality: parsed.quality,
        notes,
    };
    Ok((header.orientation_from_exif(), parsed.essential))
}

/// Whether an EOI marker stands in the scans. Inside entropy-coded data 0xFF is always followed by 0 or by a marker.
fn has_end_mark(scans: &[u8]) -> bool {
    // Most files end with it, some with a second picture or padding behind it.
    scans.ends_with(&[0xFF, 0xD9]) || scans.windows(2).any(|pair| pair == [0xFF, 0xD9])
}
