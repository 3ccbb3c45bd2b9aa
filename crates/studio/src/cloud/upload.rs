//! Copies on their way up, in pieces. Broken off at any byte, it goes on from where the service says it is.

use std::time::Duration;

use pretty_contract::sent::SentWhat;
use pretty_contract::service::error::ServiceCode;
use pretty_contract::service::jobs::{JobKind, NewUpload, Upload};
use reqwest::Method;

use super::outbox::{Outgoing, Step};
use super::{critiques, steps, worker};
use crate::core::Core;
use crate::service::{Call, Fault};
use crate::store::sent::Leaving;
use crate::sync;

/// Bytes of a piece.
const PIECE: usize = 256 << 10;

/// Sends the copies of a job that have not arrived.
pub(super) fn take(core: &Core, mut job: Outgoing) -> Result<Outgoing, Fault> {
    let whole: u64 = job.photos.iter().filter_map(|photo| photo.copy.as_ref()).map(|copy| copy.bytes).sum();
    let mut before = 0;
    for index in 0..job.photos.len() {
        let Some(copy) = job.photos[index].copy.clone() else {
            job.step = Step::Prepare;
            return Ok(job);
        };
        if job.photos[index].photo_id.is_none() {
            let bytes = match std::fs::read(critiques::copy_path(&core.folders.data, &copy.key)) {
                Ok(bytes) if steps::sha256(&bytes) == copy.sha256 => bytes,
                // Somebody deleted or changed it: it is made again.
                _ => {
                    job.photos[index].copy = None;
                    job.photos[index].upload = None;
                    job.photos[index].upload_attempt += 1;
                    job.step = Step::Prepare;
                    return Ok(job);
                }
            };
            let progress = |sent: u64| worker::report(core, &job.id, (before + sent) as f32 / whole.max(1) as f32);
            match send(core, &job, index, &bytes, &progress) {
                Ok(Some(photo_id)) => {
                    let cause = job.upload_key(index);
                    core.link.store.arrived(&cause, &photo_id).map_err(|error| Fault::Here(error.into()))?;
                    job.photos[index].photo_id = Some(photo_id);
                }
                Ok(None) => return Ok(job),
                Err(fault) if fault.code() == Some(ServiceCode::NotFound) && job.photos[index].upload_attempt < 3 => {
                    // The service has forgotten what was begun.
                    job.photos[index].upload_attempt += 1;
                    return Ok(job);
                }
                Err(fault) => return Err(fault),
            }
        }
        before += copy.bytes;
    }
    job.step = Step::Submit;
    Ok(job)
}

/// Sends one copy and gives the service's id of the photo; nothing when the person stopped the job.
fn send(
    core: &Core,
    job: &Outgoing,
    index: usize,
    bytes: &[u8],
    progress: &dyn Fn(u64),
) -> Result<Option<String>, Fault> {
    let key = job.upload_key(index);
    let new = NewUpload { bytes: bytes.len() as u64, sha256: steps::sha256(bytes), media_type: "image/jpeg".into() };
    let begin = Call::new(Method::POST, "/v1/uploads", sync::WHY).json(&new).key(key.clone());
    // With the same key this is the same upload, and its answer says how far it is.
    let mut upload: Upload = core.link.send(begin)?;
    let mut stuck = 0;
    loop {
        if let Some(photo) = upload.photo_id {
            progress(new.bytes);
            return Ok(Some(photo));
        }
        if worker::is_stopped(core, &job.id) {
            return Ok(None);
        }
        let from = usize::try_from(upload.offset).unwrap_or(usize::MAX).min(bytes.len());
        // Nothing is left of a photo whose last piece arrived without being looked at; an empty piece has it looked at.
        let piece = &bytes[from..bytes.len().min(from + PIECE)];
        let path = format!("/v1/uploads/{}", upload.id);
        let call = Call {
            body: piece.to_vec(),
            media_type: Some("application/offset+octet-stream"),
            leaving: leaving(job, index, &key),
            patience: Duration::from_secs(120),
            ..Call::new(Method::PATCH, path.clone(), sync::WHY)
        };
        let sent = core.link.send::<Upload>(call.header("Upload-Offset", upload.offset.to_string()));
        let offset = upload.offset;
        upload = match sent {
            Ok(upload) => upload,
            // It has more or less of it than was thought here.
            Err(fault) if fault.code() == Some(ServiceCode::Conflict) => core.link.send(Call::get(path, sync::WHY))?,
            Err(fault) => return Err(fault),
        };
        stuck = if upload.offset == offset { stuck + 1 } else { 0 };
        if stuck > 5 {
            return Err(Fault::NotUnderstood("the upload does not move".into()));
        }
        progress(upload.offset);
    }
}

/// What was taken out of a copy. A critic is told focal length, aperture, time and ISO, beside the copy.
pub(super) fn stripped(kind: JobKind) -> [&'static str; 4] {
    let camera = match kind {
        JobKind::Critique => "all camera data but focal length, aperture, time and ISO",
        JobKind::Enhance | JobKind::Compare | JobKind::Unknown => "camera data",
    };
    ["location", camera, "file name", "all other metadata"]
}

fn leaving(job: &Outgoing, index: usize, cause: &str) -> Leaving {
    let why = match job.kind {
        JobKind::Critique => "Critique",
        JobKind::Enhance => "Enhance in the cloud",
        JobKind::Compare => "Compare",
        JobKind::Unknown => "Pro job",
    };
    Leaving {
        what: SentWhat::Photo,
        name: job.photos[index].name.clone(),
        why: why.to_owned(),
        to: job.sends.to.clone(),
        bytes: 0,
        stripped: stripped(job.kind).map(str::to_owned).to_vec(),
        cause: Some(cause.to_owned()),
    }
}
