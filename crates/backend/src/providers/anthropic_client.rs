//! The call to Anthropic that this service makes: a few photos and a question in, JSON of a given schema out. And whether the model is still there.
//!
//! Spoken as of version `2026-10-21`: no sampling settings, no forced tools, no prefill. There is no idempotency key; a retry may be billed twice to us,
//! never to a person. Whether the JSON makes sense is checked by whoever asked.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::outbound::{Base, Patience, SetupError, TransportError, client, read_at_most};
use crate::settings::{Anthropic, AuthHeader, Secret};

const LIVE_HOST: &str = "api.anthropic.com";
const LARGEST_ANSWER: usize = 1 << 20;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnthropicError {
    /// No usable answer came.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// Still busy after all tries, or the deadline came first.
    #[error("Anthropic is busy ({0})")]
    Busy(u16),
    /// The spending cap is reached: a matter for the operator, and no use to try again.
    #[error("the spending cap at Anthropic is reached")]
    SpendCap,
    /// Our key or our account is not taken: a matter for the operator.
    #[error("Anthropic refuses our account with {0}")]
    Account(u16),
    /// The model is unknown or retired: a matter for the operator.
    #[error("Anthropic does not offer the model")]
    ModelGone,
    /// The request is wrong: our own fault.
    #[error("Anthropic refused the request with {status}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// For the log, never for a person.
        message: String,
    },
    /// A fault of Anthropic's.
    #[error("Anthropic failed with {0}")]
    Server(u16),
    /// The answer is not what is documented.
    #[error("Anthropic's answer cannot be read: {0}")]
    Unreadable(String),
}

impl AnthropicError {
    /// Whether an operator has to act before anything works again.
    pub fn needs_operator(&self) -> bool {
        matches!(self, Self::SpendCap | Self::Account(_) | Self::ModelGone)
    }
}

/// A photo to look at: scaled down and free of metadata.
#[derive(Clone, Copy, Debug)]
pub struct Photo<'a> {
    /// `image/jpeg` or `image/png`.
    pub media_type: &'a str,
    /// The file.
    pub file: &'a [u8],
}

/// A question about photos.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The model's id, from configuration.
    pub model: &'a str,
    /// The system prompt.
    pub system: &'a str,
    /// The photos, in order; they come before the text.
    pub photos: &'a [Photo<'a>],
    /// The question.
    pub text: &'a str,
    /// What the answer must look like.
    pub schema: &'a Value,
    /// The longest answer, thinking included.
    pub max_tokens: u32,
    /// A random name of the person, for Anthropic's own abuse checks.
    pub user_ref: &'a str,
}

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// JSON; still to be checked for sense.
    Answered(Value),
    /// The model declined. Billed to us.
    Declined,
    /// The answer was cut at `max_tokens`.
    Cut,
    /// Something else than JSON.
    NotJson,
}

/// What came back, and what it cost us.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What came back.
    pub reply: Reply,
    /// Tokens in.
    pub input_tokens: u64,
    /// Tokens out.
    pub output_tokens: u64,
    /// For Anthropic's support.
    pub request_id: Option<String>,
}

/// How we show who we are, and which version of the interface we speak.
#[derive(Clone, Debug)]
pub struct Credentials {
    key: Secret,
    /// While a key is being exchanged: tried where the other one is not taken.
    before: Option<Secret>,
    header: AuthHeader,
    version: String,
}

impl Credentials {
    /// As configured.
    pub fn of(settings: &Anthropic) -> Self {
        Self {
            key: settings.key.clone(),
            before: Some(settings.key_before.clone()).filter(|key| !key.is_empty()),
            header: settings.auth_header,
            version: settings.api_version.clone(),
        }
    }
}

/// The client.
#[derive(Clone, Debug)]
pub struct AnthropicClient {
    http: reqwest::Client,
    base: Base,
    credentials: Credentials,
    patience: Patience,
}

