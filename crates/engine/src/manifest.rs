//! `manifest.toml`: which models there are and what each is. Reads and checks the list; the models' files are looked at by `model`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::EngineError;

/// The manifest's file name in the models' folder.
pub(crate) const FILE: &str = "manifest.toml";
const VERSION: u32 = 1;
const LARGEST_SCALE: u32 = 8;
const LARGEST_RECEPTIVE_FIELD: u32 = 512;
const LARGEST_STRIDE: u32 = 64;

/// All models at hand.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    version: u32,
    /// In the manifest's order.
    #[serde(default, rename = "model")]
    pub models: Vec<ModelEntry>,
    #[serde(skip)]
    folder: PathBuf,
}

/// What a model does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Enlarges.
    Upscale,
    /// Takes noise and JPEG artefacts away and undoes blur, at the same size.
    Restore,
    /// Advises on light and colour from a thumbnail and statistics.
    Tone,
}

impl Task {
    /// Its name in the manifest.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Upscale => "upscale",
            Self::Restore => "restore",
            Self::Tone => "tone",
        }
    }
}

/// One model.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelEntry {
    /// Its id in recipes, and the name of its file.
    pub id: String,
    /// For people.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it does.
    pub task: Task,
    /// How much it enlarges; 1 when it does not.
    pub scale: u32,
    /// Radius in pixels of its input: the smallest halo with which a tile equals the whole. 0 for tone.
    pub receptive_field: u32,
    /// Tile origins and sizes are multiples of this.
    pub stride: u32,
    /// Learned numbers.
    pub parameters: u64,
    /// Size of its file.
    pub bytes: u64,
    /// Of its file, in hexadecimal.
    pub sha256: String,
    /// SPDX name.
    pub licence: String,
}

impl Manifest {
    /// Reads and checks `manifest.toml` in a folder.
    ///
    /// # Errors
    /// [`EngineError::ManifestMissing`], or [`EngineError::ManifestInvalid`] with the line.
    pub fn read(folder: &Path) -> Result<Self, EngineError> {
        let path = folder.join(FILE);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| EngineError::ManifestMissing { path: path.clone(), reason: error.to_string() })?;
        let invalid = |reason: String| EngineError::ManifestInvalid { path: path.clone(), reason };
        let mut manifest: Self = toml::from_str(&text).map_err(|error| {
            let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            invalid(match line {
                Some(line) => format!("line {line}: {}", error.message()),
                None => error.message().to_owned(),
            })
        })?;
        manifest.folder = folder.to_path_buf();
        manifest.check().map_err(invalid)?;
        Ok(manifest)
    }

    /// A model by its id.
    #[must_use]
    pub fn model(&self, id: &str) -> Option<&ModelEntry> {
        self.models.iter().find(|model| model.id == id)
    }

    /// The model that does at another scale what one does: of the same name but for the scale in it, as "photo-4x" is to "photo-2x".
    #[must_use]
    pub fn sibling(&self, id: &str, scale: u32) -> Option<&ModelEntry> {
        let model = self.model(id).filter(|model| model.task == Task::Upscale)?;
        let mark = |scale: u32| format!("-{scale}x");
        let wanted = model.id.replacen(&mark(model.scale), &mark(scale), 1);
        self.model(&wanted).filter(|sibling| sibling.task == Task::Upscale && sibling.scale == scale)
    }

    /// Where a model's file is.
    #[must_use]
    pub fn path_of(&self, model: &ModelEntry) -> PathBuf {
        self.folder.join(format!("{}.onnx", model.id))
    }

    fn check(&self) -> Result<(), String> {
        if self.version != VERSION {
            return Err(format!("it is of version {}, and this program knows version {VERSION}.", self.version));
        }
        for (index, model) in self.models.iter().enumerate() {
            model.check().map_err(|reason| format!("model \"{}\": {reason}.", model.id))?;
            if self.models[..index].iter().any(|other| other.id == model.id) {
                return Err(format!("two models are called \"{}\".", model.id));
            }
        }
        Ok(())
    }
}

