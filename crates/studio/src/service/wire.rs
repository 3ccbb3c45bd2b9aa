//! The HTTP client and the thread it lives on. Nothing outside `service` sees it.

use std::future::Future;
use std::sync::Mutex;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use url::Url;

use super::fault::{Fault, of_client};
use super::{Call, Passage, base};

/// Silence after which a body is given up. The service says something every half minute.
const SILENCE: Duration = Duration::from_secs(90);

/// The client, and the thread it lives on.
pub(super) struct Wire {
    client: Client,
    runtime: Mutex<Option<Runtime>>,
}

impl Wire {
    pub(super) fn new(base: &Url) -> Result<Self, String> {
        // One provider for the whole program; somebody else may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let here = base::is_loopback(base);
        let mut builder = Client::builder()
            .redirect(Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .https_only(!here)
            .user_agent(concat!("as-pretty-as-a-picture/", env!("CARGO_PKG_VERSION")));
        if here {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| error.to_string())?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("service")
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { client, runtime: Mutex::new(Some(runtime)) })
    }

    /// Starts something with the client.
    pub(super) fn spawn<F: Future<Output = ()> + Send + 'static>(&self, work: impl FnOnce(Client) -> F) {
        let runtime = self.runtime.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(runtime) = runtime.as_ref() {
            runtime.spawn(work(self.client.clone()));
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        // Also where waiting is not allowed.
        let runtime = self.runtime.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(runtime) = runtime {
            runtime.shutdown_background();
        }
    }
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) media_type: String,
    pub(crate) retry_after: Option<Duration>,
    /// When the service says it was given, microseconds since 1970.
    pub(crate) date: Option<i64>,
    pub(crate) sandbox: bool,
    pub(crate) body: Vec<u8>,
}

/// Sends and reads the whole answer.
pub(super) async fn whole(
    client: Client,
    address: Url,
    call: Call,
    mut passage: Passage,
    most: usize,
) -> Result<Answer, Fault> {
    let patience = call.patience;
    let work = async {
        let response = request(&client, address, call).send().await.map_err(|error| of_client(&error))?;
        let mut answer = head(&response);
        let mut response = response;
        while let Some(piece) = response.chunk().await.map_err(|error| of_client(&error))? {
            if answer.body.len() + piece.len() > most {
                return Err(Fault::NotUnderstood(format!("the answer is longer than {most} bytes")));
            }
            answer.body.extend_from_slice(&piece);
        }
        Ok(answer)
    };
    tokio::select! {
        biased;
        () = passage.over() => Err(Fault::Offline),
        answer = tokio::time::timeout(patience, work) => answer.unwrap_or(Err(Fault::Unreachable("it took too long".into()))),
    }
}

/// Sends, tells the head of the answer, then its body in pieces.
pub(super) async fn pieces(
    client: Client,
    address: Url,
    call: Call,
    mut passage: Passage,
    heads: mpsc::Sender<Result<Answer, Fault>>,
    chunks: mpsc::Sender<Result<Vec<u8>, Fault>>,
) {
    let silence = || Fault::Unreachable("it fell silent".into());
    let work = async {
        let sent = tokio::time::timeout(call.patience, request(&client, address, call).send()).await;
        let mut response = match sent {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return heads.send(Err(of_client(&error))).await.unwrap_or_default(),
            Err(_) => return heads.send(Err(silence())).await.unwrap_or_default(),
        };
        if heads.send(Ok(head(&response))).await.is_err() {
            return;
        }
        loop {
            let piece = match tokio::time::timeout(SILENCE, response.chunk()).await {
                Ok(Ok(Some(piece))) => Ok(piece.to_vec()),
                Ok(Ok(None)) => return,
                Ok(Err(error)) => Err(of_client(&error)),
                Err(_) => Err(silence()),
            };
            let last = piece.is_err();
            // Nobody listens any more, or there is no more.
            if chunks.send(piece).await.is_err() || last {
                return;
            }
        }
    };
    tokio::select! {
        biased;
        () = passage.over() => {
            let _ = heads.try_send(Err(Fault::Offline));
            let _ = chunks.send(Err(Fault::Offline)).await;
        }
        () = work => {}
    }
}

fn request(client: &Client, address: Url, call: Call) -> reqwest::RequestBuilder {
    let mut request = client.request(call.method, address);
    for (name, value) in call.headers {
        request = request.header(name, value);
    }
    if let Some(token) = call.token {
        request = request.bearer_auth(token);
    }
    if let Some(media_type) = call.media_type {
        request = request.header(CONTENT_TYPE, media_type);
    }
    if call.body.is_empty() { request } else { request.body(call.body) }
}

fn head(response: &Response) -> Answer {
    let headers = response.headers();
    let seconds = text(headers, RETRY_AFTER.as_str()).and_then(|text| text.parse().ok());
    Answer {
        status: response.status().as_u16(),
        media_type: text(headers, CONTENT_TYPE.as_str()).unwrap_or_default().to_owned(),
        retry_after: seconds.map(Duration::from_secs),
        date: text(headers, DATE.as_str()).and_then(super::wire::http_date),
        sandbox: text(headers, "x-pretty-mode") == Some("sandbox"),
        body: Vec::new(),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` as microseconds since 1970; other forms are not sent today.
fn http_date(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let [_, day, month, year, time, "GMT"] = words[..] else { return None };
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    let (day, year): (i64, i64) = (day.parse().ok()?, year.parse().ok()?);
    let clock: Vec<i64> = time.split(':').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [hours, minutes, seconds] = clock[..] else { return None };
    // Days since 1970 by the civil calendar: years begin in March, so that leap days come last.
    let shifted = if month > 2 { year } else { year - 1 };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + of_year - 719_468;
    Some(((days * 24 + hours) * 60 + minutes) * 60_000_000 + seconds * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::http_date;

    #[test]
    fn dates_of_headers() {
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777_000_000));
        assert_eq!(http_date("Thu, 29 Feb 2024 12:00:00 GMT"), Some(1_709_208_000_000_000));
        for nonsense in ["", "yesterday", "Sun, 06 Nov 1994 08:49 GMT", "Sun, 06 Foo 1994 08:49:37 GMT"] {
            assert_eq!(http_date(nonsense), None, "{nonsense}");
        }
    }
}
