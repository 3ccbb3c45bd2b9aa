//! A result on its way down: to a temporary file, checked byte by byte, opened as a photo, and put in place in one step.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use pretty_contract::cloud::{Charge, ProResult};
use pretty_contract::export::Format;
use pretty_contract::photo::ResultFile;
use pretty_contract::problem::{Code, Problem};
use pretty_photo::save::{PendingResult, Saved};
use pretty_photo::{PhotoError, names};
use sha2::{Digest, Sha256};

use super::outbox::{Outgoing, Step};
use super::steps::{cannot_keep, failed};
use super::worker;
use crate::core::Core;
use crate::keys;
use crate::service::{Call, Fault};
use crate::sync;

/// The most bytes of a result.
const MOST: u64 = 2 << 30;

/// Fetches, checks and saves the result of a job.
pub(super) fn take(core: &Core, mut job: Outgoing, bytes: u64, sha256: &str) -> Result<Outgoing, Fault> {
    let part = core.folders.data.join("arriving").join(format!("{}.part", keys::of_bytes(job.id.as_bytes())));
    if bytes == 0 || bytes > MOST {
        return Ok(failed(job, not_whole("its size cannot be meant"), Charge::Yes));
    }
    match download(core, &job, &part, bytes) {
        Ok(true) => {}
        Ok(false) => return Ok(job),
        Err(fault) if fault.is_gone() => return Ok(failed(job, gone(), Charge::Yes)),
        Err(fault) => return Err(fault),
    }
    match hash(&part) {
        Ok(found) if found.eq_ignore_ascii_case(sha256) => {}
        Ok(_) => {
            let _ = std::fs::remove_file(&part);
            return Ok(failed(job, not_whole("its checksum is another one"), Charge::Yes));
        }
        Err(error) => return Err(Fault::Here(cannot_keep(&error))),
    }
    match place(core, &job, &part, sha256) {
        Ok(file) => {
            let _ = std::fs::remove_file(&part);
            job.step = Step::Done { result: ProResult::Enhanced { file } };
            Ok(job)
        }
        // It waits for room, as it does while the result is on its way.
        Err(error @ PhotoError::DiskFull { .. }) => Err(Fault::Here(error.problem())),
        Err(error) => Ok(failed(job, error.problem(), Charge::Yes)),
    }
}

/// Goes on where it was broken off. False when the person stopped it.
fn download(core: &Core, job: &Outgoing, part: &Path, bytes: u64) -> Result<bool, Fault> {
    let cannot = |error: std::io::Error| Fault::Here(cannot_keep(&error));
    if let Some(folder) = part.parent() {
        std::fs::create_dir_all(folder).map_err(cannot)?;
    }
    let mut file =
        OpenOptions::new().create(true).append(false).write(true).truncate(false).open(part).map_err(cannot)?;
    let mut have = file.metadata().map_err(cannot)?.len();
    if have > bytes {
        file.set_len(0).map_err(cannot)?;
        have = 0;
    }
    if have == bytes {
        return Ok(true);
    }
    let Some(id) = &job.service_id else { return Err(Fault::NotUnderstood("a result without a job".into())) };
    let mut call = Call::get(format!("/v1/jobs/{id}/result"), sync::WHY);
    if have > 0 {
        call = call.header("Range", format!("bytes={have}-"));
    }
    let mut stream = core.link.authorized(call, |service, call| service.stream(call))?;
    if stream.status != 206 {
        file.set_len(0).map_err(cannot)?;
        have = 0;
    }
    file.seek(SeekFrom::Start(have)).map_err(cannot)?;
    while let Some(piece) = stream.next() {
        let piece = piece?;
        have += piece.len() as u64;
        if have > bytes {
            drop(file);
            let _ = std::fs::remove_file(part);
            return Err(Fault::NotUnderstood("the result is longer than was said".into()));
        }
        file.write_all(&piece).map_err(cannot)?;
        worker::report(core, &job.id, have as f32 / bytes as f32);
        if core.has_stopped() {
            return Ok(false);
        }
    }
    file.sync_all().map_err(cannot)?;
    if have < bytes { Err(Fault::Unreachable("the result broke off".into())) } else { Ok(true) }
}

fn hash(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
        }
        hash.update(&piece[..read]);
    }
}

/// Opens it as a photo, then gives it a name beside the original, or where results go.
fn place(core: &Core, job: &Outgoing, part: &Path, sha256: &str) -> Result<ResultFile, PhotoError> {
    let photo = pretty_photo::decode(part, &core.limits)?;
    let original = job.photos.first().map(|photo| photo.path.clone()).unwrap_or_default();
    let beside = original.parent().map(Path::to_path_buf).unwrap_or_default();
    let folder = job.export.folder.as_ref().map_or(beside, PathBuf::from);
    let format = match photo.facts.source.writes() {
        Format::Tiff => Format::Png,
        format => format,
    };
    let name = names::result_name(&original, format);
    let path = match placed_before(&folder, Path::new(&name), sha256) {
        Some(path) => path,
        None => {
            let writing = |source| PhotoError::TargetFailed { path: folder.clone(), source };
            let mut pending = PendingResult::create(&folder)?;
            let mut from = File::open(part).map_err(writing)?;
            std::io::copy(&mut from, pending.file()).map_err(|source| {
                let full = source.kind() == std::io::ErrorKind::StorageFull;
                if full { PhotoError::DiskFull { path: folder.clone() } } else { writing(source) }
            })?;
            let kept = core.lock().photos.kept_beside(&original);
            match pending.commit(&name, job.export.collision, &original, &kept)? {
                Saved::Written { path, .. } | Saved::Skipped { path } => path,
            }
        }
    };
    let key = keys::of_file(&path, "result");
    core.lock().results.insert(key.clone(), path.clone());
    Ok(ResultFile {
        path: path.display().to_string(),
        width: photo.facts.width,
        height: photo.facts.height,
        bytes: std::fs::metadata(&path).map_or(0, |metadata| metadata.len()),
        seconds: 0.0,
        device: job.sends.to.clone(),
        notes: photo.notes,
        key,
    })
}

/// Killed between putting it in place and writing that down, it is there already.
fn placed_before(folder: &Path, name: &Path, sha256: &str) -> Option<PathBuf> {
    let first = folder.join(name);
    let numbered = (2..50).map(|number| folder.join(names::numbered(name, number)));
    std::iter::once(first)
        .chain(numbered)
        .take_while(|path| path.exists())
        .find(|path| hash(path).is_ok_and(|found| found.eq_ignore_ascii_case(sha256)))
}

fn gone() -> Problem {
    Problem {
        code: Code::NotThere,
        message: "The service does not have this result any more: it was deleted, or its time there is over.".into(),
        retryable: false,
        detail: None,
    }
}

fn not_whole(detail: &str) -> Problem {
    Problem {
        code: Code::ResultRefused,
        message: "The result arrived damaged and was not saved. Fetch it again; it is paid for and costs nothing more."
            .into(),
        retryable: true,
        detail: Some(detail.to_owned()),
    }
}
