//! Files that a result must never take the place of, whatever was asked: the other photos of a batch, and results that were just made in it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::original;

/// A list of files, shared by all results of a batch. A result that is put in place joins it.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    files: Arc<Mutex<Vec<PathBuf>>>,
}

impl Kept {
    /// These files.
    #[must_use]
    pub fn of(files: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { files: Arc::new(Mutex::new(files.into_iter().collect())) }
    }

    pub(super) fn add(&self, file: PathBuf) {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).push(file);
    }

    /// Whether a path leads to one of them, by whatever name.
    pub(super) fn holds(&self, path: &Path) -> bool {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.iter().any(|file| original::is_same(path, file))
    }
}
