//! A ZIP archive, written piece by piece: entries as they are, without compression (photos are compressed already), each up to 4 GB, together
//! without a limit (ZIP64, where it takes that).

/// The head of each entry, as it is to be written before its content, and the directory at the end.
#[derive(Clone, Debug, Default)]
pub(super) struct Zip {
    directory: Vec<u8>,
    entries: u64,
    offset: u64,
}

/// More than one entry of the format can hold.
#[derive(Debug, thiserror::Error)]
#[error("a file in the archive would be larger than 4 GB")]
pub(super) struct TooLarge;

/// The first of January 1980, as every entry is dated: when it was made stands in the README.
const DATE: u16 = (1 << 5) | 1;
const VERSION: u16 = 20;
/// Of the extensions for more than 4 GB.
const VERSION_64: u16 = 45;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
/// Stands for a number that is in the extension.
const LARGE_16: u16 = u16::MAX;
const LARGE_32: u32 = u32::MAX;

impl Zip {
    /// An archive of which a part was written before.
    pub(super) fn go_on(directory: Vec<u8>, entries: i64, bytes: i64) -> Self {
        Self { directory, entries: entries.unsigned_abs(), offset: bytes.unsigned_abs() }
    }

    /// What [`Self::go_on`] takes, but for the length.
    pub(super) fn so_far(self) -> (Vec<u8>, i64) {
        (self.directory, i64::try_from(self.entries).unwrap_or(i64::MAX))
    }

    /// What goes before the content of an entry.
    pub(super) fn entry(&mut self, name: &str, size: u64, checksum: u32) -> Result<Vec<u8>, TooLarge> {
        let length = u16::try_from(name.len()).map_err(|_| TooLarge)?;
        let short = u32::try_from(size).ok().filter(|size| *size < LARGE_32).ok_or(TooLarge)?;
        let mut common = Vec::new();
        for number in [VERSION, FLAGS, 0, 0, DATE] {
            common.extend(number.to_le_bytes());
        }
        for number in [checksum, short, short] {
            common.extend(number.to_le_bytes());
        }
        common.extend(length.to_le_bytes());
        let mut head = b"PK\x03\x04".to_vec();
        head.extend(&common);
        head.extend(0_u16.to_le_bytes());
        head.extend(name.as_bytes());

        let (at, extra) = match u32::try_from(self.offset).ok().filter(|at| *at < LARGE_32) {
            Some(at) => (at, Vec::new()),
            None => (LARGE_32, [&[1, 0, 8, 0][..], &self.offset.to_le_bytes()].concat()),
        };
        self.directory.extend(b"PK\x01\x02");
        self.directory.extend(if extra.is_empty() { VERSION } else { VERSION_64 }.to_le_bytes());
        self.directory.extend(&common);
        // Twelve at most.
        self.directory.extend((extra.len() as u16).to_le_bytes());
        self.directory.extend([0; 10]);
        self.directory.extend(at.to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.directory.extend(extra);
        self.entries += 1;
        self.offset += head.len() as u64 + size;
        Ok(head)
    }

    /// The directory.
    pub(super) fn end(self) -> Vec<u8> {
        let size = self.directory.len() as u64;
        let short = |number: u64| u32::try_from(number).unwrap_or(LARGE_32);
        let entries = u16::try_from(self.entries).unwrap_or(LARGE_16);
        let is_large = entries == LARGE_16 || short(size) == LARGE_32 || short(self.offset) == LARGE_32;
        let mut written = self.directory;
        if is_large {
            written.extend(b"PK\x06\x06");
            written.extend(44_u64.to_le_bytes());
            written.extend(VERSION_64.to_le_bytes());
            written.extend(VERSION_64.to_le_bytes());
            written.extend([0; 8]);
            for number in [self.entries, self.entries, size, self.offset] {
                written.extend(number.to_le_bytes());
            }
            written.extend(b"PK\x06\x07\0\0\0\0");
            written.extend((self.offset + size).to_le_bytes());
            written.extend(1_u32.to_le_bytes());
        }
        written.extend(b"PK\x05\x06\0\0\0\0");
        written.extend(entries.to_le_bytes());
        written.extend(entries.to_le_bytes());
        written.extend(short(size).to_le_bytes());
        written.extend(short(self.offset).to_le_bytes());
        written.extend([0; 2]);
        written
    }

    /// How long the archive is, with its directory.
    pub(super) fn length(self) -> u64 {
        let offset = self.offset;
        offset + self.end().len() as u64
    }
}

/// The checksum of an entry.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    !bytes.iter().fold(!0, |crc: u32, byte| TABLE[usize::from((crc as u8) ^ byte)] ^ (crc >> 8))
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { 0xedb8_8320 ^ (value >> 1) } else { value >> 1 };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn beyond_four_gigabytes_the_extension_is_used_and_only_there() {
        let mut zip = Zip::default();
        zip.entry("a", 10, 1).unwrap();
        let small = zip.clone().end();
        assert!(!small.windows(4).any(|window| window == b"PK\x06\x06"));
        assert_eq!(zip.clone().length(), (30 + 1 + 10) + small.len() as u64);
        // Two of three gigabytes: the third begins where four bytes do not reach.
        for name in ["b", "c", "d"] {
            zip.entry(name, 3 << 30, 2).unwrap();
        }
        let end = zip.clone().end();
        let at = |needle: &[u8]| end.windows(needle.len()).position(|window| window == needle).unwrap();
        let third = (41 + 2 * (31 + (3_u64 << 30))).to_le_bytes();
        assert_eq!(&end[at(b"d\x01\0\x08\0") + 5..][..8], third);
        let record = at(b"PK\x06\x06");
        assert_eq!(end[record + 24..][..8], 4_u64.to_le_bytes());
        assert_eq!(end[record + 48..][..8], zip.offset.to_le_bytes());
        let locator = at(b"PK\x06\x07");
        assert_eq!(end[locator + 8..][..8], (zip.offset + record as u64).to_le_bytes());
        assert!(zip.entry("e", 4 << 30, 0).is_err(), "one entry that is too large");
    }
}
