//! What each step of a Pro job does. A step changes nothing that cannot be done again: its requests carry keys, its files are put in place whole.

use std::path::Path;

use pretty_contract::cloud::{Charge, ProResult};
use pretty_contract::problem::{Code, Problem};
use pretty_contract::service::error::ServiceCode;
use pretty_contract::service::jobs::{Job, JobKind, JobResult, JobState, NewJob, PhotoSize, Quote, QuoteRequest};
use pretty_photo::PhotoError;
use reqwest::Method;
use sha2::{Digest, Sha256};

use super::outbox::{Outgoing, SentCopy, Step};
use super::{critiques, deleting, fetch, upload, worker};
use crate::core::Core;
use crate::service::{Call, Fault};
use crate::{keys, small_files, sync};

/// Quality of the copies that are sent: their JPEG should not be what is criticised.
const QUALITY: u8 = 92;

/// Takes the next step of a job, and gives back what it is then.
pub(super) fn take(core: &Core, job: Outgoing) -> Result<Outgoing, Fault> {
    match job.step.clone() {
        Step::Prepare => prepare(core, job),
        Step::Upload => upload::take(core, job),
        Step::Submit => submit(core, job),
        Step::Wait { .. } => look(core, job),
        Step::Fetch { bytes, sha256 } => fetch::take(core, job, bytes, &sha256),
        Step::Cancel => cancel(core, job),
        _ => Ok(job),
    }
}

/// Makes the copies: scaled to what the job needs, upright, in sRGB, without any metadata. For a critique the camera's settings go along as words.
fn prepare(core: &Core, mut job: Outgoing) -> Result<Outgoing, Fault> {
    let paths: Vec<&Path> = job.photos.iter().map(|photo| photo.path.as_path()).collect();
    job.options.camera = camera_of(core, job.kind, &paths).or(job.options.camera);
    for index in 0..job.photos.len() {
        let photo = &mut job.photos[index];
        if photo.copy.is_some() {
            continue;
        }
        let bytes = match copy_of(core, &photo.path, job.sends.long_edge) {
            Ok(bytes) => bytes,
            Err(error) => return Ok(failed(job, error.problem(), Charge::No)),
        };
        let key = keys::of_bytes(format!("{} {index}", job.id).as_bytes());
        if let Err(error) = small_files::write_bytes(&critiques::copy_path(&core.folders.data, &key), &bytes) {
            return Err(Fault::Here(cannot_keep(&error)));
        }
        job.photos[index].copy = Some(SentCopy { key, bytes: bytes.len() as u64, sha256: sha256(&bytes) });
    }
    job.step = Step::Upload;
    Ok(job)
}

/// The copy of a photo that is sent.
pub(super) fn copy_of(core: &Core, path: &Path, long_edge: u32) -> Result<Vec<u8>, PhotoError> {
    pretty_photo::copy_without_metadata(path, long_edge.max(1), QUALITY, &core.limits)
}

/// The words about the camera that go along.
pub(super) fn camera_of(core: &Core, kind: JobKind, photos: &[&Path]) -> Option<String> {
    match (kind, photos) {
        (JobKind::Critique, [photo]) => pretty_photo::camera_settings(photo, &core.limits),
        _ => None,
    }
}

fn submit(core: &Core, mut job: Outgoing) -> Result<Outgoing, Fault> {
    let before = job.clone();
    let Some(photos) = job.photos.iter().map(|photo| photo.photo_id.clone()).collect::<Option<Vec<_>>>() else {
        job.step = Step::Upload;
        return Ok(job);
    };
    if !job.may_exist {
        // Written before it is asked for: whoever stops it then knows that there may be one.
        job.may_exist = true;
        worker::commit(core, &before, job.clone());
        if worker::is_stopped(core, &job.id) {
            job.step = Step::Cancel;
            return Ok(job);
        }
    }
    match ask_for(core, &job, photos) {
        Ok(taken) => heard(core, job, taken),
        Err(fault) => refused(core, &before, job, fault),
    }
}

