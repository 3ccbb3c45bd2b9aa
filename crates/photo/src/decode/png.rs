//! PNG: every colour type and depth; below 8 bits becomes 8, palettes become RGB, `tRNS` becomes transparency.

use std::io::{BufRead, Seek, SeekFrom};

use png::{BitDepth, ColorType, DecodingError, Transformations};

use super::{Opened, room};
use crate::error::PhotoError;
use crate::facts::Header;
use crate::limits::Limits;
use crate::metadata::Metadata;
use crate::picture::{Channels, Picture, Samples};

type Reader<'a> = png::Reader<&'a mut std::io::BufReader<std::fs::File>>;

pub(super) fn read_header(opened: &mut Opened, limits: &Limits) -> Result<Header, PhotoError> {
    let path = opened.path.clone();
    let reader = start(opened, limits)?;
    header_of(&reader, &path, limits)
}

pub(super) fn read_picture(opened: &mut Opened, limits: &Limits) -> Result<(Header, Picture), PhotoError> {
    let path = opened.path.clone();
    let mut reader = start(opened, limits)?;
    let mut header = header_of(&reader, &path, limits)?;
    let refused = |error| refused(&path, error);
    let (_, depth) = reader.output_color_type();
    let pixels = header.width as usize * header.height as usize;
    let mut planes = if depth == BitDepth::Sixteen {
        Planes::Sixteen(
            room(&path, pixels * header.channels.count())?,
            room(&path, if header.alpha { pixels } else { 0 })?,
        )
    } else {
        Planes::Eight(
            room(&path, pixels * header.channels.count())?,
            room(&path, if header.alpha { pixels } else { 0 })?,
        )
    };
    let row_bytes =
        reader.output_line_size(header.width).ok_or_else(|| PhotoError::damaged(&path, "its rows have no length"))?;
    if reader.info().interlaced {
        let size = reader.output_buffer_size().ok_or_else(|| PhotoError::damaged(&path, "its size is impossible"))?;
        let mut all: Vec<u8> = room(&path, size)?;
        reader.next_frame(&mut all).map_err(refused)?;
        for (y, row) in all.chunks_exact(row_bytes).enumerate() {
            planes.take_row(y, row, &header);
        }
    } else {
        let mut row: Vec<u8> = room(&path, row_bytes)?;
        for y in 0..header.height as usize {
            if reader.read_row(&mut row).map_err(refused)?.is_none() {
                return Err(PhotoError::ends_early(&path));
            }
            planes.take_row(y, &row, &header);
        }
    }
    if reader.finish().is_err() {
        header.notes.push("Its picture is whole, but what follows it in the file is damaged.".to_owned());
    }
    header.metadata = metadata_of(reader.info(), limits);
    let header = header.orientation_from_exif();
    let (colour, alpha) = planes.finish(header.alpha);
    Ok((
        header.clone(),
        Picture { width: header.width, height: header.height, channels: header.channels, colour, alpha },
    ))
}

fn start<'a>(opened: &'a mut Opened, limits: &Limits) -> Result<Reader<'a>, PhotoError> {
    let path = opened.path.clone();
    opened.file.seek(SeekFrom::Start(0)).map_err(|source| PhotoError::reading(&path, source))?;
    let bytes = limits.max_metadata_bytes.saturating_mul(4);
    let mut decoder = png::Decoder::new_with_limits(&mut opened.file, png::Limits { bytes });
    decoder.set_transformations(Transformations::EXPAND);
    let info = decoder.read_header_info().map_err(|error| refused(&path, error))?;
    let bytes_per_pixel = info.color_type.samples() as u64 * if info.bit_depth == BitDepth::Sixteen { 2 } else { 1 };
    // A palette grows to RGB and perhaps transparency; an interlaced picture is held twice for a moment.
    let bytes_per_pixel = if info.color_type == ColorType::Indexed { 4 } else { bytes_per_pixel };
    let bytes_per_pixel = bytes_per_pixel * if info.interlaced { 2 } else { 1 };
    limits.check_size(&path, u64::from(info.width), u64::from(info.height), bytes_per_pixel)?;
    decoder.read_info().map_err(|error| refused(&path, error))
}

