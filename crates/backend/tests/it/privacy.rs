//! What the policy promises, by its numbers: PR1 to PR5, ME8, LE9.

use crate::support::{Browser, PASSWORD, START, TestApp, TestDatabase};
use axum::http::StatusCode;
use pretty_backend::jobs::{self, Request};
use pretty_backend::ledger::{self, Cause, Claim, ClaimState, Grant, Ledger, Source};
use pretty_backend::privacy::tables::{HELD, NOBODYS, Shown};
use pretty_backend::privacy::{self, deletion, policy, stones, usage};
use pretty_backend::store::entity::user;
use pretty_backend::store::{count_of, sql};
use sea_orm::{ConnectionTrait, DatabaseBackend, EntityTrait};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

async fn texts(database: &TestDatabase, statement: &str) -> Vec<String> {
    let reader = database.store.reader();
    let rows = reader.query_all_raw(sql(reader, statement, [])).await.unwrap();
    rows.iter().map(|row| row.try_get::<Option<String>>("", "x").unwrap().unwrap_or_default()).collect()
}

pub(crate) async fn tables(database: &TestDatabase) -> Vec<String> {
    let select = match database.store.backend() {
        DatabaseBackend::Postgres => "SELECT CAST(tablename AS TEXT) AS x FROM pg_tables WHERE schemaname = 'public'",
        _ => "SELECT name AS x FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    };
    texts(database, select).await
}

async fn columns(database: &TestDatabase, table: &str) -> Vec<String> {
    let select = match database.store.backend() {
        DatabaseBackend::Postgres => {
            format!(
                "SELECT CAST(column_name AS TEXT) AS x FROM information_schema.columns WHERE table_name = '{table}'"
            )
        }
        _ => format!("SELECT name AS x FROM pragma_table_info('{table}')"),
    };
    texts(database, &select).await
}

/// Every row of a table as text, ids and bytes in hex.
pub(crate) async fn everything_in(database: &TestDatabase, table: &str) -> String {
    let mut all = String::new();
    for column in columns(database, table).await {
        let select = match database.store.backend() {
            DatabaseBackend::Postgres => format!(
                "SELECT CASE WHEN CAST(pg_typeof({column}) AS TEXT) = 'bytea' THEN encode(CAST(CAST({column} AS TEXT) AS bytea), 'escape')
                    ELSE REPLACE(CAST({column} AS TEXT), '-', '') END AS x FROM {table}"
            ),
            _ => format!(
                "SELECT CASE WHEN typeof({column}) = 'blob' THEN LOWER(HEX({column})) ELSE CAST({column} AS TEXT) END AS x FROM {table}"
            ),
        };
        all += &texts(database, &select).await.join("\n");
    }
    all.to_lowercase()
}

async fn person(app: &TestApp, email: &str) -> user::Model {
    let all = user::Entity::find().all(app.database.store.reader()).await.unwrap();
    all.into_iter().find(|user| user.email == email).unwrap()
}

async fn give(app: &TestApp, owner: uuid::Uuid, credits: i64, order: &str) {
    let tx = app.database.store.write_transaction().await.unwrap();
    let grant = Grant {
        source: Source::Paid,
        credits,
        expires_at: None,
        order_ref: Some(order.to_owned()),
        key: format!("stripe:{order}"),
        cause: Cause::new("order", order),
    };
    Ledger::new(&tx, &app.database.world).grant(owner, grant).await.unwrap();
    tx.commit().await.unwrap();
}

async fn ask_to_delete(browser: &mut Browser<'_>) -> axum::http::StatusCode {
    browser.get("/account/delete").await;
    browser.submit("/account/delete", &[("password", PASSWORD), ("plan", "now")]).await.status
}

on_both! {
    async fn pr1_every_table_is_covered(database) {
        let mut made = tables(&database).await;
        let mut known: Vec<String> =
            HELD.iter().map(|held| held.table).chain(NOBODYS.iter().map(|(table, _)| *table)).map(str::to_owned).collect();
        made.sort();
        known.sort();
        assert_eq!(made, known, "a new table belongs into privacy::tables");
        // A table that says whose its rows are cannot pass as nobody's.
        for (table, _) in NOBODYS {
            for column in columns(&database, table).await {
                assert!(
                    !["user_id", "owner_ref", "device_id", "job_id", "email", "recipient", "name_of"].contains(&column.as_str()),
                    "{table}.{column} is somebody's"
                );
            }
        }
        // What is exported is there.
        for held in HELD {
            if let Shown::In(_, shown) = held.shown {
                let there = columns(&database, held.table).await;
                for (column, _) in shown {
                    assert!(there.iter().any(|name| name == column), "{}.{column}", held.table);
                }
            }
        }
    }
}

on_both! {
    async fn pr1_the_export_holds_it_and_is_fetched_once(database) {
        let app = TestApp::new(database);
        let mut browser = Browser::new(&app);
        browser.sign_up("mara@example.org").await;
        let mara = person(&app, "mara@example.org").await;
        give(&app, mara.owner_ref, 100, "order-1").await;
        browser.get("/account/data").await;
        browser.submit("/account/data/ask", &[]).await;
        // Asked twice is one.
        browser.post("/account/data/ask", &[]).await;
        privacy::work(&app).await;
        app.letter("Your data is ready").await;
        let page = browser.get("/account/data").await;
        assert!(page.text.contains("ready, for seven days, once"), "{}", page.text);
        let wrong = browser.submit("/account/data/fetch", &[("password", "something else 12")]).await;
        assert_eq!(wrong.status, StatusCode::FORBIDDEN);
        // Somebody else with the id finds nothing.
        let start = page.text.find("name=\"id\" value=\"").unwrap() + 17;
        let id = page.text[start..start + 36].to_owned();
        let mut other = Browser::new(&app);
        other.sign_up("bea@example.org").await;
        other.get("/account/data").await;
        let page_of_other = other.submit("/account/data/ask", &[]).await;
        assert_eq!(page_of_other.status, StatusCode::SEE_OTHER);
        privacy::work(&app).await;
        app.letter("Your data is ready").await;
        other.get("/account/data").await;
        let csrf_and_more = [("password", PASSWORD), ("id", id.as_str())];
        let stolen = other.submit("/account/data/fetch", &csrf_and_more).await;
        assert_ne!(stolen.header("content-type"), "application/zip");
        browser.get("/account/data").await;
        let fetched = browser.submit("/account/data/fetch", &[("password", PASSWORD)]).await;
        assert_eq!(fetched.header("content-type"), "application/zip", "{}", fetched.text);
        for content in
            ["README.txt", "account.json", "sign-ins.json", "letters.json", "orders.json", "ledger.csv", "jobs.json", "mara@example.org", "Mara Lindqvist", ",grant,", "welcome", "Firefox on Linux"]
        {
            assert!(fetched.text.contains(content), "{content}");
        }
        assert!(!fetched.text.contains("bea@example.org") && !fetched.text.contains("$2b$"));
        let again = browser.get("/account/data").await;
        assert!(again.text.contains("fetched or over") && !again.text.contains("Fetch it"), "{}", again.text);
        // What was fetched is removed, and so is what nobody fetched.
        app.database.clock.advance(DAY * 8);
        privacy::sweep(&app).await.unwrap();
        let left = count_of(app.database.store.reader(), "SELECT COUNT(*) AS n FROM export_parts", []).await.unwrap();
        assert_eq!(left, 0);
    }
}

on_both! {
    async fn pr1_an_archive_that_was_not_fetched_whole_can_be_fetched_again(database) {
        use pretty_backend::privacy::export;
        use tokio_stream::StreamExt as _;
        let app = TestApp::new(database);
        let mara = app.member("mara@example.org", 10).await;
        let asked = export::ask(&app, mara.id).await.unwrap();
        privacy::work(&app).await;
        app.letter("Your data is ready").await;
        let state = async || export::find(&app, mara.id, asked.id).await.unwrap().unwrap().state;
        let again = async || {
            for _ in 0..1000 {
                if let Some(found) = export::fetch(&app, mara.id, asked.id).await.unwrap() {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            panic!("it cannot be fetched again");
        };
        // Nobody takes a byte of it; then one takes the first piece.
        for pieces in [0, 1] {
            let (length, body) = again().await;
            assert!(export::fetch(&app, mara.id, asked.id).await.unwrap().is_none(), "one at a time");
            let mut stream = body.into_data_stream();
            let mut got = 0;
            for _ in 0..pieces {
                got += stream.next().await.unwrap().unwrap().len() as u64;
            }
            assert!(got < length);
            drop(stream);
        }
        // When it was broken off with the process, its lease runs out.
        let (_, unread) = again().await;
        app.database.clock.advance(Duration::from_secs(3600));
        assert_eq!(state().await, "ready");
        // One that is under way when its time is over is spared by the sweep.
        app.database.clock.advance(DAY * 7 - Duration::from_secs(3600 + 60));
        let (length, body) = export::fetch(&app, mara.id, asked.id).await.unwrap().unwrap();
        app.database.clock.advance(Duration::from_secs(120));
        privacy::sweep(&app).await.unwrap();
        let archive = axum::body::to_bytes(body, 16 << 20).await.unwrap();
        assert_eq!((archive.len() as u64, state().await.as_str()), (length, "gone"));
        assert!(export::fetch(&app, mara.id, asked.id).await.unwrap().is_none(), "once");
        drop(unread);
        privacy::sweep(&app).await.unwrap();
        let left = count_of(app.database.store.reader(), "SELECT COUNT(*) AS n FROM export_parts", []).await.unwrap();
        assert_eq!(left, 0);
    }
}

on_both! {
    async fn pr2_le9_nothing_is_left_but_the_books(database) {
        let app = TestApp::new(database);
        let mut browser = Browser::new(&app);
        browser.sign_up("mara@example.org").await;
        let mara = person(&app, "mara@example.org").await;
        give(&app, mara.owner_ref, 100, "order-1").await;
        browser.get("/account/data").await;
        browser.submit("/account/data/ask", &[]).await;
        assert_eq!(ask_to_delete(&mut browser).await, StatusCode::OK);
        app.letter("Your account will be deleted").await;
        // Access ends at once.
        assert!(!browser.is_signed_in().await);
        let refused = browser.sign_in("mara@example.org", PASSWORD).await;
        assert!(refused.text.contains("is being deleted"), "{}", refused.text);
        browser.get("/forgot").await;
        browser.submit("/forgot", &[("email", "mara@example.org")]).await;
        app.database.clock.advance(DAY * 7);
        privacy::work(&app).await;
        let letters = app.letters().await;
        let subjects: Vec<_> = letters.iter().map(|letter| letter.subject.as_str()).collect();
        assert!(subjects.contains(&"Your account is deleted"), "{subjects:?}");
        let certificate = letters.iter().find(|letter| letter.subject == "Your account is deleted").unwrap();
        assert!(certificate.raw.contains("account") && certificate.raw.contains("sign-in"), "{}", certificate.raw);
        // Mail is outside; every table is searched.
        let needles = ["mara@example.org".to_owned(), "lindqvist".to_owned(), mara.id.simple().to_string()];
        for table in tables(&app.database).await {
            let content = everything_in(&app.database, &table).await;
            for needle in &needles {
                assert!(!content.contains(needle), "{needle} is left in {table}");
            }
        }
        // The books are there and add up (LE9).
        assert!(ledger::audit(&app.database.store).await.unwrap().is_clean());
        let books = everything_in(&app.database, "ledger_txns").await;
        assert!(books.contains(&mara.owner_ref.simple().to_string()) || books.contains(&mara.owner_ref.to_string()));
        assert_eq!(ledger::balance(&app.database.store, mara.owner_ref, START).await.unwrap().available, 0);
        // The address is free again, for somebody new.
        let mut later = Browser::new(&app);
        later.sign_up("mara@example.org").await;
    }
}

on_both! {
    async fn pr3_undo_twice_with_a_job_and_with_a_dispute(database) {
        let app = TestApp::new(database);
        let mut browser = Browser::new(&app);
        browser.sign_up("mara@example.org").await;
        let mara = person(&app, "mara@example.org").await;
        browser.get("/account/delete").await;
        let wrong = browser.submit("/account/delete", &[("password", "something else 12"), ("plan", "now")]).await;
        assert_eq!(wrong.status, StatusCode::FORBIDDEN);
        assert!(browser.is_signed_in().await);
        assert_eq!(ask_to_delete(&mut browser).await, StatusCode::OK);
        let link = app.letter("Your account will be deleted").await.link("/keep-account");
        app.database.clock.advance(DAY * 6);
        privacy::work(&app).await;
        browser.get(&link).await;
        let kept = browser.submit("/keep-account", &[]).await;
        assert!(kept.text.contains("Your account stays"), "{}", kept.text);
        browser.get(&link).await;
        assert_eq!(browser.submit("/keep-account", &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(browser.sign_in("mara@example.org", PASSWORD).await.status, StatusCode::SEE_OTHER);

        // Twice is once; a dispute holds the purge back, not the end of access; debt does not: 60 of the credits are spent when all are taken back.
        give(&app, mara.owner_ref, 100, "order-1").await;
        let (store, world) = (&app.database.store, &app.database.world);
        let job = Request { kind: "critique", provider: "Anthropic", idem_key: "k", content: "{}", price: 60, most_attempts: 1, life: DAY };
        jobs::submit(store, world, &mara, job).await.unwrap();
        let lease = jobs::claim(store, world, "Anthropic", DAY).await.unwrap().unwrap();
        jobs::succeed(store, world, &lease, "{}", None).await.unwrap();
        let claim = |state| Claim { key: "stripe:dp:1".into(), order_ref: "order-1".into(), credits: 100, state };
        let tx = app.database.store.write_transaction().await.unwrap();
        Ledger::new(&tx, &app.database.world).claim(mara.owner_ref, claim(ClaimState::Open)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(ask_to_delete(&mut browser).await, StatusCode::OK);
        app.letter("Your account will be deleted").await;
        deletion::ask(&app, &mara, pretty_contract::service::privacy::SubscriptionEnd::Now).await.unwrap();
        assert!(app.letters().await.is_empty());
        app.database.clock.advance(DAY * 8);
        privacy::work(&app).await;
        assert_eq!(user::Entity::find().all(app.database.store.reader()).await.unwrap().len(), 1);
        assert!(!browser.is_signed_in().await);
        let tx = app.database.store.write_transaction().await.unwrap();
        Ledger::new(&tx, &app.database.world).claim(mara.owner_ref, claim(ClaimState::Taken)).await.unwrap();
        tx.commit().await.unwrap();
        let owed = ledger::balance(store, mara.owner_ref, world.now()).await.unwrap();
        assert_eq!((owed.available, owed.frozen, owed.debt), (0, 0, 60));
        app.database.clock.advance(DAY * 2);
        privacy::work(&app).await;
        app.letter("Your account is deleted").await;
        assert!(user::Entity::find().all(app.database.store.reader()).await.unwrap().is_empty());
        assert!(ledger::audit(&app.database.store).await.unwrap().is_clean());
        // What was owed stands in the books, which nobody's name is on.
        assert_eq!(ledger::balance(store, mara.owner_ref, world.now()).await.unwrap().debt, 60);
    }
}

on_both! {
    async fn me8_a_letter_that_waits_is_not_sent_to_who_is_gone(database) {
        let app = TestApp::new(database);
        let mut browser = Browser::new(&app);
        browser.sign_up("mara@example.org").await;
        let mara = person(&app, "mara@example.org").await;
        browser.get("/forgot").await;
        browser.submit("/forgot", &[("email", "mara@example.org")]).await;
        let waiting = "SELECT COUNT(*) AS n FROM letters WHERE state = 'waiting' AND kind = 'reset_password'";
        assert_eq!(count_of(app.store.reader(), waiting, []).await.unwrap(), 1, "it is fresh, and the mail server is slow");
        // Gone before its turn comes: neither it nor what is about the deletion finds anybody any more, but for the last letter.
        assert_eq!(ask_to_delete(&mut browser).await, StatusCode::OK);
        assert_eq!(deletion::purge(&app, mara.id).await.unwrap(), deletion::Purged::Gone);
        app.letter("Your account is deleted").await;
        app.database.clock.advance(DAY);
        assert!(app.letters().await.is_empty());
    }
}

on_both! {
    async fn pr3_the_app_sees_it_and_takes_it_back(database) {
        let app = TestApp::new(database);
        let mara = app.member("mara@example.org", 10).await;
        let ask = async |method: &str, path: &str| app.api(method, path, Some(&mara.token), None).await;
        let plan = serde_json::json!({"subscription": "now"});
        let asked = app.api("POST", "/v1/account/deletion", Some(&mara.token), Some(plan)).await;
        assert_eq!(asked.status, StatusCode::OK, "{}", asked.text);
        app.letter("Your account will be deleted").await;
        // Access has ended but for just that: it can be seen and taken back.
        for (method, path) in [("GET", "/v1/credits"), ("GET", "/v1/photos"), ("POST", "/v1/uploads"), ("POST", "/v1/account/exports"), ("GET", "/v1/events")] {
            let refused = ask(method, path).await;
            assert_eq!((refused.status, refused.json()["code"].as_str()), (StatusCode::FORBIDDEN, Some("forbidden")), "{path}");
        }
        assert_eq!(ask("GET", "/v1/account").await.json()["deletion"], asked.json());
        assert_eq!(ask("DELETE", "/v1/account/deletion").await.status, StatusCode::NO_CONTENT);
        assert_eq!(ask("DELETE", "/v1/account/deletion").await.status, StatusCode::NO_CONTENT, "twice is once");
        let kept = ask("GET", "/v1/account").await.json();
        assert!(kept.get("deletion").is_none() && kept["credits"]["available"] == 10, "{kept}");
        app.database.clock.advance(DAY * 8);
        privacy::work(&app).await;
        assert_eq!(user::Entity::find().all(app.database.store.reader()).await.unwrap().len(), 1);
        // After seven days it is too late, even while the purge waits for something.
        let mara = app.signed_in_again(mara).await;
        deletion::ask(&app, &mara.user, pretty_contract::service::privacy::SubscriptionEnd::Now).await.unwrap();
        app.letter("Your account will be deleted").await;
        app.database.clock.advance(DAY * 7);
        let tx = app.database.store.write_transaction().await.unwrap();
        let far = app.database.world.now().plus(DAY);
        tx.execute_raw(sql(&*tx, "UPDATE tokens SET expires_at = $1", [far.into()])).await.unwrap();
        tx.commit().await.unwrap();
        let late = app.api("DELETE", "/v1/account/deletion", Some(&mara.token), None).await;
        assert_eq!(late.status, StatusCode::CONFLICT, "{}", late.text);
        privacy::work(&app).await;
        app.letter("Your account is deleted").await;
        let gone = app.api("GET", "/v1/account", Some(&mara.token), None).await;
        assert_eq!(gone.status, StatusCode::UNAUTHORIZED);
    }
}

on_both! {
    async fn pr3_a_crash_after_asking_leaves_no_job_that_goes_on(database) {
        use crate::support::crash_after;
        use pretty_backend::jobs::JobState;
        use pretty_contract::service::privacy::SubscriptionEnd;
        let app = TestApp::new(database);
        let minute = Duration::from_secs(60);
        let (mut number, mut steps, mut asked, mut whole) = (0, 0, 0, 0);
        // Broken off one step later each time, until nothing is broken off, and then again from the first step: not every step waits every time.
        while whole == 0 || asked < 3 {
            number += 1;
            assert!(number < 500, "some of them are broken off after it was asked for");
            let mara = app.database.person(number, 10).await;
            let request = |key| Request { kind: "critique", provider: "Anthropic", idem_key: key, content: "{}", price: 3, most_attempts: 3, life: minute };
            let running = jobs::submit(&app.store, &app.world, &mara, request("k1")).await.unwrap();
            let lease = jobs::claim(&app.store, &app.world, "Anthropic", minute).await.unwrap().unwrap();
            assert_eq!(lease.job.id, running.id);
            let waiting = jobs::submit(&app.store, &app.world, &mara, request("k2")).await.unwrap();
            let done = crash_after(steps, deletion::ask(&app, &mara, SubscriptionEnd::Now)).await.is_some();
            // What was broken off while it was committed has happened or not when its lock is free.
            let tx = app.store.write_transaction().await.unwrap();
            tx.execute_raw(sql(&*tx, "UPDATE users SET id = id WHERE id = $1", [mara.id.into()])).await.unwrap();
            tx.commit().await.unwrap();
            for _ in 0..2 {
                privacy::work(&app).await;
            }
            let is_leaving = deletion::of(app.store.reader(), mara.id).await.unwrap().is_some();
            let (running, waiting) = (
                jobs::find(&app.store, mara.id, running.id).await.unwrap(),
                jobs::find(&app.store, mara.id, waiting.id).await.unwrap(),
            );
            asked += u32::from(is_leaving && !done);
            assert_eq!((running.cancel_requested, waiting.state == JobState::Cancelled), (is_leaving, is_leaving), "{steps}");
            // Whatever is still said of it comes too late.
            jobs::fail(&app.store, &app.world, &lease, jobs::Fault::Never(jobs::Why::Stopped)).await.unwrap();
            if !is_leaving {
                jobs::cancel(&app.store, &app.world, mara.id, waiting.id).await.unwrap();
            }
            assert_eq!(app.database.credits(&mara).await, (10, 0), "{steps}");
            (steps, whole) = if done { (0, whole + 1) } else { (steps + 1, whole) };
        }
        app.letters().await;
    }
}

on_both! {
    async fn without_agreeing_nothing_is_sent_and_everything_is_taken_away(database) {
        let app = TestApp::new(database);
        let mara = app.member("mara@example.org", 10).await;
        app.database.clock.advance(Duration::from_secs(1));
        let now = app.database.world.now();
        let version = |name: &str, material: bool, effective_at| policy::Policy {
            version: name.into(),
            content: "# Privacy".into(),
            changes: "Photos go elsewhere.".into(),
            material,
            effective_at,
            published_at: now,
        };
        policy::publish(&app, &version("2", true, now)).await.unwrap();
        // A later one that asks for nothing does not make it go away.
        app.database.clock.advance(Duration::from_secs(1));
        policy::publish(&app, &version("3", false, app.database.world.now())).await.unwrap();
        let photo = serde_json::json!({"bytes": 1, "sha256": "0".repeat(64), "media_type": "image/jpeg"});
        let upload = async || {
            let request = axum::http::Request::post("/v1/uploads")
                .header("authorization", format!("Bearer {}", mara.token))
                .header("content-type", "application/json")
                .header("idempotency-key", "one");
            app.send(request.body(axum::body::Body::from(photo.to_string())).unwrap()).await
        };
        let refused = upload().await;
        assert_eq!((refused.status, refused.json()["code"].as_str()), (StatusCode::FORBIDDEN, Some("policy_not_accepted")));
        assert_eq!(refused.json()["retryable"], false);
        let ask = async |method: &str, path: &str, body| app.api(method, path, Some(&mara.token), body).await;
        assert_eq!(ask("GET", "/v1/account", None).await.json()["policy"]["must_accept"], true);
        for path in ["/v1/credits", "/v1/photos", "/v1/orders"] {
            assert_ne!(ask("GET", path, None).await.status, StatusCode::FORBIDDEN, "{path}");
        }
        assert_eq!(ask("POST", "/v1/account/exports", None).await.status, StatusCode::CREATED);
        let plan = serde_json::json!({"subscription": "now"});
        assert_eq!(ask("POST", "/v1/account/deletion", Some(plan)).await.status, StatusCode::OK);
        assert_eq!(ask("DELETE", "/v1/account/deletion", None).await.status, StatusCode::NO_CONTENT);
        app.letters().await;
        // What was read is in force; then everything is open again.
        let agree = |version: &str| Some(serde_json::json!({ "version": version }));
        assert_eq!(ask("POST", "/v1/policy/acceptance", agree("2")).await.status, StatusCode::CONFLICT);
        assert_eq!(ask("POST", "/v1/policy/acceptance", agree("3")).await.status, StatusCode::NO_CONTENT);
        assert_eq!(upload().await.status, StatusCode::CREATED);
        assert_eq!(ask("GET", "/v1/account", None).await.json()["policy"]["must_accept"], false);
    }
}

on_both! {
    async fn pr4_a_restored_backup_is_purged_again(database) {
        let app = TestApp::new(database);
        let mut browser = Browser::new(&app);
        browser.sign_up("mara@example.org").await;
        let mut other = Browser::new(&app);
        other.sign_up("bea@example.org").await;
        let mara = person(&app, "mara@example.org").await;
        ask_to_delete(&mut browser).await;
        app.letter("Your account will be deleted").await;
        app.database.clock.advance(DAY * 7);
        privacy::work(&app).await;
        app.letter("Your account is deleted").await;
        let kept = stones::all(&app).await.unwrap();
        assert_eq!(kept.len(), 1);
        // The backup brings the row back.
        let tx = app.database.store.write_transaction().await.unwrap();
        pretty_backend::accounts::sign_up::insert(&tx, &mara).await.unwrap();
        tx.commit().await.unwrap();
        for accounts in [1, 0] {
            assert_eq!(stones::replay(&app, &kept).await.unwrap(), stones::Replayed { accounts, photos: 0, jobs: 0 });
        }
        app.letter("Your account is deleted").await;
        let left = user::Entity::find().all(app.database.store.reader()).await.unwrap();
        assert_eq!(left.iter().map(|user| user.email.as_str()).collect::<Vec<_>>(), ["bea@example.org"]);
    }
}

on_both! {
    async fn pr5_the_books_go_after_seven_years(database) {
        let app = TestApp::new(database);
        let mut browser = Browser::new(&app);
        browser.sign_up("mara@example.org").await;
        let mut other = Browser::new(&app);
        other.sign_up("bea@example.org").await;
        let (mara, bea) = (person(&app, "mara@example.org").await, person(&app, "bea@example.org").await);
        give(&app, mara.owner_ref, 100, "order-1").await;
        give(&app, bea.owner_ref, 70, "order-2").await;
        ask_to_delete(&mut browser).await;
        app.letter("Your account will be deleted").await;
        app.database.clock.advance(DAY * 7);
        privacy::work(&app).await;
        app.letter("Your account is deleted").await;
        app.database.clock.advance(DAY * (7 * 365));
        privacy::sweep(&app).await.unwrap();
        let books = "SELECT COUNT(*) AS n FROM ledger_txns WHERE owner_ref = $1";
        let reader = app.database.store.reader();
        assert!(count_of(reader, books, [mara.owner_ref.into()]).await.unwrap() > 0, "seven years are not quite over");
        app.database.clock.advance(DAY * 2);
        privacy::sweep(&app).await.unwrap();
        for table in tables(&app.database).await {
            let content = everything_in(&app.database, &table).await;
            assert!(!content.contains(&mara.owner_ref.simple().to_string()) && !content.contains(&mara.owner_ref.to_string()), "{table}");
        }
        // The others' are whole, and cannot be deleted by anybody.
        assert!(ledger::audit(&app.database.store).await.unwrap().is_clean());
        assert!(count_of(reader, books, [bea.owner_ref.into()]).await.unwrap() > 0);
        let tx = app.database.store.write_transaction().await.unwrap();
        assert!(tx.execute_unprepared("DELETE FROM ledger_postings").await.is_err());
    }
}

on_both! {
    async fn a_new_policy_is_told_to_everybody_and_asked_for(database) {
        let app = TestApp::new(database);
        let mut browser = Browser::new(&app);
        browser.sign_up("mara@example.org").await;
        assert!(browser.get("/privacy").await.text.contains("Version 1"));
        let now = app.database.world.now();
        let second = policy::Policy {
            version: "2".into(),
            content: "# Privacy\n\n## New\n\nWords.".into(),
            changes: "We say where photos go.".into(),
            material: true,
            effective_at: now.plus(DAY * 30),
            published_at: now.plus(Duration::from_secs(1)),
        };
        app.database.clock.advance(Duration::from_secs(1));
        assert!(policy::publish(&app, &second).await.unwrap());
        assert!(!policy::publish(&app, &second).await.unwrap(), "once");
        privacy::work(&app).await;
        privacy::work(&app).await;
        let letter = app.letter("Our privacy policy changes").await;
        assert!(letter.raw.contains("We say where photos go."), "{}", letter.raw);
        let mara = person(&app, "mara@example.org").await;
        assert!(!policy::standing(&app, &mara).await.unwrap().must_accept, "not yet in force");
        app.database.clock.advance(DAY * 31);
        assert!(policy::standing(&app, &mara).await.unwrap().must_accept);
        browser.sign_in("mara@example.org", PASSWORD).await;
        let page = browser.get("/privacy").await;
        assert!(page.text.contains("Version 2") && page.text.contains("I agree"), "{}", page.text);
        browser.submit("/account/policy", &[]).await;
        assert!(!policy::standing(&app, &mara).await.unwrap().must_accept);
        // Who comes later agreed by signing up.
        let mut later = Browser::new(&app);
        later.sign_up("bea@example.org").await;
        assert!(!policy::standing(&app, &person(&app, "bea@example.org").await).await.unwrap().must_accept);
    }
}

on_both! {
    async fn use_is_counted_in_sums_of_a_day(database) {
        use pretty_contract::service::privacy::UsageCount;
        let event = |name: &str, count| UsageCount { name: name.to_owned(), count };
        let app = TestApp::new(database);
        assert!(usage::is_known(&[event("app_opened", 2)]));
        for unknown in [event("mara@example.org", 1), event("app_opened", 1001), event("page_viewed", 1)] {
            assert!(!usage::is_known(std::slice::from_ref(&unknown)), "{unknown:?}");
        }
        for _ in 0..2 {
            usage::count(&app, &[event("app_opened", 2)]).await.unwrap();
        }
        let select = "SELECT count AS n FROM usage_counts WHERE name = 'app_opened'";
        assert_eq!(count_of(app.database.store.reader(), select, []).await.unwrap(), 4);
    }
}

on_both! {
    async fn views_of_our_pages_are_counted_and_of_nothing_else(database) {
        let app = TestApp::new(database);
        let mut browser = Browser::new(&app);
        let views = async || {
            let select = "SELECT CAST(COALESCE(SUM(count), 0) AS BIGINT) AS n FROM usage_counts WHERE name = 'page_viewed'";
            count_of(app.database.store.reader(), select, []).await.unwrap()
        };
        let becomes = async |wanted: i64| {
            for _ in 0..1000 {
                if views().await == wanted {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            panic!("{} instead of {wanted}", views().await);
        };
        browser.get("/sign-in").await;
        becomes(1).await;
        // A form that is sent, a page that is not there, a picture, a call of the app, a redirect: none is a view.
        browser.submit("/sign-in", &[("email", "nobody@example.org"), ("password", "x")]).await;
        for path in ["/nothing", "/assets/pages.css", "/v1/prices", "/account"] {
            browser.get(path).await;
        }
        // Some more in the same minute go into the sum with the first after it.
        for path in ["/sign-in", "/privacy", "/sign-up"] {
            browser.get(path).await;
        }
        app.database.clock.advance(Duration::from_secs(60));
        browser.get("/privacy").await;
        becomes(5).await;
        let names = everything_in(&app.database, "usage_counts").await;
        assert!(!names.contains("sign-in") && !names.contains("198.51"), "{names}");
    }
}
