//! The link to the service, against a small one on loopback: signing in, Pro jobs through every fault, and what must never leave.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pretty_contract::account::{AccountState, Reach};
use pretty_contract::cloud::{Charge, ProJob, ProResult, ProStage, WaitReason};
use pretty_contract::photo::PhotoState;
use pretty_contract::problem::Code;
use serde_json::{Value, json};

use super::fake_service::{Cut, Fake, sha256};
use super::harness::{Stage, TestHost, folders};
use super::scripted::Scripted;
use crate::account::secrets::{Secrets, Vault};
use crate::link::Link;

mod account;
mod broken;
mod documents;
mod jobs;
mod keychain;
mod killed;
mod paying;
mod policy;
mod results;
mod sign_out;
mod trouble;

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
    let page = come_back(address);
    assert!(page.contains("You are signed in"), "{page}");
}

/// Goes back to the program with a code; the page that is shown then.
fn come_back(address: &str) -> String {
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
    page
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
    // A place in the EXIF, which would be found in traffic, and the aperture.
    let jpeg = std::fs::read(&path).unwrap();
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x02".to_vec();
    exif.extend(b"\x01\x0e\0\x02\0\0\0\x10\0\0\0\x40\x87\x69\0\x04\0\0\0\x01\0\0\0\x26\0\0\0\0");
    exif.extend(b"\0\x01\x82\x9d\0\x05\0\0\0\x01\0\0\0\x38\0\0\0\0\0\0\0\x1c\0\0\0\x0a");
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

/// Why a job has failed, and whether that was charged.
fn wait_failed(stage: &Stage, id: &str) -> (pretty_contract::problem::Problem, Charge) {
    let job = wait_stage(stage, id, |stage| matches!(stage, ProStage::Failed { .. }));
    let ProStage::Failed { problem, charge } = job.stage else { panic!() };
    (problem, charge)
}

fn is_done(stage: &ProStage) -> bool {
    matches!(stage, ProStage::Done { .. })
}

/// Somebody who is signed in, with the service and the keychain.
fn signed_in() -> (Fake, Chain, Stage) {
    let (fake, chain) = (Fake::start(), Chain::default());
    let stage = start(&fake, &chain, tempfile::tempdir().unwrap());
    sign_in(&stage);
    (fake, chain, stage)
}

/// A photo as the service could give it back.
fn enhanced_photo() -> Vec<u8> {
    let mut picture = std::io::Cursor::new(Vec::new());
    let pixels = image::RgbImage::from_fn(90, 60, |x, y| image::Rgb([x as u8, y as u8, 3]));
    pixels.write_to(&mut picture, image::ImageFormat::Jpeg).unwrap();
    picture.into_inner()
}
