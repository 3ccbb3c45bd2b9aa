//! Anthropic's Messages API: strict requests, readings that come from the photo, and what goes wrong.

use std::io::Cursor;

use base64::Engine;
use image::{ImageFormat, Rgb, RgbImage};
use pretty_sandbox::{Fault, FaultRule, MessageScript, Service};
use serde_json::{Value, json};

use crate::contracts::anthropic_object;
use crate::harness::{Answer, World, read, world};

fn encoded(picture: &RgbImage) -> String {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Png).unwrap();
    base64::engine::general_purpose::STANDARD.encode(file.into_inner())
}

fn tilted() -> RgbImage {
    let slope = 4_f64.to_radians().tan();
    RgbImage::from_fn(300, 200, |x, y| {
        let over = |dy: f64| f64::from(y) + dy > 100.0 + slope * (f64::from(x) - 150.0);
        let share = [0.0, 0.25, 0.5, 0.75].iter().filter(|dy| over(**dy)).count() as u8;
        Rgb([200 - share * 35; 3])
    })
}

fn burnt() -> RgbImage {
    RgbImage::from_fn(
        300,
        200,
        |x, y| if x > 224 && y < 100 { Rgb([255; 3]) } else { Rgb([110 + (x % 2) as u8 * 40; 3]) },
    )
}

fn image_block(data: &str) -> Value {
    json!({ "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": data } })
}

fn closed(properties: Value) -> Value {
    let names: Vec<String> = properties.as_object().unwrap().keys().cloned().collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "required": names })
}

/// A critique schema of the kind a product would use, with a choice of suggestions by their kind.
fn schema() -> Value {
    let number = json!({ "type": "number" });
    let region = closed(json!({ "x": number, "y": number, "width": number, "height": number }));
    let finding = closed(json!({
        "dimension": { "type": "string", "enum": ["composition", "light", "colour", "focus_and_sharpness", "subject_and_moment", "technique"] },
        "kind": { "type": "string", "enum": ["strength", "weakness"] },
        "evidence": { "type": "string" },
        "region": region,
        "severity": { "type": "string", "enum": ["low", "medium", "high"] },
        "confidence": { "type": "integer" },
    }));
    let straighten =
        closed(json!({ "kind": { "const": "straighten" }, "degrees": number, "why": { "type": "string" } }));
    let crop = closed(json!({ "kind": { "const": "crop" }, "region": region, "why": { "type": "string" } }));
    let step = closed(json!({ "kind": { "const": "light" }, "amount": number, "why": { "type": "string" } }));
    closed(json!({
        "summary": { "type": "string" },
        "score": { "type": "integer", "enum": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] },
        "findings": { "type": "array", "items": finding },
        "suggestions": { "type": "array", "items": { "anyOf": [straighten, crop, step] } },
    }))
}

fn body(photos: &[&RgbImage], schema: Option<Value>) -> Value {
    let mut content: Vec<Value> = photos.iter().map(|photo| image_block(&encoded(photo))).collect();
    content.push(json!({ "type": "text", "text": "Criticise this photo." }));
    let mut body = json!({ "model": "claude-haiku-5-5", "max_tokens": 4096, "messages": [{ "role": "user", "content": content }] });
    if let Some(schema) = schema {
        body["output_config"] = json!({ "format": { "type": "json_schema", "schema": schema } });
    }
    body
}

impl World {
    async fn message(&self, body: &Value) -> Answer {
        let endpoints = self.sandbox.endpoints();
        let request = self.client.post(format!("{}/v1/messages", endpoints.anthropic_base_url)).json(body);
        let request =
            request.header("x-api-key", &endpoints.anthropic_api_key).header("anthropic-version", "2026-10-21");
        read(request.send().await.unwrap()).await
    }

    async fn critique(&self, photos: &[&RgbImage], schema: Value) -> Value {
        let validator = jsonschema::validator_for(&schema).unwrap();
        let answer = self.message(&body(photos, Some(schema))).await;
        assert_eq!(answer.status, 200, "{:#}", answer.body);
        anthropic_object("Message", &answer.body);
        let blocks = answer.body["content"].as_array().unwrap();
        let text = blocks.iter().find(|block| block["type"] == "text").unwrap()["text"].as_str().unwrap();
        let critique: Value = serde_json::from_str(text).unwrap();
        let problems: Vec<String> = validator
            .iter_errors(&critique)
            .map(|problem| format!("{problem} at {}", problem.instance_path()))
            .collect();
        assert!(problems.is_empty(), "{problems:?}\n{critique:#}");
        critique
    }
}

