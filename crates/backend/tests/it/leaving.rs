//! Taking everything along and leaving nothing behind, with real photos: PR1 and PR2 whole, through objects, letters, the log and the files.

use crate::support::{Browser, Member, PASSWORD, Shop, TestApp, pictures};
use axum::http::StatusCode;
use pretty_backend::photos::pixels::checksum;
use pretty_backend::store::entity::{identity, user};
use pretty_backend::{objects, privacy, work, worker};
use pretty_contract::export::Format;
use sea_orm::{ActiveModelTrait as _, DatabaseBackend, EntityTrait as _, IntoActiveModel as _};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tracing::instrument::WithSubscriber as _;

const DAY: Duration = Duration::from_secs(86_400);

/// Somebody who came by the pages, with an app that is signed in.
async fn member_of(app: &TestApp, email: &str) -> Member {
    let all = user::Entity::find().all(app.database.store.reader()).await.unwrap();
    let user = all.into_iter().find(|user| user.email == email).unwrap();
    app.signed_in_again(Member { id: user.id, user, token: String::new() }).await
}

/// The files of an archive, found as programs find them: from the directory at its end.
fn unpacked(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let number = |at: usize, bytes: usize| {
        archive[at..at + bytes].iter().rev().fold(0_usize, |number, byte| number << 8 | usize::from(*byte))
    };
    let end = archive.len() - 22;
    assert_eq!(&archive[end..end + 4], b"PK\x05\x06", "an archive without an end");
    let (entries, mut at) = (number(end + 10, 2), number(end + 16, 4));
    let mut files = BTreeMap::new();
    for _ in 0..entries {
        assert_eq!(&archive[at..at + 4], b"PK\x01\x02");
        let (size, name, extra, local) =
            (number(at + 24, 4), number(at + 28, 2), number(at + 30, 2), number(at + 42, 4));
        let title = String::from_utf8(archive[at + 46..at + 46 + name].to_vec()).unwrap();
        assert_eq!(&archive[local..local + 4], b"PK\x03\x04", "{title}");
        let start = local + 30 + number(local + 26, 2) + number(local + 28, 2);
        files.insert(title, archive[start..start + size].to_vec());
        at += 46 + name + extra;
    }
    assert_eq!(at, end, "nothing between directory and end");
    files
}

/// A job whose result is there; what the app is told of it.
async fn done(app: &TestApp, mara: &Member, kind: &str, photos: &[&str]) -> Value {
    let (variant, price) = match kind {
        "enhance" => ("upscale_2x", 4),
        "compare" => ("standard", 3),
        _ => ("standard", 2),
    };
    let body = json!({"kind": kind, "variant": variant, "photos": photos, "price": price});
    let asked = app.keyed("/v1/jobs", &mara.token, &format!("{kind} {photos:?}").replace(' ', "-"), body).await;
    assert_eq!(asked.status, StatusCode::CREATED, "{}", asked.text);
    Box::pin(work::work_due(app)).await;
    let id = asked.json()["id"].as_str().unwrap().to_owned();
    let job = app.api("GET", &format!("/v1/jobs/{id}"), Some(&mara.token), None).await.json();
    assert_eq!(job["state"], "succeeded", "{job}");
    job
}

/// Every sentence in what came of a job.
fn sentences(said: &Value) -> Vec<String> {
    match said {
        Value::String(text) if text.contains(' ') => vec![text.clone()],
        Value::Array(list) => list.iter().flat_map(sentences).collect(),
        Value::Object(object) => object.values().flat_map(sentences).collect(),
        _ => Vec::new(),
    }
}

