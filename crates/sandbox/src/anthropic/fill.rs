//! Fits a reading into the JSON schema that a request asks for, by the names of the schema's fields.
//!
//! A field's name decides what goes into it (`NAMES`), its type and `enum` decide the form. Fractions become: a number as it
//! is; an integer from 0 to 100 for certainties, from 1 to 10 for scores, from 0 to 1000 for positions; the fitting step of an
//! enumeration. A field whose name is not known gets the plainest value that its schema allows. The dimensions may also
//! be field names themselves.

use serde_json::{Map, Value, json};

/// What a field is called here, and what callers may call it.
const NAMES: &[(&str, &[&str])] = &[
    ("overall", &["overall", "overall_reading", "reading", "assessment", "overall_assessment", "verdict"]),
    (
        "text",
        &[
            "text",
            "summary",
            "note",
            "evidence",
            "explanation",
            "comment",
            "reason",
            "why",
            "observation",
            "description",
            "detail",
            "body",
            "rationale",
        ],
    ),
    ("score", &["score", "rating", "stars", "grade", "overall_score", "mark"]),
    ("findings", &["findings", "observations", "points", "dimensions"]),
    ("strengths", &["strengths", "positives"]),
    ("weaknesses", &["weaknesses", "problems", "issues", "negatives"]),
    (
        "suggestions",
        &["suggestions", "recommendations", "next_steps", "next_step", "advice", "edits", "actions", "improvements"],
    ),
    ("comparison", &["comparison", "compare"]),
    ("better", &["better", "winner", "preferred", "choice"]),
    ("dimension", &["dimension", "aspect", "category", "topic", "area"]),
    (
        "kind",
        &["kind", "type", "polarity", "sentiment", "action", "operation", "op", "step", "do", "tool", "edit", "name"],
    ),
    ("title", &["title", "headline", "label", "heading"]),
    ("region", &["region", "box", "bounding_box", "where", "crop", "rect", "frame", "place"]),
    ("x", &["x", "left", "x0", "x_min"]),
    ("y", &["y", "top", "y0", "y_min"]),
    ("width", &["width", "w"]),
    ("height", &["height", "h"]),
    ("right", &["right", "x1", "x_max"]),
    ("bottom", &["bottom", "y1", "y_max"]),
    ("severity", &["severity", "importance", "weight", "priority", "impact"]),
    ("confidence", &["confidence", "certainty"]),
    ("amount", &["amount", "strength", "value", "intensity"]),
    ("degrees", &["degrees", "angle", "rotation"]),
    ("notice", &["notice", "disclaimer", "limits", "caveat", "limitations"]),
    ("sandbox", &["sandbox", "is_sandbox"]),
    ("first", &["first", "a", "photo_a", "first_photo"]),
    ("second", &["second", "b", "photo_b", "second_photo"]),
];

/// Words that mean the same in an enumeration.
const ALIKE: &[&[&str]] = &[
    &["colour", "color", "colors", "colours", "white", "balance", "whitebalance"],
    &["focus", "sharpness", "sharpen", "sharp", "deblur"],
    &["light", "lighting", "exposure", "tone", "brightness"],
    &["strength", "positive", "good", "plus", "works"],
    &["weakness", "negative", "problem", "issue", "bad", "minus"],
    &["denoise", "noise"],
    &["straighten", "rotate", "level"],
    &["crop", "reframe"],
    &["subject", "moment", "story"],
    &["first", "a", "1", "left"],
    &["second", "b", "2", "right"],
    &["tie", "equal", "neither", "same", "both"],
];

/// Steps that run from a lot to a little, so that a fraction picks from the end.
const FALLING: &[&str] = &["high", "major", "critical", "severe", "strong", "certain", "very_high", "large"];

/// The reading in the form of `schema`.
pub(crate) fn fill(schema: &Value, reading: &Value) -> Value {
    Filler { root: schema }.value(schema, "", reading, 0).unwrap_or(Value::Null)
}

struct Filler<'a> {
    root: &'a Value,
}