fn ask_for(core: &Core, job: &Outgoing, photos: Vec<String>) -> Result<Job, Fault> {
    let wanted =
        NewJob { kind: job.kind, photos, variant: job.variant.clone(), options: job.options.clone(), price: job.price };
    core.link.send(Call::new(Method::POST, "/v1/jobs", sync::WHY).json(&wanted).key(job.submission_key()))
}

/// The service does not take the job: nothing was charged, unless it took it when it was asked before and the answer was lost.
fn refused(core: &Core, before: &Outgoing, mut job: Outgoing, fault: Fault) -> Result<Outgoing, Fault> {
    job.step = match fault.code() {
        Some(ServiceCode::PriceChanged) => {
            let quote = quote(core, &job)?;
            if quote.each == job.price {
                // It changed back while we asked.
                job.attempt += 1;
                Step::Submit
            } else {
                Step::PriceChanged { price: quote.each }
            }
        }
        Some(ServiceCode::NotEnoughCredits) => Step::TooFewCredits { available: quote(core, &job)?.available },
        Some(ServiceCode::PolicyNotAccepted) => Step::Policy,
        Some(ServiceCode::NotFound) => {
            // The copy was deleted before the job was asked for; it is sent again.
            for photo in &mut job.photos {
                (photo.upload, photo.photo_id) = (None, None);
                photo.upload_attempt += 1;
            }
            if job.photos.iter().any(|photo| photo.upload_attempt > 3) {
                return Ok(failed(job, fault.problem(), Charge::No));
            }
            job.attempt += 1;
            Step::Upload
        }
        Some(_) if !fault.passes() && !before.may_exist => {
            job.may_exist = false;
            return Ok(failed(job, fault.problem(), Charge::No));
        }
        _ => return Err(fault),
    };
    job.may_exist = false;
    Ok(job)
}

fn quote(core: &Core, job: &Outgoing) -> Result<Quote, Fault> {
    let mut photos = Vec::new();
    for photo in &job.photos {
        let key = photo.copy.as_ref().map(|copy| copy.key.as_str()).unwrap_or_default();
        let facts = pretty_photo::probe(&critiques::copy_path(&core.folders.data, key), &core.limits);
        photos.push(
            facts.map_or(PhotoSize { width: 1, height: 1 }, |facts| PhotoSize {
                width: facts.width,
                height: facts.height,
            }),
        );
    }
    let request = QuoteRequest { kind: job.kind, variant: job.variant.clone(), photos };
    core.link.send(Call::new(Method::POST, "/v1/quotes", sync::WHY).json(&request))
}

fn look(core: &Core, job: Outgoing) -> Result<Outgoing, Fault> {
    let Some(id) = job.service_id.clone() else {
        return Ok(Outgoing { step: Step::Submit, ..job });
    };
    match core.link.send::<Job>(Call::get(format!("/v1/jobs/{id}"), sync::WHY)) {
        Ok(found) => heard(core, job, found),
        Err(fault) if fault.is_gone() => Ok(no_longer_there(job)),
        Err(fault) => Err(fault),
    }
}

/// The service has forgotten the job. Whether it was done and paid for before that is known only if somebody said so.
fn no_longer_there(job: Outgoing) -> Outgoing {
    let message = "The service does not have this job any more. It was deleted on another device.";
    let problem = Problem { code: Code::NotThere, message: message.into(), retryable: false, detail: None };
    let charge = job.charge();
    failed(Outgoing { off_service: true, ..job }, problem, charge)
}

