//! Our own pages, for the system browser: signing up and in, the account, connecting the app.
//!
//! Plain HTML forms, no script, nothing from elsewhere, one essential cookie. A page decides nothing: it reads a form, asks `accounts` or `oauth`
//! and shows what came of it.

mod account;
mod assets;
mod billing;
mod connect;
mod data;
pub mod docs;
mod google;
#[cfg(feature = "sandbox")]
mod letters;
mod session;
mod sign_in;
mod sign_up;
mod view;

#[cfg(feature = "sandbox")]
pub use letters::letters;
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
        .merge(billing::routes())
        .merge(connect::routes())
        .merge(data::routes())
        .merge(google::routes())
}

/// An error shown as a page. A handler that fails leaves it in the answer, and the frame around every request shows it.
#[derive(Clone, Debug)]
pub struct PageError(ApiError);

impl PageError {
    /// The page.
    pub fn shown(&self, app: &App) -> Response {
        view::problem(app, &self.0)
    }
}

impl<E: Into<ApiError>> From<E> for PageError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let mut response = self.0.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
