//! What the desktop app asks about the account, with its access token. Passwords never pass here: they are typed on our own pages.

use super::devices::{self, End};
use super::tokens::{self, Person, TokenError};
use super::{AccountError, change};
use crate::app::App;
use crate::billing::subscriptions;
use crate::error::{ApiError, ErrorCode};
use crate::http::extract::{Json, Path, Query};
use crate::ledger::{self, Balance, Entry};
use crate::mail::returned;
use crate::privacy::policy;
use crate::store::entity::device::DeviceKind;
use crate::store::entity::token::Kind;
use crate::store::entity::{device, identity};
use crate::world::Moment;
use axum::extract::{FromRequestParts, State};
use axum::http::{StatusCode, header, request::Parts};
use pretty_contract::service::account::{Deletion, PolicyState};
use pretty_contract::service::billing::CurrentPlan;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(account, rename))
        .routes(routes!(list_devices))
        .routes(routes!(end_device))
        .routes(routes!(sign_out_everywhere))
        .routes(routes!(credits))
        .routes(routes!(entries))
}

/// A signed-in person, also while the account waits to be deleted: for looking at just that and taking it back.
#[derive(Clone, Debug)]
pub struct EvenLeaving(pub Person);

impl FromRequestParts<App> for EvenLeaving {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let missing =
            || ApiError::new(ErrorCode::Unauthenticated, "Send an access token as `Authorization: Bearer …`.");
        let value =
            parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or_else(missing)?;
        let (scheme, token) = value.split_once(' ').ok_or_else(missing)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(missing());
        }
        let person = tokens::authenticate(app, token.trim(), Kind::Access).await?;
        Ok(Self(person))
    }
}

impl FromRequestParts<App> for Person {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let EvenLeaving(person) = EvenLeaving::from_request_parts(parts, app).await?;
        if person.ending.is_some() { Err(AccountError::Ending.into()) } else { Ok(person) }
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Unknown => Self::new(ErrorCode::Unauthenticated, error.to_string()),
            TokenError::Expired => Self::new(ErrorCode::TokenExpired, error.to_string()),
            TokenError::Account(error) => error.into(),
        }
    }
}

/// A person's account.
#[derive(Debug, Serialize, ToSchema)]
struct Account {
    id: Uuid,
    name: String,
    email: String,
    /// Microseconds since 1970.
    created_at: Moment,
    has_password: bool,
    google_linked: bool,
    credits: Balance,
    /// What is paid for.
    plan: CurrentPlan,
    /// The sign-in that asks.
    device_id: Uuid,
    /// Letters to the address come back: another one is needed.
    email_returned: bool,
    /// Which privacy policy was accepted.
    policy: PolicyState,
    /// Present while the account waits to be deleted. Then nothing else can be asked but to take it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion: Option<Deletion>,
}

/// The account that the token belongs to.
#[utoipa::path(get, path = "/v1/account", tag = "account", security(("token" = [])),
    responses((status = 200, body = Account), (status = 401, body = ApiError)))]
async fn account(State(app): State<App>, EvenLeaving(person): EvenLeaving) -> Result<axum::Json<Account>, ApiError> {
    shown(&app, person).await
}

async fn shown(app: &App, Person { user, device_id, ending, .. }: Person) -> Result<axum::Json<Account>, ApiError> {
    let links = identity::Entity::find().filter(identity::Column::UserId.eq(user.id)).count(app.store.reader()).await?;
    let credits = ledger::balance(&app.store, user.owner_ref, app.world.now()).await?;
    let standing = policy::standing(app, &user).await?;
    let policy = PolicyState {
        accepted: standing.accepted.then(|| standing.current.clone()),
        current: standing.current,
        must_accept: standing.must_accept,
    };
    let email_returned = returned::is_known(app.store.reader(), &user.email_key).await?;
    Ok(axum::Json(Account {
        id: user.id,
        name: user.name,
        email: user.email,
        created_at: user.created_at,
        has_password: user.password_hash.is_some(),
        google_linked: links > 0,
        credits,
        plan: subscriptions::plan_of(app, user.owner_ref).await?.shown(),
        device_id,
        email_returned,
        policy,
        deletion: ending.map(|asked| Deletion { asked_at: asked.asked_at.0, final_at: asked.final_at.0 }),
    }))
}

/// What can be changed from the app.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Change {
    /// 1 to 80 characters.
    #[schema(min_length = 1, max_length = 80)]
    name: String,
}

