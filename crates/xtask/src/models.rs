//! `cargo xtask models`: training, export and scores by the scripts under `models/training`, in an environment of their own under `target`;
//! and the check, which needs no Python, that files, manifest and cards agree.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::setup::sha256_of;
use crate::{places, shell};

/// What to do with the models.
#[derive(clap::Subcommand)]
pub(crate) enum What {
    /// Trains one; goes on where a training of the same name stopped.
    Train {
        /// Its id in the manifest.
        name: String,
        /// Minutes of two otherwise idle cores.
        #[arg(long)]
        minutes: f32,
        /// More for the script: `-- --data DIR --rate 1e-3`.
        #[arg(last = true)]
        more: Vec<String>,
    },
    /// Turns what `train` made into the file, manifest entry and card that ship.
    Export {
        /// Its id in the manifest.
        name: String,
        /// More for the script.
        #[arg(last = true)]
        more: Vec<String>,
    },
    /// Scores one that ships on the evaluation photos.
    Score {
        /// Its id in the manifest.
        name: String,
        /// More for the script: `-- --eval DIR`.
        #[arg(last = true)]
        more: Vec<String>,
    },
    /// Checks that files, manifest and cards agree.
    Verify,
}

/// Performs it.
pub(crate) fn run(what: &What) -> Result<()> {
    match what {
        What::Verify => verify().map(|_| ()),
        What::Train { name, minutes, more } => {
            let mut command = if name == "tone" { script("tone_train.py")? } else { script("train.py")? };
            if name != "tone" {
                command.arg(name);
            }
            command.arg("--out").arg(run_folder(name)).args(["--minutes", &minutes.to_string()]);
            shell::run(command.args(more))
        }
        What::Export { name, more } => {
            let checkpoint = run_folder(name).join("checkpoint.pt");
            let mut command = script("export.py")?;
            command.arg(name);
            if checkpoint.exists() {
                command.arg("--checkpoint").arg(checkpoint);
            }
            shell::run(command.args(more))
        }
        What::Score { name, more } => {
            let mut command = if name == "tone" { script("tone_evaluate.py")? } else { script("evaluate.py")? };
            if name != "tone" {
                command.arg(name);
            }
            shell::run(command.args(more))
        }
    }
}

fn run_folder(name: &str) -> PathBuf {
    places::at("target/training").join(name)
}

/// A training script, started by the Python of an environment that holds exactly what `requirements.txt` names.
fn script(name: &str) -> Result<Command> {
    let home = places::at("target/training-python");
    let python = home.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let requirements = places::at("models/training/requirements.txt");
    let wanted = sha256_of(&requirements)?;
    let stamp = home.join("installed-requirements");
    if !fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        println!("Making a Python environment for training in {} …", home.display());
        let base = if cfg!(windows) { "python" } else { "python3" };
        shell::run(shell::command(base).args(["-m", "venv"]).arg(&home))
            .context("Python 3.11 or newer with its venv module is needed (Debian: `apt install python3-venv`)")?;
        let mut install = shell::command(&python.to_string_lossy());
        shell::run(install.args(["-m", "pip", "install", "--quiet", "-r"]).arg(&requirements))?;
        fs::write(&stamp, wanted)?;
    }
    let mut command = shell::command(&python.to_string_lossy());
    command.arg(places::at("models/training").join(name));
    Ok(command)
}

#[derive(Deserialize)]
struct Manifest {
    version: u32,
    model: Vec<Entry>,
}

/// What the check reads of an entry; the engine reads all of it.
#[derive(Deserialize)]
struct Entry {
    id: String,
    version: String,
    bytes: u64,
    sha256: String,
    licence: String,
}

/// How many models agree with the manifest; an error that names what does not.
pub(crate) fn verify() -> Result<usize> {
    let folder = places::at("models");
    let text = fs::read_to_string(folder.join("manifest.toml")).context("could not read models/manifest.toml")?;
    let manifest: Manifest = toml::from_str(&text).context("models/manifest.toml is not understood")?;
    let mut problems = Vec::new();
    if manifest.version != 1 {
        problems.push(format!("manifest version {} is not known", manifest.version));
    }
    for entry in &manifest.model {
        problems.extend(look_at(&folder, entry)?);
    }
    let named: BTreeSet<String> = manifest.model.iter().map(|entry| format!("{}.onnx", entry.id)).collect();
    for file in fs::read_dir(&folder)? {
        let name = file?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".onnx") && !named.contains(&name) {
            problems.push(format!("{name} is in no manifest entry"));
        }
    }
    if !problems.is_empty() {
        bail!("Models and manifest disagree:\n    {}", problems.join("\n    "));
    }
    println!("{} models agree with manifest and cards.", manifest.model.len());
    Ok(manifest.model.len())
}

fn look_at(folder: &std::path::Path, entry: &Entry) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let file = folder.join(format!("{}.onnx", entry.id));
    match fs::metadata(&file) {
        Err(_) => problems.push(format!("{}.onnx is missing", entry.id)),
        Ok(found) => {
            if found.len() != entry.bytes {
                problems.push(format!(
                    "{}.onnx has {} bytes, the manifest says {}",
                    entry.id,
                    found.len(),
                    entry.bytes
                ));
            }
            if sha256_of(&file)? != entry.sha256 {
                problems.push(format!("{}.onnx is not the file whose sha256 the manifest names", entry.id));
            }
        }
    }
    let card = fs::read_to_string(folder.join(format!("{}.md", entry.id))).unwrap_or_default();
    for (what, value) in [("sha256", &entry.sha256), ("version", &entry.version), ("licence", &entry.licence)] {
        if !card.contains(value.as_str()) {
            problems.push(format!("the card {}.md does not name the {what} {value}", entry.id));
        }
    }
    Ok(problems)
}
