//! The privacy policy can be read by whoever has no account, no network, or neither.

use pretty_contract::service::privacy::FIRST_POLICY;

use super::*;

#[test]
fn the_policy_is_read_signed_out_offline_and_as_it_was_last() {
    let (fake, chain) = (Fake::start(), Chain::default());
    let stage = start(&fake, &chain, tempfile::tempdir().unwrap());
    let read = |stage: &Stage| stage.ask("policy", Value::Null);
    let shipped = read(&stage);
    let text = shipped["text"].as_str().unwrap();
    assert!(text.starts_with(FIRST_POLICY.trim_end()) && text.contains("## On this computer"), "{text}");
    assert_eq!(
        (&shipped["version"], &shipped["from"]["kind"], &shipped["problem"]),
        (&json!("1"), &json!("program"), &Value::Null)
    );
    assert!(shipped["contact"].as_str().unwrap().starts_with("http://127.0.0.1"), "whom to ask where nobody is named");
    assert_eq!(fake.connections(), 0, "reading it opens no connection");
    fake.world().policy = json!({ "version": "7", "effective_at": 9, "text": "# Seven\n\nShort.", "changes": "All.", "contact": "who@example.org" });
    sign_in(&stage);
    let fresh = read(&stage);
    assert_eq!(
        (&fresh["version"], &fresh["from"]["kind"], &fresh["contact"]),
        (&json!("7"), &json!("service"), &json!("who@example.org"))
    );
    assert!(fresh["text"].as_str().unwrap().contains("## On this computer"));
    // Offline, and after the next start, as it was.
    stage.ask("set_offline", json!({ "offline": true }));
    let stage = restart(stage, &fake, &chain);
    let before = fake.connections();
    let earlier = read(&stage);
    assert_eq!(
        (&earlier["version"], &earlier["text"], &earlier["problem"]),
        (&fresh["version"], &fresh["text"], &Value::Null)
    );
    let now = crate::clock::now_micros();
    let at = earlier["from"]["at"].as_i64().unwrap();
    assert!(earlier["from"]["kind"] == "earlier" && at <= now && now - at < 3_600_000_000, "{earlier}");
    assert_eq!(fake.connections(), before);
    // Asked and not answered, it says why.
    stage.ask("set_offline", json!({ "offline": false }));
    wait_signed_in(&stage);
    fake.world().instead = vec![("GET /v1/policy", 503, "{}".into())];
    let failed = read(&stage);
    assert_eq!((&failed["version"], &failed["problem"]["code"]), (&json!("7"), &json!("service_failed")));
}
