//! Who is signed in, what they agreed to, and what leaves without a job.

use super::*;

#[test]
fn signed_in_once_kept_and_signed_out_from_elsewhere() {
    let (fake, chain, stage) = signed_in();
    assert_eq!(chain.0.lock().unwrap().len(), 1);
    let stage = restart(stage, &fake, &chain);
    wait_signed_in(&stage);
    let kept = chain.0.lock().unwrap().values().next().unwrap().clone();
    let file = std::fs::read(stage.folder.path().join("app/data/studio.db")).unwrap();
    assert!(!file.windows(kept.len()).any(|part| part == kept.as_bytes()), "a token is in the database");
    fake.world().revoke();
    let problem = stage.refusal("refresh_account", Value::Null);
    assert_eq!(problem.code, Code::SignedOut);
    assert!(matches!(stage.snapshot().online.account, AccountState::SignedOut { notice: Some(_) }));
    assert!(chain.0.lock().unwrap().is_empty());
}

#[test]
fn a_cancelled_sign_in_leaves_nothing_and_a_second_one_works() {
    let (fake, chain) = (Fake::start(), Chain::default());
    let stage = start(&fake, &chain, tempfile::tempdir().unwrap());
    stage.ask("sign_in", Value::Null);
    stage.ask("cancel_sign_in", Value::Null);
    assert_eq!(stage.snapshot().online.account, AccountState::SignedOut { notice: None });
    sign_in(&stage);
    stage.ask("sign_out", Value::Null);
    assert_eq!(stage.snapshot().online.account, AccountState::SignedOut { notice: None });
    assert!(chain.0.lock().unwrap().is_empty());
}

#[test]
fn an_account_that_is_being_deleted_is_shown_as_that_and_can_be_kept() {
    let (fake, chain) = (Fake::start(), Chain::default());
    fake.world().leaving = true;
    let stage = start(&fake, &chain, tempfile::tempdir().unwrap());
    sign_in(&stage);
    let deletion = || match stage.snapshot().online.account {
        AccountState::SignedIn { account: Some(account), .. } => account.deletion.map(|deletion| deletion.final_at),
        other => panic!("{other:?}"),
    };
    assert_eq!(deletion(), Some(2));
    let connection = stage.snapshot().online.connection;
    assert_eq!((connection.service, connection.problem), (Reach::Connected, None));
    stage.ask("undo_deletion", Value::Null);
    assert_eq!(deletion(), None);
    // What an account may see is fetched again at once.
    until("the events", || fake.world().follows.then_some(()));
}

#[test]
fn signed_out_or_offline_no_socket_is_opened() {
    let (fake, chain) = (Fake::start(), Chain::default());
    let stage = start(&fake, &chain, tempfile::tempdir().unwrap());
    let ids = stage.add_all(&[photo(&stage)]);
    for (name, payload) in [
        ("refresh_account", Value::Null),
        ("quote", json!({ "kind": "critique", "variant": "standard", "photos": [ids[0].0] })),
        ("buy", json!({ "product": "pack" })),
    ] {
        assert_eq!(stage.refusal(name, payload).code, Code::SignedOut, "{name}");
    }
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(fake.connections(), 0, "somebody called while nobody is signed in");
    sign_in(&stage);
    stage.ask("set_offline", json!({ "offline": true }));
    std::thread::sleep(Duration::from_millis(200));
    let before = fake.connections();
    let id = submit_for(&stage, "critique", 1, ids[0].0);
    wait_stage(&stage, &id, |stage| *stage == ProStage::Waiting { reason: WaitReason::Offline });
    assert_eq!(stage.refusal("refresh_account", Value::Null).code, Code::Offline);
    assert_eq!(stage.refusal("sign_in", Value::Null).code, Code::Offline);
    // The switch outlives the program.
    let stage = restart(stage, &fake, &chain);
    std::thread::sleep(Duration::from_millis(800));
    assert_eq!(fake.connections(), before, "somebody called while the switch is on");
    stage.ask("set_offline", json!({ "offline": false }));
    wait_stage(&stage, &id, is_done);
}

