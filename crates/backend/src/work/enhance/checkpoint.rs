//! How far an enhancement got, in the job's row: each step is written down before the next one is begun.

use crate::app::App;
use crate::store::StoreError;
use crate::world::Moment;
use serde::{Deserialize, Serialize};

/// How far an enhancement got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::work) struct Checkpoint {
    /// Names this try in the webhook's address: what an earlier one says is not listened to.
    pub(in crate::work) nonce: String,
    /// The photo at Replicate.
    pub(super) sent: Option<Sent>,
    /// From this moment on a prediction may exist.
    pub(super) asked_at: Option<Moment>,
    /// It exists.
    pub(super) prediction: Option<String>,
}

/// A photo at Replicate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sent {
    /// Its id there.
    pub(super) file: String,
    /// Its address, which no other prediction has as its input.
    pub(super) url: String,
    /// Pixels.
    pub(super) width: u32,
    /// Pixels.
    pub(super) height: u32,
}

impl Checkpoint {
    /// The beginning of a try.
    pub(super) fn new(app: &App) -> Result<Self, StoreError> {
        Ok(Self { nonce: app.world.new_id()?.simple().to_string(), sent: None, asked_at: None, prediction: None })
    }

    /// How far that is, from 0 to 1: most of the time the model takes.
    pub(super) fn progress(&self) -> f32 {
        match (&self.sent, self.asked_at, &self.prediction) {
            (None, ..) => 0.0,
            (Some(_), None, _) => 0.1,
            (Some(_), Some(_), None) => 0.15,
            (Some(_), Some(_), Some(_)) => 0.2,
        }
    }

    /// What the row says.
    pub(in crate::work) fn read(text: Option<&str>) -> Option<Self> {
        serde_json::from_str(text?).ok()
    }

    /// As the row keeps it.
    pub(super) fn written(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
