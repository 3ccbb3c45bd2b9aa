//! TIFF: 1 to 16 bits and floating point; grey, RGB, CMYK, YCbCr; transparency; strips, tiles, planes. Palettes are not read: the
//! decoder refuses them.

use std::io::{BufReader, Seek, SeekFrom};
use std::path::Path;

use tiff::decoder::{Decoder, DecodingResult};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

use super::tiff_samples::{self, Kind, Layout};
use super::{Opened, plain, without_exif_mark};
use crate::error::PhotoError;
use crate::facts::Header;
use crate::limits::Limits;
use crate::metadata::Metadata;
use crate::metadata::ifd::{self, Directory, DirectoryReader};
use crate::picture::{Channels, Picture};

type Reader<'a> = Decoder<&'a mut BufReader<std::fs::File>>;

const ORIENTATION: u16 = 274;
const XMP: u16 = 700;
const IPTC: u16 = 33_723;
const ICC: u16 = 34_675;
const DNG_VERSION: u16 = 50_706;
const COLOUR_FILTER_ARRAY: u64 = 32_803;
const LINEAR_RAW: u64 = 34_892;

pub(super) fn read_header(opened: &mut Opened, limits: &Limits) -> Result<Header, PhotoError> {
    start(opened, limits).map(|(_, header, _)| header)
}

pub(super) fn read_picture(opened: &mut Opened, limits: &Limits) -> Result<(Header, Picture), PhotoError> {
    let path = opened.path.clone();
    let (mut decoder, mut header, layout) = start(opened, limits)?;
    let mut values = DecodingResult::U8(Vec::new());
    let stored = decoder.read_image_to_buffer(&mut values).map_err(|error| refused(&path, error))?;
    if stored.planes > 1 {
        tiff_samples::interleave(&mut values, stored.planes, &path)?;
    }
    let picture = tiff_samples::picture(values, &layout, &mut header, &path)?;
    header.alpha = picture.alpha.is_some();
    Ok((header, picture))
}

fn start<'a>(opened: &'a mut Opened, limits: &Limits) -> Result<(Reader<'a>, Header, Layout), PhotoError> {
    let path = opened.path.clone();
    let bytes = opened.bytes;
    let metadata = read_metadata(opened, limits)?;
    opened.file.seek(SeekFrom::Start(0)).map_err(|source| PhotoError::reading(&path, source))?;
    let failed = |error| refused(&path, error);
    let mut decoder = Decoder::new(&mut opened.file).map_err(failed)?;
    let mut most = tiff::decoder::Limits::default();
    most.decoding_buffer_size = usize::try_from(limits.max_picture_bytes).unwrap_or(usize::MAX);
    most.intermediate_buffer_size = most.decoding_buffer_size;
    most.ifd_value_size = limits.max_metadata_bytes;
    decoder = decoder.with_limits(most);
    let (width, height) = decoder.dimensions().map_err(failed)?;
    let samples: u16 = decoder.find_tag_unsigned(Tag::SamplesPerPixel).map_err(failed)?.unwrap_or(1);
    let bits = decoder.colortype().map_err(failed)?.bit_depth();
    let bytes_per_pixel = (u64::from(samples) * u64::from(bits)).div_ceil(8).max(3) + 1;
    limits.check_size(&path, u64::from(width), u64::from(height), bytes_per_pixel)?;
    check_length(&mut decoder, bytes, &path)?;
    let layout = layout_of(&mut decoder, &path, (width, height), samples)?;
    let mut notes = Vec::new();
    if decoder.more_images() {
        notes.push("It holds several pictures; the first was read.".to_owned());
    }
    let mut header = Header {
        width,
        height,
        bits,
        channels: layout.channels(),
        alpha: layout.alpha,
        metadata: metadata.metadata,
        orientation: metadata.orientation,
        jpeg_quality: None,
        notes,
    };
    if layout.kind == Kind::Inks {
        header.metadata.icc = None;
        header.notes.push(
            "It holds printing inks (CMYK); it was converted to RGB, and its ink profile is left out.".to_owned(),
        );
    }
    Ok((decoder, header, layout))
}

/// What the directories say beside the picture's layout.
struct Beside {
    metadata: Metadata,
    orientation: u16,
}

