//! Saying that a test cannot run here, so that it is neither red nor silently green.

use std::io::Write;
use std::path::{Path, PathBuf};

/// Where `cargo xtask test` collects what did not run, to list it at its end.
const LOG: &str = "PRETTY_SKIPPED_TESTS";

/// Tells why a test, or a part of one, did not run.
pub fn skipped(test: &str, reason: &str) {
    eprintln!("SKIPPED {test}: {reason}");
    if let Some(path) = std::env::var_os(LOG) {
        let mut log =
            std::fs::OpenOptions::new().create(true).append(true).open(path).expect("the log of skipped tests");
        // In one piece, because several tests write at once.
        log.write_all(format!("{test}: {reason}\n").as_bytes()).expect("the log of skipped tests");
    }
}

/// A folder of the material that may lie beside the repository, or where `PRETTY_SHARED` says; says "skipped" when it is not there.
#[must_use]
pub fn shared(test: &str, folder: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let found = std::env::var_os("PRETTY_SHARED").map_or_else(beside, PathBuf::from).join(folder);
    if !found.is_dir() {
        skipped(test, &format!("shared/{folder} is not beside the repository (PRETTY_SHARED may say where it is)"));
    }
    found.is_dir().then_some(found)
}
