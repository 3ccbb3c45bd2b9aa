//! The calls to Replicate that this service makes, and the check of its webhooks.
//!
//! Replicate has no idempotency key, so a creation is never sent twice: a lost answer is `OutcomeUnknown`, and the caller waits for the
//! webhook or looks through `recent`. The token goes to the API and to the hosts of result files, nowhere else.

mod prediction;
pub mod signature;

pub use prediction::{Prediction, Status};

use std::time::Duration;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use crate::outbound::{Base, Patience, SetupError, TransportError, client, read_at_most};
use crate::settings::Secret;

const LIVE_HOST: &str = "api.replicate.com";
const LARGEST_ANSWER: usize = 4 << 20;

/// Why a call did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplicateError {
    /// No usable answer came.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// Too many requests; nothing was created. Seconds to wait, when they were told.
    #[error("Replicate asks to wait")]
    Throttled(Option<u64>),
    /// Our account cannot pay, or our token is not taken: a matter for the operator.
    #[error("Replicate refuses our account with {0}")]
    Account(u16),
    /// The request is wrong: our own fault.
    #[error("Replicate refused the request with {status}: {detail}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// For the log, never for a person.
        detail: String,
    },
    /// There is no such thing, or no longer.
    #[error("Replicate no longer has it")]
    Gone,
    /// A fault of Replicate's.
    #[error("Replicate failed with {0}")]
    Server(u16),
    /// The answer is not what is documented.
    #[error("Replicate's answer cannot be read: {0}")]
    Unreadable(String),
    /// The file that was stored is not the one that was sent.
    #[error("the uploaded file has another checksum")]
    Checksum,
    /// A result lies where no result may lie.
    #[error("the result's address is not allowed")]
    ForeignHost,
}

/// Which model a prediction runs.
#[derive(Clone, Copy, Debug)]
pub enum Model<'a> {
    /// An official model, `owner/name`.
    Official(&'a str),
    /// A version, 64 hexadecimal digits.
    Version(&'a str),
}

/// A prediction that is to be created.
#[derive(Clone, Copy, Debug)]
pub struct NewPrediction<'a> {
    /// The model.
    pub model: Model<'a>,
    /// Its input.
    pub input: &'a Value,
    /// Where the end is told.
    pub webhook: Option<&'a str>,
    /// Replicate ends it by itself after this long; at least five seconds.
    pub cancel_after: Duration,
}

/// An uploaded file.
#[derive(Clone, Debug, Deserialize)]
pub struct StoredFile {
    /// Replicate's id.
    pub id: String,
    checksums: Checksums,
    urls: FileUrls,
}

impl StoredFile {
    /// What goes into a model's input.
    pub fn url(&self) -> &str {
        &self.urls.get
    }
}

#[derive(Clone, Debug, Deserialize)]
struct Checksums {
    sha256: String,
}

#[derive(Clone, Debug, Deserialize)]
struct FileUrls {
    get: String,
}

#[derive(Deserialize)]
struct Listed {
    results: Vec<Prediction>,
}

/// The client.
#[derive(Clone, Debug)]
pub struct ReplicateClient {
    http: reqwest::Client,
    base: Base,
    /// In a sandbox, what stands where `https://replicate.delivery` would.
    delivery: Option<Base>,
    token: Secret,
    patience: Patience,
}

impl ReplicateClient {
    /// A client for the real service, or for a stand-in on loopback, which then names its own host of result files.
    ///
    /// # Errors
    /// When an address is not secure or the token belongs to another address.
    pub fn new(
        base_url: &str,
        sandbox_delivery_url: Option<&str>,
        token: Secret,
        patience: Patience,
        timeout: Duration,
    ) -> Result<Self, SetupError> {
        let base = Base::new(base_url, LIVE_HOST, token.reveal())?;
        // A stand-in's result files come from loopback only; the real ones never do.
        let delivery = sandbox_delivery_url.map(|url| Base::new(url, LIVE_HOST, token.reveal())).transpose()?;
        Ok(Self { http: client(timeout)?, base, delivery, token, patience })
    }

    fn request(&self, method: Method, url: Url) -> reqwest::RequestBuilder {
        self.http.request(method, url).bearer_auth(self.token.reveal())
    }

