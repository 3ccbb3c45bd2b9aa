//! The client against the sandbox and the collected vectors: AN1, AN2, AN6 as far as the client goes.

use pretty_sandbox::{Fault, FaultRule, MessageScript, Sandbox, Service};

use super::*;
use crate::outbound::testing::{Scripted, Server, TIMEOUT, patience, sandbox};

fn schema() -> Value {
    json!({
        "type": "object", "additionalProperties": false, "required": ["summary", "score"],
        "properties": { "summary": { "type": "string" }, "score": { "type": "integer", "enum": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] } },
    })
}

fn question<'a>(schema: &'a Value, photos: &'a [Photo<'a>]) -> Question<'a> {
    let (model, system, text, user_ref) = ("claude-haiku-5-5", "You criticise photos.", "Criticise this photo.", "r_1");
    Question { model, system, photos, text, schema, max_tokens: 4_096, user_ref }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

/// One point of a GIF.
const PHOTO: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b";

fn with_key(key: &str) -> Credentials {
    let version = "2026-10-21".to_owned();
    Credentials { key: Secret::new(key), before: None, header: AuthHeader::XApiKey, version }
}

fn client_of(sandbox: &Sandbox) -> AnthropicClient {
    let endpoints = sandbox.endpoints();
    AnthropicClient::new(&endpoints.anthropic_base_url, with_key(&endpoints.anthropic_api_key), patience(), TIMEOUT)
        .unwrap()
}

#[tokio::test]
async fn an1_every_answer_of_the_collection_is_judged() {
    let file: Value = serde_json::from_str(include_str!("../../../tests/vectors/anthropic-responses.json")).unwrap();
    assert_eq!(file["cases"].as_array().map(Vec::len), Some(16));
    for case in file["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let (server, url) = Server::start(vec![Scripted::of_vector(case)]).await;
        let timeout = Duration::from_millis(if name == "timeout" { 100 } else { 10_000 });
        let client = AnthropicClient::new(&url, with_key("sk-ant-sandbox-1"), patience(), timeout).unwrap();
        let schema = schema();
        let outcome = client.ask(&question(&schema, &[]), Instant::now() + Duration::from_secs(5)).await;
        let error = |wanted: AnthropicError, calls: usize| {
            assert_eq!(outcome, Err(wanted), "{name}");
            assert_eq!(server.calls(), calls, "{name}");
        };
        match name {
            "ok_json_text" | "ok_thinking_block_first" | "unknown_stop_reason" => {
                let answer = outcome.unwrap();
                assert!(
                    matches!(answer.reply, Reply::Answered(ref json) if json["overall"] == 7),
                    "{name}: {answer:?}"
                );
                assert_eq!((answer.input_tokens, answer.output_tokens), (3_120, 412));
            }
            "cut_at_max_tokens" => assert_eq!(outcome.unwrap().reply, Reply::Cut),
            "refusal" => assert_eq!(outcome.unwrap().reply, Reply::Declined),
            // Twelve seconds are more than the deadline leaves.
            "rate_limited" => error(AnthropicError::Busy(429), 1),
            "spend_cap" => error(AnthropicError::SpendCap, 1),
            "overloaded" => error(AnthropicError::Busy(529), 3),
            "x_should_retry_false" => error(AnthropicError::Server(500), 1),
            "billing" => error(AnthropicError::Account(402), 1),
            "auth" => error(AnthropicError::Account(401), 1),
            "too_large_from_edge" => error(AnthropicError::Refused { status: 413, message: String::new() }, 1),
            "image_dims" => error(AnthropicError::Refused { status: 400, message: "image too large".into() }, 1),
            "sampling_param" => {
                error(AnthropicError::Refused { status: 400, message: "temperature is not supported".into() }, 1)
            }
            "model_retired" => error(AnthropicError::ModelGone, 1),
            "timeout" => error(AnthropicError::Transport(TransportError::OutcomeUnknown), 3),
            other => panic!("a case that nobody judges: {other}"),
        }
    }
    assert!(AnthropicError::SpendCap.needs_operator() && !AnthropicError::Busy(529).needs_operator());
}

