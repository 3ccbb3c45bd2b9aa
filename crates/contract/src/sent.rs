//! The privacy ledger: a line for everything that ever left this computer, written before it leaves.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Part of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SentPage {
    /// The number of the last line that is known; the newest when absent.
    #[serde(default)]
    #[ts(optional, type = "number")]
    pub before: Option<i64>,
    /// At most so many, 1 to 500.
    pub limit: u32,
    /// Only what is shown under this heading; all when absent.
    #[serde(default)]
    #[ts(optional)]
    pub what: Option<SentWhat>,
}

/// Lines of the ledger, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SentLines {
    /// They.
    pub lines: Vec<SentLine>,
}

/// Something that left this computer. Written before it leaves, so that a line may stand for something that never arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SentLine {
    /// Its number; grows.
    #[ts(type = "number")]
    pub number: i64,
    /// When, microseconds since 1970.
    #[ts(type = "number")]
    pub at: i64,
    /// What.
    pub what: SentWhat,
    /// For people: a photo's file name (which itself did not leave), "Sign-in", "Account and jobs".
    pub name: String,
    /// For what.
    pub why: String,
    /// To whom, in the end ("Anthropic", "Our service").
    pub to: String,
    /// Bytes of what was sent: bodies, not the network's own.
    #[ts(type = "number")]
    pub bytes: u64,
    /// How often, for things that repeat (a day's questions about the account are one line).
    pub times: u32,
    /// What was taken out before it left ("location", "camera data", "file name"), for photos.
    pub stripped: Vec<String>,
    /// What has become of the copy.
    pub copy: SentCopy,
}

/// Under which heading it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SentWhat {
    /// A photo.
    Photo,
    /// The account: signing in, name, orders, questions about what is new.
    Account,
    /// Counts of use, where they were switched on.
    Usage,
}

/// What has become of the copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SentCopy {
    /// None is kept.
    None,
    /// It has not arrived, or not as a whole.
    NotArrived,
    /// The service keeps it: `delete_sent` deletes it.
    Kept,
    /// It was deleted.
    Deleted {
        /// When, microseconds since 1970.
        #[ts(type = "number")]
        at: i64,
    },
    /// Part of the account, and goes with it.
    PartOfAccount,
}

/// A line of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OneSent {
    /// Its number.
    #[ts(type = "number")]
    pub number: i64,
}

/// What came of deleting copies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DeletedCopies {
    /// Copies deleted.
    pub deleted: u32,
    /// Copies that could not be deleted now, with the reason.
    pub problems: Vec<crate::problem::Problem>,
}
