//! TIFF: strips, deflate with horizontal differences, 8 and 16 bits.
//!
//! The file begins with the photo's EXIF block, byte for byte: every offset in it, and in the maker note it holds, stays true. Behind the strips
//! stands a new first directory with the picture's own fields and the block's fields as they were, which point into the block.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::EncodeFailure;
use super::bands::{Row, RowSource};
use crate::error::PhotoError;
use crate::fingerprint::{Digest, Fingerprint, Kind};
use crate::metadata::exif::{self, RawField};
use crate::metadata::ifd;
use crate::picture::{Channels, Depth};
use crate::spec::ResultSpec;

/// About this many bytes of pixels a strip.
const STRIP: usize = 512 << 10;
/// Deflate's effort: photos gain little from more.
const LEVEL: u32 = 2;

const SHORT: u16 = 3;
const LONG: u16 = 4;
const RATIONAL: u16 = 5;
const BYTE: u16 = 1;
const UNDEFINED: u16 = 7;

pub(super) fn encode(
    spec: &ResultSpec,
    out: &mut File,
    rows: &mut dyn RowSource,
) -> Result<Fingerprint, EncodeFailure> {
    let mut file = Target::begin(spec, out)?;
    let mut digest = Digest::new();
    let sample_bytes = if spec.depth == Depth::Sixteen { 2 } else { 1 };
    let row_bytes = spec.row_samples() * sample_bytes;
    let strip_rows = (STRIP / row_bytes).max(1) as u32;
    let mut strips = Vec::new();
    let mut bytes = Vec::with_capacity(row_bytes);
    for top in (0..spec.height).step_by(strip_rows as usize) {
        let mut packer = ZlibEncoder::new(Vec::with_capacity(STRIP), Compression::new(LEVEL));
        for _ in top..(top + strip_rows).min(spec.height) {
            bytes.clear();
            match rows.next_row()? {
                Row::Eight(row) => {
                    digest.take_row(row);
                    bytes.extend(differences(row, spec, u8::wrapping_sub));
                }
                Row::Sixteen(row) => {
                    bytes.extend(row.iter().flat_map(|value| value.to_le_bytes()));
                    digest.take_row(&bytes);
                    bytes.clear();
                    let differences = differences(row, spec, u16::wrapping_sub);
                    if file.big_endian {
                        bytes.extend(differences.flat_map(u16::to_be_bytes));
                    } else {
                        bytes.extend(differences.flat_map(u16::to_le_bytes));
                    }
                }
            }
            packer.write_all(&bytes).map_err(failed)?;
        }
        let packed = packer.finish().map_err(failed)?;
        strips.push((file.append(&packed)?, packed.len() as u32));
    }
    file.finish(spec, strip_rows, &strips)?;
    Ok(Fingerprint { kind: Kind::Exact(digest), bytes: None })
}

/// The first pixel of a row, then each sample less the one of the pixel before (TIFF 6.0, section 14).
fn differences<'a, T: Copy>(
    row: &'a [T],
    spec: &ResultSpec,
    less: impl Fn(T, T) -> T + 'a,
) -> impl Iterator<Item = T> + 'a {
    let stride = spec.channels.count() + usize::from(spec.alpha);
    let (first, rest) = row.split_at(stride.min(row.len()));
    first.iter().copied().chain(rest.iter().zip(row).map(move |(value, before)| less(*value, *before)))
}

/// The file being written: everything is appended, the header's offset is set last.
struct Target<'a> {
    out: &'a mut File,
    at: u64,
    big_endian: bool,
    /// Fields of the photo's own first directory, as they stand in its block.
    fields: Vec<RawField>,
}

impl<'a> Target<'a> {
    fn begin(spec: &ResultSpec, out: &'a mut File) -> Result<Self, PhotoError> {
        let block = spec.metadata.exif.as_deref();
        let known = block.and_then(exif::main_fields);
        let start = match (block, &known) {
            (Some(block), Some(_)) => block,
            _ => b"II*\0\0\0\0\0",
        };
        out.seek(SeekFrom::Start(0)).map_err(failed)?;
        let (big_endian, fields) = known.unwrap_or_default();
        let mut this = Self { out, at: 0, big_endian, fields };
        this.append(start)?;
        Ok(this)
    }

