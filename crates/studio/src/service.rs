//! The one way out for data. Every request goes through [`Service::send`] or [`Service::stream`], which write the privacy ledger first, and which
//! the offline switch closes: while it is on no socket is opened, and what is under way is broken off.
//!
//! The client is made with the first request, so that a program in which nobody is signed in never has one. Redirects are not followed: the
//! service gives none, and whoever does is not the service. Deliberately not here: tokens (`account`), what is asked and why (`sync`, `cloud`).

mod base;
mod fault;
mod wire;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use pretty_contract::problem::Problem;
use pretty_contract::sent::SentWhat;
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, watch};
use url::Url;

pub(crate) use base::{local_address, parse as base_address};
pub(crate) use fault::{Fault, of_answer as fault_of};

use crate::clock::now_micros;
use crate::store::Store;
use crate::store::sent::Leaving;
use wire::{Answer, Wire};

/// The most bytes of an answer in JSON.
const MOST_ANSWER: usize = 8 << 20;

/// Why the way out is closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Door {
    /// The person's switch.
    pub(crate) offline: bool,
    /// The program ends.
    pub(crate) ended: bool,
    /// Counts how often what was under way was broken off.
    epoch: u64,
}

impl Door {
    fn is_open(self) -> bool {
        !self.offline && !self.ended
    }
}

/// A way through the door, for as long as nobody closes it or breaks off what is under way.
pub(crate) struct Passage {
    door: watch::Receiver<Door>,
    epoch: u64,
}

impl Passage {
    /// None when the door is closed.
    fn through(door: &watch::Sender<Door>) -> Option<Self> {
        let door = door.subscribe();
        let now = *door.borrow();
        now.is_open().then_some(Self { door, epoch: now.epoch })
    }

    /// Waits until it is over.
    async fn over(&mut self) {
        // The sender lives as long as the service; without it there is nobody to wait for either.
        let _ = self.door.wait_for(|door| !door.is_open() || door.epoch != self.epoch).await;
    }
}

/// What could not be written down before it was sent was not sent.
fn not_sent(problem: Problem) -> Problem {
    Problem { message: format!("{} Nothing was sent.", problem.message), ..problem }
}

/// The way to the service.
pub(crate) struct Service {
    base: Url,
    store: Arc<Store>,
    door: watch::Sender<Door>,
    wire: OnceLock<Result<Wire, String>>,
    /// The service's clock less this computer's, microseconds.
    skew: AtomicI64,
    sandbox: AtomicBool,
}

/// A request.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Path and query, from the root.
    pub(crate) path: String,
    /// An access token.
    pub(crate) token: Option<String>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) media_type: Option<&'static str>,
    pub(crate) leaving: Leaving,
    pub(crate) patience: Duration,
}

/// What may stand in a log: no token, no header, nothing of what is sent.
impl std::fmt::Debug for Call {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.path.split('?').next().unwrap_or_default();
        let told = (self.token.is_some(), self.body.len());
        write!(formatter, "Call {{ {} {path}, with a token: {}, bytes: {} }}", self.method, told.0, told.1)
    }
}

impl Call {
    /// A request about the account, without a body; `why` is for the privacy ledger.
    pub(crate) fn new(method: Method, path: impl Into<String>, why: &str) -> Self {
        Self {
            method,
            path: path.into(),
            token: None,
            headers: Vec::new(),
            body: Vec::new(),
            media_type: None,
            leaving: Leaving {
                what: SentWhat::Account,
                name: why.to_owned(),
                why: why.to_owned(),
                to: "Our service".to_owned(),
                bytes: 0,
                stripped: Vec::new(),
                cause: None,
            },
            patience: Duration::from_secs(30),
        }
    }

    pub(crate) fn get(path: impl Into<String>, why: &str) -> Self {
        Self::new(Method::GET, path, why)
    }

    pub(crate) fn json<T: Serialize>(mut self, body: &T) -> Self {
        // Plain data of the contract: writing it as JSON cannot fail.
        self.body = serde_json::to_vec(body).unwrap_or_default();
        self.media_type = Some("application/json");
        self
    }

    /// Asking twice with the same key is asking once.
    pub(crate) fn key(self, key: impl Into<String>) -> Self {
        self.header("Idempotency-Key", key)
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A body on its way down.
pub(crate) struct Stream {
    pub(crate) status: u16,
    chunks: mpsc::Receiver<Result<Vec<u8>, Fault>>,
}

impl Stream {
    /// The next piece; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Result<Vec<u8>, Fault>> {
        self.chunks.blocking_recv()
    }
}

impl Service {
    pub(crate) fn new(base: Url, store: Arc<Store>, offline: bool) -> Self {
        Self {
            base,
            store,
            door: watch::Sender::new(Door { offline, ..Door::default() }),
            wire: OnceLock::new(),
            skew: AtomicI64::new(0),
            sandbox: AtomicBool::new(false),
        }
    }

    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    /// Opens or closes the way out. What is under way is broken off.
    pub(crate) fn set_offline(&self, offline: bool) {
        self.door.send_modify(|door| door.offline = offline);
    }

    pub(crate) fn is_offline(&self) -> bool {
        self.door.borrow().offline
    }

    /// Breaks off what is under way, because somebody else is signed in from now on, or nobody.
    pub(crate) fn break_off(&self) {
        self.door.send_modify(|door| door.epoch += 1);
    }

