//! The account, its credits and the devices that are signed in.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::billing::CurrentPlan;

/// `GET /v1/account`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Account {
    /// Id.
    pub id: String,
    /// What the person wants to be called.
    pub name: String,
    /// Where letters go.
    pub email: String,
    /// When it began.
    #[ts(type = "number")]
    pub created_at: i64,
    /// False while Google is the only way in.
    pub has_password: bool,
    /// Whether signing in with Google works.
    pub google_linked: bool,
    /// Credits.
    pub credits: Balance,
    /// The device that asks.
    pub device_id: String,
    /// Letters to the address come back: another one is needed.
    #[serde(default)]
    pub email_returned: bool,
    /// What is paid for.
    #[serde(default)]
    pub plan: CurrentPlan,
    /// Which privacy policy was accepted.
    #[serde(default)]
    pub policy: PolicyState,
    /// Present while the account waits to be deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub deletion: Option<Deletion>,
}

/// Credits of a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Balance {
    /// Can be spent.
    #[ts(type = "number")]
    pub available: i64,
    /// Set aside for jobs that have not ended.
    #[ts(type = "number")]
    pub held: i64,
    /// Set aside while a payment is disputed.
    #[ts(type = "number")]
    pub frozen: i64,
    /// Owed, because a payment was taken back after the credits were spent.
    #[ts(type = "number")]
    pub debt: i64,
}

/// A movement of credits, `GET /v1/credits/entries`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreditEntry {
    /// Id, sorts by time.
    pub id: String,
    /// `grant`, `hold`, `capture`, `release`, `expire`, `claim` or `close`.
    pub kind: String,
    /// What kind of thing caused it.
    pub cause_type: String,
    /// Which.
    pub cause_id: String,
    /// When.
    #[ts(type = "number")]
    pub at: i64,
    /// Change of what can be spent.
    #[ts(type = "number")]
    pub available: i64,
    /// Change of what is held.
    #[ts(type = "number")]
    pub held: i64,
    /// Change of what is frozen.
    #[ts(type = "number")]
    pub frozen: i64,
    /// Change of the debt.
    #[ts(type = "number")]
    pub debt: i64,
}

/// Where a person is signed in, `GET /v1/account/devices`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedInDevice {
    /// Id.
    pub id: String,
    /// `app` or `browser`.
    pub kind: String,
    /// For people.
    pub name: String,
    /// When it was signed in.
    #[ts(type = "number")]
    pub created_at: i64,
    /// When it was heard of last.
    #[ts(type = "number")]
    pub seen_at: i64,
    /// Whether it is the one that asks.
    pub this: bool,
}

/// Which privacy policy was accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PolicyState {
    /// The version in force.
    pub current: String,
    /// The version that was accepted last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub accepted: Option<String>,
    /// Whether it must be accepted before the next job.
    pub must_accept: bool,
}

/// An account that waits to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deletion {
    /// When it was asked for.
    #[ts(type = "number")]
    pub asked_at: i64,
    /// Until then it can be undone.
    #[ts(type = "number")]
    pub final_at: i64,
}

/// `PATCH /v1/account`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AccountChange {
    /// 1 to 80 characters.
    pub name: String,
}
