//! Photos for tests: drawn here, with everything in them that must not survive.

use pretty_contract::export::Format;
use pretty_photo::picture::{Band, Channels, Depth, Samples};
use pretty_photo::{Metadata, ResultSpec};
use std::io::{Read as _, Seek as _};

/// Words that stand in the metadata of [`jpeg`], and a GPS position.
pub(crate) const SECRETS: [&str; 3] = ["Canon of Mara", "mara@example.org", "Lindqvist Street 5"];

/// An EXIF block: a camera's name, orientation 6 (a quarter turn), and a position.
fn exif() -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0".to_vec();
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        let mut bytes = tag.to_le_bytes().to_vec();
        bytes.extend(kind.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(value.to_le_bytes());
        bytes
    };
    block.extend(3_u16.to_le_bytes());
    let after = 8 + 2 + 3 * 12 + 4;
    block.extend(entry(0x010F, 2, 14, after));
    block.extend(entry(0x0112, 3, 1, 6));
    block.extend(entry(0x8825, 4, 1, after + 14));
    block.extend(0_u32.to_le_bytes());
    block.extend(b"Canon of Mara\0");
    block.extend(2_u16.to_le_bytes());
    block.extend(entry(1, 2, 2, u32::from(b'N')));
    block.extend(entry(2, 5, 3, after + 14 + 2 + 24 + 4));
    block.extend(0_u32.to_le_bytes());
    for number in [59_u32, 1, 20, 1, 30, 1] {
        block.extend(number.to_le_bytes());
    }
    block
}

/// A picture of soft colours: `width` across by `height` down, as it lies in the file.
pub(crate) fn samples(width: u32, height: u32) -> Vec<u8> {
    (0..height)
        .flat_map(|y| (0..width).flat_map(move |x| [(x * 200 / width + 20) as u8, (y * 180 / height + 40) as u8, 90]))
        .collect()
}

pub(crate) fn file(width: u32, height: u32, format: Format, metadata: Metadata) -> Vec<u8> {
    let spec = ResultSpec {
        width,
        height,
        channels: Channels::Rgb,
        depth: Depth::Eight,
        alpha: false,
        format,
        quality: 92,
        metadata,
    };
    let band = Band { top: 0, height, colour: Samples::Eight(samples(width, height)), alpha: None };
    let mut out = tempfile::tempfile().unwrap();
    pretty_photo::encode(&spec, &mut out, &mut std::iter::once(Ok::<_, std::io::Error>(band))).unwrap();
    let mut bytes = Vec::new();
    out.rewind().unwrap();
    out.read_to_end(&mut bytes).unwrap();
    bytes
}

/// A JPEG that lies on its side, and says who took it, where, and for whom.
pub(crate) fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let xmp = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><creator>mara@example.org</creator></x:xmpmeta>";
    let mut iptc = vec![0x1c, 2, 90, 0, 18];
    iptc.extend(b"Lindqvist Street 5");
    let metadata = Metadata { icc: None, exif: Some(exif()), xmp: Some(xmp.into()), iptc: Some(iptc) };
    file(width, height, Format::Jpeg, metadata)
}

/// The same without anything beside it.
pub(crate) fn plain(width: u32, height: u32, format: Format) -> Vec<u8> {
    file(width, height, format, Metadata::default())
}

/// Whether a file holds a trace of a person: EXIF, GPS, XMP, IPTC, or any of the words.
pub(crate) fn traces(file: &[u8]) -> Vec<&'static str> {
    let has = |needle: &[u8]| file.windows(needle.len()).any(|window| window == needle);
    let marks =
        ["Exif\0\0", "http://ns.adobe.com/xap", "Photoshop 3.0", "8BIM", "GPS", "eXIf", "II*\0\u{8}", "xmpmeta"];
    marks.into_iter().chain(SECRETS).filter(|mark| has(mark.as_bytes())).collect()
}
