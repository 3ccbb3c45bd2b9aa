//! Turns templates into answers: strict content policy, the cookie, the status.

use super::Visitor;
use crate::app::App;
use crate::error::ApiError;
use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};

/// Nothing runs, nothing comes from elsewhere, nobody frames it. The two loopback addresses are where forms may end up when the app is
/// connected: browsers apply the rule to redirects too.
const POLICY: &str = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; \
    form-action 'self' http://127.0.0.1:* http://[::1]:*";

/// What every page has.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// For forms.
    pub csrf: String,
    /// Where people write about their data.
    pub contact: String,
    /// What went wrong with the form before, for its top.
    pub fault: Option<String>,
    /// Whether the outside services are stand-ins; every page says so.
    pub sandbox: bool,
    /// Whether one can come by Google.
    pub google: bool,
}

impl Frame {
    pub(super) fn new(app: &App, visitor: &Visitor) -> Self {
        Self { csrf: visitor.csrf(), ..Self::bare(app) }
    }

    /// For a page without forms.
    pub(super) fn bare(app: &App) -> Self {
        let contact = app.settings.mail.contact.clone();
        Self { csrf: String::new(), contact, fault: None, sandbox: app.is_sandbox(), google: app.google.is_some() }
    }

    /// The form again, with what was wrong.
    pub(super) fn with_fault(mut self, fault: &ApiError) -> Self {
        self.fault = Some(fault.message.clone());
        self
    }
}

/// A page.
pub(super) fn page(app: &App, visitor: &Visitor, status: StatusCode, template: &impl Template) -> Response {
    let mut response = bare(status, template);
    visitor.keep(app, &mut response);
    response
}

/// A page that is the same for everybody: no cookie.
pub(super) fn bare(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => {
            let mut response = (status, Html(html)).into_response();
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
            response
        }
        Err(error) => ApiError::internal(&error).into_response(),
    }
}

/// After a form that did something: another page, by GET. Whatever `to` holds, it becomes an address that a header takes.
pub(super) fn go(to: &str) -> Response {
    let mut address = String::with_capacity(to.len());
    for byte in to.bytes() {
        if byte.is_ascii_graphic() {
            address.push(char::from(byte));
        } else {
            address.push_str(&format!("%{byte:02X}"));
        }
    }
    Redirect::to(&address).into_response()
}

#[derive(Template)]
#[template(path = "pages/message.html")]
pub(super) struct Message<'a> {
    pub frame: Frame,
    pub title: &'a str,
    pub text: &'a str,
    /// Label and address.
    pub next: Option<(&'a str, &'a str)>,
}

/// A page that only says something.
pub(super) fn message(app: &App, visitor: &Visitor, title: &str, text: &str, next: Option<(&str, &str)>) -> Response {
    page(app, visitor, StatusCode::OK, &Message { frame: Frame::new(app, visitor), title, text, next })
}

/// The page for an error.
pub(super) fn problem(app: &App, error: &ApiError) -> Response {
    let title = match error.status() {
        StatusCode::NOT_FOUND => "Nothing here",
        StatusCode::FORBIDDEN => "Not possible",
        status if status.is_server_error() => "Something went wrong",
        _ => "That did not work",
    };
    let mut response =
        bare(error.status(), &Message { frame: Frame::bare(app), title, text: &error.message, next: None });
    if let Some(wait) = error.retry_after() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_becomes_an_address_that_a_header_takes() {
        for (to, address) in [
            ("/account?done=name", "/account?done=name"),
            ("/a b\r\nSet-Cookie: x=1", "/a%20b%0D%0ASet-Cookie:%20x=1"),
            ("/\0\u{1}\u{7f}é", "/%00%01%7F%C3%A9"),
        ] {
            let response = go(to);
            assert_eq!(response.status(), StatusCode::SEE_OTHER, "{to:?}");
            assert_eq!(response.headers()[header::LOCATION], address);
        }
    }
}