impl Filler<'_> {
    /// `None` when a choice of objects has no case for what is to be said.
    fn value(&self, schema: &Value, name: &str, node: &Value, depth: usize) -> Option<Value> {
        if depth > 12 {
            return Some(Value::Null);
        }
        if let Some(target) = schema["$ref"].as_str() {
            let found = target.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer))?;
            return self.value(found, name, node, depth + 1);
        }
        if let Some(fixed) = schema.get("const") {
            return Some(fixed.clone());
        }
        if let Some(cases) = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
            return self.case(cases, name, node, depth);
        }
        if let Some(choices) = schema["enum"].as_array() {
            return Some(choose(choices, name, node));
        }
        let kind =
            schema["type"].as_str().or_else(|| schema["type"].as_array().and_then(|kinds| kinds.first()?.as_str()));
        match kind {
            Some("object") => self.object(schema, node, depth),
            Some("array") => Some(self.array(schema, name, node, depth)),
            Some("string") => Some(json!(text(node))),
            Some("integer") => Some(json!(integer(name, node))),
            Some("number") => Some(number(node).map_or(json!(0), |value| json!((value * 1e4).round() / 1e4))),
            Some("boolean") => Some(json!(node.as_bool().unwrap_or(false))),
            _ => Some(Value::Null),
        }
    }

    fn object(&self, schema: &Value, node: &Value, depth: usize) -> Option<Value> {
        let mut object = Map::new();
        for (name, inner) in schema["properties"].as_object()? {
            let found = self.find(name, inner, node);
            object.insert(name.clone(), self.value(inner, name, &found, depth + 1)?);
        }
        Some(Value::Object(object))
    }

    /// What of `node` goes into a field of this name.
    fn find(&self, name: &str, schema: &Value, node: &Value) -> Value {
        let wanted = name.to_lowercase().replace('-', "_");
        let canonical =
            NAMES.iter().filter(|(_, names)| names.contains(&wanted.as_str())).map(|(canonical, _)| *canonical);
        // A scalar called strength is an amount, a list called strengths is not; the first that the node has is taken.
        for candidate in canonical {
            if let Some(found) = node.get(candidate).filter(|found| !found.is_null()) {
                let one = schema["type"] != "array" && candidate == "suggestions";
                return if one { found[0].clone() } else { found.clone() };
            }
        }
        if let Some(finding) = node["findings"].as_array().and_then(|findings| of_dimension(findings, &wanted)) {
            let list = schema["type"] == "array";
            return if list { json!([finding]) } else { finding };
        }
        // Grouping fields such as `action` or `params` pass the node on to their own fields.
        if schema["type"] == "object" || schema.get("anyOf").is_some() || schema.get("$ref").is_some() {
            node.clone()
        } else {
            Value::Null
        }
    }

    fn array(&self, schema: &Value, name: &str, node: &Value, depth: usize) -> Value {
        let items = &schema["items"];
        match node {
            Value::Array(list) => list.iter().filter_map(|item| self.value(items, name, item, depth + 1)).collect(),
            // A region as a list of four numbers.
            Value::Object(map) if map.contains_key("width") => ["x", "y", "width", "height"]
                .iter()
                .filter_map(|key| self.value(items, key, &map[*key], depth + 1))
                .collect(),
            _ if schema["minItems"] == 1 => self.value(items, name, node, depth + 1).into_iter().collect(),
            _ => json!([]),
        }
    }

    /// The case whose fixed field fits the node's kind; without fixed fields the first case that is not null.
    fn case(&self, cases: &[Value], name: &str, node: &Value, depth: usize) -> Option<Value> {
        if node.is_null() && cases.iter().any(|case| case["type"] == "null") {
            return Some(Value::Null);
        }
        let resolve = |case: &Value| -> Value {
            let pointer = case["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
            pointer.and_then(|pointer| self.root.pointer(pointer)).unwrap_or(case).clone()
        };
        let cases: Vec<Value> = cases.iter().map(resolve).filter(|case| case["type"] != "null").collect();
        let fixed = |case: &Value| -> Option<String> {
            case["properties"].as_object()?.values().find_map(|field| {
                let only = field
                    .get("const")
                    .or_else(|| field["enum"].as_array().filter(|choices| choices.len() == 1)?.first());
                only.and_then(Value::as_str).map(str::to_owned)
            })
        };
        let marked: Vec<(&Value, String)> = cases.iter().filter_map(|case| Some((case, fixed(case)?))).collect();
        if marked.is_empty() {
            return self.value(cases.first()?, name, node, depth + 1);
        }
        let kind = text(&node["kind"]);
        let (case, _) = marked.iter().find(|(_, mark)| likeness(mark, &kind) > 0)?;
        self.value(case, name, node, depth + 1)
    }
}

