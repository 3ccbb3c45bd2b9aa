//! What changed for whom, and the stream of it: order, resume, `reset`, what others did, who may not listen.

use crate::support::{Shop, TestApp, TestDatabase, settings};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use pretty_backend::app::App;
use pretty_backend::changes::{self, ChangeKind, KEPT, Missed};
use pretty_backend::http::router;
use pretty_backend::privacy;
use pretty_backend::store::Store;
use serde_json::Value;
use std::time::Duration;
use tokio_stream::StreamExt as _;
use uuid::Uuid;

/// Longer than any wait on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// An open stream, read message by message.
struct Listening {
    body: axum::body::BodyDataStream,
    text: String,
}

#[derive(Debug, PartialEq)]
struct Message {
    event: String,
    id: String,
    data: Value,
}

impl Listening {
    fn of(response: Response) -> Self {
        assert_eq!(response.status(), StatusCode::OK);
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next message; none when the stream has ended. Comments are skipped.
    async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some((message, rest)) = self.text.split_once("\n\n") {
                let (message, rest) = (message.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    let line = message.lines().find_map(|line| line.strip_prefix(name));
                    line.unwrap_or_default().trim_start_matches(": ").trim_start_matches(':').trim().to_owned()
                };
                if message.starts_with(':') {
                    continue;
                }
                let data = serde_json::from_str(&field("data")).unwrap();
                return Some(Message { event: field("event"), id: field("id"), data });
            }
            let chunk = tokio::time::timeout(PATIENCE, self.body.next()).await.expect("nothing came")?;
            self.text += std::str::from_utf8(&chunk.unwrap()).unwrap();
        }
    }
}

