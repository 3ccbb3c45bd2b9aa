//! A person's data on our own pages: take it away, delete the account, keep it after all; and the privacy policy.

use super::view::{self, Frame};
use super::{PageError, Visitor};
use crate::accounts::AccountError;
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::http::extract::{Form, Query};
use crate::privacy::{self, deletion, export, policy};
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use pretty_contract::service::privacy::SubscriptionEnd;
use serde::Deserialize;
use uuid::Uuid;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/account/data", get(show))
        .route("/account/data/ask", post(ask))
        .route("/account/data/fetch", post(fetch))
        .route("/account/delete", get(show_deletion).post(delete))
        .route("/account/policy", post(accept))
        .route("/keep-account", get(show_keep).post(keep))
        .route("/privacy", get(show_policy))
}

struct Archive {
    id: Uuid,
    state: &'static str,
    ready: bool,
    size: String,
}

#[derive(Template)]
#[template(path = "pages/data.html")]
struct Data {
    frame: Frame,
    has_password: bool,
    archives: Vec<Archive>,
    waits: bool,
}

async fn data(app: &App, visitor: &Visitor, frame: Frame) -> Result<Option<Data>, PageError> {
    let Some(person) = &visitor.person else { return Ok(None) };
    let archives = export::all(app, person.user.id).await?.into_iter().map(|export| Archive {
        id: export.id,
        ready: export.state == "ready",
        state: match export.state.as_str() {
            "making" => "being made",
            "ready" => "ready, for seven days, once",
            "gone" => "fetched or over",
            _ => "could not be made",
        },
        size: export.bytes.map_or_else(String::new, |bytes| format!("{} kB", bytes / 1024 + 1)),
    });
    let archives: Vec<Archive> = archives.collect();
    let waits = archives.iter().any(|archive| archive.state == "being made");
    Ok(Some(Data { frame, has_password: person.user.password_hash.is_some(), archives, waits }))
}

async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, PageError> {
    let Some(page) = data(&app, &visitor, Frame::new(&app, &visitor)).await? else {
        return Ok(view::go("/sign-in?return_to=/account/data"));
    };
    Ok(view::page(&app, &visitor, StatusCode::OK, &page))
}

#[derive(Deserialize)]
struct Ask {
    csrf: String,
}

async fn ask(State(app): State<App>, visitor: Visitor, Form(form): Form<Ask>) -> Result<Response, PageError> {
    let user = super::account::person(&visitor, &form.csrf)?.user.id;
    export::ask(&app, user).await?;
    Ok(view::go("/account/data"))
}

#[derive(Deserialize)]
struct Fetch {
    csrf: String,
    id: Uuid,
    #[serde(default)]
    password: String,
}

async fn fetch(State(app): State<App>, visitor: Visitor, Form(form): Form<Fetch>) -> Result<Response, PageError> {
    let person = super::account::person(&visitor, &form.csrf)?;
    if let Err(error) = privacy::confirm(&app, person, &form.password).await {
        return again(&app, &visitor, error.into()).await;
    }
    let Some((bytes, body)) = export::fetch(&app, person.user.id, form.id).await? else {
        let gone = ApiError::new(
            ErrorCode::NotFound,
            "This archive was fetched before or is being fetched, or its time is over.",
        );
        return again(&app, &visitor, gone).await;
    };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    let name = HeaderValue::from_static("attachment; filename=\"as-pretty-as-a-picture.zip\"");
    headers.insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}

async fn again(app: &App, visitor: &Visitor, error: ApiError) -> Result<Response, PageError> {
    let frame = Frame::new(app, visitor).with_fault(&error);
    match data(app, visitor, frame).await? {
        Some(page) => Ok(view::page(app, visitor, error.status(), &page)),
        None => Err(error.into()),
    }
}

#[derive(Template)]
#[template(path = "pages/delete.html")]
struct Delete {
    frame: Frame,
    email: String,
    has_password: bool,
}

