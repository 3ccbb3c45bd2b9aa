//! Webhooks going out: signed, in order, retried with growing delays, and wrong on request.
//!
//! Only to loopback addresses over plain HTTP: a sandbox never calls a stranger.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::clock::MovedClock;
use crate::faults::Service;
use crate::ids::Ids;
use crate::locked;
use crate::signing::{hex, standard_webhook_headers, stripe_signature};

/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What goes wrong with one delivery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum DeliveryFault {
    /// Never sent.
    Lose,
    /// Sent this many more times, with the same id.
    Duplicate {
        /// How many extra copies.
        copies: u32,
    },
    /// Kept until `Control::release` sends everything that was kept.
    Hold,
    /// Signed with another secret.
    WrongSignature,
    /// Signed as of this many seconds ago; negative for the future.
    OldTimestamp {
        /// The age.
        seconds: i64,
    },
    /// One byte of the body is changed after it was signed.
    ChangedBody,
    /// Sent later than it should be.
    Delay {
        /// How much later.
        milliseconds: u64,
    },
}

/// A delivery fault and what it applies to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveryRule {
    /// Whose webhooks.
    pub service: Service,
    /// The event type, or the prediction's status; every one when absent.
    #[serde(default)]
    pub topic: Option<String>,
    /// How many deliveries it applies to.
    pub times: u32,
    /// What goes wrong.
    pub fault: DeliveryFault,
}

/// In which order held deliveries go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseOrder {
    /// As they were made.
    AsMade,
    /// The last one first.
    Reversed,
    /// In a random order, given by the seed.
    Shuffled,
}

/// How a delivery is signed.
#[derive(Clone, Debug)]
pub(crate) enum Signing {
    Stripe { secret: String },
    Standard { secret: String },
    Headers(BTreeMap<String, String>),
}

/// One webhook to be delivered.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) service: Service,
    pub(crate) topic: String,
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) body: Vec<u8>,
    pub(crate) signing: Signing,
}

/// One attempt that was made.
#[derive(Clone, Debug, Serialize)]
pub struct DeliveryAttempt {
    /// Whose webhook.
    pub service: Service,
    /// The event's or message's id.
    pub id: String,
    /// The event type, or the prediction's status.
    pub topic: String,
    /// Where it went.
    pub url: String,
    /// 1 for the first attempt.
    pub attempt: usize,
    /// The receiver's status; `None` when there was no answer.
    pub status: Option<u16>,
}

struct Inner {
    clock: Arc<MovedClock>,
    ids: Arc<Ids>,
    retry_after: Vec<Duration>,
    rules: Mutex<Vec<DeliveryRule>>,
    held: Mutex<Vec<Outgoing>>,
    attempts: Mutex<Vec<DeliveryAttempt>>,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// The sender of one sandbox.
#[derive(Clone)]
pub(crate) struct Deliveries {
    inner: Arc<Inner>,
    queue: mpsc::UnboundedSender<(Outgoing, Option<DeliveryFault>)>,
}

impl Deliveries {
    /// Must be called inside a Tokio runtime: a task sends until the last handle is dropped.
    pub(crate) fn new(clock: Arc<MovedClock>, ids: Arc<Ids>, retry_after: Vec<Duration>) -> Self {
        let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
        let (queue, mut waiting) = mpsc::unbounded_channel::<(Outgoing, Option<DeliveryFault>)>();
        let inner = Arc::new(Inner {
            clock,
            ids,
            retry_after,
            rules: Mutex::default(),
            held: Mutex::default(),
            attempts: Mutex::default(),
            client,
        });
        let sender = Arc::clone(&inner);
        tokio::spawn(async move {
            while let Some((outgoing, fault)) = waiting.recv().await {
                sender.first_attempt(outgoing, fault).await;
            }
        });
        Self { inner, queue }
    }

    pub(crate) fn add_rule(&self, rule: DeliveryRule) {
        locked(&self.inner.rules).push(rule);
    }

    pub(crate) fn clear_rules(&self) {
        locked(&self.inner.rules).clear();
    }

    pub(crate) fn attempts(&self) -> Vec<DeliveryAttempt> {
        locked(&self.inner.attempts).clone()
    }

    pub(crate) fn held(&self, service: Service) -> usize {
        locked(&self.inner.held).iter().filter(|outgoing| outgoing.service == service).count()
    }

    /// Sends `outgoing`, or does with it what the first matching rule says.
    pub(crate) fn send(&self, outgoing: Outgoing) {
        let fault = self.inner.take_rule(&outgoing);
        match fault {
            Some(DeliveryFault::Lose) => {}
            Some(DeliveryFault::Hold) => locked(&self.inner.held).push(outgoing),
            Some(DeliveryFault::Duplicate { copies }) => {
                for _ in 0..=copies {
                    self.enqueue(outgoing.clone(), None);
                }
            }
            Some(DeliveryFault::Delay { milliseconds }) => {
                let later = self.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                    later.enqueue(outgoing, None);
                });
            }
            other => self.enqueue(outgoing, other),
        }
    }

    /// Sends what was held, and says how many that were.
    pub(crate) fn release(&self, service: Service, order: ReleaseOrder) -> usize {
        let mut going: Vec<Outgoing> = {
            let mut held = locked(&self.inner.held);
            let (going, staying) = held.drain(..).partition(|outgoing| outgoing.service == service);
            *held = staying;
            going
        };
        match order {
            ReleaseOrder::AsMade => {}
            ReleaseOrder::Reversed => going.reverse(),
            ReleaseOrder::Shuffled => self.inner.ids.shuffle(&mut going),
        }
        let count = going.len();
        going.into_iter().for_each(|outgoing| self.enqueue(outgoing, None));
        count
    }

    fn enqueue(&self, outgoing: Outgoing, fault: Option<DeliveryFault>) {
        // The receiver lives as long as the runtime; after that nobody waits for webhooks.
        let _ = self.queue.send((outgoing, fault));
    }

    /// Reads a loopback address, as a provider fetches an input that was given as a URL.
    pub(crate) async fn fetch(&self, url: &str, most_bytes: usize) -> Option<Bytes> {
        if !is_loopback(url) {
            return None;
        }
        let request = hyper::Request::get(url).body(Full::default()).ok()?;
        let answer = tokio::time::timeout(PATIENCE, self.inner.client.request(request)).await.ok()?.ok()?;
        if !answer.status().is_success() {
            return None;
        }
        let limited = http_body_util::Limited::new(answer.into_body(), most_bytes);
        tokio::time::timeout(PATIENCE, limited.collect()).await.ok()?.ok().map(http_body_util::Collected::to_bytes)
    }
}

