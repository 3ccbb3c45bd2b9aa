//! The engine as the studio needs it, so that the queue and the previews can be tested with a scripted one, and how the real one is opened.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pretty_contract::command::Model;
use pretty_contract::device::Device;
use pretty_contract::photo::Assessment;
use pretty_contract::problem::Problem;
use pretty_contract::recipe::Recipe;
use pretty_engine::{Cancel, Engine, EngineConfig, EnhanceRequest, Outcome, Region, Renderer, Reporter};
use pretty_photo::DecodedPhoto;
use pretty_photo::picture::Picture;

use crate::host::Folders;

/// What turns photos into results.
pub(crate) trait Workshop: Send + Sync {
    fn models(&self) -> Vec<Model>;
    /// Changes whenever verdicts on devices must be found anew: another library, other models.
    fn fingerprint(&self) -> String;
    fn devices(&self) -> Vec<Device>;
    fn check_devices(&self, changed: &dyn Fn(Vec<Device>));
    /// Takes up verdicts that an earlier run found under the same fingerprint.
    fn recall_devices(&self, known: &[Device]);
    fn assess(&self, photo: &DecodedPhoto) -> Result<Assessment, Problem>;
    /// How much larger the result would be; refuses a recipe that cannot be run.
    fn plan(&self, recipe: &Recipe) -> Result<u32, Problem>;
    /// The same recipe for a quick look before the result; `None` when nothing would be quicker.
    fn quicker(&self, recipe: &Recipe) -> Option<Recipe>;
    fn enhance(&self, request: &EnhanceRequest, reporter: &dyn Reporter, cancel: &Cancel) -> Result<Outcome, Problem>;
    fn renderer(
        &self,
        photo: Arc<DecodedPhoto>,
        recipe: &Recipe,
        device: Option<&str>,
    ) -> Result<Box<dyn Render>, Problem>;
}

/// Makes parts of one result.
pub(crate) trait Render {
    fn render(&mut self, region: Region, cancel: &Cancel) -> Result<Picture, Problem>;
}

/// Opens a workshop; called once, on a thread of its own.
pub(crate) type Open = Box<dyn FnOnce() -> Result<Arc<dyn Workshop>, Problem> + Send>;

/// The real one.
pub(crate) fn open_engine(folders: &Folders) -> Open {
    let config = EngineConfig {
        runtime_library: folders.runtime_library.clone(),
        models_folder: folders.models.clone(),
        memory_budget_bytes: 0,
        stopwatch: since_start,
    };
    Box::new(move || {
        let library = crate::keys::of_file(&config.runtime_library, "runtime");
        let engine = Engine::open(config).map_err(|error| error.problem())?;
        Ok(Arc::new(RealWorkshop { engine, library }))
    })
}

fn since_start() -> Duration {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    START.elapsed()
}

struct RealWorkshop {
    engine: Engine,
    library: String,
}

impl Workshop for RealWorkshop {
    fn models(&self) -> Vec<Model> {
        let model = |entry: &pretty_engine::ModelEntry| Model {
            id: entry.id.clone(),
            name: entry.name.clone(),
            version: entry.version.clone(),
            task: entry.task.name().to_owned(),
            scale: entry.scale,
        };
        self.engine.manifest().models.iter().map(model).collect()
    }

    fn fingerprint(&self) -> String {
        let mut text = format!("{} {}", env!("CARGO_PKG_VERSION"), self.library);
        for model in &self.engine.manifest().models {
            text.push_str(&model.sha256);
        }
        crate::keys::of_bytes(text.as_bytes())
    }

    fn devices(&self) -> Vec<Device> {
        self.engine.devices()
    }

    fn check_devices(&self, changed: &dyn Fn(Vec<Device>)) {
        self.engine.check_devices(changed);
    }

    fn recall_devices(&self, known: &[Device]) {
        self.engine.recall_devices(known);
    }

    fn assess(&self, photo: &DecodedPhoto) -> Result<Assessment, Problem> {
        self.engine.assess(photo).map_err(|error| error.problem())
    }

    fn plan(&self, recipe: &Recipe) -> Result<u32, Problem> {
        self.engine.plan(recipe).map(|plan| plan.scale()).map_err(|error| error.problem())
    }

    fn quicker(&self, recipe: &Recipe) -> Option<Recipe> {
        self.engine.quicker(recipe)
    }

    fn enhance(&self, request: &EnhanceRequest, reporter: &dyn Reporter, cancel: &Cancel) -> Result<Outcome, Problem> {
        self.engine.enhance(request, reporter, cancel).map_err(|error| error.problem())
    }

    fn renderer(
        &self,
        photo: Arc<DecodedPhoto>,
        recipe: &Recipe,
        device: Option<&str>,
    ) -> Result<Box<dyn Render>, Problem> {
        let renderer = self.engine.renderer(photo, recipe, device).map_err(|error| error.problem())?;
        Ok(Box::new(renderer))
    }
}

impl Render for Renderer {
    fn render(&mut self, region: Region, cancel: &Cancel) -> Result<Picture, Problem> {
        Renderer::render(self, region, cancel).map_err(|error| error.problem())
    }
}

/// A workshop that is being opened: the window is there before it is.
#[derive(Default)]
pub(crate) struct Opening {
    opened: Mutex<Option<Result<Arc<dyn Workshop>, Problem>>>,
    done: Condvar,
}

impl Opening {
    pub(crate) fn finish(&self, outcome: Result<Arc<dyn Workshop>, Problem>) {
        *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        self.done.notify_all();
    }

    /// Waits for the workshop; the problem is why there is none.
    pub(crate) fn wait(&self) -> Result<Arc<dyn Workshop>, Problem> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(outcome) = opened.as_ref() {
                return outcome.clone();
            }
            opened = self.done.wait(opened).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The workshop if it is there by now.
    pub(crate) fn ready(&self) -> Option<Arc<dyn Workshop>> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.as_ref().and_then(|outcome| outcome.as_ref().ok().cloned())
    }
}
