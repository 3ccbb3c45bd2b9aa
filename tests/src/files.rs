//! Looking at folders and files.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};

/// Names of everything in a folder, hidden files too, sorted; below folders with `/`.
#[must_use]
pub fn names(folder: &Path) -> Vec<String> {
    contents(folder).into_keys().collect()
}

/// Hashes of every file in a folder, by name.
#[must_use]
pub fn contents(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(here) = waiting.pop() {
        let Ok(entries) = std::fs::read_dir(&here) else { continue };
        for entry in entries {
            let path = entry.expect("an entry of a folder").path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below the folder").to_string_lossy().into_owned();
                found.insert(name, hash(&path));
            }
        }
    }
    found
}

/// Of a file's content.
#[must_use]
pub fn hash(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
