//! Reads an EXIF block (a TIFF structure) and patches it where it stands: orientation, thumbnail, pixel dimensions. Nothing else is touched or moved.

const ORIENTATION: u16 = 0x0112;
const EXIF_IFD: u16 = 0x8769;
const GPS_IFD: u16 = 0x8825;
const INTEROP_IFD: u16 = 0xA005;
const THUMBNAIL_OFFSET: u16 = 0x0201;
const THUMBNAIL_LENGTH: u16 = 0x0202;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const RATIONAL: u16 = 5;

/// One field of a directory: where its twelve bytes stand.
#[derive(Clone, Copy, Debug)]
struct Field {
    at: usize,
    tag: u16,
    kind: u16,
    count: u32,
}

/// One directory: its fields, where it ends, and the directory after it.
#[derive(Debug, Default)]
struct Directory {
    fields: Vec<Field>,
    /// Where the offset of the next directory stands.
    next_at: usize,
    next: u32,
}

/// The byte order of a block, once its header has been seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Order {
    big_endian: bool,
}

impl Order {
    fn of(block: &[u8]) -> Option<Self> {
        match block.get(..4)? {
            b"II*\0" => Some(Self { big_endian: false }),
            b"MM\0*" => Some(Self { big_endian: true }),
            _ => None,
        }
    }

    fn u16(self, block: &[u8], at: usize) -> Option<u16> {
        let bytes = block.get(at..)?.first_chunk()?;
        Some(if self.big_endian { u16::from_be_bytes(*bytes) } else { u16::from_le_bytes(*bytes) })
    }

    fn u32(self, block: &[u8], at: usize) -> Option<u32> {
        let bytes = block.get(at..)?.first_chunk()?;
        Some(if self.big_endian { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) })
    }

    fn put_u16(self, block: &mut [u8], at: usize, value: u16) {
        if let Some(place) = block.get_mut(at..at + 2) {
            place.copy_from_slice(&if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() });
        }
    }

    fn put_u32(self, block: &mut [u8], at: usize, value: u32) {
        if let Some(place) = block.get_mut(at..at + 4) {
            place.copy_from_slice(&if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() });
        }
    }

    fn directory(self, block: &[u8], at: usize) -> Option<Directory> {
        let count = usize::from(self.u16(block, at)?);
        let next_at = at + 2 + count * 12;
        // A block that ends inside a directory is common enough: the fields that are there still count.
        let fields = (0..count)
            .map_while(|index| {
                let at = at + 2 + index * 12;
                block.get(at..at + 12)?;
                Some(Field {
                    at,
                    tag: self.u16(block, at)?,
                    kind: self.u16(block, at + 2)?,
                    count: self.u32(block, at + 4)?,
                })
            })
            .collect();
        Some(Directory { fields, next_at, next: self.u32(block, next_at).unwrap_or(0) })
    }

    /// A single SHORT or LONG.
    fn number(self, block: &[u8], field: Field) -> Option<u32> {
        match (field.kind, field.count) {
            (SHORT, 1..) => self.u16(block, field.at + 8).map(u32::from),
            (LONG | 13, 1..) => self.u32(block, field.at + 8),
            _ => None,
        }
    }

    fn find(self, block: &[u8], directory: &Directory, tag: u16) -> Option<u32> {
        directory.fields.iter().find(|field| field.tag == tag).and_then(|field| self.number(block, *field))
    }
}

/// A view of the directories that matter.
struct Map {
    order: Order,
    main: Directory,
    exif: Option<Directory>,
    gps: Option<Directory>,
    interop: Option<Directory>,
}

impl Map {
    fn of(block: &[u8]) -> Option<Self> {
        let order = Order::of(block)?;
        let main = order.directory(block, order.u32(block, 4)? as usize)?;
        let child =
            |parent: &Directory, tag| order.find(block, parent, tag).and_then(|at| order.directory(block, at as usize));
        let exif = child(&main, EXIF_IFD);
        let gps = child(&main, GPS_IFD);
        let interop = exif.as_ref().and_then(|exif| child(exif, INTEROP_IFD));
        Some(Self { order, main, exif, gps, interop })
    }
}

/// A ratio among the camera's settings, as it stands there.
pub(crate) fn ratio(block: &[u8], tag: u16) -> Option<(u32, u32)> {
    let map = Map::of(block)?;
    let field =
        map.exif?.fields.into_iter().find(|field| field.tag == tag && field.kind == RATIONAL && field.count > 0)?;
    let at = map.order.u32(block, field.at + 8)? as usize;
    Some((map.order.u32(block, at)?, map.order.u32(block, at.checked_add(4)?)?))
}

/// A whole number among the camera's settings.
pub(crate) fn setting(block: &[u8], tag: u16) -> Option<u32> {
    let map = Map::of(block)?;
    map.order.find(block, map.exif.as_ref()?, tag)
}