    /// Closes the way out for good.
    pub(crate) fn end(&self) {
        self.door.send_modify(|door| door.ended = true);
    }

    /// Whether the service said that it only pretends.
    pub(crate) fn is_sandbox(&self) -> bool {
        self.sandbox.load(Ordering::Relaxed)
    }

    /// Now, by the service's clock as far as it is known.
    pub(crate) fn now(&self) -> i64 {
        now_micros().saturating_add(self.skew.load(Ordering::Relaxed))
    }

    /// Asks, and understands the answer.
    pub(crate) fn send<T: DeserializeOwned>(&self, call: Call) -> Result<T, Fault> {
        let answer = self.ask(call)?;
        serde_json::from_slice(&answer.body).map_err(|error| fault::not_json(&answer, &error.to_string()))
    }

    /// Asks; only that it worked matters.
    pub(crate) fn tell(&self, call: Call) -> Result<(), Fault> {
        self.ask(call).map(|_| ())
    }

    /// Asks, whatever the answer's status is. For sign-in, whose answers have a form of their own.
    pub(crate) fn raw(&self, call: Call) -> Result<Answer, Fault> {
        let (wire, passage) = self.prepare(&call)?;
        let (sender, mut receiver) = mpsc::channel(1);
        let address = self.address(&call.path)?;
        wire.spawn(move |client| async move {
            let _ = sender.send(wire::whole(client, address, call, passage, MOST_ANSWER).await).await;
        });
        let answer = receiver.blocking_recv().unwrap_or(Err(Fault::Offline))?;
        self.learn(&answer);
        Ok(answer)
    }

    /// Asks for something long. An answer that is an error is an error here.
    pub(crate) fn stream(&self, call: Call) -> Result<Stream, Fault> {
        let (wire, passage) = self.prepare(&call)?;
        let (sender, mut chunks) = mpsc::channel(8);
        let (head, mut heads) = mpsc::channel(1);
        let address = self.address(&call.path)?;
        wire.spawn(move |client| wire::pieces(client, address, call, passage, head, sender));
        let answer = heads.blocking_recv().unwrap_or(Err(Fault::Offline))?;
        self.learn(&answer);
        if !(200..300).contains(&answer.status) {
            let mut answer = answer;
            while let Some(Ok(piece)) = chunks.blocking_recv() {
                answer.body.extend(piece);
                if answer.body.len() > MOST_ANSWER {
                    break;
                }
            }
            return Err(fault::of_answer(&answer));
        }
        Ok(Stream { status: answer.status, chunks })
    }

    fn ask(&self, call: Call) -> Result<Answer, Fault> {
        let answer = self.raw(call)?;
        if (200..300).contains(&answer.status) { Ok(answer) } else { Err(fault::of_answer(&answer)) }
    }

    /// The line in the ledger, the client, and the door as it is now: one that is closed from here on is found closed. Closed already: none of them.
    fn prepare(&self, call: &Call) -> Result<(&Wire, Passage), Fault> {
        let passage = Passage::through(&self.door).ok_or(Fault::Offline)?;
        let leaving = Leaving { bytes: call.body.len() as u64, ..call.leaving.clone() };
        self.store.leaving(&leaving).map_err(|error| Fault::Here(not_sent(error.into())))?;
        let wire = self.wire.get_or_init(|| Wire::new(&self.base));
        wire.as_ref().map(|wire| (wire, passage)).map_err(|error| Fault::Unreachable(error.clone()))
    }

    fn address(&self, path: &str) -> Result<Url, Fault> {
        let address = self.base.join(path).map_err(|error| Fault::NotUnderstood(error.to_string()))?;
        // Paths are ours; whatever came from elsewhere must not lead elsewhere.
        if address.origin() == self.base.origin() {
            Ok(address)
        } else {
            Err(Fault::NotUnderstood("an address leads to another host".into()))
        }
    }

    fn learn(&self, answer: &Answer) {
        if let Some(theirs) = answer.date {
            self.skew.store(theirs.saturating_sub(now_micros()), Ordering::Relaxed);
        }
        self.sandbox.store(answer.sandbox, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn what_is_closed_between_the_ledger_and_the_socket_opens_none() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let base = base_address(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let service = Service::new(base, Arc::new(Store::in_memory().unwrap()), false);
        let closers: [fn(&Service); 2] = [|service| service.set_offline(true), Service::break_off];
        for round in 0..40 {
            service.set_offline(false);
            let call = Call::get("/v1/account", "test");
            let (wire, passage) = service.prepare(&call).unwrap();
            closers[round % 2](&service);
            let (sender, mut receiver) = mpsc::channel(1);
            let address = service.address(&call.path).unwrap();
            wire.spawn(move |client| async move {
                let _ = sender.send(wire::whole(client, address, call, passage, 100).await).await;
            });
            assert_eq!(receiver.blocking_recv(), Some(Err(Fault::Offline)), "round {round}");
        }
        assert!(listener.accept().is_err(), "somebody called");
        service.set_offline(true);
        assert_eq!(service.tell(Call::get("/v1/account", "test")), Err(Fault::Offline));
    }

    #[test]
    fn a_call_in_a_log_holds_no_secret() {
        let call = Call {
            token: Some("access-7".into()),
            body: b"photo bytes".to_vec(),
            ..Call::get("/v1/orders?before=secret", "test").key("secret key")
        };
        let shown = format!("{call:?}");
        assert_eq!(shown, "Call { GET /v1/orders, with a token: true, bytes: 11 }");
    }
}
