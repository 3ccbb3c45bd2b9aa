//! What can go wrong, by who is at fault and what was tried, and how it is told to people.

use std::path::{Path, PathBuf};

use pretty_contract::problem::{Code, Problem};
use pretty_photo::PhotoError;

/// Why a photo could not be enhanced, or the engine not be opened. Each is a whole sentence that says what one can do.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// There is no library at the path.
    #[error("ONNX Runtime's library is missing: there is no file {}. Install the program again, or set PRETTY_ONNXRUNTIME to the library's path.", .path.display())]
    RuntimeMissing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file is no library, or one for another machine.
    #[error("{} could not be loaded as ONNX Runtime's library. Install the program again, or set PRETTY_ONNXRUNTIME to a library for this machine.", .path.display())]
    RuntimeUnloadable {
        /// The file.
        path: PathBuf,
        /// What the system's loader said.
        reason: String,
    },
    /// The library is older than the oldest that is supported.
    #[error("ONNX Runtime's library {} is too old: it is version {version}, and 1.24 or newer is needed. Install the program again, or set PRETTY_ONNXRUNTIME to a newer one.", .path.display())]
    RuntimeTooOld {
        /// The file.
        path: PathBuf,
        /// What it says its version is.
        version: String,
    },
    /// Loading the library did not end.
    #[error("Loading ONNX Runtime's library {} did not end within {seconds} seconds. Start the program again; if it happens again, install it again.", .path.display())]
    RuntimeStuck {
        /// The file.
        path: PathBuf,
        /// How long was waited.
        seconds: u64,
    },
    /// A process can hold one library, and holds another.
    #[error("ONNX Runtime's library {} cannot be used: {} is in use since the program started. Start the program again to change it.", .asked.display(), .loaded.display())]
    RuntimeIsAnother {
        /// The one in use.
        loaded: PathBuf,
        /// The one that was asked for.
        asked: PathBuf,
    },
    /// `manifest.toml` is missing or cannot be read.
    #[error("The list of models {} cannot be read ({reason}). Install the program again, or set PRETTY_MODELS to the folder with the models.", .path.display())]
    ManifestMissing {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// `manifest.toml` is not understood.
    #[error("The list of models {} is not understood: {reason}", .path.display())]
    ManifestInvalid {
        /// The file.
        path: PathBuf,
        /// Line and fault.
        reason: String,
    },
    /// A model's file is missing or cannot be read.
    #[error("The model {id} cannot be read from {} ({reason}). Install the program again.", .path.display())]
    ModelMissing {
        /// The model.
        id: String,
        /// Its file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file is not the one that the manifest names: truncated, changed or another.
    #[error("{} is not the model {id} that the manifest names: its checksum differs. It was not used. Install the program again.", .path.display())]
    ModelForeign {
        /// The model.
        id: String,
        /// Its file.
        path: PathBuf,
        /// Size and checksum, wanted and found.
        detail: String,
    },
    /// The file is what the manifest names, and cannot be used as it says.
    #[error("The model {id} in {} cannot be used: {reason}", .path.display())]
    ModelUnfit {
        /// The model.
        id: String,
        /// Its file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The recipe is not understood or out of range.
    #[error("This recipe cannot be used: {0}")]
    RecipeInvalid(RecipeFault),
    /// No device has this id.
    #[error("There is no device called \"{id}\" here; at hand: {known}.")]
    DeviceUnknown {
        /// What was asked for.
        id: String,
        /// Ids that are known, for people.
        known: String,
    },
    /// The device did not pass its checks.
    #[error("{name} is not used: {reason} Choose another device, or none to use the best one that works.")]
    DeviceRefused {
        /// The device, for people.
        name: String,
        /// A sentence.
        reason: String,
    },
    /// A device failed, and so did all that could take over.
    #[error(
        "{name} failed while enhancing {photo}, and the processor could not take over. Try again; if it happens again, choose another device."
    )]
    DeviceFailed {
        /// The device, for people.
        name: String,
        /// The photo's file name.
        photo: String,
        /// What was tried and what it said.
        tried: String,
    },
    /// Not enough memory even for small tiles.
    #[error("There is not enough memory to enhance {photo}. Close other programs and try again.")]
    OutOfMemory {
        /// The photo's file name.
        photo: String,
        /// What was tried.
        tried: String,
    },
    /// The result would be larger than any format can hold.
    #[error(
        "The result of {photo} would be {width} × {height} pixels, which is more than can be written. Enlarge it less."
    )]
    ResultTooLarge {
        /// The photo's file name.
        photo: String,
        /// Pixels.
        width: u64,
        /// Pixels.
        height: u64,
    },
    /// The result failed its checks on every device and was not saved.
    #[error(
        "The result of {photo} failed its check and was not saved: {reason}. The photo is untouched; try lower strengths."
    )]
    ResultRefused {
        /// The photo's file name.
        photo: String,
        /// What was wrong with it.
        reason: String,
        /// What was tried.
        tried: String,
    },
    /// The photo could not be read, or the result not be written.
    #[error(transparent)]
    Photo(#[from] PhotoError),
    /// The person stopped it.
    #[error("Stopped.")]
    Cancelled,
    /// A fault in this program.
    #[error("Something went wrong inside the program ({0}). The photo is untouched.")]
    Internal(String),
}

