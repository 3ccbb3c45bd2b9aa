//! An engine that does what a test says: how long it takes, how it fails, what it draws.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pretty_contract::command::Model;
use pretty_contract::device::{Device, Trust};
use pretty_contract::photo::{Assessment, Finding};
use pretty_contract::problem::{Code, Problem};
use pretty_contract::recipe::{Recipe, Step};
use pretty_engine::{Cancel, EnhanceRequest, Outcome, Place, Region, Reporter, Saved};
use pretty_photo::DecodedPhoto;
use pretty_photo::picture::{Picture, Samples};

use crate::workshop::{Render, Workshop};

/// How a photo's job goes, by what its name contains.
#[derive(Clone, Copy)]
pub(crate) enum Fate {
    Saved,
    Fails,
    Panics,
    Skipped,
}

pub(crate) struct Scripted {
    pub(crate) fate: Box<dyn Fn(&str) -> Fate + Send + Sync>,
    /// One of ten steps of a job.
    pub(crate) step: Duration,
    /// Jobs stand still while this is set.
    pub(crate) held: AtomicBool,
    /// Names of photos whose jobs were begun, in order.
    pub(crate) begun: Mutex<Vec<String>>,
    pub(crate) assessed: AtomicU32,
    pub(crate) board: Arc<Board>,
    pub(crate) renderers: AtomicU32,
    pub(crate) checks: AtomicU32,
    pub(crate) devices: Mutex<Vec<Device>>,
    pub(crate) fingerprint: String,
    pub(crate) running: AtomicU32,
}

/// What is shared with renderers.
#[derive(Default)]
pub(crate) struct Board {
    /// Tiles stand still while this is set.
    pub(crate) held: AtomicBool,
    pub(crate) rendered: Mutex<Vec<Region>>,
    pub(crate) cancelled: AtomicU32,
}

impl Default for Scripted {
    fn default() -> Self {
        let device = Device { id: "cpu".into(), name: "Script".into(), trust: Trust::Unchecked };
        Self {
            fate: Box::new(|_| Fate::Saved),
            step: Duration::ZERO,
            held: AtomicBool::new(false),
            begun: Mutex::default(),
            assessed: AtomicU32::new(0),
            board: Arc::default(),
            renderers: AtomicU32::new(0),
            checks: AtomicU32::new(0),
            devices: Mutex::new(vec![device]),
            fingerprint: "one".into(),
            running: AtomicU32::new(0),
        }
    }
}

pub(crate) fn auto_recipe() -> Recipe {
    Recipe::new(vec![Step::Tone { strength: 0.4, model: None }])
}

fn problem(code: Code, message: &str) -> Problem {
    Problem { code, message: message.into(), retryable: false, detail: None }
}

impl Workshop for Scripted {
    fn models(&self) -> Vec<Model> {
        vec![Model { id: "tone".into(), name: "Tone".into(), version: "1".into(), task: "tone".into(), scale: 1 }]
    }

    fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }

    fn devices(&self) -> Vec<Device> {
        self.devices.lock().unwrap().clone()
    }

    fn check_devices(&self, changed: &dyn Fn(Vec<Device>)) {
        self.checks.fetch_add(1, Ordering::SeqCst);
        self.devices.lock().unwrap()[0].trust = Trust::Verified { max_error: 0.0, seconds_per_megapixel: 1.0 };
        changed(self.devices());
    }

    fn recall_devices(&self, known: &[Device]) {
        *self.devices.lock().unwrap() = known.to_vec();
    }

    fn assess(&self, _photo: &DecodedPhoto) -> Result<Assessment, Problem> {
        self.assessed.fetch_add(1, Ordering::SeqCst);
        Ok(Assessment { findings: vec![Finding::LowLight], recipe: auto_recipe() })
    }

    fn plan(&self, recipe: &Recipe) -> Result<u32, Problem> {
        let mut scale = 1;
        for step in &recipe.steps {
            match step {
                Step::Tone { strength, .. } if !(0.0..=1.0).contains(strength) => {
                    return Err(problem(Code::RecipeInvalid, "step 1 (tone) has strength out of range"));
                }
                Step::Crop { degrees, .. } if degrees.abs() > 45.0 => {
                    return Err(problem(Code::RecipeInvalid, "step 1 (crop) turns too far"));
                }
                Step::Upscale { scale: by, .. } => scale *= by,
                _ => {}
            }
        }
        Ok(scale)
    }

    fn quicker(&self, recipe: &Recipe) -> Option<Recipe> {
        let mut quicker = recipe.clone();
        for step in &mut quicker.steps {
            if let Step::Upscale { model: model @ None, .. } = step {
                *model = Some("quick".into());
            }
        }
        (quicker != *recipe).then_some(quicker)
    }

    fn enhance(&self, request: &EnhanceRequest, reporter: &dyn Reporter, cancel: &Cancel) -> Result<Outcome, Problem> {
        assert_eq!(self.running.fetch_add(1, Ordering::SeqCst), 0, "one job at a time");
        let outcome = self.perform(request, reporter, cancel);
        self.running.fetch_sub(1, Ordering::SeqCst);
        outcome
    }

    fn renderer(
        &self,
        photo: Arc<DecodedPhoto>,
        recipe: &Recipe,
        _device: Option<&str>,
    ) -> Result<Box<dyn Render>, Problem> {
        self.renderers.fetch_add(1, Ordering::SeqCst);
        let scale = self.plan(recipe)?;
        let strength = recipe
            .steps
            .iter()
            .find_map(|step| if let Step::Tone { strength, .. } = step { Some(*strength) } else { None });
        if strength == Some(0.123) {
            return Err(problem(Code::DeviceFailed, "The device failed."));
        }
        Ok(Box::new(Easel { photo, scale, board: self.board.clone() }))
    }
}

