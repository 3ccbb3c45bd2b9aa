//! Finds the collected specifications and checks answers against them. Without them a check says so and passes.

use std::sync::OnceLock;

use serde_json::{Value, json};

/// A file of the collection, which may lie beside the repository; `None`, with a message, when it is not there.
pub(crate) fn read(path: &str) -> Option<Value> {
    let folder = pretty_testkit::skip::shared(&format!("answers against {path}"), "contracts")?;
    let text = std::fs::read_to_string(folder.join(path)).unwrap_or_else(|problem| panic!("{path}: {problem}"));
    Some(serde_json::from_str(&text).unwrap_or_else(|problem| panic!("{path}: {problem}")))
}

/// `nullable: true`, as OpenAPI 3.0 writes it, in the words of JSON Schema; and `const` without a type is left as it is.
fn modern(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(modern);
            // The published file of Replicate lists cases that overlap, such as any text and one certain text.
            if let Some(cases) = map.remove("oneOf") {
                map.insert("anyOf".into(), cases);
            }
            if map.remove("nullable") == Some(json!(true)) {
                let inner = Value::Object(std::mem::take(map));
                map.insert("anyOf".into(), json!([inner, { "type": "null" }]));
            }
        }
        Value::Array(list) => list.iter_mut().for_each(modern),
        _ => {}
    }
}

fn stripe() -> Option<&'static Value> {
    static FILE: OnceLock<Option<Value>> = OnceLock::new();
    FILE.get_or_init(|| load("stripe/stripe-2026-10-28.endive.derived.openapi.json")).as_ref()
}

fn replicate() -> Option<&'static Value> {
    static FILE: OnceLock<Option<Value>> = OnceLock::new();
    FILE.get_or_init(|| load("replicate/replicate-openapi-2026-03-16.json")).as_ref()
}

fn load(path: &str) -> Option<Value> {
    let mut file = read(path)?;
    modern(&mut file["components"]);
    Some(file)
}

fn check(specification: &Value, name: &str, value: &Value) {
    let schema = json!({ "$ref": format!("#/components/schemas/{name}"), "components": specification["components"] });
    let validator = jsonschema::validator_for(&schema).unwrap_or_else(|problem| panic!("{name}: {problem}"));
    let problems: Vec<String> =
        validator.iter_errors(value).map(|problem| format!("{} at {}", problem, problem.instance_path())).collect();
    assert!(problems.is_empty(), "{name} does not fit its specification:\n{}\n{value:#}", problems.join("\n"));
}

/// Checks an object of Stripe's against the schema of its kind, and what its lists hold.
pub(crate) fn stripe_object(value: &Value) {
    let Some(specification) = stripe() else { return };
    if value["object"] == "list" {
        return value["data"].as_array().unwrap().iter().for_each(stripe_object);
    }
    let kind = match value["object"].as_str().unwrap() {
        "item" => "line_item",
        "line_item" => "invoice_line_item",
        other => other,
    };
    check(specification, kind, value);
    if kind == "event" {
        let object = &value["data"]["object"];
        if specification["components"]["schemas"].get(object["object"].as_str().unwrap()).is_some() {
            stripe_object(object);
        }
    }
}

/// Checks an answer of Replicate's.
pub(crate) fn replicate_object(name: &str, value: &Value) {
    if let Some(specification) = replicate() {
        check(specification, name, value);
    }
}

fn anthropic() -> Option<&'static Value> {
    static FILE: OnceLock<Option<Value>> = OnceLock::new();
    FILE.get_or_init(|| load("anthropic/anthropic-2026-10-21.derived.openapi.json")).as_ref()
}

/// Checks an answer of Anthropic's.
pub(crate) fn anthropic_object(name: &str, value: &Value) {
    if let Some(specification) = anthropic() {
        check(specification, name, value);
    }
}
