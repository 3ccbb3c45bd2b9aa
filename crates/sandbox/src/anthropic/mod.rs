//! Stands in for Anthropic's Messages API in version `2026-10-21`: requests as strictly checked, answers computed from the photo.
//!
//! `measure` looks at the photo, `reading` says what that means, `fill` fits it into the schema the request asks for. No model
//! looks at anything, and every summary says so. Not here: streaming, tools, batches, files.

mod fill;
mod measure;
mod reading;
mod refusal;
mod request;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use hyper::body::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::clock::rfc3339;
use crate::common::{Common, gated};
use crate::faults::Service;
use crate::locked;
use refusal::Refusal;
use request::Asked;

const VERSIONS: [&str; 2] = ["2026-10-21", "2023-06-01"];
const LARGEST_REQUEST: usize = 32 << 20;

/// Id, name, line and retirement of the models on offer.
const MODELS: &[(&str, &str, &str)] = &[
    ("claude-haiku-5-5", "Claude Haiku 5.5", "haiku"),
    ("claude-sonnet-5-5", "Claude Sonnet 5.5", "sonnet"),
    ("claude-opus-5-5", "Claude Opus 5.5", "opus"),
    ("claude-haiku-4-5", "Claude Haiku 4.5", "haiku"),
    ("claude-sonnet-4-5", "Claude Sonnet 4.5", "sonnet"),
];

/// What the next answer does instead of being right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum MessageScript {
    /// Declines, with 200 and `stop_reason: refusal`.
    Refuse,
    /// Stops in the middle of the JSON with `stop_reason: max_tokens`.
    Cut,
    /// Stops for a reason that is not documented; the text is whole.
    UnknownStopReason,
    /// An empty list of content.
    Empty,
    /// The text in two blocks.
    TwoBlocks,
    /// A thinking block first.
    ThinkFirst,
    /// This text instead of the reading.
    Say {
        /// The text.
        text: String,
    },
    /// The reading, changed by a JSON merge patch: absurd scores, odd letter case, very long notes.
    Patch {
        /// The patch.
        patch: Value,
    },
}

#[derive(Default)]
struct Told {
    scripts: VecDeque<MessageScript>,
    lifecycles: HashMap<String, String>,
}

struct Inner {
    common: Arc<Common>,
    key: String,
    told: Mutex<Told>,
}

/// The stand-in for Anthropic: what a test or a control request can do with it.
#[derive(Clone)]
pub struct Anthropic {
    inner: Arc<Inner>,
}

impl Anthropic {
    pub(crate) fn new(common: Arc<Common>, key: String) -> Self {
        Self { inner: Arc::new(Inner { common, key, told: Mutex::default() }) }
    }

    pub(crate) fn router(&self) -> Router {
        let routes = Router::new()
            .route("/v1/messages", post(create_message))
            .route("/v1/messages/count_tokens", post(count_tokens))
            .route("/v1/models", get(list_models))
            .route("/v1/models/{id}", get(get_model))
            .fallback(async || Refusal::new(404, "not_found_error", "Not Found").answer("req_none"))
            .with_state(self.clone());
        gated(&self.inner.common, Service::Anthropic, routes)
    }

    /// The next answers follow these scripts, one each.
    pub fn script(&self, script: MessageScript) {
        locked(&self.inner.told).scripts.push_back(script);
    }

    /// Makes a model `active`, `deprecated` or `retired`; a retired one answers 404.
    pub fn set_lifecycle(&self, model: &str, lifecycle: &str) {
        locked(&self.inner.told).lifecycles.insert(model.to_owned(), lifecycle.to_owned());
    }

    fn lifecycle(&self, model: &str) -> String {
        locked(&self.inner.told).lifecycles.get(model).cloned().unwrap_or_else(|| "active".to_owned())
    }

