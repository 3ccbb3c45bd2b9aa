//! Letters: ME2, ME4, ME6, and that what they held is gone afterwards.

use crate::support::{Browser, PASSWORD, TestApp};
use axum::http::StatusCode;
use pretty_backend::mail::mailer::{MailFault, Mailer, Outgoing, Sending};
use pretty_backend::mail::outbox::{self, Delivered};
use pretty_backend::store::count_of;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// A mail server that does as it is told, and keeps what it took.
#[derive(Debug, Default)]
struct Scripted {
    faults: Mutex<Vec<Option<MailFault>>>,
    taken: Mutex<Vec<(uuid::Uuid, String)>>,
    /// It takes letters and answers nobody.
    hangs: AtomicBool,
    took: Notify,
}

impl Mailer for Scripted {
    fn send<'a>(&'a self, outgoing: Outgoing<'a>) -> Sending<'a> {
        Box::pin(async move {
            // It may have taken the letter and still fail to say so.
            self.taken.lock().unwrap().push((outgoing.id, outgoing.letter.text.clone()));
            if self.hangs.load(Ordering::SeqCst) {
                self.took.notify_one();
                std::future::pending::<()>().await;
            }
            match self.faults.lock().unwrap().pop().flatten() {
                Some(fault) => Err(fault),
                None => Ok(()),
            }
        })
    }
}

async fn in_state(app: &TestApp, state: &str) -> i64 {
    let select = format!("SELECT COUNT(*) AS n FROM letters WHERE state = '{state}'");
    count_of(app.store.reader(), &select, []).await.unwrap()
}

on_both! {
    async fn me2_me6_a_mail_server_that_is_away_comes_back(database) {
        let app = TestApp::new(database);
        let server = Scripted::default();
        Browser::new(&app).ask_for_account("mara@example.org").await;
        *server.faults.lock().unwrap() = vec![None, Some(MailFault::Later("busy".into())), Some(MailFault::Later("quota".into()))];
        assert_eq!(outbox::deliver_due(&app, &server).await.unwrap(), Delivered { sent: 0, other: 1 });
        assert_eq!(outbox::deliver_due(&app, &server).await.unwrap(), Delivered::default(), "not before its time");
        app.database.clock.advance(Duration::from_secs(60));
        assert_eq!(outbox::deliver_due(&app, &server).await.unwrap().other, 1);
        app.database.clock.advance(Duration::from_secs(120));
        assert_eq!(outbox::deliver_due(&app, &server).await.unwrap().sent, 1);
        // Sent three times, with one id: the link in it works once, so that does no harm.
        let taken = server.taken.lock().unwrap().clone();
        assert!(taken.len() == 3 && taken.iter().all(|letter| *letter == taken[0]));
        let kept = count_of(app.store.reader(), "SELECT COUNT(*) AS n FROM letters WHERE content <> ''", []).await.unwrap();
        assert_eq!(kept, 0, "the link is not kept");

    }
}

on_both! {
    async fn me2_a_worker_that_dies_after_the_server_took_the_letter(database) {
        let app = TestApp::new(database);
        let server = Scripted::default();
        let mut browser = Browser::new(&app);
        browser.ask_for_account("mara@example.org").await;
        // The server has it and does not get to say so; then the worker is gone.
        server.hangs.store(true, Ordering::SeqCst);
        tokio::select! {
            _ = outbox::deliver_due(&app, &server) => panic!("nobody answered"),
            () = server.took.notified() => {}
        }
        assert_eq!((in_state(&app, "sent").await, server.taken.lock().unwrap().len()), (0, 1));
        server.hangs.store(false, Ordering::SeqCst);
        assert_eq!(outbox::deliver_due(&app, &server).await.unwrap(), Delivered::default(), "the dead one still has it");
        app.database.clock.advance(Duration::from_secs(120));
        // PostgreSQL rolls a dropped transaction back a moment later; until then its rows are skipped.
        for _ in 0..200 {
            outbox::deliver_due(&app, &server).await.unwrap();
            if in_state(&app, "sent").await == 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(in_state(&app, "sent").await, 1);
        // Twice at the person's, under one id and word for word. The link in it makes one account, whichever of them is used, and then is used up.
        let taken = server.taken.lock().unwrap().clone();
        assert!(taken.len() == 2 && taken[0] == taken[1]);
        let link = taken[0].1.split_whitespace().find_map(|word| word.strip_prefix("https://pretty.example")).unwrap();
        browser.get(link).await;
        assert_eq!(browser.submit("/confirm", &[("password", PASSWORD)]).await.header("location"), "/account");
        let again = Browser::new(&app).get(link).await;
        assert_ne!(again.status, StatusCode::OK, "{}", again.text);
        assert_eq!(count_of(app.store.reader(), "SELECT COUNT(*) AS n FROM users", []).await.unwrap(), 1);
        app.letter("Welcome").await;
    }
}

on_both! {
    async fn me6_what_nobody_wants_any_more_is_not_sent(database) {
        let app = TestApp::new(database);
        let mut browser = Browser::new(&app);
        browser.sign_up("mara@example.org").await;
        browser.get("/forgot").await;
        browser.submit("/forgot", &[("email", "mara@example.org")]).await;
        app.database.clock.advance(Duration::from_secs(30 * 60));
        let server = Scripted::default();
        outbox::deliver_due(&app, &server).await.unwrap();
        assert!(server.taken.lock().unwrap().is_empty());
        assert_eq!(in_state(&app, "stale").await, 1);
        // An address that is refused is not tried again.
        browser.get("/forgot").await;
        browser.submit("/forgot", &[("email", "mara@example.org")]).await;
        server.faults.lock().unwrap().push(Some(MailFault::Never("no such mailbox".into())));
        outbox::deliver_due(&app, &server).await.unwrap();
        app.database.clock.advance(Duration::from_secs(3600));
        assert_eq!(outbox::deliver_due(&app, &server).await.unwrap(), Delivered::default());
        assert_eq!(in_state(&app, "failed").await, 1);
    }
}

on_both! {
    async fn me2_two_workers_send_each_letter_once(database) {
        let app = TestApp::new(database);
        for number in 0..8 {
            let mut browser = Browser::new(&app);
            browser.address = format!("203.0.113.{number}");
            browser.ask_for_account(&format!("m{number}@example.org")).await;
        }
        let (one, two) = (Scripted::default(), Scripted::default());
        let (first, second) = tokio::join!(outbox::deliver_due(&app, &one), outbox::deliver_due(&app, &two));
        assert_eq!(first.unwrap().sent + second.unwrap().sent, 8);
        let mut ids: Vec<_> = one.taken.lock().unwrap().iter().chain(two.taken.lock().unwrap().iter()).map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 8);
    }
}

