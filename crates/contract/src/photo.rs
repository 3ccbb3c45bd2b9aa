//! Photos as the window sees them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::export::Format;
use crate::problem::Problem;
use crate::recipe::Recipe;

/// Names a photo for as long as the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(transparent)]
pub struct PhotoId(pub u32);

/// A photo in the strip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Photo {
    /// Its name here.
    pub id: PhotoId,
    /// File name, for people.
    pub name: String,
    /// Folder, for people.
    pub folder: String,
    /// What is known once it has been opened.
    pub facts: Option<Facts>,
    /// Where it is in its life.
    pub state: PhotoState,
    /// What Enhance will do to it.
    pub recipe: Recipe,
    /// True while the recipe is the one Auto chose.
    pub auto: bool,
    /// What Auto found and would choose, once the photo has been looked at.
    pub assessment: Option<Assessment>,
    /// Path of its thumbnail under the `photo:` scheme, once there is one.
    pub thumbnail: Option<String>,
}

/// What is known of a photo once its header has been read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Facts {
    /// Pixels, upright.
    pub width: u32,
    /// Pixels, upright.
    pub height: u32,
    /// Format of the file, in the field's name ("JPEG").
    pub format: String,
    /// The format in which a result is written unless another is chosen.
    pub writes: Format,
    /// Bits a channel.
    pub bits: u8,
    /// Name of the colour profile ("Display P3"); `None` when there is none (taken as sRGB).
    pub profile: Option<String>,
    /// Size of the file in bytes.
    #[ts(type = "number")]
    pub bytes: u64,
}

/// What Auto found in a photo, and what it would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Assessment {
    /// What stands out, worst first; empty when nothing does.
    pub findings: Vec<Finding>,
    /// What Auto chooses.
    pub recipe: Recipe,
}

/// Something Auto noticed, for the line under its switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// Under-exposed or a night shot.
    LowLight,
    /// Over-exposed.
    TooBright,
    /// Flat contrast.
    LowContrast,
    /// A colour cast.
    ColourCast,
    /// Noise that shows.
    Noise,
    /// JPEG artefacts that show.
    JpegArtefacts,
    /// Soft detail.
    SoftDetail,
    /// Few pixels.
    SmallSize,
}

/// Where a photo is in its life. A job ends in exactly one of the last three, or goes back to `Ready` when cancelled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PhotoState {
    /// Being read.
    Opening,
    /// Ready to be enhanced.
    Ready,
    /// In the queue; 1 is next.
    Waiting {
        /// Place in the queue.
        position: u32,
    },
    /// Being enhanced.
    Working {
        /// 0 to 1, never goes back.
        progress: f32,
        /// Seconds left as measured on this machine; `None` until there is something to measure.
        seconds_left: Option<f32>,
    },
    /// A verified result is on the disk.
    Done {
        /// The result.
        result: ResultFile,
    },
    /// It could not be opened or enhanced.
    Failed {
        /// Why, and what one can do.
        problem: Problem,
    },
    /// A result of that name exists and the person chose to skip.
    Skipped {
        /// Absolute path of the file that was there.
        path: String,
    },
}

/// A verified result on the disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ResultFile {
    /// Absolute path.
    pub path: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Size of the file.
    #[ts(type = "number")]
    pub bytes: u64,
    /// How long it took.
    pub seconds: f32,
    /// Which device did it, for people.
    pub device: String,
    /// What had to be done again, and what could not be kept ("JPEG holds no transparency").
    pub notes: Vec<String>,
    /// Names the result for `result/…` tiles; changes with the file.
    pub key: String,
}
