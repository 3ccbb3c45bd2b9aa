//! Photos in memory with their pyramids, up to a number of bytes. Each is decoded once, however many ask for it at the same time.

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pretty_contract::photo::PhotoId;
use pretty_contract::preview::{TILE, TileAt};
use pretty_contract::problem::Problem;
use pretty_engine::Region;
use pretty_photo::picture::{Picture, Samples};
use pretty_photo::{DecodedPhoto, Limits, decode, resize};

use crate::lru::ByteLru;

/// Room for decoded photos: three of 48 megapixels.
const BUDGET: u64 = 600 << 20;

/// Names a picture in memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Photo(PhotoId),
    Result(String),
}

/// A photo in memory, and smaller ones made from it.
pub(crate) struct OpenPhoto {
    /// Level 0 first; each half as large as the one before.
    levels: Mutex<Vec<Arc<DecodedPhoto>>>,
}

type Slot = Arc<OnceLock<Result<Arc<OpenPhoto>, Problem>>>;

/// The cache.
pub(crate) struct OpenedPhotos {
    slots: Mutex<ByteLru<Key, Slot>>,
}

impl Default for OpenedPhotos {
    fn default() -> Self {
        Self { slots: Mutex::new(ByteLru::new(BUDGET)) }
    }
}

impl OpenedPhotos {
    /// The photo, decoded when it is not in memory. Whoever asks meanwhile waits for the same decoding. A failure is kept too, until
    /// [`OpenedPhotos::forget`]: thirty tiles of a damaged photo are one attempt.
    pub(crate) fn open(&self, key: &Key, path: &Path, limits: &Limits) -> Result<Arc<OpenPhoto>, Problem> {
        let slot = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            slots.get(key).unwrap_or_else(|| {
                let slot = Slot::default();
                slots.put(key.clone(), slot.clone(), 0);
                slot
            })
        };
        let mut fresh = false;
        let outcome = slot.get_or_init(|| {
            fresh = true;
            let photo = decode(path, limits).map_err(|error| error.problem())?;
            Ok(Arc::new(OpenPhoto { levels: Mutex::new(vec![Arc::new(photo)]) }))
        });
        if fresh && let Ok(photo) = outcome {
            let bytes = photo.bytes();
            self.slots.lock().unwrap_or_else(PoisonError::into_inner).put(key.clone(), slot.clone(), bytes);
        }
        outcome.clone()
    }

    /// The photo if it is in memory.
    pub(crate) fn in_memory(&self, key: &Key) -> Option<Arc<OpenPhoto>> {
        let slot = self.slots.lock().unwrap_or_else(PoisonError::into_inner).get(key)?;
        slot.get().and_then(|outcome| outcome.as_ref().ok().cloned())
    }

    /// Lets a photo that could not be read be tried again.
    pub(crate) fn forget_failure(&self, key: &Key) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.get(key).is_some_and(|slot| slot.get().is_some_and(Result::is_err)) {
            slots.remove(key);
        }
    }

    pub(crate) fn forget(&self, key: &Key) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

impl OpenPhoto {
    /// The photo itself.
    pub(crate) fn photo(&self) -> Arc<DecodedPhoto> {
        self.level(0)
    }

    /// The photo reduced by 2 to the `level`, each side rounded up.
    pub(crate) fn level(&self, level: u32) -> Arc<DecodedPhoto> {
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = level as usize;
        while levels.len() <= wanted {
            let last = levels[levels.len() - 1].clone();
            let picture = resize::halve(&last.picture);
            let mut facts = last.facts.clone();
            (facts.width, facts.height) = (picture.width, picture.height);
            levels.push(Arc::new(DecodedPhoto { picture, metadata: last.metadata.clone(), facts, notes: Vec::new() }));
        }
        levels[wanted].clone()
    }

    /// With the pyramid that may grow on it.
    fn bytes(&self) -> u64 {
        let photo = self.photo();
        let samples = |samples: &Samples| match samples {
            Samples::Eight(values) => values.len() as u64,
            Samples::Sixteen(values) => values.len() as u64 * 2,
        };
        let bytes = samples(&photo.picture.colour) + photo.picture.alpha.as_ref().map_or(0, samples);
        bytes + bytes / 3
    }
}

/// The part of a level that a tile covers; `None` outside.
pub(crate) fn region_of(picture: &Picture, at: TileAt) -> Option<Region> {
    let (x, y) = (at.x.checked_mul(TILE)?, at.y.checked_mul(TILE)?);
    if x >= picture.width || y >= picture.height {
        return None;
    }
    Some(Region { x, y, width: TILE.min(picture.width - x), height: TILE.min(picture.height - y) })
}
