//! The account: what can be changed where a password has to be typed, and the devices.

use super::view::{self, Frame};
use super::{PageError, Visitor};
use crate::accounts::devices::{self, End};
use crate::accounts::tokens::Person;
use crate::accounts::{AccountError, change, google};
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::http::extract::{Form, Path, Query};
use crate::ledger;
use crate::mail::returned;
use crate::store::entity::device::DeviceKind;
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
        .route("/account", get(show))
        .route("/account/name", post(rename))
        .route("/account/password", post(password))
        .route("/account/email", post(email))
        .route("/account/sign-out", post(sign_out))
        .route("/account/sign-out-everywhere", post(sign_out_everywhere))
        .route("/account/devices/{id}/end", post(end_device))
        .route("/confirm-email", get(show_move).post(move_email))
}

struct Device {
    id: Uuid,
    name: String,
    kind: &'static str,
    seen: String,
    this: bool,
}

#[derive(Template)]
#[template(path = "pages/account.html")]
struct Account {
    frame: Frame,
    name: String,
    email: String,
    has_password: bool,
    /// Addresses of connected Google accounts.
    google: Vec<String>,
    credits: i64,
    /// Letters to the address come back.
    email_returned: bool,
    devices: Vec<Device>,
    done: Option<&'static str>,
}

async fn account(app: &App, person: &Person, frame: Frame, done: Option<&'static str>) -> Result<Account, PageError> {
    let devices = devices::open(app.store.reader(), person.user.id).await?;
    let devices = devices.into_iter().map(|device| Device {
        this: device.id == person.device_id,
        id: device.id,
        kind: if device.kind == DeviceKind::App { "App" } else { "Browser" },
        name: device.name,
        seen: device.seen_at.to_utc().date().to_string(),
    });
    let credits = ledger::balance(&app.store, person.user.owner_ref, app.world.now()).await?.available;
    Ok(Account {
        frame,
        name: person.user.name.clone(),
        email: person.user.email.clone(),
        has_password: person.user.password_hash.is_some(),
        google: google::linked(app, person.user.id).await?,
        credits,
        email_returned: returned::is_known(app.store.reader(), &person.user.email_key).await?,
        devices: devices.collect(),
        done,
    })
}

#[derive(Debug, Deserialize)]
struct Done {
    done: Option<String>,
}

async fn show(State(app): State<App>, visitor: Visitor, Query(query): Query<Done>) -> Result<Response, PageError> {
    let Some(person) = &visitor.person else { return Ok(view::go("/sign-in?return_to=/account")) };
    // Our own words only: the address could be anyone's.
    let done = match query.done.as_deref() {
        Some("name") => Some("Your name is changed."),
        Some("password") => Some("Your password is changed. You were signed out on other devices."),
        Some("email") => {
            Some("A letter is on its way to the new address. The account moves when its link is followed.")
        }
        Some("google") => Some("Google is connected. It opens this account from now on."),
        Some("no-google") => Some("Google is disconnected."),
        Some("device") => Some("Signed out there."),
        _ => None,
    };
    let page = account(&app, person, Frame::new(&app, &visitor), done).await?;
    Ok(view::page(&app, &visitor, StatusCode::OK, &page))
}

/// Someone who is signed in and sent a form of ours.
pub(super) fn person<'a>(visitor: &'a Visitor, csrf: &str) -> Result<&'a Person, PageError> {
    visitor.check(csrf)?;
    let missing =
        || ApiError::new(ErrorCode::Unauthenticated, "You are not signed in any more. Sign in and try again.");
    Ok(visitor.person.as_ref().ok_or_else(missing)?)
}

async fn finished(
    app: &App,
    visitor: &Visitor,
    result: Result<(), AccountError>,
    done: &str,
) -> Result<Response, PageError> {
    let Err(error) = result else { return Ok(view::go(&format!("/account?done={done}"))) };
    let error = ApiError::from(error);
    let person = person(visitor, &visitor.csrf())?;
    let page = account(app, person, Frame::new(app, visitor).with_fault(&error), None).await?;
    Ok(view::page(app, visitor, error.status(), &page))
}