/// What is wrong with a recipe.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RecipeFault {
    /// Not JSON, or not a recipe.
    #[error("it is not understood ({0}).")]
    NotUnderstood(String),
    /// A version that this program does not know.
    #[error(
        "it is of version {found}, and this program knows version {known}. Use a newer program, or make the recipe again."
    )]
    Version {
        /// What it says.
        found: u32,
        /// What is known.
        known: u32,
    },
    /// A strength out of range.
    #[error("step {step} ({name}) has {what} {value}, and it must be from 0 to 1.")]
    Strength {
        /// Which step, from 1.
        step: usize,
        /// Its name.
        name: &'static str,
        /// Which strength.
        what: &'static str,
        /// What it says.
        value: f32,
    },
    /// A crop after another step, or a second one.
    #[error("step {step} is a crop, and a crop must be the first step and the only one of its kind.")]
    CropLate {
        /// Which step, from 1.
        step: usize,
    },
    /// A crop that cannot be made.
    #[error(
        "step 1 (crop) must turn by −45 to 45 degrees and keep a part that lies inside the photo: x, y, width and height are from 0 to 1."
    )]
    CropImpossible,
    /// A model that is not in the manifest.
    #[error("step {step} ({name}) asks for the model \"{model}\", and there is none of that name; at hand: {known}.")]
    UnknownModel {
        /// Which step, from 1.
        step: usize,
        /// Its name.
        name: &'static str,
        /// What it asks for.
        model: String,
        /// Ids that would do, for people.
        known: String,
    },
    /// A model that does something else.
    #[error("step {step} ({name}) asks for the model \"{model}\", which is made to {task}.")]
    WrongModel {
        /// Which step, from 1.
        step: usize,
        /// Its name.
        name: &'static str,
        /// What it asks for.
        model: String,
        /// What the model is for.
        task: String,
    },
    /// No model enlarges so much.
    #[error("step {step} enlarges by {scale}, and no model here does; at hand: {known}.")]
    NoModelOfScale {
        /// Which step, from 1.
        step: usize,
        /// What it asks for.
        scale: u32,
        /// Scales at hand, for people.
        known: String,
    },
    /// Enlarges too much in all.
    #[error("it enlarges by {scale} in all, and {most} is the most.")]
    ScaleTooLarge {
        /// In all.
        scale: u64,
        /// The most that is allowed.
        most: u32,
    },
}

impl EngineError {
    /// The code that programs branch on.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::RuntimeMissing { .. }
            | Self::RuntimeUnloadable { .. }
            | Self::RuntimeTooOld { .. }
            | Self::RuntimeStuck { .. }
            | Self::RuntimeIsAnother { .. } => Code::RuntimeUnavailable,
            Self::ManifestMissing { .. }
            | Self::ManifestInvalid { .. }
            | Self::ModelMissing { .. }
            | Self::ModelForeign { .. }
            | Self::ModelUnfit { .. } => Code::ModelRefused,
            Self::RecipeInvalid(_) => Code::RecipeInvalid,
            Self::DeviceUnknown { .. } | Self::DeviceRefused { .. } | Self::DeviceFailed { .. } => Code::DeviceFailed,
            Self::OutOfMemory { .. } => Code::OutOfMemory,
            Self::ResultTooLarge { .. } => Code::TooLarge,
            Self::ResultRefused { .. } => Code::ResultRefused,
            Self::Photo(error) => error.code(),
            Self::Cancelled => Code::Cancelled,
            Self::Internal(_) => Code::Internal,
        }
    }

    /// What crosses the border: the code, a sentence, whether trying again may help, and what was tried.
    #[must_use]
    pub fn problem(&self) -> Problem {
        if let Self::Photo(error) = self {
            return error.problem();
        }
        let detail = match self {
            Self::RuntimeUnloadable { reason, .. } => Some(reason.clone()),
            Self::ModelForeign { detail, .. } => Some(detail.clone()),
            Self::DeviceFailed { tried, .. } | Self::OutOfMemory { tried, .. } | Self::ResultRefused { tried, .. } => {
                Some(tried.clone())
            }
            _ => None,
        };
        let retryable =
            matches!(self.code(), Code::DeviceFailed | Code::OutOfMemory | Code::Cancelled | Code::Internal);
        Problem { code: self.code(), message: self.to_string(), retryable, detail }
    }
}

/// The file's name, for sentences; the whole path when it has none.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}
