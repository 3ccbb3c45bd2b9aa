//! Reads the directories of a TIFF file as raw fields, and writes such fields as an EXIF block. Values keep their bytes and byte order.

use std::io::{Read, Seek, SeekFrom};

/// The most fields that are read of one directory.
const MOST_FIELDS: u64 = 2_000;

pub(crate) const EXIF_IFD: u16 = 0x8769;
pub(crate) const GPS_IFD: u16 = 0x8825;
pub(crate) const INTEROP_IFD: u16 = 0xA005;

/// One field: its value as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) tag: u16,
    pub(crate) kind: u16,
    pub(crate) count: u32,
    pub(crate) value: Vec<u8>,
}

/// One directory, with those that its fields lead to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Directory {
    pub(crate) fields: Vec<Field>,
    pub(crate) children: Vec<(u16, Directory)>,
}

/// Reads directories of a TIFF or BigTIFF file.
pub(crate) struct DirectoryReader<R> {
    reader: R,
    pub(crate) big_endian: bool,
    big_tiff: bool,
    /// Values longer than this are left out.
    pub(crate) longest: u64,
}

/// Bytes of one value of a field's kind; `None` for a kind that is not known.
pub(crate) fn size_of_kind(kind: u16) -> Option<u64> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 | 16..=18 => Some(8),
        _ => None,
    }
}

impl<R: Read + Seek> DirectoryReader<R> {
    /// Reads the header and the first directory; `None` when it cannot be followed.
    pub(crate) fn open(mut reader: R, longest: u64) -> Option<(Self, Directory)> {
        reader.seek(SeekFrom::Start(0)).ok()?;
        let mut head = [0; 16];
        reader.read_exact(&mut head[..8]).ok()?;
        let (big_endian, big_tiff) = match &head[..4] {
            b"II*\0" => (false, false),
            b"MM\0*" => (true, false),
            b"II+\0" => (false, true),
            b"MM\0+" => (true, true),
            _ => return None,
        };
        if big_tiff {
            reader.read_exact(&mut head[8..]).ok()?;
        }
        let mut this = Self { reader, big_endian, big_tiff, longest };
        let at = if big_tiff { this.number(&head[8..16]) } else { this.number(&head[4..8]) };
        let mut main = this.read(at)?;
        this.read_children(&mut main, &[EXIF_IFD, GPS_IFD]);
        if let Some((_, exif)) = main.children.iter_mut().find(|(tag, _)| *tag == EXIF_IFD) {
            this.read_children(exif, &[INTEROP_IFD]);
        }
        Some((this, main))
    }

    fn read_children(&mut self, parent: &mut Directory, tags: &[u16]) {
        for &tag in tags {
            let at = parent.fields.iter().find(|field| field.tag == tag).map(|field| self.number(&field.value));
            parent.fields.retain(|field| field.tag != tag);
            if let Some(child) = at.and_then(|at| self.read(at)) {
                parent.children.push((tag, child));
            }
        }
    }

    /// An unsigned number of 2, 4 or 8 bytes in the file's order.
    pub(crate) fn number(&self, bytes: &[u8]) -> u64 {
        let fold = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        if self.big_endian { bytes.iter().take(8).fold(0, fold) } else { bytes.iter().take(8).rev().fold(0, fold) }
    }

    fn read(&mut self, at: u64) -> Option<Directory> {
        self.reader.seek(SeekFrom::Start(at)).ok()?;
        let mut count = [0; 8];
        let count = &mut count[..if self.big_tiff { 8 } else { 2 }];
        self.reader.read_exact(count).ok()?;
        let count = self.number(count).min(MOST_FIELDS);
        let entry_bytes: usize = if self.big_tiff { 20 } else { 12 };
        let mut table = Vec::new();
        (&mut self.reader).take(count * entry_bytes as u64).read_to_end(&mut table).ok()?;
        let fields = table.chunks_exact(entry_bytes).filter_map(|entry| self.field(entry)).collect();
        Some(Directory { fields, children: Vec::new() })
    }

