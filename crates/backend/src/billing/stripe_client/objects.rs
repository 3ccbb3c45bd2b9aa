//! Stripe's objects, as far as we read them. Enumerations are open: a value we do not know is kept as its text.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use serde_json::Value;

macro_rules! open_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)+
            /// A value that is newer than this program.
            Other(String),
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Ok(match text.as_str() {
                    $($text => Self::$variant,)+
                    _ => Self::Other(text),
                })
            }
        }
    };
}

open_enum!(
    /// A checkout session's state.
    SessionStatus {
        /// Can be paid.
        Open = "open",
        /// Was gone through; `payment_status` says whether the money is here.
        Complete = "complete",
        /// Can no longer be paid.
        Expired = "expired",
    }
);
open_enum!(
    /// Whether a session's money is here.
    PaymentStatus {
        /// It is.
        Paid = "paid",
        /// It is not, or not yet.
        Unpaid = "unpaid",
        /// Nothing had to be paid.
        NoPaymentRequired = "no_payment_required",
    }
);
open_enum!(
    /// A subscription's state.
    SubscriptionStatus {
        /// The first payment has not succeeded.
        Incomplete = "incomplete",
        /// It never did.
        IncompleteExpired = "incomplete_expired",
        /// Free for a time.
        Trialing = "trialing",
        /// Paid.
        Active = "active",
        /// A renewal has not been paid yet.
        PastDue = "past_due",
        /// Over.
        Canceled = "canceled",
        /// Renewals were given up.
        Unpaid = "unpaid",
        /// Paused.
        Paused = "paused",
    }
);
open_enum!(
    /// A refund's state.
    RefundStatus {
        /// On its way.
        Pending = "pending",
        /// Waits for the person.
        RequiresAction = "requires_action",
        /// Done.
        Succeeded = "succeeded",
        /// Came back.
        Failed = "failed",
        /// Taken back.
        Canceled = "canceled",
    }
);

/// A field that holds an id, or the object itself where it was expanded.
fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(id) => Ok(Some(id)),
        Value::Object(object) => object
            .get("id")
            .and_then(Value::as_str)
            .map(|id| Some(id.to_owned()))
            .ok_or_else(|| D::Error::custom("an object without an id")),
        _ => Err(D::Error::custom("neither an id nor an object")),
    }
}

/// A page of objects, newest first.
#[derive(Clone, Debug, Deserialize)]
pub struct Page<T> {
    /// The objects.
    pub data: Vec<T>,
    /// Whether there are older ones.
    pub has_more: bool,
}

/// A customer.
#[derive(Clone, Debug, Deserialize)]
pub struct Customer {
    /// `cus_…`
    pub id: String,
    /// Only its id is left.
    #[serde(default)]
    pub deleted: bool,
    /// Notes of ours: whose it is.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

/// A checkout session.
#[derive(Clone, Debug, Deserialize)]
pub struct Session {
    /// `cs_…`
    pub id: String,
    /// Whether it is about real money.
    pub livemode: bool,
    /// `payment`, `subscription` or `setup`.
    pub mode: String,
    /// Whether it can be paid.
    #[serde(default)]
    pub status: Option<SessionStatus>,
    /// Whether it was.
    pub payment_status: PaymentStatus,
    /// Where to pay; only while it is open.
    #[serde(default)]
    pub url: Option<String>,
    /// Minor units, before what a promotion code takes off.
    #[serde(default)]
    pub amount_subtotal: Option<i64>,
    /// Minor units.
    #[serde(default)]
    pub amount_total: Option<i64>,
    /// Three letters, lower case.
    #[serde(default)]
    pub currency: Option<String>,
    /// `cus_…`
    #[serde(default, deserialize_with = "id")]
    pub customer: Option<String>,
    /// Our order.
    #[serde(default)]
    pub client_reference_id: Option<String>,
    /// `pi_…`
    #[serde(default, deserialize_with = "id")]
    pub payment_intent: Option<String>,
    /// `sub_…`; only once it is paid.
    #[serde(default, deserialize_with = "id")]
    pub subscription: Option<String>,
    /// `in_…`
    #[serde(default, deserialize_with = "id")]
    pub invoice: Option<String>,
    /// Our notes.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// Seconds since 1970.
    pub expires_at: i64,
}

/// A line of a session.
#[derive(Clone, Debug, Deserialize)]
pub struct LineItem {
    /// Minor units.
    pub amount_total: i64,
    /// Three letters, lower case.
    pub currency: String,
    /// How many.
    #[serde(default)]
    pub quantity: Option<i64>,
    /// What.
    #[serde(default)]
    pub price: Option<Price>,
}

/// A price.
#[derive(Clone, Debug, Deserialize)]
pub struct Price {
    /// `price_…`
    pub id: String,
    /// Minor units.
    #[serde(default)]
    pub unit_amount: Option<i64>,
    /// Three letters, lower case.
    pub currency: String,
}

/// A page of the customer portal.
#[derive(Clone, Debug, Deserialize)]
pub struct PortalSession {
    /// Where the person goes.
    pub url: String,
}

/// A subscription.
#[derive(Clone, Debug, Deserialize)]
pub struct Subscription {
    /// `sub_…`
    pub id: String,
    /// Whether it is about real money.
    pub livemode: bool,
    /// Its state.
    pub status: SubscriptionStatus,
    /// Whether it ends with this period.
    pub cancel_at_period_end: bool,
    /// `cus_…`
    #[serde(deserialize_with = "id")]
    pub customer: Option<String>,
    /// What is subscribed to; the period is here.
    pub items: Page<SubscriptionItem>,
    /// Our notes.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

impl Subscription {
    /// The end of the paid period: the latest of its items. Seconds since 1970.
    pub fn period_end(&self) -> Option<i64> {
        self.items.data.iter().map(|item| item.current_period_end).max()
    }
}

/// One thing subscribed to.
#[derive(Clone, Debug, Deserialize)]
pub struct SubscriptionItem {
    /// Seconds since 1970.
    pub current_period_start: i64,
    /// Seconds since 1970.
    pub current_period_end: i64,
    /// What.
    pub price: Price,
}

/// An invoice.
#[derive(Clone, Debug, Deserialize)]
pub struct Invoice {
    /// `in_…`
    pub id: String,
    /// Whether it is about real money.
    pub livemode: bool,
    /// `draft`, `open`, `paid`, `uncollectible` or `void`.
    #[serde(default)]
    pub status: Option<String>,
    /// Such as `subscription_create`, `subscription_cycle`, `subscription_update`.
    #[serde(default)]
    pub billing_reason: Option<String>,
    /// Minor units.
    pub amount_paid: i64,
    /// Three letters, lower case.
    pub currency: String,
    /// `cus_…`
    #[serde(default, deserialize_with = "id")]
    pub customer: Option<String>,
    #[serde(default)]
    parent: Value,
    #[serde(default)]
    lines: Value,
}

impl Invoice {
    /// The end of the period that it pays for, the latest of its lines. Seconds since 1970.
    pub fn period_end(&self) -> Option<i64> {
        self.lines["data"].as_array()?.iter().filter_map(|line| line["period"]["end"].as_i64()).max()
    }

