//! The frame around every request: an id, the caller's address, a time limit, safe headers, one line in the log.
//!
//! When whoever asked leaves, the request is dropped where it waits, and that has its line, too. What must end all the same is a task of its own
//! (`uploads::finish`).

use super::body::IsLate;
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::pages::PageError;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::time::{Duration, Instant};
use tracing::Instrument as _;

/// Where a request comes from, as far as our own proxies vouch for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MODE: HeaderName = HeaderName::from_static("x-pretty-mode");

/// Headers that an answer gets when its handler did not say otherwise.
const DEFAULTS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// What stands in the log and in the numbers for a request that nobody waited for; it is never sent.
const LEFT: u16 = 499;

/// A request's line in the log, written when it is dropped: with the answer, or without one.
struct Line {
    app: App,
    id: String,
    method: Method,
    path: String,
    address: IpAddr,
    agent: String,
    begin: Instant,
    status: u16,
}

impl Drop for Line {
    fn drop(&mut self) {
        let Self { id, method, path, address, agent, status, .. } = &*self;
        let took = self.begin.elapsed();
        if let Some(metrics) = &self.app.metrics {
            metrics.request(method, path, *status, took);
        }
        let milliseconds = took.as_millis();
        tracing::info!(request_id = %id, %method, path, status, milliseconds, %address, agent, "request");
    }
}

pub(super) async fn around(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let begin = Instant::now();
    let id = app.world.new_id().map_or_else(|_| "none".to_owned(), |id| id.simple().to_string());
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let address = client_address(request.headers(), peer, app.settings.server.trusted_proxies);
    request.extensions_mut().insert(ClientAddress(address));
    let method = request.method().clone();
    // The pattern, never the address itself: links in letters carry tokens.
    let path = request.extensions().get::<MatchedPath>().map_or("(none)", |path| path.as_str()).to_owned();
    let agent: String = text_of(request.headers(), header::USER_AGENT).chars().take(200).collect();
    let span = tracing::info_span!("request", request_id = %id);
    let mut line = Line { app: app.clone(), id, method, path, address, agent, begin, status: LEFT };

    let limit = Duration::from_secs(app.settings.server.request_timeout_seconds);
    let is_late = IsLate::default();
    let request = request.map(|body| is_late.watch(body));
    let mut running = pin!(next.run(request).instrument(span));
    let mut response = match tokio::time::timeout(limit, running.as_mut()).await {
        Ok(response) => response,
        // Asked while the request still is where it was when its time was over.
        Err(_) if is_late.get() => ApiError::new(ErrorCode::TooSlow, "The request came too slowly.").into_response(),
        Err(_) => ApiError::new(ErrorCode::TimedOut, "The request took too long.").into_response(),
    };

    if let Some(fault) = response.extensions_mut().remove::<PageError>() {
        response = fault.shown(&app);
    }
    let headers = response.headers_mut();
    if app.is_sandbox() {
        headers.insert(MODE, HeaderValue::from_static("sandbox"));
    }
    for (name, value) in DEFAULTS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if app.is_secure() {
        headers
            .insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000; includeSubDomains"));
    }
    if let Ok(id) = HeaderValue::from_str(&line.id) {
        headers.insert(REQUEST_ID, id);
    }
    line.status = response.status().as_u16();
    response
}

/// The N-th entry from the right of `X-Forwarded-For`, N being how many proxies are ours: everything to the left of it may be forged.
fn client_address(headers: &HeaderMap, peer: Option<IpAddr>, trusted: usize) -> IpAddr {
    let forwarded =
        headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect::<Vec<_>>().join(",");
    let entry = trusted
        .checked_sub(1)
        .and_then(|skip| forwarded.rsplit(',').nth(skip))
        .and_then(|entry| entry.trim().parse().ok());
    entry.or(peer).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

fn text_of(headers: &HeaderMap, name: HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// For an address that does not exist: a page for people, an error for programs.
pub(super) async fn nothing_there(State(app): State<App>, headers: HeaderMap) -> Response {
    let error = ApiError::new(ErrorCode::NotFound, "There is nothing at this address.");
    if text_of(&headers, header::ACCEPT).contains("text/html") {
        PageError::from(error).shown(&app)
    } else {
        error.into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_proxies_are_believed() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", HeaderValue::from_static("6.6.6.6, 1.1.1.1"));
        headers.append("x-forwarded-for", HeaderValue::from_static("2.2.2.2"));
        let peer = Some("9.9.9.9".parse().unwrap());
        for (trusted, expected) in [(0, "9.9.9.9"), (1, "2.2.2.2"), (2, "1.1.1.1"), (3, "6.6.6.6"), (4, "9.9.9.9")] {
            assert_eq!(client_address(&headers, peer, trusted).to_string(), expected, "{trusted}");
        }
    }
}
