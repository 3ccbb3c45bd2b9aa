//! What the app asks about a person's data. What matters needs a fresh sign-in, which happens on our own pages.

use super::{deletion, export, is_fresh, policy, usage};
use crate::accounts::routes::EvenLeaving;
use crate::accounts::tokens::Person;
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::http::extract::{Json, Path};
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use pretty_contract::service::account::Deletion;
use pretty_contract::service::privacy::{Acceptance, DeletionRequest, Export, ExportState, Policy, Usage};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(ask_export))
        .routes(routes!(show_export))
        .routes(routes!(ask_deletion, undo_deletion))
        .routes(routes!(show_policy))
        .routes(routes!(accept))
        .routes(routes!(count))
}

/// A signed-in person who agreed to the privacy policy as far as they have to: for what sends photos or spends credits.
#[derive(Clone, Debug)]
pub struct Agreed(pub Person);

impl FromRequestParts<App> for Agreed {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let person = Person::from_request_parts(parts, app).await?;
        if policy::must_accept(app, &person.user).await? {
            let message = "The privacy policy has changed. Read it and agree to it first.";
            return Err(ApiError::new(ErrorCode::PolicyNotAccepted, message));
        }
        Ok(Self(person))
    }
}

fn shown(app: &App, export: &export::Export) -> Export {
    let state = match export.state.as_str() {
        "making" => ExportState::Making,
        "ready" => ExportState::Ready,
        "gone" => ExportState::Gone,
        _ => ExportState::Failed,
    };
    Export {
        id: export.id.to_string(),
        state,
        bytes: export.bytes.map(i64::unsigned_abs),
        url: (state == ExportState::Ready).then(|| format!("{}/account/data", app.base_url)),
        made_at: export.made_at.map(|at| at.0),
    }
}

/// Asks for an archive of everything the account holds. It is fetched on the service's own pages, once, within seven days.
#[utoipa::path(post, path = "/v1/account/exports", tag = "privacy", security(("token" = [])),
    responses((status = 201, body = Export), (status = 401, body = ApiError), (status = 403, body = ApiError)))]
async fn ask_export(State(app): State<App>, person: Person) -> Result<(StatusCode, axum::Json<Export>), ApiError> {
    let export = export::ask(&app, person.user.id).await?;
    Ok((StatusCode::CREATED, axum::Json(shown(&app, &export))))
}

/// How an export stands.
#[utoipa::path(get, path = "/v1/account/exports/{id}", tag = "privacy", security(("token" = [])), params(("id" = Uuid, Path)),
    responses((status = 200, body = Export), (status = 401, body = ApiError), (status = 403, body = ApiError), (status = 404, body = ApiError)))]
async fn show_export(
    State(app): State<App>,
    person: Person,
    Path(id): Path<Uuid>,
) -> Result<axum::Json<Export>, ApiError> {
    let export = export::find(&app, person.user.id, id).await?;
    let export = export.ok_or_else(|| ApiError::new(ErrorCode::NotFound, "There is no such export."))?;
    Ok(axum::Json(shown(&app, &export)))
}

/// Deletes the account, if this device was signed in within the last quarter of an hour. Access ends with the answer, but for taking it back.
#[utoipa::path(post, path = "/v1/account/deletion", tag = "privacy", security(("token" = [])), request_body = DeletionRequest,
    responses((status = 200, body = Deletion), (status = 400, body = ApiError), (status = 401, body = ApiError), (status = 403, body = ApiError),
        (status = 413, body = ApiError), (status = 415, body = ApiError), (status = 422, body = ApiError)))]
async fn ask_deletion(
    State(app): State<App>,
    person: Person,
    Json(wanted): Json<DeletionRequest>,
) -> Result<axum::Json<Deletion>, ApiError> {
    if !is_fresh(&app, &person).await? {
        return Err(crate::accounts::AccountError::NotFresh.into());
    }
    let asked = deletion::ask(&app, &person.user, wanted.subscription).await?;
    Ok(axum::Json(Deletion { asked_at: asked.asked_at.0, final_at: asked.final_at.0 }))
}

/// Keeps the account after all, within seven days of asking for its deletion. May be repeated.
#[utoipa::path(delete, path = "/v1/account/deletion", tag = "privacy", security(("token" = [])),
    responses((status = 204), (status = 401, body = ApiError), (status = 409, body = ApiError)))]
async fn undo_deletion(State(app): State<App>, EvenLeaving(person): EvenLeaving) -> Result<StatusCode, ApiError> {
    if deletion::undo_of(&app, person.user.id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(ApiError::new(ErrorCode::Conflict, "It is too late: the account is being removed."))
}

/// The privacy policy in force.
#[utoipa::path(get, path = "/v1/policy", tag = "privacy", responses((status = 200, body = Policy)))]
async fn show_policy(State(app): State<App>) -> Result<axum::Json<Policy>, ApiError> {
    let policy = policy::current(&app).await?;
    Ok(axum::Json(Policy {
        version: policy.version,
        effective_at: policy.effective_at.0,
        text: policy.content,
        changes: policy.changes,
        contact: app.settings.mail.contact.clone(),
    }))
}

/// Agrees to the policy in force.
#[utoipa::path(post, path = "/v1/policy/acceptance", tag = "privacy", security(("token" = [])), request_body = Acceptance,
    responses((status = 204), (status = 400, body = ApiError), (status = 401, body = ApiError), (status = 403, body = ApiError), (status = 409, body = ApiError),
        (status = 413, body = ApiError), (status = 415, body = ApiError), (status = 422, body = ApiError)))]
async fn accept(State(app): State<App>, person: Person, Json(said): Json<Acceptance>) -> Result<StatusCode, ApiError> {
    match policy::accept(&app, person.user.id, &said.version).await {
        Err(crate::accounts::AccountError::DeadLink) => {
            Err(ApiError::new(ErrorCode::Conflict, "That is not the policy in force. Read the present one."))
        }
        other => Ok(other.map(|()| StatusCode::NO_CONTENT)?),
    }
}

/// Counts what was used, for those who switched it on. Only sums of a day are kept.
#[utoipa::path(post, path = "/v1/usage", tag = "privacy", security(("token" = [])), request_body = Usage,
    responses((status = 204), (status = 400, body = ApiError), (status = 401, body = ApiError), (status = 403, body = ApiError), (status = 413, body = ApiError),
        (status = 415, body = ApiError), (status = 422, body = ApiError)))]
async fn count(State(app): State<App>, _person: Person, Json(usage): Json<Usage>) -> Result<StatusCode, ApiError> {
    if !usage::is_known(&usage.events) {
        return Err(ApiError::new(ErrorCode::Invalid, "`events` names something that is not counted, or too much."));
    }
    usage::count(&app, &usage.events).await?;
    Ok(StatusCode::NO_CONTENT)
}
