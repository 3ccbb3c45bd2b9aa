//! The child's side: takes limits upon itself, reads one file, does one errand, says what came of it, ends.

use super::errand::{Answer, Errand, Head, READY, read_head, write_head};
use crate::photos::pixels::{self, PixelError, Seen, Written};
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

/// Does one errand, told on standard input and answered on standard output. The present folder is its own.
pub fn work() -> ExitCode {
    match errand() {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever sent it hears nothing more, and knows what that means.
        Err(_) => ExitCode::FAILURE,
    }
}

fn errand() -> io::Result<()> {
    let mut stdin = io::stdin().lock();
    let mut stdout = io::stdout().lock();
    let head: Head = read_head(&mut stdin)?;
    limit(&head)?;
    stdout.write_all(&READY)?;
    stdout.flush()?;
    let mut file = Vec::new();
    stdin.take(head.bytes).read_to_end(&mut file)?;
    if file.len() as u64 != head.bytes {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let (folder, limits) = (Path::new("."), head.limits());
    let done = match &head.errand {
        Errand::Develop { media_type } => pixels::develop(&file, media_type, folder, &limits).map(Done::Written),
        Errand::Copy { fit, quality } => pixels::copy(&file, *fit, *quality, folder, &limits).map(Done::Written),
        Errand::LookAtForeign => pixels::foreign(&file, folder, &limits).map(Done::Seen),
        Errand::LookAtStored => pixels::seen(&file, folder, &limits).map(Done::Seen),
    };
    match done {
        Ok(Done::Written(Written { bytes, width, height, media_type })) => {
            let media_type = media_type.to_owned();
            write_head(&mut stdout, &Answer::Written { bytes: bytes.len() as u64, width, height, media_type })?;
            stdout.write_all(&bytes)?;
        }
        Ok(Done::Seen(Seen { width, height, media_type, sketch })) => {
            write_head(&mut stdout, &Answer::Seen { width, height, media_type: media_type.to_owned(), sketch })?;
        }
        Err(PixelError::Refused(why)) => write_head(&mut stdout, &Answer::Refused(why))?,
        Err(PixelError::Fault(fault)) => write_head(&mut stdout, &Answer::Fault(fault))?,
    }
    stdout.flush()
}

enum Done {
    Written(Written),
    Seen(Seen),
}

/// Memory, time, size and number of files, each of which the system ends the process over; and no picture of its memory is left then.
#[cfg(target_os = "linux")]
fn limit(head: &Head) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    // Its files are the photo, and what is written anew from it.
    let files = head.limits().max_picture_bytes.saturating_add(head.bytes);
    for (resource, most) in [
        (Resource::Data, head.memory),
        // Of all cores together: what its sender does not end because it is gone itself ends by this.
        (Resource::Cpu, head.seconds.saturating_mul(8).max(1)),
        (Resource::Fsize, files),
        (Resource::Nofile, 64),
        (Resource::Core, 0),
    ] {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}

/// Other systems are for trying the service only: there the time limit and the separate process have to do.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "the same on all systems")]
fn limit(_head: &Head) -> io::Result<()> {
    Ok(())
}