on_both! {
    async fn pr1_photos_results_and_critiques_are_in_the_archive(database) {
        let shop = Shop::open(database).await;
        let app: &TestApp = &shop.app;
        let mut browser = Browser::new(app);
        browser.sign_up("mara@example.org").await;
        let mara = member_of(app, "mara@example.org").await;
        shop.bought(&mara.user, "pack_small").await;
        app.letters().await;
        let bea = app.member("bea@example.org", 0).await;
        let one = app.upload(&mara, &pictures::jpeg(120, 80), "image/jpeg").await;
        let two = app.upload(&mara, &pictures::plain(64, 48, Format::Png), "image/png").await;
        let gone = app.upload(&mara, &pictures::plain(40, 30, Format::Png), "image/png").await;
        app.upload(&bea, &pictures::plain(33, 22, Format::Png), "image/png").await;
        let mut jobs = Vec::new();
        for (kind, photos) in [("critique", vec![&*one]), ("enhance", vec![&*one]), ("compare", vec![&*one, &*two])] {
            jobs.push(done(app, &mara, kind, &photos).await);
        }
        browser.get("/account/data").await;
        browser.submit("/account/data/ask", &[]).await;
        privacy::work(app).await;
        app.letter("Your data is ready").await;
        // What comes or goes after it was made.
        app.api("DELETE", &format!("/v1/photos/{gone}"), Some(&mara.token), None).await;
        app.database.clock.advance(Duration::from_secs(1));
        app.upload(&mara, &pictures::plain(50, 50, Format::Png), "image/png").await;
        browser.get("/account/data").await;
        let fetched = browser.submit("/account/data/fetch", &[("password", PASSWORD)]).await;
        assert_eq!(fetched.header("content-type"), "application/zip", "{}", fetched.text);
        assert_eq!(fetched.header("content-length"), fetched.bytes.len().to_string());
        let files = unpacked(&fetched.bytes);
        let names: Vec<&str> = files.keys().map(String::as_str).filter(|name| name.contains('/')).collect();
        let enhanced = jobs[1]["id"].as_str().unwrap();
        let result = format!("results/{enhanced}.jpg");
        let mut expected = [format!("photos/{one}.jpg"), format!("photos/{two}.png"), result.clone()];
        expected.sort();
        assert_eq!(names, expected);
        for (path, name) in [
            (format!("/v1/photos/{one}/content"), format!("photos/{one}.jpg")),
            (format!("/v1/photos/{two}/content"), format!("photos/{two}.png")),
            (format!("/v1/jobs/{enhanced}/result"), result.clone()),
        ] {
            let (_, stored) = app.fetch(&path, &mara.token, None).await;
            assert!(files[&name] == stored && !stored.is_empty(), "{name}");
        }
        assert_eq!(checksum(&files[&result]), jobs[1]["result"]["sha256"].as_str().unwrap());
        assert!(String::from_utf8_lossy(&files["photos.json"]).contains(&one));
        // What was asked and what was said stand there as what they are, for people and programs, not as text in a text.
        let listed: Value = serde_json::from_slice(&files["jobs.json"]).unwrap();
        let listed = listed["jobs"].as_array().unwrap();
        assert_eq!(listed.len(), 3);
        for (job, provider) in jobs.iter().zip(["Anthropic", "Replicate", "Anthropic"]) {
            let row = listed.iter().find(|row| row["id"] == job["id"]).unwrap();
            assert_eq!((&row["result"], &row["provider"]), (&job["result"], &json!(provider)));
            assert_eq!(row["request"]["photos"], job["photos"]);
        }
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What of `needles` is in a file of a folder, in any of the forms in which it might be.
fn found_in(folder: &Path, needles: &[Vec<u8>]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(found_in(&path, needles));
            continue;
        }
        let content = std::fs::read(&path).unwrap();
        for needle in needles {
            if content.windows(needle.len()).any(|window| window == needle) {
                found.push(format!("{} in {}", String::from_utf8_lossy(needle), path.display()));
            }
        }
    }
    found
}

on_both! {
    async fn pr2_nothing_is_left_in_tables_objects_letters_log_or_files(database) {
        let log = Log::default();
        let writer = log.clone();
        let subscriber =
            tracing_subscriber::fmt().json().with_env_filter("pretty_backend=debug").with_writer(move || writer.clone()).finish();
        Box::pin(leaves_nothing(database)).with_subscriber(subscriber).await;
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        // Not all of it: what is logged while another test begins to listen may be missed.
        assert!(log.contains("an account is gone"), "{log}");
        for trace in ["mara@example.org", "Lindqvist", "harbour lantern", GOOGLE, "Sandbox reading"] {
            assert!(!log.to_lowercase().contains(&trace.to_lowercase()), "{trace} in the log");
        }
    }
}

/// What Google calls her.
const GOOGLE: &str = "118273645546372819283";

async fn connect_google(app: &TestApp, user: uuid::Uuid) {
    let row = identity::Model {
        id: app.world.new_id().unwrap(),
        user_id: user,
        issuer: app.settings.google.issuer.clone(),
        subject: GOOGLE.to_owned(),
        email: "mara.lindqvist@gmail.example".to_owned(),
        created_at: app.world.now(),
    };
    let tx = app.store.write_transaction().await.unwrap();
    identity::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(&*tx).await.unwrap();
    tx.commit().await.unwrap();
}

