//! A result under a hidden name, locked for as long as its program lives.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Tried, free_name};
use crate::error::PhotoError;

const PREFIX: &str = ".pretty-";
const SUFFIX: &str = ".part";

/// A hidden file that goes away when dropped.
#[derive(Debug)]
pub(super) struct Part {
    path: Option<PathBuf>,
}

/// Creates and locks a hidden file.
pub(super) fn create(folder: &Path) -> Result<(File, Part), PhotoError> {
    loop {
        let path = fresh_name(folder);
        match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
            Ok(file) => {
                // Where locks do not work, nothing is ever stale.
                let _ = file.try_lock();
                return Ok((file, Part { path: Some(path) }));
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(source) => return Err(PhotoError::writing(folder, source)),
        }
    }
}

/// A hidden name that this program has not used yet.
pub(super) fn fresh_name(folder: &Path) -> PathBuf {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    folder.join(format!("{PREFIX}{}-{number}{SUFFIX}", std::process::id()))
}

/// Takes away what killed programs left: hidden files of ours that nobody holds a lock on.
pub(super) fn clear_stale(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !(name.starts_with(PREFIX) && name.ends_with(SUFFIX)) {
            continue;
        }
        let stale = File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
        if stale {
            let _ = fs::remove_file(entry.path());
        }
    }
}

impl Part {
    /// Takes care of a hidden file that has just been made.
    pub(super) fn adopt(path: PathBuf) -> Self {
        Self { path: Some(path) }
    }

    /// Gives the file a name that must be free.
    pub(super) fn move_to_free(&mut self, target: &Path) -> Result<Tried, PhotoError> {
        let Some(path) = &self.path else { return Ok(Tried::Done) };
        let tried = free_name::take(path, target).map_err(|source| PhotoError::writing(target, source))?;
        if let Tried::Done = tried {
            self.path = None;
        }
        Ok(tried)
    }

    /// Puts the file in the place of another.
    pub(super) fn move_over(&mut self, target: &Path) -> Result<(), PhotoError> {
        let Some(path) = &self.path else { return Ok(()) };
        fs::rename(path, target).map_err(|source| PhotoError::writing(target, source))?;
        self.path = None;
        Ok(())
    }

    fn remove(&mut self) {
        if let Some(path) = self.path.take() {
            let _ = fs::remove_file(path);
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.remove();
    }
}
