//! Replicate's HTTP interface: paths, headers, and errors as RFC 7807 problems.

use std::time::Duration;

use axum::Router;
use axum::extract::{FromRequest, Multipart, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use hyper::body::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::models::{InvalidField, MODELS, Model};
use super::prediction::cancel_after_micros;
use super::{Replicate, Wanted, files};
use crate::clock::parse_rfc3339;
use crate::delivery::is_loopback;

const PAGE: usize = 100;
const LONGEST_WAIT_SECONDS: u64 = 60;

/// An RFC 7807 problem.
#[derive(Debug)]
pub(crate) struct Problem {
    status: u16,
    body: Value,
}

impl Problem {
    pub(crate) fn new(status: u16, title: &str, detail: &str) -> Self {
        Self { status, body: json!({ "title": title, "detail": detail, "status": status }) }
    }

    fn not_found() -> Self {
        Self::new(404, "Not found", "The requested resource could not be found.")
    }

    fn invalid(fields: &[InvalidField]) -> Self {
        let detail: String = fields.iter().map(|field| format!("- {}: {}\n", field.field, field.description)).collect();
        let mut problem = Self::new(422, "Input validation failed", &detail);
        problem.body["invalid_fields"] = fields
            .iter()
            .map(|field| json!({ "type": field.kind, "field": field.field, "description": field.description }))
            .collect();
        problem
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(header::CONTENT_TYPE, "application/problem+json")], self.body.to_string()).into_response()
    }
}

pub(super) fn api() -> Router<Replicate> {
    Router::new()
        .route("/v1/predictions", get(list_predictions).post(create_by_version))
        .route("/v1/predictions/{id}", get(get_prediction))
        .route("/v1/predictions/{id}/cancel", post(cancel_prediction))
        .route("/v1/models/{owner}/{name}", get(get_model))
        .route("/v1/models/{owner}/{name}/predictions", post(create_by_model))
        .route("/v1/files", get(list_files).post(create_file))
        .route("/v1/files/{id}", get(get_file).delete(delete_file))
        .route("/v1/webhooks/default/secret", get(get_secret))
        .route("/v1/account", get(get_account))
        .fallback(async || Problem::not_found())
}

pub(super) fn delivery() -> Router<Replicate> {
    Router::new().fallback(get_output)
}

impl Replicate {
    fn authorize(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let token = given.strip_prefix("Bearer ").or_else(|| given.strip_prefix("Token ")).unwrap_or_default();
        if token == self.inner.token {
            return Ok(());
        }
        Err(Problem::new(401, "Unauthenticated", "You did not pass a valid authentication token"))
    }
}

async fn list_predictions(
    State(replicate): State<Replicate>,
    headers: HeaderMap,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    replicate.authorize(&headers)?;
    let bound = |text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => parse_rfc3339(text)
            .map(Some)
            .ok_or_else(|| Problem::new(400, "Bad Request", "created_after and created_before are times")),
    };
    let (after, before) = (bound(&query.created_after)?, bound(&query.created_before)?);
    let start = query.cursor.unwrap_or(0);
    let base_url = &replicate.inner.base_url;
    let (results, more) = replicate.with(|state| {
        let newest_first = state.order.iter().rev().filter_map(|id| state.predictions.get(id));
        let wanted: Vec<Value> = newest_first
            .filter(|prediction| {
                after.is_none_or(|after| prediction.created_at >= after)
                    && before.is_none_or(|before| prediction.created_at < before)
            })
            .map(|prediction| prediction.render(base_url))
            .collect();
        let more = wanted.len() > start + PAGE;
        (wanted.into_iter().skip(start).take(PAGE).collect::<Vec<_>>(), more)
    });
    let page = |at: usize| json!(format!("{base_url}/v1/predictions?cursor={at}"));
    let next = if more { page(start + PAGE) } else { Value::Null };
    let previous = if start > 0 { page(start.saturating_sub(PAGE)) } else { Value::Null };
    Ok(axum::Json(json!({ "previous": previous, "next": next, "results": results })).into_response())
}

