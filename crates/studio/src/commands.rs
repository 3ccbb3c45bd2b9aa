//! The body of every command. Quick, all of them: slow work is put where a worker finds it.

use std::path::PathBuf;
use std::sync::Arc;

use pretty_contract::command::{
    AddPhotos, Enhance, Estimate, Nothing, OnePhoto, PhotoIds, SetRecipe, Snapshot, UseAuto, ViewKey,
};
use pretty_contract::event::Event;
use pretty_contract::photo::PhotoState;
use pretty_contract::preview::View;
use pretty_contract::problem::{Code, Problem};
use pretty_contract::recipe::{Recipe, Step};
use pretty_contract::settings::Settings;

use crate::core::Core;
pub(crate) use crate::online::*;
use crate::problems::bad_request;
use crate::usage::{self, Used};
use crate::{cloud, devices, preview, queue, settings, small_files};

type Answer<T> = Result<T, Problem>;

/// Waits for the engine: a window that is drawn before anyone knows whether there is one would have to be drawn twice.
pub(crate) fn snapshot(core: &Arc<Core>, _: Nothing) -> Answer<Snapshot> {
    let (workshop, trouble) = match core.workshop.wait() {
        Ok(workshop) => (Some(workshop), None),
        Err(problem) => (None, Some(problem)),
    };
    let mut state = core.lock();
    Ok(Snapshot {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        photos: state.photos.all(),
        queue: queue::summary(core, &mut state),
        devices: workshop.as_ref().map(|workshop| workshop.devices()).unwrap_or_default(),
        models: workshop.as_ref().map(|workshop| workshop.models()).unwrap_or_default(),
        settings: state.settings.clone(),
        online: state.linked.online.clone(),
        pro_jobs: cloud::shown(core, &state),
        critiques: state.linked.critiques.clone(),
        trouble,
        notice: state.notice.clone(),
    })
}

pub(crate) fn add_photos(core: &Arc<Core>, request: AddPhotos) -> Answer<Nothing> {
    let paths: Vec<PathBuf> = request.paths.into_iter().map(PathBuf::from).collect();
    if let Some(path) = paths.iter().find(|path| !path.is_absolute()) {
        return Err(bad_request(format!("\u{201c}{}\u{201d} is not a whole path.", path.display())));
    }
    core.lock().scans.waiting.push_back(paths);
    core.wake();
    Ok(Nothing {})
}

/// A copy in the data folder is opened: results go beside the photo, and where the program is installed nothing can be written.
pub(crate) fn add_sample(core: &Arc<Core>, _: Nothing) -> Answer<Nothing> {
    let copy = core.folders.data.join("sample").join("sample.jpg");
    let bytes = std::fs::read(&core.folders.sample).map_err(|error| Problem {
        code: Code::FileMissing,
        message: format!(
            "The sample photo \u{201c}{}\u{201d} cannot be read. Install the program again.",
            core.folders.sample.display()
        ),
        retryable: false,
        detail: Some(error.to_string()),
    })?;
    if std::fs::read(&copy).ok().as_ref() != Some(&bytes) {
        small_files::write_bytes(&copy, &bytes).map_err(|error| Problem {
            code: Code::TargetFailed,
            message: format!("The sample photo could not be copied to \u{201c}{}\u{201d}.", copy.display()),
            retryable: true,
            detail: Some(error.to_string()),
        })?;
    }
    core.lock().scans.waiting.push_back(vec![copy]);
    core.wake();
    Ok(Nothing {})
}

pub(crate) fn remove_photos(core: &Arc<Core>, request: PhotoIds) -> Answer<Nothing> {
    let mut state = core.lock();
    queue::withdraw(core, &mut state, &request.photos);
    let mut removed = Vec::new();
    for id in request.photos {
        if state.photos.remove(id).is_some() {
            removed.push(id);
            core.opened.forget_photo(id);
            core.previews.forget(id);
        }
    }
    if !removed.is_empty() {
        core.say(Event::PhotosRemoved(removed));
    }
    let queue = queue::summary(core, &mut state);
    core.say(Event::Queue(queue));
    Ok(Nothing {})
}

pub(crate) fn set_recipe(core: &Arc<Core>, request: SetRecipe) -> Answer<Nothing> {
    if let Some(workshop) = core.workshop.ready() {
        workshop.plan(&request.recipe)?;
    }
    let mut state = core.lock();
    let photos = request.photos.clone();
    for id in request.photos {
        if let Some(entry) = state.photos.get_mut(id) {
            entry.photo.recipe = request.recipe.clone();
            entry.photo.auto = false;
            core.tell(&state, id);
        }
    }
    queue::keep(core, &state, &photos);
    Ok(Nothing {})
}

