//! HTTP to the outside services: one way to build a client, to read an answer within limits, and to wait before trying again.
//!
//! Every call has a time limit, follows no redirect and reads no more than it was told to. What an answer means is the business of the
//! clients in `billing` and `providers`.

#[cfg(test)]
pub(crate) mod testing;

use std::time::Duration;

use url::{Host, Url};

/// Why no usable answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The service was not reached: nothing can have happened there.
    #[error("the service cannot be reached")]
    NotReached,
    /// The request left and no whole answer came back: it may or may not have been done.
    #[error("no whole answer came back; what happened is unknown")]
    OutcomeUnknown,
    /// The answer is larger than allowed.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
}

impl From<reqwest::Error> for TransportError {
    fn from(error: reqwest::Error) -> Self {
        if error.is_connect() || error.is_builder() { Self::NotReached } else { Self::OutcomeUnknown }
    }
}

/// An address or a key that must not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The address cannot be read.
    #[error("{0}: not an address")]
    Address(String),
    /// Keys travel over TLS, except on this machine.
    #[error("{0}: must be https, or http on a loopback address")]
    NotSecure(String),
    /// A sandbox's key at the real service, or a real key anywhere else.
    #[error("{0}: the key does not belong to this address; sandbox and live keys are never mixed")]
    KeyMixed(String),
    /// The HTTP client could not be made.
    #[error("the HTTP client cannot be made: {0}")]
    Client(String),
}

/// Where a service is: its root, known to be safe to send a key to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base(Url);

impl Base {
    /// Reads an address; `key` must fit it: a key with the word `sandbox` goes to loopback only, any other to `live_host` only.
    ///
    /// # Errors
    /// When the address is none, is not secure, or the key belongs elsewhere.
    pub fn new(address: &str, live_host: &str, key: &str) -> Result<Self, SetupError> {
        let url = Url::parse(address).map_err(|_| SetupError::Address(address.to_owned()))?;
        let loopback = is_loopback(&url);
        if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
            return Err(SetupError::NotSecure(address.to_owned()));
        }
        let sandbox = key.contains("sandbox");
        let fits = if sandbox { loopback } else { url.scheme() == "https" && url.host_str() == Some(live_host) };
        if fits { Ok(Self(url)) } else { Err(SetupError::KeyMixed(address.to_owned())) }
    }

    /// The address of a path such as `/v1/events`.
    pub fn at(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(path);
        url
    }

    /// Whether this is a stand-in on this machine.
    pub fn is_sandbox(&self) -> bool {
        is_loopback(&self.0)
    }

    /// Whether a URL has the same scheme, host and port.
    pub fn same_origin(&self, url: &Url) -> bool {
        self.0.origin() == url.origin()
    }
}

/// Whether an address is on this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// A client that follows no redirect and gives up after `timeout`.
///
/// # Errors
/// When the TLS library was not installed or the client cannot be made.
pub fn client(timeout: Duration) -> Result<reqwest::Client, SetupError> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10).min(timeout))
        .timeout(timeout)
        .user_agent("AsPrettyAsAPicture/1.0")
        .build()
        .map_err(|problem| SetupError::Client(problem.to_string()))
}

/// Reads a body of at most `most` bytes.
///
/// # Errors
/// When it is larger, or when the connection ends early.
pub async fn read_at_most(mut response: reqwest::Response, most: usize) -> Result<Vec<u8>, TransportError> {
    if response.content_length().is_some_and(|length| length > most as u64) {
        return Err(TransportError::TooLarge(most));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| TransportError::OutcomeUnknown)? {
        if body.len() + chunk.len() > most {
            return Err(TransportError::TooLarge(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// How often and after which waits a call is tried again.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Further tries after the first.
    pub retries: u32,
    /// The first wait; it doubles with every try.
    pub first_wait: Duration,
    /// No wait is longer.
    pub longest_wait: Duration,
}

impl Patience {
    /// The wait before try `next` (1 is the first further one), shortened by up to a quarter at random so that callers spread out.
    pub fn wait(&self, next: u32) -> Duration {
        let doubled =
            self.first_wait.saturating_mul(2_u32.saturating_pow(next.saturating_sub(1))).min(self.longest_wait);
        let mut random = [0_u8; 1];
        // Without random numbers the wait is simply whole.
        let _ = getrandom::fill(&mut random);
        doubled.saturating_sub(doubled.mul_f64(f64::from(random[0]) / 1024.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_addresses_are_never_mixed() {
        let new = |address: &str, key: &str| Base::new(address, "api.stripe.com", key).map(|_| ());
        let mixed = |address: &str| Err(SetupError::KeyMixed(address.to_owned()));
        assert_eq!(new("https://api.stripe.com", "sk_live_1"), Ok(()));
        assert_eq!(new("http://127.0.0.1:9", "sk_test_sandbox_1"), Ok(()));
        assert_eq!(new("https://api.stripe.com", "sk_test_sandbox_1"), mixed("https://api.stripe.com"));
        assert_eq!(new("http://127.0.0.1:9", "sk_live_1"), mixed("http://127.0.0.1:9"));
        assert_eq!(new("https://api.stripe.com.example.com", "sk_live_1"), mixed("https://api.stripe.com.example.com"));
        assert!(matches!(new("http://api.stripe.com", "sk_live_1"), Err(SetupError::NotSecure(_))));
        assert!(matches!(new("stripe", "sk_live_1"), Err(SetupError::Address(_))));
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let patience =
            Patience { retries: 5, first_wait: Duration::from_millis(500), longest_wait: Duration::from_secs(5) };
        for (next, most) in [(1, 500), (2, 1_000), (3, 2_000), (4, 4_000), (5, 5_000), (90, 5_000)] {
            let wait = patience.wait(next);
            assert!(
                wait <= Duration::from_millis(most) && wait >= Duration::from_millis(most * 3 / 4),
                "{next}: {wait:?}"
            );
        }
    }
}
