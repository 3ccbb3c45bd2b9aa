//! To Google and back.

use super::sign_in::onward;
use super::view::{self, Frame};
use super::{PageError, Visitor};
use crate::accounts::google::{self, Arrived, GoogleError, Purpose};
use crate::accounts::{AccountError, sign_in};
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::http::extract::{Form, Query};
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use uuid::Uuid;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/google", get(begin))
        .route("/google/callback", get(arrive))
        .route("/google/password", post(password))
        .route("/account/google", post(connect))
        .route("/account/google/end", post(disconnect))
}

#[derive(Debug, Deserialize)]
struct Begin {
    return_to: Option<String>,
    /// The note that the age question was answered: the way may make an account.
    age: Option<String>,
}

/// A link, not a form: where a form may end up is limited to this service, and browsers count redirects.
async fn begin(State(app): State<App>, visitor: Visitor, Query(query): Query<Begin>) -> Result<Response, PageError> {
    let old_enough = query.age.is_some_and(|note| visitor.is_age_answer(&note, app.world.now()));
    let purpose = if old_enough && !visitor.was_too_young() { Purpose::SignUp } else { Purpose::SignIn };
    let begun = google::begin(&app, visitor.token(), purpose, onward(query.return_to)).await?;
    let mut response = view::go(&begun.url);
    visitor.keep(&app, &mut response);
    Ok(response)
}

#[derive(Debug, Deserialize)]
struct Back {
    state: Option<String>,
    code: Option<String>,
}

async fn arrive(State(app): State<App>, visitor: Visitor, Query(back): Query<Back>) -> Result<Response, PageError> {
    let state = back.state.ok_or(GoogleError::DeadFlow)?;
    let signed_in = visitor.person.as_ref().map(|person| person.user.id);
    match google::arrive(&app, visitor.token(), &state, back.code.as_deref(), signed_in).await {
        Ok(Arrived::SignedIn { user, return_to }) => enter(&app, &visitor, user, return_to).await,
        Ok(Arrived::PasswordWanted { state, email }) => Ok(view::page(
            &app,
            &visitor,
            StatusCode::OK,
            &Password { frame: Frame::new(&app, &visitor), state, email },
        )),
        Ok(Arrived::Linked) => Ok(view::go("/account?done=google")),
        Err(GoogleError::NoAccount) => {
            let text = "There is no account for this Google account yet. Nothing of it was kept.";
            let next = Some(("Create an account", "/sign-up"));
            Ok(view::message(&app, &visitor, "No account yet", text, next))
        }
        Err(error) => Err(error.into()),
    }
}

async fn enter(app: &App, visitor: &Visitor, user: Uuid, return_to: Option<String>) -> Result<Response, PageError> {
    let tx = app.store.write_transaction().await?;
    let token = sign_in::open_browser(app, &tx, user, &visitor.agent).await?;
    tx.commit().await?;
    let mut response = view::go(onward(return_to).as_deref().unwrap_or("/account"));
    Visitor::signed_in(app, &mut response, &token);
    Ok(response)
}

#[derive(Template)]
#[template(path = "pages/google_password.html")]
struct Password {
    frame: Frame,
    state: String,
    email: String,
}

#[derive(Deserialize)]
struct PasswordForm {
    csrf: String,
    state: String,
    password: String,
}

async fn password(
    State(app): State<App>,
    visitor: Visitor,
    Form(form): Form<PasswordForm>,
) -> Result<Response, PageError> {
    visitor.check(&form.csrf)?;
    match google::link_by_password(&app, visitor.token(), &form.state, &form.password).await {
        Ok((user, return_to)) => enter(&app, &visitor, user, return_to).await,
        Err(GoogleError::Account(AccountError::WrongCredentials)) => {
            let fault = ApiError::new(ErrorCode::Forbidden, "That is not the password of this account.");
            let email = google::waiting_address(&app, visitor.token(), &form.state).await?;
            let page = Password { frame: Frame::new(&app, &visitor).with_fault(&fault), state: form.state, email };
            Ok(view::page(&app, &visitor, fault.status(), &page))
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
struct Confirmed {
    csrf: String,
    password: String,
}

#[derive(Template)]
#[template(path = "pages/google_go.html")]
struct Go {
    frame: Frame,
    url: String,
}

async fn connect(State(app): State<App>, visitor: Visitor, Form(form): Form<Confirmed>) -> Result<Response, PageError> {
    let person = super::account::person(&visitor, &form.csrf)?;
    sign_in::confirm(&app, &person.user, &form.password).await?;
    let begun = google::begin(&app, visitor.token(), Purpose::Link(person.user.id), None).await?;
    Ok(view::page(&app, &visitor, StatusCode::OK, &Go { frame: Frame::new(&app, &visitor), url: begun.url }))
}

async fn disconnect(
    State(app): State<App>,
    visitor: Visitor,
    Form(form): Form<Confirmed>,
) -> Result<Response, PageError> {
    let person = super::account::person(&visitor, &form.csrf)?;
    google::unlink(&app, &person.user, &form.password).await?;
    Ok(view::go("/account?done=no-google"))
}