#[tokio::test]
async fn a_reading_comes_from_the_photo_and_says_what_it_is() {
    let world = world().await;
    let tilted = world.critique(&[&tilted()], schema()).await;
    assert!(tilted["summary"].as_str().unwrap().starts_with("Sandbox reading"));
    let suggestions = tilted["suggestions"].as_array().unwrap();
    let straighten = suggestions.iter().find(|suggestion| suggestion["kind"] == "straighten").unwrap();
    let degrees = straighten["degrees"].as_f64().unwrap();
    assert!((degrees + 4.0).abs() < 0.8, "turned back by {degrees}");

    let burnt = world.critique(&[&burnt()], schema()).await;
    let findings = burnt["findings"].as_array().unwrap();
    let light =
        findings.iter().find(|finding| finding["dimension"] == "light" && finding["kind"] == "weakness").unwrap();
    assert!(light["region"]["x"].as_f64().unwrap() >= 0.7 && light["region"]["y"] == 0.0, "{light:#}");
    assert!(light["evidence"].as_str().unwrap().contains("without detail cover"));
    assert!((0..=100).contains(&light["confidence"].as_i64().unwrap()));
    assert!(!burnt["suggestions"].as_array().unwrap().iter().any(|suggestion| suggestion["kind"] == "straighten"));
    for dimension in ["composition", "light", "colour", "focus_and_sharpness", "subject_and_moment", "technique"] {
        assert!(findings.iter().any(|finding| finding["dimension"] == dimension), "{dimension}");
    }
    assert!(findings.iter().any(|finding| finding["kind"] == "strength"), "strengths as well");
    assert!(tilted["score"].as_i64() != burnt["score"].as_i64() || tilted["summary"] != burnt["summary"]);
}

#[tokio::test]
async fn other_schemas_are_filled_by_their_names() {
    let world = world().await;
    let text = json!({ "type": "string" });
    let small = closed(json!({
        "overall": { "type": "integer", "enum": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }, "summary": text,
        "strengths": { "type": "array", "items": text },
        "problems": { "type": "array", "items": closed(json!({ "aspect": text, "note": text })) },
        "next_step": text, "shoe_size": { "type": "integer" }, "colour": closed(json!({ "note": text, "box": { "type": "array", "items": { "type": "integer" } } })),
    }));
    let critique = world.critique(&[&burnt()], small).await;
    assert!(critique["overall"].as_i64().unwrap() >= 1);
    assert!(critique["problems"][0]["note"].as_str().unwrap().len() > 10);
    assert!(critique["strengths"][0].as_str().unwrap().len() > 10);
    assert_eq!(critique["shoe_size"], 0);
    assert_eq!(critique["colour"]["box"], json!([0, 0, 1000, 1000]));

    let compare = closed(json!({
        "better": { "type": "string", "enum": ["a", "b", "tie"] }, "comparison": closed(json!({ "winner": { "enum": ["A", "B", "neither"] }, "reason": text })),
    }));
    let clean =
        RgbImage::from_fn(300, 200, |x, y| if (x / 10 + y / 10) % 2 == 0 { Rgb([150; 3]) } else { Rgb([90; 3]) });
    let one = world.critique(&[&burnt(), &clean], compare.clone()).await;
    let other = world.critique(&[&clean, &burnt()], compare).await;
    assert_eq!(
        (&one["comparison"]["winner"], &other["comparison"]["winner"]),
        (&json!("B"), &json!("A")),
        "{one:#} {other:#}"
    );
}

