//! A model's file, read once and held to the checksum in the manifest before anything else looks at it, then to what a model may be (`graph`) before
//! anything runs it.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::error::EngineError;
use crate::graph;
use crate::manifest::{Manifest, ModelEntry, Task};

/// A model's bytes, known to be those that the manifest names. Sessions are made from these bytes, never from the file again, so the file
/// cannot be changed in between.
pub(crate) struct ModelFile {
    pub(crate) entry: ModelEntry,
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
}

/// A dimension that the manifest and `models/README.md` promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dimension {
    Exactly(usize),
    /// Chosen by whoever runs it.
    Free,
}

/// Names and shapes of a model's inputs or outputs.
pub(crate) type Ports = Vec<(&'static str, Vec<Dimension>)>;

impl ModelFile {
    /// Reads and verifies a model: that it is the file that the manifest names, and a model as `models/README.md` describes them.
    pub(crate) fn read(manifest: &Manifest, entry: &ModelEntry) -> Result<Self, EngineError> {
        let path = manifest.path_of(entry);
        let bytes = std::fs::read(&path).map_err(|error| EngineError::ModelMissing {
            id: entry.id.clone(),
            path: path.clone(),
            reason: error.to_string(),
        })?;
        let found = hexadecimal(&Sha256::digest(&bytes));
        if !found.eq_ignore_ascii_case(&entry.sha256) {
            let detail = format!(
                "wanted {} bytes with sha256 {}, found {} bytes with {found}",
                entry.bytes,
                entry.sha256,
                bytes.len()
            );
            return Err(EngineError::ModelForeign { id: entry.id.clone(), path, detail });
        }
        let file = Self { entry: entry.clone(), path, bytes };
        graph::check(&file.bytes, entry.task, &ports_of(entry.task)).map_err(|reason| file.unfit(reason))?;
        Ok(file)
    }

    /// An error that names this model.
    pub(crate) fn unfit(&self, reason: String) -> EngineError {
        EngineError::ModelUnfit { id: self.entry.id.clone(), path: self.path.clone(), reason }
    }
}

/// What `models/README.md` says a model of this task takes and gives.
pub(crate) fn ports_of(task: Task) -> (Ports, Ports) {
    use Dimension::{Exactly as E, Free as F};
    let picture = |channels| vec![E(1), E(channels), F, F];
    match task {
        Task::Upscale => (vec![("photo", picture(3))], vec![("result", picture(3))]),
        Task::Restore => (vec![("photo", picture(3))], vec![("residuals", picture(6))]),
        Task::Tone => (
            vec![("thumbnail", vec![E(1), E(3), E(64), E(64)]), ("statistics", vec![E(1), E(71)])],
            vec![("curves", vec![E(1), E(3), E(17)]), ("matrix", vec![E(1), E(3), E(3)])],
        ),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
