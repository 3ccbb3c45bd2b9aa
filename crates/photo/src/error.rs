//! What can go wrong with a file: who is at fault, what was tried, what one can do.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use pretty_contract::problem::{Code, Problem};

/// What can go wrong with a file. Every message names the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum PhotoError {
    /// There is no such file.
    #[error("There is no file \u{201c}{}\u{201d}. Check the name, or whether the disk it is on is connected.", .path.display())]
    Missing {
        /// Which file.
        path: PathBuf,
    },
    /// The path names a folder.
    #[error("\u{201c}{}\u{201d} is a folder, not a photo. Choose the photos in it.", .path.display())]
    Folder {
        /// Which folder.
        path: PathBuf,
    },
    /// The file may not be read, or reading it failed.
    #[error("\u{201c}{}\u{201d} cannot be read ({source}). Check that you may open it and that its disk is well.", .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file has no bytes.
    #[error("\u{201c}{}\u{201d} is empty. Copy it again from where it came.", .path.display())]
    Empty {
        /// Which file.
        path: PathBuf,
    },
    /// The file is in no format that is known.
    #[error("\u{201c}{}\u{201d} is not a photo in a format this program knows (JPEG, PNG, WebP, TIFF, BMP, GIF).", .path.display())]
    NotAPhoto {
        /// Which file.
        path: PathBuf,
    },
    /// The file breaks off before its picture does.
    #[error("\u{201c}{}\u{201d} ends early: a part of the picture is missing. Copy it again from where it came.", .path.display())]
    EndsEarly {
        /// Which file.
        path: PathBuf,
    },
    /// The file breaks the rules of its format.
    #[error("\u{201c}{}\u{201d} is damaged: {what}. Copy it again from where it came.", .path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong, as the end of a sentence.
        what: String,
        /// What the decoder said, where one did.
        detail: Option<String>,
    },
    /// Beyond the limits.
    #[error("\u{201c}{}\u{201d} is too large: {limit}. Make it smaller first.", .path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// Its size and the limit.
        limit: String,
    },
    /// A known format, or a kind of picture inside one, that cannot be read yet.
    #[error("\u{201c}{}\u{201d} is {what}, which this program cannot read yet. Save it as JPEG, PNG or TIFF first.", .path.display())]
    Unsupported {
        /// Which file.
        path: PathBuf,
        /// What it is ("a HEIC photo").
        what: String,
    },
    /// The picture does not fit into memory.
    #[error("There is not enough memory for \u{201c}{}\u{201d} ({bytes} bytes were asked for). Close other programs and try again.", .path.display())]
    OutOfMemory {
        /// Which file.
        path: PathBuf,
        /// How much was asked for.
        bytes: u64,
    },
    /// The result's format cannot hold the result.
    #[error("The result cannot be written as {format}: {what}. Choose another format.")]
    FormatCannotHold {
        /// The format's name.
        format: &'static str,
        /// Why, as the end of a sentence.
        what: String,
    },
    /// The folder for results may not be written to.
    #[error("\u{201c}{}\u{201d} cannot be written to: it is read-only. Choose another folder for results.", .path.display())]
    TargetReadOnly {
        /// Which folder.
        path: PathBuf,
    },
    /// No room.
    #[error("The disk with \u{201c}{}\u{201d} is full. Make room on it, or choose another folder for results.", .path.display())]
    DiskFull {
        /// Which folder.
        path: PathBuf,
    },
    /// The folder for results is gone.
    #[error("The folder \u{201c}{}\u{201d} is not there any more. Choose another folder for results.", .path.display())]
    TargetMissing {
        /// Which folder.
        path: PathBuf,
    },
    /// Writing failed in another way.
    #[error("Writing to \u{201c}{}\u{201d} failed ({source}). Choose another folder for results.", .path.display())]
    TargetFailed {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The result would have replaced the photo itself.
    #[error("\u{201c}{}\u{201d} is the photo itself, which is never written to. Choose another name or folder for the result.", .path.display())]
    IsTheOriginal {
        /// Which file.
        path: PathBuf,
    },
    /// The result, read back, is not what was sent.
    #[error(
        "The result was not saved: read back from the disk, {what}. Try again; if it happens twice, check the disk."
    )]
    ResultRefused {
        /// What differs, as the end of a sentence.
        what: String,
    },
    /// A fault in this program.
    #[error("A fault in this program: {what}.")]
    Internal {
        /// What happened.
        what: String,
    },
}

