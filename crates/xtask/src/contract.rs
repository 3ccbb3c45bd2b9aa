//! `cargo xtask contract`: writes the UI's types. That they are current is a test of `pretty-contract`.

use anyhow::{Context, Result};
use pretty_contract::typescript::{GENERATED_FILE, generate};

use crate::places;

/// Writes the generated file.
pub(crate) fn write() -> Result<()> {
    let path = places::at(GENERATED_FILE);
    std::fs::write(&path, generate()).with_context(|| format!("could not write {}", path.display()))?;
    println!("Wrote {}", path.display());
    Ok(())
}