#[test]
fn nothing_goes_to_a_company_without_consent() {
    let (fake, _, stage) = signed_in();
    let ids = stage.add_all(&[photo(&stage)]);
    let wanted = |agreed: bool| {
        json!({ "kind": "critique", "variant": "standard", "photos": [ids[0].0], "options": {}, "each": 2,
        "sends": { "to": "Anthropic", "long_edge": 400, "media_type": "image/jpeg" }, "agreed": agreed })
    };
    assert_eq!(stage.refusal("submit_pro_jobs", wanted(false)).code, Code::ConsentNeeded);
    assert!(stage.snapshot().pro_jobs.is_empty());
    // Once is enough, and what waits stops when it is taken back.
    stage.ask("set_offline", json!({ "offline": true }));
    stage.ask("submit_pro_jobs", wanted(true));
    stage.ask("submit_pro_jobs", wanted(false));
    stage.ask("withdraw_consent", json!({ "provider": "Anthropic" }));
    stage.ask("set_offline", json!({ "offline": false }));
    for job in stage.snapshot().pro_jobs {
        wait_stage(&stage, &job.id, |stage| *stage == ProStage::Cancelled);
    }
    assert_eq!(stage.refusal("submit_pro_jobs", wanted(false)).code, Code::ConsentNeeded);
    assert!(fake.world().captured.is_empty());
    assert_eq!(stage.snapshot().pro_jobs.len(), 2);
}

#[test]
fn counts_of_use_are_sent_only_where_they_were_switched_on() {
    let (fake, chain, stage) = signed_in();
    let done = |stage: &Stage| {
        let photo = match stage.snapshot().photos.first() {
            Some(photo) => photo.id,
            None => stage.add_all(&[photo(stage)])[0],
        };
        let id = submit_for(stage, "critique", 1, photo.0);
        wait_stage(stage, &id, is_done);
    };
    done(&stage);
    stage.ask("set_usage", json!({ "usage": true }));
    done(&stage);
    done(&stage);
    let stage = restart(stage, &fake, &chain);
    let counts = until("the counts", || fake.world().usage.first().cloned());
    let expected = json!([{ "name": "app_opened", "count": 1 }, { "name": "critique_asked", "count": 2 }]);
    assert_eq!(counts, json!({ "events": expected }), "and nothing from before it was switched on");
    let lines = stage.ask("privacy_ledger", json!({ "limit": 50, "what": "usage" }));
    assert_eq!(lines["lines"].as_array().unwrap().len(), 1, "the ledger names it");
    // Counted, then switched off: nothing of it goes.
    done(&stage);
    stage.ask("set_usage", json!({ "usage": false }));
    let stage = restart(stage, &fake, &chain);
    wait_signed_in(&stage);
    done(&stage);
    assert_eq!(fake.world().usage.len(), 1);
}

#[test]
fn nonsense_in_the_services_place_is_told_and_passes() {
    let (fake, _, stage) = signed_in();
    for (status, body, code) in [
        (200, "nonsense", Code::ServiceNotUnderstood),
        (302, "", Code::ConnectionIntercepted),
        (500, "<html>", Code::ServiceFailed),
        (429, r#"{"code":"rate_limited","message":"Wait."}"#, Code::RateLimited),
        (418, r#"{"code":"from_the_future","message":"New."}"#, Code::ServiceRefused),
    ] {
        fake.world().instead = vec![("GET /v1/policy", status, body.into())];
        let policy = stage.ask("policy", Value::Null);
        assert_eq!(policy["problem"]["code"], serde_json::to_value(code).unwrap(), "{status} {body}");
        assert_eq!(policy["from"]["kind"], "program", "what it said instead is not taken for a policy");
    }
    fake.world().instead.clear();
    stage.ask("refresh_account", Value::Null);
}