    async fn answer<T: serde::de::DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<T, ReplicateError> {
        let response = request.send().await.map_err(TransportError::from)?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.parse().ok());
        let body = read_at_most(response, LARGEST_ANSWER).await?;
        read(status, retry_after, &body)
    }

    /// A read, tried again on 429, 503, 504 and lost answers.
    async fn get<T: serde::de::DeserializeOwned>(&self, url: Url) -> Result<T, ReplicateError> {
        let mut tried = 0;
        loop {
            let outcome = self.answer(self.request(Method::GET, url.clone())).await;
            let again = matches!(
                outcome,
                Err(ReplicateError::Throttled(_)
                    | ReplicateError::Server(503 | 504)
                    | ReplicateError::Transport(TransportError::NotReached | TransportError::OutcomeUnknown))
            );
            if !again || tried >= self.patience.retries {
                return outcome;
            }
            tried += 1;
            tokio::time::sleep(self.patience.wait(tried)).await;
        }
    }

    /// Creates a prediction. Sent once, never again.
    ///
    /// # Errors
    /// `ReplicateError`; after `OutcomeUnknown` it may exist.
    pub async fn create(&self, new: NewPrediction<'_>) -> Result<Prediction, ReplicateError> {
        let version = match new.model {
            Model::Official(version) | Model::Version(version) => version,
        };
        let mut body = json!({ "version": version, "input": new.input });
        if let Some(webhook) = new.webhook {
            body["webhook"] = json!(webhook);
            body["webhook_events_filter"] = json!(["completed"]);
        }
        let request = self.request(Method::POST, self.base.at("/v1/predictions")).json(&body);
        self.answer(request.header("cancel-after", format!("{}s", new.cancel_after.as_secs().max(5)))).await
    }

    /// A prediction as it is now.
    ///
    /// # Errors
    /// `ReplicateError`.
    pub async fn prediction(&self, id: &str) -> Result<Prediction, ReplicateError> {
        self.get(self.base.at(&format!("/v1/predictions/{}", safe(id)))).await
    }

    /// Asks for the end of a prediction; one that is over stays as it is.
    ///
    /// # Errors
    /// `ReplicateError`.
    pub async fn cancel(&self, id: &str) -> Result<Prediction, ReplicateError> {
        self.answer(self.request(Method::POST, self.base.at(&format!("/v1/predictions/{}/cancel", safe(id))))).await
    }

    /// The newest predictions, to find one whose answer was lost.
    ///
    /// # Errors
    /// `ReplicateError`.
    pub async fn recent(&self) -> Result<Vec<Prediction>, ReplicateError> {
        self.get::<Listed>(self.base.at("/v1/predictions")).await.map(|page| page.results)
    }

    /// Uploads a photo that is already free of metadata, and compares checksums.
    ///
    /// # Errors
    /// `ReplicateError`.
    pub async fn upload(&self, photo: Vec<u8>, media_type: &str) -> Result<StoredFile, ReplicateError> {
        let wanted: String = Sha256::digest(&photo).iter().map(|byte| format!("{byte:02x}")).collect();
        // A name of ours: the person's file name is nobody's business.
        let part = Part::bytes(photo).file_name("photo").mime_str(media_type);
        let part = part.map_err(|problem| ReplicateError::Refused { status: 0, detail: problem.to_string() })?;
        let request =
            self.request(Method::POST, self.base.at("/v1/files")).multipart(Form::new().part("content", part));
        let file: StoredFile = self.answer(request).await?;
        if file.checksums.sha256 == wanted { Ok(file) } else { Err(ReplicateError::Checksum) }
    }

    /// Deletes an uploaded photo; one that is gone already is fine.
    ///
    /// # Errors
    /// `ReplicateError`.
    pub async fn delete_file(&self, id: &str) -> Result<(), ReplicateError> {
        let request = self.request(Method::DELETE, self.base.at(&format!("/v1/files/{}", safe(id))));
        let response = request.send().await.map_err(TransportError::from)?;
        match response.status().as_u16() {
            200..300 | 404 => Ok(()),
            status => read::<Value>(status, None, &read_at_most(response, LARGEST_ANSWER).await?).map(|_| ()),
        }
    }

    /// Whether a result file may be fetched from this address.
    fn allowed(&self, url: &Url) -> bool {
        if self.base.is_sandbox() {
            return self.base.same_origin(url)
                || self.delivery.as_ref().is_some_and(|delivery| delivery.same_origin(url));
        }
        let host = url.host_str().unwrap_or_default();
        let known = host == LIVE_HOST || host == "replicate.delivery" || host.ends_with(".replicate.delivery");
        url.scheme() == "https" && url.port().is_none() && url.username().is_empty() && known
    }

    /// Fetches a result file of at most `most` bytes. Whether it is a picture is checked by whoever stores it.
    ///
    /// # Errors
    /// `ForeignHost` for any address that is not Replicate's; `Gone` after an hour; `TooLarge`.
    pub async fn download(&self, address: &str, most: usize) -> Result<Vec<u8>, ReplicateError> {
        let url = Url::parse(address).map_err(|_| ReplicateError::ForeignHost)?;
        if !self.allowed(&url) {
            return Err(ReplicateError::ForeignHost);
        }
        let response = self.request(Method::GET, url).send().await.map_err(TransportError::from)?;
        match response.status().as_u16() {
            200 => Ok(read_at_most(response, most).await?),
            404 | 410 => Err(ReplicateError::Gone),
            status => Err(ReplicateError::Server(status)),
        }
    }
}

fn safe(id: &str) -> String {
    id.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn read<T: serde::de::DeserializeOwned>(
    status: u16,
    retry_after: Option<u64>,
    body: &[u8],
) -> Result<T, ReplicateError> {
    if (200..300).contains(&status) {
        return serde_json::from_slice(body).map_err(|problem| ReplicateError::Unreadable(problem.to_string()));
    }
    let detail =
        serde_json::from_slice::<Value>(body).ok().and_then(|problem| problem["detail"].as_str().map(str::to_owned));
    Err(match status {
        429 => ReplicateError::Throttled(retry_after),
        401..=403 => ReplicateError::Account(status),
        404 | 410 => ReplicateError::Gone,
        500.. => ReplicateError::Server(status),
        _ => ReplicateError::Refused { status, detail: detail.unwrap_or_default() },
    })
}

#[cfg(test)]
mod tests;