    /// `sub_…`, from where it is since version `2025-03-31`.
    pub fn subscription(&self) -> Option<&str> {
        let subscription = &self.parent["subscription_details"]["subscription"];
        subscription.as_str().or_else(|| subscription["id"].as_str())
    }
}

/// How an invoice was paid, or a part of it.
#[derive(Clone, Debug, Deserialize)]
pub struct InvoicePayment {
    /// `open`, `paid` or `canceled`.
    pub status: String,
    #[serde(default)]
    payment: Value,
}

impl InvoicePayment {
    /// `pi_…`
    pub fn payment_intent(&self) -> Option<&str> {
        let intent = &self.payment["payment_intent"];
        intent.as_str().or_else(|| intent["id"].as_str())
    }
}

/// A payment intent.
#[derive(Clone, Debug, Deserialize)]
pub struct PaymentIntent {
    /// `pi_…`
    pub id: String,
    /// Its state.
    pub status: String,
    /// Minor units.
    pub amount_received: i64,
    /// `ch_…`
    #[serde(default, deserialize_with = "id")]
    pub latest_charge: Option<String>,
    /// Our notes.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

/// A charge.
#[derive(Clone, Debug, Deserialize)]
pub struct Charge {
    /// `ch_…`
    pub id: String,
    /// Minor units.
    pub amount: i64,
    /// Minor units.
    pub amount_refunded: i64,
    /// Three letters, lower case.
    pub currency: String,
    /// Whether the money came.
    pub paid: bool,
    /// Seconds since 1970.
    pub created: i64,
    /// Whether a dispute holds the money.
    pub disputed: bool,
    /// `pi_…`
    #[serde(default, deserialize_with = "id")]
    pub payment_intent: Option<String>,
}

/// A refund.
#[derive(Clone, Debug, Deserialize)]
pub struct Refund {
    /// `re_…`
    pub id: String,
    /// Minor units.
    pub amount: i64,
    /// Three letters, lower case.
    pub currency: String,
    /// Its state.
    #[serde(default)]
    pub status: Option<RefundStatus>,
    /// `ch_…`
    #[serde(default, deserialize_with = "id")]
    pub charge: Option<String>,
    /// Our notes.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

/// A dispute.
#[derive(Clone, Debug, Deserialize)]
pub struct Dispute {
    /// `dp_…` or `du_…`
    pub id: String,
    /// Minor units.
    pub amount: i64,
    /// Such as `needs_response`, `won`, `lost`, `prevented`, `warning_closed`.
    pub status: String,
    /// `ch_…`
    #[serde(deserialize_with = "id")]
    pub charge: Option<String>,
}
