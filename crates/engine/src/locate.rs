//! Where ONNX Runtime's library and the models are. One answer for the window and the command line.
//!
//! The only place in the engine that reads the environment. Looks, never loads.

use std::path::{Path, PathBuf};

/// Names the library by hand: an absolute path to the file.
pub const RUNTIME_VARIABLE: &str = "PRETTY_ONNXRUNTIME";
/// Names the folder with `manifest.toml` by hand.
pub const MODELS_VARIABLE: &str = "PRETTY_MODELS";

/// The library's file name on this system.
pub const RUNTIME_FILE: &str = if cfg!(windows) {
    "onnxruntime.dll"
} else if cfg!(target_os = "macos") {
    "libonnxruntime.dylib"
} else {
    "libonnxruntime.so.1"
};

/// ONNX Runtime's library: what `PRETTY_ONNXRUNTIME` says, else `runtime/` in the resources, else `runtime/` beside the executable, else
/// `target/runtime/` of a checkout. The path need not exist: the first place is given back when there is none, so that an error can name it.
#[must_use]
pub fn runtime_library(resource_folder: Option<&Path>) -> PathBuf {
    if let Some(path) = named(RUNTIME_VARIABLE) {
        return path;
    }
    let places = resource_folder
        .map(|folder| folder.join("runtime"))
        .into_iter()
        .chain(beside_executable("runtime"))
        .chain(checkout().map(|root| root.join("target/runtime")));
    first_existing(places.map(|folder| folder.join(RUNTIME_FILE)))
}

/// The folder with the models: what `PRETTY_MODELS` says, else `models/` in the resources, else `models/` beside the executable, else
/// `models/` of a checkout. Chosen by the `manifest.toml` in it; the first place when there is none.
#[must_use]
pub fn models_folder(resource_folder: Option<&Path>) -> PathBuf {
    if let Some(path) = named(MODELS_VARIABLE) {
        return path;
    }
    let places = resource_folder
        .map(|folder| folder.join("models"))
        .into_iter()
        .chain(beside_executable("models"))
        .chain(checkout().map(|root| root.join("models")));
    let manifest = first_existing(places.map(|folder| folder.join(crate::manifest::FILE)));
    manifest.parent().map(Path::to_path_buf).unwrap_or(manifest)
}

fn named(variable: &str) -> Option<PathBuf> {
    let value = std::env::var_os(variable).filter(|value| !value.is_empty())?;
    Some(std::path::absolute(&value).unwrap_or_else(|_| PathBuf::from(value)))
}

fn beside_executable(folder: &str) -> Option<PathBuf> {
    Some(std::env::current_exe().ok()?.parent()?.join(folder))
}

/// The root of the checkout that the executable was built in: the folder above `target` on its path. Not the compile-time path, which would
/// send an installed program looking where its developer lived.
fn checkout() -> Option<PathBuf> {
    let executable = std::env::current_exe().ok()?;
    let target = executable.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == "target"))?;
    target.parent().map(Path::to_path_buf)
}

fn first_existing(places: impl Iterator<Item = PathBuf>) -> PathBuf {
    let places: Vec<PathBuf> = places.collect();
    places.iter().find(|place| place.exists()).or(places.first()).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_find_the_checkout() {
        let root = checkout().expect("tests run from target/");
        assert!(root.join("crates/engine").is_dir(), "{}", root.display());
        assert!(models_folder(None).ends_with("models"));
    }

    #[test]
    fn resources_come_first() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("models")).unwrap();
        std::fs::write(folder.path().join("models/manifest.toml"), "").unwrap();
        assert_eq!(models_folder(Some(folder.path())), folder.path().join("models"));
    }
}
