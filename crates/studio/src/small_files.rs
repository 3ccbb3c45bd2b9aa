//! Small JSON files in the data folder: read if they are understood, written whole or not at all.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The file's content, or nothing when there is none or it is not understood: what is kept here can be measured again.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let text = fs::read(path).ok()?;
    match serde_json::from_slice(&text) {
        Ok(content) => Some(content),
        Err(error) => {
            tracing::warn!(%error, file = ?path.file_name(), "a remembered file is not understood and is begun anew");
            None
        }
    }
}

/// Writes beside the file, then renames. What cannot be kept is measured again next time.
pub(crate) fn write<T: Serialize>(path: &Path, content: &T) {
    if let Err(error) = try_write(path, content) {
        tracing::warn!(%error, file = ?path.file_name(), "could not be remembered");
    }
}

fn try_write<T: Serialize>(path: &Path, content: &T) -> std::io::Result<()> {
    write_bytes(path, &serde_json::to_vec_pretty(content)?)
}

/// Puts bytes at a path in one step; folders are made.
pub(crate) fn write_bytes(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let arriving = path.with_extension(format!("{}.arriving", std::process::id()));
    let mut file = fs::File::create(&arriving)?;
    let written = file.write_all(bytes).and_then(|()| fs::rename(&arriving, path));
    if written.is_err() {
        let _ = fs::remove_file(&arriving);
    }
    written
}
