//! What goes between this process and its child: a head and a file in, a word that the limits stand, then a head and perhaps a file out. And how a
//! child is sent.

use super::MODE;
use crate::photos::pixels::{Fit, MEDIA_TYPES, PixelError, Seen, Written};
use crate::photos::sketch::Sketch;
use pretty_photo::Limits;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// A head is no longer.
const LONGEST_HEAD: u32 = 1 << 16;
/// What a child says before it looks at the file: from here on it is the file's fault when it dies.
pub(super) const READY: [u8; 4] = *b"edge";

/// What is to be done with a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Errand {
    /// Take it in.
    Develop {
        /// What it was announced as.
        media_type: String,
    },
    /// Make a smaller copy.
    Copy {
        /// How small.
        fit: Fit,
        /// Of the JPEG.
        quality: u8,
    },
    /// Look at one that somebody else made.
    LookAtForeign,
    /// Look at one that was written here.
    LookAtStored,
}

/// What a child is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) errand: Errand,
    /// Bytes of the file.
    pub(super) bytes: u64,
    /// Bytes of memory.
    pub(super) memory: u64,
    /// Seconds until it is ended, if it has not ended itself.
    pub(super) seconds: u64,
    max_side: u32,
    max_pixels: u64,
    max_file_bytes: u64,
    max_picture_bytes: u64,
    max_metadata_bytes: usize,
}

impl Head {
    pub(super) fn new(errand: Errand, limits: Limits, bytes: u64, memory: u64, patience: Duration) -> Self {
        let Limits { max_side, max_pixels, max_file_bytes, max_picture_bytes, max_metadata_bytes } = limits;
        let seconds = patience.as_secs();
        Self {
            errand,
            bytes,
            memory,
            seconds,
            max_side,
            max_pixels,
            max_file_bytes,
            max_picture_bytes,
            max_metadata_bytes,
        }
    }

    pub(super) fn limits(&self) -> Limits {
        let Self { max_side, max_pixels, max_file_bytes, max_picture_bytes, max_metadata_bytes, .. } = *self;
        Limits { max_side, max_pixels, max_file_bytes, max_picture_bytes, max_metadata_bytes }
    }

    /// The largest answer that can come: what is written is never larger than the picture in memory and some.
    fn most(&self) -> u64 {
        self.max_picture_bytes.saturating_add(1 << 20)
    }
}

/// What a child answers, as a head; a file that it wrote comes after it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Written { bytes: u64, width: u32, height: u32, media_type: String },
    Seen { width: u32, height: u32, media_type: String, sketch: Sketch },
    Refused(String),
    Fault(String),
}

/// The same, whole.
pub(super) enum Reply {
    Written(Written),
    Seen(Seen),
}

impl Reply {
    pub(super) fn written(self) -> Result<Written, PixelError> {
        match self {
            Self::Written(written) => Ok(written),
            Self::Seen(_) => Err(odd()),
        }
    }

    pub(super) fn seen(self) -> Result<Seen, PixelError> {
        match self {
            Self::Seen(seen) => Ok(seen),
            Self::Written(_) => Err(odd()),
        }
    }
}

fn odd() -> PixelError {
    PixelError::Fault("the answer of the process that decodes makes no sense".to_owned())
}

/// Writes a head with its length before it.
pub(super) fn write_head(out: &mut impl Write, head: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_vec(head)?;
    let length = u32::try_from(text.len()).map_err(io::Error::other)?;
    out.write_all(&length.to_be_bytes())?;
    out.write_all(&text)
}

/// Reads one.
pub(super) fn read_head<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<T> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length);
    if length > LONGEST_HEAD {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut text = vec![0; length as usize];
    from.read_exact(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

/// Sends a child and waits for what it brings, no longer than it may take.
pub(super) fn run(program: &Path, folder: &Path, head: &Head, file: &[u8]) -> Result<Reply, PixelError> {
    // Its files go with the folder, also when it is ended in the middle.
    let scratch = tempfile::tempdir_in(folder)?;
    let mut child = Command::new(program)
        .arg(MODE)
        .env_clear()
        .current_dir(scratch.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|fault| PixelError::Fault(format!("{} cannot be started: {fault}", program.display())))?;
    let (Some(mut stdin), Some(mut stdout)) = (child.stdin.take(), child.stdout.take()) else { return Err(odd()) };
    let (over, ended) = channel::<()>();
    let (ready, answered) = std::thread::scope(|scope| {
        scope.spawn(move || {
            // One that dies, or refuses the file before it has read it, does not take it: what it says counts.
            let _ = write_head(&mut stdin, head).and_then(|()| stdin.write_all(file));
        });
        let child = &mut child;
        scope.spawn(move || {
            if ended.recv_timeout(Duration::from_secs(head.seconds)) == Err(RecvTimeoutError::Timeout) {
                let _ = child.kill();
            }
        });
        let mut word = [0; 4];
        let ready = stdout.read_exact(&mut word).is_ok() && word == READY;
        let answered = if ready { answer(&mut stdout, head.most()) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        // What it still has to say nobody hears.
        drop(stdout);
        drop(over);
        (ready, answered)
    });
    let _ = child.kill();
    let status = child.wait()?;
    match answered {
        Ok(answer) => answer,
        Err(error) if ready => {
            tracing::warn!(%status, %error, "the process that decodes a photo did not end well");
            Err(PixelError::Refused("The photo cannot be read: it takes too much memory or time.".to_owned()))
        }
        Err(error) => {
            Err(PixelError::Fault(format!("the process that decodes photos did not begin ({status}): {error}")))
        }
    }
}

/// What a child says, and the file that it wrote.
fn answer(from: &mut impl Read, most: u64) -> io::Result<Result<Reply, PixelError>> {
    let known = |said: &str| MEDIA_TYPES.into_iter().find(|known| *known == said).ok_or(io::ErrorKind::InvalidData);
    Ok(match read_head(from)? {
        Answer::Written { bytes, width, height, media_type } => {
            if bytes > most {
                return Err(io::ErrorKind::InvalidData.into());
            }
            let mut file = Vec::new();
            from.take(bytes).read_to_end(&mut file)?;
            if file.len() as u64 != bytes {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Ok(Reply::Written(Written { bytes: file, width, height, media_type: known(&media_type)? }))
        }
        Answer::Seen { width, height, media_type, sketch } => {
            Ok(Reply::Seen(Seen { width, height, media_type: known(&media_type)?, sketch }))
        }
        Answer::Refused(why) => Err(PixelError::Refused(why)),
        Answer::Fault(fault) => Err(PixelError::Fault(fault)),
    })
}
