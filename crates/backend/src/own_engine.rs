//! Our own engine in this process: a photo's file in, the result's file out, on whatever device it finds. It stands behind the stand-in for cloud
//! enhancement in a sandbox, and it is one of those who do jobs (`work::engine`).
//!
//! Blocks, and takes all cores: whoever calls sees to the thread and to how many are under way. Not here: jobs, credits, what is offered.

use pretty_contract::export::{Collision, Format};
use pretty_contract::recipe::{Recipe, Step};
use pretty_engine::{Cancel, Engine, EngineConfig, EngineError, EnhanceRequest, Place, Reporter, Silent, Target};
use pretty_photo::Limits;
use pretty_photo::save::Kept;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Of a JPEG result: what the engine's caller in the app uses as well.
const QUALITY: u8 = 92;

/// The engine with its models.
pub(crate) struct OwnEngine(Engine);

impl std::fmt::Debug for OwnEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OwnEngine")
    }
}

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Task<'a> {
    /// The photo's file.
    pub(crate) photo: &'a [u8],
    /// 1, 2 or 4.
    pub(crate) scale: u32,
    /// Of the result.
    pub(crate) format: Format,
    /// Where files may lie that are gone afterwards.
    pub(crate) folder: &'a Path,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The disk.
    #[error("the folder for the engine's files cannot be used: {0}")]
    Disk(#[from] std::io::Error),
    /// No model of ours makes that.
    #[error("no model of ours makes a result {0} times as large")]
    Scale(u32),
}

impl OwnEngine {
    /// Loads the library and reads the list of models.
    pub(crate) fn open(runtime_library: PathBuf, models_folder: PathBuf) -> Result<Self, EngineError> {
        let config = EngineConfig { runtime_library, models_folder, memory_budget_bytes: 0, stopwatch };
        Engine::open(config).map(Self)
    }

    /// Makes sure that results so many times as large can be made here, by making a tiny one: library, models and their checksums are right then.
    pub(crate) fn try_out(&self, scale: u32) -> Result<(), Fault> {
        let folder = tempfile::tempdir()?;
        let task = Task { photo: &sample(), scale, format: Format::Png, folder: folder.path() };
        self.enhance(task, &Silent, &Cancel::default()).map(drop)
    }

    /// The result's file.
    pub(crate) fn enhance(&self, task: Task<'_>, reporter: &dyn Reporter, cancel: &Cancel) -> Result<Vec<u8>, Fault> {
        let recipe = recipe(task.scale).ok_or(Fault::Scale(task.scale))?;
        let folder = tempfile::tempdir_in(task.folder)?;
        let (photo, result) = (folder.path().join("photo"), folder.path().join("result"));
        std::fs::write(&photo, task.photo)?;
        let target = Target {
            place: Place::File(result.clone()),
            format: Some(task.format),
            quality: QUALITY,
            collision: Collision::Overwrite,
        };
        let request =
            EnhanceRequest { photo, recipe, target, device: None, limits: Limits::default(), kept: Kept::default() };
        self.0.enhance(&request, reporter, cancel)?;
        Ok(std::fs::read(result)?)
    }
}

/// What is done for a result so many times as large: noise and artefacts are taken away, or it is enlarged with the models for what people
/// really have. None for sizes that our models do not make.
fn recipe(scale: u32) -> Option<Recipe> {
    let step = match scale {
        1 => Step::Restore { denoise: 1.0, detail: 0.5, model: None },
        2 | 4 => Step::Upscale { scale, strength: 1.0, model: Some(format!("photo-{scale}x")) },
        _ => return None,
    };
    Some(Recipe::new(vec![step]))
}

/// A photo of 16 by 16 pixels that runs from dark to light, as a BMP file.
fn sample() -> Vec<u8> {
    const SIDE: u8 = 16;
    let pixels = (0..SIDE).flat_map(|y| (0..SIDE).flat_map(move |x| [x * 8 + y * 4 + 20; 3]));
    let mut file = b"BM\x36\x03\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
    file.extend([SIDE, 0, 0, 0, SIDE, 0, 0, 0, 1, 0, 24, 0]);
    file.extend([0; 24]);
    file.extend(pixels);
    file
}

fn stopwatch() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
