//! Money from outside: packs, the plan, refunds, disputes, all by Stripe.
//!
//! One rule makes lost, late, repeated and reordered news harmless: an event or a page only says *look at X*. X is fetched, and what it is now is
//! written under the lock of our own row. Every movement of credits has a key made of Stripe's id, so that it happens once.
//!
//! | what | decided in | asked by |
//! | --- | --- | --- |
//! | an order's session | `fulfil` | webhook, return page, poll, reconciler |
//! | a subscription, an invoice | `subscriptions`, `invoices` | webhook, `fulfil`, reconciler |
//! | refunds and disputes of a charge | `refunds`, `disputes` | webhook, reconciler |
//!
//! Nothing here calls Stripe while a database transaction is open. Not here: balances (`ledger`), pages (`pages`).

pub mod alarm;
pub mod background;
pub mod books;
pub mod catalogue;
mod checkout;
mod customers;
mod disputes;
mod fulfil;
pub mod inbox;
mod invoices;
pub mod money;
mod news;
pub mod orders;
mod payments;
mod reconcile;
pub mod refunds;
pub mod routes;
pub mod stripe_client;
pub mod subscriptions;
pub mod withdrawal;

use crate::accounts::AccountError;
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::ledger::LedgerError;
use crate::outbound::Patience;
use crate::settings::Settings;
use crate::store::StoreError;
use crate::world::NoRandomness;
use sea_orm::DbErr;
use std::time::Duration;
use stripe_client::{StripeClient, StripeError};
use tokio::sync::Notify;
use uuid::Uuid;

/// Stripe, when it is configured.
#[derive(Debug)]
pub struct Billing {
    client: StripeClient,
    wake: Notify,
}

/// All tries of one call take less than a request may, so that a person gets an answer. A first order takes two calls: when Stripe is that slow it is
/// answered `timed_out`, and goes on from there when it is asked again under the same key.
const TIMEOUT: Duration = Duration::from_secs(8);
const PATIENCE: Patience =
    Patience { retries: 2, first_wait: Duration::from_millis(500), longest_wait: Duration::from_secs(5) };

impl Billing {
    /// As configured; none when nothing is sold.
    pub fn configured(settings: &Settings) -> Option<Self> {
        if settings.stripe.secret_key.is_empty() {
            return None;
        }
        match StripeClient::new(&settings.stripe, PATIENCE, TIMEOUT) {
            Ok(client) => Some(Self { client, wake: Notify::new() }),
            // The settings were checked when they were read, so this is the TLS library.
            Err(error) => {
                tracing::error!(%error, "payments are switched off");
                None
            }
        }
    }

    /// Lets the worker of this process look at once.
    pub fn wake(&self) {
        self.wake.notify_one();
    }
}

fn open(app: &App) -> Result<&Billing, BillingError> {
    app.billing.as_ref().ok_or(BillingError::NothingSold)
}

/// Deletes what Stripe knows of a person, for the purge of their account: name, address and payment methods; subscriptions end at once. Stripe
/// keeps the payments themselves, as we do. May be repeated; nothing happens where nothing is sold.
///
/// # Errors
/// When Stripe does not answer.
pub async fn forget_person(app: &App, owner: Uuid) -> Result<(), BillingError> {
    match &app.billing {
        Some(billing) => customers::delete(app, billing, owner).await,
        None => Ok(()),
    }
}

/// Why something about money does not happen. The sentences of the first group are for the person.
#[derive(Debug, thiserror::Error)]
pub enum BillingError {
    /// Stripe is not configured.
    #[error("Nothing is sold here.")]
    NothingSold,
    /// Not in the catalogue.
    #[error("There is no such product.")]
    UnknownProduct,
    /// Another one's order, or none.
    #[error("You have no such order.")]
    UnknownOrder,
    /// The header that names the wish is missing or malformed.
    #[error("Send a header Idempotency-Key of 1 to 100 visible characters.")]
    BadKey,
    /// The same key came with another product.
    #[error("This Idempotency-Key was used for another product.")]
    KeyReused,
    /// A second plan.
    #[error("You have the plan already.")]
    HasPlan,
    /// There is no customer to look after.
    #[error("You have not bought anything yet.")]
    NoCustomer,
    /// Too many orders that were not paid.
    #[error("Too many orders are open. Pay one of them, or come back in an hour.")]
    TooManyOpen,
    /// The time is over, or nothing is left, or a dispute runs.
    #[error("{0}")]
    NotWithdrawable(&'static str),
    /// Credits were used since the first step.
    #[error("The numbers have changed since you looked at them. Look again.")]
    WithdrawalChanged,
    /// An operator asked for what cannot be.
    #[error("{0}")]
    NotRefundable(String),
    /// The ledger does not add up.
    #[error(
        "Nothing can be bought at the moment, because we are checking our books. Your credits are not touched; try again later."
    )]
    BooksDiffer,
    /// Something that must come first has not come yet.
    #[error("not yet: {0}")]
    NotYet(&'static str),
    /// Stripe.
    #[error(transparent)]
    Stripe(Box<StripeError>),
    /// Credits.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A letter could not be queued.
    #[error(transparent)]
    Letter(#[from] AccountError),
}

impl From<StripeError> for BillingError {
    fn from(error: StripeError) -> Self {
        Self::Stripe(Box::new(error))
    }
}

impl From<DbErr> for BillingError {
    fn from(error: DbErr) -> Self {
        Self::Store(error.into())
    }
}

impl From<NoRandomness> for BillingError {
    fn from(error: NoRandomness) -> Self {
        Self::Store(error.into())
    }
}

impl From<BillingError> for ApiError {
    fn from(error: BillingError) -> Self {
        use BillingError as E;
        let code = match &error {
            E::NothingSold | E::UnknownOrder | E::NoCustomer => ErrorCode::NotFound,
            E::UnknownProduct | E::BadKey => ErrorCode::Invalid,
            E::KeyReused
            | E::HasPlan
            | E::TooManyOpen
            | E::NotWithdrawable(_)
            | E::WithdrawalChanged
            | E::NotRefundable(_) => ErrorCode::Conflict,
            E::BooksDiffer => ErrorCode::Unavailable,
            E::NotYet(_) | E::Stripe(_) => {
                tracing::warn!(%error, "a payment does not go on");
                let sentence =
                    "The payment service does not answer as it should. Nothing was charged; try again in a moment.";
                return Self::new(ErrorCode::Unavailable, sentence);
            }
            E::Ledger(_) | E::Store(_) | E::Letter(_) => {
                return match error {
                    E::Ledger(error) => error.into(),
                    E::Store(error) => error.into(),
                    E::Letter(error) => error.into(),
                    other => Self::internal(&other),
                };
            }
        };
        Self::new(code, error.to_string())
    }
}