fn header_of<R: BufRead + Seek>(
    reader: &png::Reader<R>,
    path: &std::path::Path,
    limits: &Limits,
) -> Result<Header, PhotoError> {
    let info = reader.info();
    let (channels, alpha) = match reader.output_color_type().0 {
        ColorType::Grayscale => (Channels::Gray, false),
        ColorType::GrayscaleAlpha => (Channels::Gray, true),
        ColorType::Rgb => (Channels::Rgb, false),
        ColorType::Rgba => (Channels::Rgb, true),
        ColorType::Indexed => return Err(PhotoError::damaged(path, "its palette is missing")),
    };
    let mut notes = Vec::new();
    if info.animation_control.is_some_and(|animation| animation.num_frames > 1) {
        notes.push("It is an animation; its first picture was read.".to_owned());
    }
    let header = Header {
        width: info.width,
        height: info.height,
        bits: info.bit_depth as u8,
        channels,
        alpha,
        metadata: metadata_of(info, limits),
        orientation: 1,
        jpeg_quality: None,
        notes,
    };
    Ok(header.orientation_from_exif())
}

fn metadata_of(info: &png::Info<'_>, limits: &Limits) -> Metadata {
    let within = |block: &[u8]| (block.len() <= limits.max_metadata_bytes).then(|| block.to_vec());
    let xmp = info.utf8_text.iter().find(|chunk| chunk.keyword == "XML:com.adobe.xmp").and_then(|chunk| {
        let mut chunk = chunk.clone();
        chunk.decompress_text_with_limit(limits.max_metadata_bytes).ok()?;
        chunk.get_text().ok().map(String::into_bytes)
    });
    Metadata {
        icc: info.icc_profile.as_deref().and_then(within),
        exif: info.exif_metadata.as_deref().map(super::without_exif_mark).and_then(within),
        xmp: xmp.as_deref().and_then(within),
        iptc: None,
    }
}

enum Planes {
    Eight(Vec<u8>, Vec<u8>),
    Sixteen(Vec<u16>, Vec<u16>),
}

impl Planes {
    /// Puts a decoded row in its place, transparency apart.
    fn take_row(&mut self, y: usize, row: &[u8], header: &Header) {
        let (width, channels) = (header.width as usize, header.channels.count());
        match self {
            Self::Eight(colour, alpha) => {
                let colour = &mut colour[y * width * channels..][..width * channels];
                if header.alpha {
                    let alpha = &mut alpha[y * width..][..width];
                    split(row.iter().copied(), colour, alpha, channels);
                } else {
                    colour.copy_from_slice(&row[..width * channels]);
                }
            }
            Self::Sixteen(colour, alpha) => {
                let colour = &mut colour[y * width * channels..][..width * channels];
                let (pairs, _) = row.as_chunks::<2>();
                let samples = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
                if header.alpha {
                    split(samples, colour, &mut alpha[y * width..][..width], channels);
                } else {
                    colour.iter_mut().zip(samples).for_each(|(place, sample)| *place = sample);
                }
            }
        }
    }

    fn finish(self, has_alpha: bool) -> (Samples, Option<Samples>) {
        match self {
            Self::Eight(colour, alpha) => (Samples::Eight(colour), has_alpha.then_some(Samples::Eight(alpha))),
            Self::Sixteen(colour, alpha) => (Samples::Sixteen(colour), has_alpha.then_some(Samples::Sixteen(alpha))),
        }
    }
}

fn split<T: Copy>(mut samples: impl Iterator<Item = T>, colour: &mut [T], alpha: &mut [T], channels: usize) {
    for (pixel, alpha) in colour.chunks_exact_mut(channels).zip(alpha) {
        for (place, sample) in pixel.iter_mut().zip(samples.by_ref()) {
            *place = sample;
        }
        if let Some(sample) = samples.next() {
            *alpha = sample;
        }
    }
}

fn refused(path: &std::path::Path, error: DecodingError) -> PhotoError {
    match error {
        DecodingError::IoError(source) => PhotoError::reading(path, source),
        DecodingError::LimitsExceeded => PhotoError::TooLarge {
            path: path.to_path_buf(),
            limit: "what it carries beside the picture unpacks to more than the limit".to_owned(),
        },
        DecodingError::Format(error) => {
            let text = error.to_string();
            if text.contains("end of file") || text.contains("UnexpectedEof") {
                PhotoError::ends_early(path)
            } else {
                PhotoError::undecodable(path, &text)
            }
        }
        DecodingError::Parameter(error) => PhotoError::Internal { what: error.to_string() },
    }
}
