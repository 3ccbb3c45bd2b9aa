//! `GET /docs`: the OpenAPI document as a page for people. Made on the server, once: nothing runs in the browser and nothing is loaded.

use super::view::{self, Frame};
use crate::app::App;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The page over `document`, which is what `/openapi.json` answers.
pub fn routes(document: &Value) -> Router<App> {
    let reference = Arc::new(Reference::of(document));
    let show = async move |State(app): State<App>| shown(&app, &reference);
    Router::new().route("/docs", get(show))
}

fn shown(app: &App, reference: &Reference) -> Response {
    view::bare(StatusCode::OK, &Docs { frame: Frame::bare(app), reference })
}

#[derive(Template)]
#[template(path = "pages/docs.html")]
struct Docs<'a> {
    frame: Frame,
    reference: &'a Reference,
}

/// The document in the order of the page.
struct Reference {
    title: String,
    version: String,
    about: String,
    groups: Vec<Group>,
    shapes: Vec<Shape>,
}

/// The operations of one subject.
struct Group {
    name: String,
    operations: Vec<Operation>,
}

struct Operation {
    /// Where a link finds it.
    anchor: String,
    method: String,
    path: String,
    summary: String,
    about: String,
    needs_token: bool,
    inputs: Vec<Field>,
    answers: Vec<Answer>,
}

struct Answer {
    status: String,
    about: String,
    kind: Kind,
}

/// What goes in or out by name.
struct Field {
    name: String,
    /// path, query, header, body; empty in a shape.
    place: String,
    required: bool,
    kind: Kind,
    about: String,
}

/// A named shape of values.
struct Shape {
    name: String,
    about: String,
    fields: Vec<Field>,
    /// The words it may be, or one of which shapes.
    kind: Kind,
}

/// What a value is, in words, with the shape that a link leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Kind {
    words: String,
    shape: Option<String>,
}

impl Reference {
    fn of(document: &Value) -> Self {
        let mut groups: BTreeMap<String, Vec<Operation>> = BTreeMap::new();
        for (path, methods) in entries(&document["paths"]) {
            for (method, operation) in entries(methods) {
                let tag = text(&operation["tags"][0]);
                groups.entry(tag).or_default().push(Operation::of(path, method, operation));
            }
        }
        let groups = groups.into_iter().map(|(name, operations)| Group { name, operations });
        let info = &document["info"];
        Self {
            title: text(&info["title"]),
            version: text(&info["version"]),
            about: text(&info["description"]),
            groups: groups.collect(),
            shapes: entries(&document["components"]["schemas"]).map(|(name, shape)| Shape::of(name, shape)).collect(),
        }
    }
}

impl Operation {
    fn of(path: &str, method: &str, operation: &Value) -> Self {
        let mut inputs: Vec<Field> = items(&operation["parameters"])
            .map(|parameter| Field {
                name: text(&parameter["name"]),
                place: text(&parameter["in"]),
                required: parameter["required"] == true,
                kind: Kind::of(&parameter["schema"]),
                about: text(&parameter["description"]),
            })
            .collect();
        inputs.extend(entries(&operation["requestBody"]["content"]).map(|(media_type, content)| Field {
            name: media_type.clone(),
            place: "body".to_owned(),
            required: operation["requestBody"]["required"] == true,
            kind: Kind::of(&content["schema"]),
            about: String::new(),
        }));
        let answers = entries(&operation["responses"]).map(|(status, answer)| Answer {
            status: status.clone(),
            about: text(&answer["description"]),
            kind: entries(&answer["content"])
                .next()
                .map(|(_, content)| Kind::of(&content["schema"]))
                .unwrap_or_default(),
        });
        Self {
            anchor: format!("op-{}", text(&operation["operationId"])),
            method: method.to_uppercase(),
            path: path.to_owned(),
            summary: text(&operation["summary"]),
            about: text(&operation["description"]),
            needs_token: operation.get("security").is_some(),
            inputs,
            answers: answers.collect(),
        }
    }
}

