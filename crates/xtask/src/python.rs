//! Python environments under `target`, each holding exactly what a list of requirements names. Nothing that ships is Python.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::setup::sha256_of;
use crate::{places, shell};

/// An environment that is as its list says.
pub(crate) struct Environment {
    home: PathBuf,
}

impl Environment {
    /// The environment `target/NAME`, made anew when the list is not the one that was installed last.
    pub(crate) fn bring(name: &str, requirements: &Path) -> Result<Self> {
        let environment = Self { home: places::at("target").join(name) };
        let wanted = sha256_of(requirements)?;
        let stamp = environment.home.join("installed-requirements");
        if !fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            println!("Making a Python environment in {} …", environment.home.display());
            let base = if cfg!(windows) { "python" } else { "python3" };
            shell::run(shell::command(base).args(["-m", "venv"]).arg(&environment.home))
                .context("Python 3.11 or newer with its venv module is needed (Debian: `apt install python3-venv`)")?;
            let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
            shell::run(shell::command(&environment.program("python")).args(pip).arg(requirements))?;
            fs::write(&stamp, wanted)?;
        }
        Ok(environment)
    }

    /// A program of the environment.
    pub(crate) fn program(&self, name: &str) -> String {
        let program = if cfg!(windows) { format!("Scripts/{name}.exe") } else { format!("bin/{name}") };
        self.home.join(program).to_string_lossy().into_owned()
    }
}
