//! Signing out where the service cannot be told at once, and signing in that comes too late.

use super::*;

#[test]
fn a_sign_out_without_a_way_out_is_told_when_there_is_one_also_after_a_restart() {
    for restarted in [false, true] {
        let (fake, chain, mut stage) = signed_in();
        let token = fake.world().refresh().to_owned();
        stage.ask("set_offline", json!({ "offline": true }));
        stage.ask("sign_out", Value::Null);
        assert_eq!(stage.snapshot().online.account, AccountState::SignedOut { notice: None });
        assert!(fake.world().revoked.is_empty());
        let before = fake.connections();
        if restarted {
            stage = restart(stage, &fake, &chain);
            assert_eq!(stage.snapshot().online.account, AccountState::SignedOut { notice: None });
        }
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(fake.connections(), before, "nothing is sent while the switch is on");
        stage.ask("set_offline", json!({ "offline": false }));
        until("the word of it", || (fake.world().revoked == [token.clone()]).then_some(()));
        until("an empty keychain", || chain.0.lock().unwrap().is_empty().then_some(()));
        let told = fake.connections();
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(fake.connections(), told, "then nobody calls any more");
        let database = std::fs::read(stage.folder.path().join("app/data/studio.db")).unwrap();
        assert!(!database.windows(token.len()).any(|part| part == token.as_bytes()), "a token is in the database");
    }
}

#[test]
fn a_code_that_was_exchanged_after_the_person_stopped_waiting_signs_nobody_in() {
    let (fake, chain) = (Fake::start(), Chain::default());
    let stage = start(&fake, &chain, tempfile::tempdir().unwrap());
    stage.ask("sign_in", Value::Null);
    let address = stage.host.browsed.lock().unwrap().last().unwrap().clone();
    {
        // The exchange comes in while the person presses Cancel.
        let mut world = fake.world();
        world.holds_exchange = true;
        drop(world);
        browse(&address);
        until("the exchange", || (fake.world().requests > 0).then_some(()));
        stage.ask("cancel_sign_in", Value::Null);
        fake.world().holds_exchange = false;
    }
    let revoked = until("the word of it", || fake.world().revoked.first().cloned());
    assert_eq!(revoked, "refresh-1");
    assert_eq!(stage.snapshot().online.account, AccountState::SignedOut { notice: None });
    assert!(chain.0.lock().unwrap().is_empty());
}

#[test]
fn jobs_of_somebody_else_say_whose_sign_in_they_wait_for() {
    let (fake, _, stage) = signed_in();
    stage.ask("set_offline", json!({ "offline": true }));
    let id = submit(&stage, "critique", 1);
    until("the copy", || job(&stage, &id).photos[0].sent.clone());
    stage.ask("sign_out", Value::Null);
    stage.ask("set_offline", json!({ "offline": false }));
    wait_stage(&stage, &id, |stage| *stage == ProStage::Waiting { reason: WaitReason::SignedOut });
    let mara = std::mem::replace(&mut fake.world().user, "somebody-else".into());
    sign_in(&stage);
    wait_stage(&stage, &id, |stage| *stage == ProStage::Waiting { reason: WaitReason::OtherAccount });
    assert!(fake.world().jobs.is_empty());
    stage.ask("sign_out", Value::Null);
    fake.world().user = mara;
    sign_in(&stage);
    wait_stage(&stage, &id, is_done);
}