impl Shape {
    fn of(name: &str, shape: &Value) -> Self {
        let required: Vec<String> = items(&shape["required"]).map(text).collect();
        let fields = entries(&shape["properties"]).map(|(name, field)| Field {
            name: name.clone(),
            place: String::new(),
            required: required.contains(name),
            kind: Kind::of(field),
            about: text(&field["description"]),
        });
        let fields: Vec<Field> = fields.collect();
        let kind = if fields.is_empty() { Kind::of(shape) } else { Kind::default() };
        Self { name: name.to_owned(), about: text(&shape["description"]), fields, kind }
    }
}

impl Kind {
    fn words(words: impl Into<String>) -> Self {
        Self { words: words.into(), shape: None }
    }

    fn of(schema: &Value) -> Self {
        if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
            return Self { words: name.to_owned(), shape: Some(name.to_owned()) };
        }
        for several in ["oneOf", "anyOf", "allOf"] {
            if schema[several].is_array() {
                return Self::one_of(items(&schema[several]).map(Self::of).collect());
            }
        }
        if schema["enum"].is_array() {
            return Self::words(items(&schema["enum"]).map(text).collect::<Vec<_>>().join(" · "));
        }
        if let Some(constant) = schema.get("const") {
            return Self::words(text(constant));
        }
        if schema["type"] == "array" || items(&schema["type"]).any(|kind| kind == "array") {
            let of = Self::of(&schema["items"]);
            return Self { words: format!("list of {}", of.words), shape: of.shape };
        }
        Self::words(plain(schema))
    }

    /// Alternatives; nothing is no alternative worth a word, since a field says whether it has to be there.
    fn one_of(kinds: Vec<Self>) -> Self {
        let kinds: Vec<Self> = kinds.into_iter().filter(|kind| kind.words != "null").collect();
        let mut shapes = kinds.iter().filter_map(|kind| kind.shape.clone());
        let shape = shapes.next().filter(|_| shapes.next().is_none());
        Self { words: kinds.iter().map(|kind| kind.words.as_str()).collect::<Vec<_>>().join(" or "), shape }
    }
}

/// A value without parts: its kind, and its limits.
fn plain(schema: &Value) -> String {
    let kinds: Vec<String> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(text).filter(|kind| kind != "null").collect(),
        other => vec![text(other)],
    };
    let mut words = kinds.join(" or ");
    if words.is_empty() {
        "anything".clone_into(&mut words);
    }
    for (key, label) in [
        ("minimum", "at least"),
        ("maximum", "at most"),
        ("minLength", "length at least"),
        ("maxLength", "length at most"),
    ] {
        if let Some(limit) = schema[key].as_number() {
            words = format!("{words}, {label} {limit}");
        }
    }
    match schema["format"].as_str() {
        Some(format @ ("uuid" | "binary" | "double")) => format!("{words} ({format})"),
        _ => words,
    }
}

/// A value as text; nothing when it is not there.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kinds_in_words() {
        let order = json!({"$ref": "#/components/schemas/Order"});
        for (schema, words, shape) in [
            (json!({"type": "string"}), "string", None),
            (json!({"type": ["integer", "null"], "format": "int64", "minimum": 0}), "integer, at least 0", None),
            (json!({"type": "string", "format": "uuid"}), "string (uuid)", None),
            (json!({"type": "string", "enum": ["now", "period_end"]}), "now · period_end", None),
            (order.clone(), "Order", Some("Order")),
            (json!({"type": "array", "items": order}), "list of Order", Some("Order")),
            (json!({"oneOf": [{"type": "null"}, order]}), "Order", Some("Order")),
            (json!({"oneOf": [order, {"$ref": "#/components/schemas/Pack"}]}), "Order or Pack", None),
            (json!({}), "anything", None),
        ] {
            assert_eq!(Kind::of(&schema), Kind { words: words.into(), shape: shape.map(str::to_owned) }, "{schema}");
        }
    }
}
