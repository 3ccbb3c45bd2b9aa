//! Pro jobs on a sound network, from the price to the end.

use super::*;

#[test]
fn a_critique_from_the_photo_to_the_document() {
    let (fake, _, stage) = signed_in();
    let id = submit(&stage, "critique", 1);
    let done = wait_stage(&stage, &id, is_done);
    let ProStage::Done { result: ProResult::Critique { id: critique } } = done.stage else { panic!() };
    assert_eq!(fake.world().captured, [1]);
    // What left: no name, no place, no metadata; and the ledger says so.
    let traffic = fake.world().traffic.clone();
    for secret in ["secret name", "59.329N", "Exif", "refresh-0"] {
        assert!(!traffic.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret} left this computer");
    }
    let aperture = br#""camera":"f/2.8""#;
    assert!(traffic.windows(aperture.len()).any(|part| part == aperture), "the aperture does not go along");
    let sent = fake.world().photos.values().next().unwrap().clone();
    let picture = image::load_from_memory(&sent).unwrap();
    assert_eq!((picture.width(), picture.height()), (400, 300));
    let lines = stage.ask("privacy_ledger", json!({ "limit": 50, "what": "photo" }));
    assert_eq!((&lines["lines"][0]["bytes"], &lines["lines"][0]["copy"]["kind"]), (&json!(sent.len()), &json!("kept")));
    assert_eq!(stage.snapshot().online.spending.this_month, 1);
    // Tried out, for nothing.
    let view = until("the critique", || stage.studio.command("critique", json!({ "id": critique })).ok());
    assert_eq!(view["can_try"], json!([true, false, true, true]));
    assert!(stage.studio.serve(view["picture"].as_str().unwrap()).unwrap().bytes == sent);
    let tried = stage.ask("try_suggestion", json!({ "id": critique, "suggestion": 0 }));
    assert!(
        tried["recipe"]["steps"]
            .as_array()
            .unwrap()
            .iter()
            .any(|step| step["step"] == "tone" && step["strength"] == 0.5)
    );
    // Turned and cut: one step, the first, that each suggestion changes its own part of. What is kept was meant on the photo as it was sent: there is less of it once turned.
    stage.ask("try_suggestion", json!({ "id": critique, "suggestion": 2 }));
    let framed = stage.ask("try_suggestion", json!({ "id": critique, "suggestion": 3 }));
    let crop = &framed["recipe"]["steps"][0];
    let part = ["degrees", "x", "y", "width", "height"].map(|name| (crop[name].as_f64().unwrap() * 1000.0).round());
    assert_eq!((&crop["step"], part), (&json!("crop"), [-1500.0, 85.0, 0.0, 828.0, 931.0]));
    assert_eq!(framed["recipe"]["steps"].as_array().unwrap().len(), 2, "light and colour stay");
    stage.ask("use_auto", json!({ "photos": [framed["photo"]], "crop": crop }));
    assert_eq!(stage.snapshot().photos[0].recipe.steps.len(), 2, "Auto has no say in what is kept of the photo");
    let refused =
        stage.refusal("use_auto", json!({ "photos": [framed["photo"]], "crop": { "step": "crop", "degrees": 60 } }));
    assert_eq!(refused.code, Code::RecipeInvalid);
    stage.ask("set_recipe", json!({ "photos": [framed["photo"]], "recipe": tried["before"] }));
    for (format, name, start) in [("markdown", "a.md", "# Critique of"), ("pdf", "a.pdf", "%PDF-")] {
        let path = stage.folder.path().join(name);
        stage.ask("export_critique", json!({ "id": critique, "format": format, "path": path }));
        assert!(std::fs::read(&path).unwrap().starts_with(start.as_bytes()));
    }
    let number = lines["lines"][0]["number"].clone();
    assert_eq!(stage.ask("delete_sent", json!({ "number": number }))["deleted"], 1);
    assert!(fake.world().photos.is_empty());
    assert_eq!(stage.snapshot().online.sent.kept, 0);
}

