//! What the hosted service sells, and how far an order is. Money is in the smallest unit of its currency, moments are microseconds since 1970.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What is sold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Catalogue {
    /// Three letters, lower case.
    pub currency: String,
    /// Credits to buy once.
    pub packs: Vec<Pack>,
    /// Plans by the month.
    pub plans: Vec<Plan>,
}

/// Credits to buy once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pack {
    /// What an order names.
    pub code: String,
    /// For people.
    pub name: String,
    /// What it brings.
    #[ts(type = "number")]
    pub credits: i64,
    /// Smallest units of the currency.
    #[ts(type = "number")]
    pub price_minor: i64,
}

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Plan {
    /// What an order names.
    pub code: String,
    /// For people.
    pub name: String,
    /// What each payment brings.
    #[ts(type = "number")]
    pub credits_monthly: i64,
    /// Smallest units of the currency, each interval.
    #[ts(type = "number")]
    pub price_minor: i64,
    /// `month`.
    pub interval: String,
}

/// What is to be bought. The header `Idempotency-Key` names the wish: the same key is the same order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewOrder {
    /// Code of a pack or a plan.
    pub product: String,
}

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Asked for; there is no payment page yet.
    Created,
    /// Can be paid; without `checkout_url` a slow payment is on its way.
    Open,
    /// The money is here, the credits are about to come.
    Paid,
    /// The credits are there.
    Fulfilled,
    /// Was not paid in time.
    Expired,
    /// Came to nothing.
    Failed,
    /// The money went back.
    Refunded,
    /// What was paid is not what was ordered: we look at it.
    Quarantined,
    /// A state that is newer than the reader.
    #[serde(other)]
    Unknown,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Order {
    /// Its id.
    pub id: String,
    /// Code of what is bought.
    pub product: String,
    /// What it is called.
    pub product_name: String,
    /// How far it is.
    pub state: OrderState,
    /// Where to pay, while that is possible.
    pub checkout_url: Option<String>,
    /// What it brings; for a plan, with each payment.
    #[ts(type = "number")]
    pub credits: i64,
    /// Smallest units of the currency.
    #[ts(type = "number")]
    pub price_minor: i64,
    /// Smallest units that went back.
    #[ts(type = "number")]
    pub refunded_minor: i64,
    /// Three letters, lower case.
    pub currency: String,
    /// When.
    #[ts(type = "number")]
    pub created_at: i64,
    /// When it was paid.
    #[ts(type = "number | null")]
    pub paid_at: Option<i64>,
    /// Until when it can be withdrawn from; none when it cannot.
    #[ts(type = "number | null")]
    pub withdraw_until: Option<i64>,
}

/// What withdrawing from an order means now. Nothing happens before it is confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Withdrawal {
    /// What goes back: the part of the price that goes with the credits not used.
    #[ts(type = "number")]
    pub refund_minor: i64,
    /// Three letters, lower case.
    pub currency: String,
    /// Credits that go.
    #[ts(type = "number")]
    pub credits_taken: i64,
    /// Until when.
    #[ts(type = "number")]
    pub until: i64,
    /// For the second step; good for these numbers only.
    pub confirm_token: String,
}

/// The second step of a withdrawal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ConfirmWithdrawal {
    /// Of the first step.
    pub confirm_token: String,
}

/// Where payment methods, invoices and the subscription are looked after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Portal {
    /// Good for a few minutes.
    pub url: String,
}

/// Which plan a person has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PlanName {
    /// None.
    #[default]
    Free,
    /// Pro.
    Pro,
    /// A plan that is newer than the reader.
    #[serde(other)]
    Unknown,
}

/// How it is with the plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PlanState {
    /// There is none.
    #[default]
    None,
    /// Renews by itself.
    Active,
    /// Ends with the period.
    Ending,
    /// A renewal is not paid; the plan goes on for some days.
    PastDue,
    /// A state that is newer than the reader.
    #[serde(other)]
    Unknown,
}

/// A person's plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CurrentPlan {
    /// Which.
    pub name: PlanName,
    /// How it is with it.
    pub state: PlanState,
    /// When the next payment is due.
    #[ts(type = "number | null")]
    pub renews_at: Option<i64>,
    /// When it ends, unless something is done.
    #[ts(type = "number | null")]
    pub ends_at: Option<i64>,
}
