//! Several workers on one photo: each makes tiles on its own, side by side; on the first failure all stop.
//!
//! Which tile is whose is decided as they go, so a slow tile holds nobody up. Tiles are handed on as they come, which is nearly, but not
//! quite, their order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use pretty_photo::picture::Picture;

use crate::cancel::Cancel;
use crate::chain::Chain;
use crate::device::{Devices, Slot};
use crate::error::EngineError;
use crate::pixels::Tile;
use crate::provider::TileShape;
use crate::region::Region;
use crate::worker::{Redone, Worker};

/// What the work is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// One tile after the other, each as soon as can be: somebody is looking.
    Soonest,
    /// The whole result, as soon as can be.
    Whole,
}

/// The workers of one photo; at least one.
pub(crate) struct Crew {
    first: Worker,
    others: Vec<Worker>,
    shape: TileShape,
}

/// Why making tiles ended early.
pub(crate) enum Stopped {
    By(EngineError),
    /// Nobody takes them any more.
    Unheard,
}

impl From<EngineError> for Stopped {
    fn from(error: EngineError) -> Self {
        Self::By(error)
    }
}

impl Crew {
    /// `name` is the photo's, for sentences.
    pub(crate) fn new(chain: &Arc<Chain>, devices: &Arc<Devices>, device: &Arc<Slot>, name: &str, aim: Aim) -> Self {
        let lanes = if aim == Aim::Whole { device.provider.lanes().max(1) } else { 1 };
        let worker = || Worker::new(chain.clone(), devices.clone(), device.clone(), name.to_owned(), lanes);
        let others = (1..lanes).map(|_| worker()).collect();
        Self { first: worker(), others, shape: device.provider.tiles() }
    }

    /// How many tiles are made at once.
    pub(crate) fn lanes(&self) -> usize {
        1 + self.others.len()
    }

    /// Which tiles suit the device.
    pub(crate) fn shape(&self) -> TileShape {
        self.shape
    }

    /// One worker, for tiles one after the other.
    pub(crate) fn one(&mut self) -> &mut Worker {
        &mut self.first
    }

    /// Gives back the memory that models work in; whoever makes another tile takes it anew.
    pub(crate) fn rest(&mut self) {
        std::iter::once(&mut self.first).chain(&mut self.others).for_each(Worker::rest);
    }

    /// The device that did the work, for people.
    pub(crate) fn device_name(&self) -> String {
        self.all().find(|worker| worker.given_up().is_some()).unwrap_or(&self.first).device_name()
    }

    /// What had to be done again, as sentences.
    pub(crate) fn notes(&self) -> Vec<String> {
        let redone = self.all().map(Worker::redone).fold(Redone::default(), |sum, one| Redone {
            in_pieces: sum.in_pieces + one.in_pieces,
            on_processor: sum.on_processor + one.on_processor,
        });
        self.all().find_map(Worker::given_up).into_iter().chain(redone.notes()).collect()
    }

    fn all(&self) -> impl Iterator<Item = &Worker> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Makes all these tiles and hands each on as it comes; `deliver` says whether anybody still takes them. More than one are on their way at
    /// once only when there are several workers.
    pub(crate) fn make(
        &mut self,
        photo: &Picture,
        regions: &[Region],
        cancel: &Cancel,
        deliver: &(impl Fn(Region, Tile) -> Result<(), Stopped> + Sync),
    ) -> Result<(), Stopped> {
        let (next, over) = (AtomicUsize::new(0), AtomicBool::new(false));
        let work = |worker: &mut Worker| -> Result<(), Stopped> {
            while !over.load(Ordering::Relaxed) {
                let Some(&region) = regions.get(next.fetch_add(1, Ordering::Relaxed)) else { return Ok(()) };
                let delivered = cancel
                    .check()
                    .and_then(|()| worker.tile(photo, region, cancel))
                    .map_err(Stopped::from)
                    .and_then(|tile| deliver(region, tile));
                if delivered.is_err() {
                    over.store(true, Ordering::Relaxed);
                    return delivered;
                }
            }
            Ok(())
        };
        let Self { first, others, .. } = self;
        let ended: Vec<Result<(), Stopped>> = std::thread::scope(|scope| {
            let hands: Vec<_> = others.iter_mut().map(|worker| scope.spawn(|| work(worker))).collect();
            let own = work(first);
            let broken = |_| Err(Stopped::By(EngineError::Internal("making tiles broke off".into())));
            std::iter::once(own).chain(hands.into_iter().map(|hand| hand.join().unwrap_or_else(broken))).collect()
        });
        // A cause says more than that nobody listened any more because of it.
        let mut stopped = None;
        for end in ended {
            match end {
                Err(Stopped::By(error)) => return Err(Stopped::By(error)),
                Err(Stopped::Unheard) => stopped = Some(Stopped::Unheard),
                Ok(()) => {}
            }
        }
        stopped.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests;
