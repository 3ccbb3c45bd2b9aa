//! Photos on their way up, prices, jobs and their results.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::critique::{Comparison, Critique};

/// `POST /v1/uploads`, with an `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewUpload {
    /// How long the whole file is.
    pub bytes: u64,
    /// Of the whole file, lower-case hexadecimal.
    pub sha256: String,
    /// `image/jpeg`, `image/png` or `image/webp`.
    pub media_type: String,
}

/// A file on its way up, `GET` and `PATCH /v1/uploads/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Upload {
    /// Id.
    pub id: String,
    /// Bytes that have arrived: the next go there.
    pub offset: u64,
    /// How long the whole file is.
    pub bytes: u64,
    /// The photo, once the file is whole and has been checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo_id: Option<String>,
}

/// A photo that the service keeps, `GET /v1/photos`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StoredPhoto {
    /// Id.
    pub id: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Size of the file.
    pub bytes: u64,
    /// Of the file.
    pub media_type: String,
    /// When it arrived.
    pub created_at: i64,
}

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Says what is good and what could be better in one photo.
    Critique,
    /// Enhances one photo with a large model.
    Enhance,
    /// Says which of two photos is stronger, and why.
    Compare,
    /// One that this program does not know.
    #[serde(other)]
    Unknown,
}

/// What a job costs today, `GET /v1/prices`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Price {
    /// What it does.
    pub kind: JobKind,
    /// Which way ("standard", "upscale_4x").
    pub variant: String,
    /// Credits.
    #[ts(type = "number")]
    pub credits: i64,
}

/// `POST /v1/quotes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct QuoteRequest {
    /// What to do.
    pub kind: JobKind,
    /// Which way.
    pub variant: String,
    /// How large the photos are.
    pub photos: Vec<PhotoSize>,
}

/// Pixels of a photo, upright.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PhotoSize {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// What something would cost, and what of a photo leaves for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Quote {
    /// Credits for all jobs.
    #[ts(type = "number")]
    pub price: i64,
    /// Credits for one job.
    #[ts(type = "number")]
    pub each: i64,
    /// Credits that can be spent.
    #[ts(type = "number")]
    pub available: i64,
    /// What is sent.
    pub sends: Sends,
}

/// What of a photo leaves, and to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sends {
    /// The company that sees it, through the service ("Anthropic").
    pub to: String,
    /// The copy is no longer than this, in pixels.
    pub long_edge: u32,
    /// How the copy is written.
    pub media_type: String,
}

/// `POST /v1/jobs`, with an `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewJob {
    /// What to do.
    pub kind: JobKind,
    /// Ids of photos that were uploaded: one, or two to compare.
    pub photos: Vec<String>,
    /// Which way.
    pub variant: String,
    /// What else the person chose.
    #[serde(default)]
    pub options: JobOptions,
    /// The price that the person saw; another one is refused.
    pub price: i64,
}

/// What the person chose for a job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct JobOptions {
    /// How strict a critique is: `gentle`, `balanced` or `strict`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub strictness: Option<String>,
    /// What the photo is meant as ("portrait", "street", …).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub genre: Option<String>,
    /// The job whose critique this one is measured against.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub previous: Option<String>,
    /// Camera settings as text, for a critique; never a place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub camera: Option<String>,
}

/// A job, `GET /v1/jobs/{id}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Job {
    /// Id.
    pub id: String,
    /// What it does.
    pub kind: JobKind,
    /// How it stands.
    pub state: JobState,
    /// Credits, fixed when it was taken.
    pub price: i64,
    /// Whether the credits were spent.
    pub charged: bool,
    /// Ids of its photos.
    pub photos: Vec<String>,
    /// When it was taken.
    pub created_at: i64,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
    /// 0 to 1, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<f32>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<JobFault>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<JobResult>,
}

/// How a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits for its turn.
    Queued,
    /// In work.
    Running,
    /// Its result is there.
    Succeeded,
    /// It failed and cost nothing.
    Failed,
    /// It was stopped and cost nothing.
    Cancelled,
    /// One that this program does not know.
    #[serde(other)]
    Unknown,
}

/// Why a job failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobFault {
    /// For programs.
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

/// What came of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JobResult {
    /// What was said of the photo.
    Critique {
        /// It.
        critique: Critique,
    },
    /// A picture, `GET /v1/jobs/{id}/result`.
    Enhance {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// Size of the file.
        bytes: u64,
        /// Of the file, lower-case hexadecimal.
        sha256: String,
        /// Of the file.
        media_type: String,
    },
    /// Which of two photos is stronger.
    Compare {
        /// It.
        comparison: Comparison,
    },
    /// One that this program does not know.
    #[serde(other)]
    Unknown,
}
