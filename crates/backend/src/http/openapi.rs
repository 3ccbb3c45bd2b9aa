//! The OpenAPI document: made from the code, committed as `openapi.json`, served as it is.

use crate::app::App;
use axum::Router;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "As Pretty As A Picture",
        description = "The hosted service: accounts, credits, jobs, privacy. Every error is `{code, message, retryable}`. \
            Any request may be answered with 408 when it comes too slowly, and with 503 when it cannot be answered in time."
    ),
    modifiers(&Schemes)
)]
struct Document;

struct Schemes;

impl utoipa::Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

/// The part that is written by hand.
pub(super) fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// The whole document, as it is committed.
///
/// # Errors
/// Never with the types there are.
pub fn whole() -> Result<String, serde_json::Error> {
    let (_, document) = super::api().split_for_parts();
    Ok(document.to_pretty_json()? + "\n")
}

/// The document for programs, and the same for people.
pub(super) fn routes(document: &utoipa::openapi::OpenApi) -> Router<App> {
    // It is made of types that can be written; were it not, there would be no document at all.
    let document = serde_json::to_value(document).unwrap_or_default();
    let people = crate::pages::docs::routes(&document);
    Router::new().route("/openapi.json", get(async move || axum::Json(document))).merge(people)
}

#[cfg(test)]
mod tests {
    /// `UPDATE_OPENAPI=1 cargo test -p pretty-backend openapi` writes it anew.
    #[test]
    fn the_committed_document_is_the_code_s() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let made = super::whole().unwrap();
        if std::env::var_os("UPDATE_OPENAPI").is_some() {
            std::fs::write(path, &made).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == made,
            "openapi.json is out of date: UPDATE_OPENAPI=1 cargo test -p pretty-backend openapi"
        );
        assert!(made.contains("\"openapi\": \"3.1"));
    }
}
