//! Node: is it there, is it new enough, and are a folder's packages those of its lock.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::runtime::sha256_of;
use crate::{places, shell};

const OLDEST: (u32, u32) = (20, 19);

/// An error that says what to install when Node is missing or too old.
pub(super) fn check() -> Result<()> {
    let how = "Install Node 20.19 or newer (https://nodejs.org, or your system's packages) and try again.";
    let Ok(text) = shell::output(shell::command("node").arg("--version")) else {
        bail!("Node is missing. {how}");
    };
    let found = text.trim().trim_start_matches('v');
    let mut numbers = found.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version < OLDEST {
        bail!("Node {found} is too old. {how}");
    }
    if !shell::works("npm", "--version") {
        bail!("Node is there but npm is not. {how}");
    }
    Ok(())
}

/// `npm ci` without scripts in a folder of the repository, when its lock is not the one that was installed last.
pub(super) fn install(folder: &str) -> Result<()> {
    let folder = places::at(folder);
    let lock = folder.join("package-lock.json");
    let wanted = sha256_of(&lock).with_context(|| format!("{} is missing", lock.display()))?;
    let stamp = folder.join("node_modules").join(".installed-lock");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("Installing the packages of {} …", folder.display());
    clean_install(&folder)?;
    std::fs::write(&stamp, wanted).with_context(|| format!("could not write {}", stamp.display()))
}

/// `npm ci` without scripts: exactly what the lock names, checked by its integrity hashes, nothing executed.
pub(super) fn clean_install(folder: &Path) -> Result<()> {
    shell::run(
        shell::command("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(folder),
    )
    .context("npm could not install the packages (is this machine online?)")
}
