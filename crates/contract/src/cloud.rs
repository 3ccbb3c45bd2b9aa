//! Pro jobs and critiques as the window sees them.
//!
//! A job lives here from the moment it is made, whether or not there is a network; the service's own job begins later. Every job ends in exactly
//! one of `Done`, `Failed` and `Cancelled`. Credits are spent once its result is at the service, and once only, however often it is fetched.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::photo::{PhotoId, ResultFile};
use crate::problem::Problem;
use crate::recipe::Recipe;
use crate::service::critique::{Comparison, Critique};
use crate::service::jobs::{JobKind, JobOptions, Sends};

/// A Pro job in the queue. Made when the person sends it; stays in the list until it is dismissed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ProJob {
    /// Its id here, made once; the service knows it as the key under which asking twice is asking once.
    pub id: String,
    /// What it does.
    pub kind: JobKind,
    /// Which way.
    pub variant: String,
    /// Its photos: one, or two to compare.
    pub photos: Vec<ProPhoto>,
    /// Credits that the person agreed to. Nothing else is ever charged for it.
    #[ts(type = "number")]
    pub price: i64,
    /// Who sees the photo, through the service.
    pub to: String,
    /// Where it is in its life.
    pub stage: ProStage,
    /// When it was made, microseconds since 1970.
    #[ts(type = "number")]
    pub made_at: i64,
    /// When it ended.
    #[ts(type = "number | null")]
    pub ended_at: Option<i64>,
    /// Whether it is done and the service still keeps what came of it: `delete_pro_result` deletes that there. What is on this computer stays.
    pub on_service: bool,
}

/// A photo of a Pro job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ProPhoto {
    /// File name, for people. It never leaves this computer.
    pub name: String,
    /// The photo on the list, while it is there.
    pub photo: Option<PhotoId>,
    /// Address of the copy that is sent, under the `photo:` scheme, once it is made.
    pub sent: Option<String>,
}

/// Where a Pro job is in its life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ProStage {
    /// Waits here; goes on by itself.
    Waiting {
        /// For what.
        reason: WaitReason,
    },
    /// The copy to send is being made: scaled, without location, camera data and name.
    Preparing,
    /// On its way up.
    Uploading {
        /// 0 to 1.
        progress: f32,
    },
    /// The price is another one than the person saw. Nothing was charged; ask: `accept_price` or `cancel_pro_job`.
    PriceChanged {
        /// Credits now.
        #[ts(type = "number")]
        price: i64,
    },
    /// There are fewer credits than are needed. Goes on by `retry_pro_job` once there are more.
    NotEnoughCredits {
        /// Credits that can be spent.
        #[ts(type = "number")]
        available: i64,
    },
    /// The service has it; the credits are set aside.
    Queued,
    /// Somebody works at it.
    Running {
        /// 0 to 1, where it is known.
        progress: Option<f32>,
    },
    /// The result is on its way down.
    Downloading {
        /// 0 to 1.
        progress: f32,
    },
    /// The person stopped it; the service has still to be told.
    Cancelling,
    /// The result is here.
    Done {
        /// It.
        result: ProResult,
    },
    /// It failed.
    Failed {
        /// Why, and what one can do.
        problem: Problem,
        /// Whether credits were spent all the same.
        charge: Charge,
    },
    /// The person stopped it; nothing was charged.
    Cancelled,
}

/// Whether the credits of a Pro job were spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Charge {
    /// No.
    No,
    /// Yes: its result could not be saved here, or is not at the service any more. `retry_pro_job` fetches it again, for nothing.
    Yes,
    /// The service had it, and did not say before it was lost sight of: the ledger of credits tells. `retry_pro_job` only asks after it.
    Unknown,
}

/// For what a Pro job waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WaitReason {
    /// For its turn.
    Turn,
    /// For the person to switch offline off.
    Offline,
    /// For somebody to sign in.
    SignedOut,
    /// For whoever made it to sign in: somebody else is, and it is not sent for them.
    OtherAccount,
    /// For the service to answer.
    Unreachable,
    /// For the privacy policy to be accepted.
    Policy,
    /// For room on this computer's disk.
    Disk,
    /// For the program's own folder to be writable again.
    Folder,
}

/// What came of a Pro job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ProResult {
    /// A critique: fetch it with `critique`, by the service's id of the job.
    Critique {
        /// The id.
        id: String,
    },
    /// A file, verified, beside the photo or where results go. Its tiles are under `result/<key>`.
    Enhanced {
        /// The file.
        file: ResultFile,
    },
    /// A comparison: fetch it with `comparison`, by the service's id of the job.
    Compared {
        /// The id.
        id: String,
    },
}

/// The photo before and after, for the viewer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ProPictures {
    /// The photo; absent when it is not where it was.
    pub original: Option<ViewedFile>,
    /// What came back.
    pub result: ViewedFile,
}

/// A file that the viewer can show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ViewedFile {
    /// Its tiles are under `result/<key>`; changes with the file.
    pub key: String,
    /// File name, for people.
    pub name: String,
    /// Pixels, upright.
    pub width: u32,
    /// Pixels, upright.
    pub height: u32,
}

