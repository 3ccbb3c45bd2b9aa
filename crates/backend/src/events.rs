//! `GET /v1/events`: the app hears at once that something changed, as server-sent events that go on where they were cut.
//!
//! Not here: what changed. The message names the kind and the thing; the app fetches it.

use crate::accounts::devices;
use crate::accounts::tokens::Person;
use crate::app::App;
use crate::changes::{self, Listener, Missed, Noted};
use crate::error::{ApiError, ErrorCode};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use pretty_contract::service::events::Change;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_stream::wrappers::ReceiverStream;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Silence that proxies and apps take for a dead connection is never reached.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Read at once; more follow.
const PAGE: u32 = 100;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(listen))
}

type Stream = Sse<axum::response::sse::KeepAliveStream<ReceiverStream<Result<Event, Infallible>>>>;

/// Says what changed, as it happens. The message's id is its number; with `Last-Event-ID` everything after that number comes first. A message
/// of the type `reset` says that the number is too old: fetch everything anew. The stream ends when the token's time is
/// over; come back with a new one. After signing out it tells nothing more.
#[utoipa::path(get, path = "/v1/events", tag = "events", security(("token" = [])),
    params(("last-event-id" = Option<String>, Header, description = "The id of the last message that was heard.")),
    responses((status = 200, body = Change, content_type = "text/event-stream"), (status = 401, body = ApiError), (status = 403, body = ApiError),
        (status = 422, body = ApiError), (status = 429, body = ApiError)))]
async fn listen(State(app): State<App>, person: Person, headers: HeaderMap) -> Result<Stream, ApiError> {
    let user = person.user.id;
    let mut listener = app.changes.listen(user).ok_or_else(|| ApiError::rate_limited(Duration::from_secs(60)))?;
    let (hear, heard): (Sender<_>, Receiver<_>) = channel(4);
    let mut after = match headers.get("last-event-id") {
        Some(value) => value
            .to_str()
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| ApiError::new(ErrorCode::Invalid, "`Last-Event-ID` must be the number of a message."))?,
        None => {
            // So that the app has a number to go on from, even when nothing happens before the connection is cut.
            let head = changes::head(&app.store, user).await?;
            let _ = hear.try_send(Ok(Event::default().event("ready").id(head.to_string()).data("{}")));
            head
        }
    };
    let left = person.expires_at.0.saturating_sub(app.world.now().0);
    let life = Duration::from_micros(u64::try_from(left).unwrap_or_default());
    tokio::spawn(async move {
        let told = async {
            while let Some(next) = tell(&app, &person, &hear, after, &mut listener).await {
                after = next;
            }
        };
        tokio::select! {
            () = told => {}
            () = hear.closed() => {}
            () = app.stopping.cancelled() => {}
            () = tokio::time::sleep(life) => {}
        }
    });
    Ok(Sse::new(ReceiverStream::new(heard)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// Tells what came after number `after`, waiting for it if need be; gives the number to go on from. None when the stream is over.
async fn tell(
    app: &App,
    person: &Person,
    hear: &Sender<Result<Event, Infallible>>,
    after: i64,
    listener: &mut Listener,
) -> Option<i64> {
    // The app comes back with the number that it heard last.
    let fault = |error: &dyn std::fmt::Display| tracing::warn!(%error, "changes cannot be told");
    let missed = changes::since(&app.store, person.user.id, after, PAGE).await.map_err(|error| fault(&error)).ok()?;
    let is_silent = matches!(&missed, Missed::Changes(changes) if changes.is_empty());
    // The sign-in may have ended since.
    if !is_silent
        && !devices::is_open(app.store.reader(), person.device_id).await.map_err(|error| fault(&error)).ok()?
    {
        return None;
    }
    match missed {
        Missed::TooMuch(head) => {
            hear.send(Ok(Event::default().event("reset").id(head.to_string()).data("{}"))).await.ok()?;
            Some(head)
        }
        Missed::Changes(changes) => {
            let Some(last) = changes.last().map(|change| change.seq) else {
                listener.beyond(after).await;
                return Some(after);
            };
            for change in changes {
                hear.send(Ok(message(change)?)).await.ok()?;
            }
            Some(last)
        }
    }
}

fn message(Noted { seq, kind, object_id }: Noted) -> Option<Event> {
    let kind = serde_json::from_value(serde_json::Value::String(kind)).ok()?;
    let change = Change { seq, kind, id: object_id.map(|id| id.to_string()) };
    Event::default().id(seq.to_string()).json_data(change).ok()
}
