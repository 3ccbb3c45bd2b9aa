//! `cargo xtask models`: training, export and scores by the scripts under `models/training`, in an environment of their own under `target`;
//! and the check, which needs no Python, that files, manifest and cards agree.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::python::Environment;
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
            let mut command = match name.as_str() {
                "tone" => script("tone_evaluate.py")?,
                "photo-2x" | "photo-4x" => {
                    let mut command = script("photo_evaluate.py")?;
                    command.arg(if name == "photo-2x" { "2" } else { "4" });
                    command.arg("--onnx").arg(places::at("models").join(format!("{name}.onnx")));
                    command
                }
                _ => {
                    let mut command = script("evaluate.py")?;
                    command.arg(name);
                    command
                }
            };
            shell::run(command.args(more))
        }
    }
}

fn run_folder(name: &str) -> PathBuf {
    places::at("target/training").join(name)
}

/// A training script, started by the Python of an environment that holds exactly what `requirements.txt` names.
fn script(name: &str) -> Result<Command> {
    let environment = Environment::bring("training-python", &places::at("models/training/requirements.txt"))?;
    let mut command = shell::command(&environment.program("python"));
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
    name: String,
    task: String,
    scale: u32,
    receptive_field: u32,
    stride: u32,
    parameters: u64,
    bytes: u64,
    sha256: String,
    licence: String,
}

impl Entry {
    /// What the card must say in the same words, as the rows of its table.
    fn facts(&self) -> [(&'static str, String); 10] {
        [
            ("version", self.version.clone()),
            ("name", self.name.clone()),
            ("task", self.task.clone()),
            ("scale", self.scale.to_string()),
            ("receptive_field", self.receptive_field.to_string()),
            ("stride", self.stride.to_string()),
            ("parameters", self.parameters.to_string()),
            ("bytes", self.bytes.to_string()),
            ("sha256", self.sha256.clone()),
            ("licence", self.licence.clone()),
        ]
    }
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
    problems.extend(compare_card(entry, &card));
    Ok(problems)
}

fn compare_card(entry: &Entry, card: &str) -> Vec<String> {
    let differs = |(fact, value): &(&str, String)| {
        let row = format!("| {fact} | `{value}` |");
        (!card.lines().any(|line| line == row)).then(|| format!("the card {}.md has no row `{row}`", entry.id))
    };
    entry.facts().iter().filter_map(differs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_that_differs_is_named_with_what_differs() {
        let text = fs::read_to_string(places::at("models/manifest.toml")).unwrap();
        let manifest: Manifest = toml::from_str(&text).unwrap();
        for entry in &manifest.model {
            let card = fs::read_to_string(places::at("models").join(format!("{}.md", entry.id))).unwrap();
            assert_eq!(compare_card(entry, &card), Vec::<String>::new());
            for (fact, value) in entry.facts() {
                let other = card.replace(&format!("| {fact} | `{value}` |"), &format!("| {fact} | `{value}0` |"));
                let problems = compare_card(entry, &other);
                assert!(problems.len() == 1 && problems[0].contains(fact), "{fact}: {problems:?}");
            }
            assert_eq!(compare_card(entry, "").len(), entry.facts().len());
        }
    }
}
