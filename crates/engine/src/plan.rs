//! From a recipe to what will be run: every fault in a recipe is found here, before a photo is touched.

use std::collections::BTreeSet;

use pretty_contract::recipe::{RECIPE_VERSION, Recipe, Step};
use pretty_photo::Framing;

use crate::error::{EngineError, RecipeFault};
use crate::manifest::{Manifest, ModelEntry, Task};

/// The most that a recipe may enlarge in all.
pub const LARGEST_SCALE: u32 = 16;

/// A recipe that can be run with the models at hand. Steps that would leave every pixel as it is are not in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub(crate) framing: Framing,
    pub(crate) steps: Vec<PlannedStep>,
    scale: u32,
}

/// A step with its model found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PlannedStep {
    Restore { model: String, denoise: f32, detail: f32 },
    Tone { model: String, strength: f32 },
    Upscale { model: String, scale: u32, strength: f32 },
}

impl Plan {
    /// Validates a recipe: version, strengths from 0 to 1, models that are known and made for their step, scales that are at hand.
    ///
    /// # Errors
    /// [`EngineError::RecipeInvalid`].
    pub fn new(recipe: &Recipe, manifest: &Manifest) -> Result<Self, EngineError> {
        plan(recipe, manifest).map_err(EngineError::RecipeInvalid)
    }

    /// How much the result is larger than the photo, each way; than what is kept of it when it is cropped.
    #[must_use]
    pub fn scale(&self) -> u32 {
        self.scale
    }

    /// The models that it runs.
    pub(crate) fn models(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|step| match step {
            PlannedStep::Restore { model, .. }
            | PlannedStep::Tone { model, .. }
            | PlannedStep::Upscale { model, .. } => model.as_str(),
        })
    }

    /// True when the result is the photo, pixel for pixel.
    #[must_use]
    pub fn leaves_photo_as_it_is(&self) -> bool {
        self.framing.is_none() && self.steps.is_empty()
    }
}

/// Reads a recipe from JSON.
///
/// # Errors
/// [`EngineError::RecipeInvalid`] for what is not JSON, for unknown steps and unknown fields, with line and column.
pub fn read_recipe(json: &str) -> Result<Recipe, EngineError> {
    serde_json::from_str(json)
        .map_err(|error| EngineError::RecipeInvalid(RecipeFault::NotUnderstood(error.to_string())))
}

/// How a recipe frames the photo: its first step, when that is a crop that can be made.
#[must_use]
pub fn framing(recipe: &Recipe) -> Framing {
    recipe.steps.first().and_then(framing_of).unwrap_or(Framing::NONE)
}

fn framing_of(step: &Step) -> Option<Framing> {
    match step {
        Step::Crop { degrees, x, y, width, height } => Framing::of(*degrees, (*x, *y), (*width, *height)),
        _ => None,
    }
}

fn plan(recipe: &Recipe, manifest: &Manifest) -> Result<Plan, RecipeFault> {
    if recipe.version != RECIPE_VERSION {
        return Err(RecipeFault::Version { found: recipe.version, known: RECIPE_VERSION });
    }
    let mut steps = Vec::new();
    let mut total: u64 = 1;
    for (index, step) in recipe.steps.iter().enumerate() {
        if matches!(step, Step::Crop { .. }) {
            if index > 0 {
                return Err(RecipeFault::CropLate { step: index + 1 });
            }
            framing_of(step).ok_or(RecipeFault::CropImpossible)?;
            continue;
        }
        let place = Place { step: index + 1, name: name_of(step), manifest };
        let planned = place.plan(step)?;
        if let Some(PlannedStep::Upscale { scale, .. }) = &planned {
            total = total.saturating_mul(u64::from(*scale));
        }
        steps.extend(planned);
    }
    match u32::try_from(total) {
        Ok(scale) if scale <= LARGEST_SCALE => Ok(Plan { framing: framing(recipe), steps, scale }),
        _ => Err(RecipeFault::ScaleTooLarge { scale: total, most: LARGEST_SCALE }),
    }
}

fn name_of(step: &Step) -> &'static str {
    match step {
        Step::Crop { .. } => "crop",
        Step::Restore { .. } => "restore",
        Step::Tone { .. } => "tone",
        Step::Upscale { .. } => "upscale",
    }
}

/// The same recipe for a quick look: every enlargement by the quick model of its scale, where there is one and the step names no model. `None` when that
/// changes nothing.
pub(crate) fn quicker(recipe: &Recipe, manifest: &Manifest) -> Option<Recipe> {
    let mut quicker = recipe.clone();
    for step in &mut quicker.steps {
        if let Step::Upscale { scale, model: model @ None, strength } = step
            && *strength > 0.0
        {
            let of_scale = |entry: &&ModelEntry| entry.task == Task::Upscale && entry.scale == *scale;
            *model =
                manifest.models.iter().filter(of_scale).find(|entry| entry.is_quick()).map(|entry| entry.id.clone());
        }
    }
    (quicker != *recipe).then_some(quicker)
}