async fn listen(app: &App, token: &str, last: Option<&str>) -> Response {
    use tower::ServiceExt as _;
    let mut request = Request::get("/v1/events").header("authorization", format!("Bearer {token}"));
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    router(app.clone(), axum::Router::new()).oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn note(store: &Store, app: &App, user: Uuid, kind: ChangeKind, id: Option<Uuid>) {
    let tx = store.write_transaction().await.unwrap();
    changes::note(&tx, &app.world, user, kind, id).await.unwrap();
    tx.commit().await.unwrap();
}

fn change(seq: i64, kind: &str, id: Option<Uuid>) -> Message {
    let mut data = serde_json::json!({"seq": seq, "kind": kind});
    if let Some(id) = id {
        data["id"] = id.to_string().into();
    }
    Message { event: String::new(), id: seq.to_string(), data }
}

on_both! {
    async fn changes_are_heard_as_they_happen_and_after_a_cut(database) {
        let app = TestApp::new(database);
        let mara = app.member("mara@example.org", 0).await;
        let other = app.member("other@example.org", 0).await;
        let start = changes::head(&app.store, mara.id).await.unwrap();
        let mut stream = Listening::of(listen(&app.app, &mara.token, None).await);
        assert_eq!(stream.next().await.unwrap(), Message { event: "ready".into(), id: start.to_string(), data: serde_json::json!({}) });
        let job = Uuid::from_u128(7);
        note(&app.store, &app.app, mara.id, ChangeKind::Job, Some(job)).await;
        note(&app.store, &app.app, other.id, ChangeKind::Credits, None).await;
        assert_eq!(stream.next().await.unwrap(), change(start + 1, "job", Some(job)));
        drop(stream);
        // While nobody listens.
        note(&app.store, &app.app, mara.id, ChangeKind::Credits, None).await;
        let mut stream = Listening::of(listen(&app.app, &mara.token, Some(&(start + 1).to_string())).await);
        assert_eq!(stream.next().await.unwrap(), change(start + 2, "credits", None));
        // What another replica does is heard too: its commits wake nobody here.
        let replica = Store::open(&app.database.settings, app.database.folder.path()).await.unwrap();
        note(&replica, &app.app, mara.id, ChangeKind::Order, None).await;
        assert_eq!(stream.next().await.unwrap(), change(start + 3, "order", None));
        replica.close().await;
        // A rolled back change is never heard, and leaves no gap.
        let tx = app.store.write_transaction().await.unwrap();
        changes::note(&tx, &app.world, mara.id, ChangeKind::Policy, None).await.unwrap();
        drop(tx);
        note(&app.store, &app.app, mara.id, ChangeKind::Export, None).await;
        assert_eq!(stream.next().await.unwrap(), change(start + 4, "export", None));
        // The service stops: streams end at once.
        app.stopping.cancel();
        assert_eq!(stream.next().await, None);
    }
}

on_both! {
    async fn a_stream_ends_with_its_token_and_is_silent_after_signing_out(database) {
        let app = TestApp::with(database, {
            let mut settings = settings();
            settings.accounts.access_token_seconds = 600;
            settings
        });
        let mara = app.member("mara@example.org", 0).await;
        let again = app.signed_in_again(mara.clone()).await;
        // A second of the token's time is left when the stream begins.
        app.database.clock.advance(Duration::from_secs(599));
        let begun = std::time::Instant::now();
        let mut stream = Listening::of(listen(&app.app, &mara.token, None).await);
        assert_eq!(stream.next().await.unwrap().event, "ready");
        assert_eq!(tokio::time::timeout(PATIENCE, stream.next()).await, Ok(None), "not ten minutes later");
        assert!(begun.elapsed() >= Duration::from_millis(900));
        // Another one's sign-in ends while it listens: what happens afterwards is not told.
        app.database.clock.advance(Duration::from_secs(60));
        let (stays, leaves) = (app.signed_in_again(again.clone()).await, app.signed_in_again(again).await);
        let mut staying = Listening::of(listen(&app.app, &stays.token, None).await);
        let mut leaving = Listening::of(listen(&app.app, &leaves.token, None).await);
        for stream in [&mut staying, &mut leaving] {
            assert_eq!(stream.next().await.unwrap().event, "ready");
        }
        assert_eq!(app.form("/oauth/revoke", &[("token", &leaves.token)]).await.status, StatusCode::OK);
        note(&app.store, &app.app, mara.id, ChangeKind::Job, None).await;
        assert_eq!(staying.next().await.unwrap(), change(1, "job", None));
        assert_eq!(leaving.next().await, None);
    }
}

on_both! {
    async fn money_and_data_are_heard_of(database) {
        let shop = Shop::open(database).await;
        let mara = shop.person(1).await;
        let mut stream = Listening::of(listen(&shop.app.app, &shop.token(&mara).await, None).await);
        assert_eq!(stream.next().await.unwrap().event, "ready");
        let mut seq = 0;
        let mut heard = async |kind: &str, id: Option<&str>| {
            seq += 1;
            assert_eq!(stream.next().await.unwrap(), change(seq, kind, id.map(|id| id.parse().unwrap())), "{kind}");
        };
        // Opened, then paid: the credits are there when it is told.
        let order = shop.bought(&mara, "pack_small").await;
        heard("order", Some(&order.id)).await;
        heard("order", Some(&order.id)).await;
        heard("credits", None).await;
        // Asked for, then ready.
        let export = shop.post(&mara, "/v1/account/exports", None).await.json()["id"].as_str().unwrap().to_owned();
        privacy::work(&shop.app).await;
        heard("export", Some(&export)).await;
        heard("export", Some(&export)).await;
        let name = serde_json::json!({"name": "Mara"});
        shop.app.api("PATCH", "/v1/account", Some(&shop.token(&mara).await), Some(name)).await;
        heard("account", None).await;
        shop.letters().await;
    }
}

on_both! {
    async fn too_old_is_a_reset(database) {
        let app = TestApp::new(database);
        let mara = app.member("mara@example.org", 0).await;
        for _ in 0..3 {
            note(&app.store, &app.app, mara.id, ChangeKind::Job, None).await;
        }
        let head = changes::head(&app.store, mara.id).await.unwrap();
        assert_eq!(changes::since(&app.store, mara.id, head, 10).await.unwrap(), Missed::Changes(Vec::new()));
        app.database.clock.advance(KEPT + Duration::from_secs(1));
        changes::sweep(&app.store, app.world.now()).await.unwrap();
        let mara = app.signed_in_again(mara).await;
        for last in ["0", &(head + 1000).to_string(), "-5"] {
            let mut stream = Listening::of(listen(&app.app, &mara.token, Some(last)).await);
            let message = stream.next().await.unwrap();
            assert_eq!((message.event.as_str(), message.id), ("reset", changes::head(&app.store, mara.id).await.unwrap().to_string()));
        }
        // The number after which nothing was lost is still good.
        let head = changes::head(&app.store, mara.id).await.unwrap();
        let mut stream = Listening::of(listen(&app.app, &mara.token, Some(&head.to_string())).await);
        note(&app.store, &app.app, mara.id, ChangeKind::Job, None).await;
        assert_eq!(stream.next().await.unwrap(), change(head + 1, "job", None));
        assert_eq!(listen(&app.app, &mara.token, Some("seven")).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_person_opens_only_so_many_streams() {
    let app = TestApp::new(TestDatabase::sqlite().await);
    let mara = app.member("mara@example.org", 0).await;
    let mut open = Vec::new();
    for _ in 0..12 {
        open.push(listen(&app.app, &mara.token, None).await);
    }
    assert_eq!(listen(&app.app, &mara.token, None).await.status(), StatusCode::TOO_MANY_REQUESTS);
    drop(open);
    tokio::time::timeout(PATIENCE, async {
        while app.changes.people() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("closed streams are forgotten");
    assert_eq!(listen(&app.app, &mara.token, None).await.status(), StatusCode::OK);
}
