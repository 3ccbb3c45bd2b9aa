//! Every published signature vector, through the functions that sign and verify (ST1 and RE1 on the sender's side).

use pretty_sandbox::{
    StandardWebhookHeaders, standard_webhook_headers, stripe_signature, verify_standard_webhook,
    verify_stripe_signature,
};
use serde_json::Value;

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn every_stripe_vector_is_judged_as_recommended() {
    let file: Value =
        serde_json::from_str(include_str!("../../../backend/tests/vectors/stripe-signature.json")).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert!(vectors.len() >= 17);
    for vector in vectors {
        let body = text(&vector["payload"]).as_bytes();
        let now = vector["now"].as_i64().unwrap();
        let verdict = verify_stripe_signature(
            text(&vector["secret"]),
            text(&vector["header"]),
            body,
            now,
            vector["tolerance_s"].as_i64().unwrap(),
        );
        // A signature over a body that is not JSON is right; that the body is refused is the receiver's next step.
        let accepted = verdict.is_ok() && serde_json::from_slice::<Value>(body).is_ok();
        assert_eq!(accepted, vector["recommended"] == "accept", "{}: {verdict:?}", vector["name"]);
    }
    let valid = &vectors[0];
    let signed =
        stripe_signature(text(&valid["secret"]), valid["now"].as_i64().unwrap(), text(&valid["payload"]).as_bytes());
    assert_eq!(signed, text(&valid["header"]));
}

#[test]
fn every_standard_webhooks_vector_is_judged_as_recommended() {
    let file = include_str!("../../../backend/tests/vectors/replicate-standard-webhooks.json");
    let file: Value = serde_json::from_str(file).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert!(vectors.len() >= 16);
    for vector in vectors {
        let header = |name: &str| text(&vector["headers"][name]).to_owned();
        let headers = StandardWebhookHeaders {
            id: header("webhook-id"),
            timestamp: header("webhook-timestamp"),
            signature: header("webhook-signature"),
        };
        let verdict = verify_standard_webhook(
            text(&vector["secret"]),
            &headers,
            text(&vector["body"]).as_bytes(),
            vector["now"].as_i64().unwrap(),
            vector["tolerance_s"].as_i64().unwrap(),
        );
        assert_eq!(verdict.is_ok(), vector["recommended"] == "accept", "{}: {verdict:?}", vector["name"]);
    }
    let valid = &vectors[0];
    let signed = standard_webhook_headers(
        text(&valid["secret"]),
        text(&valid["headers"]["webhook-id"]),
        valid["now"].as_i64().unwrap(),
        text(&valid["body"]).as_bytes(),
    );
    assert_eq!(signed.unwrap().signature, text(&valid["headers"]["webhook-signature"]));
}
