//! Making tiles in spite of devices: when a tile fails, it is done again in smaller pieces, then on the processor; what was done again is told.
//!
//! One worker makes one tile at a time. Several at once are a `crew`.

use std::sync::Arc;

use pretty_photo::picture::Picture;

use crate::cancel::Cancel;
use crate::chain::{Chain, Fault, Sessions};
use crate::device::{Devices, Slot};
use crate::error::EngineError;
use crate::pixels::Tile;
use crate::provider::TileShape;
use crate::region::Region;
use crate::seams::Seams;

/// Regions smaller than this either way are not divided further.
const SMALLEST: u32 = 64;
/// Refused tiles after which a device is not asked any more for this photo.
const PATIENCE: u32 = 3;

/// Makes tiles of one photo's result.
pub(crate) struct Worker {
    chain: Arc<Chain>,
    devices: Arc<Devices>,
    device: Arc<Slot>,
    sessions: Sessions,
    processor: Option<Sessions>,
    /// For sentences.
    photo_name: String,
    seams: Seams,
    redone: Redone,
    given_up: Option<String>,
}

/// What had to be done again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Redone {
    pub(crate) in_pieces: u32,
    pub(crate) on_processor: u32,
}

impl Redone {
    /// As sentences.
    pub(crate) fn notes(self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.in_pieces > 0 {
            notes.push(format!("{} done again in smaller pieces.", tiles(self.in_pieces)));
        }
        if self.on_processor > 0 {
            notes.push(format!("{} done again on this computer's processor.", tiles(self.on_processor)));
        }
        notes
    }
}

impl Worker {
    /// One of `lanes` workers on this photo.
    pub(crate) fn new(
        chain: Arc<Chain>,
        devices: Arc<Devices>,
        device: Arc<Slot>,
        photo_name: String,
        lanes: usize,
    ) -> Self {
        let sessions = Sessions::new(device.provider.clone(), &chain, lanes);
        Self {
            chain,
            devices,
            device,
            sessions,
            processor: None,
            photo_name,
            seams: Seams::default(),
            redone: Redone::default(),
            given_up: None,
        }
    }

    /// Closes its sessions; the next tile opens new ones.
    pub(crate) fn rest(&mut self) {
        self.sessions.close();
        self.processor = None;
    }

    fn shape(&self) -> TileShape {
        if self.given_up.is_some() { TileShape::Any } else { self.device.provider.tiles() }
    }

    /// The device that did the work, for people.
    pub(crate) fn device_name(&self) -> String {
        match (&self.given_up, self.device.is_processor()) {
            (Some(_), false) => format!(
                "{}, then {}",
                self.device.provider.name(),
                lower_first(self.devices.processor().provider.name())
            ),
            _ => self.device.provider.name().to_owned(),
        }
    }

    /// Why the device is not asked any more, as a sentence.
    pub(crate) fn given_up(&self) -> Option<String> {
        let reason = self.given_up.as_ref()?;
        Some(format!("{} failed and was not used further: {reason}.", self.device.provider.name()))
    }

    /// What had to be done again so far.
    pub(crate) fn redone(&self) -> Redone {
        self.redone
    }

    /// Tells that the next tile does not continue the ones before.
    pub(crate) fn begin(&mut self) {
        self.seams.clear();
    }

    /// A region of the photo, finished and checked. Tiles of one part of the photo come row by row.
    pub(crate) fn tile(&mut self, photo: &Picture, region: Region, cancel: &Cancel) -> Result<Tile, EngineError> {
        let tile = self.made(photo, region, cancel)?;
        if !self.device.is_processor() {
            self.seams.remember(&tile);
        }
        Ok(tile)
    }

    fn made(&mut self, photo: &Picture, region: Region, cancel: &Cancel) -> Result<Tile, EngineError> {
        if self.given_up.is_some() && !self.device.is_processor() {
            return self.on_processor(photo, region, cancel, Vec::new());
        }
        let shape = self.shape();
        let first = match self.chain.run(photo, region, shape, &mut self.sessions, cancel) {
            Ok(tile) => match self.seams.check(photo, &tile, self.chain.scale()) {
                Ok(()) => return Ok(tile),
                Err(reason) => Fault::Refused(reason),
            },
            Err(fault) => fault,
        };
        let mut tried = vec![self.attempt("whole", &first)?];
        if !matches!(first, Fault::Device(_)) || self.device.is_processor() {
            match pieces(&self.chain, photo, region, smaller(shape), &mut self.sessions, cancel) {
                Ok(tile) if self.seams.check(photo, &tile, self.chain.scale()).is_ok() => {
                    self.redone.in_pieces += 1;
                    return Ok(tile);
                }
                Ok(_) => tried.push("in pieces: the seam stayed".into()),
                Err(fault) => tried.push(self.attempt("in pieces", &fault)?),
            }
        }
        if self.device.is_processor() {
            return Err(self.give_up(&first, tried));
        }
        self.judge_device(&first);
        let tile = self.on_processor(photo, region, cancel, tried)?;
        self.redone.on_processor += 1;
        Ok(tile)
    }

