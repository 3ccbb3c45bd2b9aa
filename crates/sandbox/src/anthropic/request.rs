//! Reads and checks a request to `/v1/messages` by the rules of version `2026-10-21`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::DynamicImage;
use serde_json::{Value, json};

use super::refusal::Refusal;
use crate::enhance::{decode, dimensions};

const KNOWN: &[&str] = &[
    "cache_control",
    "container",
    "diagnostics",
    "inference_geo",
    "max_tokens",
    "messages",
    "metadata",
    "model",
    "output_config",
    "service_tier",
    "speed",
    "stop_sequences",
    "stream",
    "system",
    "thinking",
    "tool_choice",
    "tools",
];
const LARGEST_SIDE: u32 = 8_000;
const LARGEST_BASE64: usize = 10 << 20;
const MOST_IMAGES: usize = 600;

/// A request that may be answered.
pub(crate) struct Asked {
    pub(crate) model: String,
    pub(crate) max_tokens: u64,
    pub(crate) schema: Option<Value>,
    pub(crate) photos: Vec<DynamicImage>,
    pub(crate) input_tokens: u64,
    pub(crate) thinks: bool,
}

/// Reads the body. `current` says that the version header is the new one.
pub(crate) fn read(body: &Value, current: bool) -> Result<Asked, Refusal> {
    let object = body.as_object().ok_or_else(|| Refusal::invalid("The request body is not a JSON object"))?;
    let sampling = ["temperature", "top_p", "top_k"];
    for name in object.keys() {
        if sampling.contains(&name.as_str()) {
            if current {
                return Err(Refusal::invalid(format!("{name} is not supported")));
            }
        } else if !KNOWN.contains(&name.as_str()) {
            return Err(Refusal::invalid(format!("{name}: Extra inputs are not permitted")));
        }
    }
    let model = body["model"].as_str().ok_or_else(|| Refusal::invalid("model: Field required"))?.to_owned();
    let max_tokens = body["max_tokens"].as_u64().filter(|tokens| *tokens > 0);
    let max_tokens = max_tokens.ok_or_else(|| Refusal::invalid("max_tokens: Field required, a positive integer"))?;
    if body["stream"] == true {
        return Err(Refusal::invalid("stream: this sandbox does not stream"));
    }
    let thinks = thinking(body, &model)?;
    let schema = schema(body)?;
    let (photos, text) = content(body)?;
    let image_tokens: u64 = photos.iter().map(tokens).sum();
    let schema_tokens = schema.as_ref().map_or(0, |schema| schema.to_string().len());
    let input_tokens = image_tokens + ((text + schema_tokens) as u64).div_ceil(4) + 8;
    Ok(Asked { model, max_tokens, schema, photos, input_tokens, thinks })
}

/// `ceil(w/28) * ceil(h/28)`, after scaling to 1568 pixels on the longer side.
fn tokens(photo: &DynamicImage) -> u64 {
    let (width, height) = (f64::from(photo.width()), f64::from(photo.height()));
    let scale = (1568.0 / width.max(height)).min(1.0);
    let patches = |side: f64| (side * scale / 28.0).ceil() as u64;
    (patches(width) * patches(height)).min(1568 * 4)
}

/// The five settings that current models refuse; the answer is whether a thinking block comes first.
fn thinking(body: &Value, model: &str) -> Result<bool, Refusal> {
    let current_model = ["claude-sonnet-5-5", "claude-opus-5-5", "claude-haiku-5-5"].contains(&model);
    if matches!(body["tool_choice"]["type"].as_str(), Some("any" | "tool")) && current_model {
        return Err(Refusal::invalid("tool_choice: forced tool use is not supported on this model"));
    }
    let kind = body["thinking"]["type"].as_str();
    if current_model
        && (kind == Some("disabled") || body["thinking"].get("budget_tokens").is_some() || kind == Some("enabled"))
    {
        return Err(Refusal::invalid(
            "thinking: this model takes {\"type\": \"adaptive\"} or {\"type\": \"between_tools\"} only",
        ));
    }
    Ok(kind == Some("adaptive") || (kind.is_none() && matches!(model, "claude-sonnet-5-5" | "claude-opus-5-5")))
}

fn schema(body: &Value) -> Result<Option<Value>, Refusal> {
    let format = &body["output_config"]["format"];
    if format.is_null() {
        return Ok(None);
    }
    if format["type"] != "json_schema" || !format["schema"].is_object() {
        return Err(Refusal::invalid("output_config.format: must be {\"type\": \"json_schema\", \"schema\": {...}}"));
    }
    let mut counts = (0, 0);
    check_schema(&format["schema"], &mut counts, 0)?;
    if counts.0 > 24 {
        return Err(Refusal::invalid("output_config.format.schema: more than 24 optional parameters"));
    }
    if counts.1 > 16 {
        return Err(Refusal::invalid("output_config.format.schema: more than 16 parameters with union types"));
    }
    Ok(Some(format["schema"].clone()))
}