#[derive(Deserialize)]
struct Message {
    content: Vec<Value>,
    #[serde(default)]
    stop_reason: Option<String>,
    usage: Usage,
}

#[derive(Deserialize)]
struct Usage {
    input_tokens: u64,
    output_tokens: u64,
}

/// What Anthropic says of a model.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ModelFacts {
    /// `active`, or something that an operator has to act on.
    pub lifecycle: String,
    /// When it goes.
    #[serde(default)]
    pub retires_at: Option<String>,
    capabilities: Capabilities,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
struct Capabilities {
    image_input: Capability,
    structured_outputs: Capability,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
struct Capability {
    supported: bool,
}

impl ModelFacts {
    /// Whether it looks at photos and answers in a schema.
    pub fn is_fit(&self) -> bool {
        self.capabilities.image_input.supported && self.capabilities.structured_outputs.supported
    }
}

/// An HTTP answer, before it is judged.
struct Raw {
    status: u16,
    retry_after: Option<Duration>,
    should_retry: Option<bool>,
    request_id: Option<String>,
    body: Vec<u8>,
}

impl AnthropicClient {
    /// A client for the real service, or for a stand-in on loopback.
    ///
    /// # Errors
    /// When the address is not secure or a key belongs to another address.
    pub fn new(
        base_url: &str,
        credentials: Credentials,
        patience: Patience,
        timeout: Duration,
    ) -> Result<Self, SetupError> {
        let base = Base::new(base_url, LIVE_HOST, credentials.key.reveal())?;
        if let Some(before) = &credentials.before {
            Base::new(base_url, LIVE_HOST, before.reveal())?;
        }
        Ok(Self { http: client(timeout)?, base, credentials, patience })
    }

