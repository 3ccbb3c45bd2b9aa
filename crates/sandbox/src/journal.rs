//! What the stand-ins received, kept in memory so that a test can read it back byte for byte.
//!
//! Bounded: the oldest requests go first once all bodies together pass `MOST_BYTES`. Nothing is written to disk or to a log.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use axum::http::HeaderMap;
use hyper::body::Bytes;

use crate::faults::Service;
use crate::locked;

const MOST_BYTES: usize = 256 << 20;
const MOST_REQUESTS: usize = 20_000;

/// One request as it arrived, before any fault.
#[derive(Clone, Debug)]
pub struct ReceivedRequest {
    /// Counts up from 1 over all stand-ins.
    pub sequence: u64,
    /// When, in microseconds since 1970 by the sandbox's clock.
    pub at_unix_micros: i64,
    /// Who was called.
    pub service: Service,
    /// The HTTP method.
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// The query, empty when there is none.
    pub query: String,
    /// The headers, names in lower case. Holds sandbox keys.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Bytes,
    /// What was answered; `None` when the connection was closed or the answer is still being made.
    pub status: Option<u16>,
}

#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    requests: VecDeque<ReceivedRequest>,
    bytes: usize,
    last: u64,
}

impl Journal {
    pub(crate) fn write(
        &self,
        at_unix_micros: i64,
        service: Service,
        request: &axum::http::request::Parts,
        body: Bytes,
    ) -> u64 {
        let mut kept = locked(&self.0);
        kept.last += 1;
        kept.bytes += body.len();
        let sequence = kept.last;
        kept.requests.push_back(ReceivedRequest {
            sequence,
            at_unix_micros,
            service,
            method: request.method.to_string(),
            path: request.uri.path().to_owned(),
            query: request.uri.query().unwrap_or_default().to_owned(),
            headers: header_texts(&request.headers),
            body,
            status: None,
        });
        while kept.requests.len() > MOST_REQUESTS || kept.bytes > MOST_BYTES {
            let Some(oldest) = kept.requests.pop_front() else { break };
            kept.bytes -= oldest.body.len();
        }
        sequence
    }

    pub(crate) fn answered(&self, sequence: u64, status: u16) {
        let mut kept = locked(&self.0);
        if let Some(request) = kept.requests.iter_mut().rev().find(|request| request.sequence == sequence) {
            request.status = Some(status);
        }
    }

    pub(crate) fn read(&self, service: Option<Service>) -> Vec<ReceivedRequest> {
        let wanted = |request: &&ReceivedRequest| service.is_none_or(|service| request.service == service);
        locked(&self.0).requests.iter().filter(wanted).cloned().collect()
    }

    pub(crate) fn clear(&self) {
        let mut kept = locked(&self.0);
        kept.requests.clear();
        kept.bytes = 0;
    }
}

fn header_texts(headers: &HeaderMap) -> BTreeMap<String, String> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}
