//! Signing up: the age first, then name, address and password, then the link in the letter.

use super::sign_in::onward;
use super::view::{self, Frame};
use super::{PageError, Visitor};
use crate::accounts::age::{self, Answer};
use crate::accounts::sign_up::{self, SignUp};
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

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/sign-up", get(ask_age).post(ask))
        .route("/sign-up/age", post(judge_age))
        .route("/confirm", get(show_confirm).post(confirm))
}

#[derive(Template)]
#[template(path = "pages/age.html")]
struct Age {
    frame: Frame,
    return_to: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Onward {
    return_to: Option<String>,
}

async fn ask_age(State(app): State<App>, visitor: Visitor, Query(query): Query<Onward>) -> Response {
    if visitor.was_too_young() {
        return not_now(&app, &visitor);
    }
    let return_to = onward(query.return_to);
    view::page(&app, &visitor, StatusCode::OK, &Age { frame: Frame::new(&app, &visitor), return_to })
}

#[derive(Deserialize)]
struct Birth {
    csrf: String,
    day: String,
    month: String,
    year: String,
    return_to: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/sign_up.html")]
struct Details {
    frame: Frame,
    age: String,
    return_to: Option<String>,
    name: String,
    email: String,
}

async fn judge_age(State(app): State<App>, visitor: Visitor, Form(form): Form<Birth>) -> Result<Response, PageError> {
    visitor.check(&form.csrf)?;
    if visitor.was_too_young() {
        return Ok(not_now(&app, &visitor));
    }
    let return_to = onward(form.return_to);
    let answer = match (form.day.trim().parse(), form.month.trim().parse(), form.year.trim().parse()) {
        (Ok(day), Ok(month), Ok(year)) => age::judge(day, month, year, app.world.now()),
        _ => Answer::NoDate,
    };
    Ok(match answer {
        Answer::Enough => {
            let age = visitor.age_answer(app.world.now());
            let details = Details {
                frame: Frame::new(&app, &visitor),
                age,
                return_to,
                name: String::new(),
                email: String::new(),
            };
            view::page(&app, &visitor, StatusCode::OK, &details)
        }
        Answer::TooYoung => {
            let mut response = not_now(&app, &visitor);
            Visitor::remember_too_young(&app, &mut response);
            response
        }
        Answer::NoDate => {
            let fault = ApiError::new(ErrorCode::Invalid, "That is not a date: give day, month and year in numbers.");
            let frame = Frame::new(&app, &visitor).with_fault(&fault);
            view::page(&app, &visitor, fault.status(), &Age { frame, return_to })
        }
    })
}

fn not_now(app: &App, visitor: &Visitor) -> Response {
    let text = "We cannot make an account for you at the moment. Everything that works on your own computer works without one. \
        We have kept nothing of what you gave.";
    view::message(app, visitor, "Not now", text, None)
}

#[derive(Deserialize)]
struct Wanted {
    csrf: String,
    age: String,
    name: String,
    email: String,
    password: String,
    return_to: Option<String>,
}

async fn ask(State(app): State<App>, visitor: Visitor, Form(form): Form<Wanted>) -> Result<Response, PageError> {
    visitor.check(&form.csrf)?;
    if visitor.was_too_young() {
        return Ok(not_now(&app, &visitor));
    }
    if !visitor.is_age_answer(&form.age, app.world.now()) {
        return Ok(view::go("/sign-up"));
    }
    let return_to = onward(form.return_to);
    let wanted =
        SignUp { name: &form.name, email: &form.email, password: &form.password, return_to: return_to.clone() };
    if let Err(error) = sign_up::ask(&app, wanted, visitor.address).await {
        let error = ApiError::from(error);
        let frame = Frame::new(&app, &visitor).with_fault(&error);
        let details = Details { frame, age: form.age, return_to, name: form.name, email: form.email };
        return Ok(view::page(&app, &visitor, error.status(), &details));
    }
    let text = "A letter is on its way. Open the link in it to finish; it works for 24 hours. Nothing there? Look into the spam folder.";
    Ok(view::message(&app, &visitor, "Look into your mail", text, None))
}

#[derive(Template)]
#[template(path = "pages/confirm.html")]
struct Confirm {
    frame: Frame,
    token: String,
    email: String,
}

#[derive(Debug, Deserialize)]
struct Link {
    token: String,
}

async fn show_confirm(
    State(app): State<App>,
    visitor: Visitor,
    Query(link): Query<Link>,
) -> Result<Response, PageError> {
    let waiting = sign_up::waiting(&app, &link.token).await?.ok_or(AccountError::DeadLink)?;
    let frame = Frame::new(&app, &visitor);
    Ok(view::page(&app, &visitor, StatusCode::OK, &Confirm { frame, token: link.token, email: waiting.email }))
}

#[derive(Deserialize)]
struct Confirmation {
    csrf: String,
    token: String,
    password: String,
}

async fn confirm(
    State(app): State<App>,
    visitor: Visitor,
    Form(form): Form<Confirmation>,
) -> Result<Response, PageError> {
    visitor.check(&form.csrf)?;
    match sign_up::confirm(&app, &form.token, &form.password).await {
        Ok((user, return_to)) => {
            let tx = app.store.write_transaction().await?;
            let token = sign_in::open_browser(&app, &tx, user.id, &visitor.agent).await?;
            tx.commit().await?;
            let mut response = view::go(onward(return_to).as_deref().unwrap_or("/account"));
            Visitor::signed_in(&app, &mut response, &token);
            Ok(response)
        }
        Err(AccountError::WrongCredentials) => {
            let fault = ApiError::new(ErrorCode::Forbidden, "That is not the password you chose.");
            let waiting = sign_up::waiting(&app, &form.token).await?.ok_or(AccountError::DeadLink)?;
            let frame = Frame::new(&app, &visitor).with_fault(&fault);
            Ok(view::page(&app, &visitor, fault.status(), &Confirm { frame, token: form.token, email: waiting.email }))
        }
        Err(error) => Err(error.into()),
    }
}
