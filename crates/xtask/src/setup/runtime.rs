//! ONNX Runtime's library: one npm package, locked by its integrity hash, from which only the files of this platform are kept.
//!
//! Nothing of the package is executed. The kept files are compared with the hashes in `onnxruntime/files.json` each time.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::node;
use crate::places;

/// A file of the package that is kept.
#[derive(Deserialize)]
struct Kept {
    /// In the package.
    from: PathBuf,
    /// In `target/runtime`.
    to: PathBuf,
    /// Of its content, in hexadecimal.
    sha256: String,
}

/// Brings the library of this platform to `target/runtime`, unless it is there.
pub(super) fn bring() -> Result<()> {
    let Some(kept) = of_this_platform()? else {
        if std::env::var_os("PRETTY_ONNXRUNTIME").is_some() {
            return Ok(());
        }
        bail!(
            "There is no ONNX Runtime library for {}-{} in the source this project uses. \
             Set PRETTY_ONNXRUNTIME to the absolute path of a library of version 1.24 or newer that you trust.",
            std::env::consts::OS,
            std::env::consts::ARCH
        );
    };
    let home = places::runtime();
    if kept.iter().all(|file| holds(&home.join(&file.to), &file.sha256)) {
        return notices(&home);
    }
    println!("Fetching ONNX Runtime's library (about 110 MB, once) …");
    let recipe = places::at("crates/xtask/onnxruntime");
    let place = places::at("target/onnxruntime");
    fs::create_dir_all(&place)?;
    for name in ["package.json", "package-lock.json", ".npmrc"] {
        fs::copy(recipe.join(name), place.join(name)).with_context(|| format!("could not copy {name}"))?;
    }
    node::clean_install(&place)?;
    fs::create_dir_all(&home)?;
    let package = place.join("node_modules/onnxruntime-node");
    for file in &kept {
        keep(&package.join(&file.from), &home.join(&file.to), &file.sha256)?;
    }
    // The package holds every platform's library: 290 MB of which one platform needs at most 70.
    fs::remove_dir_all(place.join("node_modules")).context("could not remove the unpacked package")?;
    notices(&home)
}

fn of_this_platform() -> Result<Option<Vec<Kept>>> {
    let text = fs::read_to_string(places::at("crates/xtask/onnxruntime/files.json"))?;
    let mut platforms: BTreeMap<String, Vec<Kept>> =
        serde_json::from_str(&text).context("files.json is not understood")?;
    Ok(platforms.remove(&format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH)))
}

/// Copies one file beside its place, looks at what arrived, then renames it into place.
fn keep(from: &Path, to: &Path, sha256: &str) -> Result<()> {
    let arriving = to.with_extension("arriving");
    fs::copy(from, &arriving).with_context(|| format!("could not copy {}", from.display()))?;
    if !holds(&arriving, sha256) {
        bail!("{} is not the file that this project was tested with; it was not used", from.display());
    }
    fs::rename(&arriving, to).with_context(|| format!("could not write {}", to.display()))
}

/// The licence and the notices travel with the library.
fn notices(home: &Path) -> Result<()> {
    let recipe = places::at("crates/xtask/onnxruntime");
    for (from, to) in
        [("LICENSE", "onnxruntime-LICENSE.txt"), ("ThirdPartyNotices.txt", "onnxruntime-ThirdPartyNotices.txt")]
    {
        if !home.join(to).exists() {
            fs::copy(recipe.join(from), home.join(to)).with_context(|| format!("could not copy {from}"))?;
        }
    }
    Ok(())
}

fn holds(file: &Path, sha256: &str) -> bool {
    sha256_of(file).is_ok_and(|found| found == sha256)
}

/// Of a file's content, in hexadecimal.
pub(crate) fn sha256_of(file: &Path) -> Result<String> {
    let mut source = File::open(file).with_context(|| format!("could not open {}", file.display()))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = source.read(&mut buffer)?;
        if read == 0 {
            return Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
        }
        hasher.update(&buffer[..read]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_names_its_files_once_with_whole_hashes() {
        let text = fs::read_to_string(places::at("crates/xtask/onnxruntime/files.json")).unwrap();
        let platforms: BTreeMap<String, Vec<Kept>> = serde_json::from_str(&text).unwrap();
        for platform in ["linux-x86_64", "linux-aarch64", "macos-aarch64", "windows-x86_64", "windows-aarch64"] {
            let kept = &platforms[platform];
            assert!(!kept.is_empty(), "{platform}");
            for file in kept {
                assert_eq!(file.sha256.len(), 64, "{}", file.from.display());
                assert!(file.to.file_name() == Some(file.to.as_os_str()), "{}", file.to.display());
            }
        }
    }

    #[test]
    fn a_hash_is_that_of_the_content() {
        let file = std::env::temp_dir().join(format!("xtask-hash-{}", std::process::id()));
        fs::write(&file, b"abc").unwrap();
        let found = sha256_of(&file).unwrap();
        fs::remove_file(&file).unwrap();
        assert_eq!(found, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn the_lock_names_no_host_to_fetch_from() {
        let text = fs::read_to_string(places::at("crates/xtask/onnxruntime/package-lock.json")).unwrap();
        assert!(!text.contains("\"resolved\""));
        assert!(text.contains("\"integrity\": \"sha512-"));
    }
}
