//! Lists in pages, and `expand[]`.

use serde_json::{Value, json};

use super::refusal::Refusal;
use super::state::{StripeState, Work};
use crate::form::Params;

/// A page of `values`, which are newest first.
pub(crate) fn page(values: Vec<Value>, url: &str, params: &Params) -> Result<Value, Refusal> {
    let limit = params.number("limit").map_err(|text| not_a_number("limit", &text))?.unwrap_or(10);
    let limit = usize::try_from(limit).ok().filter(|limit| (1..=100).contains(limit)).ok_or_else(|| {
        Refusal::invalid("Invalid limit: must be between 1 and 100").code("parameter_invalid_integer").param("limit")
    })?;
    let place = |param: &str| match params.text(param) {
        None => Ok(None),
        Some(id) => values
            .iter()
            .position(|value| value["id"] == id)
            .map(Some)
            .ok_or_else(|| Refusal::not_found("object", id, param)),
    };
    let after = place("starting_after")?;
    let before = place("ending_before")?;
    let (data, has_more) = if let Some(before) = before {
        let start = before.saturating_sub(limit);
        (values[start..before].to_vec(), start > 0)
    } else {
        let start = after.map_or(0, |at| at + 1).min(values.len());
        let end = (start + limit).min(values.len());
        (values[start..end].to_vec(), end < values.len())
    };
    Ok(json!({ "object": "list", "data": data, "has_more": has_more, "url": url }))
}

/// Whether `value`'s `created` lies in the range that `created[gt|gte|lt|lte]` or `created` asks for.
pub(crate) fn created_in_range(value: &Value, params: &Params) -> Result<bool, Refusal> {
    let created = value["created"].as_i64().unwrap_or_default();
    let bound = |path: &str| params.number(path).map_err(|text| not_a_number("created", &text));
    Ok(bound("created.gt")?.is_none_or(|bound| created > bound)
        && bound("created.gte")?.is_none_or(|bound| created >= bound)
        && bound("created.lt")?.is_none_or(|bound| created < bound)
        && bound("created.lte")?.is_none_or(|bound| created <= bound)
        && match params.text("created") {
            Some(text) => text.parse() == Ok(created),
            None => true,
        })
}

pub(crate) fn not_a_number(param: &str, text: &str) -> Refusal {
    Refusal::invalid(format!("Invalid integer: {text}")).code("parameter_invalid_integer").param(param)
}

/// A page of all objects of `kind` whose fields equal the parameters named in `fields`.
pub(crate) fn of_kind(
    work: &Work<'_>,
    kind: &str,
    url: &str,
    params: &Params,
    fields: &[&str],
) -> Result<Value, Refusal> {
    let mut found = Vec::new();
    for value in work.state.all(kind) {
        let equal = fields.iter().all(|field| {
            params.text(field).is_none_or(|wanted| match &value[*field] {
                Value::String(text) => text == wanted,
                Value::Bool(switch) => wanted.parse() == Ok(*switch),
                _ => false,
            })
        });
        if equal && created_in_range(value, params)? {
            found.push(value.clone());
        }
    }
    page(found, url, params)
}

/// Puts whole objects where the answer holds their ids, along each path in `expand[]`, at most four levels deep.
pub(crate) fn expand(state: &StripeState, answer: &mut Value, params: &Params) -> Result<(), Refusal> {
    for path in params.list("expand") {
        let Some(path) = path.as_str() else { continue };
        let parts: Vec<&str> = path.split('.').collect();
        if parts.len() > 4 {
            return Err(Refusal::invalid("You cannot expand more than 4 levels of a property.").param("expand"));
        }
        if !along(state, answer, &parts) {
            return Err(Refusal::invalid(format!("This property cannot be expanded ({path}).")).param("expand"));
        }
    }
    Ok(())
}

fn along(state: &StripeState, value: &mut Value, parts: &[&str]) -> bool {
    let [first, rest @ ..] = parts else { return true };
    if let Value::Array(list) = value {
        return list.iter_mut().all(|item| along(state, item, parts));
    }
    if *first == "line_items" && value["object"] == "checkout.session" && value.get("line_items").is_none() {
        let id = value["id"].as_str().unwrap_or_default();
        let lines = state.plans.get(id).map(|plan| plan.lines.clone()).unwrap_or_default();
        value["line_items"] = json!({
            "object": "list", "data": lines, "has_more": false, "url": format!("/v1/checkout/sessions/{id}/line_items"),
        });
    }
    let Some(inner) = value.get_mut(*first) else { return false };
    if let Some(object) = inner.as_str().and_then(|id| state.get(id)) {
        *inner = object.clone();
    }
    match inner {
        Value::Null => true,
        Value::Object(_) | Value::Array(_) => along(state, inner, rest),
        _ => false,
    }
}