impl ModelEntry {
    /// Whether it does the work of a better model in less time, for previews. Nobody gets it for a result who does not name it.
    #[must_use]
    pub fn is_quick(&self) -> bool {
        self.id.ends_with("-fast")
    }

    fn check(&self) -> Result<(), String> {
        let plain = |text: &str| text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter));
        if self.id.is_empty() || !plain(&self.id) || self.id.starts_with('.') {
            return Err("the id must be letters, digits, '-', '_' and '.'".into());
        }
        if self.sha256.len() != 64 || !self.sha256.chars().all(|letter| letter.is_ascii_hexdigit()) {
            return Err("sha256 must be 64 hexadecimal digits".into());
        }
        if self.stride == 0 || self.stride > LARGEST_STRIDE {
            return Err(format!("stride must be from 1 to {LARGEST_STRIDE}"));
        }
        if self.receptive_field > LARGEST_RECEPTIVE_FIELD {
            return Err(format!("receptive_field must be at most {LARGEST_RECEPTIVE_FIELD}"));
        }
        match self.task {
            Task::Upscale if !(2..=LARGEST_SCALE).contains(&self.scale) => {
                Err(format!("an upscaler's scale must be from 2 to {LARGEST_SCALE}"))
            }
            Task::Restore | Task::Tone if self.scale != 1 => {
                Err(format!("the scale of a model that is made to {} must be 1", self.task.name()))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), text).unwrap();
        match Manifest::read(folder.path()) {
            Ok(manifest) => format!("{} models", manifest.models.len()),
            Err(EngineError::ManifestInvalid { reason, .. }) => reason,
            Err(other) => other.to_string(),
        }
    }

    fn model(changes: &[(&str, &str)]) -> String {
        let mut text = String::from("version = 1\n[[model]]\n");
        let zeros = format!("\"{}\"", "0".repeat(64));
        for (key, value) in [
            ("id", "\"one\""),
            ("name", "\"One\""),
            ("version", "\"1\""),
            ("task", "\"upscale\""),
            ("scale", "2"),
            ("receptive_field", "3"),
            ("stride", "1"),
            ("parameters", "1"),
            ("bytes", "1"),
            ("sha256", &zeros),
            ("licence", "\"MIT\""),
        ] {
            let value = changes.iter().find(|(name, _)| *name == key).map_or(value, |(_, value)| value);
            text.push_str(&format!("{key} = {value}\n"));
        }
        text
    }

    #[test]
    fn faults_are_named_with_their_line() {
        assert_eq!(check(&model(&[])), "1 models");
        assert_eq!(check("version = 2\n"), "it is of version 2, and this program knows version 1.");
        assert!(check("version = 1\nnonsense = 3\n").starts_with("line 2: unknown field `nonsense`"));
        assert!(check(&model(&[("task", "\"paint\"")])).starts_with("line 6: unknown variant `paint`"));
        assert!(check(&model(&[("scale", "1")])).contains("scale must be from 2"));
        assert!(check(&model(&[("stride", "0")])).contains("stride"));
        assert!(check(&model(&[("id", "\"../one\"")])).contains("the id must be"));
        assert!(check(&model(&[("sha256", "\"12\"")])).contains("64 hexadecimal"));
        let second = model(&[]).replace("version = 1\n[[", "[[");
        assert_eq!(check(&(model(&[]) + &second)), "two models are called \"one\".");
    }

    #[test]
    fn siblings_differ_by_their_scale_only() {
        let manifest = Manifest::read(&crate::locate::models_folder(None)).unwrap();
        let sibling = |id: &str, scale: u32| manifest.sibling(id, scale).map(|model| model.id.as_str());
        assert_eq!(sibling("photo-2x", 4), Some("photo-4x"));
        assert_eq!(sibling("photo-2x", 2), Some("photo-2x"));
        assert_eq!(sibling("upscale-4x-fast", 2), Some("upscale-2x-fast"));
        assert_eq!(sibling("photo-2x", 8), None);
        assert_eq!(sibling("restore", 1), None);
        assert_eq!(sibling("sparkle-2x", 4), None);
    }

    #[test]
    fn a_missing_manifest_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let error = Manifest::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("manifest.toml") && error.contains("PRETTY_MODELS"), "{error}");
    }
}
