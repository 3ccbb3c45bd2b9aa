//! The records of Pro jobs, and how the window sees them. Plain data; who takes the steps is in `worker`.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::time::Duration;

use pretty_contract::cloud::{Charge, ProJob, ProPhoto, ProResult, ProStage, WaitReason};
use pretty_contract::export::Export;
use pretty_contract::problem::Problem;
use pretty_contract::service::jobs::{JobKind, JobOptions, Sends};
use serde::{Deserialize, Deserializer, Serialize};

use crate::core::{Core, State};
use crate::store::Store;

/// A Pro job as it is written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outgoing {
    /// Made once; every request that must not be taken twice carries it.
    pub(crate) id: String,
    /// Whose it is: nobody else's session sends it.
    pub(crate) user: String,
    pub(crate) made_at: i64,
    pub(crate) kind: JobKind,
    pub(crate) variant: String,
    pub(crate) options: JobOptions,
    /// What the person agreed to.
    pub(crate) price: i64,
    pub(crate) sends: Sends,
    pub(crate) photos: Vec<OutPhoto>,
    pub(crate) export: Export,
    /// Counts what is asked for anew (another price, another try): each has a key of its own.
    pub(crate) attempt: u32,
    /// Whether the service may have the job although its id is not known here.
    pub(crate) may_exist: bool,
    /// The service's id of the job.
    pub(crate) service_id: Option<String>,
    pub(crate) step: Step,
    pub(crate) ended_at: Option<i64>,
    /// Taken off the list; kept for the month's total.
    #[serde(default)]
    pub(crate) dismissed: bool,
    /// The service has said that its credits are spent.
    #[serde(default)]
    pub(crate) charged: bool,
    /// When the person last agreed to pay for it, where that was after it was made.
    #[serde(default)]
    pub(crate) agreed_at: Option<i64>,
    /// The service keeps nothing of it any more.
    #[serde(default)]
    pub(crate) off_service: bool,
}

/// A photo of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OutPhoto {
    /// The photo itself. Never leaves this computer, not even as a name.
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    /// The key of the copy that is sent, once it is made.
    pub(crate) copy: Option<SentCopy>,
    /// The service's id of the upload.
    pub(crate) upload: Option<String>,
    /// Counts uploads: one that the service has forgotten is begun anew.
    pub(crate) upload_attempt: u32,
    /// The service's id of the photo.
    pub(crate) photo_id: Option<String>,
}

/// A copy that is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SentCopy {
    pub(crate) key: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// Make the copies.
    Prepare,
    /// Send them.
    Upload,
    /// Ask for the job.
    Submit,
    /// Wait for the service.
    Wait { running: bool, progress: Option<f32> },
    /// Fetch the result.
    Fetch { bytes: u64, sha256: String },
    /// Tell the service that the person stopped it.
    Cancel,
    /// Ask the person about the price.
    PriceChanged { price: i64 },
    /// Wait for credits.
    TooFewCredits { available: i64 },
    /// Wait for the privacy policy to be accepted.
    Policy,
    /// Nothing.
    Done { result: ProResult },
    /// Nothing.
    Failed {
        problem: Problem,
        #[serde(alias = "charged", deserialize_with = "charge")]
        charge: Charge,
    },
    /// Nothing.
    Cancelled,
}

/// Older programs wrote yes or no.
fn charge<'de, D: Deserializer<'de>>(from: D) -> Result<Charge, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Now(Charge),
        Before(bool),
    }
    Ok(match Written::deserialize(from)? {
        Written::Now(charge) => charge,
        Written::Before(true) => Charge::Yes,
        Written::Before(false) => Charge::No,
    })
}

impl Step {
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Failed { .. } | Self::Cancelled)
    }

    /// Whether the worker has something to do, now or later.
    pub(crate) fn is_for_the_worker(&self) -> bool {
        !self.has_ended() && !matches!(self, Self::PriceChanged { .. } | Self::TooFewCredits { .. } | Self::Policy)
    }

    /// Whether it needs the service.
    pub(crate) fn needs_the_service(&self) -> bool {
        self.is_for_the_worker() && *self != Self::Prepare
    }
}