impl Inner {
    fn take_rule(&self, outgoing: &Outgoing) -> Option<DeliveryFault> {
        let mut rules = locked(&self.rules);
        let matches = |rule: &&mut DeliveryRule| {
            rule.service == outgoing.service && rule.topic.as_deref().is_none_or(|topic| topic == outgoing.topic)
        };
        let rule = rules.iter_mut().find(matches)?;
        rule.times = rule.times.saturating_sub(1);
        let fault = rule.fault.clone();
        rules.retain(|rule| rule.times > 0);
        Some(fault)
    }

    async fn first_attempt(self: &Arc<Self>, outgoing: Outgoing, fault: Option<DeliveryFault>) {
        if self.attempt(&outgoing, fault.as_ref(), 1).await {
            return;
        }
        let again = Arc::clone(self);
        tokio::spawn(async move {
            for (number, delay) in again.retry_after.clone().into_iter().enumerate() {
                tokio::time::sleep(delay).await;
                if again.attempt(&outgoing, fault.as_ref(), number + 2).await {
                    return;
                }
            }
            tracing::warn!(id = outgoing.id, topic = outgoing.topic, "a webhook was given up");
        });
    }

    /// Whether the receiver answered with a success.
    async fn attempt(&self, outgoing: &Outgoing, fault: Option<&DeliveryFault>, attempt: usize) -> bool {
        let status = match self.request(outgoing, fault) {
            Some(request) => match tokio::time::timeout(PATIENCE, self.client.request(request)).await {
                Ok(Ok(answer)) => Some(answer.status().as_u16()),
                Ok(Err(_)) | Err(_) => None,
            },
            None => None,
        };
        locked(&self.attempts).push(DeliveryAttempt {
            service: outgoing.service,
            id: outgoing.id.clone(),
            topic: outgoing.topic.clone(),
            url: outgoing.url.clone(),
            attempt,
            status,
        });
        status.is_some_and(|status| (200..300).contains(&status))
    }

    fn request(&self, outgoing: &Outgoing, fault: Option<&DeliveryFault>) -> Option<hyper::Request<Full<Bytes>>> {
        if !is_loopback(&outgoing.url) {
            tracing::warn!(url = outgoing.url, "a sandbox webhook only goes to a loopback address over http");
            return None;
        }
        let age = if let Some(DeliveryFault::OldTimestamp { seconds }) = fault { *seconds } else { 0 };
        let now = self.clock.seconds() - age;
        let wrong = matches!(fault, Some(DeliveryFault::WrongSignature));
        let mut request = hyper::Request::post(&outgoing.url)
            .header("content-type", "application/json; charset=utf-8")
            .header("user-agent", "pretty-sandbox/1.0");
        match &outgoing.signing {
            Signing::Stripe { secret } => {
                let secret = if wrong { "whsec_another_secret" } else { secret };
                request = request.header("stripe-signature", stripe_signature(secret, now, &outgoing.body));
            }
            Signing::Standard { secret } => {
                let secret = if wrong { "whsec_YW5vdGhlciBzZWNyZXQ=" } else { secret };
                let signed = standard_webhook_headers(secret, &outgoing.id, now, &outgoing.body).ok()?;
                request = request
                    .header("webhook-id", signed.id)
                    .header("webhook-timestamp", signed.timestamp)
                    .header("webhook-signature", signed.signature);
            }
            Signing::Headers(headers) => {
                for (name, value) in headers {
                    request = request.header(name, value);
                }
            }
        }
        let mut body = outgoing.body.clone();
        if matches!(fault, Some(DeliveryFault::ChangedBody))
            && let Some(last) = body.last_mut()
        {
            *last = b' ';
        }
        request.body(Full::new(Bytes::from(body))).ok()
    }
}

/// Whether `url` is plain HTTP on this machine.
pub(crate) fn is_loopback(url: &str) -> bool {
    let Ok(parsed) = url::Url::parse(url) else { return false };
    parsed.scheme() == "http"
        && match parsed.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            None => false,
        }
}

/// A short, stable mark of a body, for ids of messages that have none.
pub(crate) fn digest(body: &[u8]) -> String {
    use sha2::Digest as _;
    hex(&sha2::Sha256::digest(body))
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_this_machine_is_called() {
        for (url, allowed) in [
            ("http://127.0.0.1:80/hook", true),
            ("http://[::1]:9/hook", true),
            ("http://localhost:9/hook", true),
            ("https://127.0.0.1/hook", false),
            ("http://169.254.169.254/latest", false),
            ("http://localhost.example.com/", false),
            ("ftp://localhost/", false),
            ("not a url", false),
        ] {
            assert_eq!(is_loopback(url), allowed, "{url}");
        }
    }
}
