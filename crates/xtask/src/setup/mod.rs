//! Set-up: brings what is missing, and where it cannot, says exactly what to type.
//!
//! Each part looks first and does nothing when all is there, so that every other task can call it without cost.

pub(crate) mod fuzzer;
mod node;
mod packages;
mod runtime;
pub(crate) use runtime::sha256_of;
pub(crate) mod vulkan;

use anyhow::Result;

/// What one is about to do, which decides how much must be there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// Enhance photos on the command line.
    CommandLine,
    /// Build and open the window.
    Window,
    /// Run every test.
    Tests,
}

/// Everything, for people who like to have it behind them.
pub(crate) fn everything() -> Result<()> {
    bring(Need::Tests)?;
    println!("Everything is there. `cargo xtask run` opens the app, `cargo xtask test` runs every check.");
    Ok(())
}

/// Whether the set-up installs system packages here, so that a test may insist on them.
pub(crate) fn brings_packages() -> bool {
    packages::are_brought()
}

/// Brings what `need` asks for.
pub(crate) fn bring(need: Need) -> Result<()> {
    packages::bring(need)?;
    node::check()?;
    if need >= Need::Window {
        node::install("ui")?;
    }
    if need >= Need::Tests && crate::places::at("tests/browser/package-lock.json").exists() {
        node::install("tests/browser")?;
    }
    if need >= Need::Tests {
        fuzzer::bring();
    }
    runtime::bring()
}