fn delete_page(visitor: &Visitor, frame: Frame) -> Option<Delete> {
    let user = &visitor.person.as_ref()?.user;
    Some(Delete { frame, email: user.email.clone(), has_password: user.password_hash.is_some() })
}

async fn show_deletion(State(app): State<App>, visitor: Visitor) -> Response {
    match delete_page(&visitor, Frame::new(&app, &visitor)) {
        Some(page) => view::page(&app, &visitor, StatusCode::OK, &page),
        None => view::go("/sign-in?return_to=/account/delete"),
    }
}

#[derive(Deserialize)]
struct DeleteForm {
    csrf: String,
    #[serde(default)]
    password: String,
    plan: SubscriptionEnd,
}

async fn delete(State(app): State<App>, visitor: Visitor, Form(form): Form<DeleteForm>) -> Result<Response, PageError> {
    let person = super::account::person(&visitor, &form.csrf)?;
    if let Err(error) = privacy::confirm(&app, person, &form.password).await {
        let error = ApiError::from(error);
        let page = delete_page(&visitor, Frame::new(&app, &visitor).with_fault(&error));
        return page.map(|page| view::page(&app, &visitor, error.status(), &page)).ok_or_else(|| error.into());
    }
    deletion::ask(&app, &person.user, form.plan).await?;
    let text = "You are signed out. A letter is on its way with a link that keeps the account, for 7 days; an app that is signed in can take it back, too. After that everything is removed, and another letter says what.";
    let mut response = view::message(&app, &visitor, "Your account will be deleted", text, None);
    Visitor::signed_out(&app, &mut response);
    Ok(response)
}

#[derive(Template)]
#[template(path = "pages/keep.html")]
struct Keep {
    frame: Frame,
    token: String,
}

#[derive(Debug, Deserialize)]
struct Link {
    token: String,
}

async fn show_keep(State(app): State<App>, visitor: Visitor, Query(link): Query<Link>) -> Response {
    view::page(&app, &visitor, StatusCode::OK, &Keep { frame: Frame::new(&app, &visitor), token: link.token })
}

#[derive(Deserialize)]
struct KeepForm {
    csrf: String,
    token: String,
}

async fn keep(State(app): State<App>, visitor: Visitor, Form(form): Form<KeepForm>) -> Result<Response, PageError> {
    visitor.check(&form.csrf)?;
    deletion::undo(&app, &form.token).await?;
    let text = "Nothing was removed. You were signed out, so sign in again.";
    Ok(view::message(&app, &visitor, "Your account stays", text, Some(("Sign in", "/sign-in"))))
}

#[derive(Deserialize)]
struct AcceptForm {
    csrf: String,
    version: String,
}

async fn accept(State(app): State<App>, visitor: Visitor, Form(form): Form<AcceptForm>) -> Result<Response, PageError> {
    let user = super::account::person(&visitor, &form.csrf)?.user.id;
    match policy::accept(&app, user, &form.version).await {
        Ok(()) | Err(AccountError::DeadLink) => Ok(view::go("/privacy")),
        Err(error) => Err(error.into()),
    }
}

enum Line {
    Title(String),
    Words(String),
}

#[derive(Template)]
#[template(path = "pages/privacy.html")]
struct Privacy {
    frame: Frame,
    version: String,
    lines: Vec<Line>,
    must_accept: bool,
}

async fn show_policy(State(app): State<App>, visitor: Visitor) -> Result<Response, PageError> {
    let found = policy::current(&app).await?;
    let must_accept = match &visitor.person {
        Some(person) => policy::standing(&app, &person.user).await?.must_accept,
        None => false,
    };
    // Paragraphs and titles are all the Markdown that a policy needs; the page has its own first title.
    let lines = found.content.split("\n\n").map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("# "));
    let lines = lines.map(|line| match line.strip_prefix("## ") {
        Some(title) => Line::Title(title.to_owned()),
        None => Line::Words(line.to_owned()),
    });
    let page =
        Privacy { frame: Frame::new(&app, &visitor), version: found.version, lines: lines.collect(), must_accept };
    Ok(view::page(&app, &visitor, StatusCode::OK, &page))
}
