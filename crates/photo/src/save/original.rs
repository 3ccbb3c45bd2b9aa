//! Whether a path leads to the photo itself: through a link, another spelling, or plainly.

use std::path::Path;

/// True when both lead to one file. A path that leads nowhere is no file.
#[cfg(unix)]
pub(super) fn is_same(path: &Path, original: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (std::fs::metadata(path), std::fs::metadata(original)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

/// True when both lead to one file, as far as their canonical paths tell. A path that leads nowhere is no file.
#[cfg(not(unix))]
pub(super) fn is_same(path: &Path, original: &Path) -> bool {
    match (std::fs::canonicalize(path), std::fs::canonicalize(original)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
