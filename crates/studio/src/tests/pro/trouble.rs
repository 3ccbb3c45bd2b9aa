//! What else may be wrong on the way: on this computer, with the certificate, with a service that is newer than the program.

use super::*;

fn told(stage: &Stage) -> Vec<String> {
    stage.host.notified.lock().unwrap().clone()
}

/// What was paid, and how many jobs there are.
fn ended(fake: &Fake) -> (Vec<i64>, usize) {
    let world = fake.world();
    (world.captured.clone(), world.jobs.len())
}

fn enhanced(fake: &Fake) -> Vec<u8> {
    let picture = enhanced_photo();
    fake.world().enhances_to(&picture, &sha256(&picture));
    picture
}

#[test]
fn a_photo_that_is_gone_before_its_copy_is_made_costs_nothing() {
    let (fake, _, stage) = signed_in();
    let path = photo(&stage);
    let ids = stage.add_all(std::slice::from_ref(&path));
    std::fs::remove_file(&path).unwrap();
    let id = submit_for(&stage, "critique", 1, ids[0].0);
    let failed = wait_stage(&stage, &id, |stage| matches!(stage, ProStage::Failed { .. }));
    let ProStage::Failed { problem, charge: Charge::No } = &failed.stage else { panic!("{:?}", failed.stage) };
    assert_eq!(problem.code, Code::FileMissing);
    let (paid, jobs) = ended(&fake);
    assert!(paid.is_empty() && jobs == 0);
    let said = until("the notification", || told(&stage).first().cloned());
    assert!(said.starts_with("A Pro job failed: secret name.jpg"), "{said}");
}

#[test]
fn a_photo_that_is_gone_after_its_copy_was_made_is_not_missed() {
    let (fake, _, stage) = signed_in();
    stage.ask("set_offline", json!({ "offline": true }));
    let id = submit(&stage, "critique", 1);
    until("the copy", || job(&stage, &id).photos[0].sent.clone());
    std::fs::remove_file(stage.photos().join("secret name.jpg")).unwrap();
    stage.ask("set_offline", json!({ "offline": false }));
    wait_stage(&stage, &id, is_done);
    assert_eq!(ended(&fake), (vec![1], 1));
}

#[test]
fn a_result_that_cannot_be_kept_waits_and_is_fetched_later_without_being_paid_again() {
    let (fake, _, stage) = signed_in();
    let picture = enhanced(&fake);
    // No folder can be made where a file is: as good as one that may not be written to.
    let arriving = folders(&stage.folder.path().join("app")).data.join("arriving");
    let _ = std::fs::remove_dir_all(&arriving);
    std::fs::write(&arriving, "in the way").unwrap();
    let id = submit(&stage, "enhance", 1);
    wait_stage(&stage, &id, |stage| *stage == ProStage::Waiting { reason: WaitReason::Folder });
    assert_eq!(fake.world().captured, [1]);
    assert!(told(&stage).is_empty(), "nothing has ended: {:?}", told(&stage));
    std::fs::remove_file(&arriving).unwrap();
    let done = wait_stage(&stage, &id, is_done);
    let ProStage::Done { result: ProResult::Enhanced { file } } = done.stage else { panic!() };
    assert_eq!(std::fs::read(&file.path).unwrap(), picture);
    assert_eq!(ended(&fake), (vec![1], 1));
    let said = until("the notification", || told(&stage).first().cloned());
    assert_eq!((said.as_str(), told(&stage).len()), ("A Pro job is done: secret name.jpg", 1));
}

#[test]
fn a_critique_of_a_newer_service_is_shown_as_far_as_it_is_understood() {
    let (fake, _, stage) = signed_in();
    fake.world().outcome = json!({ "state": "succeeded", "mood": "good", "result": { "kind": "critique", "critique": {
        "summary": "A hill.", "strengths": [], "measured_by": "test", "smell": 3,
        "findings": [{ "number": 1, "dimension": "smell", "title": "Pine", "text": "Strong.", "evidence": "Needles",
            "confidence": "absolute", "severity": "cosmic" }],
        "scores": [{ "dimension": "smell", "score": 9, "reason": "Pine." }],
        "suggestions": [{ "text": "Dance", "action": { "dance": { "steps": 3 } } },
            { "text": "Level", "action": { "straighten": { "degrees": 2.0 } } }]
    } } });
    let id = submit(&stage, "critique", 1);
    let done = wait_stage(&stage, &id, is_done);
    let ProStage::Done { result: ProResult::Critique { id } } = done.stage else { panic!() };
    let view = until("the critique", || stage.studio.command("critique", json!({ "id": id })).ok());
    assert_eq!(view["critique"]["findings"][0]["dimension"], "unknown");
    assert_eq!(view["can_try"], json!([false, true]));
}

