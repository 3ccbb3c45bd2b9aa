//! Auto looks at photos in the background: the one in the viewer first, then the others in order, and those only while nothing is being enhanced.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pretty_contract::photo::PhotoId;
use pretty_contract::problem::Problem;
use pretty_photo::{DecodedPhoto, decode};

use crate::core::{Core, State};
use crate::opened::Key;
use crate::workshop::Workshop;

/// The worker's work.
pub(crate) fn work(core: &Core) {
    let Ok(workshop) = core.workshop.wait() else { return };
    while let Some((id, path, in_view)) = core.wait_for(next) {
        // In the viewer it is decoded for being seen anyway; others would push it out of memory.
        let photo = if in_view { open(core, id, &path) } else { decode_apart(core, id, &path) };
        let outcome = photo.and_then(|photo| workshop.assess(&photo));
        note(core, id, outcome);
    }
}

fn next(state: &mut State) -> Option<(PhotoId, PathBuf, bool)> {
    let viewed = state.viewed.and_then(|id| state.photos.get(id)).filter(|entry| entry.wants_a_look());
    if let Some(entry) = viewed {
        return Some((entry.photo.id, entry.path.clone(), true));
    }
    if state.queue.is_open() {
        return None;
    }
    state.photos.iter().find(|entry| entry.wants_a_look()).map(|entry| (entry.photo.id, entry.path.clone(), false))
}

fn open(core: &Core, id: PhotoId, path: &Path) -> Result<Arc<DecodedPhoto>, Problem> {
    Ok(core.opened.open(&Key::Photo(id), path, &core.limits)?.photo())
}

fn decode_apart(core: &Core, id: PhotoId, path: &Path) -> Result<Arc<DecodedPhoto>, Problem> {
    match core.opened.in_memory(&Key::Photo(id)) {
        Some(open) => Ok(open.photo()),
        None => decode(path, &core.limits).map(Arc::new).map_err(|error| error.problem()),
    }
}

fn note(core: &Core, id: PhotoId, outcome: Result<pretty_contract::photo::Assessment, Problem>) {
    match outcome {
        Ok(assessment) => {
            let mut state = core.lock();
            if let Some(entry) = state.photos.get_mut(id) {
                entry.assessed(assessment);
                core.tell(&state, id);
            }
        }
        Err(problem) => {
            if let Some(entry) = core.lock().photos.get_mut(id) {
                entry.looked_at = true;
            }
            core.could_not_open(id, &problem);
        }
    }
}

/// What Auto says of a photo, now: a job cannot start without it.
pub(crate) fn at_once(core: &Core, workshop: &dyn Workshop, id: PhotoId, path: &Path) -> Result<(), Problem> {
    let photo = decode_apart(core, id, path)?;
    let assessment = workshop.assess(&photo)?;
    note(core, id, Ok(assessment));
    Ok(())
}
