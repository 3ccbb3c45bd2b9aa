//! Pictures, metadata blocks and files made in code.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::LazyLock;

use moxcms::ColorProfile;
use pretty_contract::export::Format;
use pretty_photo::picture::{Band, Channels, Depth, Picture, Samples};
use pretty_photo::{
    DecodedPhoto, EncodeError, Fingerprint, Limits, Metadata, PhotoError, ResultSpec, decode, encode, verify_file,
};

pub(crate) const FORMATS: [Format; 4] = [Format::Jpeg, Format::Png, Format::Webp, Format::Tiff];

/// A picture of soft shapes, no two corners alike.
pub(crate) fn picture(width: u32, height: u32, channels: Channels, depth: Depth, alpha: bool) -> Picture {
    let value = |x: u32, y: u32, channel: u32| {
        let (x, y) = (f64::from(x) / f64::from(width.max(2) - 1), f64::from(y) / f64::from(height.max(2) - 1));
        let wave = ((x * 7.0 + y * 3.0 + f64::from(channel)).sin() + 1.0) / 8.0;
        let ramp = match channel {
            0 => x * 0.6 + y * 0.1,
            1 => y * 0.7,
            2 => (1.0 - x) * 0.5 + y * 0.2,
            _ => 0.3 + x * 0.5,
        };
        (wave + ramp).clamp(0.0, 1.0)
    };
    let samples = |first: u32, count: u32| {
        let all = (0..height)
            .flat_map(|y| (0..width).flat_map(move |x| (first..first + count).map(move |channel| (x, y, channel))));
        match depth {
            Depth::Eight => {
                Samples::Eight(all.map(|(x, y, channel)| (value(x, y, channel) * 255.0).round() as u8).collect())
            }
            Depth::Sixteen => {
                Samples::Sixteen(all.map(|(x, y, channel)| (value(x, y, channel) * 65_535.0).round() as u16).collect())
            }
        }
    };
    Picture {
        width,
        height,
        channels,
        colour: samples(0, channels.count() as u32),
        alpha: alpha.then(|| samples(3, 1)),
    }
}

/// A picture in bands of `rows` rows.
pub(crate) fn bands(picture: &Picture, rows: u32) -> Vec<Result<Band, PhotoError>> {
    let part = |samples: &Samples, stride: usize, top: u32, height: u32| {
        let row = picture.width as usize * stride;
        let at = top as usize * row..(top + height) as usize * row;
        match samples {
            Samples::Eight(values) => Samples::Eight(values[at].to_vec()),
            Samples::Sixteen(values) => Samples::Sixteen(values[at].to_vec()),
        }
    };
    (0..picture.height)
        .step_by(rows as usize)
        .map(|top| {
            let height = rows.min(picture.height - top);
            let colour = part(&picture.colour, picture.channels.count(), top, height);
            Ok(Band { top, height, colour, alpha: picture.alpha.as_ref().map(|alpha| part(alpha, 1, top, height)) })
        })
        .collect()
}

/// What a photo of this picture would be written as, with these blocks.
pub(crate) fn spec(picture: &Picture, format: Format, quality: u8, metadata: Metadata) -> ResultSpec {
    let deep = picture.colour.depth() == Depth::Sixteen && matches!(format, Format::Png | Format::Tiff);
    ResultSpec {
        width: picture.width,
        height: picture.height,
        channels: picture.channels,
        depth: if deep { Depth::Sixteen } else { Depth::Eight },
        alpha: picture.alpha.is_some() && format != Format::Jpeg,
        format,
        quality,
        metadata,
    }
}

pub(crate) fn create(path: &Path) -> File {
    OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path).unwrap()
}

/// Writes a picture, reads it back, and gives the fingerprint.
pub(crate) fn write(path: &Path, picture: &Picture, spec: &ResultSpec) -> Fingerprint {
    let mut file = create(path);
    let fingerprint = try_write(&mut file, picture, spec).unwrap();
    verify_file(&mut file, spec, &fingerprint).unwrap();
    fingerprint
}

pub(crate) fn try_write(
    file: &mut File,
    picture: &Picture,
    spec: &ResultSpec,
) -> Result<Fingerprint, EncodeError<PhotoError>> {
    encode(spec, file, &mut bands(picture, 37).into_iter())
}

