//! What is paid, when it is paid, and that nothing is paid twice, whatever goes wrong after it was.

use super::*;

/// Jobs at the service, and what was paid for them.
fn bought(fake: &Fake) -> (usize, Vec<i64>) {
    let world = fake.world();
    (world.jobs.len(), world.captured.clone())
}

fn retry(stage: &Stage, id: &str) {
    stage.ask("retry_pro_job", json!({ "id": id }));
}

#[test]
fn a_result_that_is_gone_was_charged_and_another_try_buys_nothing() {
    for status in [404, 410] {
        let (fake, chain, stage) = signed_in();
        let picture = enhanced_photo();
        fake.world().enhances_to(&picture, &sha256(&picture));
        fake.world().no_results = Some(status);
        let id = submit(&stage, "enhance", 1);
        let (problem, charge) = wait_failed(&stage, &id);
        assert_eq!((problem.code, charge), (Code::NotThere, Charge::Yes), "{status}");
        assert!(!problem.message.contains("Nothing was charged"), "{}", problem.message);
        assert_eq!(stage.snapshot().online.spending.this_month, 1, "{status}");
        // What is known of it outlives the program.
        let stage = restart(stage, &fake, &chain);
        wait_signed_in(&stage);
        retry(&stage, &id);
        assert_eq!(wait_failed(&stage, &id).1, Charge::Yes);
        fake.world().no_results = None;
        retry(&stage, &id);
        wait_stage(&stage, &id, is_done);
        assert_eq!(bought(&fake), (1, vec![1]), "{status}");
    }
}

#[test]
fn a_program_that_breaks_off_over_a_result_knows_that_it_is_paid_for() {
    let (fake, _, stage) = signed_in();
    let picture = enhanced_photo();
    fake.world().enhances_to(&picture, &sha256(&picture));
    fake.world().at_result = Some(stage.host.breaks_off.clone());
    let id = submit(&stage, "enhance", 1);
    let (problem, charge) = wait_failed(&stage, &id);
    assert_eq!((problem.code, charge), (Code::Internal, Charge::Yes));
    fake.world().at_result = None;
    retry(&stage, &id);
    wait_stage(&stage, &id, is_done);
    assert_eq!(bought(&fake), (1, vec![1]));
}

#[test]
fn of_a_job_that_was_deleted_elsewhere_it_is_not_said_that_it_cost_nothing() {
    let (fake, _, stage) = signed_in();
    fake.world().outcome = json!({ "state": "running" });
    let id = submit(&stage, "critique", 1);
    wait_stage(&stage, &id, |stage| matches!(stage, ProStage::Running { .. }));
    fake.world().delete_jobs();
    let (problem, charge) = wait_failed(&stage, &id);
    assert_eq!((problem.code, charge), (Code::NotThere, Charge::Unknown));
    let told = until("the notification", || stage.host.notified.lock().unwrap().first().cloned());
    assert!(told.contains("The Credits page tells"), "{told}");
    retry(&stage, &id);
    assert_eq!(wait_failed(&stage, &id).1, Charge::Unknown);
    assert_eq!(bought(&fake).0, 0, "another try only asks after it");
}

#[test]
fn a_job_that_the_service_refuses_costs_nothing_and_one_that_it_may_have_taken_is_asked_for_with_the_same_key() {
    let (fake, _, stage) = signed_in();
    fake.world().instead = vec![("POST /v1/jobs", 422, r#"{"code":"invalid","message":"No."}"#.into())];
    let id = submit(&stage, "critique", 1);
    assert_eq!(wait_failed(&stage, &id).1, Charge::No);
    let photo = stage.snapshot().photos[0].id.0;
    fake.world().instead.clear();
    // The answers are lost; then it refuses to say anything.
    fake.world().loses = Some("POST /v1/jobs");
    fake.world().outcome = json!({ "state": "running" });
    let id = submit_for(&stage, "critique", 1, photo);
    until("the job at the service", || (!fake.world().jobs.is_empty()).then_some(()));
    {
        let mut world = fake.world();
        world.instead = vec![("POST /v1/jobs", 422, r#"{"code":"invalid","message":"No."}"#.into())];
        world.loses = None;
    }
    assert_eq!(wait_failed(&stage, &id).1, Charge::Unknown);
    fake.world().instead.clear();
    retry(&stage, &id);
    wait_stage(&stage, &id, |stage| matches!(stage, ProStage::Running { .. }));
    assert_eq!(bought(&fake).0, 1);
}

#[test]
fn the_cap_holds_for_a_new_price_and_for_another_try_too() {
    let (fake, _, stage) = signed_in();
    stage.ask("set_spending", json!({ "monthly_cap": 4, "unasked_up_to": 0 }));
    fake.world().price = 5;
    let dear = submit(&stage, "critique", 1);
    wait_stage(&stage, &dear, |stage| *stage == ProStage::PriceChanged { price: 5 });
    let accept = json!({ "id": dear, "price": 5 });
    assert_eq!(stage.refusal("accept_price", accept.clone()).code, Code::OverCap);
    assert_eq!(job(&stage, &dear).price, 1);
    // Its own old price is not counted twice.
    stage.ask("set_spending", json!({ "monthly_cap": 5, "unasked_up_to": 0 }));
    stage.ask("accept_price", accept);
    wait_stage(&stage, &dear, is_done);
    fake.world().outcome = json!({ "state": "failed", "fault": { "code": "provider", "message": "It broke off." } });
    stage.ask("set_spending", json!({ "monthly_cap": 10, "unasked_up_to": 0 }));
    let photo = stage.snapshot().photos[0].id.0;
    let failed = submit_for(&stage, "critique", 5, photo);
    assert_eq!(wait_failed(&stage, &failed).1, Charge::No);
    stage.ask("set_spending", json!({ "monthly_cap": 9, "unasked_up_to": 0 }));
    assert_eq!(stage.refusal("retry_pro_job", json!({ "id": failed })).code, Code::OverCap);
    assert!(matches!(job(&stage, &failed).stage, ProStage::Failed { .. }));
    assert_eq!(fake.world().captured, [5]);
}

#[test]
fn each_person_has_a_month_of_their_own() {
    let (fake, _, stage) = signed_in();
    let id = submit(&stage, "critique", 1);
    wait_stage(&stage, &id, is_done);
    assert_eq!(stage.snapshot().online.spending.this_month, 1);
    stage.ask("set_offline", json!({ "offline": true }));
    let photo = stage.snapshot().photos[0].id.0;
    let waits = submit_for(&stage, "critique", 1, photo);
    stage.ask("set_offline", json!({ "offline": false }));
    wait_stage(&stage, &waits, is_done);
    fake.world().outcome = json!({ "state": "running" });
    let left = submit_for(&stage, "critique", 1, photo);
    wait_stage(&stage, &left, |stage| matches!(stage, ProStage::Running { .. }));
    stage.ask("sign_out", Value::Null);
    assert_eq!(stage.snapshot().online.spending.this_month, 0);
    // Somebody else at the same computer.
    fake.world().user = "somebody-else".into();
    sign_in(&stage);
    assert_eq!(stage.snapshot().online.spending.this_month, 0);
    stage.ask("set_spending", json!({ "monthly_cap": 1, "unasked_up_to": 0 }));
    submit_for(&stage, "critique", 1, photo);
    assert_eq!(stage.snapshot().online.spending.this_month, 1);
}
