//! The studio for a browser on this machine: the same commands, events and pictures that the window gets, over loopback HTTP, so that the UI is
//! tested in a browser against the real engine. For tests only: it is never part of a release, and what it needs (a server) is in no crate that is.
//!
//! `POST /command/<name>`, `GET /events` (server-sent events), `GET /photo/<address>`, and the built UI for everything else. Binds to a free port
//! of 127.0.0.1 and prints the address to open, with a token that every request but those for the UI's own files must carry. `PRETTY_SERVICE_URL`
//! names the hosted service; who is signed in is kept in memory only, and `GET /test/browsed` says where the system's browser would have been sent.

mod host;

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::sse::{Event as Message, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use pretty_contract::problem::{Code, Problem};
use pretty_engine::locate;
use pretty_studio::{Connection, Folders, SecretsIn, Studio};
use serde_json::Value;
use tokio_stream::{Stream, StreamExt};
use tower_http::services::ServeDir;

use host::BrowserHost;

/// The window's content policy, with this host in the place of the custom schemes.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; font-src 'self'; \
    img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct Shared {
    studio: Studio,
    host: Arc<BrowserHost>,
    token: String,
    /// What the `Host` header must say, so that no page from elsewhere can reach this by a name of its own.
    authority: String,
}

type Held = State<Arc<Shared>>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    pretty_engine::keep_library_silent();
    tokio::runtime::Runtime::new()?.block_on(serve())
}

async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let option =
        |name: &str| words.iter().position(|word| word == name).and_then(|at| words.get(at + 1)).map(PathBuf::from);
    let data = option("--data")
        .unwrap_or_else(|| std::env::temp_dir().join(format!("pretty-browser-host-{}", std::process::id())));
    let root = checkout();
    let ui = option("--ui").unwrap_or_else(|| root.join("ui/dist"));
    let service = std::env::var("PRETTY_SERVICE_URL").ok().filter(|address| !address.is_empty());
    let folders = Folders {
        cache: data.join("cache"),
        data: data.join("data"),
        sample: root.join("src-tauri/resources/sample.jpg"),
        runtime_library: locate::runtime_library(None),
        models: locate::models_folder(None),
    };
    let host = Arc::new(BrowserHost::new(data.join("settings.json")));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let authority = listener.local_addr()?.to_string();
    let token = token()?;
    println!("http://{authority}/#token={token}");
    let studio =
        Studio::start(host.clone(), folders, &Connection { service, secrets: SecretsIn::Memory, contact: None });
    let shared = Arc::new(Shared { studio, host, token, authority });
    let guarded = Router::new()
        .route("/command/{name}", post(command))
        .route("/events", get(events))
        .route("/photo/{*address}", get(photo))
        .route("/test/revealed", get(revealed))
        .route("/test/browsed", get(browsed))
        .route("/test/notified", get(notified))
        .route_layer(middleware::from_fn_with_state(shared.clone(), with_token));
    let app = guarded
        .fallback_service(ServeDir::new(ui))
        .layer(middleware::from_fn_with_state(shared.clone(), from_here))
        .with_state(shared.clone());
    let stop = async {
        // Without a handler for it the program could only be killed, which is as well.
        let _ = tokio::signal::ctrl_c().await;
    };
    tokio::select! {
        served = async { axum::serve(listener, app).await } => served?,
        () = stop => {}
    }
    shared.studio.shut_down();
    Ok(())
}

/// The root of the checkout that this was built in.
fn checkout() -> PathBuf {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

fn token() -> Result<String, Box<dyn std::error::Error>> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Refuses requests that came by another name, and tells the browser what the page may do.
async fn from_here(State(shared): Held, request: Request, next: Next) -> Response {
    let named = request.headers().get(header::HOST).is_some_and(|name| name.as_bytes() == shared.authority.as_bytes());
    if !named {
        return StatusCode::MISDIRECTED_REQUEST.into_response();
    }
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

async fn with_token(State(shared): Held, request: Request, next: Next) -> Response {
    let in_header =
        request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let in_query =
        request.uri().query().and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("token=")));
    if in_header.or(in_query) == Some(shared.token.as_str()) {
        next.run(request).await
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

async fn command(State(shared): Held, Path(name): Path<String>, Json(payload): Json<Value>) -> Response {
    match tokio::task::spawn_blocking(move || shared.studio.command(&name, payload)).await {
        Ok(Ok(reply)) => Json(reply).into_response(),
        Ok(Err(problem)) => refusal(problem),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn events(State(shared): Held) -> Sse<impl Stream<Item = Result<Message, Infallible>>> {
    Sse::new(shared.host.listen().map(|text| Ok(Message::default().data(text))))
}

async fn photo(State(shared): Held, Path(address): Path<String>) -> Response {
    match tokio::task::spawn_blocking(move || shared.studio.serve(&address)).await {
        Ok(Ok(served)) => {
            let headers =
                [(header::CONTENT_TYPE, served.mime), (header::CACHE_CONTROL, "private, max-age=31536000, immutable")];
            (headers, Body::from(served.bytes)).into_response()
        }
        Ok(Err(problem)) => refusal(problem),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What the file manager would have shown, for tests.
async fn revealed(State(shared): Held) -> Json<Vec<PathBuf>> {
    Json(shared.host.revealed())
}

/// What the system's browser would have been sent to, for tests.
async fn browsed(State(shared): Held) -> Json<Vec<String>> {
    Json(shared.host.browsed())
}

/// What the person would have been told, for tests.
async fn notified(State(shared): Held) -> Json<Vec<String>> {
    Json(shared.host.notified())
}

fn refusal(problem: Problem) -> Response {
    let status = match problem.code {
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Code::FileMissing => StatusCode::NOT_FOUND,
        _ => StatusCode::BAD_REQUEST,
    };
    (status, Json(problem)).into_response()
}
