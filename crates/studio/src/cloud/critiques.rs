//! Critiques and comparisons that are known here: learned from the service's jobs, kept in SQLite with the copies that were sent, and tried out
//! on the photo as steps of its recipe.

use std::mem::discriminant;
use std::path::{Path, PathBuf};

use pretty_contract::cloud::{ComparisonView, CritiqueLine, CritiqueView, TriedSuggestion};
use pretty_contract::event::Event;
use pretty_contract::photo::PhotoId;
use pretty_contract::problem::{Code, Problem};
use pretty_contract::recipe::{Recipe, Step};
use pretty_contract::service::critique::{Comparison, Critique, PhotoRegion, SuggestedAction};
use pretty_contract::service::jobs::{Job, JobKind, JobResult};
use pretty_photo::Framing;
use serde::{Deserialize, Serialize};

use super::document;
use super::outbox::Outgoing;
use crate::address::Address;
use crate::core::{Core, State};
use crate::problems::bad_request;
use crate::service::{Call, Fault};
use crate::store::{Store, StoreError};
use crate::{keys, queue, small_files, sync};

/// The most bytes of a copy that the service gives back.
const MOST_COPY: usize = 32 << 20;

/// A critique or comparison as it is written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Known {
    pub(crate) id: String,
    pub(crate) owner: String,
    pub(crate) kind: JobKind,
    pub(crate) at: i64,
    pub(crate) price: i64,
    pub(crate) on_service: bool,
    /// The service's ids of its photos.
    pub(crate) photos: Vec<String>,
    /// The photos themselves, where it was sent from this computer.
    pub(crate) paths: Vec<PathBuf>,
    /// Keys of the copies, where they are here.
    pub(crate) copies: Vec<Option<String>>,
    pub(crate) said: Said,
}

/// What was said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Said {
    Critique(Critique),
    Comparison(Comparison),
}

impl Known {
    fn line(&self) -> CritiqueLine {
        let summary = match &self.said {
            Said::Critique(critique) => &critique.summary,
            Said::Comparison(comparison) => &comparison.summary,
        };
        CritiqueLine {
            id: self.id.clone(),
            kind: self.kind,
            name: self.paths.first().map(|path| crate::photos::file_name(path)),
            photo: None,
            summary: summary.clone(),
            at: self.at,
            price: self.price,
            on_service: self.on_service,
        }
    }

    /// The line with the photo on the list, while it is there.
    pub(crate) fn line_in(&self, state: &State) -> CritiqueLine {
        CritiqueLine { photo: self.paths.first().and_then(|path| on_list(state, path)), ..self.line() }
    }
}

fn on_list(state: &State, path: &Path) -> Option<PhotoId> {
    state.photos.iter().find(|entry| entry.path == path).map(|entry| entry.photo.id)
}

/// Where a copy that was sent is kept.
pub(crate) fn copy_path(data: &Path, key: &str) -> PathBuf {
    data.join("sent").join(format!("{key}.jpg"))
}

/// The history of a person as it was left.
pub(crate) fn lines(store: &Store, owner: &str) -> Vec<CritiqueLine> {
    let known = store.critiques::<Known>(owner).unwrap_or_default();
    known.iter().map(Known::line).collect()
}

/// Tells the history anew.
pub(crate) fn tell(core: &Core) {
    let mut state = core.lock();
    let owner = state.linked.user().map(str::to_owned);
    let known = owner.map(|owner| core.link.store.critiques::<Known>(&owner).unwrap_or_default()).unwrap_or_default();
    let lines: Vec<CritiqueLine> = known.iter().map(|known| known.line_in(&state)).collect();
    if lines != state.linked.critiques {
        state.linked.critiques.clone_from(&lines);
        core.say(Event::Critiques(lines));
    }
}

/// Writes down what the service says of a job that was a critique or comparison. `from` is the job here that it was.
pub(crate) fn learn(core: &Core, job: &Job, from: Option<&Outgoing>) -> Result<bool, StoreError> {
    let said = match &job.result {
        Some(JobResult::Critique { critique }) => Said::Critique(critique.clone()),
        Some(JobResult::Compare { comparison }) => Said::Comparison(comparison.clone()),
        _ => return Ok(false),
    };
    let before: Option<Known> = core.link.store.critique(&job.id);
    let owner = match (&before, from) {
        (Some(before), _) => before.owner.clone(),
        (None, Some(from)) => from.user.clone(),
        (None, None) => match core.lock().linked.user() {
            Some(user) => user.to_owned(),
            None => return Ok(false),
        },
    };
    let paths = from.map(|from| from.photos.iter().map(|photo| photo.path.clone()).collect());
    let copies =
        from.map(|from| from.photos.iter().map(|photo| photo.copy.as_ref().map(|copy| copy.key.clone())).collect());
    let (old_paths, old_copies) = before.clone().map(|known| (known.paths, known.copies)).unwrap_or_default();
    let known = Known {
        id: job.id.clone(),
        owner,
        kind: job.kind,
        at: job.ended_at.unwrap_or(job.created_at),
        price: job.price,
        on_service: true,
        photos: job.photos.clone(),
        paths: paths.unwrap_or(old_paths),
        copies: copies.unwrap_or(old_copies),
        said,
    };
    if before.as_ref() == Some(&known) {
        return Ok(false);
    }
    core.link.store.put_critique(&known.id, &known.owner, known.at, &known)?;
    Ok(true)
}