fn read_metadata(opened: &mut Opened, limits: &Limits) -> Result<Beside, PhotoError> {
    let longest = limits.max_metadata_bytes as u64;
    let Some((reader, mut main)) = DirectoryReader::open(&mut opened.file, longest) else {
        return Err(PhotoError::damaged(&opened.path, "its directory cannot be read"));
    };
    let number = |main: &Directory, tag| {
        main.fields.iter().find(|field| field.tag == tag).map(|field| {
            let one = ifd::size_of_kind(field.kind).unwrap_or(1) as usize;
            reader.number(field.value.get(..one).unwrap_or_default())
        })
    };
    let is_raw = main.fields.iter().any(|field| field.tag == DNG_VERSION)
        || matches!(number(&main, 262), Some(COLOUR_FILTER_ARRAY | LINEAR_RAW));
    // Nikon's and Sony's raw photos are TIFF files whose first picture is a small preview, the photo itself a directory below.
    let is_preview = number(&main, 254).is_some_and(|kind| kind & 1 == 1) && number(&main, 330).is_some();
    if is_raw || is_preview {
        return Err(PhotoError::unsupported(&opened.path, "a raw photo"));
    }
    let orientation = number(&main, ORIENTATION).and_then(|value| u16::try_from(value).ok()).unwrap_or(1);
    let block = |main: &Directory, tag| {
        main.fields
            .iter()
            .find(|field| field.tag == tag)
            .map(|field| field.value.clone())
            .filter(|value| !value.is_empty())
    };
    let (icc, xmp, iptc) = (block(&main, ICC), block(&main, XMP), block(&main, IPTC));
    main.fields.retain(|field| !ifd::is_structural(field.tag) && field.value.len() <= 1 << 16);
    // The orientation alone would make a block that says nothing else.
    let says_something = !main.children.is_empty() || main.fields.iter().any(|field| field.tag != ORIENTATION);
    let exif = says_something.then(|| ifd::as_exif_block(&main, reader.big_endian)).flatten();
    let exif = exif.map(|block| without_exif_mark(&block).to_vec());
    Ok(Beside { metadata: Metadata { icc, exif, xmp, iptc }, orientation })
}

/// A strip or tile that begins behind the end of the file has been lost with it.
fn check_length(decoder: &mut Reader<'_>, bytes: u64, path: &Path) -> Result<(), PhotoError> {
    for (offsets, lengths) in [(Tag::StripOffsets, Tag::StripByteCounts), (Tag::TileOffsets, Tag::TileByteCounts)] {
        let (Ok(offsets), Ok(lengths)) = (decoder.get_tag_u64_vec(offsets), decoder.get_tag_u64_vec(lengths)) else {
            continue;
        };
        if offsets.iter().zip(&lengths).any(|(offset, length)| *length > 0 && *offset >= bytes) {
            return Err(PhotoError::ends_early(path));
        }
    }
    Ok(())
}

fn layout_of(
    decoder: &mut Reader<'_>,
    path: &Path,
    (width, height): (u32, u32),
    samples: u16,
) -> Result<Layout, PhotoError> {
    let failed = |error| refused(path, error);
    let extra: Vec<u16> = decoder.find_tag_unsigned_vec(Tag::ExtraSamples).map_err(failed)?.unwrap_or_default();
    let colour = decoder.colortype().map_err(failed)?;
    let (kind, bits) = match colour {
        ColorType::Gray(bits) => (Kind::Gray, bits),
        ColorType::GrayA(bits) => (Kind::Gray, bits),
        ColorType::Multiband { bit_depth, num_samples: 2 } => (Kind::Gray, bit_depth),
        ColorType::RGB(bits) | ColorType::RGBA(bits) => (Kind::Rgb, bits),
        ColorType::CMYK(bits) | ColorType::CMYKA(bits) => (Kind::Inks, bits),
        ColorType::YCbCr(8) => (Kind::YCbCr, 8),
        other => return Err(PhotoError::unsupported(path, format!("a TIFF of the kind {other:?}"))),
    };
    if !matches!(bits, 1 | 2 | 4 | 8 | 16 | 32 | 64) {
        return Err(PhotoError::unsupported(path, format!("a TIFF with {bits} bits a channel")));
    }
    let colours = kind.stored();
    let stored = usize::from(samples).max(colours);
    let first_extra = extra.first().copied();
    let alpha = stored > colours && matches!(first_extra, Some(1 | 2)) && matches!(kind, Kind::Gray | Kind::Rgb);
    Ok(Layout { width, height, kind, bits, stored, alpha, premultiplied: alpha && first_extra == Some(1) })
}

pub(super) fn refused(path: &Path, error: TiffError) -> PhotoError {
    match error {
        TiffError::IoError(source) => match source.kind() {
            // Compressed data that stops making sense comes as an error of reading too.
            std::io::ErrorKind::InvalidData | std::io::ErrorKind::InvalidInput | std::io::ErrorKind::Other => {
                PhotoError::undecodable(path, &source.to_string())
            }
            _ => PhotoError::reading(path, source),
        },
        TiffError::LimitsExceeded => {
            PhotoError::TooLarge { path: path.to_path_buf(), limit: "it unpacks to more than the limit".to_owned() }
        }
        TiffError::UnsupportedError(what) => {
            PhotoError::unsupported(path, format!("a TIFF of a rare kind ({})", plain(&what.to_string())))
        }
        other => PhotoError::undecodable(path, &other.to_string()),
    }
}

impl Layout {
    fn channels(&self) -> Channels {
        if self.kind == Kind::Gray { Channels::Gray } else { Channels::Rgb }
    }
}
