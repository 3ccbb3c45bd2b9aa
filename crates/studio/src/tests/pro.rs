//! The link to the service, against a small one on loopback: signing in, Pro jobs through every fault, and what must never leave.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pretty_contract::account::{AccountState, Reach};
use pretty_contract::cloud::{ProJob, ProResult, ProStage, WaitReason};
use pretty_contract::photo::PhotoState;
use pretty_contract::problem::Code;
use serde_json::{Value, json};

use super::fake_service::{Cut, Fake, sha256};
use super::harness::{Stage, TestHost, folders};
use super::scripted::Scripted;
use crate::account::secrets::{Secrets, Vault};
use crate::link::Link;

/// A keychain that outlives the program.
#[derive(Clone, Default)]
struct Chain(Arc<Mutex<HashMap<String, String>>>);

impl Vault for Chain {
    fn load(&self, name: &str) -> Result<Option<String>, String> {
        Ok(self.0.lock().unwrap().get(name).cloned())
    }

    fn save(&self, name: &str, secret: &str) -> Result<(), String> {
        self.0.lock().unwrap().insert(name.into(), secret.into());
        Ok(())
    }

    fn delete(&self, name: &str) -> Result<(), String> {
        self.0.lock().unwrap().remove(name);
        Ok(())
    }
}

fn start(fake: &Fake, chain: &Chain, folder: tempfile::TempDir) -> Stage {
    let places = folders(&folder.path().join("app"));
    let link = Link::open_with(&places, &fake.address, Secrets::new(chain.clone(), &fake.address));
    Stage::with_link(Scripted::default(), TestHost::default(), folder, link)
}

