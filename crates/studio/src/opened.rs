//! Photos in memory with their pyramids, up to a number of bytes. Each is decoded once, however many ask for it at the same time.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pretty_contract::photo::PhotoId;
use pretty_contract::preview::{TILE, TileAt};
use pretty_contract::problem::Problem;
use pretty_engine::Region;
use pretty_photo::picture::{Picture, Samples};
use pretty_photo::{DecodedPhoto, Framing, Limits, decode, resize};

use crate::lru::ByteLru;

/// Room for decoded photos: three of 48 megapixels.
const BUDGET: u64 = 600 << 20;

/// Names a picture in memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Photo(PhotoId),
    /// A photo as a recipe frames it.
    Framed(PhotoId, Framing),
    Result(String),
}

/// A photo in memory, and smaller ones made from it when they are asked for.
pub(crate) struct OpenPhoto {
    levels: Mutex<Levels>,
}

/// A pyramid: level 0 is the photo, each further one half as large as the one before.
enum Levels {
    /// From level 0 on, each made of the one before.
    Chain(Vec<Arc<DecodedPhoto>>),
    /// Each made of that level of another photo: turning is slow, and while somebody looks for the right angle no screen shows all pixels.
    Turned { photo: Arc<OpenPhoto>, framing: Framing, made: HashMap<u32, Arc<DecodedPhoto>> },
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
    /// [`OpenedPhotos::forget_failures`]: thirty tiles of a damaged photo are one attempt.
    pub(crate) fn open(&self, key: &Key, path: &Path, limits: &Limits) -> Result<Arc<OpenPhoto>, Problem> {
        let slot = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            slots.get(key).unwrap_or_else(|| {
                if let Key::Framed(photo, _) = key {
                    // Whoever turns a photo comes by many framings, and looks at one.
                    slots.retain(|key, _| !matches!(key, Key::Framed(of, _) if of == photo));
                }
                let slot = Slot::default();
                slots.put(key.clone(), slot.clone(), 0);
                slot
            })
        };
        let mut fresh = false;
        let outcome = slot.get_or_init(|| {
            fresh = true;
            let opened = match key {
                Key::Framed(photo, framing) => {
                    OpenPhoto::framed(self.open(&Key::Photo(*photo), path, limits)?, *framing)
                }
                Key::Photo(_) | Key::Result(_) => OpenPhoto::of(decode(path, limits).map_err(|error| error.problem())?),
            };
            Ok(Arc::new(opened))
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

    /// Lets a photo that could not be read be tried again, however it is framed.
    pub(crate) fn forget_failures(&self, photo: PhotoId) {
        self.retain(|key, slot| !key.is_of(photo) || slot.get().is_none_or(Result::is_ok));
    }

    /// A photo, however it is framed.
    pub(crate) fn forget_photo(&self, photo: PhotoId) {
        self.retain(|key, _| !key.is_of(photo));
    }

    fn retain(&self, keep: impl Fn(&Key, &Slot) -> bool) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).retain(keep);
    }

    pub(crate) fn forget(&self, key: &Key) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

impl Key {
    pub(crate) fn framed(photo: PhotoId, framing: Framing) -> Self {
        if framing.is_none() { Self::Photo(photo) } else { Self::Framed(photo, framing) }
    }

    fn is_of(&self, photo: PhotoId) -> bool {
        matches!(self, Self::Photo(of) | Self::Framed(of, _) if *of == photo)
    }
}

impl OpenPhoto {
    fn of(photo: DecodedPhoto) -> Self {
        Self { levels: Mutex::new(Levels::Chain(vec![Arc::new(photo)])) }
    }

    fn framed(photo: Arc<Self>, framing: Framing) -> Self {
        if framing.is_turned() {
            Self { levels: Mutex::new(Levels::Turned { photo, framing, made: HashMap::new() }) }
        } else {
            Self::of(framing.photo(&photo.photo()))
        }
    }

    /// The photo itself.
    pub(crate) fn photo(&self) -> Arc<DecodedPhoto> {
        self.level(0)
    }

    /// The photo reduced by 2 to the `level`, each side rounded up.
    pub(crate) fn level(&self, level: u32) -> Arc<DecodedPhoto> {
        match &mut *self.levels.lock().unwrap_or_else(PoisonError::into_inner) {
            Levels::Chain(levels) => {
                let wanted = level as usize;
                while levels.len() <= wanted {
                    let last = &levels[levels.len() - 1];
                    levels.push(Arc::new(last.with_picture(resize::halve(&last.picture))));
                }
                levels[wanted].clone()
            }
            Levels::Turned { photo, framing, made } => {
                let turned = || {
                    let (whole, source) = (photo.photo(), photo.level(level));
                    let size = (whole.picture.width, whole.picture.height);
                    Arc::new(source.with_picture(framing.halved(&source.picture, size, level)))
                };
                made.entry(level).or_insert_with(turned).clone()
            }
        }
    }

    /// With the pyramid that may grow on it.
    fn bytes(&self) -> u64 {
        match &*self.levels.lock().unwrap_or_else(PoisonError::into_inner) {
            Levels::Chain(levels) => {
                let bytes = bytes_of(&levels[0].picture);
                bytes + bytes / 3
            }
            // Its own level 0 is made when pixels are looked at one by one, and then it is the only framing of its photo.
            Levels::Turned { photo, .. } => photo.bytes() / 4,
        }
    }
}

fn bytes_of(picture: &Picture) -> u64 {
    let samples = |samples: &Samples| match samples {
        Samples::Eight(values) => values.len() as u64,
        Samples::Sixteen(values) => values.len() as u64 * 2,
    };
    samples(&picture.colour) + picture.alpha.as_ref().map_or(0, samples)
}

/// The part of a level that a tile covers; `None` outside.
pub(crate) fn region_of(picture: &Picture, at: TileAt) -> Option<Region> {
    let (x, y) = (at.x.checked_mul(TILE)?, at.y.checked_mul(TILE)?);
    if x >= picture.width || y >= picture.height {
        return None;
    }
    Some(Region { x, y, width: TILE.min(picture.width - x), height: TILE.min(picture.height - y) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photo_that_could_not_be_read_is_tried_again_however_it_is_framed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, photo) = (folder.path().join("a.png"), PhotoId(1));
        let framed = Framing::new(250, (0, 0), (10_000, 5000)).map(|framing| Key::framed(photo, framing)).unwrap();
        let (opened, limits) = (OpenedPhotos::default(), Limits::default());
        assert!(opened.open(&framed, &path, &limits).is_err(), "its disk is gone");
        image::RgbImage::from_pixel(30, 20, image::Rgb([1, 2, 3])).save(&path).unwrap();
        assert!(opened.open(&framed, &path, &limits).is_err(), "thirty tiles are one attempt");
        opened.forget_failures(PhotoId(2));
        assert!(opened.open(&framed, &path, &limits).is_err(), "that was another photo");
        opened.forget_failures(photo);
        let first = opened.open(&framed, &path, &limits).unwrap();
        opened.forget_failures(photo);
        assert!(Arc::ptr_eq(&first, &opened.open(&framed, &path, &limits).unwrap()), "what could be read stays");
        // Another framing takes its place; the photo itself stays.
        let other = Key::framed(photo, Framing::new(300, (0, 0), (10_000, 10_000)).unwrap());
        assert!(opened.open(&other, &path, &limits).is_ok());
        assert!(opened.in_memory(&framed).is_none() && opened.in_memory(&Key::Photo(photo)).is_some());
    }
}
