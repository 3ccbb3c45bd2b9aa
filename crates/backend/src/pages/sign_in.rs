//! Signing in, and setting a new password when the old one is forgotten.

use super::view::{self, Frame};
use super::{PageError, Visitor};
use crate::accounts::{reset, sign_in};
use crate::app::App;
use crate::error::ApiError;
use crate::http::extract::{Form, Query};
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(async || view::go("/account")))
        .route("/sign-in", get(show).post(enter))
        .route("/forgot", get(forgot).post(send_reset))
        .route("/reset", get(new_password).post(set_password))
}

/// The pages of ours that a sign-in may go on to; anything else could lead people elsewhere. Visible ASCII only, as an address is
/// written: it waits in the database and ends in a header.
pub(super) fn onward(wanted: Option<String>) -> Option<String> {
    wanted.filter(|to| {
        to.len() <= 2000
            && (matches!(to.as_str(), "/account" | "/account/data" | "/account/delete" | "/account/credits")
                || to.starts_with("/oauth/authorize?"))
            && to.bytes().all(|byte| byte.is_ascii_graphic())
    })
}

/// What the app calls the computer, when the sign-in is for it.
fn device_of(return_to: Option<&str>) -> Option<String> {
    let query = return_to?.strip_prefix("/oauth/authorize?")?;
    let (_, name) = url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "device_name")?;
    Some(name.chars().filter(|c| !c.is_control()).take(60).collect())
}

#[derive(Template)]
#[template(path = "pages/sign_in.html")]
struct SignIn {
    frame: Frame,
    device: Option<String>,
    return_to: Option<String>,
    email: String,
}

#[derive(Debug, Deserialize)]
struct Onward {
    return_to: Option<String>,
}

async fn show(State(app): State<App>, visitor: Visitor, Query(query): Query<Onward>) -> Result<Response, PageError> {
    let return_to = onward(query.return_to);
    if visitor.person.is_some() {
        return Ok(view::go(return_to.as_deref().unwrap_or("/account")));
    }
    let device = device_of(return_to.as_deref());
    Ok(view::page(
        &app,
        &visitor,
        StatusCode::OK,
        &SignIn { frame: Frame::new(&app, &visitor), device, return_to, email: String::new() },
    ))
}

#[derive(Deserialize)]
struct Credentials {
    csrf: String,
    email: String,
    password: String,
    return_to: Option<String>,
}

async fn enter(State(app): State<App>, visitor: Visitor, Form(form): Form<Credentials>) -> Result<Response, PageError> {
    visitor.check(&form.csrf)?;
    let return_to = onward(form.return_to);
    match sign_in::check(&app, &form.email, &form.password, visitor.address).await {
        Ok(user) => {
            let tx = app.store.write_transaction().await?;
            let token = sign_in::open_browser(&app, &tx, user.id, &visitor.agent).await?;
            tx.commit().await?;
            let mut response = view::go(return_to.as_deref().unwrap_or("/account"));
            Visitor::signed_in(&app, &mut response, &token);
            Ok(response)
        }
        Err(error) => {
            let error = ApiError::from(error);
            let frame = Frame::new(&app, &visitor).with_fault(&error);
            let device = device_of(return_to.as_deref());
            Ok(view::page(&app, &visitor, error.status(), &SignIn { frame, device, return_to, email: form.email }))
        }
    }
}

#[derive(Template)]
#[template(path = "pages/forgot.html")]
struct Forgot {
    frame: Frame,
    email: String,
}

async fn forgot(State(app): State<App>, visitor: Visitor) -> Response {
    view::page(&app, &visitor, StatusCode::OK, &Forgot { frame: Frame::new(&app, &visitor), email: String::new() })
}

#[derive(Deserialize)]
struct Address {
    csrf: String,
    email: String,
}

async fn send_reset(
    State(app): State<App>,
    visitor: Visitor,
    Form(form): Form<Address>,
) -> Result<Response, PageError> {
    visitor.check(&form.csrf)?;
    if let Err(error) = reset::ask(&app, &form.email, visitor.address).await {
        let error = ApiError::from(error);
        let frame = Frame::new(&app, &visitor).with_fault(&error);
        return Ok(view::page(&app, &visitor, error.status(), &Forgot { frame, email: form.email }));
    }
    let text =
        "If there is an account with that address, a letter with a link is on its way. The link works for 30 minutes.";
    Ok(view::message(&app, &visitor, "Look into your mail", text, None))
}

#[derive(Template)]
#[template(path = "pages/reset.html")]
struct NewPassword {
    frame: Frame,
    token: String,
}

#[derive(Debug, Deserialize)]
struct Link {
    token: String,
}

async fn new_password(
    State(app): State<App>,
    visitor: Visitor,
    Query(link): Query<Link>,
) -> Result<Response, PageError> {
    if !reset::is_live(&app, &link.token).await? {
        return Err(crate::accounts::AccountError::DeadLink.into());
    }
    Ok(view::page(
        &app,
        &visitor,
        StatusCode::OK,
        &NewPassword { frame: Frame::new(&app, &visitor), token: link.token },
    ))
}

#[derive(Deserialize)]
struct Chosen {
    csrf: String,
    token: String,
    password: String,
}

async fn set_password(
    State(app): State<App>,
    visitor: Visitor,
    Form(form): Form<Chosen>,
) -> Result<Response, PageError> {
    visitor.check(&form.csrf)?;
    match reset::set(&app, &form.token, &form.password).await {
        Ok(()) => {
            let text = "Your new password is set, and you were signed out everywhere.";
            Ok(view::message(&app, &visitor, "Done", text, Some(("Sign in", "/sign-in"))))
        }
        Err(error) => {
            let error = ApiError::from(error);
            let frame = Frame::new(&app, &visitor).with_fault(&error);
            Ok(view::page(&app, &visitor, error.status(), &NewPassword { frame, token: form.token }))
        }
    }
}
