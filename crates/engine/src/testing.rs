//! What this crate's own tests share: an engine on small models or on the bundled ones, with the real library.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pretty_contract::export::Format;
use pretty_photo::picture::Picture;
use pretty_photo::{DecodedPhoto, Limits, Metadata, ResultSpec};

use crate::cancel::Cancel;
use crate::chain::Stage;
use crate::engine::{Engine, EngineConfig};
use crate::locate;
use crate::manifest::{Manifest, Task};
use crate::model::ModelFile;
use crate::provider::{ModelSession, OpenError, Provider, RunError, TensorView, TileShape};
use crate::runtime::Runtime;

/// Time since the first call.
pub(crate) fn stopwatch() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// A clock that only [`Misbehaviour::Slow`] moves, so that who is slower does not depend on what else the machine does.
pub(crate) fn slow_clock() -> Duration {
    Duration::from_millis(SLOW_MILLISECONDS.load(std::sync::atomic::Ordering::SeqCst))
}

static SLOW_MILLISECONDS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

pub(crate) fn config(models_folder: PathBuf) -> EngineConfig {
    EngineConfig { runtime_library: locate::runtime_library(None), models_folder, memory_budget_bytes: 0, stopwatch }
}

pub(crate) fn open(models_folder: &std::path::Path) -> Engine {
    Engine::open(config(models_folder.to_path_buf())).expect("ONNX Runtime is set up by `cargo xtask test`")
}

/// An engine on the models that ship. They are part of the repository: a test that does not find them has failed.
pub(crate) fn bundled() -> Engine {
    let folder = locate::models_folder(None);
    assert!(folder.join(crate::manifest::FILE).exists(), "the models that ship are not in {}", folder.display());
    open(&folder)
}

/// Every model of an engine that makes pictures.
pub(crate) fn picture_models(engine: &Engine) -> Vec<Arc<ModelFile>> {
    let entries = engine.manifest().models.iter().filter(|entry| entry.task != Task::Tone);
    let models: Vec<_> = entries.map(|entry| engine.shared().model(&entry.id).unwrap()).collect();
    let has = |task: Task| models.iter().any(|model| model.entry.task == task);
    assert!(has(Task::Restore) && has(Task::Upscale), "models are missing");
    models
}

/// A picture model as the only step of a recipe, with so much strength.
pub(crate) fn stage_of(model: &Arc<ModelFile>, strength: f32) -> Stage {
    let scale = model.entry.scale;
    match model.entry.task {
        Task::Restore => Stage::Restore { model: model.clone(), denoise: strength, detail: strength },
        _ => Stage::Upscale { model: Some(model.clone()), scale, strength },
    }
}

/// What a picture model itself answers to three planes, before strength and clamping.
pub(crate) fn answer(session: &mut dyn ModelSession, planes: &[f32], (width, height): (usize, usize)) -> Vec<f32> {
    let mut answer = Vec::new();
    let input = TensorView { shape: vec![1, 3, height, width], values: planes };
    session.run(&[input], &Cancel::default(), &mut |outputs| answer = outputs[0].values.to_vec()).unwrap();
    answer
}

/// A photo as if decoded, by way of a file, so that facts and metadata are true.
pub(crate) fn decoded(picture: &Picture) -> Arc<DecodedPhoto> {
    let file = saved(picture);
    Arc::new(pretty_photo::decode(file.path(), &Limits::default()).unwrap())
}

/// A picture as a PNG on the disk.
pub(crate) fn saved(picture: &Picture) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".png").tempfile().unwrap();
    let spec = ResultSpec {
        width: picture.width,
        height: picture.height,
        channels: picture.channels,
        depth: picture.colour.depth(),
        alpha: picture.alpha.is_some(),
        format: Format::Png,
        quality: 100,
        metadata: Metadata::default(),
    };
    let band = pretty_photo::picture::Band {
        top: 0,
        height: picture.height,
        colour: picture.colour.clone(),
        alpha: picture.alpha.clone(),
    };
    pretty_photo::encode(&spec, file.as_file_mut(), &mut std::iter::once(Ok::<_, ()>(band))).unwrap();
    file
}

/// How a device misbehaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Misbehaviour {
    None,
    /// Refuses to start.
    DoesNotStart,
    /// Gives numbers that are none.
    NotANumber,
    /// Gives the same number everywhere: black for an enlargement, nothing for a restoration's place but far too dark.
    Constant(f32),
    /// Adds this to every number.
    Drift(f32),
    /// Fails on every run.
    Fails,
    /// Has room for tiles up to so many pixels.
    OutOfMemoryAbove(usize),
    /// Never answers, until stopped.
    Hangs,
    /// Takes so many milliseconds a run, by [`slow_clock`].
    Slow(u64),
    /// Gives an output of another size.
    WrongSize,
}

