//! The engine: opened once, shared by all who enhance, preview and assess.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use pretty_contract::device::Device;
use pretty_contract::photo::Assessment;
use pretty_contract::recipe::Recipe;
use pretty_photo::DecodedPhoto;

use crate::assess;
use crate::cancel::Cancel;
use crate::chain::Stage;
use crate::device::{Devices, Verification};
use crate::enhance::{self, EnhanceRequest, Outcome};
use crate::error::EngineError;
use crate::manifest::{Manifest, Task};
use crate::model::ModelFile;
use crate::plan::{self, Plan};
use crate::provider::{OpenError, Provider, RunError};
use crate::renderer::Renderer;
use crate::report::Reporter;
use crate::runtime::Runtime;
use crate::tone::lut::ToneLut;
use crate::tone::statistics::ToneInputs;
use crate::{acceptance, tone};

/// How long one device may take for its check, for each model. A card's driver compiles every model anew the first time: ten seconds on a slow one.
const CHECK_LIMIT: Duration = Duration::from_secs(60);

/// What the engine is opened with.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// ONNX Runtime's library (see [`crate::locate::runtime_library`]).
    pub runtime_library: PathBuf,
    /// The folder with `manifest.toml` and the models (see [`crate::locate::models_folder`]).
    pub models_folder: PathBuf,
    /// Bytes that tiles and bands of one photo may take beyond the photo itself; 0 leaves the choice to the engine, which keeps the whole program
    /// under 1 GB for photos up to 24 megapixels and under 1.6 GB for 100.
    pub memory_budget_bytes: u64,
    /// Time since any fixed moment. The engine has no clock of its own.
    pub stopwatch: fn() -> Duration,
}

/// Photo in, photo out. Cheap to share in an `Arc`; all methods may be called from several threads at once.
pub struct Engine {
    shared: Arc<Shared>,
}

/// What everything in the engine may need.
pub(crate) struct Shared {
    pub(crate) manifest: Manifest,
    pub(crate) devices: Arc<Devices>,
    /// Bytes that tiles and bands of one photo may take, where the caller has said.
    pub(crate) memory_budget: Option<u64>,
    stopwatch: fn() -> Duration,
    models: Mutex<HashMap<String, Arc<Accepted>>>,
    /// What the tone model is told of the photo that was asked about last: a slider asks about the same one again and again.
    told: Mutex<Option<(Weak<DecodedPhoto>, Arc<ToneInputs>)>>,
}

/// A model that was verified and tried once.
struct Accepted {
    file: Arc<ModelFile>,
    /// Bytes it works with per pixel of its input.
    bytes_per_pixel: f64,
}

impl Engine {
    /// Loads ONNX Runtime and reads the manifest. No model is read and no device looked at yet.
    ///
    /// # Errors
    /// The library or the manifest is missing or unusable; each says which file and what to do.
    pub fn open(config: EngineConfig) -> Result<Self, EngineError> {
        let manifest = Manifest::read(&config.models_folder)?;
        let runtime = Runtime::load(&config.runtime_library)?;
        Ok(Self::with_providers(config, manifest, runtime.processor(), runtime.accelerators()))
    }

    pub(crate) fn with_providers(
        config: EngineConfig,
        manifest: Manifest,
        processor: Arc<dyn Provider>,
        accelerators: Vec<Arc<dyn Provider>>,
    ) -> Self {
        let memory_budget = Some(config.memory_budget_bytes).filter(|bytes| *bytes > 0);
        let devices = Arc::new(Devices::new(processor, accelerators));
        Self {
            shared: Arc::new(Shared {
                manifest,
                devices,
                memory_budget,
                stopwatch: config.stopwatch,
                models: Mutex::new(HashMap::new()),
                told: Mutex::new(None),
            }),
        }
    }

    /// The models at hand.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.shared.manifest
    }

    /// The devices and what is known of them.
    #[must_use]
    pub fn devices(&self) -> Vec<Device> {
        self.shared.devices.list()
    }

    /// Compares every device with the processor on reference tiles and measures its speed. Takes seconds to minutes; each device has a time
    /// limit. `changed` hears all devices after each change.
    pub fn check_devices(&self, changed: &dyn Fn(Vec<Device>)) {
        match self.shared.verification() {
            Ok(verification) => self.shared.devices.check_all(&verification, changed),
            Err(error) => {
                tracing::warn!(%error, "devices cannot be checked without the models");
                changed(self.devices());
            }
        }
    }

    /// Takes up verdicts that an earlier run found with the same library and models, for devices nobody has looked at yet. The caller answers for
    /// their being of the same library and models.
    pub fn recall_devices(&self, known: &[Device]) {
        self.shared.devices.recall(known);
    }

    /// Looks at a photo: what stands out, and the recipe that Auto would choose.
    ///
    /// # Errors
    /// The tone model is missing or refused.
    pub fn assess(&self, photo: &DecodedPhoto) -> Result<Assessment, EngineError> {
        assess::assess(photo, &self.shared)
    }

    /// Validates a recipe.
    ///
    /// # Errors
    /// [`EngineError::RecipeInvalid`].
    pub fn plan(&self, recipe: &Recipe) -> Result<Plan, EngineError> {
        Plan::new(recipe, &self.shared.manifest)
    }

    /// The same recipe for a quick look before the result: its enlargements by quick models. `None` when nothing would be quicker.
    #[must_use]
    pub fn quicker(&self, recipe: &Recipe) -> Option<Recipe> {
        plan::quicker(recipe, &self.shared.manifest)
    }

    /// Enhances one photo from file to file. What is saved was checked tile by tile and read back; on any error nothing is left behind.
    ///
    /// # Errors
    /// Whatever kept the result from being made, checked or written.
    pub fn enhance(
        &self,
        request: &EnhanceRequest,
        reporter: &dyn Reporter,
        cancel: &Cancel,
    ) -> Result<Outcome, EngineError> {
        enhance::enhance(&self.shared, request, reporter, cancel)
    }

    /// The same with the recipe that Auto chooses for the photo, after `adjust` has changed it, in place of the request's: the photo is read once
    /// for both.
    ///
    /// # Errors
    /// As [`Engine::enhance`], and as [`Engine::assess`].
    pub fn enhance_by_auto(
        &self,
        request: &EnhanceRequest,
        adjust: &dyn Fn(Recipe) -> Recipe,
        reporter: &dyn Reporter,
        cancel: &Cancel,
    ) -> Result<Outcome, EngineError> {
        enhance::enhance_by_auto(&self.shared, request, adjust, reporter, cancel)
    }

    /// Makes any part of a photo's result, as [`Engine::enhance`] would. The renderer has sessions of its own and waits for no one.
    ///
    /// # Errors
    /// The recipe, the device or a model is refused.
    pub fn renderer(
        &self,
        photo: Arc<DecodedPhoto>,
        recipe: &Recipe,
        device: Option<&str>,
    ) -> Result<Renderer, EngineError> {
        Renderer::prepare(&self.shared, photo, recipe, device)
    }
}

