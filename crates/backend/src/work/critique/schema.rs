//! What an answer must look like. Anthropic's schemas know no ranges and no lengths: those are checked when the answer is read.

use pretty_contract::service::critique::Dimension;
use serde_json::{Map, Value, json};

/// The dimensions in the order in which they are shown, each as answers name it.
pub(in crate::work) const DIMENSIONS: [(&str, Dimension); 7] = [
    ("composition", Dimension::Composition),
    ("light", Dimension::Light),
    ("colour", Dimension::Colour),
    ("focus", Dimension::Focus),
    ("subject", Dimension::Subject),
    ("moment", Dimension::Moment),
    ("technique", Dimension::Technique),
];

fn object(properties: Value) -> Value {
    let names: Vec<String> = properties.as_object().into_iter().flat_map(Map::keys).cloned().collect();
    json!({ "type": "object", "properties": properties, "required": names, "additionalProperties": false })
}

fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn words(choices: &[&str]) -> Value {
    json!({ "type": "string", "enum": choices })
}

/// A region in thousandths of the photo's sides.
fn region() -> Value {
    let number = json!({ "type": "integer" });
    object(json!({ "x": number, "y": number, "width": number, "height": number }))
}

/// A score with its reason for each dimension.
pub(in crate::work) fn dimensions() -> Value {
    let score = object(json!({ "score": { "type": "integer" }, "reason": { "type": "string" } }));
    object(DIMENSIONS.iter().map(|(name, _)| ((*name).to_owned(), score.clone())).collect())
}

/// A critique of one photo.
pub(super) fn critique() -> Value {
    let text = json!({ "type": "string" });
    let level = words(&["low", "medium", "high"]);
    let finding = object(json!({
        "dimension": words(&DIMENSIONS.map(|(name, _)| name)), "title": text, "text": text, "evidence": text, "region": region(),
        "confidence": level, "severity": level,
    }));
    let suggestion = object(json!({
        "finding": { "type": "integer" }, "text": text,
        "kind": words(&["advice", "straighten", "crop", "light", "colour", "denoise", "sharpen"]),
        "amount": { "type": "integer" }, "degrees": { "type": "number" }, "region": region(),
    }));
    object(json!({
        "summary": text, "strengths": list(text.clone()), "weaknesses": list(finding), "scores": dimensions(),
        "suggestions": list(suggestion),
    }))
}