    fn authorize(&self, headers: &HeaderMap) -> Result<bool, Refusal> {
        let read = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let bearer = read("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let key = read("x-api-key").or(bearer).unwrap_or_default();
        if key.starts_with("sk-ant-api") {
            let text = "A live key was sent to the sandbox. It is refused and was not kept.";
            return Err(Refusal::new(401, "authentication_error", text));
        }
        if key != self.inner.key {
            return Err(Refusal::new(401, "authentication_error", "invalid x-api-key"));
        }
        match read("anthropic-version") {
            Some(version) if VERSIONS.contains(&version) => Ok(version == VERSIONS[0]),
            Some(version) => Err(Refusal::invalid(format!("anthropic-version: {version} is not a valid version"))),
            None => Err(Refusal::invalid("anthropic-version: header is required")),
        }
    }

    fn known_model(&self, id: &str) -> Result<Value, Refusal> {
        let found = MODELS.iter().find(|(known, _, _)| *known == id);
        let gone = || Refusal::new(404, "not_found_error", format!("model: {id}"));
        let (_, name, line) = found.ok_or_else(gone)?;
        let lifecycle = self.lifecycle(id);
        let now = self.inner.common.clock.micros();
        let supported = json!({ "supported": true });
        let off = json!({ "supported": false });
        let deprecated = lifecycle != "active";
        let later = rfc3339(now + 30 * 86_400 * 1_000_000);
        Ok(json!({
            "id": id, "type": "model", "display_name": name, "created_at": "2026-09-01T00:00:00Z", "line": line,
            "lifecycle": lifecycle, "deprecated_at": if deprecated { json!(rfc3339(now)) } else { Value::Null },
            "retires_at": if deprecated { json!(later) } else { Value::Null },
            "max_input_tokens": 1_000_000, "max_tokens": 64_000,
            "capabilities": {
                "batch": off, "citations": off, "code_execution": off,
                "context_management": { "supported": false, "clear_thinking_20251015": null, "clear_tool_uses_20250919": null, "compact_20260112": null },
                "effort": { "supported": true, "low": supported, "medium": supported, "high": supported, "max": off, "xhigh": null },
                "image_input": supported, "pdf_input": off, "structured_outputs": supported,
                "server_tools": { "supported": false, "code_execution": off, "web_search": off },
                "thinking": {
                    "supported": true,
                    "types": { "adaptive": supported, "between_tools": supported, "disabled": off, "enabled": off },
                },
            },
        }))
    }

    /// The words and the reason to stop.
    fn message(&self, asked: Asked, request_id: &str) -> Value {
        let script = locked(&self.inner.told).scripts.pop_front();
        let measured: Vec<measure::Measurements> = asked.photos.iter().take(2).map(measure::measure).collect();
        let reading = match measured.as_slice() {
            [first, second, ..] => reading::comparison(first, second),
            [one] => reading::reading(one),
            [] => {
                json!({ "text": format!("{} There is no photo.", reading::NOTICE), "notice": reading::NOTICE, "sandbox": true })
            }
        };
        let mut filled = asked.schema.as_ref().map(|schema| fill::fill(schema, &reading));
        if let (Some(MessageScript::Patch { patch }), Some(filled)) = (&script, &mut filled) {
            crate::gate::merge(filled, patch);
        }
        let mut text =
            filled.map_or_else(|| reading["text"].as_str().unwrap_or_default().to_owned(), |filled| filled.to_string());
        let mut stop_reason = "end_turn";
        let most = usize::try_from(asked.max_tokens).unwrap_or(usize::MAX).saturating_mul(4);
        if text.len() > most || script == Some(MessageScript::Cut) {
            stop_reason = "max_tokens";
            text = text.chars().take(most.min(text.chars().count() / 2)).collect();
        }
        match &script {
            Some(MessageScript::Refuse) => {
                stop_reason = "refusal";
                "I can't help with that image.".clone_into(&mut text);
            }
            Some(MessageScript::UnknownStopReason) => stop_reason = "some_new_reason",
            Some(MessageScript::Say { text: said }) => text.clone_from(said),
            _ => {}
        }
        let block = |text: &str| json!({ "type": "text", "text": text, "citations": null });
        let mut content = match &script {
            Some(MessageScript::Empty) => Vec::new(),
            Some(MessageScript::TwoBlocks) => {
                let middle = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
                vec![block(&text[..middle]), block(&text[middle..])]
            }
            _ => vec![block(&text)],
        };
        if asked.thinks || script == Some(MessageScript::ThinkFirst) {
            content.insert(0, json!({ "type": "thinking", "thinking": "", "signature": "c2FuZGJveA==" }));
        }
        let details = if stop_reason == "refusal" {
            json!({ "type": "refusal", "category": null, "explanation": null })
        } else {
            Value::Null
        };
        json!({
            "id": format!("msg_01{}", &request_id[4..]), "type": "message", "role": "assistant", "model": asked.model,
            "content": content, "stop_reason": stop_reason, "stop_sequence": null, "stop_details": details,
            "usage": {
                "input_tokens": asked.input_tokens, "output_tokens": (text.len() as u64).div_ceil(4).max(1),
                "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "service_tier": "standard",
            },
        })
    }

    fn answered(&self, request_id: &str, outcome: Result<Value, Refusal>) -> Response {
        let mut response = match outcome {
            Ok(value) => (StatusCode::OK, axum::Json(value)).into_response(),
            Err(refusal) => refusal.answer(request_id),
        };
        let reset = rfc3339(self.inner.common.clock.micros() + 60_000_000);
        let headers = response.headers_mut();
        let mut put = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        };
        put("request-id", request_id);
        for (name, value) in [
            ("anthropic-ratelimit-requests-limit", "4000"),
            ("anthropic-ratelimit-requests-remaining", "3999"),
            ("anthropic-ratelimit-requests-reset", reset.as_str()),
            ("anthropic-ratelimit-input-tokens-limit", "2000000"),
            ("anthropic-ratelimit-input-tokens-remaining", "1990000"),
            ("anthropic-ratelimit-input-tokens-reset", reset.as_str()),
            ("anthropic-ratelimit-output-tokens-limit", "400000"),
            ("anthropic-ratelimit-output-tokens-remaining", "399000"),
            ("anthropic-ratelimit-output-tokens-reset", reset.as_str()),
        ] {
            put(name, value);
        }
        response
    }