fn check_schema(schema: &Value, counts: &mut (usize, usize), depth: usize) -> Result<(), Refusal> {
    let refuse = |text: &str| Err(Refusal::invalid(format!("output_config.format.schema: {text}")));
    if depth > 32 {
        return refuse("recursive or too deeply nested schemas are not supported");
    }
    let Some(object) = schema.as_object() else { return Ok(()) };
    for name in [
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "maxItems",
        "pattern",
    ] {
        if object.contains_key(name) {
            return refuse(&format!("{name} is not supported"));
        }
    }
    if object.get("minItems").is_some_and(|least| !matches!(least.as_u64(), Some(0 | 1))) {
        return refuse("minItems must be 0 or 1");
    }
    if object.get("$ref").is_some_and(|target| target == "#") {
        return refuse("recursive or too deeply nested schemas are not supported");
    }
    if schema["type"] == "object" {
        if schema["additionalProperties"] != false {
            return refuse("additionalProperties must be false on every object");
        }
        let required = schema["required"].as_array().map_or(0, Vec::len);
        counts.0 += schema["properties"].as_object().map_or(0, serde_json::Map::len).saturating_sub(required);
    }
    if object.contains_key("anyOf") || schema["type"].is_array() {
        counts.1 += 1;
    }
    for name in ["properties", "$defs", "definitions"] {
        for inner in object.get(name).and_then(Value::as_object).into_iter().flat_map(serde_json::Map::values) {
            check_schema(inner, counts, depth + 1)?;
        }
    }
    for inner in object.get("anyOf").and_then(Value::as_array).into_iter().flatten().chain(object.get("items")) {
        check_schema(inner, counts, depth + 1)?;
    }
    Ok(())
}

/// The photos, and how many characters of text there are.
fn content(body: &Value) -> Result<(Vec<DynamicImage>, usize), Refusal> {
    let messages = body["messages"].as_array().filter(|messages| !messages.is_empty());
    let messages = messages.ok_or_else(|| Refusal::invalid("messages: at least one message is required"))?;
    if messages.last().is_some_and(|last| last["role"] == "assistant") {
        return Err(Refusal::invalid("messages: prefilling the assistant's answer is not supported on this model"));
    }
    let mut photos = Vec::new();
    let mut too_large = Vec::new();
    let mut text = body["system"].to_string().len();
    for (at, message) in messages.iter().enumerate() {
        if !matches!(message["role"].as_str(), Some("user" | "assistant" | "system")) {
            return Err(Refusal::invalid(format!("messages.{at}.role: must be user, assistant or system")));
        }
        if let Some(words) = message["content"].as_str() {
            text += words.len();
            continue;
        }
        let blocks = message["content"]
            .as_array()
            .ok_or_else(|| Refusal::invalid(format!("messages.{at}.content: Field required")))?;
        for (index, block) in blocks.iter().enumerate() {
            let path = format!("messages.{at}.content.{index}");
            match block["type"].as_str() {
                Some("text") => text += block["text"].as_str().map_or(0, str::len),
                Some("image") => match photo(block, &path)? {
                    Some(photo) => photos.push(photo),
                    None => too_large.push(path),
                },
                _ => {
                    return Err(Refusal::invalid(format!(
                        "{path}.type: this sandbox takes text and image blocks only"
                    )));
                }
            }
        }
    }
    if !too_large.is_empty() {
        let mut refusal = Refusal::invalid("image too large");
        refusal.details = Some(
            json!({ "error_code": "image_dimensions_too_large", "max_side_length_pixels": LARGEST_SIDE, "paths": too_large }),
        );
        return Err(refusal);
    }
    if photos.len() > MOST_IMAGES {
        return Err(Refusal::invalid("messages: too many images"));
    }
    Ok((photos, text))
}

/// `None` when a side is too long.
fn photo(block: &Value, path: &str) -> Result<Option<DynamicImage>, Refusal> {
    let source = &block["source"];
    if source["type"] != "base64" {
        return Err(Refusal::invalid(format!("{path}.source.type: this sandbox takes base64 only")));
    }
    let kind = source["media_type"].as_str().unwrap_or_default();
    let expected = match kind {
        "image/jpeg" => image::ImageFormat::Jpeg,
        "image/png" => image::ImageFormat::Png,
        "image/gif" => image::ImageFormat::Gif,
        "image/webp" => image::ImageFormat::WebP,
        _ => {
            let text = "Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'";
            return Err(Refusal::invalid(format!("{path}.source.base64.media_type: {text}")));
        }
    };
    let data = source["data"].as_str().unwrap_or_default();
    if data.len() > LARGEST_BASE64 {
        let size = data.len();
        return Err(Refusal::invalid(format!(
            "{path}.image.source.base64: image exceeds 10 MB maximum: {size} bytes > {LARGEST_BASE64} bytes"
        )));
    }
    let unreadable = || Refusal::invalid(format!("{path}: Could not process image"));
    let file = STANDARD
        .decode(data)
        .map_err(|_| Refusal::invalid(format!("{path}.source.base64.data: Invalid base64 data")))?;
    if image::guess_format(&file).ok() != Some(expected) {
        return Err(Refusal::invalid(format!("{path}.source: Image does not match the provided media type {kind}")));
    }
    let (width, height) = dimensions(&file).ok_or_else(unreadable)?;
    if width.max(height) > LARGEST_SIDE {
        return Ok(None);
    }
    decode(&file).map(Some).map_err(|_| unreadable())
}