#[derive(Debug, Deserialize)]
struct ListQuery {
    created_after: Option<String>,
    created_before: Option<String>,
    cursor: Option<usize>,
}

/// The body of a creation; unknown keys are refused, as the specification says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Creation {
    version: Option<String>,
    input: Value,
    webhook: Option<String>,
    #[serde(default)]
    webhook_events_filter: Vec<String>,
    #[serde(default, rename = "stream")]
    _stream: bool,
}

async fn create_by_version(
    State(replicate): State<Replicate>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    replicate.authorize(&headers)?;
    let creation = read_creation(&body)?;
    let Some(version) = creation.version.clone() else {
        let field =
            InvalidField { kind: "required", field: "version".into(), description: "version is required".into() };
        return Err(Problem::invalid(&[field]));
    };
    let model = Model::by_version(&version).ok_or_else(|| {
        let detail = "The specified version does not exist (or perhaps you don't have permission to use it?)";
        Problem::new(422, "Invalid version or not permitted", detail)
    })?;
    create(&replicate, &headers, model, creation).await
}

async fn create_by_model(
    State(replicate): State<Replicate>,
    Path((owner, name)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    replicate.authorize(&headers)?;
    let creation = read_creation(&body)?;
    let model = Model::by_name(&format!("{owner}/{name}")).filter(|model| model.version.is_none());
    create(&replicate, &headers, model.ok_or_else(Problem::not_found)?, creation).await
}

fn read_creation(body: &[u8]) -> Result<Creation, Problem> {
    serde_json::from_slice(body)
        .map_err(|problem| Problem::new(400, "Bad Request", &format!("Invalid request body: {problem}")))
}

async fn create(
    replicate: &Replicate,
    headers: &HeaderMap,
    model: &'static Model,
    creation: Creation,
) -> Result<Response, Problem> {
    let (scale, format) = model.settings(&creation.input).map_err(|field| Problem::invalid(&[field]))?;
    let known = ["start", "output", "logs", "completed"];
    let webhook_invalid = creation.webhook.as_deref().is_some_and(|url| !is_loopback(url));
    if webhook_invalid || creation.webhook_events_filter.iter().any(|event| !known.contains(&event.as_str())) {
        let description =
            "A sandbox sends webhooks to loopback addresses over http only; events are start, output, logs, completed";
        let field = InvalidField { kind: "invalid", field: "webhook".into(), description: description.into() };
        return Err(Problem::invalid(&[field]));
    }
    let header_text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let deadline_after = match header_text("cancel-after") {
        None => None,
        Some(text) => Some(cancel_after_micros(text).ok_or_else(|| {
            Problem::new(400, "Bad Request", "Cancel-After must be a duration of at least 5 seconds, such as 30s or 5m")
        })?),
    };
    let wait = match header_text("prefer") {
        None => None,
        Some(text) => Some(
            wait_seconds(text)
                .ok_or_else(|| Problem::new(400, "Bad Request", "Prefer must be wait or wait=1 to wait=60"))?,
        ),
    };
    let wanted = Wanted {
        model,
        input: creation.input,
        scale,
        format,
        webhook: creation.webhook,
        events: creation.webhook_events_filter,
        deadline_after,
    };
    let id = replicate.create(wanted);
    let mut over = false;
    if let Some(seconds) = wait {
        let until = tokio::time::Instant::now() + Duration::from_secs(seconds);
        while !over && tokio::time::Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(10)).await;
            over = replicate.with(|state| state.predictions.get(&id).is_none_or(super::Prediction::is_over));
        }
    }
    let status = if wait.is_some() && !over { StatusCode::ACCEPTED } else { StatusCode::CREATED };
    let value = replicate.rendered(&id).unwrap_or(Value::Null);
    Ok((status, axum::Json(value)).into_response())
}

