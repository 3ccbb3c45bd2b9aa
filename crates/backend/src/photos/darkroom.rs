//! Where pixels are worked on: so many photos at a time, each in a process of its own.
//!
//! Files that strangers made are decoded in a child of this process, which is this program once more: with an empty environment, no secret in its
//! memory, nothing open but two pipes, and limits on memory, time and files that it cannot raise. What it dies of is the file's fault and costs
//! this one file; there is no other way to decode one. Not here: what is done to pixels (`photos::pixels`).

mod child;
mod errand;

pub use child::work;

use super::pixels::{Fit, PixelError, Seen, Written};
use crate::settings::Uploads;
use errand::{Errand, Head, Reply};
use pretty_photo::Limits;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The word by which this program is started as a child.
pub const MODE: &str = "darkroom";

/// A place in the darkroom; whoever has one is worked for.
#[derive(Debug)]
pub struct DarkroomPlace(OwnedSemaphorePermit);

/// See the module.
#[derive(Clone, Debug)]
pub struct Darkroom {
    places: Arc<Semaphore>,
    shop: Arc<Shop>,
    limits: Limits,
}

/// Where and under what limits children work.
#[derive(Debug)]
struct Shop {
    program: PathBuf,
    folder: PathBuf,
    patience: Duration,
    memory: u64,
}

impl Darkroom {
    /// A darkroom as configured, with a folder for files that are gone afterwards.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(settings: &Uploads, folder: PathBuf) -> std::io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let limits = Limits {
            max_pixels: settings.largest_pixels,
            max_file_bytes: settings.largest_bytes,
            max_picture_bytes: settings.largest_pixels.saturating_mul(8),
            max_metadata_bytes: 4 << 20,
            ..Limits::default()
        };
        let shop = Shop {
            program: program(&settings.check_program)?,
            // Children work in a folder of their own: the way to it must not depend on where they are.
            folder: std::path::absolute(folder)?,
            patience: Duration::from_secs(settings.check_seconds),
            memory: settings.check_memory_mb.saturating_mul(1 << 20),
        };
        Ok(Self { places: Arc::new(Semaphore::new(settings.check_parallel)), shop: Arc::new(shop), limits })
    }

    /// The folder for files that are gone afterwards.
    pub fn folder(&self) -> &Path {
        &self.shop.folder
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// Never, as long as the service runs.
    pub async fn place(&self) -> Result<DarkroomPlace, PixelError> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        place.map(DarkroomPlace).map_err(|error| PixelError::Fault(error.to_string()))
    }

    /// An uploaded file as it is stored, or why it is not.
    ///
    /// # Errors
    /// [`PixelError::Refused`] for whatever is not a photo of the announced type, within limits, and nothing else beside.
    pub async fn develop(
        &self,
        place: DarkroomPlace,
        file: Vec<u8>,
        media_type: String,
    ) -> Result<Written, PixelError> {
        self.send(place, Errand::Develop { media_type }, self.limits, file).await?.written()
    }

    /// A smaller JPEG copy of a stored photo.
    ///
    /// # Errors
    /// As [`develop`](Self::develop).
    pub async fn copy(
        &self,
        file: impl AsRef<[u8]> + Send + 'static,
        fit: Fit,
        quality: u8,
    ) -> Result<Written, PixelError> {
        self.send(self.place().await?, Errand::Copy { fit, quality }, self.limits, file).await?.written()
    }

    /// What a file from outside shows, within limits of its own.
    ///
    /// # Errors
    /// As [`develop`](Self::develop).
    pub async fn look(&self, file: impl AsRef<[u8]> + Send + 'static, most_pixels: u64) -> Result<Seen, PixelError> {
        let limits = Limits {
            max_pixels: most_pixels,
            max_file_bytes: u64::MAX,
            max_picture_bytes: most_pixels.saturating_mul(8),
            ..self.limits
        };
        self.send(self.place().await?, Errand::LookAtForeign, limits, file).await?.seen()
    }

    /// What a stored photo shows. It was written here, so nothing else can be in it, and what looks like it is chance.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn look_at_stored(&self, file: impl AsRef<[u8]> + Send + 'static) -> Result<Seen, PixelError> {
        let limits = Limits { max_file_bytes: u64::MAX, ..self.limits };
        self.send(self.place().await?, Errand::LookAtStored, limits, file).await?.seen()
    }

    async fn send(
        &self,
        DarkroomPlace(place): DarkroomPlace,
        errand: Errand,
        limits: Limits,
        file: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<Reply, PixelError> {
        let shop = Arc::clone(&self.shop);
        let done = tokio::task::spawn_blocking(move || {
            // Held until the work is done, even when nobody waits for it any more.
            let _place = place;
            let file = file.as_ref();
            let head = Head::new(errand, limits, file.len() as u64, shop.memory, shop.patience);
            errand::run(&shop.program, &shop.folder, &head, file)
        });
        done.await.map_err(|error| PixelError::Fault(error.to_string()))?
    }
}

/// The program that is started. This one is found by what runs and not by its name: an update may have put another one there.
fn program(named: &str) -> std::io::Result<PathBuf> {
    match named {
        "" if cfg!(target_os = "linux") => Ok(PathBuf::from("/proc/self/exe")),
        "" => std::env::current_exe(),
        named => Ok(PathBuf::from(named)),
    }
}