impl PhotoError {
    /// The code that programs branch on.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Missing { .. } => Code::FileMissing,
            Self::Unreadable { .. } => Code::FileUnreadable,
            Self::Empty { .. } => Code::FileEmpty,
            Self::Folder { .. } | Self::NotAPhoto { .. } => Code::NotAPhoto,
            Self::EndsEarly { .. } | Self::Damaged { .. } => Code::FileDamaged,
            Self::TooLarge { .. } | Self::FormatCannotHold { .. } => Code::TooLarge,
            Self::Unsupported { .. } => Code::UnsupportedPhoto,
            Self::OutOfMemory { .. } => Code::OutOfMemory,
            Self::TargetReadOnly { .. } => Code::TargetReadOnly,
            Self::DiskFull { .. } => Code::DiskFull,
            Self::TargetMissing { .. } | Self::TargetFailed { .. } | Self::IsTheOriginal { .. } => Code::TargetFailed,
            Self::ResultRefused { .. } => Code::ResultRefused,
            Self::Internal { .. } => Code::Internal,
        }
    }

    /// The error as it crosses a border.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let retryable = matches!(
            self,
            Self::Unreadable { .. }
                | Self::OutOfMemory { .. }
                | Self::DiskFull { .. }
                | Self::TargetFailed { .. }
                | Self::TargetMissing { .. }
                | Self::ResultRefused { .. }
        );
        let detail = match self {
            Self::Damaged { detail, .. } => detail.clone(),
            _ => None,
        };
        Problem { code: self.code(), message: self.to_string(), retryable, detail }
    }

    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_path_buf(), what: what.into(), detail: None }
    }

    /// From what a decoder said, which is for reports rather than for people.
    pub(crate) fn undecodable(path: &Path, detail: &str) -> Self {
        let detail = Some(detail.trim().trim_matches('"').to_owned());
        Self::Damaged {
            path: path.to_path_buf(),
            what: "its data makes no sense from some point on".to_owned(),
            detail,
        }
    }

    pub(crate) fn ends_early(path: &Path) -> Self {
        Self::EndsEarly { path: path.to_path_buf() }
    }

    pub(crate) fn unsupported(path: &Path, what: impl Into<String>) -> Self {
        Self::Unsupported { path: path.to_path_buf(), what: what.into() }
    }

    /// From an error while opening or reading a photo.
    pub(crate) fn reading(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Self::Missing { path },
            ErrorKind::IsADirectory => Self::Folder { path },
            ErrorKind::UnexpectedEof => Self::EndsEarly { path },
            _ => Self::Unreadable { path, source },
        }
    }

    /// From an error while creating, writing or renaming in `path`, which may be the folder or a file in it.
    pub(crate) fn writing(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Self::TargetReadOnly { path },
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Self::DiskFull { path },
            ErrorKind::NotFound | ErrorKind::NotADirectory => Self::TargetMissing { path },
            _ => Self::TargetFailed { path, source },
        }
    }

    /// The same error, naming `path` where writing went through a bare file handle.
    #[must_use]
    pub fn at(self, folder: &Path) -> Self {
        let path = folder.to_path_buf();
        match self {
            Self::TargetReadOnly { path: old } if old.as_os_str().is_empty() => Self::TargetReadOnly { path },
            Self::DiskFull { path: old } if old.as_os_str().is_empty() => Self::DiskFull { path },
            Self::TargetMissing { path: old } if old.as_os_str().is_empty() => Self::TargetMissing { path },
            Self::TargetFailed { path: old, source } if old.as_os_str().is_empty() => {
                Self::TargetFailed { path, source }
            }
            other => other,
        }
    }
}
