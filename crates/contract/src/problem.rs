//! The one shape in which an error crosses a border, and the list of its codes.
//!
//! The same codes serve the window's commands and, later, HTTP. One table in the UI turns a code into words and actions;
//! `message` is a whole sentence that already names the file and what can be done, for the command line and for logs.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Who is at fault, as a program can act on it. A code is added only when someone branches on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// There is no such file or folder.
    FileMissing,
    /// The file may not be read.
    FileUnreadable,
    /// The file is empty.
    FileEmpty,
    /// Not a photo in a format that is known.
    NotAPhoto,
    /// The file is damaged, or ends early.
    FileDamaged,
    /// The picture is larger than the limits allow.
    TooLarge,
    /// A kind of picture inside a known format that cannot be read yet.
    UnsupportedPhoto,
    /// The recipe is not understood or out of range.
    RecipeInvalid,
    /// A model is not the one that the manifest names, or is missing.
    ModelRefused,
    /// ONNX Runtime's library is missing, too old or not loadable.
    RuntimeUnavailable,
    /// The device failed and no other could take over.
    DeviceFailed,
    /// Not enough memory.
    OutOfMemory,
    /// The result failed its checks and was not saved.
    ResultRefused,
    /// The target folder cannot be written to.
    TargetReadOnly,
    /// The disk is full.
    DiskFull,
    /// The target folder is gone, or another error while writing.
    TargetFailed,
    /// The person stopped it.
    Cancelled,
    /// Settings that are not understood.
    SettingsInvalid,
    /// The offline switch is on.
    Offline,
    /// Nobody is signed in.
    SignedOut,
    /// Signing in did not work: refused, too late, or a browser that did not come up.
    SignInFailed,
    /// The keychain is locked, silent or missing.
    KeychainUnavailable,
    /// The service does not answer.
    ServiceUnreachable,
    /// Something else answers in the service's place: a captive portal, a proxy, a certificate that is not right.
    ConnectionIntercepted,
    /// The service answers with what this program does not understand; it may be newer.
    ServiceNotUnderstood,
    /// The service has a fault of its own, or too much to do.
    ServiceFailed,
    /// The service refuses, for the reason given.
    ServiceRefused,
    /// There is no such thing at the service any more.
    NotThere,
    /// Too many attempts.
    RateLimited,
    /// The price is another one than was shown.
    PriceChanged,
    /// Fewer credits than are needed.
    NotEnoughCredits,
    /// It would go over the spending cap.
    OverCap,
    /// The person has yet to agree that photos go to this company.
    ConsentNeeded,
    /// The newest privacy policy must be accepted first.
    PolicyNotAccepted,
    /// A Pro job failed at the service; nothing was charged.
    JobFailed,
    /// A command or argument that does not exist: a fault in the program that asks.
    BadRequest,
    /// A fault in this program.
    Internal,
}

/// An error as it crosses a border.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Problem {
    /// What programs branch on.
    pub code: Code,
    /// A sentence for people: what happened, to which photo, what one can do.
    pub message: String,
    /// Whether trying the same again may help.
    pub retryable: bool,
    /// What was tried, for a report; never holds a token or a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub detail: Option<String>,
}