fn of_dimension(findings: &[Value], name: &str) -> Option<Value> {
    let best = findings.iter().filter(|finding| likeness(&text(&finding["dimension"]), name) > 0);
    best.max_by(|a, b| number(&a["severity"]).unwrap_or(0.0).total_cmp(&number(&b["severity"]).unwrap_or(0.0))).cloned()
}

/// The words of a node: itself, or what an object says.
fn text(node: &Value) -> String {
    match node {
        Value::String(text) => text.clone(),
        Value::Object(map) => map.get("text").or_else(|| map.get("title")).map(text).unwrap_or_default(),
        Value::Array(list) => list.first().map(text).unwrap_or_default(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn number(node: &Value) -> Option<f64> {
    match node {
        Value::Object(map) => map.get("score").and_then(number),
        other => other.as_f64(),
    }
}

fn integer(name: &str, node: &Value) -> i64 {
    let Some(value) = number(node) else { return 0 };
    let is = |canonical: &str| {
        NAMES.iter().any(|(known, names)| *known == canonical && names.contains(&name.to_lowercase().as_str()))
    };
    let scaled = if is("degrees") {
        value
    } else if is("score") || is("overall") {
        1.0 + value * 9.0
    } else if ["x", "y", "width", "height", "right", "bottom"].iter().any(|canonical| is(canonical)) {
        value * 1000.0
    } else {
        value * 100.0
    };
    scaled.round() as i64
}

fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    lower
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty() && *word != "and")
        .map(str::to_owned)
        .collect()
}

/// How many words two texts share, counting words that mean the same.
fn likeness(one: &str, other: &str) -> usize {
    let other = words(other);
    let alike = |a: &str, b: &str| a == b || ALIKE.iter().any(|group| group.contains(&a) && group.contains(&b));
    words(one).iter().filter(|word| other.iter().any(|candidate| alike(word, candidate))).count()
}

fn choose(choices: &[Value], name: &str, node: &Value) -> Value {
    let plainest = choices.first().cloned().unwrap_or(Value::Null);
    if choices.iter().all(Value::is_number) {
        let Some(value) = number(node) else { return plainest };
        let step = (value.clamp(0.0, 1.0) * (choices.len() - 1) as f64).round() as usize;
        let mut sorted = choices.to_vec();
        sorted.sort_by(|a, b| a.as_f64().unwrap_or(0.0).total_cmp(&b.as_f64().unwrap_or(0.0)));
        return sorted.get(step).cloned().unwrap_or(plainest);
    }
    if let Some(value) = node.as_f64() {
        let falling = choices
            .first()
            .and_then(Value::as_str)
            .is_some_and(|first| FALLING.contains(&first.to_lowercase().as_str()));
        let share = if falling { 1.0 - value } else { value };
        let step = (share.clamp(0.0, 1.0) * (choices.len() - 1) as f64).round() as usize;
        return choices.get(step).cloned().unwrap_or(plainest);
    }
    let said = match node {
        Value::Object(map) => text(map.get("kind").unwrap_or(node)),
        other => text(other),
    };
    let said = if said.is_empty() { name.to_owned() } else { said };
    let best = choices.iter().rev().max_by_key(|choice| likeness(&text(choice), &said));
    best.cloned().unwrap_or(plainest)
}
