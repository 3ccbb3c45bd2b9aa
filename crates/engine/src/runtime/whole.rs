//! Whether a Linux library's file is as long as its header says. The system's loader maps a file that was cut short without a word, and the
//! process dies when the missing part is touched; so this is asked before.
//!
//! Reads the few numbers that say so and nothing else: everything further is the loader's to judge. Layout: the ELF-64 object file format.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

const HEADER: usize = 64;

/// A reason when the file is a 64-bit little-endian ELF file with an end missing; fine in every other case.
pub(super) fn cut_short(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    let mut header = [0; HEADER];
    file.read_exact(&mut header).ok()?;
    if !header.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let table = |offset: usize, size: usize, count: usize| Table {
        offset: u64_at(&header, offset),
        size: u64::from(u16_at(&header, size)),
        count: u64::from(u16_at(&header, count)),
    };
    let (segments, sections) = (table(32, 54, 56), table(40, 58, 60));
    let mut end = sections.end().max(segments.end());
    for number in 0..segments.count {
        let mut entry = [0; 56];
        let found = file.seek(SeekFrom::Start(segments.offset.saturating_add(number * segments.size)));
        if found.is_err() || file.read_exact(&mut entry).is_err() {
            break;
        }
        end = end.max(u64_at(&entry, 8).saturating_add(u64_at(&entry, 32)));
    }
    (end > length).then(|| format!("the file has {length} bytes and should have at least {end}"))
}

struct Table {
    offset: u64,
    size: u64,
    count: u64,
}

impl Table {
    fn end(&self) -> u64 {
        self.offset.saturating_add(self.size * self.count)
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).and_then(|two| two.try_into().ok()).map_or(0, u16::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|eight| eight.try_into().ok()).map_or(0, u64::from_le_bytes)
}

#[cfg(all(test, target_os = "linux", target_pointer_width = "64", target_endian = "little"))]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_whole_until_its_end_is_cut_off() {
        let whole = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("program");
        for (share, expected) in [(100, false), (99, true), (50, true), (1, true)] {
            std::fs::write(
                &path,
                &whole[..whole.len() / 100 * share + if share == 100 { whole.len() % 100 } else { 0 }],
            )
            .unwrap();
            assert_eq!(cut_short(&path).is_some(), expected, "{share} %");
        }
        for other in [&b""[..], b"not a library", b"\x7fELF\x02\x01"] {
            std::fs::write(&path, other).unwrap();
            assert_eq!(cut_short(&path), None);
        }
    }
}
