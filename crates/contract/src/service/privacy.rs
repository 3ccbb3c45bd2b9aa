//! A person's data: taking it away, deleting it, the policy, and the counts that only those send who switched them on.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// An archive of everything the service knows of a person, `POST /v1/account/exports`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Export {
    /// Id.
    pub id: String,
    /// How it stands.
    pub state: ExportState,
    /// Its size without the pictures, once it is made: those are put in while it is fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Where it is fetched, once, within seven days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<i64>,
}

/// How an export stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ExportState {
    /// Being made.
    Making,
    /// Can be fetched.
    Ready,
    /// Was fetched, or its time is over.
    Gone,
    /// Could not be made.
    Failed,
    /// One that this program does not know.
    #[serde(other)]
    Unknown,
}

/// `POST /v1/account/deletion`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DeletionRequest {
    /// What becomes of a running plan.
    pub subscription: SubscriptionEnd,
}

/// When a running plan ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionEnd {
    /// At once.
    Now,
    /// With the time that was paid for.
    PeriodEnd,
}

/// The text of the first privacy policy, in Markdown: the one in force at a service that has published none, and what the app shows that has never
/// fetched one.
pub const FIRST_POLICY: &str = include_str!("../../../backend/assets/privacy.md");
/// Its version.
pub const FIRST_POLICY_VERSION: &str = "1";

/// The privacy policy, `GET /v1/policy`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Policy {
    /// Its version.
    pub version: String,
    /// From when it is in force.
    pub effective_at: i64,
    /// The whole text, in Markdown.
    pub text: String,
    /// What changed since the version before, for people.
    #[serde(default)]
    pub changes: String,
    /// Who answers for it: an e-mail address.
    pub contact: String,
}

/// `POST /v1/policy/acceptance`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// The version that was read.
    pub version: String,
}

/// `POST /v1/usage`: counts, of those who switched them on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// What was counted.
    pub events: Vec<UsageCount>,
}

/// How often something was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UsageCount {
    /// What, from a short list.
    pub name: String,
    /// How often.
    pub count: u32,
}
