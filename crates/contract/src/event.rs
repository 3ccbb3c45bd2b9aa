//! What the studio tells the window by itself. State travels whole: an event replaces what was known, it never patches it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::account::Online;
use crate::cloud::{CritiqueLine, ProJob};
use crate::device::Device;
use crate::photo::{Photo, PhotoId};
use crate::preview::PreviewTile;
use crate::problem::Problem;

/// Everything the studio says by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum Event {
    /// Photos were added, in order.
    PhotosAdded(Vec<Photo>),
    /// A photo's facts, state or recipe changed. Progress arrives at most ten times a second.
    PhotoChanged(Photo),
    /// Photos were taken off the list.
    PhotosRemoved(Vec<PhotoId>),
    /// The queue as a whole.
    Queue(Queue),
    /// A preview tile can be fetched.
    PreviewTile(PreviewTile),
    /// A preview could not be made.
    PreviewFailed {
        /// Which photo.
        photo: PhotoId,
        /// Why.
        problem: Problem,
    },
    /// Devices were found, checked or refused.
    Devices(Vec<Device>),
    /// What was dropped or chosen has been looked through.
    Scanned(Scanned),
    /// The account, the connection, orders, totals.
    Online(Online),
    /// Pro jobs were added or dismissed: the whole list, oldest first.
    ProJobs(Vec<ProJob>),
    /// One Pro job changed. Progress arrives at most ten times a second.
    ProJobChanged(ProJob),
    /// The history of critiques and comparisons, newest first.
    Critiques(Vec<CritiqueLine>),
}

/// The queue as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Queue {
    /// Photos waiting or in work.
    pub open: u32,
    /// Photos finished, failed or skipped since the queue was last empty.
    pub closed: u32,
    /// 0 to 1 over all photos since the queue was last empty; never goes back.
    pub progress: f32,
    /// Seconds left as measured on this machine.
    pub seconds_left: Option<f32>,
}

/// What came of looking through dropped files and folders.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Scanned {
    /// Photos added.
    pub added: u32,
    /// Files that were on the list already.
    pub known: u32,
    /// Files in folders that are no photos and were passed over.
    pub passed_over: u32,
    /// Paths that could not be looked at, with the reason.
    pub problems: Vec<Problem>,
}