/// What would be sent of a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct AskCopy {
    /// For this.
    pub kind: JobKind,
    /// Of this photo.
    pub photo: PhotoId,
    /// The longest edge, as a quote says it.
    pub long_edge: u32,
}

/// What would be sent of a photo, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ShownCopy {
    /// Address of the copy under the `photo:` scheme: a whole JPEG, no tiles. Good while the program runs, until some others were shown.
    pub picture: String,
    /// Its size.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// What goes along as words: focal length, aperture, time and ISO, for a critique of a photo that says them.
    pub camera: Option<String>,
    /// What is taken out, as in the privacy ledger.
    pub stripped: Vec<String>,
}

/// What a job would cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct AskQuote {
    /// What to do.
    pub kind: JobKind,
    /// Which way.
    pub variant: String,
    /// For these photos; two to compare.
    pub photos: Vec<PhotoId>,
}

/// What the person is shown before anything is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ShownQuote {
    /// Credits for all.
    #[ts(type = "number")]
    pub price: i64,
    /// Credits for each.
    #[ts(type = "number")]
    pub each: i64,
    /// Credits that can be spent.
    #[ts(type = "number")]
    pub available: i64,
    /// What is sent, and to whom.
    pub sends: Sends,
    /// Bytes of the copies, about.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Whether the person has yet to agree that photos go to this company.
    pub consent_needed: bool,
    /// Whether it would go over the spending cap.
    pub over_cap: bool,
    /// Whether the person must be asked at all: false for small prices they do not want to be asked about, with consent given.
    pub must_ask: bool,
}

/// Jobs to make: one a photo, or one for two photos to compare.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SubmitProJobs {
    /// What to do.
    pub kind: JobKind,
    /// Which way.
    pub variant: String,
    /// Which photos.
    pub photos: Vec<PhotoId>,
    /// What else the person chose.
    pub options: JobOptions,
    /// Credits for each job, as the person saw it.
    #[ts(type = "number")]
    pub each: i64,
    /// What is sent, and to whom, as the person saw it. Sending this is agreeing to it.
    pub sends: Sends,
    /// Whether the person has agreed, just now, that copies go to this company. Remembered; not needed where they agreed before.
    pub agreed: bool,
}

/// A Pro job, by its id here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OneProJob {
    /// Its id here.
    pub id: String,
}

/// The new price that the person agrees to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct AcceptPrice {
    /// The job's id here.
    pub id: String,
    /// Credits, as shown.
    #[ts(type = "number")]
    pub price: i64,
}

/// The jobs that were made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MadeProJobs {
    /// Their ids here, in the order of the photos.
    pub ids: Vec<String>,
}

/// A line of the history of critiques and comparisons, across devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CritiqueLine {
    /// The service's id of the job.
    pub id: String,
    /// `critique` or `compare`.
    pub kind: JobKind,
    /// File name of the photo, where it was sent from this computer.
    pub name: Option<String>,
    /// The photo on the list, while it is there.
    pub photo: Option<PhotoId>,
    /// The first sentence or two.
    pub summary: String,
    /// When it was made, microseconds since 1970.
    #[ts(type = "number")]
    pub at: i64,
    /// Credits.
    #[ts(type = "number")]
    pub price: i64,
    /// Whether the service still has it; once deleted there, it is only here.
    pub on_service: bool,
}

/// A critique with everything about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct CritiqueView {
    /// Its line.
    pub line: CritiqueLine,
    /// What was said.
    pub critique: Critique,
    /// Address of the photo as it was sent, under the `photo:` scheme (a whole JPEG, no tiles); absent when neither this computer nor the
    /// service has it. Pins and regions are fractions of it.
    pub picture: Option<String>,
    /// For each suggestion, whether `try_suggestion` can do it here now.
    pub can_try: Vec<bool>,
    /// The critique before of the same photo, when there is one.
    pub previous: Option<CritiqueLine>,
}

/// A comparison with everything about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ComparisonView {
    /// Its line.
    pub line: CritiqueLine,
    /// What was said.
    pub comparison: Comparison,
    /// Addresses of both photos under the `photo:` scheme, as in [`CritiqueView`].
    pub pictures: Vec<Option<String>>,
}

/// A suggestion to try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TrySuggestion {
    /// The service's id of the job.
    pub id: String,
    /// Which of its suggestions, from 0.
    pub suggestion: u32,
}

/// What trying a suggestion did: the photo on the list has this recipe now, and its preview shows it. Nothing was saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct TriedSuggestion {
    /// The photo.
    pub photo: PhotoId,
    /// Its recipe now.
    pub recipe: Recipe,
    /// Its recipe before, to go back to with `set_recipe`.
    pub before: Recipe,
}

/// A critique to save as a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ExportCritique {
    /// The service's id of the job.
    pub id: String,
    /// How to write it.
    pub format: DocumentFormat,
    /// An absolute path that the person chose.
    pub path: String,
}

/// How a critique is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DocumentFormat {
    /// Text.
    Markdown,
    /// Pages, with the photo and its pins.
    Pdf,
}