impl Scripted {
    fn perform(&self, request: &EnhanceRequest, reporter: &dyn Reporter, cancel: &Cancel) -> Result<Outcome, Problem> {
        let name = request.photo.file_name().unwrap().to_string_lossy().into_owned();
        self.begun.lock().unwrap().push(name.clone());
        for step in 0..=10 {
            while self.held.load(Ordering::SeqCst) && !cancel.is_cancelled() {
                std::thread::sleep(Duration::from_millis(1));
            }
            if cancel.is_cancelled() {
                return Err(problem(Code::Cancelled, "Stopped."));
            }
            // As engines do: often, and not always forwards.
            reporter.progress(step as f32 / 10.0);
            reporter.progress(step as f32 / 20.0);
            std::thread::sleep(self.step);
            if step == 5 {
                match (self.fate)(&name) {
                    Fate::Fails => return Err(problem(Code::FileDamaged, &format!("{name} ends early."))),
                    Fate::Panics => {
                        self.running.fetch_sub(1, Ordering::SeqCst);
                        panic!("scripted");
                    }
                    Fate::Skipped => return Ok(Outcome::Skipped { path: request.photo.clone() }),
                    Fate::Saved => {}
                }
            }
        }
        let folder = match &request.target.place {
            Place::Folder(folder) => folder.clone(),
            _ => request.photo.parent().unwrap().to_path_buf(),
        };
        let path: PathBuf = folder.join(format!("{name}-enhanced.png"));
        std::fs::copy(&request.photo, &path).unwrap();
        Ok(Outcome::Saved(Saved { path, width: 8, height: 6, bytes: 1, device: "Script".into(), notes: Vec::new() }))
    }
}

struct Easel {
    photo: Arc<DecodedPhoto>,
    scale: u32,
    board: Arc<Board>,
}

impl Render for Easel {
    fn render(&mut self, region: Region, cancel: &Cancel) -> Result<Picture, Problem> {
        self.board.rendered.lock().unwrap().push(region);
        while self.board.held.load(Ordering::SeqCst) && !cancel.is_cancelled() {
            std::thread::sleep(Duration::from_millis(1));
        }
        if cancel.is_cancelled() {
            self.board.cancelled.fetch_add(1, Ordering::SeqCst);
            return Err(problem(Code::Cancelled, "Stopped."));
        }
        let (first, size) = region.corner_and_size();
        let part = self.photo.picture.part(first, size);
        let Samples::Eight(colour) = &part.colour else { panic!("eight bits") };
        let (width, height, scale) = (region.width * self.scale, region.height * self.scale, self.scale);
        let mut large = Vec::with_capacity((width * height * 3) as usize);
        for y in 0..height {
            for x in 0..width {
                let at = ((y / scale * region.width + x / scale) * 3) as usize;
                large.extend(colour[at..at + 3].iter().map(|value| 255 - value));
            }
        }
        Ok(Picture { width, height, channels: part.channels, colour: Samples::Eight(large), alpha: None })
    }
}