/// Every letter there is, as it reads.
#[tokio::test]
async fn me4_the_words_of_all_letters() {
    use pretty_backend::mail::letter::Letter;
    let app = TestApp::new(crate::support::TestDatabase::sqlite().await);
    let name = || "Mara <b>&".to_owned();
    let link = || "https://pretty.example/x?token=apml_1".to_owned();
    let text = |words: &str| words.to_owned();
    let mut all = String::new();
    for letter in [
        Letter::ConfirmSignUp { name: name(), link: link() },
        Letter::AlreadyRegistered { name: name() },
        Letter::Welcome { name: name() },
        Letter::ResetPassword { name: name(), link: link() },
        Letter::PasswordChanged { name: name() },
        Letter::ConfirmEmail { name: name(), link: link() },
        Letter::EmailChanged { name: name(), new: "new@example.org".into() },
        Letter::Receipt {
            name: name(),
            product: text("100 credits"),
            credits: 100,
            amount: text("USD 5.00"),
            order: text("0199"),
            date: text("2027-01-01"),
            withdrawal_days: 14,
        },
        Letter::PlanStarted {
            name: name(),
            product: text("Pro"),
            credits: 200,
            amount: text("USD 9.00"),
            order: text("0199"),
            renews: text("2027-02-01"),
            withdrawal_days: 14,
        },
        Letter::PlanRenewed {
            name: name(),
            product: text("Pro"),
            credits: 200,
            amount: text("USD 9.00"),
            renews: text("2027-03-01"),
        },
        Letter::PlanEnding { name: name(), until: text("2027-03-01") },
        Letter::PlanEnded { name: name() },
        Letter::RenewalFailed { name: name(), until: text("2027-03-08") },
        Letter::Refunded { name: name(), amount: text("USD 2.50") },
        Letter::Withdrawn {
            name: name(),
            product: text("100 credits"),
            order: text("0199"),
            amount: text("USD 5.00"),
            credits: 100,
            at: text("2027-01-02 10:05 UTC"),
        },
        Letter::GoogleConnected { name: name(), google: "mara@gmail.com".into() },
        Letter::GoogleDisconnected { name: name() },
        Letter::DeletionAsked { name: name(), link: link(), until: "2027-01-08".into() },
        Letter::AccountDeleted {
            name: name(),
            gone: vec!["1 account".into(), "2 photos".into()],
            kept: "Payments are kept for 7 years without your name.".into(),
        },
        Letter::ExportReady { name: name(), link: link() },
        Letter::PolicyChanged {
            name: name(),
            version: "2".into(),
            changes: "We say where photos go.".into(),
            from: "2027-02-01".into(),
        },
    ] {
        let rendered = letter.render(&app).unwrap();
        assert!(!rendered.html.contains("<b>") && !rendered.html.contains("src="), "escaped, and nothing is loaded");
        assert!(!rendered.subject.contains(['\r', '\n']));
        all += &format!("=== {}: {}\n{}\n", letter.kind(), rendered.subject, rendered.text);
    }
    insta::assert_snapshot!(all);
}