pub(crate) fn use_auto(core: &Arc<Core>, request: UseAuto) -> Answer<Nothing> {
    let crop = request.crop.as_ref();
    if crop.is_some_and(|step| !matches!(step, Step::Crop { .. })) {
        return Err(bad_request("Only a crop can go along with Auto."));
    }
    if let Some(workshop) = core.workshop.ready() {
        workshop.plan(&Recipe::new(crop.into_iter().cloned().collect()))?;
    }
    let photos = request.photos.clone();
    let mut state = core.lock();
    for id in request.photos {
        if let Some(entry) = state.photos.get_mut(id) {
            entry.photo.auto = true;
            let chosen = entry.photo.assessment.as_ref().map_or(&entry.photo.recipe, |assessment| &assessment.recipe);
            entry.photo.recipe = chosen.with_crop(crop);
            core.tell(&state, id);
        }
    }
    queue::keep(core, &state, &photos);
    core.wake();
    Ok(Nothing {})
}

pub(crate) fn set_view(core: &Arc<Core>, view: View) -> Answer<ViewKey> {
    preview::set_view(core, view).map(|recipe_key| ViewKey { recipe_key })
}

pub(crate) fn clear_view(core: &Arc<Core>, _: Nothing) -> Answer<Nothing> {
    core.previews.clear();
    core.lock().viewed = None;
    Ok(Nothing {})
}

pub(crate) fn estimate(core: &Arc<Core>, request: PhotoIds) -> Answer<Estimate> {
    let workshop = core.workshop.wait()?;
    let state = core.lock();
    let device = devices::in_use(workshop.as_ref(), &state.settings);
    let each: Vec<Option<f32>> = request
        .photos
        .iter()
        .map(|&id| queue::seconds_for(&state, &device, id).map(|seconds| seconds as f32))
        .collect();
    Ok(Estimate { seconds: each.iter().copied().sum(), each })
}

pub(crate) fn enhance(core: &Arc<Core>, request: Enhance) -> Answer<Nothing> {
    let export = request.export.unwrap_or_else(|| core.lock().settings.export.clone());
    settings::check_export(&export)?;
    for &id in &request.photos {
        // A photo that could not be read is tried again: its disk may be back.
        core.opened.forget_failures(id);
    }
    queue::enqueue(core, &request.photos, &export);
    if request.photos.len() > 1 {
        usage::count(core, &core.lock(), Used::BatchEnhanced);
    }
    Ok(Nothing {})
}

pub(crate) fn cancel(core: &Arc<Core>, request: PhotoIds) -> Answer<Nothing> {
    queue::cancel(core, &request.photos);
    Ok(Nothing {})
}

pub(crate) fn cancel_all(core: &Arc<Core>, _: Nothing) -> Answer<Nothing> {
    queue::cancel_all(core);
    Ok(Nothing {})
}

pub(crate) fn reveal(core: &Arc<Core>, request: OnePhoto) -> Answer<Nothing> {
    let path = {
        let state = core.lock();
        let entry =
            state.photos.get(request.photo).ok_or_else(|| bad_request("This photo is not on the list any more."))?;
        match &entry.photo.state {
            PhotoState::Done { result } => {
                state.results.get(&result.key).cloned().unwrap_or_else(|| PathBuf::from(&result.path))
            }
            PhotoState::Skipped { path } => PathBuf::from(path),
            _ => entry.path.clone(),
        }
    };
    if !path.exists() {
        let message =
            format!("\u{201c}{}\u{201d} is not there any more. It may have been moved or deleted.", path.display());
        return Err(Problem { code: Code::FileMissing, message, retryable: false, detail: None });
    }
    core.host.reveal(&path).map(|()| Nothing {})
}

pub(crate) fn check_devices(core: &Arc<Core>, _: Nothing) -> Answer<Nothing> {
    devices::check(core);
    Ok(Nothing {})
}

pub(crate) fn set_settings(core: &Arc<Core>, wanted: Settings) -> Answer<Settings> {
    settings::check(&wanted)?;
    let mut state = core.lock();
    core.host.save_settings(&wanted)?;
    state.settings = wanted.clone();
    state.notice = None;
    Ok(wanted)
}