impl Outgoing {
    /// The key of asking for the job.
    pub(crate) fn submission_key(&self) -> String {
        format!("{}-{}", self.id, self.attempt)
    }

    /// The key of an upload, and the cause of its line in the privacy ledger.
    pub(crate) fn upload_key(&self, index: usize) -> String {
        format!("{}-photo-{index}-{}", self.id, self.photos[index].upload_attempt)
    }

    /// What is known of whether its credits are spent.
    pub(crate) fn charge(&self) -> Charge {
        if self.charged || matches!(self.step, Step::Fetch { .. }) {
            Charge::Yes
        } else if self.may_exist || self.service_id.is_some() {
            Charge::Unknown
        } else {
            Charge::No
        }
    }

    /// Credits that it has spent or may still spend.
    fn counts(&self) -> i64 {
        match &self.step {
            Step::Cancelled | Step::Failed { charge: Charge::No, .. } => 0,
            _ => self.price,
        }
    }

    /// When the person said yes to its price.
    fn agreed(&self) -> i64 {
        self.agreed_at.unwrap_or(self.made_at)
    }
}

/// What is known only while the program runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Live {
    pub(crate) progress: f32,
    pub(crate) told: Duration,
    /// Not before this moment of the host's clock.
    pub(crate) not_before: Duration,
    pub(crate) tries: u32,
    /// What was in its way when it was tried last.
    pub(crate) hindered: Option<WaitReason>,
    pub(crate) in_work: bool,
}

/// All jobs.
#[derive(Default)]
pub(crate) struct Outbox {
    /// By id, which sorts by time.
    jobs: BTreeMap<String, Outgoing>,
    live: HashMap<String, Live>,
}

impl Outbox {
    /// What an earlier run left.
    pub(crate) fn recalled(store: &Store) -> Self {
        let jobs: Vec<Outgoing> = store.pro_jobs().unwrap_or_else(|error| {
            tracing::warn!(%error, "Pro jobs could not be read");
            Vec::new()
        });
        Self { jobs: jobs.into_iter().map(|job| (job.id.clone(), job)).collect(), live: HashMap::new() }
    }

    pub(crate) fn jobs(&self) -> impl Iterator<Item = &Outgoing> {
        self.jobs.values()
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Outgoing> {
        self.jobs.get(id)
    }

    pub(crate) fn of_service(&self, service_id: &str) -> Option<&Outgoing> {
        self.jobs().find(|job| job.service_id.as_deref() == Some(service_id))
    }

    pub(crate) fn put(&mut self, job: Outgoing) {
        self.jobs.insert(job.id.clone(), job);
    }

    pub(crate) fn live(&mut self, id: &str) -> &mut Live {
        self.live.entry(id.to_owned()).or_default()
    }

    /// Credits of a person's jobs since a moment, but for one: spent, and what may still be spent.
    pub(crate) fn spent_since(&self, user: &str, since: i64, but: Option<&str>) -> i64 {
        let counts = |job: &&Outgoing| job.user == user && job.agreed() >= since && Some(job.id.as_str()) != but;
        self.jobs().filter(counts).map(Outgoing::counts).sum()
    }
}

/// What decides for what a job waits.
pub(crate) struct Outside {
    offline: bool,
    user: Option<String>,
}

impl Outside {
    pub(crate) fn of(core: &Core, state: &State) -> Self {
        let offline = core.link.service.as_ref().is_none_or(|service| service.is_offline());
        Self { offline, user: state.linked.user().map(str::to_owned) }
    }

