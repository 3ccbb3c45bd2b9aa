//! What a good request to each route of the document says. A route that is added needs a line here.

use super::Route;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Things of one person's, by the path under which they are found, or its beginning.
pub(crate) type Things = BTreeMap<&'static str, String>;

/// A request's body.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    Nothing,
    Json(Value),
    /// A part of a file.
    Part(&'static str),
}

/// What whose things these are says to a route.
pub(crate) fn said(route: &Route, things: &Things) -> Said {
    let thing = |name: &str| things[name].as_str();
    let body = match (route.method.as_str(), route.path.as_str()) {
        ("GET" | "DELETE", _)
        | (
            "POST",
            "/v1/account/exports" | "/v1/account/sign-out-everywhere" | "/v1/billing/portal" | "/v1/jobs/{id}/cancel",
        ) => return Said::Nothing,
        ("PATCH", "/v1/uploads/{id}") => return Said::Part("photo"),
        ("PATCH", "/v1/account") => json!({"name": "Mara L."}),
        ("POST", "/v1/account/deletion") => json!({"subscription": "now"}),
        ("POST", "/v1/policy/acceptance") => json!({"version": "1"}),
        ("POST", "/v1/usage") => json!({"events": [{"name": "app_opened", "count": 1}]}),
        ("POST", "/v1/orders") => json!({"product": "pack_small"}),
        ("POST", "/v1/orders/{id}/withdrawal") => json!({"confirm_token": thing("/v1/orders/{id}/withdrawal")}),
        ("POST", "/v1/uploads") => json!({"bytes": 10, "sha256": "0".repeat(64), "media_type": "image/jpeg"}),
        ("POST", "/v1/quotes") => {
            json!({"kind": "enhance", "variant": "upscale_2x", "photos": [{"width": 320, "height": 240}]})
        }
        ("POST", "/v1/jobs") => json!({
            "kind": "critique",
            "variant": "standard",
            "photos": [thing("/v1/photos/")],
            "options": {"strictness": "gentle", "genre": "street", "camera": "50 mm, f/2, 1/250 s, ISO 200"},
            "price": 2,
        }),
        other => panic!("what does a good request to {other:?} say?"),
    };
    Said::Json(body)
}

/// The same body with each of its texts changed in turn.
pub(crate) fn with_each_text_changed(body: &Value, change: &impl Fn(&str) -> String) -> Vec<Value> {
    match body {
        Value::String(text) => vec![Value::String(change(text))],
        Value::Array(items) => (0..items.len())
            .flat_map(|at| {
                with_each_text_changed(&items[at], change).into_iter().map(move |item| {
                    let mut items = items.clone();
                    items[at] = item;
                    Value::Array(items)
                })
            })
            .collect(),
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| {
                with_each_text_changed(value, change).into_iter().map(move |value| {
                    let mut fields = fields.clone();
                    fields.insert(name.clone(), value);
                    Value::Object(fields)
                })
            })
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}
