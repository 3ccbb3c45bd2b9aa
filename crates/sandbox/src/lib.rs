//! Stand-ins for Stripe, Replicate, Anthropic, Google's OpenID provider and a mail server.
//!
//! Each speaks its service's documented protocol over loopback, closely enough that a client cannot tell, and goes wrong when
//! it is told to: time-outs, lost answers, 429, 5xx, duplicates, reordering, wrong signatures. `Sandbox::start` runs them all;
//! `Control` scripts faults, moves state and reads what was received, in the process or over HTTP.
//!
//! Deliberately not here: any knowledge of the backend's code, any real key (live keys are refused), any call to another machine.

#![recursion_limit = "512"]

mod anthropic;
mod clock;
mod common;
mod control;
mod delivery;
mod enhance;
mod faults;
mod form;
mod gate;
mod google;
mod ids;
mod journal;
mod page;
mod replicate;
mod sandbox;
mod serve;
mod shapes;
mod signing;
mod smtp;
mod stripe;

pub use anthropic::{Anthropic, MessageScript};
pub use clock::{Clock, ManualClock, SystemClock};
pub use control::{Control, ControlError};
pub use delivery::{DeliveryAttempt, DeliveryFault, DeliveryRule, ReleaseOrder};
pub use enhance::{Bicubic, Enhance, EnhanceError, EnhanceRequest, Enhanced, OutputFormat};
pub use faults::{Fault, FaultRule, Service};
pub use google::{Google, Person, TokenFault};
pub use journal::ReceivedRequest;
pub use replicate::{BrokenFile, PredictionScript, Replicate};
pub use sandbox::{Endpoints, Sandbox, SandboxConfig, StartError};
pub use signing::{
    SignatureError, StandardWebhookHeaders, standard_webhook_headers, stripe_signature, verify_standard_webhook,
    verify_stripe_signature,
};

pub use smtp::{Mail, Postbox, SmtpAnswer, SmtpFault, SmtpStage};
pub use stripe::{PayBy, PriceSeed, Stripe, stripe_parameters};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also after another thread panicked while it held the lock: the sandbox goes on with what is there.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
