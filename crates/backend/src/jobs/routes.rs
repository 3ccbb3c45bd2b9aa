//! The routes of jobs: what they cost, ask for one, look, stop, fetch what came of it, delete.

use super::shown::shown;
use super::{Job, ask, cancel, find, forget, prices};
use crate::accounts::tokens::Person;
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::http::extract::{IdempotencyKey, Json, Path, Query};
use crate::http::file::{self, File};
use crate::ledger;
use crate::photos::Page;
use crate::privacy::Agreed;
use crate::store::entity::{job, job_result};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use pretty_contract::service::jobs::{Job as Shown, NewJob, Price, Quote, QuoteRequest};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(price_list))
        .routes(routes!(quote))
        .routes(routes!(list, submit))
        .routes(routes!(look, delete))
        .routes(routes!(stop))
        .routes(routes!(result))
}

/// What a job of each kind costs. Empty where nothing is offered.
#[utoipa::path(get, path = "/v1/prices", tag = "jobs", responses((status = 200, body = [Price])))]
async fn price_list(State(app): State<App>) -> axum::Json<Vec<Price>> {
    axum::Json(prices::list(&app))
}

/// What something would cost, and what of the photos leaves for it. Nothing is set aside.
#[utoipa::path(post, path = "/v1/quotes", tag = "jobs", security(("token" = [])), request_body = QuoteRequest,
    responses((status = 200, body = Quote), (status = 400, body = ApiError), (status = 401, body = ApiError), (status = 403, body = ApiError), (status = 413, body = ApiError),
        (status = 415, body = ApiError), (status = 422, body = ApiError), (status = 503, body = ApiError)))]
async fn quote(
    State(app): State<App>,
    person: Person,
    Json(request): Json<QuoteRequest>,
) -> Result<axum::Json<Quote>, ApiError> {
    let balance = ledger::balance(&app.store, person.user.owner_ref, app.world.now()).await?;
    Ok(axum::Json(prices::quote(&app, &request, balance.available).await?))
}

/// Asks for a job: its price is set aside and taken only when the result is there. The same key again gives the same job.
#[utoipa::path(post, path = "/v1/jobs", tag = "jobs", security(("token" = [])), request_body = NewJob,
    params(("idempotency-key" = String, Header, description = "1 to 100 visible characters. The same key is the same job.", min_length = 1, max_length = 100, pattern = "^[!-~]{1,100}$")),
    responses((status = 201, body = Shown), (status = 400, body = ApiError), (status = 401, body = ApiError), (status = 402, body = ApiError),
        (status = 403, body = ApiError), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 413, body = ApiError), (status = 415, body = ApiError),
        (status = 422, body = ApiError), (status = 503, body = ApiError)))]
async fn submit(
    State(app): State<App>,
    Agreed(person): Agreed,
    IdempotencyKey(key): IdempotencyKey,
    Json(new): Json<NewJob>,
) -> Result<(StatusCode, axum::Json<Shown>), ApiError> {
    let job = ask::take_in(&app, &person, &key, new).await?;
    Ok((StatusCode::CREATED, axum::Json(shown(&job))))
}

/// The jobs, newest first.
#[utoipa::path(get, path = "/v1/jobs", tag = "jobs", security(("token" = [])), params(Page),
    responses((status = 200, body = [Shown]), (status = 400, body = ApiError), (status = 401, body = ApiError), (status = 403, body = ApiError), (status = 422, body = ApiError)))]
async fn list(
    State(app): State<App>,
    person: Person,
    Query(page): Query<Page>,
) -> Result<axum::Json<Vec<Shown>>, ApiError> {
    let mut select =
        job::Entity::find().filter(job::Column::UserId.eq(person.user.id)).filter(job::Column::DeletedAt.is_null());
    if let Some(after) = page.after {
        select = select.filter(job::Column::Id.lt(after));
    }
    let rows = select.order_by_desc(job::Column::Id).limit(page.size()?).all(app.store.reader()).await?;
    Ok(axum::Json(rows.iter().map(shown).collect()))
}

async fn own(app: &App, person: &Person, id: Uuid) -> Result<Job, ApiError> {
    Ok(find(&app.store, person.user.id, id).await?)
}

/// A job with what came of it.
#[utoipa::path(get, path = "/v1/jobs/{id}", tag = "jobs", security(("token" = [])), params(("id" = Uuid, Path)),
    responses((status = 200, body = Shown), (status = 401, body = ApiError), (status = 403, body = ApiError), (status = 404, body = ApiError)))]
async fn look(State(app): State<App>, person: Person, Path(id): Path<Uuid>) -> Result<axum::Json<Shown>, ApiError> {
    Ok(axum::Json(shown(&own(&app, &person, id).await?)))
}

/// Stops a job that has not ended: at once while it waits, else as soon as its worker hears of it. It costs nothing then.
#[utoipa::path(post, path = "/v1/jobs/{id}/cancel", tag = "jobs", security(("token" = [])), params(("id" = Uuid, Path)),
    responses((status = 200, body = Shown), (status = 401, body = ApiError), (status = 403, body = ApiError), (status = 404, body = ApiError), (status = 409, body = ApiError)))]
async fn stop(State(app): State<App>, person: Person, Path(id): Path<Uuid>) -> Result<axum::Json<Shown>, ApiError> {
    cancel(&app.store, &app.world, person.user.id, id).await?;
    app.work.notify_waiters();
    Ok(axum::Json(shown(&own(&app, &person, id).await?)))
}

/// The picture that came of a job.
#[utoipa::path(get, path = "/v1/jobs/{id}/result", tag = "jobs", security(("token" = [])), params(("id" = Uuid, Path)),
    responses((status = 200, body = inline(file::Bytes), content_type = "image/*"), (status = 206, body = inline(file::Bytes), content_type = "image/*"),
        (status = 401, body = ApiError), (status = 403, body = ApiError), (status = 404, body = ApiError), (status = 416), (status = 503, body = ApiError)))]
async fn result(
    State(app): State<App>,
    person: Person,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let job = own(&app, &person, id).await?;
    let found = job_result::Entity::find_by_id(job.id).one(app.store.reader()).await?;
    let found = found.ok_or_else(|| ApiError::new(ErrorCode::NotFound, "No picture came of this job."))?;
    let file =
        File { key: &found.object_key, bytes: found.bytes, sha256: &found.sha256, media_type: &found.media_type };
    file::send(&app, &headers, file).await
}

/// Deletes a job with its photos and what came of them. One that has not ended is stopped. The movements of credits stay.
#[utoipa::path(delete, path = "/v1/jobs/{id}", tag = "jobs", security(("token" = [])), params(("id" = Uuid, Path)),
    responses((status = 204), (status = 401, body = ApiError), (status = 403, body = ApiError), (status = 404, body = ApiError)))]
async fn delete(State(app): State<App>, person: Person, Path(id): Path<Uuid>) -> Result<StatusCode, ApiError> {
    forget(&app, person.user.id, id).await?;
    app.work.notify_waiters();
    Ok(StatusCode::NO_CONTENT)
}