    /// One field; `None` when its value is unknown, too long or out of the file.
    fn field(&mut self, entry: &[u8]) -> Option<Field> {
        let (tag, kind) = (self.number(&entry[..2]) as u16, self.number(&entry[2..4]) as u16);
        let (count, place) = entry[4..].split_at(if self.big_tiff { 8 } else { 4 });
        let count = self.number(count);
        let length = size_of_kind(kind)?.checked_mul(count)?;
        if length > self.longest {
            return None;
        }
        let value = if length <= place.len() as u64 {
            place[..length as usize].to_vec()
        } else {
            self.reader.seek(SeekFrom::Start(self.number(place))).ok()?;
            let mut value = Vec::new();
            (&mut self.reader).take(length).read_to_end(&mut value).ok()?;
            if value.len() as u64 != length {
                return None;
            }
            value
        };
        Some(Field { tag, kind, count: u32::try_from(count).ok()?, value })
    }
}

/// Whether a field of the first directory describes how the picture is stored there, or travels by itself, rather than describing the photo.
pub(crate) fn is_structural(tag: u16) -> bool {
    matches!(
        tag,
        254..=259
            | 262..=266
            | 273
            | 277..=281
            | 284
            | 288..=293
            | 301
            | 317
            | 320..=334
            | 336..=347
            | 351
            | 400..=404
            | 512..=521
            | 529..=532
            | 559
            | 700
            | 32_932..=32_999
            | 33_421..=33_422
            | 33_723
            | 34_377
            | 34_675
            | 37_724
            | 50_215..=50_255
            | 0x8769
            | 0x8825
    )
}

/// Writes directories as an EXIF block. `None` when there is nothing to write.
pub(crate) fn as_exif_block(main: &Directory, big_endian: bool) -> Option<Vec<u8>> {
    if main.fields.is_empty() && main.children.is_empty() {
        return None;
    }
    let mut block = if big_endian { b"MM\0*\0\0\0\x08".to_vec() } else { b"II*\0\x08\0\0\0".to_vec() };
    append(&mut block, main, big_endian);
    Some(block)
}

/// Appends a directory, its values and its children to the block; gives its offset.
fn append(block: &mut Vec<u8>, directory: &Directory, big_endian: bool) -> u32 {
    let short = |value: u16| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let long = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    // Eight-byte offsets exist in BigTIFF only.
    let mut fields: Vec<&Field> = directory.fields.iter().filter(|field| field.kind < 14).collect();
    let pointers: Vec<Field> =
        directory.children.iter().map(|(tag, _)| Field { tag: *tag, kind: 4, count: 1, value: vec![0; 4] }).collect();
    fields.extend(&pointers);
    fields.sort_by_key(|field| field.tag);
    fields.dedup_by_key(|field| field.tag);
    let at = block.len();
    block.extend(short(fields.len() as u16));
    let table = block.len();
    block.resize(table + fields.len() * 12 + 4, 0);
    for (index, field) in fields.iter().enumerate() {
        let place = match directory.children.iter().find(|(tag, _)| *tag == field.tag) {
            Some((_, child)) => long(append(block, child, big_endian)),
            None => match field.value.first_chunk::<4>() {
                Some(value) if field.value.len() == 4 => *value,
                Some(_) => {
                    let offset = block.len() as u32;
                    block.extend(&field.value);
                    if block.len() % 2 == 1 {
                        block.push(0);
                    }
                    long(offset)
                }
                None => {
                    let mut place = [0; 4];
                    place[..field.value.len()].copy_from_slice(&field.value);
                    place
                }
            },
        };
        let entry = &mut block[table + index * 12..][..12];
        entry[..2].copy_from_slice(&short(field.tag));
        entry[2..4].copy_from_slice(&short(field.kind));
        entry[4..8].copy_from_slice(&long(field.count));
        entry[8..].copy_from_slice(&place);
    }
    at as u32
}