    /// A device that dies is not asked again, by anyone; one that keeps giving wrong numbers neither.
    fn judge_device(&mut self, fault: &Fault) {
        let reason = match fault {
            Fault::Device(reason) => format!("it stopped working ({reason})"),
            Fault::Refused(reason) if self.redone.on_processor + 1 >= PATIENCE => {
                format!("its results kept failing their check ({reason})")
            }
            _ => return,
        };
        self.devices.refuse(&self.device, &reason);
        self.given_up = Some(reason);
    }

    fn on_processor(
        &mut self,
        photo: &Picture,
        region: Region,
        cancel: &Cancel,
        mut tried: Vec<String>,
    ) -> Result<Tile, EngineError> {
        let chain = self.chain.clone();
        let provider = self.devices.processor().provider.clone();
        let sessions = self.processor.get_or_insert_with(|| Sessions::new(provider, &chain, 1));
        let first = match chain.run(photo, region, TileShape::Any, sessions, cancel) {
            Ok(tile) => return Ok(tile),
            Err(Fault::Cancelled) => return Err(EngineError::Cancelled),
            Err(fault) => fault,
        };
        tried.push(format!("on the processor: {}", words(&first)));
        match pieces(&chain, photo, region, TileShape::Any, sessions, cancel) {
            Ok(tile) => Ok(tile),
            Err(Fault::Cancelled) => Err(EngineError::Cancelled),
            Err(fault) => {
                tried.push(format!("on the processor in pieces: {}", words(&fault)));
                Err(self.give_up(&first, tried))
            }
        }
    }

    /// How an attempt failed, for the record; stopping is not a failure.
    fn attempt(&self, how: &str, fault: &Fault) -> Result<String, EngineError> {
        if matches!(fault, Fault::Cancelled) {
            return Err(EngineError::Cancelled);
        }
        tracing::warn!(device = self.device.provider.id(), how, fault = words(fault), "a tile failed");
        Ok(format!("{} {how}: {}", self.device.provider.id(), words(fault)))
    }

    fn give_up(&self, fault: &Fault, tried: Vec<String>) -> EngineError {
        let (photo, tried) = (self.photo_name.clone(), tried.join("; "));
        match fault {
            Fault::Cancelled => EngineError::Cancelled,
            Fault::OutOfMemory(_) => EngineError::OutOfMemory { photo, tried },
            Fault::Device(_) => {
                EngineError::DeviceFailed { name: self.device.provider.name().to_owned(), photo, tried }
            }
            Fault::Refused(reason) => EngineError::ResultRefused { photo, reason: reason.clone(), tried },
        }
    }
}

fn words(fault: &Fault) -> &str {
    match fault {
        Fault::Cancelled => "stopped",
        Fault::OutOfMemory(reason) | Fault::Device(reason) | Fault::Refused(reason) => reason,
    }
}

fn tiles(count: u32) -> String {
    if count == 1 { "One tile was".into() } else { format!("{count} tiles were") }
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

fn smaller(shape: TileShape) -> TileShape {
    match shape {
        TileShape::Any => TileShape::Any,
        TileShape::Fixed(side) => TileShape::Fixed((side / 2).max(SMALLEST)),
    }
}

/// A region as four (or two) smaller ones, each divided again when it fails for want of memory.
fn pieces(
    chain: &Chain,
    photo: &Picture,
    region: Region,
    shape: TileShape,
    sessions: &mut Sessions,
    cancel: &Cancel,
) -> Result<Tile, Fault> {
    let parts = quarters(region);
    if parts.len() < 2 {
        return chain.run(photo, region, shape, sessions, cancel);
    }
    let mut whole = Tile::empty(region.enlarged(chain.scale()));
    for part in parts {
        let tile = match chain.run(photo, part, shape, sessions, cancel) {
            Err(Fault::OutOfMemory(_)) if quarters(part).len() > 1 => {
                pieces(chain, photo, part, smaller(shape), sessions, cancel)?
            }
            other => other?,
        };
        whole.paste(&tile);
    }
    Ok(whole)
}

fn quarters(region: Region) -> Vec<Region> {
    let halves = |start: u32, length: u32| {
        if length <= SMALLEST {
            vec![(start, length)]
        } else {
            let first = (length / 2).next_multiple_of(8).min(length);
            vec![(start, first), (start + first, length - first)]
        }
    };
    let columns = halves(region.x, region.width);
    halves(region.y, region.height)
        .into_iter()
        .flat_map(|(y, height)| columns.iter().map(move |&(x, width)| Region { x, y, width, height }))
        .filter(|part| !part.is_empty())
        .collect()
}

#[cfg(test)]
mod tests;