impl Engine {
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl Shared {
    /// A model by its id, read, verified and tried on the processor the first time it is asked for.
    pub(crate) fn model(&self, id: &str) -> Result<Arc<ModelFile>, EngineError> {
        Ok(self.accepted(id)?.file.clone())
    }

    /// Reads, verifies and tries what a plan needs before it is needed.
    pub(crate) fn acquaint(&self, plan: &Plan) {
        for model in plan.models() {
            if let Err(error) = self.accepted(model) {
                tracing::debug!(%error, "a model that a photo needs is refused");
            }
        }
    }

    fn accepted(&self, id: &str) -> Result<Arc<Accepted>, EngineError> {
        // Held while a model is tried: whoever asks for the same one meanwhile wants the same answer.
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(accepted) = models.get(id) {
            return Ok(accepted.clone());
        }
        let entry = self
            .manifest
            .model(id)
            .ok_or_else(|| EngineError::Internal(format!("the model {id} is not in the manifest")))?;
        let file = Arc::new(ModelFile::read(&self.manifest, entry)?);
        let bytes_per_pixel = acceptance::accept(&file, self.devices.processor().provider.as_ref())?;
        let accepted = Arc::new(Accepted { file, bytes_per_pixel });
        models.insert(id.to_owned(), accepted.clone());
        Ok(accepted)
    }

    /// Bytes that a stage's model works with per pixel of its input.
    pub(crate) fn working_memory(&self, stage: &Stage) -> Result<f64, EngineError> {
        match stage.model() {
            Some(model) => Ok(self.accepted(&model.entry.id)?.bytes_per_pixel),
            None => Ok(0.0),
        }
    }

    /// What the tone model is told of a photo.
    pub(crate) fn tone_inputs(&self, photo: &Arc<DecodedPhoto>) -> Arc<ToneInputs> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((last, inputs)) = told.as_ref()
            && std::ptr::eq(last.as_ptr(), Arc::as_ptr(photo))
        {
            // The weak pointer keeps the address from being given to another photo.
            return inputs.clone();
        }
        let inputs = Arc::new(tone::statistics::tone_inputs(&tone::reduced::reduced(photo)));
        *told = Some((Arc::downgrade(photo), inputs.clone()));
        inputs
    }

    /// What the tone model advises. It is so small that the processor runs it always.
    pub(crate) fn advice(&self, model: &str, inputs: &ToneInputs, cancel: &Cancel) -> Result<ToneLut, EngineError> {
        let model = self.model(model)?;
        let mut session = self.devices.processor().provider.open(&model, 1).map_err(|error| match error {
            OpenError::Unfit(reason) | OpenError::Device(reason) => model.unfit(reason),
        })?;
        tone::advise(session.as_mut(), inputs, cancel).map_err(|error| match error {
            RunError::Cancelled => EngineError::Cancelled,
            RunError::OutOfMemory(reason) | RunError::Failed(reason) => model.unfit(reason),
        })
    }

    /// What devices are verified with: every model that makes pictures.
    pub(crate) fn verification(&self) -> Result<Verification, EngineError> {
        let pictures = self.manifest.models.iter().filter(|model| model.task != Task::Tone);
        let models = pictures.map(|model| self.model(&model.id)).collect::<Result<Vec<_>, _>>()?;
        let limit = CHECK_LIMIT * u32::try_from(models.len()).unwrap_or(u32::MAX);
        Ok(Verification { models, limit, stopwatch: self.stopwatch })
    }

    /// The device of this name, checked first when nobody has; the best one when none is named.
    pub(crate) fn device(&self, named: Option<&str>) -> Result<Arc<crate::device::Slot>, EngineError> {
        match named {
            Some(id) if id != self.devices.processor().provider.id() => {
                self.devices.choose(named, &self.verification()?)
            }
            Some(_) => Ok(self.devices.processor().clone()),
            None => Ok(self.devices.best()),
        }
    }
}
