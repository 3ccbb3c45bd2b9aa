//! Our own engine as one who does jobs: it enhances in this process, and nothing leaves it.
//!
//! A few at a time, on threads of their own; work that is dropped is told to stop. What it makes is checked as anybody's is.

use super::picture::{self, Source};
use super::provider::{Doing, NotReady, Offer, Provider};
use super::{Halt, Made};
use crate::app::App;
use crate::jobs::{self, Asked, Fault, Heard, Lease, Sign, Why};
use crate::own_engine::{self, Task};
use crate::photos::pixels::Fit;
use crate::settings::{OwnVariant, Settings};
use crate::store::entity::photo;
use axum::body::Bytes;
use pretty_contract::export::Format;
use pretty_contract::service::jobs::JobKind;
use pretty_engine::{Cancel, EngineError};
use sea_orm::EntityTrait;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

const NAME: &str = "Own engine";
/// Of the copy of a photo that is larger than what is worked on.
const COPY_QUALITY: u8 = 95;
/// The person hears of progress no more often than this.
const SAY_EVERY: Duration = Duration::from_secs(1);
/// How far a job is whose picture is made: it is only looked at and stored.
const MADE: f32 = 0.95;

/// See the module.
#[derive(Debug)]
pub(super) struct OwnEngine {
    is_on: bool,
    /// Opened once for the process.
    engine: Mutex<Option<Arc<own_engine::OwnEngine>>>,
    /// Held while the work goes on, also when nobody waits for it any more.
    places: Arc<Semaphore>,
}

/// Tells work to stop when nobody waits for it any more.
struct Stop(Cancel);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl OwnEngine {
    pub(super) fn configured(settings: &Settings) -> Self {
        let places = Arc::new(Semaphore::new(settings.engine.parallel));
        Self { is_on: !settings.engine.variants.is_empty(), engine: Mutex::default(), places }
    }

    /// The engine; blocks the first time.
    fn engine(&self, settings: &Settings) -> Result<Arc<own_engine::OwnEngine>, NotReady> {
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = &*engine {
            return Ok(Arc::clone(engine));
        }
        let not_ready =
            |error: String| NotReady(format!("Our own engine cannot work ([engine] in the settings). {error}"));
        let (library, models) = (PathBuf::from(&settings.engine.library), PathBuf::from(&settings.engine.models));
        let opened = own_engine::OwnEngine::open(library, models).map_err(|error| not_ready(error.to_string()))?;
        for own in &settings.engine.variants {
            opened.try_out(own.scale).map_err(|fault| not_ready(format!("{}: {fault}", own.variant)))?;
        }
        let opened = Arc::new(opened);
        *engine = Some(Arc::clone(&opened));
        Ok(opened)
    }

    async fn work(&self, app: &App, lease: &Lease) -> Result<Made, Halt> {
        let asked = Asked::of(&lease.job).ok_or(Halt::never(Why::PhotoGone))?;
        let own = app.settings.engine.variants.iter().find(|own| own.variant == asked.variant);
        let own = own.ok_or(Halt::never(Why::NotOffered))?;
        let photo = asked.photos.first().copied().unwrap_or_default();
        let photo = photo::Entity::find_by_id(photo).one(app.store.reader()).await?;
        let photo = photo.filter(|photo| photo.user_id == lease.job.user_id).ok_or(Halt::never(Why::PhotoGone))?;
        let (copy, size) = copy(app, &photo, own).await?;
        let format = if photo.media_type == "image/png" { Format::Png } else { Format::Jpeg };
        let file = self.run(app, lease, copy, own.scale, format).await?;
        say(app, lease, MADE).await?;
        picture::take_in(app, lease, Source { photo: &photo, size, scale: own.scale }, Bytes::from(file)).await
    }

