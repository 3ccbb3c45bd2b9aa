//! Walks the segments of a JPEG up to its first scan: size, tables, metadata. The walk is lenient (cameras put odd things between segments);
//! what it keeps for the decoder is a clean header.

use std::io::{BufRead, ErrorKind, Seek, SeekFrom};
use std::path::Path;

use crate::error::PhotoError;
use crate::metadata::Metadata;

/// What the header of a JPEG says.
#[derive(Debug, Default)]
pub(crate) struct JpegHeader {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) components: u8,
    /// Whether any component has fewer rows than another.
    vertically_reduced: bool,
    /// The marker's low byte: 0xC0 baseline, 0xC1 extended, 0xC2 progressive.
    pub(crate) process: u8,
    pub(crate) metadata: Metadata,
    /// Estimated from the first luminance table.
    pub(crate) quality: Option<u8>,
    /// SOI and the segments a decoder needs, the first SOS last.
    pub(crate) essential: Vec<u8>,
    pub(crate) notes: Vec<String>,
    icc_parts: Vec<(u8, Vec<u8>)>,
}

const EXIF: &[u8] = b"Exif\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const EXTENDED_XMP: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
const ICC: &[u8] = b"ICC_PROFILE\0";
const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";

/// Reads up to and including the first SOS segment; the reader then stands at the entropy-coded data.
pub(crate) fn read(reader: &mut (impl BufRead + Seek), path: &Path, most: usize) -> Result<JpegHeader, PhotoError> {
    let mut header = JpegHeader { essential: vec![0xFF, 0xD8], ..JpegHeader::default() };
    reader.seek(SeekFrom::Start(2)).map_err(|source| PhotoError::reading(path, source))?;
    let mut kept = 0_usize;
    loop {
        let marker = next_marker(reader, path)?;
        match marker {
            // Restart markers, TEM and a second SOI carry nothing.
            0x01 | 0xD0..=0xD8 => continue,
            0xD9 => return Err(PhotoError::damaged(path, "it has a header but no picture")),
            _ => {}
        }
        let mut length = [0; 2];
        reader.read_exact(&mut length).map_err(|source| PhotoError::reading(path, source))?;
        let Some(length) = usize::from(u16::from_be_bytes(length)).checked_sub(2) else {
            return Err(PhotoError::damaged(path, "a part of its header has no length"));
        };
        let wanted = matches!(marker, 0xC0..=0xCF | 0xDA..=0xDE | 0xE0 | 0xE1 | 0xE2 | 0xED | 0xEE);
        if !wanted {
            reader.seek_relative(length as i64).map_err(|source| PhotoError::reading(path, source))?;
            continue;
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).map_err(|source| PhotoError::reading(path, source))?;
        match marker {
            0xE1 | 0xE2 | 0xED if kept + length <= most => {
                kept += length;
                header.take_metadata(marker, &body);
            }
            0xE1 | 0xE2 | 0xED => {}
            _ => header.take_essential(marker, &body, path)?,
        }
        if marker == 0xDA {
            if header.process == 0 {
                return Err(PhotoError::damaged(path, "its picture comes before its size"));
            }
            let in_separate_scans = header.process != 0xC2 && body.first() != Some(&header.components);
            if in_separate_scans && header.vertically_reduced {
                // The decoder mixes up the rows of such a photo without noticing.
                return Err(PhotoError::unsupported(path, "a JPEG in separate scans"));
            }
            header.finish_icc();
            return Ok(header);
        }
    }
}

/// Skips to the next marker and gives its low byte.
fn next_marker(reader: &mut impl BufRead, path: &Path) -> Result<u8, PhotoError> {
    let mut byte = || {
        let mut byte = [0];
        reader.read_exact(&mut byte).map(|()| byte[0]).map_err(|source| match source.kind() {
            ErrorKind::UnexpectedEof => PhotoError::ends_early(path),
            _ => PhotoError::reading(path, source),
        })
    };
    loop {
        while byte()? != 0xFF {}
        let mut low = byte()?;
        while low == 0xFF {
            low = byte()?;
        }
        if low != 0 {
            return Ok(low);
        }
    }
}