/// Ends the program and starts it again on the same folder.
fn restart(stage: Stage, fake: &Fake, chain: &Chain) -> Stage {
    let Stage { folder, studio, .. } = stage;
    studio.shut_down();
    drop(studio);
    start(fake, chain, folder)
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{what} never came");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What a browser does in which the person signs in.
fn browse(address: &str) {
    let url = url::Url::parse(address).unwrap();
    let value = |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    assert_eq!(value("code_challenge_method"), "S256");
    let back = url::Url::parse(&value("redirect_uri")).unwrap();
    let host = format!("127.0.0.1:{}", back.port().unwrap());
    let mut stream = TcpStream::connect(&host).unwrap();
    let target = format!("{}?code=right-code&state={}", back.path(), value("state"));
    stream.write_all(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    assert!(page.contains("You are signed in"), "{page}");
}

fn sign_in(stage: &Stage) {
    stage.ask("sign_in", Value::Null);
    let address = stage.host.browsed.lock().unwrap().last().unwrap().clone();
    browse(&address);
    wait_signed_in(stage);
}

fn wait_signed_in(stage: &Stage) {
    until("the account", || {
        let online = stage.snapshot().online;
        matches!(online.account, AccountState::SignedIn { account: Some(_), .. }).then_some(())?;
        online.connection.synced_at.map(|_| ())
    });
}

fn photo(stage: &Stage) -> PathBuf {
    let path = stage.photos().join("secret name.jpg");
    let picture = image::RgbImage::from_fn(640, 480, |x, y| image::Rgb([x as u8, y as u8, (x * y) as u8]));
    picture.save(&path).unwrap();
    // A place in the EXIF: GPS latitude as text would be found in traffic.
    let jpeg = std::fs::read(&path).unwrap();
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x0e\0\x02\0\0\0\x10\0\0\0\x1a\0\0\0\0".to_vec();
    exif.extend(b"GPS 59.329N here");
    let mut whole = jpeg[..2].to_vec();
    whole.extend([0xff, 0xe1]);
    whole.extend(((exif.len() + 2) as u16).to_be_bytes());
    whole.extend(exif);
    whole.extend(&jpeg[2..]);
    std::fs::write(&path, whole).unwrap();
    path
}

fn submit(stage: &Stage, kind: &str, price: i64) -> String {
    let path = photo(stage);
    let ids = stage.add_all(&[path]);
    submit_for(stage, kind, price, ids[0].0)
}

fn submit_for(stage: &Stage, kind: &str, price: i64, photo: u32) -> String {
    let made = stage.ask(
        "submit_pro_jobs",
        json!({ "kind": kind, "variant": "standard", "photos": [photo], "options": {}, "each": price,
        "sends": { "to": "Anthropic", "long_edge": 400, "media_type": "image/jpeg" }, "agreed": true }),
    );
    made["ids"][0].as_str().unwrap().to_owned()
}

fn job(stage: &Stage, id: &str) -> ProJob {
    stage.snapshot().pro_jobs.into_iter().find(|job| job.id == id).unwrap()
}

fn wait_stage(stage: &Stage, id: &str, wanted: impl Fn(&ProStage) -> bool) -> ProJob {
    let mut last = None;
    let began = Instant::now();
    loop {
        let job = job(stage, id);
        if wanted(&job.stage) {
            return job;
        }
        last.replace(job.stage);
        assert!(began.elapsed() < Duration::from_secs(60), "the stage never came; the last was {last:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn is_done(stage: &ProStage) -> bool {
    matches!(stage, ProStage::Done { .. })
}

#[test]
fn signed_in_once_kept_and_signed_out_from_elsewhere() {
    let (fake, chain) = (Fake::start(), Chain::default());
    let stage = start(&fake, &chain, tempfile::tempdir().unwrap());
    sign_in(&stage);
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
        ("policy", Value::Null),
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
fn a_critique_from_the_photo_to_the_document() {
    let (fake, chain) = (Fake::start(), Chain::default());
    let stage = start(&fake, &chain, tempfile::tempdir().unwrap());
    sign_in(&stage);
    let id = submit(&stage, "critique", 1);
    let done = wait_stage(&stage, &id, is_done);
    let ProStage::Done { result: ProResult::Critique { id: critique } } = done.stage else { panic!() };
    assert_eq!(fake.world().captured, [1]);
    // What left: no name, no place, no metadata; and the ledger says so.
    let traffic = fake.world().traffic.clone();
    for secret in ["secret name", "59.329N", "Exif", "refresh-0"] {
        assert!(!traffic.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret} left this computer");
    }
    let sent = fake.world().photos.values().next().unwrap().clone();
    let picture = image::load_from_memory(&sent).unwrap();
    assert_eq!((picture.width(), picture.height()), (400, 300));
    let lines = stage.ask("privacy_ledger", json!({ "limit": 50, "what": "photo" }));
    assert_eq!((&lines["lines"][0]["bytes"], &lines["lines"][0]["copy"]["kind"]), (&json!(sent.len()), &json!("kept")));
    assert_eq!(stage.snapshot().online.spending.this_month, 1);
    // Tried out, for nothing.
    let view = until("the critique", || stage.studio.command("critique", json!({ "id": critique })).ok());
    assert_eq!(view["can_try"], json!([true, false]));
    assert!(stage.studio.serve(view["picture"].as_str().unwrap()).unwrap().bytes == sent);
    let tried = stage.ask("try_suggestion", json!({ "id": critique, "suggestion": 0 }));
    assert!(
        tried["recipe"]["steps"]
            .as_array()
            .unwrap()
            .iter()
            .any(|step| step["step"] == "tone" && step["strength"] == 0.5)
    );
    for (format, start) in [("markdown", "# Critique of"), ("pdf", "%PDF-")] {
        let path = stage.folder.path().join(format);
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
    let (fake, chain) = (Fake::start(), Chain::default());
    let stage = start(&fake, &chain, tempfile::tempdir().unwrap());
    sign_in(&stage);
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
fn nothing_goes_to_a_company_without_consent() {
    let (fake, chain) = (Fake::start(), Chain::default());
    let stage = start(&fake, &chain, tempfile::tempdir().unwrap());
    sign_in(&stage);
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
fn stopped_while_its_copies_are_made_a_job_stays_stopped() {
    let (fake, chain) = (Fake::start(), Chain::default());
    let stage = start(&fake, &chain, tempfile::tempdir().unwrap());
    sign_in(&stage);
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
fn counts_of_use_are_sent_only_where_they_were_switched_on() {
    let (fake, chain) = (Fake::start(), Chain::default());
    let stage = start(&fake, &chain, tempfile::tempdir().unwrap());
    sign_in(&stage);
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
fn an_enhanced_photo_is_verified_and_what_is_none_is_not_saved() {
    let (fake, chain) = (Fake::start(), Chain::default());
    let stage = start(&fake, &chain, tempfile::tempdir().unwrap());
    sign_in(&stage);
    let nonsense = b"no photo at all".to_vec();
    let enhance = |bytes: &[u8], sum: &str| json!({ "state": "succeeded", "result": { "kind": "enhance", "width": 9, "height": 9, "bytes": bytes.len(), "sha256": sum, "media_type": "image/jpeg" } });
    let mut picture = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(90, 60, image::Rgb([1, 2, 3]))
        .write_to(&mut picture, image::ImageFormat::Jpeg)
        .unwrap();
    let picture = picture.into_inner();
    let ids = stage.add_all(&[photo(&stage)]);
    for (bytes, sum, code) in
        [(&nonsense, sha256(&nonsense), Code::NotAPhoto), (&picture, sha256(b"other"), Code::ResultRefused)]
    {
        fake.world().outcome = enhance(bytes, &sum);
        fake.world().result = bytes.clone();
        let id = submit_for(&stage, "enhance", 1, ids[0].0);
        let failed = wait_stage(&stage, &id, |stage| matches!(stage, ProStage::Failed { .. }));
        assert!(matches!(failed.stage, ProStage::Failed { problem, charged: true } if problem.code == code));
    }
    assert_eq!(std::fs::read_dir(stage.photos()).unwrap().count(), 1, "something was saved that is no photo");
    fake.world().outcome = enhance(&picture, &sha256(&picture));
    fake.world().result = picture.clone();
    let id = submit_for(&stage, "enhance", 1, ids[0].0);
    let done = wait_stage(&stage, &id, is_done);
    let ProStage::Done { result: ProResult::Enhanced { file } } = done.stage else { panic!() };
    assert_eq!(std::fs::read(&file.path).unwrap(), picture);
    assert!(file.path.ends_with("secret name-enhanced.jpg"));
}

#[test]
fn a_failed_or_stopped_job_costs_nothing() {
    let (fake, chain) = (Fake::start(), Chain::default());
    let stage = start(&fake, &chain, tempfile::tempdir().unwrap());
    sign_in(&stage);
    fake.world().outcome =
        json!({ "state": "failed", "fault": { "code": "provider", "message": "The model broke off." } });
    let id = submit(&stage, "critique", 1);
    let failed = wait_stage(&stage, &id, |stage| matches!(stage, ProStage::Failed { .. }));
    assert!(
        matches!(failed.stage, ProStage::Failed { problem, charged: false } if problem.message.contains("Nothing was charged"))
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

#[test]
fn nonsense_in_the_services_place_is_told_and_passes() {
    let (fake, chain) = (Fake::start(), Chain::default());
    let stage = start(&fake, &chain, tempfile::tempdir().unwrap());
    sign_in(&stage);
    for (status, body, code) in [
        (200, "nonsense", Code::ServiceNotUnderstood),
        (302, "", Code::ConnectionIntercepted),
        (500, "<html>", Code::ServiceFailed),
        (429, r#"{"code":"rate_limited","message":"Wait."}"#, Code::RateLimited),
        (418, r#"{"code":"from_the_future","message":"New."}"#, Code::ServiceRefused),
    ] {
        fake.world().instead = vec![("GET /v1/policy", status, body.into())];
        assert_eq!(stage.refusal("policy", Value::Null).code, code, "{status} {body}");
    }
    fake.world().instead.clear();
    stage.ask("refresh_account", Value::Null);
}

/// The program is ended, or the network breaks, at every request of a job's life in turn; then all goes on. Whatever happens, the job ends once
/// and is paid for once.
/// What the window asks for after its quote: the same price, the same that is sent.
fn request_as_shown(stage: &Stage, kind: &str) -> (Value, i64) {
    let ids = stage.add_all(&[photo(stage)]);
    let quote = stage.ask("quote", json!({ "kind": kind, "variant": "standard", "photos": [ids[0].0] }));
    let request = json!({ "kind": kind, "variant": "standard", "photos": [ids[0].0], "options": {}, "each": quote["each"],
        "sends": quote["sends"], "agreed": true });
    (request, quote["price"].as_i64().unwrap())
}

/// A service whose enhancements are this picture.
fn service_with_a_picture() -> (Fake, Vec<u8>) {
    let fake = Fake::start();
    let mut picture = std::io::Cursor::new(Vec::new());
    let pixels = image::RgbImage::from_fn(180, 120, |x, y| image::Rgb([x as u8, y as u8, 3]));
    pixels.write_to(&mut picture, image::ImageFormat::Jpeg).unwrap();
    let picture = picture.into_inner();
    (fake, picture)
}

/// The life of one job, broken off at one request, once.
fn live_through(kind: &str, cut: Option<(usize, Cut)>, ends: bool) -> usize {
    let ((fake, picture), chain) = (service_with_a_picture(), Chain::default());
    let mut stage = start(&fake, &chain, tempfile::tempdir().unwrap());
    fake.world().price = 3;
    if kind == "enhance" {
        fake.world().outcome = json!({ "state": "succeeded", "result": { "kind": "enhance", "width": 180, "height": 120,
            "bytes": picture.len(), "sha256": sha256(&picture), "media_type": "image/jpeg" } });
        fake.world().result = picture.clone();
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
        assert_eq!(std::fs::read_dir(stage.photos()).unwrap().count(), 2, "the photo and one result: {case}");
    }
    requests
}

#[test]
fn broken_off_at_any_request_a_job_is_done_and_what_was_shown_is_paid_once() {
    for kind in ["critique", "enhance"] {
        let whole = live_through(kind, None, false);
        assert!(whole >= 4, "upload, piece, job, answer: {whole}");
        for at in 1..=whole {
            for (cut, ends) in [(Cut::Before, false), (Cut::After, false), (Cut::After, true)] {
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
    let stage = restart(stage, &fake, &chain);
    until("the rest of the batch", || {
        let photos = stage.snapshot().photos;
        let names: Vec<&str> = photos.iter().map(|photo| photo.name.as_str()).collect();
        let done = photos.iter().all(|photo| matches!(photo.state, PhotoState::Done { .. }));
        (names == ["1.jpg", "2.jpg"] && done && photos[1].recipe.steps.len() == 1).then_some(())
    });
    assert_eq!(fake.connections(), 0);
}
