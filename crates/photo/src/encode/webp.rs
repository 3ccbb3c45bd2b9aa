//! WebP through libwebp: lossy below quality 100, lossless at 100. The encoder wants the whole picture, so memory grows with it.

use std::fs::File;
use std::io::Write;

use webp::{Encoder, PixelLayout, WebPConfig};

use super::EncodeFailure;
use super::bands::{Row, RowSource};
use crate::error::PhotoError;
use crate::fingerprint::{Cells, Digest, Digesting, Fingerprint, Kind};
use crate::picture::Channels;
use crate::spec::ResultSpec;

const HAS_ICC: u8 = 0x20;
const HAS_ALPHA: u8 = 0x10;
const HAS_EXIF: u8 = 0x08;
const HAS_XMP: u8 = 0x04;

pub(super) fn encode(
    spec: &ResultSpec,
    out: &mut File,
    rows: &mut dyn RowSource,
) -> Result<Fingerprint, EncodeFailure> {
    let stride = 3 + usize::from(spec.alpha);
    let size = spec.width as usize * spec.height as usize * stride;
    let mut pixels: Vec<u8> = Vec::new();
    pixels.try_reserve_exact(size).map_err(|_| PhotoError::OutOfMemory { path: "".into(), bytes: size as u64 })?;
    let is_lossless = spec.quality == 100;
    let mut digest = Digest::new();
    let mut cells = Cells::new(spec.width, spec.height, stride);
    for y in 0..spec.height as usize {
        let Row::Eight(row) = rows.next_row()? else {
            return Err(PhotoError::Internal { what: "a WebP was sent 16 bits".to_owned() }.into());
        };
        let from = pixels.len();
        push_rgb(row, spec, &mut pixels);
        if is_lossless {
            digest.take_row(&pixels[from..]);
        } else {
            cells.take_row(y, &pixels[from..]);
        }
    }
    let encoded = compress(&pixels, spec, is_lossless)?;
    drop(pixels);
    let file = with_metadata(&encoded, spec)?;
    let mut out = Digesting::new(out);
    for part in [&file.head, file.picture, &file.tail] {
        out.write_all(part).map_err(|source| PhotoError::writing("".as_ref(), source))?;
    }
    let kind = if is_lossless { Kind::Exact(digest) } else { Kind::Cells(cells) };
    Ok(Fingerprint { kind, bytes: Some(out.finish()) })
}

/// A row as RGB or RGBA: WebP knows no grey.
fn push_rgb(row: &[u8], spec: &ResultSpec, pixels: &mut Vec<u8>) {
    match (spec.channels, spec.alpha) {
        (Channels::Rgb, _) => pixels.extend_from_slice(row),
        (Channels::Gray, false) => pixels.extend(row.iter().flat_map(|&value| [value; 3])),
        (Channels::Gray, true) => {
            let (pairs, _) = row.as_chunks::<2>();
            pixels.extend(pairs.iter().flat_map(|&[value, alpha]| [value, value, value, alpha]));
        }
    }
}

fn compress(pixels: &[u8], spec: &ResultSpec, is_lossless: bool) -> Result<webp::WebPMemory, PhotoError> {
    let refused = |what: &str| PhotoError::Internal { what: format!("the WebP encoder refused ({what})") };
    let mut config = WebPConfig::new().map_err(|()| refused("its settings"))?;
    config.lossless = i32::from(is_lossless);
    config.quality = if is_lossless { 50.0 } else { f32::from(spec.quality) };
    config.method = if is_lossless { 2 } else { 4 };
    config.thread_level = 1;
    // Colour under full transparency belongs to the photo too.
    config.exact = 1;
    let layout = if spec.alpha { PixelLayout::Rgba } else { PixelLayout::Rgb };
    let encoder = Encoder::new(pixels, layout, spec.width, spec.height);
    encoder.encode_advanced(&config).map_err(|error| match error {
        webp::WebPEncodingError::VP8_ENC_ERROR_OUT_OF_MEMORY
        | webp::WebPEncodingError::VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY => {
            PhotoError::OutOfMemory { path: "".into(), bytes: pixels.len() as u64 * 3 }
        }
        webp::WebPEncodingError::VP8_ENC_ERROR_PARTITION0_OVERFLOW
        | webp::WebPEncodingError::VP8_ENC_ERROR_PARTITION_OVERFLOW => PhotoError::FormatCannotHold {
            format: "WebP",
            what: "it has more detail than a lossy WebP holds".to_owned(),
        },
        other => refused(&format!("{other:?}")),
    })
}

/// A WebP file in three pieces, so that the picture is not copied.
struct Pieces<'a> {
    head: Vec<u8>,
    picture: &'a [u8],
    tail: Vec<u8>,
}

/// Puts the metadata around the picture chunks (WebP container specification, "Extended File Format").
fn with_metadata<'a>(encoded: &'a [u8], spec: &ResultSpec) -> Result<Pieces<'a>, PhotoError> {
    let broken = || PhotoError::Internal { what: "the WebP encoder wrote no WebP".to_owned() };
    let metadata = &spec.metadata;
    let blocks = [(&metadata.icc, HAS_ICC), (&metadata.exif, HAS_EXIF), (&metadata.xmp, HAS_XMP)];
    if blocks.iter().all(|(block, _)| block.is_none()) {
        return Ok(Pieces { head: Vec::new(), picture: encoded, tail: Vec::new() });
    }
    let chunks = encoded.get(12..).ok_or_else(broken)?;
    let mut flags = blocks.iter().filter(|(block, _)| block.is_some()).fold(0, |flags, (_, flag)| flags | flag);
    let picture = match chunks.get(..9).ok_or_else(broken)? {
        // The encoder's own extended header makes way for ours, its transparency flag is kept.
        [b'V', b'P', b'8', b'X', _, _, _, _, own] => {
            flags |= own & HAS_ALPHA;
            chunks.get(18..).ok_or_else(broken)?
        }
        [b'V', b'P', b'8', b'L', ..] => {
            // Bit 28 of the lossless header tells whether there is transparency.
            flags |= if chunks.get(12).ok_or_else(broken)? & 0x10 == 0 { 0 } else { HAS_ALPHA };
            chunks
        }
        _ => chunks,
    };
    let mut head = b"RIFF\0\0\0\0WEBPVP8X\x0A\0\0\0".to_vec();
    head.extend([flags, 0, 0, 0]);
    head.extend(&(spec.width - 1).to_le_bytes()[..3]);
    head.extend(&(spec.height - 1).to_le_bytes()[..3]);
    push_chunk(&mut head, *b"ICCP", metadata.icc.as_deref());
    let mut tail = Vec::new();
    push_chunk(&mut tail, *b"EXIF", metadata.exif.as_deref());
    push_chunk(&mut tail, *b"XMP ", metadata.xmp.as_deref());
    let size = u32::try_from(head.len() + picture.len() + tail.len() - 8).map_err(|_| broken())?;
    head[4..8].copy_from_slice(&size.to_le_bytes());
    Ok(Pieces { head, picture, tail })
}

fn push_chunk(file: &mut Vec<u8>, name: [u8; 4], block: Option<&[u8]>) {
    if let Some(block) = block {
        file.extend(name);
        file.extend((block.len() as u32).to_le_bytes());
        file.extend(block);
        if block.len() % 2 == 1 {
            file.push(0);
        }
    }
}
