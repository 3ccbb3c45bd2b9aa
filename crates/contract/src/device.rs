//! Devices as the window sees them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A device that could run the models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Device {
    /// `cpu`, `webgpu`, `directml`, `coreml`, `cuda`.
    pub id: String,
    /// For people ("This computer's processor").
    pub name: String,
    /// Whether it may be used.
    pub trust: Trust,
}

/// Whether a device may be used, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trust {
    /// Not looked at yet.
    Unchecked,
    /// Its known answers are being compared with the CPU's.
    Checking,
    /// Its answers equal the CPU's.
    Verified {
        /// Largest difference, in steps of 1/255.
        max_error: f32,
        /// Seconds a megapixel of photo with the restoring model, measured here.
        seconds_per_megapixel: f32,
    },
    /// Its answers differ, or it could not be started; the CPU is used.
    Refused {
        /// A sentence.
        reason: String,
    },
}
