//! What an operator has to look at: a line in the log with a name that stays, and a count that metrics read.

use std::sync::atomic::{AtomicU64, Ordering};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// What was paid is not what was ordered.
    OrderQuarantined,
    /// Money came for an account that is gone.
    AccountGone,
    /// Stripe refused to make a payment page.
    CheckoutRefused,
    /// Stripe refused a refund that we promised.
    RefundRefused,
    /// A refund has been waiting for more than an hour.
    RefundLate,
    /// An event could not be worked off after many attempts.
    EventParked,
    /// An event of the other mode, test or live.
    WrongMode,
    /// A webhook that was not signed by Stripe.
    WebhookRefused,
    /// A dispute has to be answered.
    DisputeOpened,
    /// Stripe warns that a payment is probably a fraud.
    FraudWarning,
    /// Charges and our payments of a day do not match.
    SumsDiffer,
    /// An outside service that looks at photos refuses our key or our account.
    ProviderAccount,
    /// A model is gone, or takes other inputs than we send.
    ProviderModel,
    /// A webhook that was not signed by the service it should come from.
    ProviderWebhookRefused,
    /// The mail server takes no letters from us: the day's quota is used up, or sending was stopped.
    MailHeld,
    /// A balance is not what its postings add up to: nothing is sold until it is.
    LedgerDiffers,
}

impl Alarm {
    /// Every one.
    pub const ALL: [Self; 16] = [
        Self::OrderQuarantined,
        Self::AccountGone,
        Self::CheckoutRefused,
        Self::RefundRefused,
        Self::RefundLate,
        Self::EventParked,
        Self::WrongMode,
        Self::WebhookRefused,
        Self::DisputeOpened,
        Self::FraudWarning,
        Self::SumsDiffer,
        Self::ProviderAccount,
        Self::ProviderModel,
        Self::ProviderWebhookRefused,
        Self::MailHeld,
        Self::LedgerDiffers,
    ];

    /// The name that stays.
    pub fn name(self) -> &'static str {
        match self {
            Self::OrderQuarantined => "billing_order_quarantined",
            Self::AccountGone => "billing_account_gone",
            Self::CheckoutRefused => "billing_checkout_refused",
            Self::RefundRefused => "billing_refund_refused",
            Self::RefundLate => "billing_refund_late",
            Self::EventParked => "billing_event_parked",
            Self::WrongMode => "billing_wrong_mode",
            Self::WebhookRefused => "billing_webhook_refused",
            Self::DisputeOpened => "billing_dispute_opened",
            Self::FraudWarning => "billing_fraud_warning",
            Self::SumsDiffer => "billing_sums_differ",
            Self::ProviderAccount => "provider_account",
            Self::ProviderModel => "provider_model",
            Self::ProviderWebhookRefused => "provider_webhook_refused",
            Self::MailHeld => "mail_held",
            Self::LedgerDiffers => "ledger_differs",
        }
    }
}

/// How often each alarm was raised by this process.
#[derive(Debug, Default)]
pub struct Alarms([AtomicU64; Alarm::ALL.len()]);

impl Alarms {
    /// Counts and logs. `about` names an order, an event or the like, never a person.
    pub fn raise(&self, alarm: Alarm, about: &str, why: &str) {
        self.0[alarm as usize].fetch_add(1, Ordering::Relaxed);
        tracing::error!(alarm = alarm.name(), about, why, "alarm");
    }

    /// Counts and logs what strangers can cause at will, so that it calls nobody.
    pub fn note(&self, alarm: Alarm, about: &str, why: &str) {
        self.0[alarm as usize].fetch_add(1, Ordering::Relaxed);
        tracing::warn!(alarm = alarm.name(), about, why, "refused");
    }

    /// How often.
    pub fn count(&self, alarm: Alarm) -> u64 {
        self.0[alarm as usize].load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_alarm_has_a_place_of_its_own() {
        let alarms = Alarms::default();
        for (place, alarm) in Alarm::ALL.into_iter().enumerate() {
            assert_eq!(alarm as usize, place, "{}", alarm.name());
            alarms.raise(alarm, "order 1", "a test");
        }
        assert!(Alarm::ALL.into_iter().all(|alarm| alarms.count(alarm) == 1));
    }
}
