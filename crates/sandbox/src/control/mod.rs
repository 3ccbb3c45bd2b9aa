//! Scripts the sandbox: faults, moves of state, and what was received. In the process by `Control`, over HTTP by `http`.

mod http;

use std::sync::Arc;

use crate::anthropic::Anthropic;
use crate::common::Common;
use crate::delivery::{DeliveryAttempt, DeliveryRule, ReleaseOrder};
use crate::faults::{FaultRule, Service};
use crate::google::Google;
use crate::journal::ReceivedRequest;
use crate::replicate::Replicate;
use crate::smtp::Postbox;
use crate::stripe::Stripe;

pub(crate) use http::router;

/// Why a control request could not be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ControlError(pub(crate) String);

/// The handle that scripts a running sandbox.
#[derive(Clone)]
pub struct Control {
    pub(crate) common: Arc<Common>,
    pub(crate) stripe: Stripe,
    pub(crate) replicate: Replicate,
    pub(crate) anthropic: Anthropic,
    pub(crate) google: Google,
    pub(crate) postbox: Postbox,
}

impl Control {
    /// Adds a fault.
    pub fn fault(&self, rule: FaultRule) {
        self.common.faults.add(rule);
    }

    /// The faults that are still to come.
    pub fn faults(&self) -> Vec<FaultRule> {
        self.common.faults.waiting()
    }

    /// Adds a fault of webhook deliveries.
    pub fn delivery_fault(&self, rule: DeliveryRule) {
        self.common.deliveries.add_rule(rule);
    }

    /// Takes every fault back.
    pub fn clear_faults(&self) {
        self.common.faults.clear();
        self.common.deliveries.clear_rules();
    }

    /// Sends the webhooks that were held, and says how many.
    pub fn release(&self, service: Service, order: ReleaseOrder) -> usize {
        self.common.deliveries.release(service, order)
    }

    /// How many webhooks are held.
    pub fn held(&self, service: Service) -> usize {
        self.common.deliveries.held(service)
    }

    /// Every attempt to deliver a webhook, oldest first.
    pub fn deliveries(&self) -> Vec<DeliveryAttempt> {
        self.common.deliveries.attempts()
    }

    /// What was received, by one stand-in or by all, oldest first.
    pub fn received(&self, service: Option<Service>) -> Vec<ReceivedRequest> {
        self.common.journal.read(service)
    }

    /// Forgets what was received.
    pub fn clear_received(&self) {
        self.common.journal.clear();
    }

    /// Moves the sandbox's clock forward, and lets what is due happen.
    pub fn advance_seconds(&self, seconds: i64) {
        self.common.clock.advance_seconds(seconds);
        self.tick();
    }

    /// The sandbox's time in seconds since 1970.
    pub fn now_unix_seconds(&self) -> i64 {
        self.common.clock.seconds()
    }

    /// The stand-in for Stripe.
    pub fn stripe(&self) -> &Stripe {
        &self.stripe
    }

    /// The stand-in for Replicate.
    pub fn replicate(&self) -> &Replicate {
        &self.replicate
    }

    /// The stand-in for Anthropic.
    pub fn anthropic(&self) -> &Anthropic {
        &self.anthropic
    }

    /// The stand-in for Google.
    pub fn google(&self) -> &Google {
        &self.google
    }

    /// The stand-in for the mail server.
    pub fn postbox(&self) -> &Postbox {
        &self.postbox
    }

    pub(crate) fn tick(&self) {
        self.stripe.tick();
        self.replicate.files_kept();
    }
}
