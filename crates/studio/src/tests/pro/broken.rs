//! Broken off at any moment, everything goes on and ends once.

use super::*;

/// What the window asks for after its quote: the same price, the same that is sent.
fn request_as_shown(stage: &Stage, kind: &str) -> (Value, i64) {
    let ids = stage.add_all(&[photo(stage)]);
    let quote = stage.ask("quote", json!({ "kind": kind, "variant": "standard", "photos": [ids[0].0] }));
    let request = json!({ "kind": kind, "variant": "standard", "photos": [ids[0].0], "options": {}, "each": quote["each"],
        "sends": quote["sends"], "agreed": true });
    (request, quote["price"].as_i64().unwrap())
}

/// The life of one job, broken off at one request, once.
fn live_through(kind: &str, cut: Option<(usize, Cut)>, ends: bool) -> usize {
    let (fake, chain, picture) = (Fake::start(), Chain::default(), enhanced_photo());
    let mut stage = start(&fake, &chain, tempfile::tempdir().unwrap());
    fake.world().price = 3;
    if kind == "enhance" {
        fake.world().enhances_to(&picture, &sha256(&picture));
    }
    sign_in(&stage);
    let (request, price) = request_as_shown(&stage, kind);
    assert_eq!(price, 3);
    let before = fake.world().requests;
    fake.world().cut = cut.map(|(at, cut)| (before + at, cut));
    let made = stage.ask("submit_pro_jobs", request);
    let id = made["ids"][0].as_str().unwrap();
    let case = format!("{kind}, cut {cut:?}, ended: {ends}");
    if let Some((at, _)) = cut.filter(|_| ends) {
        until("the cut", || (fake.world().requests >= before + at || is_done(&job(&stage, id).stage)).then_some(()));
        stage = restart(stage, &fake, &chain);
    }
    let done = wait_stage(&stage, id, is_done);
    let world = fake.world();
    assert_eq!(
        (world.captured.clone(), world.jobs.len()),
        (vec![price], 1),
        "what was shown is what is paid, once: {case}"
    );
    let requests = world.requests - before;
    drop(world);
    assert_eq!(stage.snapshot().online.sent.photos, 1, "{case}");
    assert_eq!(stage.snapshot().online.spending.this_month, price, "{case}");
    if let ProStage::Done { result: ProResult::Enhanced { file } } = done.stage {
        assert_eq!(std::fs::read(&file.path).unwrap(), picture, "{case}");
        let files: Vec<_> = std::fs::read_dir(stage.photos()).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(files.len(), 2, "the photo and one result: {files:?}, {case}");
    }
    requests
}

/// The program is ended, or the network breaks, at every request of a job's life in turn; then all goes on. Whatever happens, the job ends once
/// and is paid for once.
#[test]
fn broken_off_at_any_request_a_job_is_done_and_what_was_shown_is_paid_once() {
    for kind in ["critique", "enhance"] {
        let whole = live_through(kind, None, false);
        assert!(whole >= 4, "upload, piece, job, answer: {whole}");
        for at in 1..=whole {
            for (cut, ends) in
                [(Cut::Before, false), (Cut::Amid, false), (Cut::After, false), (Cut::Amid, true), (Cut::After, true)]
            {
                live_through(kind, Some((at, cut)), ends);
            }
        }
    }
}

#[test]
fn an_interrupted_batch_goes_on_where_it_was() {
    let (fake, chain) = (Fake::start(), Chain::default());
    let stage = start(&fake, &chain, tempfile::tempdir().unwrap());
    let paths: Vec<PathBuf> = (0..3)
        .map(|number| {
            let path = stage.photos().join(format!("{number}.jpg"));
            image::RgbImage::from_pixel(40, 30, image::Rgb([number as u8, 2, 3])).save(&path).unwrap();
            path
        })
        .collect();
    let ids: Vec<u32> = stage.add_all(&paths).iter().map(|id| id.0).collect();
    stage.ask(
        "set_recipe",
        json!({ "photos": [ids[2]], "recipe": { "version": 1, "steps": [{ "step": "tone", "strength": 0.25 }] } }),
    );
    let first = stage.snapshot().photos[0].id;
    stage.ask("enhance", json!({ "photos": [ids[0]], "export": null }));
    stage.wait_state(first, "the first", |state| matches!(state, PhotoState::Done { .. }));
    stage.engine.held.store(true, std::sync::atomic::Ordering::SeqCst);
    stage.ask("enhance", json!({ "photos": [ids[1], ids[2]], "export": null }));
    stage.wait_state(stage.snapshot().photos[1].id, "the second in work", |state| {
        matches!(state, PhotoState::Working { .. })
    });
    // Framed while it waits, and left to Auto otherwise.
    let crop = json!({ "step": "crop", "degrees": 1.5, "x": 0.0, "y": 0.0, "width": 1.0, "height": 0.5 });
    stage.ask("use_auto", json!({ "photos": [ids[1]], "crop": crop }));
    let stage = restart(stage, &fake, &chain);
    until("the rest of the batch", || {
        let photos = stage.snapshot().photos;
        let names: Vec<&str> = photos.iter().map(|photo| photo.name.as_str()).collect();
        let done = photos.iter().all(|photo| matches!(photo.state, PhotoState::Done { .. }));
        (names == ["1.jpg", "2.jpg"] && done && photos[1].recipe.steps.len() == 1).then_some(())
    });
    let framed = &stage.snapshot().photos[0];
    assert!(framed.auto && framed.recipe.framing().0 == 1.5, "{:?}", framed.recipe);
    let PhotoState::Done { result } = &framed.state else { panic!("{:?}", framed.state) };
    assert!(result.height < 15, "the result is framed as it was meant: {} by {}", result.width, result.height);
    assert_eq!(fake.connections(), 0);
}