    fn short(&self, value: u16) -> [u8; 2] {
        if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn long(&self, value: u32) -> [u8; 4] {
        if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    /// Appends bytes at an even offset and gives it.
    fn append(&mut self, bytes: &[u8]) -> Result<u32, PhotoError> {
        if self.at % 2 == 1 {
            self.out.write_all(&[0]).map_err(failed)?;
            self.at += 1;
        }
        let at = u32::try_from(self.at + bytes.len() as u64).map_err(|_| PhotoError::FormatCannotHold {
            format: "TIFF",
            what: "it takes more than the 4 GB that a TIFF holds".to_owned(),
        })? - bytes.len() as u32;
        self.out.write_all(bytes).map_err(failed)?;
        self.at += bytes.len() as u64;
        Ok(at)
    }

    /// A field; its value goes into the field where it fits, else before the directory.
    fn field(&mut self, tag: u16, kind: u16, value: &[u8]) -> Result<RawField, PhotoError> {
        let size = ifd::size_of_kind(kind).unwrap_or(1) as usize;
        let mut entry = [0; 12];
        entry[..2].copy_from_slice(&self.short(tag));
        entry[2..4].copy_from_slice(&self.short(kind));
        entry[4..8].copy_from_slice(&self.long((value.len() / size) as u32));
        if value.len() <= 4 {
            entry[8..8 + value.len()].copy_from_slice(value);
        } else {
            let at = self.append(value)?;
            entry[8..].copy_from_slice(&self.long(at));
        }
        Ok((tag, entry))
    }

    fn shorts(&mut self, tag: u16, values: &[u16]) -> Result<RawField, PhotoError> {
        let bytes: Vec<u8> = values.iter().flat_map(|value| self.short(*value)).collect();
        self.field(tag, SHORT, &bytes)
    }

    fn longs(&mut self, tag: u16, values: &[u32]) -> Result<RawField, PhotoError> {
        let bytes: Vec<u8> = values.iter().flat_map(|value| self.long(*value)).collect();
        self.field(tag, LONG, &bytes)
    }

    fn finish(mut self, spec: &ResultSpec, strip_rows: u32, strips: &[(u32, u32)]) -> Result<(), PhotoError> {
        let samples = spec.channels.count() + usize::from(spec.alpha);
        let bits = if spec.depth == Depth::Sixteen { 16 } else { 8 };
        let (offsets, lengths): (Vec<u32>, Vec<u32>) = strips.iter().copied().unzip();
        let photometric = if spec.channels == Channels::Gray { 1 } else { 2 };
        let mut fields: Vec<RawField> = std::mem::take(&mut self.fields);
        // The pointers to the EXIF and GPS directories are kept: what they point to stands where it stood.
        fields.retain(|(tag, _)| !ifd::is_structural(*tag) || matches!(*tag, ifd::EXIF_IFD | ifd::GPS_IFD));
        if !fields.iter().any(|(tag, _)| *tag == 282) {
            let inch = [self.long(72), self.long(1)].concat();
            fields.push(self.field(282, RATIONAL, &inch)?);
            fields.push(self.field(283, RATIONAL, &inch)?);
            fields.push(self.shorts(296, &[2])?);
        }
        fields.push(self.longs(254, &[0])?);
        fields.push(self.longs(256, &[spec.width])?);
        fields.push(self.longs(257, &[spec.height])?);
        fields.push(self.shorts(258, &vec![bits; samples])?);
        fields.push(self.shorts(259, &[8])?);
        fields.push(self.shorts(262, &[photometric])?);
        fields.push(self.longs(273, &offsets)?);
        fields.push(self.shorts(277, &[samples as u16])?);
        fields.push(self.longs(278, &[strip_rows])?);
        fields.push(self.longs(279, &lengths)?);
        fields.push(self.shorts(284, &[1])?);
        fields.push(self.shorts(317, &[2])?);
        if spec.alpha {
            fields.push(self.shorts(338, &[2])?);
        }
        fields.push(self.shorts(339, &vec![1; samples])?);
        let metadata = &spec.metadata;
        for (tag, kind, block) in
            [(700, BYTE, &metadata.xmp), (33_723, UNDEFINED, &metadata.iptc), (34_675, UNDEFINED, &metadata.icc)]
        {
            if let Some(block) = block {
                fields.push(self.field(tag, kind, block)?);
            }
        }
        // Stable and by first appearance: what the photo said comes first where both speak.
        fields.sort_by_key(|(tag, _)| *tag);
        fields.dedup_by_key(|(tag, _)| *tag);
        let mut directory = self.short(fields.len() as u16).to_vec();
        directory.extend(fields.iter().flat_map(|(_, entry)| entry));
        directory.extend([0; 4]);
        let at = self.append(&directory)?;
        self.out.seek(SeekFrom::Start(4)).map_err(failed)?;
        let at = self.long(at);
        self.out.write_all(&at).map_err(failed)
    }
}

fn failed(source: std::io::Error) -> PhotoError {
    PhotoError::writing("".as_ref(), source)
}