/// A critique by the service's id of its job, from here or from the service.
pub(super) fn find(core: &Core, id: &str) -> Result<Known, Problem> {
    if let Some(known) = core.link.store.critique::<Known>(id) {
        return Ok(known);
    }
    if uuid::Uuid::parse_str(id).is_err() {
        return Err(bad_request("This is no critique."));
    }
    let job: Job = core.link.send(Call::get(format!("/v1/jobs/{id}"), sync::WHY)).map_err(|fault| fault.problem())?;
    learn(core, &job, None).map_err(Problem::from)?;
    core.link.store.critique(id).ok_or_else(gone)
}

fn gone() -> Problem {
    Problem {
        code: Code::NotThere,
        message: "This critique is not there any more. It was deleted, here or on another device.".into(),
        retryable: false,
        detail: None,
    }
}

/// The critique with everything about it.
pub(crate) fn view(core: &Core, id: &str) -> Result<CritiqueView, Problem> {
    let mut known = find(core, id)?;
    let Said::Critique(critique) = known.said.clone() else { return Err(bad_request("This is a comparison.")) };
    let picture = picture(core, &mut known, 0);
    let previous = previous(core, &known);
    let state = core.lock();
    let line = known.line_in(&state);
    let can_try =
        critique.suggestions.iter().map(|suggestion| line.photo.is_some() && suggestion.action.is_some()).collect();
    let previous = previous.map(|known| known.line_in(&state));
    Ok(CritiqueView { line, critique, picture, can_try, previous })
}

/// The comparison with everything about it.
pub(crate) fn comparison(core: &Core, id: &str) -> Result<ComparisonView, Problem> {
    let mut known = find(core, id)?;
    let Said::Comparison(comparison) = known.said.clone() else { return Err(bad_request("This is a critique.")) };
    let pictures =
        (0..known.photos.len().max(known.copies.len())).map(|index| picture(core, &mut known, index)).collect();
    let line = known.line_in(&core.lock());
    Ok(ComparisonView { line, comparison, pictures })
}

/// The critique before of the same photo.
fn previous(core: &Core, known: &Known) -> Option<Known> {
    let path = known.paths.first()?;
    let all = core.link.store.critiques::<Known>(&known.owner).ok()?;
    all.into_iter().find(|other| {
        other.at < known.at && other.paths.first() == Some(path) && matches!(other.said, Said::Critique(_))
    })
}

/// Address of a photo as it was sent; fetched from the service where it is not here.
fn picture(core: &Core, known: &mut Known, index: usize) -> Option<String> {
    let here = known.copies.get(index).cloned().flatten().filter(|key| copy_path(&core.folders.data, key).exists());
    let key = match here {
        Some(key) => key,
        None => {
            let photo = known.photos.get(index).filter(|_| known.on_service)?;
            let key = keys::of_bytes(photo.as_bytes());
            if !copy_path(&core.folders.data, &key).exists() {
                fetch_copy(core, photo, &key)
                    .inspect_err(|fault| tracing::debug!(?fault, "no copy of a photo"))
                    .ok()?;
            }
            known.copies.resize(known.copies.len().max(index + 1), None);
            known.copies[index] = Some(key.clone());
            let _ = core.link.store.put_critique(&known.id, &known.owner, known.at, known);
            key
        }
    };
    Some(Address::Sent(key).text())
}

fn fetch_copy(core: &Core, photo: &str, key: &str) -> Result<(), Fault> {
    let call = Call::get(format!("/v1/photos/{photo}/content"), sync::WHY);
    let mut stream = core.link.authorized(call, |service, call| service.stream(call))?;
    let mut bytes = Vec::new();
    while let Some(piece) = stream.next() {
        bytes.extend(piece?);
        if bytes.len() > MOST_COPY {
            return Err(Fault::NotUnderstood("the copy is too long".into()));
        }
    }
    let path = copy_path(&core.folders.data, key);
    let keep = |path: &Path| small_files::write_bytes(path, &bytes);
    keep(&path).map_err(|error| Fault::Here(super::steps::cannot_keep(&error)))?;
    // What is no photo is not shown as one.
    pretty_photo::probe(&path, &core.limits).map(|_| ()).map_err(|error| {
        let _ = std::fs::remove_file(&path);
        Fault::NotUnderstood(error.to_string())
    })
}

