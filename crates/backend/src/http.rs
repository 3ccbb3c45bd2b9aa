//! HTTP: the router, the frame around every request, and the routes that belong to no subject.

mod body;
pub mod extract;
pub mod file;
mod frame;
mod health;
pub mod openapi;

pub use frame::ClientAddress;

use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::privacy::usage;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Everything the service answers, and what is `beside` it.
pub fn router(app: App, beside: Router<App>) -> Router {
    let (api, document) = api().split_for_parts();
    let limit = app.settings.server.body_limit_bytes;
    Router::new()
        .merge(api)
        .merge(openapi::routes(&document))
        .merge(crate::pages::routes().layer(from_fn_with_state(app.clone(), usage::around_pages)))
        .merge(beside)
        .fallback(frame::nothing_there)
        .method_not_allowed_fallback(async || {
            ApiError::new(ErrorCode::MethodNotAllowed, "This address does not take that method.")
        })
        .layer(CatchPanicLayer::custom(panicked))
        .layer(DefaultBodyLimit::max(limit))
        .layer(from_fn_with_state(app.clone(), frame::around))
        .with_state(app)
}

/// The documented part: what programs call.
pub fn api() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::document())
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .merge(crate::accounts::routes::routes())
        .merge(crate::privacy::routes::routes())
        .merge(crate::oauth::routes())
        .merge(crate::billing::routes::routes())
        .merge(crate::events::routes())
        .merge(crate::mail::returned::routes())
        .merge(crate::photos::routes())
        .merge(crate::uploads::routes())
        .merge(crate::jobs::routes())
        .merge(crate::work::routes())
}

fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    ApiError::internal(&format!("a handler panicked: {}", said.unwrap_or("without a word"))).into_response()
}