impl JpegHeader {
    fn take_essential(&mut self, marker: u8, body: &[u8], path: &Path) -> Result<(), PhotoError> {
        let is_frame = matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC);
        if is_frame {
            if self.process != 0 {
                return Err(PhotoError::damaged(path, "it states its size twice"));
            }
            self.take_frame(marker, body, path)?;
        }
        if marker == 0xDB && self.quality.is_none() {
            self.quality = estimate_quality(body);
        }
        self.essential.extend([0xFF, marker]);
        self.essential.extend(u16::try_from(body.len() + 2).unwrap_or(u16::MAX).to_be_bytes());
        self.essential.extend(body);
        Ok(())
    }

    fn take_frame(&mut self, marker: u8, body: &[u8], path: &Path) -> Result<(), PhotoError> {
        let &[bits, height_high, height_low, width_high, width_low, components, ..] = body else {
            return Err(PhotoError::damaged(path, "its header breaks off"));
        };
        match marker {
            0xC0..=0xC2 if bits == 8 => {}
            0xC0..=0xC2 => return Err(PhotoError::unsupported(path, format!("a JPEG with {bits} bits a channel"))),
            0xC3 | 0xC7 | 0xCB | 0xCF => return Err(PhotoError::unsupported(path, "a lossless JPEG")),
            0xC9..=0xCA | 0xCD..=0xCE => return Err(PhotoError::unsupported(path, "a JPEG with arithmetic coding")),
            _ => return Err(PhotoError::unsupported(path, "a hierarchical JPEG")),
        }
        let factors = body.get(6..).unwrap_or_default().chunks_exact(3).map(|component| component[1] & 15);
        self.vertically_reduced = factors.clone().max() != factors.min();
        self.process = marker;
        self.height = u16::from_be_bytes([height_high, height_low]);
        self.width = u16::from_be_bytes([width_high, width_low]);
        self.components = components;
        Ok(())
    }

    fn take_metadata(&mut self, marker: u8, body: &[u8]) {
        match marker {
            0xE1 if body.starts_with(EXIF) && self.metadata.exif.is_none() => {
                self.metadata.exif = body.get(6..).map(<[u8]>::to_vec);
            }
            0xE1 if body.starts_with(XMP) && self.metadata.xmp.is_none() => {
                self.metadata.xmp = Some(body[XMP.len()..].to_vec());
            }
            0xE1 if body.starts_with(EXTENDED_XMP) => {
                let note = "An extended XMP part (such as a depth map) is left out.";
                if !self.notes.iter().any(|known| known == note) {
                    self.notes.push(note.to_owned());
                }
            }
            0xE2 if body.starts_with(ICC) && body.len() > ICC.len() + 2 => {
                self.icc_parts.push((body[ICC.len()], body[ICC.len() + 2..].to_vec()));
            }
            0xED if body.starts_with(PHOTOSHOP) && self.metadata.iptc.is_none() => {
                self.metadata.iptc = iptc_of_photoshop(&body[PHOTOSHOP.len()..]);
            }
            _ => {}
        }
    }

    /// Puts the parts of the profile together. Parts that are missing show as a damaged profile later.
    fn finish_icc(&mut self) {
        self.icc_parts.sort_by_key(|(number, _)| *number);
        self.icc_parts.dedup_by_key(|(number, _)| *number);
        let profile: Vec<u8> = std::mem::take(&mut self.icc_parts).into_iter().flat_map(|(_, part)| part).collect();
        self.metadata.icc = (!profile.is_empty()).then_some(profile);
    }
}

/// The IPTC resource (0x0404) among Photoshop's image resources.
fn iptc_of_photoshop(mut resources: &[u8]) -> Option<Vec<u8>> {
    while let Some(rest) = resources.strip_prefix(b"8BIM") {
        let id = u16::from_be_bytes(*rest.first_chunk()?);
        let name_length = usize::from(*rest.get(2)?);
        // The name with its length byte, and the data, are each padded to an even length.
        let data_at = 2 + (name_length + 2) / 2 * 2;
        let length = u32::from_be_bytes(*rest.get(data_at..)?.first_chunk()?) as usize;
        let data = rest.get(data_at + 4..(data_at + 4).checked_add(length)?)?;
        if id == 0x0404 {
            return Some(data.to_vec());
        }
        resources = rest.get(data_at + 4 + length.next_multiple_of(2)..)?;
    }
    None
}

/// The IJG quality (1 to 100) whose luminance table is nearest to the first 8-bit table of a DQT segment.
///
/// The tables scale the example table of ITU-T T.81, annex K, by `5000 / q` percent below 50 and `200 - 2 q` percent above.
fn estimate_quality(tables: &[u8]) -> Option<u8> {
    let (&0, table) = tables.split_first()? else { return None };
    let table = table.get(..64)?;
    let sum: u32 = table.iter().map(|&value| u32::from(value)).sum();
    // The example table sums to 3687.
    let percent = f64::from(sum) * 100.0 / 3687.0;
    let quality = if sum <= 64 {
        100.0
    } else if percent <= 100.0 {
        (200.0 - percent) / 2.0
    } else {
        5000.0 / percent
    };
    Some(quality.round().clamp(1.0, 100.0) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iptc_is_found_among_other_resources() {
        let mut resources = b"8BIM\x03\xED\x03abc\0\0\0\x05hello\0".to_vec();
        resources.extend(b"8BIM\x04\x04\0\0\0\0\0\x03\x1C\x02\x78\0");
        assert_eq!(iptc_of_photoshop(&resources), Some(vec![0x1C, 2, 0x78]));
        for length in 0..resources.len() - 1 {
            // Cut anywhere, it is not there, or it is there whole.
            let found = iptc_of_photoshop(&resources[..length]);
            assert!(found.is_none() || found == Some(vec![0x1C, 2, 0x78]));
        }
    }

    #[test]
    fn parts_of_a_profile_are_put_in_order() {
        let mut header = JpegHeader::default();
        for (number, part) in [(2, b"world"), (1, b"hello"), (2, b"twice")] {
            header.take_metadata(0xE2, &[ICC, &[number, 2], part].concat());
        }
        header.finish_icc();
        assert_eq!(header.metadata.icc.as_deref(), Some(b"helloworld".as_slice()));
    }
}