#[derive(Deserialize)]
struct Name {
    csrf: String,
    name: String,
}

async fn rename(State(app): State<App>, visitor: Visitor, Form(form): Form<Name>) -> Result<Response, PageError> {
    let user = person(&visitor, &form.csrf)?.user.id;
    let result = change::rename(&app, user, &form.name).await.map(|_| ());
    finished(&app, &visitor, result, "name").await
}

#[derive(Deserialize)]
struct Password {
    csrf: String,
    old: String,
    new: String,
}

async fn password(State(app): State<App>, visitor: Visitor, Form(form): Form<Password>) -> Result<Response, PageError> {
    let person = person(&visitor, &form.csrf)?;
    let result = change::password(&app, &person.user, person.device_id, &form.old, &form.new).await;
    finished(&app, &visitor, result, "password").await
}

#[derive(Deserialize)]
struct Email {
    csrf: String,
    email: String,
    password: String,
}

async fn email(State(app): State<App>, visitor: Visitor, Form(form): Form<Email>) -> Result<Response, PageError> {
    let person = person(&visitor, &form.csrf)?;
    let result = change::ask_email(&app, &person.user, &form.password, &form.email).await;
    finished(&app, &visitor, result, "email").await
}

#[derive(Deserialize)]
struct Plain {
    csrf: String,
}

async fn sign_out(State(app): State<App>, visitor: Visitor, Form(form): Form<Plain>) -> Result<Response, PageError> {
    visitor.check(&form.csrf)?;
    crate::accounts::tokens::revoke(&app, visitor.token()).await?;
    Ok(signed_out(&app))
}

fn signed_out(app: &App) -> Response {
    let mut response = view::go("/sign-in");
    Visitor::signed_out(app, &mut response);
    response
}

async fn sign_out_everywhere(
    State(app): State<App>,
    visitor: Visitor,
    Form(form): Form<Plain>,
) -> Result<Response, PageError> {
    let user = person(&visitor, &form.csrf)?.user.id;
    let tx = app.store.write_transaction().await?;
    devices::end_all(&tx, user, None, End::SignedOut, app.world.now()).await?;
    tx.commit().await?;
    Ok(signed_out(&app))
}

async fn end_device(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<Uuid>,
    Form(form): Form<Plain>,
) -> Result<Response, PageError> {
    let user = person(&visitor, &form.csrf)?.user.id;
    let tx = app.store.write_transaction().await?;
    if !devices::open(&*tx, user).await?.iter().any(|device| device.id == id) {
        return Err(ApiError::new(ErrorCode::NotFound, "You are not signed in on such a device.").into());
    }
    devices::end(&tx, id, End::SignedOut, app.world.now()).await?;
    tx.commit().await?;
    finished(&app, &visitor, Ok(()), "device").await
}

#[derive(Template)]
#[template(path = "pages/confirm_email.html")]
struct Move {
    frame: Frame,
    token: String,
    email: String,
}

#[derive(Debug, Deserialize)]
struct Link {
    token: String,
}

async fn show_move(State(app): State<App>, visitor: Visitor, Query(link): Query<Link>) -> Result<Response, PageError> {
    let email = change::waiting_email(&app, &link.token).await?.ok_or(AccountError::DeadLink)?;
    let frame = Frame::new(&app, &visitor);
    Ok(view::page(&app, &visitor, StatusCode::OK, &Move { frame, token: link.token, email }))
}

#[derive(Deserialize)]
struct MoveForm {
    csrf: String,
    token: String,
}

async fn move_email(
    State(app): State<App>,
    visitor: Visitor,
    Form(form): Form<MoveForm>,
) -> Result<Response, PageError> {
    visitor.check(&form.csrf)?;
    change::move_email(&app, &form.token).await?;
    Ok(view::message(
        &app,
        &visitor,
        "Done",
        "Your account uses this address from now on.",
        Some(("Your account", "/account")),
    ))
}