/// The processor under another name, misbehaving from its `after`-th run on (for ever, or `times` times).
pub(crate) struct Faulty {
    pub(crate) inner: Arc<dyn Provider>,
    pub(crate) misbehaviour: Misbehaviour,
    pub(crate) after: usize,
    pub(crate) times: usize,
    pub(crate) id: &'static str,
    pub(crate) tiles: TileShape,
    pub(crate) runs: Arc<std::sync::atomic::AtomicUsize>,
}

struct FaultySession {
    inner: Box<dyn ModelSession>,
    misbehaviour: Misbehaviour,
    after: usize,
    times: usize,
    runs: Arc<std::sync::atomic::AtomicUsize>,
}

impl Provider for Faulty {
    fn id(&self) -> &'static str {
        self.id
    }
    fn name(&self) -> &'static str {
        if self.id == "cpu" { "This computer's processor" } else { "A card that misbehaves" }
    }
    fn tiles(&self) -> TileShape {
        self.tiles
    }
    fn lanes(&self) -> usize {
        // Two even where the tests have only one core.
        if self.id == "cpu" { 2 } else { 1 }
    }
    fn open(&self, model: &Arc<ModelFile>, lanes: usize) -> Result<Box<dyn ModelSession>, OpenError> {
        if self.misbehaviour == Misbehaviour::DoesNotStart {
            return Err(OpenError::Device("no supported adapters".into()));
        }
        let (misbehaviour, after, times, runs) = (self.misbehaviour, self.after, self.times, self.runs.clone());
        Ok(Box::new(FaultySession { inner: self.inner.open(model, lanes)?, misbehaviour, after, times, runs }))
    }
}

impl ModelSession for FaultySession {
    fn run(
        &mut self,
        inputs: &[TensorView<'_>],
        cancel: &Cancel,
        take: &mut dyn FnMut(&[TensorView<'_>]),
    ) -> Result<(), RunError> {
        let run = self.runs.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        if run < self.after || run >= self.after.saturating_add(self.times) {
            return self.inner.run(inputs, cancel, take);
        }
        let area: usize = inputs[0].shape.iter().skip(2).product();
        match self.misbehaviour {
            Misbehaviour::Fails => return Err(RunError::Failed("the device was lost".into())),
            Misbehaviour::OutOfMemoryAbove(most) if area > most => return Err(RunError::OutOfMemory("no room".into())),
            Misbehaviour::Hangs => {
                while !cancel.is_cancelled() {
                    std::thread::sleep(Duration::from_millis(2));
                }
                return Err(RunError::Cancelled);
            }
            Misbehaviour::Slow(milliseconds) => {
                SLOW_MILLISECONDS.fetch_add(milliseconds, std::sync::atomic::Ordering::SeqCst);
            }
            _ => {}
        }
        let misbehaviour = self.misbehaviour;
        self.inner.run(inputs, cancel, &mut |outputs| {
            let change = |value: &f32| match misbehaviour {
                Misbehaviour::NotANumber => f32::NAN,
                Misbehaviour::Constant(value) => value,
                Misbehaviour::Drift(drift) => value + drift,
                _ => *value,
            };
            let changed: Vec<Vec<f32>> =
                outputs.iter().map(|output| output.values.iter().map(change).collect()).collect();
            let views: Vec<TensorView<'_>> = outputs
                .iter()
                .zip(&changed)
                .map(|(output, values)| match misbehaviour {
                    Misbehaviour::WrongSize => TensorView { shape: vec![1, 1, 1, 1], values: &values[..1] },
                    _ => TensorView { shape: output.shape.clone(), values },
                })
                .collect();
            take(&views);
        })
    }
    fn output_shape(&mut self, width: usize, height: usize) -> Result<Option<Vec<usize>>, RunError> {
        self.inner.output_shape(width, height)
    }
    fn working_memory(&self) -> Option<u64> {
        self.inner.working_memory()
    }
}

/// An engine whose processor works and whose card misbehaves.
pub(crate) fn engine_with_card(
    models: &std::path::Path,
    misbehaviour: Misbehaviour,
    after: usize,
    times: usize,
) -> Engine {
    let processor = Runtime::load(&locate::runtime_library(None)).unwrap().processor();
    let card = faulty(processor.clone(), "card", misbehaviour, after, times);
    engine_of(models, processor, vec![Arc::new(card)])
}

pub(crate) fn engine_of(
    models: &std::path::Path,
    processor: Arc<dyn Provider>,
    cards: Vec<Arc<dyn Provider>>,
) -> Engine {
    Engine::with_providers(config(models.to_path_buf()), Manifest::read(models).unwrap(), processor, cards)
}

pub(crate) fn faulty(
    inner: Arc<dyn Provider>,
    id: &'static str,
    misbehaviour: Misbehaviour,
    after: usize,
    times: usize,
) -> Faulty {
    let tiles = if id == "cpu" { TileShape::Any } else { TileShape::Fixed(128) };
    Faulty { inner, misbehaviour, after, times, id, tiles, runs: Arc::default() }
}