async fn leaves_nothing(database: crate::support::TestDatabase) {
    let shop = Shop::open(database).await;
    let app: &TestApp = &shop.app;
    let mut browser = Browser::new(app);
    browser.sign_up("mara@example.org").await;
    let mara = member_of(app, "mara@example.org").await;
    shop.bought(&mara.user, "pack_small").await;
    connect_google(app, mara.id).await;
    let photos = [(pictures::jpeg(120, 80), "image/jpeg"), (pictures::plain(64, 48, Format::Png), "image/png")];
    let mut needles = vec![b"mara@example.org".to_vec(), b"Lindqvist".to_vec(), mara.id.as_bytes().to_vec()];
    needles.extend([mara.id.to_string(), mara.id.simple().to_string()].map(String::into_bytes));
    // How she came: Google's name of her, her address in the network, her browser.
    needles.extend([GOOGLE, "198.51.100.7", "Firefox/140.0", "Firefox on Linux"].map(|text| text.as_bytes().to_vec()));
    let mut ids = Vec::new();
    for (file, media_type) in &photos {
        let id: uuid::Uuid = app.upload(&mara, file, media_type).await.parse().unwrap();
        let (_, stored) = app.fetch(&format!("/v1/photos/{id}/content"), &mara.token, None).await;
        needles.extend(
            [checksum(file), checksum(&stored), id.to_string(), id.simple().to_string()].map(String::into_bytes),
        );
        needles.push(id.as_bytes().to_vec());
        // Some of its pixels, as they lie in the file.
        needles.push(stored[stored.len() / 2..][..24].to_vec());
        ids.push(id.to_string());
    }
    // What came of them: every sentence that was said, and the picture.
    let mut jobs = Vec::new();
    for (kind, photos) in [("critique", &ids[..1]), ("enhance", &ids[..1]), ("compare", &ids[..])] {
        let job = done(app, &mara, kind, &photos.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let id: uuid::Uuid = job["id"].as_str().unwrap().parse().unwrap();
        jobs.extend([id.to_string(), id.simple().to_string()]);
        let said = sentences(&job["result"]);
        assert!(kind == "enhance" || said.len() > 7, "{job}");
        needles.extend(said.into_iter().map(String::into_bytes));
        if let Some(sha256) = job["result"]["sha256"].as_str() {
            let (_, picture) = app.fetch(&format!("/v1/jobs/{id}/result"), &mara.token, None).await;
            needles.extend([sha256.as_bytes().to_vec(), picture[picture.len() / 2..][..24].to_vec()]);
        }
    }
    // An upload that is not whole, an archive that nobody fetched, a letter that cannot leave.
    app.keyed(
        "/v1/uploads",
        &mara.token,
        "half",
        serde_json::json!({"bytes": 9, "sha256": "0".repeat(64), "media_type": "image/png"}),
    )
    .await;
    browser.get("/account/data").await;
    browser.submit("/account/data/ask", &[]).await;
    privacy::work(app).await;
    app.letters().await;
    browser.get("/forgot").await;
    browser.submit("/forgot", &[("email", "mara@example.org")]).await;
    let folder = app.database.folder.path().to_owned();
    assert!(!found_in(&folder, &needles).is_empty(), "the search finds what is there");

    browser.get("/account/delete").await;
    assert_eq!(
        browser.submit("/account/delete", &[("password", PASSWORD), ("plan", "now")]).await.status,
        StatusCode::OK
    );
    app.database.clock.advance(DAY * 7);
    privacy::work(app).await;
    let letters = app.letters().await;
    let certificate = letters.iter().find(|letter| letter.subject == "Your account is deleted").unwrap();
    assert!(
        [
            "photo =C3=97 2",
            "job with its result =C3=97 3",
            "picture that came of a job =C3=97 1",
            "connection to Google",
            "file on its way up"
        ]
        .iter()
        .all(|thing| certificate.raw.contains(thing)),
        "{}",
        certificate.raw
    );
    assert!(app.objects.of_person(mara.id).await.unwrap().is_empty());
    // The certificate was the last letter; it is forgotten after thirty days, as every letter is.
    app.database.clock.advance(DAY * 31);
    worker::sweep(app).await;
    objects::sweep(app, 100).await.unwrap();
    let text: Vec<String> = needles.iter().filter_map(|needle| String::from_utf8(needle.clone()).ok()).collect();
    for table in super::privacy::tables(&app.database).await {
        let content = super::privacy::everything_in(&app.database, &table).await;
        for needle in text.iter().filter(|needle| needle.is_ascii()) {
            assert!(!content.contains(&needle.to_lowercase()), "{needle} is left in {table}");
        }
        // The books name what credits were held for: an id that leads nowhere any more.
        for id in jobs.iter().filter(|_| !table.starts_with("ledger_")) {
            assert!(!content.contains(id), "the job {id} is left in {table}");
        }
    }
    // Nor do those who worked for it know who it was, and nothing lies there any more.
    assert!(!format!("{:?}", shop.stripe().objects("customer")).contains("mara@example.org"));
    assert_eq!(shop.sandbox.control().replicate().files_kept(), 0);
    // The files themselves: objects, letters, and what SQLite keeps of deleted rows.
    if app.store.backend() == DatabaseBackend::Sqlite {
        app.store.close().await;
    }
    assert_eq!(found_in(&folder, &needles), Vec::<String>::new());
    let of_jobs: Vec<Vec<u8>> = jobs.into_iter().map(String::into_bytes).collect();
    let elsewhere: Vec<String> =
        found_in(&folder, &of_jobs).into_iter().filter(|found| !found.contains("pretty.sqlite3")).collect();
    assert_eq!(elsewhere, Vec::<String>::new());
}
