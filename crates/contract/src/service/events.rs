//! What the service says by itself: that something changed, never what. Whoever hears it fetches the thing.

use serde::{Deserialize, Serialize};

/// The data of a message of `GET /v1/events`. Its id is the sequence number: `Last-Event-ID` goes on from there. A message of the type `reset`
/// says that the number is too old and all must be fetched anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Change {
    /// Grows with every change of this person's things.
    pub seq: i64,
    /// What changed.
    pub kind: ChangeKind,
    /// Which, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// The account, its credits, plan or devices.
    Account,
    /// The balance.
    Credits,
    /// An order.
    Order,
    /// A job.
    Job,
    /// The privacy policy.
    Policy,
    /// An export of the person's data.
    Export,
    /// One that this program does not know.
    #[serde(other)]
    Unknown,
}
