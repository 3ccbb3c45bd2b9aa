//! Loading ONNX Runtime's library: once a process, by absolute path, on a thread that is watched, because a broken library can hang in the
//! system's loader for ever.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ort::environment::Environment;

use super::memory::Memory;
use super::{providers, whole};
use crate::error::EngineError;
use crate::provider::Provider;

const LOADING_LIMIT: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// The library of this process: a process can load one, and keeps it.
static LOADED: Mutex<Option<Runtime>> = Mutex::new(None);

/// ONNX Runtime, loaded.
#[derive(Clone)]
pub(crate) struct Runtime {
    path: PathBuf,
    environment: Arc<Environment>,
    /// What the processor's sessions work in.
    memory: Memory,
}

impl Runtime {
    /// Loads the library, or gives back the one that is loaded when it is the same file.
    pub(crate) fn load(path: &Path) -> Result<Self, EngineError> {
        let path = existing(path)?;
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = loaded.as_ref() {
            return if runtime.path == path {
                Ok(runtime.clone())
            } else {
                Err(EngineError::RuntimeIsAnother { loaded: runtime.path.clone(), asked: path })
            };
        }
        if let Some(reason) = whole::cut_short(&path) {
            return Err(EngineError::RuntimeUnloadable { path, reason });
        }
        let environment = Arc::new(load_watched(&path)?);
        let memory = Memory::of(&environment);
        let runtime = Self { path, environment, memory };
        *loaded = Some(runtime.clone());
        Ok(runtime)
    }

    /// The processor.
    pub(crate) fn processor(&self) -> Arc<dyn Provider> {
        providers::processor(self.environment.clone(), self.memory)
    }

    /// Everything that the library may be able to use besides the processor, best first. Being listed is no promise that it works.
    pub(crate) fn accelerators(&self) -> Vec<Arc<dyn Provider>> {
        providers::accelerators(&self.environment, self.path.parent().unwrap_or(Path::new("")))
    }
}

/// The path made absolute, when it names a file.
fn existing(path: &Path) -> Result<PathBuf, EngineError> {
    match std::fs::canonicalize(path) {
        Ok(absolute) if absolute.is_file() => Ok(absolute),
        _ => {
            Err(EngineError::RuntimeMissing { path: std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()) })
        }
    }
}

/// Loads on a thread of its own and stops waiting at the limit.
///
/// Nothing here may wait on a channel or a lock for the first time in its thread: that registers a destructor with the system's loader, which
/// a library whose loading never ends holds for ever.
fn load_watched(path: &Path) -> Result<Environment, EngineError> {
    let unloadable = |reason: String| EngineError::RuntimeUnloadable { path: path.to_path_buf(), reason };
    let thread_path = path.to_path_buf();
    let loading = std::thread::Builder::new()
        .name("load-onnxruntime".into())
        .stack_size(stack_for_loading())
        .spawn(move || load(&thread_path))
        .map_err(|error| unloadable(error.to_string()))?;
    let mut waited = Duration::ZERO;
    while !loading.is_finished() {
        if waited >= LOADING_LIMIT {
            return Err(EngineError::RuntimeStuck { path: path.to_path_buf(), seconds: LOADING_LIMIT.as_secs() });
        }
        std::thread::sleep(LOOK_AGAIN);
        waited += LOOK_AGAIN;
    }
    loading.join().unwrap_or_else(|_| Err(unloadable("loading it ended without an answer".into())))
}

/// The library looks at this program's command line while it starts, and goes deeper with each letter of it: some hundred photos named at once
/// overflowed a stack of the usual size. What is not used of it costs nothing.
fn stack_for_loading() -> usize {
    let letters: usize = std::env::args_os().map(|word| word.len() + 1).sum();
    (8 << 20) + letters * 1024
}

fn load(path: &Path) -> Result<Environment, EngineError> {
    let unloadable = |reason: String| EngineError::RuntimeUnloadable { path: path.to_path_buf(), reason };
    crate::silence::keep_library_silent();
    let builder = ort::init_from(path).map_err(|error| match error {
        ort::LoadDynamicError::BadVersion { version_str, .. } => {
            EngineError::RuntimeTooOld { path: path.to_path_buf(), version: version_str }
        }
        other => unloadable(other.to_string()),
    })?;
    // On Windows the library reports by the system's own tracing, which is told here; elsewhere see `silence`.
    builder.with_name("pretty").with_telemetry(false).build().map_err(|error| unloadable(error.to_string()))
}