#[test]
fn another_price_is_asked_about_and_too_few_credits_cost_nothing() {
    let (fake, _, stage) = signed_in();
    fake.world().price = 3;
    let id = submit(&stage, "critique", 1);
    wait_stage(&stage, &id, |stage| *stage == ProStage::PriceChanged { price: 3 });
    assert_eq!(stage.refusal("accept_price", json!({ "id": id, "price": 2 })).code, Code::BadRequest);
    fake.world().available = 2;
    stage.ask("accept_price", json!({ "id": id, "price": 3 }));
    wait_stage(&stage, &id, |stage| *stage == ProStage::NotEnoughCredits { available: 2 });
    assert!(fake.world().captured.is_empty());
    fake.world().available = 3;
    stage.ask("retry_pro_job", json!({ "id": id }));
    assert_eq!(wait_stage(&stage, &id, is_done).price, 3);
    assert_eq!(fake.world().captured, [3]);
    assert_eq!(fake.world().available, 0);
    stage.ask("set_spending", json!({ "monthly_cap": 4, "unasked_up_to": 0 }));
    let photo = stage.snapshot().photos[0].id.0;
    let over = stage.refusal(
        "submit_pro_jobs",
        json!({ "kind": "critique", "variant": "s", "photos": [photo], "options": {}, "each": 2,
        "sends": { "to": "Anthropic", "long_edge": 400, "media_type": "image/jpeg" }, "agreed": false }),
    );
    assert_eq!(over.code, Code::OverCap);
}

#[test]
fn stopped_while_its_copies_are_made_a_job_stays_stopped() {
    let (fake, _, stage) = signed_in();
    // Large enough to be at work on when it is stopped.
    let path = stage.photos().join("large.png");
    image::RgbImage::from_fn(2400, 1600, |x, y| image::Rgb([x as u8, y as u8, (x ^ y) as u8])).save(&path).unwrap();
    let photo = stage.add_all(&[path])[0].0;
    for _ in 0..3 {
        let id = submit_for(&stage, "critique", 1, photo);
        wait_stage(&stage, &id, |stage| *stage == ProStage::Preparing);
        stage.ask("cancel_pro_job", json!({ "id": id }));
        wait_stage(&stage, &id, |stage| *stage == ProStage::Cancelled);
    }
    // Whoever made the copies has put them away by the time another job is done.
    let last = submit_for(&stage, "critique", 1, photo);
    wait_stage(&stage, &last, is_done);
    let cancelled = stage.snapshot().pro_jobs.iter().filter(|job| job.stage == ProStage::Cancelled).count();
    assert_eq!((cancelled, fake.world().captured.clone()), (3, vec![1]));
}

#[test]
fn an_enhanced_photo_is_verified_and_what_is_none_is_not_saved() {
    let (fake, _, stage) = signed_in();
    let nonsense = b"no photo at all".to_vec();
    let picture = enhanced_photo();
    let ids = stage.add_all(&[photo(&stage)]);
    for (bytes, sum, code) in
        [(&nonsense, sha256(&nonsense), Code::NotAPhoto), (&picture, sha256(b"other"), Code::ResultRefused)]
    {
        fake.world().enhances_to(bytes, &sum);
        let id = submit_for(&stage, "enhance", 1, ids[0].0);
        let failed = wait_stage(&stage, &id, |stage| matches!(stage, ProStage::Failed { .. }));
        assert!(matches!(failed.stage, ProStage::Failed { problem, charge: Charge::Yes } if problem.code == code));
    }
    assert_eq!(std::fs::read_dir(stage.photos()).unwrap().count(), 1, "something was saved that is no photo");
    fake.world().enhances_to(&picture, &sha256(&picture));
    let id = submit_for(&stage, "enhance", 1, ids[0].0);
    let done = wait_stage(&stage, &id, is_done);
    let ProStage::Done { result: ProResult::Enhanced { file } } = done.stage else { panic!() };
    assert_eq!(std::fs::read(&file.path).unwrap(), picture);
    assert!(file.path.ends_with("secret name-enhanced.jpg"));
}

#[test]
fn a_failed_or_stopped_job_costs_nothing() {
    let (fake, _, stage) = signed_in();
    fake.world().outcome =
        json!({ "state": "failed", "fault": { "code": "provider", "message": "The model broke off." } });
    let id = submit(&stage, "critique", 1);
    let failed = wait_stage(&stage, &id, |stage| matches!(stage, ProStage::Failed { .. }));
    assert!(
        matches!(failed.stage, ProStage::Failed { problem, charge: Charge::No } if problem.message.contains("Nothing was charged"))
    );
    assert_eq!(stage.snapshot().online.spending.this_month, 0);
    fake.world().instead.push(("PATCH", 503, "{}".into()));
    let photo = stage.snapshot().photos[0].id.0;
    let id = submit_for(&stage, "critique", 1, photo);
    wait_stage(&stage, &id, |stage| *stage == ProStage::Waiting { reason: WaitReason::Unreachable });
    stage.ask("cancel_pro_job", json!({ "id": id }));
    wait_stage(&stage, &id, |stage| *stage == ProStage::Cancelled);
    assert!(fake.world().captured.is_empty());
}
