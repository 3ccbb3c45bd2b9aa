//! BMP and GIF: formats without metadata that this program reads but does not write.

use std::io::{BufRead, Seek, SeekFrom};
use std::path::Path;

use image::codecs::bmp::BmpDecoder;
use image::codecs::gif::GifDecoder;
use image::{ColorType, ImageDecoder, ImageError};

use super::interleaved::take_alpha_out;
use super::{Opened, plain, room};
use crate::error::PhotoError;
use crate::facts::Header;
use crate::limits::Limits;
use crate::metadata::Metadata;
use crate::picture::{Channels, Picture, Samples};
use crate::sniff::SourceFormat;

pub(super) fn read_header(opened: &mut Opened, limits: &Limits) -> Result<Header, PhotoError> {
    let path = opened.path.clone();
    match opened.format {
        SourceFormat::Bmp => {
            let mut decoder = BmpDecoder::new(&mut opened.file).map_err(|error| refused(&path, error))?;
            header_of(&mut decoder, &path, limits)
        }
        _ => {
            let mut decoder = GifDecoder::new(&mut opened.file).map_err(|error| refused(&path, error))?;
            header_of(&mut decoder, &path, limits)
        }
    }
}

pub(super) fn read_picture(opened: &mut Opened, limits: &Limits) -> Result<(Header, Picture), PhotoError> {
    let path = opened.path.clone();
    if opened.format == SourceFormat::Bmp {
        let decoder = BmpDecoder::new(&mut opened.file).map_err(|error| refused(&path, error))?;
        return picture_of(decoder, &path, limits);
    }
    let is_animation = count_gif_pictures(&mut opened.file) > 1;
    opened.file.seek(SeekFrom::Start(0)).map_err(|source| PhotoError::reading(&path, source))?;
    let decoder = GifDecoder::new(&mut opened.file).map_err(|error| refused(&path, error))?;
    let (mut header, picture) = picture_of(decoder, &path, limits)?;
    if is_animation {
        header.notes.push("It is an animation; its first picture was read.".to_owned());
    }
    Ok((header, picture))
}

fn header_of(decoder: &mut impl ImageDecoder, path: &Path, limits: &Limits) -> Result<Header, PhotoError> {
    let (width, height) = decoder.dimensions();
    let (channels, alpha) = match decoder.color_type() {
        ColorType::L8 => (Channels::Gray, false),
        ColorType::Rgb8 => (Channels::Rgb, false),
        ColorType::Rgba8 => (Channels::Rgb, true),
        other => return Err(PhotoError::unsupported(path, format!("a picture of the kind {other:?}"))),
    };
    limits.check_size(path, u64::from(width), u64::from(height), 5)?;
    let icc = decoder.icc_profile().ok().flatten().filter(|icc| icc.len() <= limits.max_metadata_bytes);
    Ok(Header {
        width,
        height,
        bits: 8,
        channels,
        alpha,
        metadata: Metadata { icc, ..Metadata::default() },
        orientation: 1,
        jpeg_quality: None,
        notes: Vec::new(),
    })
}

fn picture_of(mut decoder: impl ImageDecoder, path: &Path, limits: &Limits) -> Result<(Header, Picture), PhotoError> {
    let mut header = header_of(&mut decoder, path, limits)?;
    let size = usize::try_from(decoder.total_bytes()).unwrap_or(usize::MAX);
    let mut values: Vec<u8> = room(path, size)?;
    decoder.read_image(&mut values).map_err(|error| refused(path, error))?;
    let mut alpha = None;
    if header.alpha {
        let plane = take_alpha_out(&mut values, header.channels.count());
        // GIF decodes to RGBA whether or not a pixel is transparent.
        header.alpha = plane.iter().any(|&value| value != u8::MAX);
        alpha = header.alpha.then_some(Samples::Eight(plane));
    }
    let picture = Picture {
        width: header.width,
        height: header.height,
        channels: header.channels,
        colour: Samples::Eight(values),
        alpha,
    };
    Ok((header, picture))
}

/// How many pictures a GIF holds: 0, 1, or 2 for more. Stops at the first oddity; the decoder will say what is wrong.
fn count_gif_pictures(reader: &mut (impl BufRead + Seek)) -> u32 {
    let mut pictures = 0;
    let _ = walk_gif(reader, &mut pictures);
    pictures
}

fn walk_gif(reader: &mut (impl BufRead + Seek), pictures: &mut u32) -> std::io::Result<()> {
    reader.seek(SeekFrom::Start(10))?;
    let table_bytes = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3_i64 << (1 + (flags & 7)) };
    let mut byte = [0];
    reader.read_exact(&mut byte)?;
    reader.seek_relative(2 + table_bytes(byte[0]))?;
    while *pictures < 2 {
        reader.read_exact(&mut byte)?;
        match byte[0] {
            0x21 => reader.seek_relative(1)?,
            0x2C => {
                *pictures += 1;
                let mut place = [0; 9];
                reader.read_exact(&mut place)?;
                reader.seek_relative(table_bytes(place[8]) + 1)?;
            }
            _ => return Ok(()),
        }
        loop {
            reader.read_exact(&mut byte)?;
            if byte[0] == 0 {
                break;
            }
            reader.seek_relative(i64::from(byte[0]))?;
        }
    }
    Ok(())
}

fn refused(path: &Path, error: ImageError) -> PhotoError {
    match error {
        ImageError::IoError(source) => PhotoError::reading(path, source),
        ImageError::Limits(_) => {
            PhotoError::TooLarge { path: path.to_path_buf(), limit: "it unpacks to more than the limit".to_owned() }
        }
        ImageError::Unsupported(what) => {
            PhotoError::unsupported(path, format!("a picture of a rare kind ({})", plain(&what.to_string())))
        }
        other => PhotoError::undecodable(path, &other.to_string()),
    }
}
