//! A folder of small models with a manifest, as the engine opens it.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::nets;

/// A temporary folder with models; gone when dropped.
#[derive(Debug)]
pub struct ModelsFolder {
    folder: TempDir,
}

/// An entry of the manifest.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its id.
    pub id: &'static str,
    /// `upscale`, `restore` or `tone`.
    pub task: &'static str,
    /// How much it enlarges.
    pub scale: u32,
    /// Radius in pixels.
    pub receptive_field: u32,
    /// What tiles are multiples of.
    pub stride: u32,
    /// The file.
    pub bytes: Vec<u8>,
}

impl ModelsFolder {
    /// `restore`, `tone`, `upscale-2x` and `upscale-4x`, each small and quick.
    #[must_use]
    pub fn small() -> Self {
        Self::of(&small_entries())
    }

    /// Exactly these models.
    ///
    /// # Panics
    /// When the folder cannot be written to.
    #[must_use]
    pub fn of(entries: &[Entry]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut manifest = String::from("version = 1\n");
        for entry in entries {
            std::fs::write(folder.path().join(format!("{}.onnx", entry.id)), &entry.bytes).expect("a model's file");
            let sha256: String = Sha256::digest(&entry.bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            manifest.push_str(&format!(
                "\n[[model]]\nid = \"{id}\"\nversion = \"0.0.1\"\nname = \"{id}\"\ntask = \"{task}\"\nscale = {scale}\nreceptive_field = {reach}\n\
                 stride = {stride}\nparameters = 1\nbytes = {bytes}\nsha256 = \"{sha256}\"\nlicence = \"MIT\"\n",
                id = entry.id,
                task = entry.task,
                scale = entry.scale,
                reach = entry.receptive_field,
                stride = entry.stride,
                bytes = entry.bytes.len(),
            ));
        }
        std::fs::write(folder.path().join("manifest.toml"), manifest).expect("the manifest");
        Self { folder }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A model's file.
    #[must_use]
    pub fn file(&self, id: &str) -> PathBuf {
        self.folder.path().join(format!("{id}.onnx"))
    }
}

/// What [`ModelsFolder::small`] holds.
#[must_use]
pub fn small_entries() -> Vec<Entry> {
    let entry =
        |id, task, scale, receptive_field, stride, bytes| Entry { id, task, scale, receptive_field, stride, bytes };
    vec![
        entry("restore", "restore", 1, 12, 4, nets::restorer(3)),
        entry("tone", "tone", 1, 0, 1, nets::tone_adviser(0.4, 1.0)),
        entry("upscale-2x", "upscale", 2, 3, 1, nets::upscaler(2, 5)),
        entry("upscale-4x", "upscale", 4, 3, 1, nets::upscaler(4, 7)),
    ]
}