fn wait_seconds(prefer: &str) -> Option<u64> {
    match prefer.trim() {
        "wait" => Some(LONGEST_WAIT_SECONDS),
        text => text.strip_prefix("wait=")?.parse().ok().filter(|seconds| (1..=LONGEST_WAIT_SECONDS).contains(seconds)),
    }
}

async fn get_prediction(
    State(replicate): State<Replicate>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    replicate.authorize(&headers)?;
    replicate.rendered(&id).map(|value| axum::Json(value).into_response()).ok_or_else(Problem::not_found)
}

/// Canceling what is over changes nothing.
async fn cancel_prediction(
    State(replicate): State<Replicate>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    replicate.authorize(&headers)?;
    let started = replicate.with(|state| state.predictions.get(&id).map(|prediction| prediction.started_at.is_some()));
    let status = if started.ok_or_else(Problem::not_found)? { "canceled" } else { "aborted" };
    replicate.finish(&id, status, Value::Null, None);
    replicate.rendered(&id).map(|value| axum::Json(value).into_response()).ok_or_else(Problem::not_found)
}

async fn get_model(
    State(replicate): State<Replicate>,
    Path((owner, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    replicate.authorize(&headers)?;
    let model =
        MODELS.iter().find(|model| model.owner == owner && model.name == name).ok_or_else(Problem::not_found)?;
    Ok(axum::Json(model.describe()).into_response())
}

async fn create_file(State(replicate): State<Replicate>, request: Request) -> Result<Response, Problem> {
    replicate.authorize(request.headers())?;
    let form = Multipart::from_request(request, &())
        .await
        .map_err(|problem| Problem::new(400, "Bad Request", &problem.to_string()))?;
    let file = files::read(form, replicate.inner.common.ids.lower("", 26), replicate.now()).await?;
    let value = file.render(&replicate.inner.base_url);
    replicate.with(|state| state.files.insert(file.id.clone(), file));
    Ok((StatusCode::CREATED, axum::Json(value)).into_response())
}

async fn list_files(State(replicate): State<Replicate>, headers: HeaderMap) -> Result<Response, Problem> {
    replicate.authorize(&headers)?;
    let base_url = &replicate.inner.base_url;
    let mut files = replicate.with(|state| state.files.values().cloned().collect::<Vec<_>>());
    files.sort_unstable_by_key(|file| std::cmp::Reverse(file.created_at));
    let results: Vec<Value> = files.iter().map(|file| file.render(base_url)).collect();
    Ok(axum::Json(json!({ "previous": null, "next": null, "results": results })).into_response())
}

async fn get_file(
    State(replicate): State<Replicate>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    replicate.authorize(&headers)?;
    let file = replicate.with(|state| state.files.get(&id).cloned()).ok_or_else(Problem::not_found)?;
    Ok(axum::Json(file.render(&replicate.inner.base_url)).into_response())
}

async fn delete_file(
    State(replicate): State<Replicate>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    replicate.authorize(&headers)?;
    replicate.with(|state| state.files.remove(&id)).ok_or_else(Problem::not_found)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn get_secret(State(replicate): State<Replicate>, headers: HeaderMap) -> Result<Response, Problem> {
    replicate.authorize(&headers)?;
    Ok(axum::Json(json!({ "key": replicate.inner.webhook_secret })).into_response())
}

async fn get_account(State(replicate): State<Replicate>, headers: HeaderMap) -> Result<Response, Problem> {
    replicate.authorize(&headers)?;
    let account = json!({ "type": "organization", "username": "sandbox", "name": "Sandbox", "github_url": "https://github.com/sandbox" });
    Ok(axum::Json(account).into_response())
}

async fn get_output(State(replicate): State<Replicate>, request: Request) -> Response {
    let found =
        replicate.with(|state| state.outputs.get(request.uri().path()).map(|(file, kind, _)| (file.clone(), *kind)));
    match found {
        Some((file, kind)) if request.method() == axum::http::Method::GET => {
            ([(header::CONTENT_TYPE, kind)], file).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