    fn checked(&self, headers: &HeaderMap, body: &[u8]) -> Result<Asked, Refusal> {
        let current = self.authorize(headers)?;
        let is_json = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|kind| kind.starts_with("application/json"));
        if !is_json {
            return Err(Refusal::invalid("content-type: must be application/json"));
        }
        let body: Value = serde_json::from_slice(body)
            .map_err(|problem| Refusal::invalid(format!("The request body is not valid JSON: {problem}")))?;
        let model = body["model"].as_str().unwrap_or_default();
        if !model.is_empty() && self.known_model(model)?["lifecycle"] == "retired" {
            return Err(Refusal::new(404, "not_found_error", format!("model: {model}")));
        }
        request::read(&body, current)
    }
}

async fn create_message(State(anthropic): State<Anthropic>, headers: HeaderMap, body: Bytes) -> Response {
    let request_id = anthropic.inner.common.ids.mixed("req_", 24);
    if body.len() > LARGEST_REQUEST {
        // The edge answers before the service does, and not in JSON.
        let html = "<html><head><title>413 Request Entity Too Large</title></head></html>";
        return (StatusCode::PAYLOAD_TOO_LARGE, [(header::CONTENT_TYPE, "text/html")], html).into_response();
    }
    let (worker, id) = (anthropic.clone(), request_id.clone());
    let work =
        tokio::task::spawn_blocking(move || worker.checked(&headers, &body).map(|asked| worker.message(asked, &id)));
    let outcome = work.await.unwrap_or_else(|_| Err(Refusal::new(500, "api_error", "Internal server error")));
    anthropic.answered(&request_id, outcome)
}

async fn count_tokens(State(anthropic): State<Anthropic>, headers: HeaderMap, body: Bytes) -> Response {
    let request_id = anthropic.inner.common.ids.mixed("req_", 24);
    let outcome = anthropic.authorize(&headers).and_then(|current| {
        let mut body: Value =
            serde_json::from_slice(&body).map_err(|_| Refusal::invalid("The request body is not valid JSON"))?;
        body["max_tokens"] = json!(1);
        let asked = request::read(&body, current)?;
        Ok(json!({ "input_tokens": asked.input_tokens }))
    });
    anthropic.answered(&request_id, outcome)
}

async fn list_models(State(anthropic): State<Anthropic>, headers: HeaderMap) -> Response {
    let request_id = anthropic.inner.common.ids.mixed("req_", 24);
    let outcome = anthropic.authorize(&headers).and_then(|_| {
        let data: Vec<Value> = MODELS.iter().map(|(id, _, _)| anthropic.known_model(id)).collect::<Result<_, _>>()?;
        Ok(json!({ "data": data, "has_more": false, "first_id": MODELS[0].0, "last_id": MODELS[MODELS.len() - 1].0 }))
    });
    anthropic.answered(&request_id, outcome)
}

async fn get_model(State(anthropic): State<Anthropic>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let request_id = anthropic.inner.common.ids.mixed("req_", 24);
    let outcome = anthropic.authorize(&headers).and_then(|_| anthropic.known_model(&id));
    anthropic.answered(&request_id, outcome)
}
