//! The programs under test: those that `cargo xtask test` has just built, or built here when a journey is run by itself.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The repository's root.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the root")
}

/// The command line.
#[must_use]
pub fn pretty() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| built("pretty", &["--package", "pretty-cli"]))
}

/// The window, with its UI inside.
#[must_use]
pub fn window() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        built("pretty-desktop", &["--package", "pretty-desktop", "--features", "pretty-desktop/custom-protocol"])
    })
}

/// The hosted service.
#[must_use]
pub fn service() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| built("pretty-backend", &["--package", "pretty-backend"]))
}

fn built(name: &str, what: &[&str]) -> PathBuf {
    if let Some(folder) = std::env::var_os("PRETTY_PROGRAMS") {
        return Path::new(&folder).join(name);
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).current_dir(root()).args(["build", "--quiet"]).args(what).status().expect("cargo");
    assert!(status.success(), "{name} could not be built");
    // …/target/debug/deps/it-0123456789abcdef
    let here = std::env::current_exe().expect("the path of this test");
    here.parent().and_then(Path::parent).expect("a test lies in target/<profile>/deps").join(name)
}

/// Names the library and the models of this checkout, wherever Cargo's output lies.
pub fn equip(command: &mut Command) {
    command
        .env("PRETTY_ONNXRUNTIME", root().join("target/runtime/libonnxruntime.so.1"))
        .env("PRETTY_MODELS", root().join("models"));
}

/// A folder for pictures of the window that are to be looked at.
#[must_use]
pub fn screenshots() -> PathBuf {
    let folder = root().join("target/screenshots");
    std::fs::create_dir_all(&folder).expect("target/screenshots");
    folder
}

/// The photo that ships.
#[must_use]
pub fn sample() -> PathBuf {
    root().join("src-tauri/resources/sample.jpg")
}
