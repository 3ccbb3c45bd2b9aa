//! One photo from file to file: decode, make tiles, put them into bands, encode, read back, save. The stages overlap and memory is bounded: the
//! photo, one band being filled, one on its way, one being encoded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use pretty_contract::export::{Collision, Format};
use pretty_contract::recipe::Recipe;
use pretty_photo::picture::{Band, Channels, Depth};
use pretty_photo::save::{self, Kept, PendingResult};
use pretty_photo::{DecodedPhoto, EncodeError, Fingerprint, Limits, PhotoError, PhotoFacts, ResultSpec, names};

use crate::alpha;
use crate::assess;
use crate::cancel::Cancel;
use crate::crew::{Aim, Stopped};
use crate::engine::Shared;
use crate::error::{EngineError, file_name};
use crate::pixels::{Canvas, Tile};
use crate::plan::Plan;
use crate::region::Region;
use crate::rendering::{Purpose, Rendering, Way};
use crate::report::{Progress, Reporter};

/// What to do to which photo, and where the result goes.
#[derive(Clone, Debug)]
pub struct EnhanceRequest {
    /// The photo. Never written to.
    pub photo: PathBuf,
    /// What to do.
    pub recipe: Recipe,
    /// Where the result goes and how it is written.
    pub target: Target,
    /// Id of the device to use; the best verified one when absent.
    pub device: Option<String>,
    /// How large a photo may be.
    pub limits: Limits,
    /// What the result must not replace even when it is to replace what has its name: the other photos of the batch, and results made in it.
    pub kept: Kept,
}

/// Where a result goes and how it is written.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where.
    pub place: Place,
    /// The file's format. When absent: what the file name asks for, else the photo's own.
    pub format: Option<Format>,
    /// 1 to 100, for JPEG and WebP.
    pub quality: u8,
    /// What to do when the name is taken.
    pub collision: Collision,
}

/// Where a result goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Into this folder, as `<stem>-enhanced.<ext>`.
    Folder(PathBuf),
    /// Into the photo's folder, as `<stem>-enhanced.<ext>`.
    Beside,
    /// Exactly there.
    File(PathBuf),
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A verified result is in its place.
    Saved(Saved),
    /// A file of the result's name was there, and was to be left.
    Skipped {
        /// That file.
        path: PathBuf,
    },
}

/// A result on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Where.
    pub path: PathBuf,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Size of the file.
    pub bytes: u64,
    /// The device that did the work, for people.
    pub device: String,
    /// What people should know: what was done again, what could not be kept. Whole sentences.
    pub notes: Vec<String>,
}

/// Shares of the whole in the progress: reading, and reading back. The rest is making and encoding.
const READING: f64 = 0.03;
const READING_BACK: f64 = 0.04;

pub(crate) fn enhance(
    shared: &Arc<Shared>,
    request: &EnhanceRequest,
    reporter: &dyn Reporter,
    cancel: &Cancel,
) -> Result<Outcome, EngineError> {
    let plan = Plan::new(&request.recipe, &shared.manifest)?;
    let size = |facts: &PhotoFacts| {
        let framed = plan.framing.size(facts.width, facts.height);
        result_size(&request.photo, framed, plan.scale()).map(drop)
    };
    let read = || {
        // The models are verified and tried meanwhile; what is wrong with one is told when it is asked for.
        let photo = std::thread::scope(|scope| {
            scope.spawn(|| shared.acquaint(&plan));
            pretty_photo::decode(&request.photo, &request.limits)
        });
        Ok((photo?, plan.clone()))
    };
    work(shared, request, (&size, &read), reporter, cancel)
}