    /// Asks, and tries again while that can help and `deadline` is not reached.
    ///
    /// # Errors
    /// `AnthropicError`.
    pub async fn ask(&self, question: &Question<'_>, deadline: Instant) -> Result<Answer, AnthropicError> {
        let body = body(question);
        let mut tried = 0;
        loop {
            let (error, wait) = match self.once(&body).await {
                Ok(raw) => match judge(raw) {
                    Judged::Done(outcome) => return outcome,
                    Judged::Again(error, wait) => (error, wait),
                },
                Err(TransportError::TooLarge(most)) => return Err(TransportError::TooLarge(most).into()),
                Err(error) => (error.into(), None),
            };
            tried += 1;
            let wait = wait.unwrap_or_else(|| self.patience.wait(tried));
            if tried > self.patience.retries || Instant::now() + wait >= deadline {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// What Anthropic says of a model. Asked once.
    ///
    /// # Errors
    /// `ModelGone` when it is retired or was never there; otherwise as for a question.
    pub async fn model(&self, id: &str) -> Result<ModelFacts, AnthropicError> {
        let raw = self.send(|| self.http.get(self.base.at(&format!("/v1/models/{id}")))).await?;
        if raw.status == 200 {
            return serde_json::from_slice(&raw.body)
                .map_err(|problem| AnthropicError::Unreadable(problem.to_string()));
        }
        match judge(raw) {
            Judged::Done(Err(error)) | Judged::Again(error, _) => Err(error),
            Judged::Done(Ok(_)) => Err(AnthropicError::Unreadable("not a model".to_owned())),
        }
    }

    async fn once(&self, body: &Value) -> Result<Raw, TransportError> {
        self.send(|| self.http.post(self.base.at("/v1/messages")).json(body)).await
    }

    /// Sends with our key; while it is being exchanged, where that is not taken, with the one before. Nothing was done then.
    async fn send(&self, request: impl Fn() -> reqwest::RequestBuilder) -> Result<Raw, TransportError> {
        let raw = self.send_as(&self.credentials.key, request()).await?;
        match &self.credentials.before {
            Some(before) if raw.status == 401 => {
                tracing::warn!("Anthropic does not take our key: the one before is used");
                self.send_as(before, request()).await
            }
            _ => Ok(raw),
        }
    }

    async fn send_as(&self, key: &Secret, request: reqwest::RequestBuilder) -> Result<Raw, TransportError> {
        let request = match self.credentials.header {
            AuthHeader::XApiKey => request.header("x-api-key", key.reveal()),
            AuthHeader::Bearer => request.bearer_auth(key.reveal()),
        };
        let response = request.header("anthropic-version", &self.credentials.version).send().await?;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let millis = header("retry-after-ms").and_then(|text| text.parse().ok()).map(Duration::from_millis);
        let seconds = header("retry-after").and_then(|text| text.parse().ok()).map(Duration::from_secs);
        let (retry_after, should_retry) =
            (millis.or(seconds), header("x-should-retry").and_then(|text| text.parse().ok()));
        let (status, request_id) = (response.status().as_u16(), header("request-id"));
        Ok(Raw { status, retry_after, should_retry, request_id, body: read_at_most(response, LARGEST_ANSWER).await? })
    }
}

fn body(question: &Question<'_>) -> Value {
    let mut content: Vec<Value> = question
        .photos
        .iter()
        .map(|photo| {
            let source =
                json!({ "type": "base64", "media_type": photo.media_type, "data": STANDARD.encode(photo.file) });
            json!({ "type": "image", "source": source })
        })
        .collect();
    content.push(json!({ "type": "text", "text": question.text }));
    json!({
        "model": question.model, "max_tokens": question.max_tokens, "system": question.system,
        "messages": [{ "role": "user", "content": content }],
        "output_config": { "format": { "type": "json_schema", "schema": question.schema } },
        "metadata": { "user_id": question.user_ref },
    })
}

enum Judged {
    Done(Result<Answer, AnthropicError>),
    Again(AnthropicError, Option<Duration>),
}

fn judge(raw: Raw) -> Judged {
    if raw.status == 200 {
        return Judged::Done(read(&raw));
    }
    // The edge may answer before the service does, and then not in JSON.
    let message = serde_json::from_slice::<Value>(&raw.body)
        .ok()
        .and_then(|body| body["error"]["message"].as_str().map(str::to_owned));
    let refused = || AnthropicError::Refused { status: raw.status, message: message.clone().unwrap_or_default() };
    let (error, temporary) = match raw.status {
        // Without a time to wait this is the spending cap.
        429 if raw.retry_after.is_none() => return Judged::Done(Err(AnthropicError::SpendCap)),
        408 | 409 | 429 | 529 => (AnthropicError::Busy(raw.status), true),
        401..=403 => (AnthropicError::Account(raw.status), false),
        404 => (AnthropicError::ModelGone, false),
        500.. => (AnthropicError::Server(raw.status), true),
        _ => (refused(), false),
    };
    if raw.should_retry.unwrap_or(temporary) { Judged::Again(error, raw.retry_after) } else { Judged::Done(Err(error)) }
}

fn read(raw: &Raw) -> Result<Answer, AnthropicError> {
    let message: Message =
        serde_json::from_slice(&raw.body).map_err(|problem| AnthropicError::Unreadable(problem.to_string()))?;
    // Thinking comes first and says nothing; several text blocks are one text.
    let text: String = message
        .content
        .iter()
        .filter(|block| block["type"] == "text")
        .filter_map(|block| block["text"].as_str())
        .collect();
    let reply = match message.stop_reason.as_deref() {
        Some("refusal") => Reply::Declined,
        Some("max_tokens" | "model_context_window_exceeded") => Reply::Cut,
        // A reason we do not know does not matter when the JSON is whole.
        _ => serde_json::from_str(&text).map_or(Reply::NotJson, Reply::Answered),
    };
    let Usage { input_tokens, output_tokens } = message.usage;
    Ok(Answer { reply, input_tokens, output_tokens, request_id: raw.request_id.clone() })
}

#[cfg(test)]
mod tests;