/// Changes the name.
#[utoipa::path(patch, path = "/v1/account", tag = "account", security(("token" = [])), request_body = Change,
    responses((status = 200, body = Account), (status = 400, body = ApiError), (status = 401, body = ApiError), (status = 403, body = ApiError), (status = 413, body = ApiError),
        (status = 415, body = ApiError), (status = 422, body = ApiError)))]
async fn rename(
    State(app): State<App>,
    mut person: Person,
    Json(wanted): Json<Change>,
) -> Result<axum::Json<Account>, ApiError> {
    person.user.name = change::rename(&app, person.user.id, &wanted.name).await?;
    shown(&app, person).await
}

/// One sign-in.
#[derive(Debug, Serialize, ToSchema)]
struct Device {
    id: Uuid,
    /// browser or app.
    kind: &'static str,
    name: String,
    /// Microseconds since 1970.
    created_at: Moment,
    /// Last renewal of its tokens, microseconds since 1970.
    seen_at: Moment,
    /// Whether it is the one that asks.
    this: bool,
}

/// Where the person is signed in.
#[utoipa::path(get, path = "/v1/account/devices", tag = "account", security(("token" = [])),
    responses((status = 200, body = [Device]), (status = 401, body = ApiError), (status = 403, body = ApiError)))]
async fn list_devices(State(app): State<App>, person: Person) -> Result<axum::Json<Vec<Device>>, ApiError> {
    let devices = devices::open(app.store.reader(), person.user.id).await?;
    let shown = devices.into_iter().map(|device| Device {
        this: device.id == person.device_id,
        id: device.id,
        kind: if device.kind == DeviceKind::App { "app" } else { "browser" },
        name: device.name,
        created_at: device.created_at,
        seen_at: device.seen_at,
    });
    Ok(axum::Json(shown.collect()))
}

/// Signs one device out.
#[utoipa::path(delete, path = "/v1/account/devices/{id}", tag = "account", security(("token" = [])), params(("id" = Uuid, Path)),
    responses((status = 204), (status = 401, body = ApiError), (status = 403, body = ApiError), (status = 404, body = ApiError)))]
async fn end_device(State(app): State<App>, person: Person, Path(id): Path<Uuid>) -> Result<StatusCode, ApiError> {
    let device = device::Entity::find_by_id(id).one(app.store.reader()).await?;
    if device.is_none_or(|device| device.user_id != person.user.id || device.ended_at.is_some()) {
        return Err(ApiError::new(ErrorCode::NotFound, "You are not signed in on such a device."));
    }
    let tx = app.store.write_transaction().await?;
    devices::end(&tx, id, End::SignedOut, app.world.now()).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Signs out everywhere, here too.
#[utoipa::path(post, path = "/v1/account/sign-out-everywhere", tag = "account", security(("token" = [])),
    responses((status = 204), (status = 401, body = ApiError), (status = 403, body = ApiError)))]
async fn sign_out_everywhere(State(app): State<App>, person: Person) -> Result<StatusCode, ApiError> {
    let tx = app.store.write_transaction().await?;
    devices::end_all(&tx, person.user.id, None, End::SignedOut, app.world.now()).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The credits.
#[utoipa::path(get, path = "/v1/credits", tag = "credits", security(("token" = [])),
    responses((status = 200, body = Balance), (status = 401, body = ApiError), (status = 403, body = ApiError)))]
async fn credits(State(app): State<App>, person: Person) -> Result<axum::Json<Balance>, ApiError> {
    Ok(axum::Json(ledger::balance(&app.store, person.user.owner_ref, app.world.now()).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Page {
    /// Entries from before this one.
    before: Option<Uuid>,
    /// 1 to 200; 50 when it is not given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Every movement of the credits, newest first.
#[utoipa::path(get, path = "/v1/credits/entries", tag = "credits", security(("token" = [])), params(Page),
    responses((status = 200, body = [Entry]), (status = 400, body = ApiError), (status = 401, body = ApiError), (status = 403, body = ApiError), (status = 422, body = ApiError)))]
async fn entries(
    State(app): State<App>,
    person: Person,
    Query(page): Query<Page>,
) -> Result<axum::Json<Vec<Entry>>, ApiError> {
    let limit = page.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(ApiError::new(ErrorCode::Invalid, "`limit` must be between 1 and 200."));
    }
    Ok(axum::Json(ledger::statement(&app.store, person.user.owner_ref, page.before, limit).await?))
}
