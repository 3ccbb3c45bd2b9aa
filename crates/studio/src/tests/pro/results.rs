//! What came back, shown in the program and deleted at the service; and what would be sent, before it is.

use super::*;

/// A cloud enhancement that is done.
fn enhanced() -> (Fake, Chain, Stage, String) {
    let (fake, chain, stage) = signed_in();
    let picture = enhanced_photo();
    fake.world().enhances_to(&picture, &sha256(&picture));
    let id = submit(&stage, "enhance", 1);
    wait_stage(&stage, &id, is_done);
    (fake, chain, stage, id)
}

fn tile(stage: &Stage, file: &Value) -> (u32, u32) {
    let served = stage.studio.serve(&format!("result/{}/0/0/0", file["key"].as_str().unwrap())).unwrap();
    let picture = image::load_from_memory(&served.bytes).unwrap();
    (picture.width(), picture.height())
}

#[test]
fn the_photo_and_what_came_back_can_be_looked_at_also_after_a_restart() {
    let (fake, chain, stage, id) = enhanced();
    let ProStage::Done { result: ProResult::Enhanced { file } } = job(&stage, &id).stage else { panic!() };
    // Nothing is on the list then.
    let stage = restart(stage, &fake, &chain);
    assert!(stage.snapshot().photos.is_empty());
    let address = format!("result/{}/0/0/0", file.key);
    until("the result's tiles", || stage.studio.serve(&address).ok());
    let pictures = stage.ask("open_pro_result", json!({ "id": id }));
    assert_eq!(
        (&pictures["result"]["width"], &pictures["result"]["name"]),
        (&json!(90), &json!("secret name-enhanced.jpg"))
    );
    assert_eq!((&pictures["original"]["width"], &pictures["original"]["height"]), (&json!(640), &json!(480)));
    assert_eq!(tile(&stage, &pictures["result"]), (90, 60));
    assert!(tile(&stage, &pictures["original"]).0 > 90);
    // Moved away, each says so in its way.
    std::fs::remove_file(stage.photos().join("secret name.jpg")).unwrap();
    assert_eq!(stage.ask("open_pro_result", json!({ "id": id }))["original"], Value::Null);
    std::fs::remove_file(&file.path).unwrap();
    assert_eq!(stage.refusal("open_pro_result", json!({ "id": id })).code, Code::FileMissing);
}

#[test]
fn a_result_is_deleted_at_the_service_and_stays_here() {
    let (fake, chain, stage, id) = enhanced();
    assert!(job(&stage, &id).on_service);
    stage.ask("set_offline", json!({ "offline": true }));
    assert_eq!(stage.refusal("delete_pro_result", json!({ "id": id })).code, Code::Offline);
    stage.ask("set_offline", json!({ "offline": false }));
    stage.ask("delete_pro_result", json!({ "id": id }));
    assert!(fake.world().jobs.is_empty() && fake.world().photos.is_empty());
    assert!(!job(&stage, &id).on_service);
    assert_eq!(stage.snapshot().online.sent.kept, 0);
    let stage = restart(stage, &fake, &chain);
    wait_signed_in(&stage);
    let ProStage::Done { result: ProResult::Enhanced { file } } = job(&stage, &id).stage else { panic!() };
    assert!(!job(&stage, &id).on_service && std::fs::exists(&file.path).unwrap());
    // It is gone already: that is as well.
    stage.ask("delete_pro_result", json!({ "id": id }));
    assert_eq!(stage.refusal("delete_pro_result", json!({ "id": "none" })).code, Code::BadRequest);
}

#[test]
fn with_its_copy_a_photo_takes_along_what_the_service_made_of_it() {
    let (fake, _, stage, enhanced) = enhanced();
    let critic = json!({ "state": "succeeded", "result": { "kind": "critique", "critique": { "summary": "A hill.", "strengths": [],
        "findings": [], "scores": [], "suggestions": [], "measured_by": "test" } } });
    fake.world().outcome = critic;
    let photo = stage.snapshot().photos[0].id.0;
    let criticised = submit_for(&stage, "critique", 1, photo);
    wait_stage(&stage, &criticised, is_done);
    let line = until("the history", || stage.snapshot().critiques.first().cloned());
    assert!(line.on_service && job(&stage, &enhanced).on_service && job(&stage, &criticised).on_service);
    // The copy that was sent for the critique; the other one stays.
    let lines = stage.ask("privacy_ledger", json!({ "limit": 50, "what": "photo" }));
    let number =
        lines["lines"].as_array().unwrap().iter().find(|line| line["why"] == "Critique").unwrap()["number"].clone();
    assert_eq!(stage.ask("delete_sent", json!({ "number": number }))["deleted"], 1);
    assert!(!stage.snapshot().critiques[0].on_service && !job(&stage, &criticised).on_service);
    assert!(job(&stage, &enhanced).on_service);
    assert_eq!(stage.ask("delete_all_sent", Value::Null)["deleted"], 1);
    assert!(!job(&stage, &enhanced).on_service);
    // What was said is still here to read.
    let view = stage.ask("critique", json!({ "id": line.id }));
    assert_eq!(view["critique"]["summary"], "A hill.");
}

#[test]
fn what_is_shown_before_sending_is_what_is_sent() {
    for (kind, camera) in [("critique", json!("f/2.8")), ("enhance", Value::Null)] {
        let (fake, _, stage) = signed_in();
        let ids = stage.add_all(&[photo(&stage)]);
        let picture = enhanced_photo();
        if kind == "enhance" {
            fake.world().enhances_to(&picture, &sha256(&picture));
        }
        let quote = stage.ask("quote", json!({ "kind": kind, "variant": "standard", "photos": [ids[0].0] }));
        let before = fake.world().traffic.len();
        let ask = json!({ "kind": kind, "photo": ids[0].0, "long_edge": quote["sends"]["long_edge"] });
        let shown = stage.ask("copy_to_send", ask);
        assert_eq!(fake.world().traffic.len(), before, "looking sends nothing");
        let served = stage.studio.serve(shown["picture"].as_str().unwrap()).unwrap().bytes;
        assert_eq!(shown["bytes"], json!(served.len()));
        let id = submit_for(&stage, kind, 1, ids[0].0);
        wait_stage(&stage, &id, is_done);
        let world = fake.world();
        assert_eq!(world.photos.values().collect::<Vec<_>>(), [&served], "{kind}");
        assert_eq!((&shown["width"], &shown["height"]), (&json!(400), &json!(300)));
        assert_eq!(shown["camera"], camera, "{kind}");
        let said = world.traffic.windows(8).any(|part| part == b"\"camera\"");
        assert_eq!(said, !camera.is_null(), "{kind}");
        if let Some(camera) = camera.as_str() {
            let whole = format!("\"camera\":\"{camera}\"");
            assert!(world.traffic.windows(whole.len()).any(|part| part == whole.as_bytes()));
        }
        drop(world);
        let lines = stage.ask("privacy_ledger", json!({ "limit": 1, "what": "photo" }));
        assert_eq!(lines["lines"][0]["stripped"], shown["stripped"], "{kind}");
    }
}
