//! What the window can look at of Pro jobs: what came back beside the photo it was made of, and the copy that would be sent.

use std::path::Path;
use std::sync::Arc;

use pretty_contract::cloud::{AskCopy, ProPictures, ProResult, ShownCopy, ViewedFile};
use pretty_contract::problem::{Code, Problem};

use super::outbox::Step;
use super::{steps, upload};
use crate::address::Address;
use crate::core::Core;
use crate::keys;
use crate::photos::file_name;
use crate::problems::bad_request;

/// Files that came back in an earlier run can be looked at in this one.
pub(crate) fn register(core: &Core) {
    let done: Vec<(String, std::path::PathBuf)> = {
        let state = core.lock();
        let enhanced = state.linked.outbox.jobs().filter(|job| !job.dismissed).filter_map(|job| match &job.step {
            Step::Done { result: ProResult::Enhanced { file } } => Some((file.key.clone(), file.path.clone().into())),
            _ => None,
        });
        enhanced.collect()
    };
    // One that was changed since has another key, which `open` gives out.
    let still: Vec<_> = done.into_iter().filter(|(key, path)| keys::of_file(path, "result") == *key).collect();
    core.lock().results.extend(still);
}

/// The photo and what came back, for the viewer.
pub(crate) fn open(core: &Core, id: &str) -> Result<ProPictures, Problem> {
    let job = core.lock().linked.outbox.get(id).cloned();
    let Some((Step::Done { result: ProResult::Enhanced { file } }, photos)) = job.map(|job| (job.step, job.photos))
    else {
        return Err(bad_request("This job has no file."));
    };
    let result = view(core, Path::new(&file.path), "result")?;
    let original = photos.first().and_then(|photo| view(core, &photo.path, "original").ok());
    Ok(ProPictures { original, result })
}

/// Gives a file a key under which its tiles are found.
fn view(core: &Core, path: &Path, purpose: &str) -> Result<ViewedFile, Problem> {
    let facts = pretty_photo::probe(path, &core.limits).map_err(|error| match error.problem() {
        missing @ Problem { code: Code::FileMissing, .. } => Problem {
            message: format!(
                "\u{201c}{}\u{201d} is not there any more. It may have been moved or deleted.",
                path.display()
            ),
            ..missing
        },
        problem => problem,
    })?;
    let key = keys::of_file(path, purpose);
    core.lock().results.insert(key.clone(), path.to_path_buf());
    Ok(ViewedFile { key, name: file_name(path), width: facts.width, height: facts.height })
}

/// Makes the copy that would be sent, by what makes those that are, and keeps it in memory to be looked at.
pub(crate) fn copy(core: &Core, wanted: &AskCopy) -> Result<ShownCopy, Problem> {
    let path = core.lock().path(wanted.photo).ok_or_else(|| bad_request("A photo is not on the list any more."))?;
    let facts = pretty_photo::probe(&path, &core.limits).map_err(|error| error.problem())?;
    let bytes = steps::copy_of(core, &path, wanted.long_edge).map_err(|error| error.problem())?;
    let camera = steps::camera_of(core, wanted.kind, &[&path]);
    let (width, height) = pretty_photo::resize::fitted(facts.width, facts.height, wanted.long_edge.max(1));
    let (key, size) = (keys::of_bytes(&bytes), bytes.len() as u64);
    core.shown_copies.lock().unwrap_or_else(std::sync::PoisonError::into_inner).put(key.clone(), Arc::new(bytes), size);
    let stripped = upload::stripped(wanted.kind).map(str::to_owned).to_vec();
    Ok(ShownCopy { picture: Address::Copy(key).text(), bytes: size, width, height, camera, stripped })
}
