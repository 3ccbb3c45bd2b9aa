//! `cargo xtask bundle`: installers for the system this runs on, with ONNX Runtime's library, its notices and the models inside.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::setup::{self, Need};
use crate::{places, shell};

/// Makes them.
pub(crate) fn run(kinds: &[String]) -> Result<()> {
    setup::bring(Need::Window)?;
    stage()?;
    let mut command = shell::command("npx");
    // Not among the UI's packages: only bundling needs it, and its lock names packages of platforms that not every registry mirror holds.
    command
        .args(["--yes", "--package", "@tauri-apps/cli@~2.12", "--", "tauri", "build"])
        // Names what is staged; a build for development has no need of it.
        .args(["--config", "tauri.bundle.conf.json"])
        .current_dir(places::at("src-tauri"));
    if !kinds.is_empty() {
        command.args(["--bundles", &kinds.join(",")]);
    }
    shell::run(&mut command)?;
    println!("Installers are in {}", places::target().join("release/bundle").display());
    Ok(())
}

/// Lays out what travels beside the program, where the bundle settings look for it: `src-tauri/bundled`, not kept in the repository.
fn stage() -> Result<()> {
    let home = places::at("src-tauri/bundled");
    if home.exists() {
        fs::remove_dir_all(&home).context("could not clear src-tauri/bundled")?;
    }
    copy_all(&places::runtime(), &home.join("runtime"), &|_| true)?;
    copy_all(&places::at("models"), &home.join("models"), &|name| {
        name == "manifest.toml" || name.ends_with(".onnx") || name.ends_with(".md")
    })?;
    // The cards point to the credits of the training photos, some of whose licences ask for them.
    copy_all(&places::at("models/training"), &home.join("models/training"), &|name| name == "CREDITS.md")
}

fn copy_all(from: &Path, to: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("could not read {}", from.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_file() && wanted(&name.to_string_lossy()) {
            fs::copy(entry.path(), to.join(&name))
                .with_context(|| format!("could not copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}