    /// Why a job cannot go on, if it cannot.
    pub(crate) fn hinders(&self, job: &Outgoing) -> Option<WaitReason> {
        if !job.step.needs_the_service() {
            return None;
        }
        if self.offline {
            return Some(WaitReason::Offline);
        }
        match self.user.as_deref() {
            Some(user) if user == job.user => None,
            Some(_) => Some(WaitReason::OtherAccount),
            None => Some(WaitReason::SignedOut),
        }
    }
}

/// A job as the window sees it.
pub(crate) fn shown(job: &Outgoing, state: &State, outside: &Outside) -> ProJob {
    let live = state.linked.outbox.live.get(&job.id).cloned().unwrap_or_default();
    let photo = |photo: &OutPhoto| ProPhoto {
        name: photo.name.clone(),
        photo: state.photos.iter().find(|entry| entry.path == photo.path).map(|entry| entry.photo.id),
        sent: photo.copy.as_ref().map(|copy| crate::address::Address::Sent(copy.key.clone()).text()),
    };
    ProJob {
        id: job.id.clone(),
        kind: job.kind,
        variant: job.variant.clone(),
        photos: job.photos.iter().map(photo).collect(),
        price: job.price,
        to: job.sends.to.clone(),
        stage: stage(job, &live, outside),
        made_at: job.made_at,
        ended_at: job.ended_at,
        on_service: matches!(job.step, Step::Done { .. }) && !job.off_service,
    }
}

fn stage(job: &Outgoing, live: &Live, outside: &Outside) -> ProStage {
    // A job that the service works at goes on without us; only what it sends back needs room here.
    let at_the_service = matches!(job.step, Step::Wait { .. } | Step::Cancel);
    let of_ours = |reason: &WaitReason| !at_the_service || matches!(reason, WaitReason::Disk | WaitReason::Folder);
    if let Some(reason) = outside.hinders(job).or(live.hindered).filter(of_ours) {
        return ProStage::Waiting { reason };
    }
    let turn = ProStage::Waiting { reason: WaitReason::Turn };
    match &job.step {
        Step::Prepare if live.in_work => ProStage::Preparing,
        Step::Upload if live.in_work => ProStage::Uploading { progress: live.progress },
        Step::Prepare | Step::Upload => turn,
        Step::Submit => ProStage::Uploading { progress: 1.0 },
        Step::Wait { running: false, .. } => ProStage::Queued,
        Step::Wait { progress, .. } => ProStage::Running { progress: *progress },
        Step::Fetch { .. } => ProStage::Downloading { progress: live.progress },
        Step::Cancel => ProStage::Cancelling,
        Step::PriceChanged { price } => ProStage::PriceChanged { price: *price },
        Step::TooFewCredits { available } => ProStage::NotEnoughCredits { available: *available },
        Step::Policy => ProStage::Waiting { reason: WaitReason::Policy },
        Step::Done { result } => ProStage::Done { result: result.clone() },
        Step::Failed { problem, charge } => ProStage::Failed { problem: problem.clone(), charge: *charge },
        Step::Cancelled => ProStage::Cancelled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_at_the_service_waits_only_for_room_here() {
        let mut job: Outgoing = serde_json::from_value(serde_json::json!({ "id": "a", "user": "mara", "made_at": 1, "kind": "critique",
            "variant": "standard", "options": {}, "price": 1, "sends": { "to": "Anthropic", "long_edge": 400, "media_type": "image/jpeg" },
            "photos": [], "export": Export::default(), "attempt": 0, "may_exist": true, "service_id": "b",
            "step": { "wait": { "running": true, "progress": null } }, "ended_at": null }))
        .unwrap();
        let outside = Outside { offline: true, user: None };
        let shown = |job: &Outgoing, hindered| stage(job, &Live { hindered, ..Live::default() }, &outside);
        for hindered in [None, Some(WaitReason::Unreachable), Some(WaitReason::SignedOut)] {
            assert_eq!(shown(&job, hindered), ProStage::Running { progress: None }, "it goes on without us");
        }
        for reason in [WaitReason::Disk, WaitReason::Folder] {
            let outside = Outside { offline: false, user: Some("mara".into()) };
            let live = Live { hindered: Some(reason), ..Live::default() };
            assert_eq!(stage(&job, &live, &outside), ProStage::Waiting { reason }, "what it sends back finds no room");
        }
        job.step = Step::Upload;
        assert_eq!(shown(&job, Some(WaitReason::Disk)), ProStage::Waiting { reason: WaitReason::Offline });
    }
}
