//! Stands before every HTTP stand-in: writes the request into the journal and lets a scripted fault happen.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::body::{Bytes, Frame};
use serde_json::Value;

use crate::common::Common;
use crate::faults::{Fault, Service};
use crate::serve::LostAnswer;

/// Larger than any documented limit, so that each stand-in can refuse by its own rule.
const LARGEST_BODY: usize = 160 << 20;

/// What the gate needs to know.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) common: Arc<Common>,
    pub(crate) service: Service,
}

/// In a request's extensions: Stripe's execution must fail and be kept (`Fault::StoredFailure`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct FailExecution;

/// The middleware.
pub(crate) async fn gate(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let common = &gate.common;
    let sequence = common.journal.write(common.clock.micros(), gate.service, &parts, body.clone());
    let fault = common.faults.take(gate.service, parts.method.as_str(), parts.uri.path());
    match &fault {
        Some(Fault::Delay { milliseconds }) => tokio::time::sleep(Duration::from_millis(*milliseconds)).await,
        Some(Fault::Hang { milliseconds }) => {
            tokio::time::sleep(Duration::from_millis(*milliseconds)).await;
            return lost();
        }
        Some(Fault::Drop) => return lost(),
        Some(Fault::Status { status, headers, body }) => {
            common.journal.answered(sequence, *status);
            return scripted(*status, headers, body);
        }
        Some(Fault::StoredFailure) => {
            parts.extensions.insert(FailExecution);
        }
        Some(Fault::LoseAnswer | Fault::CutAnswer | Fault::MergeAnswer { .. }) | None => {}
    }
    let mut response = next.run(Request::from_parts(parts, Body::from(body))).await;
    response.headers_mut().insert("x-sandbox", HeaderValue::from_static("pretty-sandbox; nothing here is real"));
    match fault {
        Some(Fault::LoseAnswer) => return lost(),
        Some(Fault::CutAnswer) => response = cut(response).await,
        Some(Fault::MergeAnswer { patch }) => response = merged(response, &patch).await,
        _ => {}
    }
    common.journal.answered(sequence, response.status().as_u16());
    response
}

fn lost() -> Response {
    let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
    response.extensions_mut().insert(LostAnswer);
    response
}

fn scripted(status: u16, headers: &std::collections::BTreeMap<String, String>, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match body {
        Value::Null => status.into_response(),
        Value::String(text) => (status, text.clone()).into_response(),
        other => (status, axum::Json(other.clone())).into_response(),
    };
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert("x-sandbox", HeaderValue::from_static("pretty-sandbox; scripted fault"));
    response
}

async fn whole_body(response: Response) -> (axum::http::response::Parts, Bytes) {
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    (parts, bytes)
}

async fn merged(response: Response, patch: &Value) -> Response {
    let (mut parts, bytes) = whole_body(response).await;
    let Ok(mut value) = serde_json::from_slice::<Value>(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    merge(&mut value, patch);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(value.to_string()))
}

async fn cut(response: Response) -> Response {
    let (mut parts, bytes) = whole_body(response).await;
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    let half = bytes.slice(..bytes.len() / 2);
    Response::from_parts(parts, Body::new(HalfBody(Some(half))))
}

/// Sends what it holds, then breaks.
struct HalfBody(Option<Bytes>);

impl hyper::body::Body for HalfBody {
    type Data = Bytes;
    type Error = LostAnswer;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, LostAnswer>>> {
        Poll::Ready(Some(self.0.take().map(Frame::data).ok_or(LostAnswer)))
    }
}

/// A JSON merge patch (RFC 7396): null removes, objects merge, anything else replaces.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(map) = target else { return };
    for (key, change) in changes {
        if change.is_null() {
            map.remove(key);
        } else {
            merge(map.entry(key.clone()).or_insert(Value::Null), change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn merge_patches_follow_the_rfc() {
        for (target, patch, expected) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!([1, 2]), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
            (json!({"a": [1]}), json!({"a": [2, 3]}), json!({"a": [2, 3]})),
        ] {
            let mut value = target;
            merge(&mut value, &patch);
            assert_eq!(value, expected);
        }
    }
}
