//! Where results go and in which format.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// File format of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// 8 bits a channel, no transparency.
    Jpeg,
    /// 8 or 16 bits, transparency.
    Png,
    /// 8 bits, transparency; lossless at quality 100.
    Webp,
    /// 8 or 16 bits, transparency.
    Tiff,
}

/// How a result is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// The photo's own format when absent (PNG for a photo in a format that cannot be written).
    pub format: Option<Format>,
    /// 1 to 100, for JPEG and WebP.
    pub quality: u8,
    /// Absolute folder; beside the original when absent.
    pub folder: Option<String>,
    /// What to do when the name is taken.
    pub collision: Collision,
}

impl Default for Export {
    fn default() -> Self {
        Self { format: None, quality: 92, folder: None, collision: Collision::Rename }
    }
}

/// What to do when a file of the result's name exists. The original is never replaced, whatever is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Collision {
    /// Write beside it under the next free name.
    Rename,
    /// Replace it, atomically.
    Overwrite,
    /// Leave it and do nothing.
    Skip,
}