#[tokio::test]
async fn keys_versions_and_settings_are_checked() {
    let world = world().await;
    let endpoints = world.sandbox.endpoints();
    let url = format!("{}/v1/messages", endpoints.anthropic_base_url);
    let good = body(&[], None);
    let send = async |key: &str, version: Option<&str>| {
        let mut request = world.client.post(&url).json(&good).header("x-api-key", key);
        if let Some(version) = version {
            request = request.header("anthropic-version", version);
        }
        read(request.send().await.unwrap()).await
    };
    for (key, version, status) in [
        ("sk-ant-api03-live", Some("2026-10-21"), 401),
        ("wrong", Some("2026-10-21"), 401),
        (endpoints.anthropic_api_key.as_str(), None, 400),
        (endpoints.anthropic_api_key.as_str(), Some("2024-01-01"), 400),
        (endpoints.anthropic_api_key.as_str(), Some("2023-06-01"), 200),
    ] {
        let answer = send(key, version).await;
        assert_eq!(answer.status, status, "{key} {version:?}");
        if status != 200 {
            anthropic_object("ErrorResponse", &answer.body);
        }
        assert!(answer.headers["request-id"].to_str().unwrap().starts_with("req_"));
    }
    let bearer = world
        .client
        .post(&url)
        .json(&good)
        .bearer_auth(&endpoints.anthropic_api_key)
        .header("anthropic-version", "2026-10-21");
    let answer = read(bearer.send().await.unwrap()).await;
    assert_eq!(answer.status, 200, "the key may be a bearer");
    assert!(answer.headers.contains_key("anthropic-ratelimit-requests-remaining"));

    let with = |change: Value| {
        let mut body = body(&[], None);
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        body
    };
    for (change, part) in [
        (json!({ "temperature": 0.5 }), "temperature is not supported"),
        (json!({ "top_k": 1 }), "top_k is not supported"),
        (json!({ "tool_choice": { "type": "any" } }), "forced tool use"),
        (json!({ "tool_choice": { "type": "tool", "name": "a" } }), "forced tool use"),
        (json!({ "thinking": { "type": "disabled" } }), "thinking"),
        (json!({ "thinking": { "type": "enabled", "budget_tokens": 1024 } }), "thinking"),
        (json!({ "max_tokens": 0 }), "max_tokens"),
        (json!({ "messages": [] }), "messages"),
        (
            json!({ "messages": [{ "role": "user", "content": "a" }, { "role": "assistant", "content": "{" }] }),
            "prefill",
        ),
        (json!({ "surprise": 1 }), "Extra inputs are not permitted"),
        (
            json!({ "output_config": { "format": { "type": "json_schema", "schema": { "type": "object", "properties": {} } } } }),
            "additionalProperties",
        ),
        (
            json!({ "output_config": { "format": { "type": "json_schema", "schema": closed(json!({ "a": { "type": "integer", "minimum": 1 } })) } } }),
            "minimum",
        ),
        (
            json!({ "output_config": { "format": { "type": "json_schema", "schema": closed(json!({ "a": { "type": "array", "minItems": 2 } })) } } }),
            "minItems",
        ),
    ] {
        let answer = world.message(&with(change.clone())).await;
        assert_eq!(answer.status, 400, "{change}");
        let message = answer.body["error"]["message"].as_str().unwrap();
        assert!(message.contains(part), "{message}");
    }
    let retired = with(json!({ "model": "claude-sonnet-4-5" }));
    assert_eq!(world.message(&retired).await.status, 200);
    world.sandbox.control().anthropic().set_lifecycle("claude-sonnet-4-5", "retired");
    assert_eq!(world.message(&retired).await.body["error"]["type"], "not_found_error");
    assert_eq!(world.message(&with(json!({ "model": "claude-none" }))).await.status, 404);
}

#[tokio::test]
async fn photos_are_checked() {
    let world = world().await;
    let with = |block: Value| {
        let mut body = body(&[], None);
        body["messages"][0]["content"] = json!([block]);
        body
    };
    let data = encoded(&RgbImage::new(4, 4));
    let source = |kind: &str, data: &str| json!({ "type": "image", "source": { "type": "base64", "media_type": kind, "data": data } });
    for (block, part) in [
        (source("image/tiff", &data), "media_type"),
        (source("image/jpeg", &data), "does not match"),
        (source("image/png", "!!!"), "Invalid base64"),
        (source("image/png", &data[..40]), "Could not process image"),
        (json!({ "type": "image", "source": { "type": "url", "url": "https://example.com/a.png" } }), "base64 only"),
        (source("image/png", &"A".repeat((10 << 20) + 4)), "exceeds 10 MB"),
    ] {
        let answer = world.message(&with(block)).await;
        assert_eq!(answer.status, 400);
        let message = answer.body["error"]["message"].as_str().unwrap();
        assert!(message.contains(part), "{message}");
    }
    let long = world.message(&with(image_block(&encoded(&RgbImage::new(8_001, 1))))).await;
    assert_eq!(long.body["error"]["details"]["error_code"], "image_dimensions_too_large");
    assert_eq!(long.body["error"]["details"]["paths"], json!(["messages.0.content.0"]));
    assert_eq!(world.message(&with(image_block(&encoded(&RgbImage::new(1, 1))))).await.status, 200);
}