/// The recipe comes of the photo, which is read once for both.
pub(crate) fn enhance_by_auto(
    shared: &Arc<Shared>,
    request: &EnhanceRequest,
    adjust: &dyn Fn(Recipe) -> Recipe,
    reporter: &dyn Reporter,
    cancel: &Cancel,
) -> Result<Outcome, EngineError> {
    let read = || {
        let photo = pretty_photo::decode(&request.photo, &request.limits)?;
        cancel.check()?;
        let recipe = adjust(assess::assess(&photo, shared)?.recipe);
        Ok((photo, Plan::new(&recipe, &shared.manifest)?))
    };
    work(shared, request, (&|_| Ok(()), &read), reporter, cancel)
}

/// What is asked of the photo's header before anything is begun, and how the photo and the plan for it are had.
type Ways<'a> =
    (&'a dyn Fn(&PhotoFacts) -> Result<(), EngineError>, &'a dyn Fn() -> Result<(DecodedPhoto, Plan), EngineError>);

fn work(
    shared: &Arc<Shared>,
    request: &EnhanceRequest,
    (size, read): Ways<'_>,
    reporter: &dyn Reporter,
    cancel: &Cancel,
) -> Result<Outcome, EngineError> {
    let device = shared.device(request.device.as_deref())?;
    let progress = Progress::start(reporter);
    cancel.check()?;
    let facts = pretty_photo::probe(&request.photo, &request.limits)?;
    let destination = Destination::of(request, facts.writes)?;
    if let Some(path) = destination.taken(request.target.collision) {
        progress.finish();
        return Ok(Outcome::Skipped { path });
    }
    size(&facts)?;
    // Before the work, so that a folder that cannot be written to is told at once.
    let mut pending = PendingResult::create(&destination.folder)?;
    let (photo, plan) = read()?;
    let photo = framed(photo, &plan);
    progress.add(READING);
    cancel.check()?;
    let (width, height) = result_size(&request.photo, (photo.picture.width, photo.picture.height), plan.scale())?;
    let (spec, losses) = ResultSpec::for_photo(&photo, width, height, destination.format, request.target.quality);
    spec.check()?;
    let mut notes = photo.notes.clone();
    notes.extend(losses);
    let name = file_name(&request.photo);
    let purpose = Purpose { name: &name, depth: spec.depth, aim: Aim::Whole, held: spec.held_by_encoder() };
    let mut rendering = Rendering::prepare(shared, photo, &plan, device, &purpose, cancel)?;
    let fingerprint =
        make(&mut rendering, &spec, &mut pending, &progress, cancel).map_err(|error| at(error, &destination.folder))?;
    let mut device = shared.devices.processor().provider.name().to_owned();
    if let Way::Tiles(crew) = &rendering.way {
        device = crew.device_name();
        notes.extend(crew.notes());
    }
    // Reading back needs the memory.
    drop(rendering);
    cancel.check()?;
    pretty_photo::verify_file(pending.file(), &spec, &fingerprint).map_err(|error| error.at(&destination.folder))?;
    progress.add(READING_BACK);
    cancel.check()?;
    let saved = pending.commit(&destination.name, request.target.collision, &request.photo, &request.kept)?;
    progress.finish();
    notes.extend(other_name(&saved, &destination, request.target.collision));
    Ok(match saved {
        save::Saved::Written { path, bytes } => Outcome::Saved(Saved { path, width, height, bytes, device, notes }),
        save::Saved::Skipped { path } => Outcome::Skipped { path },
    })
}

/// Says so when a result that was to replace a file has another name, because that file is kept.
fn other_name(saved: &save::Saved, destination: &Destination, collision: Collision) -> Option<String> {
    let save::Saved::Written { path, .. } = saved else { return None };
    let moved = collision == Collision::Overwrite && path.file_name() != Some(destination.name.as_os_str());
    let wanted = destination.name.to_string_lossy();
    moved
        .then(|| format!("\u{201c}{wanted}\u{201d} is another photo or result of the same batch and was not replaced."))
}

