//! Scripted faults: which request goes wrong, how, and how often.
//!
//! A rule is used up in the order in which rules were added. Faults of webhook deliveries are in `delivery`; faults of mail
//! are in `smtp`; what a provider's work itself does wrong (a broken output file, a refusal) is in that provider's module.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::locked;

/// The stand-ins that speak HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Stripe's API and its pages.
    Stripe,
    /// Replicate's API.
    Replicate,
    /// The host that serves Replicate's output files.
    ReplicateDelivery,
    /// Anthropic's API.
    Anthropic,
    /// Google's OpenID provider.
    Google,
    /// Amazon's notifications about mail.
    Ses,
}

/// What goes wrong with one request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Waits, then answers as usual.
    Delay {
        /// How long to wait.
        milliseconds: u64,
    },
    /// Does nothing and keeps the caller waiting, then closes the connection: a time-out for whoever waits less.
    Hang {
        /// How long the connection stays open.
        milliseconds: u64,
    },
    /// Does nothing and closes the connection.
    Drop,
    /// Does the work, then closes the connection without an answer.
    LoseAnswer,
    /// Does the work, sends half of the answer's body, then closes the connection.
    CutAnswer,
    /// Does nothing and answers with this status.
    Status {
        /// The HTTP status, 100 to 599.
        status: u16,
        /// Extra headers, such as `retry-after`.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// The body: text goes as it is, anything else as JSON.
        #[serde(default)]
        body: Value,
    },
    /// Stripe only: execution began and failed with 500; the answer is kept under the idempotency key and replayed.
    StoredFailure,
    /// Does the work, then changes the JSON answer by a merge patch (RFC 7396): odd fields, unknown states, wrong amounts.
    MergeAnswer {
        /// The patch.
        patch: Value,
    },
}

/// A fault and the requests it applies to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Which stand-in.
    pub service: Service,
    /// The method; every method when absent.
    #[serde(default)]
    pub method: Option<String>,
    /// A part of the path; every path when empty.
    #[serde(default)]
    pub path: String,
    /// How many matching requests pass before the fault begins.
    #[serde(default)]
    pub skip: u32,
    /// How many requests it applies to.
    #[serde(default = "once")]
    pub times: u32,
    /// What goes wrong.
    pub fault: Fault,
}

const fn once() -> u32 {
    1
}

impl FaultRule {
    /// One fault on the next request to `service` whose path contains `path`.
    pub fn next(service: Service, path: &str, fault: Fault) -> Self {
        Self { service, method: None, path: path.to_owned(), skip: 0, times: 1, fault }
    }

    /// The same rule for requests with this method only.
    #[must_use]
    pub fn on(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// The same rule for this many requests.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// The same rule, starting after `skip` matching requests.
    #[must_use]
    pub fn after(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }

    fn matches(&self, service: Service, method: &str, path: &str) -> bool {
        self.service == service
            && self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && path.contains(&self.path)
    }
}

/// The rules that are still to be used.
#[derive(Debug, Default)]
pub(crate) struct FaultBook(Mutex<Vec<FaultRule>>);

impl FaultBook {
    pub(crate) fn add(&self, rule: FaultRule) {
        locked(&self.0).push(rule);
    }

    pub(crate) fn clear(&self) {
        locked(&self.0).clear();
    }

    pub(crate) fn waiting(&self) -> Vec<FaultRule> {
        locked(&self.0).clone()
    }

    /// The fault for this request, if one is due. Every matching rule counts the request; the first due one is used.
    pub(crate) fn take(&self, service: Service, method: &str, path: &str) -> Option<Fault> {
        let mut rules = locked(&self.0);
        let mut due = None;
        for rule in rules.iter_mut().filter(|rule| rule.matches(service, method, path)) {
            if rule.skip > 0 {
                rule.skip -= 1;
            } else if due.is_none() && rule.times > 0 {
                rule.times -= 1;
                due = Some(rule.fault.clone());
            }
        }
        rules.retain(|rule| rule.times > 0);
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_skips_then_applies_then_is_gone() {
        let book = FaultBook::default();
        book.add(FaultRule::next(Service::Stripe, "/v1/customers", Fault::Drop).on("post").after(1).times(2));
        let take = |method: &str| book.take(Service::Stripe, method, "/v1/customers").is_some();
        assert!(!take("GET"), "other method");
        assert!(!take("POST"), "skipped");
        assert!(take("POST"));
        assert!(book.take(Service::Replicate, "POST", "/v1/customers").is_none(), "other service");
        assert!(take("POST"));
        assert!(!take("POST"), "used up");
        assert!(book.waiting().is_empty());
    }

    #[test]
    fn a_rule_can_be_written_as_json_and_unknown_keys_are_refused() {
        let rule: FaultRule =
            serde_json::from_str(r#"{"service":"anthropic","fault":{"kind":"status","status":529}}"#).unwrap();
        assert_eq!((rule.times, rule.skip), (1, 0));
        assert!(
            serde_json::from_str::<FaultRule>(r#"{"service":"anthropic","often":2,"fault":{"kind":"drop"}}"#).is_err()
        );
    }
}
