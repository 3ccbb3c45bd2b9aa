//! Our own pages, for the system browser: signing up and in, the account, connecting the app.
//!
//! Plain HTML forms, no script, nothing from elsewhere, one essential cookie. A page decides nothing: it reads a form, asks `accounts` or `oauth`
//! and shows what came of it.

mod account;
mod assets;
mod connect;
mod session;
mod sign_in;
mod sign_up;
mod view;

pub use session::Visitor;

use crate::app::App;
use crate::error::ApiError;
use axum::Router;
use axum::response::{IntoResponse, Response};

/// The routes.
pub fn routes() -> Router<App> {
    Router::new()
        .merge(assets::routes())
        .merge(sign_in::routes())
        .merge(sign_up::routes())
        .merge(account::routes())
        .merge(connect::routes())
}

/// An error shown as a page.
#[derive(Debug)]
pub struct PageError(ApiError);

impl<E: Into<ApiError>> From<E> for PageError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        view::problem("", &self.0)
    }
}

/// The page for an error.
pub fn problem(app: &App, error: ApiError) -> Response {
    view::problem(&app.settings.mail.contact, &error)
}
