//! Connecting the desktop app: the person says yes on a page that names the computer, and the browser goes back to the app.

use super::view::{self, Frame};
use super::{PageError, Visitor};
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::http::extract::{Form, Query};
use crate::oauth::code;
use crate::oauth::request::{Asked, Refusal};
use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/oauth/authorize", get(show).post(answer))
}

#[derive(Template)]
#[template(path = "pages/connect.html")]
struct Connect {
    frame: Frame,
    device: String,
    name: String,
    email: String,
    /// The request again, for the form to send.
    query: String,
}

fn refuse(refusal: Refusal) -> Result<Response, PageError> {
    match refusal {
        Refusal::Page(why) => Err(ApiError::new(ErrorCode::BadRequest, why).into()),
        Refusal::Redirect(url) => Ok(view::go(url.as_str())),
    }
}

async fn show(
    State(app): State<App>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let request = match asked.check() {
        Ok(request) => request,
        Err(refusal) => return refuse(refusal),
    };
    let query = query.unwrap_or_default();
    let Some(person) = &visitor.person else {
        let back = format!("/oauth/authorize?{query}");
        let onward: String =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", &back).finish();
        return Ok(view::go(&format!("/sign-in?{onward}")));
    };
    let page = Connect {
        frame: Frame::new(&app, &visitor),
        device: request.device_name,
        name: person.user.name.clone(),
        email: person.user.email.clone(),
        query,
    };
    Ok(view::page(&app, &visitor, StatusCode::OK, &page))
}

#[derive(Deserialize)]
struct Answer {
    csrf: String,
    query: String,
    answer: String,
}

async fn answer(State(app): State<App>, visitor: Visitor, Form(form): Form<Answer>) -> Result<Response, PageError> {
    visitor.check(&form.csrf)?;
    let broken = || ApiError::new(ErrorCode::BadRequest, "The app's request cannot be read. Start again from the app.");
    let uri = format!("/?{}", form.query).parse().map_err(|_| broken())?;
    let axum::extract::Query(asked) = axum::extract::Query::<Asked>::try_from_uri(&uri).map_err(|_| broken())?;
    let request = match asked.check() {
        Ok(request) => request,
        Err(refusal) => return refuse(refusal),
    };
    let Some(person) = &visitor.person else {
        return Err(ApiError::new(
            ErrorCode::Unauthenticated,
            "You are not signed in any more. Start again from the app.",
        )
        .into());
    };
    if form.answer != "yes" {
        return Ok(view::go(request.denied().as_str()));
    }
    let code = code::issue(&app, person.user.id, &request).await?;
    Ok(view::go(request.granted(&code).as_str()))
}