#[tokio::test]
async fn answers_go_wrong_as_scripted() {
    let world = world().await;
    let photo = burnt();
    let ask = async |script: MessageScript| {
        world.sandbox.control().anthropic().script(script);
        let answer = world.message(&body(&[&photo], Some(schema()))).await;
        assert_eq!(answer.status, 200);
        answer.body
    };
    let refused = ask(MessageScript::Refuse).await;
    anthropic_object("Message", &refused);
    assert_eq!((&refused["stop_reason"], &refused["stop_details"]["type"]), (&json!("refusal"), &json!("refusal")));
    let cut = ask(MessageScript::Cut).await;
    assert_eq!(cut["stop_reason"], "max_tokens");
    assert!(serde_json::from_str::<Value>(cut["content"][0]["text"].as_str().unwrap()).is_err());
    let thinking = ask(MessageScript::ThinkFirst).await;
    anthropic_object("Message", &thinking);
    assert_eq!(
        (&thinking["content"][0]["type"], &thinking["content"][1]["type"]),
        (&json!("thinking"), &json!("text"))
    );
    assert_eq!(ask(MessageScript::Empty).await["content"], json!([]));
    let two = ask(MessageScript::TwoBlocks).await;
    let joined: String =
        two["content"].as_array().unwrap().iter().map(|block| block["text"].as_str().unwrap()).collect();
    assert!(serde_json::from_str::<Value>(&joined).is_ok());
    assert_eq!(ask(MessageScript::UnknownStopReason).await["stop_reason"], "some_new_reason");
    let absurd = ask(MessageScript::Patch { patch: json!({ "score": 11 }) }).await;
    assert!(absurd["content"][0]["text"].as_str().unwrap().contains("\"score\":11"));
    assert_eq!(ask(MessageScript::Say { text: "No.".into() }).await["content"][0]["text"], "No.");
    let mut small = body(&[&photo], Some(schema()));
    small["max_tokens"] = json!(20);
    assert_eq!(world.message(&small).await.body["stop_reason"], "max_tokens");
    let mut sonnet = body(&[&photo], None);
    sonnet["model"] = json!("claude-sonnet-5-5");
    assert_eq!(world.message(&sonnet).await.body["content"][0]["type"], "thinking");

    let control = world.sandbox.control();
    for (fault, status, retry_after) in [
        (Fault::anthropic_rate_limited(12), 429, true),
        (Fault::anthropic_spend_cap(), 429, false),
        (Fault::anthropic_overloaded(), 529, false),
        (Fault::anthropic_error_without_retry(), 500, false),
        (Fault::anthropic_billing(), 402, false),
        (Fault::anthropic_too_large(), 413, false),
    ] {
        control.fault(FaultRule::next(Service::Anthropic, "/v1/messages", fault));
        let answer = world.message(&small).await;
        assert_eq!((answer.status, answer.headers.contains_key("retry-after")), (status, retry_after));
        if status != 413 {
            anthropic_object("ErrorResponse", &answer.body);
        }
    }
}

#[tokio::test]
async fn models_are_listed_with_their_lifecycle() {
    let world = world().await;
    let endpoints = world.sandbox.endpoints();
    let get = async |path: &str| {
        let request = world
            .client
            .get(format!("{}{path}", endpoints.anthropic_base_url))
            .header("x-api-key", &endpoints.anthropic_api_key);
        read(request.header("anthropic-version", "2026-10-21").send().await.unwrap()).await
    };
    world.sandbox.control().anthropic().set_lifecycle("claude-haiku-4-5", "deprecated");
    let list = get("/v1/models").await.body;
    for model in list["data"].as_array().unwrap() {
        anthropic_object("ModelInfo", model);
    }
    let model = get("/v1/models/claude-haiku-4-5").await.body;
    assert_eq!(model["lifecycle"], "deprecated");
    assert!(model["retires_at"].is_string());
    assert_eq!(model["capabilities"]["image_input"]["supported"], true);
    assert_eq!(get("/v1/models/none").await.status, 404);
}