/// Whether the block has a header and a first directory.
pub(crate) fn is_readable(block: &[u8]) -> bool {
    Map::of(block).is_some()
}

/// The orientation, when it is there and in 1..=8.
pub(crate) fn orientation(block: &[u8]) -> Option<u16> {
    let map = Map::of(block)?;
    let value = map.order.find(block, &map.main, ORIENTATION)?;
    u16::try_from(value).ok().filter(|value| (1..=8).contains(value))
}

/// Sets the orientation to 1, where there is one.
pub(crate) fn make_upright(block: &mut [u8]) {
    let Some(map) = Map::of(block) else { return };
    for field in map.main.fields.iter().filter(|field| field.tag == ORIENTATION) {
        put_number(map.order, block, *field, 1);
    }
}

/// Writes a single number into a field that holds one, as SHORT where it fits and was one, else as LONG.
fn put_number(order: Order, block: &mut [u8], field: Field, value: u32) {
    match (field.kind, u16::try_from(value)) {
        (SHORT, Ok(short)) => order.put_u16(block, field.at + 8, short),
        (SHORT | LONG, _) => {
            order.put_u16(block, field.at + 2, LONG);
            order.put_u32(block, field.at + 8, value);
        }
        _ => {}
    }
}

/// Unlinks the thumbnail's directory and blanks the thumbnail; when nothing stands behind it, the block becomes shorter.
pub(crate) fn drop_thumbnail(block: &mut Vec<u8>) {
    let Some(map) = Map::of(block) else { return };
    if map.main.next == 0 {
        return;
    }
    let thumbnail = thumbnail_range(block);
    map.order.put_u32(block, map.main.next_at, 0);
    let Some(range) = thumbnail else { return };
    let used = used_ranges(block, &map);
    if used.iter().any(|used| used.start < range.end && range.start < used.end) {
        return; // A broken block: these bytes belong to something else too.
    }
    if range.end == block.len() {
        block.truncate(range.start);
    } else if let Some(bytes) = block.get_mut(range) {
        bytes.fill(0);
    }
}

/// Where the thumbnail's JPEG stands in the block.
pub(crate) fn thumbnail_range(block: &[u8]) -> Option<std::ops::Range<usize>> {
    let map = Map::of(block)?;
    if map.main.next == 0 {
        return None;
    }
    let directory = map.order.directory(block, map.main.next as usize)?;
    let start = map.order.find(block, &directory, THUMBNAIL_OFFSET)? as usize;
    let length = map.order.find(block, &directory, THUMBNAIL_LENGTH)? as usize;
    let end = start.checked_add(length)?;
    (start >= 8 && length > 0 && end <= block.len()).then_some(start..end)
}

/// The bytes that the directories other than the thumbnail's, and their values, stand on.
fn used_ranges(block: &[u8], map: &Map) -> Vec<std::ops::Range<usize>> {
    let mut used = Vec::new();
    for directory in [Some(&map.main), map.exif.as_ref(), map.gps.as_ref(), map.interop.as_ref()].into_iter().flatten()
    {
        let start = directory.next_at.saturating_sub(2 + directory.fields.len() * 12);
        used.push(start..directory.next_at + 4);
        for field in &directory.fields {
            let size = match field.kind {
                1 | 2 | 6 | 7 => 1,
                3 | 8 => 2,
                4 | 9 | 11 | 13 => 4,
                _ => 8,
            } * field.count as usize;
            if let (5.., Some(at)) = (size, map.order.u32(block, field.at + 8)) {
                used.push(at as usize..(at as usize).saturating_add(size));
            }
        }
    }
    used
}

/// Makes the pixel dimensions true where the block states them.
pub(crate) fn set_dimensions(block: &mut [u8], width: u32, height: u32) {
    let Some(map) = Map::of(block) else { return };
    let places = [
        (Some(&map.main), 0x0100, 0x0101),
        (map.exif.as_ref(), 0xA002, 0xA003),
        (map.interop.as_ref(), 0x1001, 0x1002),
    ];
    for (directory, width_tag, height_tag) in places {
        for field in directory.into_iter().flat_map(|directory| &directory.fields) {
            if field.count == 1 && field.tag == width_tag {
                put_number(map.order, block, *field, width);
            } else if field.count == 1 && field.tag == height_tag {
                put_number(map.order, block, *field, height);
            }
        }
    }
}

/// A field as it stands in a block: its tag, and its twelve bytes.
pub(crate) type RawField = (u16, [u8; 12]);

/// The fields of the first directory, and whether the block is big-endian. For writing a TIFF file around it.
pub(crate) fn main_fields(block: &[u8]) -> Option<(bool, Vec<RawField>)> {
    let map = Map::of(block)?;
    let fields =
        map.main.fields.iter().filter_map(|field| Some((field.tag, *block.get(field.at..)?.first_chunk()?))).collect();
    Some((map.order.big_endian, fields))
}
