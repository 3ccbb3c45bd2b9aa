//! A ZIP archive, written piece by piece: entries as they are, without compression (photos are compressed already), up to 4 GB.

/// The pieces of an archive: each entry's bytes as they are to be written, and the directory at its end.
#[derive(Debug, Default)]
pub(super) struct Zip {
    directory: Vec<u8>,
    entries: u16,
    offset: u64,
}

/// More than the format without its extensions can hold.
#[derive(Debug, thiserror::Error)]
#[error("the archive would be larger than 4 GB")]
pub(super) struct TooLarge;

/// The first of January 1980, as every entry is dated: when it was made stands in the README.
const DATE: u16 = (1 << 5) | 1;
const VERSION: u16 = 20;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;

impl Zip {
    /// What goes before and with the content of an entry.
    pub(super) fn entry(&mut self, name: &str, content: &[u8]) -> Result<Vec<u8>, TooLarge> {
        let size = u32::try_from(content.len()).map_err(|_| TooLarge)?;
        let at = u32::try_from(self.offset).map_err(|_| TooLarge)?;
        let length = u16::try_from(name.len()).map_err(|_| TooLarge)?;
        let mut common = Vec::new();
        for number in [VERSION, FLAGS, 0, 0, DATE] {
            common.extend(number.to_le_bytes());
        }
        for number in [crc32(content), size, size] {
            common.extend(number.to_le_bytes());
        }
        common.extend(length.to_le_bytes());
        common.extend(0_u16.to_le_bytes());
        let mut written = b"PK\x03\x04".to_vec();
        written.extend(&common);
        written.extend(name.as_bytes());
        written.extend(content);
        self.directory.extend(b"PK\x01\x02");
        self.directory.extend(VERSION.to_le_bytes());
        self.directory.extend(&common);
        self.directory.extend([0; 10]);
        self.directory.extend(at.to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.entries = self.entries.checked_add(1).ok_or(TooLarge)?;
        self.offset += written.len() as u64;
        Ok(written)
    }

    /// The directory.
    pub(super) fn end(self) -> Result<Vec<u8>, TooLarge> {
        let size = u32::try_from(self.directory.len()).map_err(|_| TooLarge)?;
        let at = u32::try_from(self.offset).map_err(|_| TooLarge)?;
        let mut written = self.directory;
        written.extend(b"PK\x05\x06\0\0\0\0");
        written.extend(self.entries.to_le_bytes());
        written.extend(self.entries.to_le_bytes());
        written.extend(size.to_le_bytes());
        written.extend(at.to_le_bytes());
        written.extend([0; 2]);
        Ok(written)
    }
}

fn crc32(bytes: &[u8]) -> u32 {
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
}
