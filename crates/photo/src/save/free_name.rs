//! Giving a file a name that must be free, in one step, in the first way that the system and its file system know: a renaming that replaces nothing,
//! a second name, or (where there is neither) a name that is reserved first.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

use super::Tried;

/// A way of doing it.
type Way = fn(&Path, &Path) -> io::Result<Tried>;

/// Only the last way can leave anything when the program is killed: an empty file under the name.
const WAYS: [Way; 3] = [rename_to_free, link_to_free, reserve_and_rename];

/// Moves `from` to `to` when nothing is there.
pub(super) fn take(from: &Path, to: &Path) -> io::Result<Tried> {
    let mut unknown = io::Error::from(ErrorKind::Unsupported);
    for way in WAYS {
        match way(from, to) {
            Err(error) if error.kind() == ErrorKind::Unsupported => unknown = error,
            answer => return answer,
        }
    }
    Err(unknown)
}

/// What the system said; that it does not know this way is told apart from that it failed.
fn answered(outcome: io::Result<()>, unknown: impl Fn(&io::Error) -> bool) -> io::Result<Tried> {
    match outcome {
        Ok(()) => Ok(Tried::Done),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Tried::Taken),
        Err(error) if unknown(&error) => Err(io::Error::new(ErrorKind::Unsupported, error)),
        Err(error) => Err(error),
    }
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn rename_to_free(from: &Path, to: &Path) -> io::Result<Tried> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    let renamed = renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE).map_err(io::Error::from);
    // Older systems know the call but not for every file system.
    answered(renamed, |error| matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::InvalidInput))
}

#[cfg(windows)]
fn rename_to_free(from: &Path, to: &Path) -> io::Result<Tried> {
    use std::os::windows::ffi::OsStrExt;
    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn MoveFileExW(from: *const u16, to: *const u16, flags: u32) -> i32;
    }
    /// On the disk before it returns. Nothing is said of replacing, so nothing is replaced.
    const WRITE_THROUGH: u32 = 8;
    // Canonical folders may be longer than others.
    let wide = |path: &Path| -> io::Result<Vec<u16>> {
        let name = path.file_name().ok_or(ErrorKind::InvalidInput)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok(fs::canonicalize(folder)?.join(name).as_os_str().encode_wide().chain([0]).collect())
    };
    let (from, to) = (wide(from)?, wide(to)?);
    #[expect(unsafe_code, reason = "the standard library renames over what is there")]
    // SAFETY: both are texts of 16-bit letters that end with a nought, and live to the end of the call.
    let moved = unsafe { MoveFileExW(from.as_ptr(), to.as_ptr(), WRITE_THROUGH) };
    answered(if moved == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }, |_| false)
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn rename_to_free(_: &Path, _: &Path) -> io::Result<Tried> {
    Err(ErrorKind::Unsupported.into())
}

/// A second name for the same file, then the first one taken away.
fn link_to_free(from: &Path, to: &Path) -> io::Result<Tried> {
    let failed = [ErrorKind::NotFound, ErrorKind::StorageFull, ErrorKind::InvalidFilename];
    let tried = answered(fs::hard_link(from, to), |error| !failed.contains(&error.kind()))?;
    if let Tried::Done = tried {
        // The result is in its place; a hidden name that stays is taken away by the next result in that folder.
        let _ = fs::remove_file(from);
    }
    Ok(tried)
}

/// An empty file that takes the name, then the result over it.
fn reserve_and_rename(from: &Path, to: &Path) -> io::Result<Tried> {
    let reserved = OpenOptions::new().write(true).create_new(true).open(to).map(drop);
    let tried = answered(reserved, |_| false)?;
    if let Tried::Done = tried
        && let Err(error) = fs::rename(from, to)
    {
        let ours = fs::metadata(to).is_ok_and(|file| file.len() == 0);
        if ours {
            let _ = fs::remove_file(to);
        }
        return Err(error);
    }
    Ok(tried)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    /// Every way by itself: which of them a disk knows is not up to the test.
    #[test]
    fn every_way_takes_a_free_name_and_leaves_a_taken_one() {
        for (number, way) in WAYS.into_iter().enumerate() {
            let folder = tempfile::tempdir().unwrap();
            let (part, target) = (folder.path().join("part"), folder.path().join("result"));
            fs::write(&part, "new").unwrap();
            match way(&part, &target) {
                Err(error) if error.kind() == ErrorKind::Unsupported && number + 1 < WAYS.len() => continue,
                tried => assert!(matches!(tried, Ok(Tried::Done)), "way {number}: {tried:?}"),
            }
            assert_eq!(listing(folder.path()), ["result"], "way {number}");
            fs::write(&part, "newer").unwrap();
            assert!(matches!(way(&part, &target), Ok(Tried::Taken)), "way {number}");
            assert_eq!(fs::read(&target).unwrap(), b"new", "way {number}");
            assert_eq!(listing(folder.path()), ["part", "result"], "way {number}");
        }
    }

    #[test]
    fn what_fails_leaves_no_empty_file_under_the_name() {
        for way in WAYS.into_iter().chain([take as Way]) {
            let folder = tempfile::tempdir().unwrap();
            let error = way(&folder.path().join("gone"), &folder.path().join("result")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound);
            assert!(listing(folder.path()).is_empty());
        }
    }
}
