//! Thumbnails for the strip: made by a few workers, kept on the disk under a name made of the photo's path, size and time of change.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pretty_contract::photo::PhotoId;

use crate::address::Address;
use crate::core::Core;
use crate::{keys, small_files};

/// Longer side, in pixels: twice what the strip shows, for dense screens.
const SIDE: u32 = 320;
/// Part of every key: raised when thumbnails are made another way.
const VERSION: &str = "thumb 1 320";
/// Most that the folder may take once the program starts; the oldest go first.
const MOST_BYTES: u64 = 200 << 20;

/// Where a thumbnail lies.
pub(crate) fn path(cache: &Path, key: &str) -> PathBuf {
    folder(cache).join(format!("{key}.jpg"))
}

fn folder(cache: &Path) -> PathBuf {
    cache.join("thumbnails")
}

/// A worker's work.
pub(crate) fn work(core: &Core) {
    loop {
        let next = core.wait_for(|state| {
            // Photos that were taken off the list meanwhile have no path any more.
            let photos = &state.photos;
            std::iter::from_fn(|| state.bare.pop_front())
                .find_map(|id| photos.get(id).map(|entry| (id, entry.path.clone())))
        });
        let Some((id, path)) = next else { return };
        make(core, id, &path);
    }
}

fn make(core: &Core, id: PhotoId, photo: &Path) {
    let key = keys::of_file(photo, VERSION);
    let place = path(&core.folders.cache, &key);
    if !place.exists() {
        match pretty_photo::thumbnail(photo, SIDE, &core.limits) {
            Ok(jpeg) => {
                if let Err(error) = small_files::write_bytes(&place, &jpeg) {
                    // The strip shows a blank; the photo itself is well.
                    tracing::warn!(%error, "a thumbnail could not be kept");
                    return;
                }
            }
            Err(error) => return core.could_not_open(id, &error.problem()),
        }
    }
    let mut state = core.lock();
    if let Some(entry) = state.photos.get_mut(id) {
        entry.photo.thumbnail = Some(Address::Thumbnail(id, key.clone()).text());
        entry.thumbnail = Some(key);
        core.tell(&state, id);
    }
}

/// Removes the oldest thumbnails until the rest fit.
pub(crate) fn tidy(cache: &Path) {
    let Ok(entries) = fs::read_dir(folder(cache)) else { return };
    let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            Some((metadata.modified().ok()?, metadata.len(), entry.path()))
        })
        .collect();
    files.sort();
    let mut bytes: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
    for (_, size, path) in files {
        if bytes <= MOST_BYTES {
            return;
        }
        if fs::remove_file(path).is_ok() {
            bytes -= size;
        }
    }
}
