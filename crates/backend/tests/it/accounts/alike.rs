//! Known and unknown addresses: the same answer, the same work of the database, the same time. AU8, ME7.

use super::*;
use std::time::Instant;

on_both! {
    async fn au8_me7_known_and_unknown_addresses_are_answered_alike(database) {
        let app = TestApp::new(database);
        let mut browser = Browser::new(&app);
        browser.sign_up("mara@example.org").await;
        let bare = |text: &str, email: &str| {
            let mut lines: Vec<String> = text.lines().map(|line| line.replace(email, "ADDRESS")).collect();
            lines.retain(|line| !line.contains("csrf"));
            lines.join("\n")
        };
        let mut shown = Vec::new();
        for email in ["mara@example.org", "nobody@example.org"] {
            let mut visitor = Browser::new(&app);
            let signed_in = visitor.sign_in(email, "not the password 12").await;
            visitor.get("/forgot").await;
            let reset = visitor.submit("/forgot", &[("email", email)]).await;
            let up = visitor.ask_for_account(email).await;
            shown.push([signed_in, reset, up].map(|answer| (answer.status, bare(&answer.text, email))));
        }
        assert_eq!(shown[0], shown[1]);
        // The owner is told by letter; the stranger's address is asked to confirm.
        let letters: Vec<_> = app.letters().await.into_iter().map(|letter| (letter.to, letter.subject)).collect();
        let expected = [
            ("mara@example.org", "Set a new password"),
            ("mara@example.org", "You have an account already"),
            ("nobody@example.org", "Confirm your email address"),
        ];
        assert_eq!(letters, expected.map(|(to, subject)| (to.to_owned(), subject.to_owned())));
    }
}

on_both! {
    async fn au8_known_and_unknown_addresses_cost_the_database_the_same(database) {
        let app = TestApp::new(database);
        Browser::new(&app).sign_up("mara@example.org").await;
        Browser::new(&app).sign_up("bea@example.org").await;
        let mut owner = Browser::new(&app);
        owner.sign_in("mara@example.org", PASSWORD).await;
        let written = async || {
            let attempts = "SELECT CAST(COALESCE(SUM(count), 0) AS BIGINT) AS n FROM attempts";
            let attempts = count_of(app.store.reader(), attempts, []).await.unwrap();
            (rows(&app, "mail_links").await, rows(&app, "letters").await, attempts)
        };
        let (mut forgot, mut up, mut moved) = (Vec::new(), Vec::new(), Vec::new());
        for (number, email) in ["bea@example.org", "nobody@example.org"].into_iter().enumerate() {
            let mut visitor = Browser::new(&app);
            // Its own place, so that the counters are new for both.
            visitor.address = format!("203.0.113.{number}");
            visitor.get("/forgot").await;
            let mut before = written().await;
            let mut since = async |kinds: &mut Vec<(i64, i64, i64)>| {
                let now = written().await;
                kinds.push((now.0 - before.0, now.1 - before.1, now.2 - before.2));
                before = now;
            };
            assert_eq!(visitor.submit("/forgot", &[("email", email)]).await.status, StatusCode::OK);
            since(&mut forgot).await;
            visitor.ask_for_account(email).await;
            since(&mut up).await;
            owner.get("/account").await;
            let asked = owner.submit("/account/email", &[("email", email), ("password", PASSWORD)]).await;
            assert_eq!(asked.header("location"), "/account?done=email");
            since(&mut moved).await;
        }
        assert_eq!((forgot[0], forgot[0]), (forgot[1], (1, 1, 2)), "a link, a letter and two counters");
        assert_eq!((up[0], up[0]), (up[1], (1, 1, 2)));
        assert_eq!((moved[0], moved[0]), (moved[1], (1, 1, 2)));
        // Nobody gets a letter that was written to nobody, no address is kept with it, and it goes with the next sweep.
        let letters = app.letters().await;
        assert!(letters.iter().all(|letter| letter.to != "nobody@example.org" || letter.subject != "Set a new password"));
        let blind = "SELECT COUNT(*) AS n FROM letters WHERE ended_at = 0 AND recipient = '' AND content = ''";
        assert_eq!(count_of(app.store.reader(), blind, []).await.unwrap(), 1);
        pretty_backend::worker::sweep(&app).await;
        assert_eq!(count_of(app.store.reader(), blind, []).await.unwrap(), 0);
        assert_eq!(count_of(app.store.reader(), "SELECT COUNT(*) AS n FROM mail_links WHERE email = ''", []).await.unwrap(), 0);
    }
}

on_both! {
    async fn au8_the_same_time(database) {
        as_long_for_nobody(database).await;
    }
}

/// On one thread with bcrypt at a cost that dominates, known and unknown take about as long.
async fn as_long_for_nobody(database: crate::support::TestDatabase) {
    let mut settings = crate::support::settings();
    settings.accounts.password_cost = 10;
    settings.accounts.sign_in_per_account = 1000;
    let app = TestApp::with(database, settings);
    let mut browser = Browser::new(&app);
    browser.sign_up("mara@example.org").await;
    let mut browser = Browser::new(&app);
    let mut fastest = [Duration::MAX; 2];
    browser.sign_in("nobody@example.org", "not the password 12").await;
    for _ in 0..8 {
        for (index, email) in ["mara@example.org", "nobody@example.org"].into_iter().enumerate() {
            let begin = Instant::now();
            browser.sign_in(email, "not the password 12").await;
            fastest[index] = fastest[index].min(begin.elapsed());
        }
    }
    let ratio = fastest[0].as_secs_f64() / fastest[1].as_secs_f64();
    // Without the work for nobody's password it is fifty times quicker; a busy machine blurs the rest.
    assert!((0.25..4.0).contains(&ratio), "{fastest:?}");
}
