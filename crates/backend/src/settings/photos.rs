//! Settings of everything that handles photos: storage, uploads, the outside services that look at them.

use super::load::SettingsError;
use super::{Secret, Settings};
use crate::outbound::is_loopback;
use crate::providers::replicate_client::signature::key_of;
use serde::Deserialize;

/// Where photos and results are kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objects {
    /// Empty: a folder.
    pub bucket: String,
    /// Empty: Amazon's.
    pub endpoint: String,
    /// The bucket's region.
    pub region: String,
    /// Who we are there.
    pub access_key: Secret,
    /// And how we show it.
    pub secret_key: Secret,
}

/// What people may upload.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uploads {
    /// Bytes of a file.
    pub largest_bytes: u64,
    /// Bytes of one part.
    pub part_bytes: usize,
    /// Pixels of a photo.
    pub largest_pixels: u64,
    /// Photos decoded at the same moment.
    pub check_parallel: usize,
    /// Seconds that decoding one may take.
    pub check_seconds: u64,
    /// Megabytes of memory for it.
    pub check_memory_mb: u64,
    /// The program that does it; empty: this one.
    pub check_program: String,
    /// Photos that one person may keep.
    pub photos_each: i64,
    /// Bytes that one person may keep, uploads under way counted whole.
    pub bytes_each: i64,
    /// Uploads that one person may have under way.
    pub open_each: i64,
    /// Hours until an upload is forgotten.
    pub keep_hours: u64,
}

/// Enhancement in the cloud.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replicate {
    /// Its address; a stand-in's in tests and in the sandbox.
    pub base_url: String,
    /// Of a stand-in's result files.
    pub delivery_url: String,
    /// Empty: not offered.
    pub token: Secret,
    /// What webhooks are signed with.
    pub webhook_secret: Secret,
    /// The one before, while it is being exchanged.
    pub webhook_secret_before: Secret,
    /// Under way at the same moment.
    pub parallel: usize,
    /// Seconds for one.
    pub life_seconds: u64,
    /// Milliseconds between questions.
    pub poll_milliseconds: u64,
    /// Seconds of looking for what a lost answer may have created.
    pub adopt_seconds: u64,
    /// Bytes of a result.
    pub largest_result_bytes: usize,
    /// What is offered.
    pub models: Vec<CloudModel>,
}

impl Replicate {
    /// The secrets that a webhook may be signed with.
    pub fn webhook_secrets(&self) -> [Secret; 2] {
        [self.webhook_secret.clone(), self.webhook_secret_before.clone()]
    }
}

/// One way of enhancing.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloudModel {
    /// Names it for good.
    pub variant: String,
    /// What it costs.
    pub credits: i64,
    /// `owner/name`, or a version.
    pub model: String,
    /// Which input is the photo.
    pub photo_input: String,
    /// The other inputs.
    pub input: serde_json::Map<String, serde_json::Value>,
    /// How many times larger each side becomes.
    pub scale: u32,
    /// Pixels that the model takes.
    pub most_pixels: u64,
}

/// Critique.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anthropic {
    /// Its address; a stand-in's in tests and in the sandbox.
    pub base_url: String,
    /// Empty: not offered.
    pub key: Secret,
    /// The one before, while it is being exchanged: tried where the other one is not taken.
    pub key_before: Secret,
    /// How a key travels.
    pub auth_header: AuthHeader,
    /// The version of the interface.
    pub api_version: String,
    /// Which model looks.
    pub model: String,
    /// What a critique costs.
    pub critique_credits: i64,
    /// What a comparison costs.
    pub compare_credits: i64,
    /// Under way at the same moment.
    pub parallel: usize,
    /// Seconds for one.
    pub life_seconds: u64,
    /// Seconds for one answer.
    pub answer_seconds: u64,
    /// Pixels of the copy's longer side.
    pub long_edge: u32,
    /// Of the copy.
    pub jpeg_quality: u8,
}

/// The header in which a key travels.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum AuthHeader {
    /// `x-api-key`.
    XApiKey,
    /// `Authorization: Bearer`.
    Bearer,
}

/// Enhancement by our own engine, in this process.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    /// The folder with `manifest.toml` and the models.
    pub models: String,
    /// ONNX Runtime's library.
    pub library: String,
    /// Under way at the same moment.
    pub parallel: usize,
    /// Seconds for one.
    pub life_seconds: u64,
    /// What is offered; empty: nothing.
    pub variants: Vec<OwnVariant>,
}

/// One way of enhancing by our own engine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnVariant {
    /// Names it for good.
    pub variant: String,
    /// What it costs.
    pub credits: i64,
    /// How many times larger each side becomes: 1, 2 or 4.
    pub scale: u32,
    /// Pixels that are worked on.
    pub most_pixels: u64,
}

/// The most that a result may have: what the check of it can hold in memory.
const MOST_RESULT_PIXELS: u64 = 256_000_000;