/// Enhances nothing: a photo written as it is in another format. Gives the file's notes.
pub(crate) fn convert(photo: &DecodedPhoto, format: Format, path: &Path) -> Vec<String> {
    let (spec, notes) = ResultSpec::for_photo(photo, photo.picture.width, photo.picture.height, format, 100);
    write(path, &photo.picture, &spec);
    notes
}

pub(crate) fn read(path: &Path) -> DecodedPhoto {
    decode(path, &Limits::default()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn bytes_of(file: &mut File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

/// A profile that this program did not make up: `Display P3`, or grey with a gamma of 1.8.
pub(crate) fn profile(channels: Channels) -> Vec<u8> {
    // Made once: a profile holds the second at which it was made.
    static BOTH: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
        [ColorProfile::new_display_p3(), ColorProfile::new_gray_with_gamma(1.8)]
            .map(|profile| tidy(profile.encode().unwrap()))
    });
    match channels {
        Channels::Rgb => BOTH[0].clone(),
        Channels::Gray => BOTH[1].clone(),
    }
}

/// What strict readers ask of a profile: a length in whole words, and D50 as the standard writes it.
fn tidy(mut profile: Vec<u8>) -> Vec<u8> {
    profile.resize(profile.len().next_multiple_of(4), 0);
    let length = profile.len() as u32;
    profile[..4].copy_from_slice(&length.to_be_bytes());
    profile[68..80].copy_from_slice(&[0, 0, 0xF6, 0xD6, 0, 1, 0, 0, 0, 0, 0xD3, 0x2D]);
    profile
}

pub(crate) const MAKER_NOTE: &[u8] = b"a maker's own bytes \x00\x01\xFF\xD9 at an offset of its own";

pub(crate) const XMP: &str = concat!(
    r#"<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">"#,
    r#"<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" "#,
    r#"xmlns:dc="http://purl.org/dc/elements/1.1/" tiff:Orientation="6" xmp:Rating="4">"#,
    r#"<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Möwe über der Düne</rdf:li></rdf:Alt></dc:title>"#,
    r#"</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"#
);

/// IIM 2:120, caption.
pub(crate) const IPTC: &[u8] = b"\x1C\x02\x78\x00\x0Aa gull sat";

/// Builds an EXIF block as cameras lay it out: two directories with children, a maker note, and a thumbnail at the end.
pub(crate) struct Exif {
    pub(crate) big_endian: bool,
    pub(crate) orientation: u16,
    pub(crate) size: (u32, u32),
    pub(crate) thumbnail: bool,
}

enum Value {
    Ascii(&'static [u8]),
    Short(u16),
    Long(u32),
    Rationals(Vec<(u32, u32)>),
    Bytes(&'static [u8]),
}

impl Exif {
    fn u16(&self, value: u16) -> [u8; 2] {
        if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn u32(&self, value: u32) -> [u8; 4] {
        if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn directory(&self, block: &mut Vec<u8>, fields: &[(u16, Value)], next: u32) {
        let mut heap = block.len() + 2 + fields.len() * 12 + 4;
        let mut values = Vec::new();
        block.extend(self.u16(fields.len() as u16));
        for (tag, value) in fields {
            let (kind, count, bytes): (u16, usize, Vec<u8>) = match value {
                Value::Ascii(text) => (2, text.len() + 1, [*text, b"\0"].concat()),
                Value::Short(value) => (3, 1, self.u16(*value).to_vec()),
                Value::Long(value) => (4, 1, self.u32(*value).to_vec()),
                Value::Rationals(all) => (
                    5,
                    all.len(),
                    all.iter().flat_map(|(over, under)| [self.u32(*over), self.u32(*under)].concat()).collect(),
                ),
                Value::Bytes(bytes) => (7, bytes.len(), bytes.to_vec()),
            };
            block.extend(self.u16(*tag));
            block.extend(self.u16(kind));
            block.extend(self.u32(count as u32));
            if bytes.len() <= 4 {
                let mut place = [0; 4];
                place[..bytes.len()].copy_from_slice(&bytes);
                block.extend(place);
            } else {
                block.extend(self.u32(heap as u32));
                heap += bytes.len().next_multiple_of(2);
                values.extend(&bytes);
                if bytes.len() % 2 == 1 {
                    values.push(0);
                }
            }
        }
        block.extend(self.u32(next));
        block.extend(values);
    }

    /// The block. Laid out twice: the second time with the offsets found the first time.
    pub(crate) fn build(&self) -> Vec<u8> {
        let (mut exif_at, mut gps_at, mut next_at, mut thumbnail_at) = (0, 0, 0, 0);
        let mut block = Vec::new();
        for _ in 0..2 {
            block = if self.big_endian { b"MM\0*".to_vec() } else { b"II*\0".to_vec() };
            block.extend(self.u32(8));
            let main = [
                (0x010E, Value::Ascii(b"the dunes in June")),
                (0x010F, Value::Ascii(b"Gullwing")),
                (0x0110, Value::Ascii(b"Gullwing 7 Mark II")),
                (0x0112, Value::Short(self.orientation)),
                (0x011A, Value::Rationals(vec![(300, 1)])),
                (0x011B, Value::Rationals(vec![(300, 1)])),
                (0x0128, Value::Short(2)),
                (0x0132, Value::Ascii(b"2026:06:21 12:34:56")),
                (0x013B, Value::Ascii(b"M. Winter")),
                (0x8769, Value::Long(exif_at)),
                (0x8825, Value::Long(gps_at)),
            ];
            self.directory(&mut block, &main, if self.thumbnail { next_at } else { 0 });
            exif_at = block.len() as u32;
            let exif = [
                (0x829A, Value::Rationals(vec![(1, 250)])),
                (0x8827, Value::Short(400)),
                (0x9000, Value::Bytes(b"0232")),
                (0x9003, Value::Ascii(b"2026:06:21 12:34:56")),
                (0x927C, Value::Bytes(MAKER_NOTE)),
                (0xA001, Value::Short(1)),
                (0xA002, Value::Long(self.size.0)),
                (0xA003, Value::Long(self.size.1)),
            ];
            self.directory(&mut block, &exif, 0);
            gps_at = block.len() as u32;
            let gps = [
                (0x0001, Value::Ascii(b"N")),
                (0x0002, Value::Rationals(vec![(54, 1), (10, 1), (30, 1)])),
                (0x0003, Value::Ascii(b"E")),
                (0x0004, Value::Rationals(vec![(7, 1), (53, 1), (0, 1)])),
            ];
            self.directory(&mut block, &gps, 0);
            if self.thumbnail {
                next_at = block.len() as u32;
                let thumbnail = [
                    (0x0103, Value::Short(6)),
                    (0x0201, Value::Long(thumbnail_at)),
                    (0x0202, Value::Long(THUMBNAIL.len() as u32)),
                ];
                self.directory(&mut block, &thumbnail, 0);
                thumbnail_at = block.len() as u32;
                block.extend(THUMBNAIL);
            }
        }
        block
    }
}

pub(crate) const THUMBNAIL: &[u8] = b"\xFF\xD8 a small picture, not a real one, but told apart by these words \xFF\xD9";

/// Every block there is, for a photo stored with this orientation.
pub(crate) fn blocks(stored: &Picture, orientation: u16, big_endian: bool, thumbnail: bool) -> Metadata {
    let exif = Exif { big_endian, orientation, size: (stored.width, stored.height), thumbnail };
    Metadata {
        icc: Some(profile(stored.channels)),
        exif: Some(exif.build()),
        xmp: Some(XMP.as_bytes().to_vec()),
        iptc: Some(IPTC.to_vec()),
    }
}

/// The blocks that a format holds.
pub(crate) fn held(mut metadata: Metadata, format: Format, channels: Channels) -> Metadata {
    if matches!(format, Format::Png | Format::Webp) {
        metadata.iptc = None;
    }
    if format == Format::Webp && channels == Channels::Gray {
        metadata.icc = None;
    }
    metadata
}

/// Largest and mean difference of two pictures of one shape, in steps of their depth.
pub(crate) fn difference(one: &Samples, other: &Samples) -> (u32, f64) {
    fn compare<T: Copy + Into<u32>>(one: &[T], other: &[T]) -> (u32, f64) {
        assert_eq!(one.len(), other.len());
        let differences = one.iter().zip(other).map(|(a, b)| Into::<u32>::into(*a).abs_diff((*b).into()));
        let (largest, sum) =
            differences.fold((0, 0.0), |(largest, sum), step| (u32::max(largest, step), sum + f64::from(step)));
        (largest, sum / one.len().max(1) as f64)
    }
    match (one, other) {
        (Samples::Eight(one), Samples::Eight(other)) => compare(one, other),
        (Samples::Sixteen(one), Samples::Sixteen(other)) => compare(one, other),
        _ => panic!("pictures of different depth"),
    }
}