    /// Runs the engine on a thread of its own and tells how far it is.
    async fn run(&self, app: &App, lease: &Lease, photo: Bytes, scale: u32, format: Format) -> Result<Vec<u8>, Halt> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| Halt::never(Why::Internal))?;
        let engine = self.engine(&app.settings).map_err(|error| {
            tracing::error!(%error, "our own engine is away");
            Halt::later(lease, Why::NotOffered)
        })?;
        let (cancel, folder) = (Cancel::default(), app.darkroom.folder().to_owned());
        let stop = Stop(cancel.clone());
        let (told, mut progress) = watch::channel(0.0_f32);
        let mut working = tokio::task::spawn_blocking(move || {
            let _place = place;
            let task = Task { photo: &photo, scale, format, folder: &folder };
            engine.enhance(task, &|part: f32| _ = told.send_replace(part), &cancel)
        });
        let ended = loop {
            tokio::select! {
                ended = &mut working => break ended,
                changed = progress.changed() => {
                    // Its end is about to be heard.
                    if changed.is_err() {
                        break (&mut working).await;
                    }
                    let part = *progress.borrow_and_update();
                    say(app, lease, part * MADE).await?;
                    tokio::select! {
                        ended = &mut working => break ended,
                        () = tokio::time::sleep(SAY_EVERY) => {}
                    }
                }
            }
        };
        drop(stop);
        match ended {
            Ok(Ok(file)) => Ok(file),
            Ok(Err(own_engine::Fault::Engine(EngineError::Cancelled))) => Err(Halt::Fault(Fault::Stopped)),
            Ok(Err(fault)) => {
                tracing::warn!(job = %lease.job.id, %fault, "our own engine made no result");
                Err(halt(lease, &fault))
            }
            Err(error) => {
                tracing::error!(job = %lease.job.id, %error, "our own engine broke off");
                Err(Halt::later(lease, Why::Internal))
            }
        }
    }
}

/// What a fault of the engine's means for the job: what lies at the photo is for good, what lies at this machine may pass.
fn halt(lease: &Lease, fault: &own_engine::Fault) -> Halt {
    match fault {
        own_engine::Fault::Engine(EngineError::ResultRefused { .. } | EngineError::ResultTooLarge { .. }) => {
            Halt::never(Why::ModelFailed)
        }
        _ => Halt::later(lease, Why::Internal),
    }
}

/// The photo as it is worked on, and its size: as it is stored, or smaller.
async fn copy(app: &App, photo: &photo::Model, own: &OwnVariant) -> Result<(Bytes, (u32, u32)), Halt> {
    let stored = app.objects.get(&photo.object_key).await?;
    let side = |side: i64| u32::try_from(side).unwrap_or_default();
    let (whole, fit) = ((side(photo.width), side(photo.height)), Fit::Pixels(own.most_pixels));
    if fit.size(whole.0, whole.1) == whole {
        return Ok((stored, whole));
    }
    let copy = app.darkroom.copy(stored, fit, COPY_QUALITY).await?;
    Ok((copy.bytes.into(), (copy.width, copy.height)))
}

async fn say(app: &App, lease: &Lease, progress: f32) -> Result<(), Halt> {
    let sign = Sign { progress: Some(progress), ..Sign::default() };
    match jobs::heartbeat(&app.store, &app.world, lease, sign).await? {
        Heard::GoOn => Ok(()),
        Heard::Stop => Err(Halt::Fault(Fault::Stopped)),
    }
}

impl Provider for OwnEngine {
    fn name(&self) -> &'static str {
        NAME
    }

    fn receiver(&self) -> &'static str {
        "As Pretty As A Picture"
    }

    fn is_on(&self) -> bool {
        self.is_on
    }

    fn offers(&self, settings: &Settings) -> Vec<Offer> {
        let variants = settings.engine.variants.iter().map(|own| Offer {
            kind: JobKind::Enhance,
            variant: own.variant.clone(),
            credits: own.credits,
            fit: Fit::Pixels(own.most_pixels),
        });
        variants.collect()
    }

    fn parallel(&self, settings: &Settings) -> usize {
        settings.engine.parallel
    }

    fn life(&self, settings: &Settings) -> Duration {
        Duration::from_secs(settings.engine.life_seconds)
    }

    /// What is broken off is begun anew elsewhere.
    fn last_moments(&self, whole: Duration) -> Duration {
        whole * 3 / 4
    }

    fn prepare(&self, settings: &Settings) -> Result<(), NotReady> {
        self.engine(settings).map(drop)
    }

    fn perform<'a>(&'a self, app: &'a App, lease: &'a Lease) -> Doing<'a, Result<Made, Halt>> {
        Box::pin(self.work(app, lease))
    }
}
