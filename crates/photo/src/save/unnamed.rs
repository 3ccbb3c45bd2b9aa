//! A file without a name (O_TMPFILE), and the call that gives it one.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, open};
use rustix::io::Errno;

use super::Tried;
use super::part::{self, Part};
use crate::error::PhotoError;

/// Creates a file without a name; `None` where the file system or the system cannot.
pub(super) fn create(folder: &Path) -> Result<Option<File>, PhotoError> {
    if !Path::new("/proc/self/fd").exists() {
        return Ok(None); // The way to give it a name leads through there.
    }
    match open(folder, OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC, Mode::from_raw_mode(0o666)) {
        Ok(handle) => Ok(Some(handle.into())),
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOSYS) => Ok(None),
        Err(error) => Err(PhotoError::writing(folder, error.into())),
    }
}

/// Gives the file a name that must be free.
pub(super) fn link(file: &File, path: &Path) -> Result<Tried, PhotoError> {
    match linkat(CWD, by_handle(file), CWD, path, AtFlags::SYMLINK_FOLLOW) {
        Ok(()) => Ok(Tried::Done),
        Err(Errno::EXIST) => Ok(Tried::Taken),
        Err(error) => Err(PhotoError::writing(path, error.into())),
    }
}

/// Gives the file a hidden name.
pub(super) fn link_as_part(file: &File, folder: &Path) -> Result<Part, PhotoError> {
    let _ = file.try_lock();
    loop {
        let path = part::fresh_name(folder);
        if let Tried::Done = link(file, &path)? {
            return Ok(Part::adopt(path));
        }
    }
}

fn by_handle(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}
