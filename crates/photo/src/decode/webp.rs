//! WebP: lossy and lossless, transparency, the first picture of an animation.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use image_webp::{DecodingError, WebPDecoder};

use super::interleaved::take_alpha_out;
use super::{Opened, room, without_exif_mark};
use crate::error::PhotoError;
use crate::facts::Header;
use crate::limits::Limits;
use crate::metadata::Metadata;
use crate::picture::{Channels, Picture, Samples};

type Decoder<'a> = WebPDecoder<&'a mut std::io::BufReader<std::fs::File>>;

pub(super) fn read_header(opened: &mut Opened, limits: &Limits) -> Result<Header, PhotoError> {
    start(opened, limits).map(|(_, header)| header)
}

pub(super) fn read_picture(opened: &mut Opened, limits: &Limits) -> Result<(Header, Picture), PhotoError> {
    let path = opened.path.clone();
    let (mut decoder, mut header) = start(opened, limits)?;
    let size = decoder.output_buffer_size().ok_or_else(|| PhotoError::damaged(&path, "its size is impossible"))?;
    let mut values: Vec<u8> = room(&path, size)?;
    decoder.read_image(&mut values).map_err(|error| refused(&path, error))?;
    let mut alpha = None;
    if header.alpha {
        let plane = take_alpha_out(&mut values, 3);
        // The header may promise a transparency that no pixel has.
        header.alpha = plane.iter().any(|&value| value != u8::MAX);
        alpha = header.alpha.then_some(Samples::Eight(plane));
    }
    let picture = Picture {
        width: header.width,
        height: header.height,
        channels: Channels::Rgb,
        colour: Samples::Eight(values),
        alpha,
    };
    Ok((header, picture))
}

fn start<'a>(opened: &'a mut Opened, limits: &Limits) -> Result<(Decoder<'a>, Header), PhotoError> {
    let path = opened.path.clone();
    check_length(opened)?;
    let mut decoder = WebPDecoder::new(&mut opened.file).map_err(|error| refused(&path, error))?;
    decoder.set_memory_limit(usize::try_from(limits.max_picture_bytes).unwrap_or(usize::MAX));
    let (width, height) = decoder.dimensions();
    // Colours, transparency, and the planes that they are decoded from.
    limits.check_size(&path, u64::from(width), u64::from(height), 6)?;
    let mut notes = Vec::new();
    if decoder.is_animated() {
        notes.push("It is an animation; its first picture was read.".to_owned());
    }
    let within = |block: Result<Option<Vec<u8>>, DecodingError>| {
        block.ok().flatten().filter(|block| block.len() <= limits.max_metadata_bytes)
    };
    let metadata = Metadata {
        icc: within(decoder.icc_profile()),
        exif: within(decoder.exif_metadata()).map(|block| without_exif_mark(&block).to_vec()),
        xmp: within(decoder.xmp_metadata()),
        iptc: None,
    };
    let header = Header {
        width,
        height,
        bits: 8,
        channels: Channels::Rgb,
        alpha: decoder.has_alpha(),
        metadata,
        orientation: 1,
        jpeg_quality: None,
        notes,
    };
    Ok((decoder, header.orientation_from_exif()))
}

/// The container says how long it is; a shorter file has lost its end.
fn check_length(opened: &mut Opened) -> Result<(), PhotoError> {
    let reading = |source| PhotoError::reading(&opened.path, source);
    let mut head = [0; 8];
    opened.file.read_exact(&mut head).map_err(reading)?;
    opened.file.seek(SeekFrom::Start(0)).map_err(reading)?;
    let [.., a, b, c, d] = head;
    if u64::from(u32::from_le_bytes([a, b, c, d])) + 8 > opened.bytes + 1 {
        return Err(PhotoError::ends_early(&opened.path));
    }
    Ok(())
}

fn refused(path: &Path, error: DecodingError) -> PhotoError {
    match error {
        DecodingError::IoError(source) => PhotoError::reading(path, source),
        DecodingError::ImageTooLarge | DecodingError::MemoryLimitExceeded => {
            PhotoError::TooLarge { path: path.to_path_buf(), limit: "it unpacks to more than the limit".to_owned() }
        }
        DecodingError::UnsupportedFeature(what) => PhotoError::unsupported(path, format!("a WebP with {what}")),
        other => PhotoError::undecodable(path, &other.to_string()),
    }
}