pub(super) fn check(settings: &Settings) -> Result<(), SettingsError> {
    let refuse = |key: &'static str, reason: &str| Err(SettingsError::Refused { key, reason: reason.to_owned() });
    let Objects { bucket, endpoint, access_key, secret_key, .. } = &settings.objects;
    if !bucket.is_empty() && (access_key.is_empty() || secret_key.is_empty()) {
        return refuse("objects.access_key", "and objects.secret_key must be set with objects.bucket");
    }
    if !endpoint.is_empty() {
        let url = url::Url::parse(endpoint);
        if !url.is_ok_and(|url| url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url)) {
            return refuse("objects.endpoint", "must be https: photos travel over it");
        }
    }
    let uploads = &settings.uploads;
    if uploads.part_bytes == 0 || uploads.largest_bytes == 0 || uploads.check_parallel == 0 {
        return refuse("uploads", "needs sizes and a number of checks of at least 1");
    }
    if uploads.check_seconds == 0 || uploads.check_memory_mb < 256 {
        return refuse("uploads.check_seconds", "must be at least 1, and uploads.check_memory_mb at least 256");
    }
    if !(200..=2576).contains(&settings.anthropic.long_edge) {
        return refuse("anthropic.long_edge", "must be between 200 and 2576");
    }
    if settings.anthropic.critique_credits < 1 || settings.anthropic.compare_credits < 1 {
        return refuse("anthropic.critique_credits", "and anthropic.compare_credits must be at least 1");
    }
    if settings.anthropic.parallel == 0 || settings.replicate.parallel == 0 {
        return refuse("anthropic.parallel", "and replicate.parallel must be at least 1");
    }
    let replicate = &settings.replicate;
    for (name, secret) in [
        ("replicate.webhook_secret", &replicate.webhook_secret),
        ("replicate.webhook_secret_before", &replicate.webhook_secret_before),
    ] {
        if !secret.is_empty() && key_of(secret.reveal()).is_none() {
            return refuse(name, "must be whsec_ and what follows it at Replicate");
        }
    }
    let anthropic = &settings.anthropic;
    if !anthropic.key_before.is_empty()
        && anthropic.key_before.reveal().contains("sandbox") != anthropic.key.reveal().contains("sandbox")
    {
        return refuse("anthropic.key_before", "is of the sandbox and the key is not, or the other way round");
    }
    if anthropic.api_version.is_empty() {
        return refuse("anthropic.api_version", "is missing");
    }
    check_engine(settings)?;
    for (at, model) in settings.replicate.models.iter().enumerate() {
        let again = settings.replicate.models[..at].iter().any(|other| other.variant == model.variant);
        let largest = model.most_pixels.saturating_mul(u64::from(model.scale).pow(2));
        if again || model.variant.is_empty() || model.credits < 1 || model.scale == 0 || model.most_pixels < 10_000 {
            return refuse("replicate.models", "needs different names, prices, scales and sizes above zero");
        }
        if largest > MOST_RESULT_PIXELS {
            return refuse("replicate.models", "would make results of more than 256 megapixels: lower most_pixels");
        }
    }
    Ok(())
}

/// What is said of our own engine. Whether library and models are there is seen when it is opened.
fn check_engine(settings: &Settings) -> Result<(), SettingsError> {
    let refuse = |key: &'static str, reason: &str| Err(SettingsError::Refused { key, reason: reason.to_owned() });
    let engine = &settings.engine;
    if engine.variants.is_empty() {
        return Ok(());
    }
    if !cfg!(feature = "engine") {
        return refuse(
            "engine.variants",
            "are set, and this program was built without our own engine (--features engine)",
        );
    }
    for (key, path) in [("engine.models", &engine.models), ("engine.library", &engine.library)] {
        if !std::path::Path::new(path).is_absolute() {
            return refuse(key, "must be a whole path where engine.variants are set");
        }
    }
    if engine.parallel == 0 {
        return refuse("engine.parallel", "must be at least 1");
    }
    for (at, own) in engine.variants.iter().enumerate() {
        let again = engine.variants[..at].iter().any(|other| other.variant == own.variant)
            || settings.replicate.models.iter().any(|model| model.variant == own.variant);
        if again || own.variant.is_empty() || own.credits < 1 || own.most_pixels < 10_000 {
            return refuse(
                "engine.variants",
                "need names that differ, also from those of replicate.models, and prices and sizes above zero",
            );
        }
        if !matches!(own.scale, 1 | 2 | 4) {
            return refuse("engine.variants", "must have a scale of 1, 2 or 4: our models make no other");
        }
        if own.most_pixels.saturating_mul(u64::from(own.scale).pow(2)) > MOST_RESULT_PIXELS {
            return refuse("engine.variants", "would make results of more than 256 megapixels: lower most_pixels");
        }
    }
    Ok(())
}