#[test]
fn a_certificate_that_nobody_vouches_for_ends_the_call_before_anything_is_said() {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    let heard = Arc::new(Mutex::new(Vec::new()));
    std::thread::spawn({
        let heard = heard.clone();
        move || {
            for mut stream in listener.incoming().flatten() {
                let mut tls = rustls::ServerConnection::new(Arc::new(config.clone())).unwrap();
                let mut text = Vec::new();
                let _ = rustls::Stream::new(&mut tls, &mut stream).read_to_end(&mut text);
                heard.lock().unwrap().extend(text);
            }
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let places = folders(&folder.path().join("app"));
    let chain = Chain::default();
    let link = Link::open_with(&places, &address, Secrets::new(chain, &address));
    let stage = Stage::with_link(Scripted::default(), TestHost::default(), folder, link);
    stage.ask("sign_in", Value::Null);
    let page = stage.host.browsed.lock().unwrap().last().unwrap().clone();
    assert!(page.starts_with(&address));
    let _ = come_back(&page);
    let problem = until("why not", || match stage.snapshot().online.account {
        AccountState::SignedOut { notice } => notice,
        _ => None,
    });
    assert_eq!(problem.code, Code::ConnectionIntercepted, "{problem:?}");
    assert!(problem.message.contains("nothing was sent"), "{}", problem.message);
    assert!(heard.lock().unwrap().is_empty(), "something was said to nobody one knows");
}

#[test]
fn a_clock_that_is_years_wrong_does_no_harm() {
    for date in ["Sun, 06 Nov 1994 08:49:37 GMT", "Thu, 01 Jul 2100 12:00:00 GMT"] {
        let (fake, chain) = (Fake::start(), Chain::default());
        fake.world().date = Some(date.into());
        let stage = start(&fake, &chain, tempfile::tempdir().unwrap());
        sign_in(&stage);
        let id = submit(&stage, "critique", 1);
        wait_stage(&stage, &id, is_done);
        let picture = enhanced(&fake);
        let photo = stage.snapshot().photos[0].id.0;
        let id = submit_for(&stage, "enhance", 1, photo);
        wait_stage(&stage, &id, is_done);
        assert_eq!(picture, fake.world().result);
        assert_eq!((ended(&fake), stage.snapshot().online.spending.this_month), ((vec![1, 1], 2), 2), "{date}");
        // The service's own moments are shown by its clock.
        let year = |micros: i64| 1970 + micros / 31_556_952_000_000;
        let synced = stage.snapshot().online.connection.synced_at.unwrap();
        assert_eq!(year(synced).to_string(), date[12..16], "{date}");
        let stage = restart(stage, &fake, &chain);
        wait_signed_in(&stage);
        assert_eq!(fake.world().reused, 0);
    }
}

/// A file system of some bytes, for as long as this lives. None where nobody may mount one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: PathBuf, bytes: u32) -> Option<Self> {
        std::fs::create_dir_all(&at).unwrap();
        let size = format!("size={bytes}");
        let mut mount = std::process::Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&at).stderr(std::process::Stdio::null());
        mounted.status().is_ok_and(|status| status.success()).then_some(Self(at))
    }

    fn grow(&self, bytes: u32) {
        let size = format!("remount,size={bytes}");
        assert!(std::process::Command::new("mount").args(["-o", &size]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_said_and_what_was_on_its_way_comes_when_there_is_room() {
    let (fake, _, stage) = signed_in();
    let arriving = folders(&stage.folder.path().join("app")).data.join("arriving");
    let Some(disk) = SmallDisk::mount(arriving, 64 << 10) else {
        eprintln!("SKIPPED a_full_disk: only root may mount a small file system");
        return;
    };
    // Larger than there is room for.
    let pixels =
        image::RgbImage::from_fn(400, 300, |x, y| image::Rgb([(x * y) as u8, (x ^ y) as u8, (x * 7 + y * y) as u8]));
    let mut picture = std::io::Cursor::new(Vec::new());
    pixels.write_to(&mut picture, image::ImageFormat::Png).unwrap();
    let picture = picture.into_inner();
    assert!(picture.len() > 128 << 10, "{}", picture.len());
    fake.world().enhances_to(&picture, &sha256(&picture));
    let id = submit(&stage, "enhance", 1);
    wait_stage(&stage, &id, |stage| *stage == ProStage::Waiting { reason: WaitReason::Disk });
    assert_eq!((fake.world().captured.clone(), told(&stage)), (vec![1], Vec::new()));
    disk.grow(4 << 20);
    let done = wait_stage(&stage, &id, is_done);
    let ProStage::Done { result: ProResult::Enhanced { file } } = done.stage else { panic!() };
    assert_eq!(std::fs::read(&file.path).unwrap(), picture);
    assert_eq!(ended(&fake), (vec![1], 1));
}

#[test]
fn an_order_that_is_paid_is_noticed_without_the_services_word() {
    let (fake, _, stage) = signed_in();
    let order = |state: &str| {
        json!({ "id": "a", "product": "pack", "product_name": "Pack", "state": state, "checkout_url": null, "credits": 10,
        "price_minor": 500, "refunded_minor": 0, "currency": "eur", "created_at": crate::clock::now_micros(), "paid_at": null, "withdraw_until": null })
    };
    fake.world().orders = vec![order("open")];
    stage.ask("refresh_account", Value::Null);
    {
        let mut world = fake.world();
        (world.orders, world.available) = (vec![order("fulfilled")], 20);
    }
    until("the credits", || match stage.snapshot().online.account {
        AccountState::SignedIn { account: Some(account), .. } if account.credits.available == 20 => Some(()),
        _ => None,
    });
    assert_eq!(serde_json::to_value(stage.snapshot().online.orders[0].state).unwrap(), "fulfilled");
}
