//! The `photo:` scheme: thumbnails and tiles for the window, by address. What an address means is the studio's business.

use pretty_contract::problem::{Code, Problem};
use pretty_studio::{Served, Studio};
use tauri::http::{Request, Response, StatusCode, header};
use tauri::{AppHandle, Manager, UriSchemeResponder};

/// The scheme's name.
pub(crate) const NAME: &str = "photo";
/// An address names the same bytes for as long as the program runs, and numbers are not used again in the next run.
const FOR_EVER: &str = "private, max-age=31536000, immutable";
/// Pages that may read the pixels (to draw them on a canvas): the program's own, by its name on each system, and the development server's.
const PAGES: [&str; 4] =
    ["tauri://localhost", "http://tauri.localhost", "https://tauri.localhost", "http://127.0.0.1:1420"];

/// Answers on a thread that may take its time: a tile may need its photo decoded first.
pub(crate) fn answer(app: &AppHandle, request: &Request<Vec<u8>>, responder: UriSchemeResponder) {
    let address = request.uri().path().trim_start_matches('/').to_owned();
    let page = request.headers().get(header::ORIGIN).and_then(|origin| PAGES.into_iter().find(|page| origin == page));
    let app = app.clone();
    tauri::async_runtime::spawn_blocking(move || {
        responder.respond(response(app.state::<Studio>().serve(&address), page));
    });
}

fn response(served: Result<Served, Problem>, page: Option<&str>) -> Response<Vec<u8>> {
    let (status, kind, caching, body) = match served {
        Ok(Served { bytes, mime }) => (StatusCode::OK, mime, FOR_EVER, bytes),
        Err(problem) => (status(problem.code), "text/plain; charset=utf-8", "no-store", problem.message.into_bytes()),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static(caching));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
    headers.insert(header::VARY, header::HeaderValue::from_static("Origin"));
    if let Some(page) = page.and_then(|page| header::HeaderValue::from_str(page).ok()) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, page);
    }
    response
}

fn status(code: Code) -> StatusCode {
    match code {
        Code::BadRequest => StatusCode::BAD_REQUEST,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::NOT_FOUND,
    }
}