/// The photo as the plan frames it. All that follows knows nothing of it.
pub(crate) fn framed(photo: impl Into<Arc<DecodedPhoto>>, plan: &Plan) -> Arc<DecodedPhoto> {
    let photo = photo.into();
    if plan.framing.is_none() { photo } else { Arc::new(plan.framing.photo(&photo)) }
}

/// Folder, name and format of a result.
struct Destination {
    folder: PathBuf,
    name: std::ffi::OsString,
    format: Format,
}

impl Destination {
    fn of(request: &EnhanceRequest, own: Format) -> Result<Self, EngineError> {
        let target = &request.target;
        let beside = request.photo.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(match &target.place {
            Place::Folder(folder) => Self::named_after(&request.photo, folder.clone(), target.format.unwrap_or(own)),
            Place::Beside => Self::named_after(&request.photo, beside, target.format.unwrap_or(own)),
            Place::File(path) => {
                let source = || std::io::Error::new(std::io::ErrorKind::InvalidInput, "it names no file");
                let name = path
                    .file_name()
                    .ok_or_else(|| PhotoError::TargetFailed { path: path.clone(), source: source() })?;
                let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
                let format = target.format.or_else(|| names::format_of(path)).unwrap_or(own);
                Self { folder, name: name.to_owned(), format }
            }
        })
    }

    fn named_after(photo: &Path, folder: PathBuf, format: Format) -> Self {
        Self { folder, name: names::result_name(photo, format), format }
    }

    fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// The file that is there, when it is to be left; asked before any work is done, and again when saving.
    fn taken(&self, collision: Collision) -> Option<PathBuf> {
        let path = self.path();
        (collision == Collision::Skip && path.symlink_metadata().is_ok()).then_some(path)
    }
}

fn result_size(photo: &Path, (width, height): (u32, u32), scale: u32) -> Result<(u32, u32), EngineError> {
    let side = |side: u32| u64::from(side) * u64::from(scale);
    let most = i32::MAX as u64;
    match (u32::try_from(side(width)), u32::try_from(side(height))) {
        (Ok(wide), Ok(high)) if u64::from(wide.max(high)) <= most => Ok((wide, high)),
        _ => Err(EngineError::ResultTooLarge { photo: file_name(photo), width: side(width), height: side(height) }),
    }
}

/// Errors of writing carry no path of their own.
fn at(error: EngineError, path: &Path) -> EngineError {
    match error {
        EngineError::Photo(error) => EngineError::Photo(error.at(path)),
        other => other,
    }
}

/// The stages after decoding, each on its own thread: tiles, bands, encoding.
fn make(
    rendering: &mut Rendering,
    spec: &ResultSpec,
    pending: &mut PendingResult,
    progress: &Progress<'_>,
    cancel: &Cancel,
) -> Result<Fingerprint, EngineError> {
    // Handed over, not queued: encoding is quicker than making tiles, and bands are large.
    let (band_sender, band_receiver) = sync_channel::<Band>(0);
    let file = pending.file();
    let assembly = Assembly::of(rendering, spec);
    std::thread::scope(|scope| {
        let encoding = scope.spawn(move || encode(spec, file, band_receiver));
        let (tile_sender, tile_receiver) = sync_channel::<Tile>(0);
        let assembling = {
            let sender = band_sender.clone();
            scope.spawn(move || assembly.run(&tile_receiver, &sender))
        };
        let made = Makers { tiles: tile_sender, bands: band_sender }.run(rendering, progress, cancel);
        // An encoder that has waited for the whole picture begins to work only now, and needs the memory.
        if let Way::Tiles(crew) = &mut rendering.way {
            crew.rest();
        }
        let assembled = assembling.join().map_err(|_| EngineError::Internal("putting tiles together broke off".into()));
        let encoded = encoding.join().map_err(|_| EngineError::Internal("encoding broke off".into()));
        // The first cause counts: what stopped making tiles may itself be that the encoder was gone.
        match (made, assembled, encoded) {
            (Err(Stopped::By(error)), _, _) | (_, Err(error), _) | (_, _, Err(error)) => Err(error),
            (_, _, Ok(Err(EncodeError::Photo(error)))) => Err(error.into()),
            (Err(Stopped::Unheard), _, _) | (_, _, Ok(Err(EncodeError::Bands(Ended)))) => {
                Err(EngineError::Internal("the result broke off".into()))
            }
            (Ok(()), Ok(()), Ok(Ok(fingerprint))) => Ok(fingerprint),
        }
    })
}