struct Place<'a> {
    step: usize,
    name: &'static str,
    manifest: &'a Manifest,
}

impl Place<'_> {
    fn plan(&self, step: &Step) -> Result<Option<PlannedStep>, RecipeFault> {
        Ok(match step {
            // Not a stage that pixels run through.
            Step::Crop { .. } => None,
            Step::Restore { denoise, detail, model } => {
                let (denoise, detail) = (self.strength("denoise", *denoise)?, self.strength("detail", *detail)?);
                let model = self.model(Task::Restore, model.as_deref())?.id.clone();
                (denoise > 0.0 || detail > 0.0).then_some(PlannedStep::Restore { model, denoise, detail })
            }
            Step::Tone { strength, model } => {
                let strength = self.strength("strength", *strength)?;
                let model = self.model(Task::Tone, model.as_deref())?.id.clone();
                (strength > 0.0).then_some(PlannedStep::Tone { model, strength })
            }
            Step::Upscale { scale, strength, model } => {
                let strength = self.strength("strength", *strength)?;
                if *scale == 1 && model.is_none() {
                    return Ok(None);
                }
                let model = self.upscaler(*scale, model.as_deref())?.id.clone();
                Some(PlannedStep::Upscale { model, scale: *scale, strength })
            }
        })
    }

    fn strength(&self, what: &'static str, value: f32) -> Result<f32, RecipeFault> {
        // NaN is in no range.
        if (0.0..=1.0).contains(&value) {
            Ok(value)
        } else {
            Err(RecipeFault::Strength { step: self.step, name: self.name, what, value })
        }
    }

    /// The model that is named, or the first for the task (the bundled one has the task's name).
    fn model(&self, task: Task, named: Option<&str>) -> Result<&ModelEntry, RecipeFault> {
        let Some(id) = named else {
            let first = self.manifest.model(task.name()).filter(|model| model.task == task);
            return first.or_else(|| self.of_task(task).next()).ok_or_else(|| self.unknown(task, task.name()));
        };
        let model = self.manifest.model(id).ok_or_else(|| self.unknown(task, id))?;
        if model.task != task {
            return Err(RecipeFault::WrongModel {
                step: self.step,
                name: self.name,
                model: id.into(),
                task: purpose(model),
            });
        }
        Ok(model)
    }

    fn upscaler(&self, scale: u32, named: Option<&str>) -> Result<&ModelEntry, RecipeFault> {
        if named.is_some() {
            let model = self.model(Task::Upscale, named)?;
            if model.scale != scale {
                return Err(RecipeFault::WrongModel {
                    step: self.step,
                    name: self.name,
                    model: model.id.clone(),
                    task: purpose(model),
                });
            }
            return Ok(model);
        }
        let thorough = || self.of_task(Task::Upscale).filter(|model| !model.is_quick());
        let of_scale = || thorough().filter(|model| model.scale == scale);
        // The bundled one has the task's name and its scale; others of that scale are for whoever asks for them.
        let usual = format!("{}-{scale}x", Task::Upscale.name());
        of_scale().find(|model| model.id == usual).or_else(|| of_scale().next()).ok_or_else(|| {
            let scales: BTreeSet<u32> = thorough().map(|model| model.scale).collect();
            let scales: Vec<String> = scales.iter().map(u32::to_string).collect();
            RecipeFault::NoModelOfScale { step: self.step, scale, known: listed(&scales) }
        })
    }

    fn of_task(&self, task: Task) -> impl Iterator<Item = &ModelEntry> {
        self.manifest.models.iter().filter(move |model| model.task == task)
    }

    fn unknown(&self, task: Task, model: &str) -> RecipeFault {
        let ids: Vec<String> = self.of_task(task).map(|model| model.id.clone()).collect();
        RecipeFault::UnknownModel { step: self.step, name: self.name, model: model.into(), known: listed(&ids) }
    }
}

fn purpose(model: &ModelEntry) -> String {
    match model.task {
        Task::Upscale => format!("enlarge by {}", model.scale),
        Task::Restore => "restore".into(),
        Task::Tone => "advise on light and colour".into(),
    }
}

/// "2 and 4", for the end of a sentence.
pub(crate) fn listed(items: &[String]) -> String {
    match items {
        [] => "none".into(),
        [one] => one.clone(),
        [firsts @ .., last] => format!("{} and {last}", firsts.join(", ")),
    }
}

#[cfg(test)]
mod tests;