/// Applies a suggestion to the photo's recipe: the step takes the place of the photo's own of that kind, or is added in its usual place.
pub(crate) fn try_suggestion(core: &Core, id: &str, suggestion: usize) -> Result<TriedSuggestion, Problem> {
    let known = find(core, id)?;
    let Said::Critique(critique) = &known.said else { return Err(bad_request("This is a comparison.")) };
    let wanted = critique.suggestions.get(suggestion).ok_or_else(|| bad_request("There is no such suggestion."))?;
    let Some(action) = &wanted.action else {
        return Err(bad_request("This suggestion is for the person behind the camera: the app cannot do it."));
    };
    let workshop = core.workshop.wait()?;
    let mut state = core.lock();
    let photo = known.paths.first().and_then(|path| on_list(&state, path)).ok_or_else(|| Problem {
        code: Code::FileMissing,
        message: "The photo of this critique is not on the list. Add it, then try again.".into(),
        retryable: false,
        detail: None,
    })?;
    let Some(entry) = state.photos.get_mut(photo) else { return Err(gone()) };
    let before = entry.photo.recipe.clone();
    let size = entry.photo.facts.as_ref().map_or((1, 1), |facts| (facts.width, facts.height));
    let recipe = with_action(&before, action, size);
    workshop.plan(&recipe)?;
    entry.photo.recipe = recipe.clone();
    // What is kept of a photo is no business of Auto's.
    entry.photo.auto &= !matches!(action, SuggestedAction::Recipe(_));
    core.tell(&state, photo);
    queue::keep(core, &state, &[photo]);
    Ok(TriedSuggestion { photo, recipe, before })
}

/// The recipe with what a suggestion asks for in the place of what it had of that. A suggestion speaks of the photo as it was sent, which is not turned; what was
/// meant is kept when it is.
fn with_action(recipe: &Recipe, action: &SuggestedAction, size: (u32, u32)) -> Recipe {
    let (own_degrees, own_part) = recipe.framing();
    let carried = |part: PhotoRegion, turns: (f32, f32)| {
        let [x, y, width, height] = Framing::carried([part.x, part.y, part.width, part.height], turns, size);
        PhotoRegion { x, y, width, height }
    };
    match action {
        SuggestedAction::Recipe(step) => with_step(recipe, step),
        SuggestedAction::Crop(part) => recipe.framed(own_degrees, carried(*part, (0.0, own_degrees))),
        SuggestedAction::Straighten { degrees } => recipe.framed(*degrees, carried(own_part, (own_degrees, *degrees))),
    }
}

fn with_step(recipe: &Recipe, step: &Step) -> Recipe {
    let place = |step: &Step| match step {
        Step::Crop { .. } => 0,
        Step::Restore { .. } => 1,
        Step::Tone { .. } => 2,
        Step::Upscale { .. } => 3,
    };
    let mut steps = recipe.steps.clone();
    match steps.iter_mut().find(|own| discriminant(*own) == discriminant(step)) {
        Some(own) => *own = step.clone(),
        None => {
            let at = steps.iter().position(|own| place(own) > place(step)).unwrap_or(steps.len());
            steps.insert(at, step.clone());
        }
    }
    Recipe::new(steps)
}

/// Everything for a document: what was said, and the pictures as files.
pub(super) fn for_document(core: &Core, id: &str) -> Result<(document::Known, Said), Problem> {
    let mut known = find(core, id)?;
    let compared = matches!(known.said, Said::Comparison(_));
    let pictures = (0..if compared { 2 } else { 1 }).map(|index| {
        picture(core, &mut known, index)?;
        known.copies.get(index)?.as_ref().map(|key| copy_path(&core.folders.data, key))
    });
    let pictures = pictures.collect();
    let names = known.paths.iter().map(|path| crate::photos::file_name(path)).collect();
    Ok((document::Known { names, pictures, compared }, known.said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suggested_step_takes_its_place() {
        let tone = |strength| Step::Tone { strength, model: None };
        let restore = Step::Restore { denoise: 0.3, detail: 0.0, model: None };
        let upscale = Step::Upscale { scale: 2, strength: 1.0, model: None };
        let recipe = Recipe::new(vec![restore.clone(), upscale.clone()]);
        assert_eq!(with_step(&recipe, &tone(0.5)).steps, [restore.clone(), tone(0.5), upscale.clone()]);
        let again = with_step(&with_step(&recipe, &tone(0.5)), &tone(0.7));
        assert_eq!(again.steps, [restore, tone(0.7), upscale]);
    }
}