/// The bands ended before the result was complete.
#[derive(Debug)]
struct Ended;

fn encode(
    spec: &ResultSpec,
    file: &mut std::fs::File,
    bands: Receiver<Band>,
) -> Result<Fingerprint, EncodeError<Ended>> {
    pretty_photo::encode(spec, file, &mut bands.into_iter().map(Ok))
}

struct Makers {
    tiles: SyncSender<Tile>,
    bands: SyncSender<Band>,
}

impl Makers {
    /// Makes all of the result, row by row of tiles.
    fn run(self, rendering: &mut Rendering, progress: &Progress<'_>, cancel: &Cancel) -> Result<(), Stopped> {
        let photo = rendering.photo.clone();
        let whole = Region::whole(photo.picture.width, photo.picture.height).area() as f64;
        let share = |region: Region| region.area() as f64 / whole * (1.0 - READING - READING_BACK);
        let regions: Vec<Region> = rendering.grid.rows().flatten().collect();
        if let Way::Tiles(crew) = &mut rendering.way {
            return crew.make(&photo.picture, &regions, cancel, &|region, tile| {
                self.tiles.send(tile).map_err(|_| Stopped::Unheard)?;
                progress.add(share(region));
                Ok(())
            });
        }
        for region in regions {
            cancel.check()?;
            self.bands.send(rendering.band(region)).map_err(|_| Stopped::Unheard)?;
            progress.add(share(region));
        }
        Ok(())
    }
}

/// Puts tiles that arrive about row by row into bands as wide as the result.
struct Assembly {
    photo: Arc<DecodedPhoto>,
    scale: u32,
    rows: Vec<Region>,
    channels: Channels,
    depth: Depth,
}

impl Assembly {
    fn of(rendering: &Rendering, spec: &ResultSpec) -> Self {
        let width = rendering.photo.picture.width;
        let row =
            |tiles: Vec<Region>| tiles.first().map(|first| Region { x: 0, y: first.y, width, height: first.height });
        Self {
            photo: rendering.photo.clone(),
            scale: rendering.scale,
            rows: rendering.grid.rows().filter_map(row).collect(),
            channels: rendering.photo.picture.channels,
            depth: spec.depth,
        }
    }

    /// Ends when there are no more tiles, or nobody takes bands any more.
    fn run(self, tiles: &Receiver<Tile>, bands: &SyncSender<Band>) {
        // Rows that some tiles of have come, by their place: the canvas and how many pixels are missing.
        let mut begun: BTreeMap<u32, (Canvas, u64)> = BTreeMap::new();
        for row in &self.rows {
            let wanted = row.enlarged(self.scale);
            while begun.get(&wanted.y).is_none_or(|(_, missing)| *missing > 0) {
                let Ok(tile) = tiles.recv() else { return };
                let band = Region { x: 0, width: wanted.width, ..tile.region };
                let (canvas, missing) =
                    begun.entry(band.y).or_insert_with(|| (Canvas::new(band, self.channels, self.depth), band.area()));
                canvas.place(&tile);
                *missing = missing.saturating_sub(tile.region.area());
            }
            let Some((canvas, _)) = begun.remove(&wanted.y) else { return };
            let alpha = alpha::of(&self.photo.picture, *row, self.scale, self.depth);
            let band = Band { top: wanted.y, height: wanted.height, colour: canvas.colour, alpha };
            if bands.send(band).is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
