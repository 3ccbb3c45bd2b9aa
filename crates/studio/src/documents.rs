//! Documents that the person has the program write to a place of their choice. A save dialogue can name any file there is; what gets written over
//! is only an older document of the same kind, and never a photo on the list. Results of photos are not written here but by `pretty-photo`.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use pretty_contract::export::Collision;
use pretty_contract::problem::{Code, Problem};
use pretty_photo::save::{Kept, PendingResult};

use crate::core::Core;

/// The most that is read of a file to see what it is.
const LOOK: u64 = 1 << 20;

/// A kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Markdown,
    Pdf,
    /// Comma-separated values.
    Csv,
}

impl Kind {
    fn ending(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Pdf => "pdf",
            Self::Csv => "csv",
        }
    }

    /// Whether what is there could be one. Where one is text, any text is.
    fn is_in(self, path: &Path) -> bool {
        let mut start = Vec::new();
        let read = File::open(path).and_then(|file| file.take(LOOK).read_to_end(&mut start));
        if read.is_err() {
            return false;
        }
        match self {
            Self::Pdf => start.starts_with(b"%PDF-"),
            Self::Markdown | Self::Csv => {
                let text = match std::str::from_utf8(&start) {
                    Ok(text) => text,
                    // Only cut off where the look ended.
                    Err(error) if error.error_len().is_none() => {
                        std::str::from_utf8(&start[..error.valid_up_to()]).unwrap_or("\0")
                    }
                    Err(_) => return false,
                };
                text.chars().all(|letter| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t'))
            }
        }
    }
}

/// Writes a document: whole and synced, or not at all.
///
/// # Errors
/// The path is not one for such a document, something else is there, or the disk does not take it.
pub(crate) fn save(core: &Core, kind: Kind, path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    let refused = |message: String| Problem { code: Code::TargetFailed, message, retryable: false, detail: None };
    let fits = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(kind.ending()));
    let (true, Some(folder), Some(name)) = (fits, path.parent(), path.file_name()) else {
        return Err(refused(format!("Nothing was saved. Choose a name that ends in .{}.", kind.ending())));
    };
    if path.symlink_metadata().is_ok() {
        let is_photo = path.canonicalize().is_ok_and(|there| core.lock().photos.knows(&there));
        if is_photo || !path.is_file() || !kind.is_in(path) {
            return Err(refused(format!(
                "\u{201c}{}\u{201d} is something else than such a document and was left as it is. Choose another name.",
                path.display()
            )));
        }
    }
    let failed = |code, detail: String| Problem {
        code,
        message: format!("\u{201c}{}\u{201d} could not be saved. Choose another place.", path.display()),
        retryable: true,
        detail: Some(detail),
    };
    let mut pending = PendingResult::create(folder).map_err(|error| failed(error.problem().code, error.to_string()))?;
    pending.file().write_all(bytes).map_err(|error| {
        let full = error.kind() == std::io::ErrorKind::StorageFull;
        failed(if full { Code::DiskFull } else { Code::TargetFailed }, error.to_string())
    })?;
    // There is no one original to protect: all photos were looked at above.
    let put = pending.commit(name, Collision::Overwrite, Path::new(""), &Kept::default());
    put.map(|_| ()).map_err(|error| failed(error.problem().code, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_document_is_told_from_what_could_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let long = format!("{}\u{e9}", "a".repeat(LOOK as usize - 1));
        let cases: [(&[u8], bool, bool); 6] = [
            (b"%PDF-1.7\n\xff\xfe", true, false),
            (b"# Notes\n\tin a list\r\n", false, true),
            (b"", false, true),
            (b"\xff\xd8\xff\xe0 JFIF", false, false),
            (b"text\0", false, false),
            (long.as_bytes(), false, true),
        ];
        for (bytes, pdf, text) in cases {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(
                (Kind::Pdf.is_in(&path), Kind::Markdown.is_in(&path)),
                (pdf, text),
                "{:?}",
                &bytes[..bytes.len().min(9)]
            );
        }
        assert!(!Kind::Csv.is_in(&folder.path().join("none")));
    }
}
