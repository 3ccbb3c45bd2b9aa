//! Puts a finished result in its place in one step, or leaves nothing. Never onto the photo itself, nor onto another photo or result of its batch.
//!
//! On Linux the file has no name until it is finished, so that a killed program leaves nothing. Elsewhere, and on file systems that cannot do
//! that, it has a hidden name; what a killed program left is taken away by the next result in that folder.

mod free_name;
mod kept;
mod original;
mod part;
#[cfg(target_os = "linux")]
mod unnamed;

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};

use pretty_contract::export::Collision;

use crate::error::PhotoError;
use crate::names;
pub use kept::Kept;

/// How many taken names are tried before giving up.
const MOST_TRIES: u32 = 9_999;

/// What became of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It is in its place.
    Written {
        /// Where.
        path: PathBuf,
        /// Size of the file.
        bytes: u64,
    },
    /// A file of that name was there, and was to be left.
    Skipped {
        /// That file.
        path: PathBuf,
    },
}

/// A result that is not in its place yet. Dropped without [`commit`](Self::commit), it leaves nothing.
#[derive(Debug)]
pub struct PendingResult {
    folder: PathBuf,
    file: File,
    place: Place,
}

/// Where the bytes are until then.
#[derive(Debug)]
enum Place {
    #[cfg(target_os = "linux")]
    Unnamed,
    Named(part::Part),
}

/// What trying a name brought.
#[derive(Debug)]
enum Tried {
    Done,
    Taken,
}

impl PendingResult {
    /// Begins a result in `folder`, which must be there.
    ///
    /// # Errors
    /// [`PhotoError::TargetMissing`], [`PhotoError::TargetReadOnly`], [`PhotoError::DiskFull`], [`PhotoError::TargetFailed`].
    pub fn create(folder: &Path) -> Result<Self, PhotoError> {
        // An empty path is what `Path::parent` gives for a bare file name.
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        part::clear_stale(folder);
        #[cfg(target_os = "linux")]
        if let Some(file) = unnamed::create(folder)? {
            return Ok(Self { folder: folder.to_path_buf(), file, place: Place::Unnamed });
        }
        let (file, part) = part::create(folder)?;
        Ok(Self { folder: folder.to_path_buf(), file, place: Place::Named(part) })
    }

    /// The file to write to and to read back.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Puts the result in its place under `name`, or as `collision` says when the name is taken. Synced before it gets its name, and the folder
    /// after. What `kept` holds is not replaced: the result gets the next name then, as if it were to be renamed. It joins `kept` itself.
    ///
    /// # Errors
    /// [`PhotoError::IsTheOriginal`] when it would replace `original`, by whatever name; otherwise as [`create`](Self::create).
    pub fn commit(
        mut self,
        name: &OsStr,
        collision: Collision,
        original: &Path,
        kept: &Kept,
    ) -> Result<Saved, PhotoError> {
        self.file.sync_all().map_err(|source| PhotoError::writing(&self.folder, source))?;
        let bytes = self.file.metadata().map_err(|source| PhotoError::writing(&self.folder, source))?.len();
        let first = self.folder.join(name);
        let mut path = first.clone();
        let mut number = 2;
        loop {
            match self.give_name(&path)? {
                Tried::Done => break,
                Tried::Taken => {}
            }
            match collision {
                Collision::Skip => return Ok(Saved::Skipped { path }),
                Collision::Overwrite if original::is_same(&path, original) => {
                    return Err(PhotoError::IsTheOriginal { path });
                }
                Collision::Overwrite if !kept.holds(&path) => {
                    self.replace(&path)?;
                    break;
                }
                Collision::Overwrite | Collision::Rename if number > MOST_TRIES => {
                    let source = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
                    return Err(PhotoError::TargetFailed { path: first, source });
                }
                Collision::Overwrite | Collision::Rename => {
                    path = self.folder.join(names::numbered(Path::new(name), number));
                    number += 1;
                }
            }
        }
        sync_folder(&self.folder);
        kept.add(path.clone());
        Ok(Saved::Written { path, bytes })
    }

    /// Gives the file a name that must be free.
    fn give_name(&mut self, path: &Path) -> Result<Tried, PhotoError> {
        match &mut self.place {
            #[cfg(target_os = "linux")]
            Place::Unnamed => unnamed::link(&self.file, path),
            Place::Named(part) => part.move_to_free(path),
        }
    }

    /// Puts the file in the place of another, in one step.
    fn replace(&mut self, path: &Path) -> Result<(), PhotoError> {
        match &mut self.place {
            #[cfg(target_os = "linux")]
            Place::Unnamed => {
                // Renaming needs a name: a hidden one, for the moment in between.
                let mut part = unnamed::link_as_part(&self.file, &self.folder)?;
                part.move_over(path)
            }
            Place::Named(part) => part.move_over(path),
        }
    }
}

/// Makes a new name survive a power cut, where folders can be synced at all.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        // Not every file system can; the file itself is synced.
        let _ = folder.sync_all();
    }
}