/// What the service says of a job, as the next step.
pub(super) fn heard(core: &Core, mut job: Outgoing, found: Job) -> Result<Outgoing, Fault> {
    job.service_id = Some(found.id.clone());
    job.charged |= found.charged || found.state == JobState::Succeeded;
    job.step = match (found.state, &found.result) {
        (JobState::Queued, _) => Step::Wait { running: false, progress: None },
        // A state that is not known is taken for one that goes on.
        (JobState::Running | JobState::Unknown, _) => Step::Wait { running: true, progress: found.progress },
        (JobState::Failed, _) => {
            let fault = found.fault.as_ref();
            let why = fault.map_or("The service could not do it.", |fault| fault.message.as_str());
            let (charge, paid) = match found.charged {
                true => (Charge::Yes, "It was charged all the same."),
                false => (Charge::No, "Nothing was charged."),
            };
            let problem = Problem {
                code: Code::JobFailed,
                message: format!("{why} {paid}"),
                retryable: true,
                detail: fault.map(|fault| fault.code.clone()),
            };
            Step::Failed { problem, charge }
        }
        (JobState::Cancelled, _) => Step::Cancelled,
        (JobState::Succeeded, Some(JobResult::Enhance { bytes, sha256, .. })) => {
            Step::Fetch { bytes: *bytes, sha256: sha256.clone() }
        }
        (JobState::Succeeded, Some(JobResult::Critique { .. } | JobResult::Compare { .. })) => {
            critiques::learn(core, &found, Some(&job)).map_err(|error| Fault::Here(error.into()))?;
            let id = found.id.clone();
            let compared = job.kind == JobKind::Compare;
            Step::Done { result: if compared { ProResult::Compared { id } } else { ProResult::Critique { id } } }
        }
        (JobState::Succeeded, _) => {
            let problem = Fault::NotUnderstood("a result of a kind that is not known".into()).problem();
            Step::Failed { problem, charge: Charge::Yes }
        }
    };
    Ok(job)
}

/// Tells the service that the person stopped it. What the service has finished meanwhile is kept: it is paid for.
fn cancel(core: &Core, mut job: Outgoing) -> Result<Outgoing, Fault> {
    if job.service_id.is_none() && job.may_exist {
        // Killed while it was asked for: with the same key, asking again only tells its id.
        let photos: Vec<String> = job.photos.iter().filter_map(|photo| photo.photo_id.clone()).collect();
        match ask_for(core, &job, photos) {
            Ok(found) => job.service_id = Some(found.id),
            Err(fault) if fault.passes() => return Err(fault),
            Err(_) => {}
        }
    }
    if let Some(id) = job.service_id.clone() {
        let stopped = core.link.send::<Job>(
            Call::new(Method::POST, format!("/v1/jobs/{id}/cancel"), sync::WHY)
                .key(format!("{}-cancel", job.submission_key())),
        );
        match stopped {
            Ok(found) if !matches!(found.state, JobState::Queued | JobState::Running | JobState::Unknown) => {
                return heard(core, job, found);
            }
            // It is being stopped.
            Ok(_) => return look_until_stopped(core, job),
            // It is over already, one way or the other.
            Err(fault) if fault.code() == Some(ServiceCode::Conflict) => return look(core, job),
            Err(fault) if fault.is_gone() => return Ok(no_longer_there(job)),
            Err(fault) => return Err(fault),
        }
    } else {
        forget_copies(core, &job)?;
    }
    job.step = Step::Cancelled;
    Ok(job)
}

fn look_until_stopped(core: &Core, job: Outgoing) -> Result<Outgoing, Fault> {
    let looked = look(core, job)?;
    if looked.step.has_ended() || matches!(looked.step, Step::Fetch { .. }) {
        return Ok(looked);
    }
    Err(Fault::Unreachable("the service is still stopping it".into()))
}

/// Copies for a job that will never be: the service deletes them.
fn forget_copies(core: &Core, job: &Outgoing) -> Result<(), Fault> {
    for id in job.photos.iter().filter_map(|photo| photo.photo_id.as_deref()) {
        deleting::photo(core, id)?;
    }
    Ok(())
}

pub(super) fn failed(mut job: Outgoing, problem: Problem, charge: Charge) -> Outgoing {
    job.step = Step::Failed { problem, charge };
    job
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn cannot_keep(error: &std::io::Error) -> Problem {
    let full = error.kind() == std::io::ErrorKind::StorageFull;
    let (code, message) = if full {
        (Code::DiskFull, "The disk is full. Make room; the job goes on by itself then.")
    } else {
        (
            Code::TargetFailed,
            "The program\u{2019}s own folder cannot be written to. The job goes on when that works again.",
        )
    };
    Problem { code, message: message.into(), retryable: true, detail: Some(error.to_string()) }
}