#[tokio::test]
async fn a_photo_is_asked_about() {
    let sandbox = sandbox().await;
    let client = client_of(&sandbox);
    let schema = schema();
    let photos = [Photo { media_type: "image/gif", file: PHOTO }];
    let answer = client.ask(&question(&schema, &photos), soon()).await.unwrap();
    let Reply::Answered(critique) = &answer.reply else { panic!("{answer:?}") };
    assert!(critique["summary"].as_str().unwrap().starts_with("Sandbox reading"), "{critique}");
    assert!((1..=10).contains(&critique["score"].as_i64().unwrap()));
    assert!(answer.input_tokens > 0 && answer.request_id.is_some());
    let received = sandbox.control().received(Some(Service::Anthropic));
    let sent: Value = serde_json::from_slice(&received[0].body).unwrap();
    assert_eq!(sent["messages"][0]["content"][0]["type"], "image", "the photo comes first");
    for never in ["temperature", "top_p", "top_k", "tool_choice", "tools", "thinking"] {
        assert!(sent.get(never).is_none(), "{never}");
    }
}

#[tokio::test]
async fn an2_odd_contents_and_failures() {
    let sandbox = sandbox().await;
    let client = client_of(&sandbox);
    let schema = schema();
    let photos = [Photo { media_type: "image/gif", file: PHOTO }];
    let ask = async || client.ask(&question(&schema, &photos), soon()).await;
    for (script, reply) in [
        (MessageScript::Refuse, Some(Reply::Declined)),
        (MessageScript::Cut, Some(Reply::Cut)),
        (MessageScript::Empty, Some(Reply::NotJson)),
        (MessageScript::Say { text: "No.".into() }, Some(Reply::NotJson)),
        (MessageScript::ThinkFirst, None),
        (MessageScript::TwoBlocks, None),
    ] {
        sandbox.control().anthropic().script(script.clone());
        let answered = ask().await.unwrap().reply;
        match reply {
            Some(reply) => assert_eq!(answered, reply, "{script:?}"),
            None => assert!(matches!(answered, Reply::Answered(_)), "{script:?}"),
        }
    }
    let fault = |fault: Fault| sandbox.control().fault(FaultRule::next(Service::Anthropic, "/v1/messages", fault));
    fault(Fault::anthropic_overloaded());
    fault(Fault::LoseAnswer);
    assert!(matches!(ask().await.unwrap().reply, Reply::Answered(_)), "third time lucky");
    fault(Fault::anthropic_rate_limited(0));
    assert!(ask().await.is_ok(), "after the wait that was asked for");
    fault(Fault::anthropic_spend_cap());
    assert_eq!(ask().await, Err(AnthropicError::SpendCap));
    fault(Fault::anthropic_too_large());
    assert!(matches!(ask().await, Err(AnthropicError::Refused { status: 413, .. })));
    sandbox.control().anthropic().set_lifecycle("claude-haiku-5-5", "retired");
    assert_eq!(ask().await, Err(AnthropicError::ModelGone));
}

#[tokio::test]
async fn an8_a_model_that_goes_is_told_from_one_that_is_gone() {
    let sandbox = sandbox().await;
    let client = client_of(&sandbox);
    let facts = client.model("claude-haiku-5-5").await.unwrap();
    assert_eq!((facts.lifecycle.as_str(), facts.is_fit()), ("active", true));
    sandbox.control().anthropic().set_lifecycle("claude-haiku-5-5", "deprecated");
    let facts = client.model("claude-haiku-5-5").await.unwrap();
    assert_eq!((facts.lifecycle.as_str(), facts.retires_at.is_some()), ("deprecated", true));
    assert_eq!(client.model("claude-of-yesterday").await, Err(AnthropicError::ModelGone));
}
