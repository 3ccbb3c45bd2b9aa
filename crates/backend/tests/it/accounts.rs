//! Accounts on our own pages: AU6 to AU8, AU10 with PR6, ME5, ME7, and what belongs to them.

mod alike;

use crate::support::{Browser, PASSWORD, TestApp};
use axum::http::StatusCode;
use pretty_backend::store::count_of;
use std::time::Duration;

async fn rows(app: &TestApp, table: &str) -> i64 {
    count_of(app.store.reader(), &format!("SELECT COUNT(*) AS n FROM {table}"), []).await.unwrap()
}

on_both! {
    async fn signing_up_takes_the_letter_and_the_password(database) {
        let app = TestApp::new(database);
        let mut browser = Browser::new(&app);
        let asked = browser.ask_for_account("Mara@Example.org").await;
        assert!(asked.text.contains("Look into your mail"), "{}", asked.text);
        assert_eq!(rows(&app, "users").await, 0, "no account before the address is shown to be theirs");
        let letter = app.letter("Confirm your email address").await;
        assert_eq!(letter.to, "Mara@example.org");
        let link = letter.link("/confirm");
        // Programs that follow links in mail confirm nothing; neither does somebody else's password.
        browser.get(&link).await;
        let wrong = browser.submit("/confirm", &[("password", "another password 12")]).await;
        assert_eq!(wrong.status, StatusCode::FORBIDDEN);
        assert_eq!(rows(&app, "users").await, 0);
        browser.get(&link).await;
        let done = browser.submit("/confirm", &[("password", PASSWORD)]).await;
        assert_eq!(done.header("location"), "/account");
        app.letter("Welcome").await;
        let page = browser.get("/account").await;
        assert!(page.text.contains("Mara@example.org") && page.text.contains("Mara Lindqvist"));
        // The link works once, and not after a day.
        assert_eq!(browser.get(&link).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        browser.ask_for_account("other@example.org").await;
        let late = app.letter("Confirm your email address").await.link("/confirm");
        app.database.clock.advance(Duration::from_secs(24 * 3600));
        assert_eq!(browser.get(&late).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

on_both! {
    async fn au6_a_stranger_s_sign_up_with_my_address_is_not_mine(database) {
        let app = TestApp::new(database);
        let mut stranger = Browser::new(&app);
        stranger.get("/sign-up").await;
        stranger.submit("/sign-up/age", &[("day", "1"), ("month", "2"), ("year", "1990")]).await;
        let theirs = [("name", "Stranger"), ("email", "mara@example.org"), ("password", "stranger lamp 44 owl")];
        stranger.submit("/sign-up", &theirs).await;
        let trap = app.letter("Confirm your email address").await.link("/confirm");
        let mut mara = Browser::new(&app);
        mara.get(&trap).await;
        assert_eq!(mara.submit("/confirm", &[("password", PASSWORD)]).await.status, StatusCode::FORBIDDEN);
        mara.sign_up("mara@example.org").await;
        // With the account there, the stranger's link is dead even for who knows its password.
        stranger.get(&trap).await;
        let late = stranger.submit("/confirm", &[("password", "stranger lamp 44 owl")]).await;
        assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(stranger.sign_in("mara@example.org", "stranger lamp 44 owl").await.status, StatusCode::FORBIDDEN);
    }
}

on_both! {
    async fn au10_pr6_the_age_comes_first_and_leaves_nothing(database) {
        let app = TestApp::new(database);
        let mut browser = Browser::new(&app);
        let page = browser.get("/sign-up").await;
        assert!(!page.text.contains("13") && !page.text.contains("selected"), "neutral: no hint and no default");
        // 1 January 2027 is today; twelve years and 364 days.
        let refused = browser.submit("/sign-up/age", &[("day", "2"), ("month", "1"), ("year", "2014")]).await;
        assert!(refused.text.contains("Not now"), "{}", refused.text);
        for table in ["users", "mail_links", "letters", "devices", "tokens", "attempts"] {
            assert_eq!(rows(&app, table).await, 0, "{table}");
        }
        // Back and another answer: the browser remembers.
        browser.page = Some(page);
        let again = browser.submit("/sign-up/age", &[("day", "2"), ("month", "1"), ("year", "2000")]).await;
        assert!(again.text.contains("Not now"));
        assert!(browser.get("/sign-up").await.text.contains("Not now"));

        // Thirteen today; and the answer cannot be made up or carried to another browser.
        let mut old_enough = Browser::new(&app);
        old_enough.get("/sign-up").await;
        let details = old_enough.submit("/sign-up/age", &[("day", "1"), ("month", "1"), ("year", "2014")]).await;
        assert!(details.text.contains("name=\"email\""));
        let note = details.text.split_once("name=\"age\" value=\"").unwrap().1.split('"').next().unwrap().to_owned();
        let mut other = Browser::new(&app);
        let csrf = other.get("/sign-up").await.text.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap().to_owned();
        for made_up in [note.as_str(), "9999999999999999.x", ""] {
            let fields = [("csrf", csrf.as_str()), ("age", made_up), ("name", "M"), ("email", "m@example.org"), ("password", PASSWORD)];
            assert_eq!(other.post("/sign-up", &fields).await.header("location"), "/sign-up", "{made_up}");
        }
        for nonsense in [("30", "2", "2000"), ("x", "1", "2000"), ("", "", ""), ("1", "1", "2999")] {
            old_enough.get("/sign-up").await;
            let fields = [("day", nonsense.0), ("month", nonsense.1), ("year", nonsense.2)];
            assert_eq!(old_enough.submit("/sign-up/age", &fields).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{nonsense:?}");
        }
    }
}

on_both! {
    async fn limits_on_attempts_hold_and_end(database) {
        let app = TestApp::new(database);
        let mut owner = Browser::new(&app);
        owner.sign_up("mara@example.org").await;
        // Per account, from ever new addresses; another replica on the same database counts along.
        let replica = crate::support::TestApp::with(
            crate::support::TestDatabase {
                store: app.database.store.clone(),
                world: app.database.world.clone(),
                clock: app.database.clock.clone(),
                settings: app.database.settings.clone(),
                objects: app.database.objects.clone(),
                folder: tempfile::tempdir().unwrap(),
            },
            crate::support::settings(),
        );
        let before = i64::from(app.settings.accounts.sign_in_per_account) - 1;
        for number in 0..before {
            let mut guesser = Browser::new(if number % 2 == 0 { &app } else { &replica });
            guesser.address = format!("203.0.113.{number}");
            let answer = guesser.sign_in("mara@example.org", "guess guess 12 guess").await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{number}");
        }
        let mut typing = Browser::new(&app);
        let stopped = typing.sign_in("MARA@example.org ", "guess guess 12 guess").await;
        assert_eq!(stopped.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(stopped.text.contains("Too many attempts"));
        // The same for an address that nobody has.
        let mut guesser = Browser::new(&replica);
        for number in 0..=app.settings.accounts.sign_in_per_account {
            guesser.address = format!("203.0.113.{number}");
            guesser.sign_in("nobody@example.org", "guess guess 12 guess").await;
        }
        assert_eq!(guesser.page.as_ref().unwrap().status, StatusCode::TOO_MANY_REQUESTS);
        // An hour later it is over, and the counters can go.
        app.database.clock.advance(Duration::from_secs(3600));
        let mut late = Browser::new(&app);
        assert_eq!(late.sign_in("mara@example.org", PASSWORD).await.status, StatusCode::SEE_OTHER);
        app.database.clock.advance(Duration::from_secs(3 * 3600));
        pretty_backend::worker::sweep(&app).await;
        assert_eq!(rows(&app, "attempts").await, 0);
    }
}

on_both! {
    async fn a_forgotten_password(database) {
        let app = TestApp::new(database);
        let mut browser = Browser::new(&app);
        browser.sign_up("mara@example.org").await;
        let mut other = Browser::new(&app);
        for _ in 0..2 {
            other.get("/forgot").await;
            other.submit("/forgot", &[("email", " mara@EXAMPLE.org")]).await;
        }
        let letters = app.letters().await;
        let links: Vec<_> = letters.iter().map(|letter| letter.link("/reset")).collect();
        other.get(&links[0]).await;
        let weak = other.submit("/reset", &[("password", "mara@example.org")]).await;
        assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(weak.text.contains("easy to guess"));
        let new = "violet ferry 91 thunder";
        assert_eq!(other.submit("/reset", &[("password", new)]).await.status, StatusCode::OK);
        app.letter("Your password was changed").await;
        assert!(!browser.is_signed_in().await, "signed out everywhere");
        for link in &links {
            assert_eq!(other.get(link).await.status, StatusCode::UNPROCESSABLE_ENTITY, "used, and the other with it");
        }
        assert_eq!(other.sign_in("mara@example.org", PASSWORD).await.status, StatusCode::FORBIDDEN);
        assert_eq!(other.sign_in("mara@example.org", new).await.status, StatusCode::SEE_OTHER);
        // Half an hour later a link is dead.
        other.get("/forgot").await;
        other.submit("/forgot", &[("email", "mara@example.org")]).await;
        let late = app.letter("Set a new password").await.link("/reset");
        app.database.clock.advance(Duration::from_secs(30 * 60));
        assert_eq!(other.get(&late).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

on_both! {
    async fn another_name_and_another_address(database) {
        let app = TestApp::new(database);
        let mut browser = Browser::new(&app);
        browser.sign_up("mara@example.org").await;
        Browser::new(&app).sign_up("taken@example.org").await;
        browser.get("/account").await;
        assert_eq!(browser.submit("/account/name", &[("name", " <b>Måra</b> & co ")]).await.header("location"), "/account?done=name");
        let page = browser.get("/account").await;
        assert!(page.text.contains("&#60;b&#62;Måra") && !page.text.contains("<b>M"), "{}", page.text);
        browser.submit("/account/email", &[("email", "new@example.org"), ("password", "wrong wrong 12 wrong")]).await;
        assert_eq!(browser.page.as_ref().unwrap().status, StatusCode::FORBIDDEN);
        // A taken address is answered like a free one; its owner hears of it.
        for email in ["taken@example.org", "new@example.org"] {
            browser.get("/account").await;
            let asked = browser.submit("/account/email", &[("email", email), ("password", PASSWORD)]).await;
            assert_eq!(asked.header("location"), "/account?done=email");
        }
        let letters = app.letters().await;
        assert_eq!((letters[0].to.as_str(), letters[0].subject.as_str()), ("taken@example.org", "You have an account already"));
        let link = letters[1].link("/confirm-email");
        browser.get(&link).await;
        assert!(browser.submit("/confirm-email", &[]).await.text.contains("Done"));
        let told = app.letter("Your email address was changed").await;
        assert_eq!(told.to, "mara@example.org", "the old address is told");
        assert!(told.raw.contains("new@example.org"));
        assert_eq!(browser.get(&link).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let mut other = Browser::new(&app);
        assert_eq!(other.sign_in("mara@example.org", PASSWORD).await.status, StatusCode::FORBIDDEN);
        assert_eq!(other.sign_in("new@example.org", PASSWORD).await.status, StatusCode::SEE_OTHER);
    }
}

on_both! {
    async fn forms_are_protected_and_sign_ins_get_a_new_cookie(database) {
        let app = TestApp::new(database);
        let mut browser = Browser::new(&app);
        browser.sign_up("mara@example.org").await;
        for (path, fields) in [
            ("/sign-in", vec![("email", "mara@example.org"), ("password", PASSWORD)]),
            ("/account/name", vec![("name", "Eve")]),
            ("/account/sign-out-everywhere", vec![]),
        ] {
            let mut fields = fields;
            fields.push(("csrf", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
            assert_eq!(browser.post(path, &fields).await.status, StatusCode::FORBIDDEN, "{path}");
        }
        assert!(browser.is_signed_in().await);
        // A form that was shown before signing in is not good after it.
        let mut visitor = Browser::new(&app);
        let before = visitor.get("/sign-in").await;
        visitor.submit("/sign-in", &[("email", "mara@example.org"), ("password", PASSWORD)]).await;
        visitor.page = Some(before);
        let stale = visitor.submit("/sign-in", &[("email", "mara@example.org"), ("password", PASSWORD)]).await;
        assert_eq!(stale.status, StatusCode::FORBIDDEN);
        // Where to go on is one of ours, or nowhere.
        let mut led = Browser::new(&app);
        for elsewhere in ["https://example.org", "//example.org", "/account/../x", "javascript:x"] {
            let page = led.get(&format!("/sign-in?return_to={elsewhere}")).await;
            assert!(!page.text.contains("name=\"return_to\""), "{elsewhere}");
        }
    }
}

on_both! {
    async fn au7_me5_what_cannot_be_used_is_said(database) {
        let app = TestApp::new(database);
        let mut browser = Browser::new(&app);
        browser.get("/sign-up").await;
        browser.submit("/sign-up/age", &[("day", "1"), ("month", "2"), ("year", "1990")]).await;
        let long = "kR7#vq9Lz2!mXw4pTn8sYb3hJd6gFc5aZe1uQo0iKr9vLp2mXs7wTn4qYb8hJd3gFc6aZq5x";
        for (name, email, password, said) in [
            ("M", "märä@example.org", PASSWORD, "before the @"),
            ("M", "m@example", PASSWORD, "not a domain"),
            ("", "m@example.org", PASSWORD, "Give a name"),
            ("M\r\nBcc: x@example.org", "m@example.org", PASSWORD, "cannot be shown"),
            ("M", "m@example.org", "short", "at least 8"),
            ("M", "m@example.org", long, "at most 71"),
            ("M", "m@example.org", "password1", "easy to guess"),
        ] {
            let form = browser.submit("/sign-up", &[("name", name), ("email", email), ("password", password)]).await;
            assert_eq!(form.status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
            assert!(form.text.contains(said), "{said}: {}", form.text);
        }
        let huge = "x".repeat(100_000);
        let answer = browser.submit("/sign-up", &[("name", "M"), ("email", "m@example.org"), ("password", &huge)]).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(rows(&app, "letters").await, 0);
    }
}

on_both! {
    async fn au7_passwords_of_every_length_on_every_page(database) {
        let app = TestApp::new(database);
        let random = "kR7#vq9Lz2!mXw4pTn8sYb3hJd6gFc5aZe1uQo0iKr9vLp2mXs7wTn4qYb8hJd3gFc6aZq5x";
        let of = |length: usize| random.chars().chain("W8".chars()).take(length).collect::<String>();
        let emoji = "harbour \u{1f3d4} lantern \u{1f41f} 58 quilt";
        let (most, one_more) = (of(71), of(72));
        assert_eq!((most.len(), one_more.len(), of(73).len()), (71, 72, 73));
        let refused = [(one_more.clone(), "at most 71"), (of(73), "at most 71"), (emoji.repeat(3), "at most 71"), (format!("{}\0", of(20)), "cannot be used")];
        // Where one is chosen: signing up.
        for (number, (password, said)) in refused.iter().enumerate() {
            let mut browser = Browser::new(&app);
            browser.age_answer().await;
            let email = format!("p{number}@example.org");
            let form = browser.submit("/sign-up", &[("name", "M"), ("email", &email), ("password", password)]).await;
            assert!(form.status == StatusCode::UNPROCESSABLE_ENTITY && form.text.contains(said), "{said}: {}", form.text);
        }
        for (number, password) in [most.as_str(), emoji].into_iter().enumerate() {
            let email = format!("good{number}@example.org");
            let mut browser = Browser::new(&app);
            browser.age_answer().await;
            let asked = browser.submit("/sign-up", &[("name", "M"), ("email", &email), ("password", password)]).await;
            assert_eq!(asked.status, StatusCode::OK, "{}", asked.text);
            let link = app.letter("Confirm your email address").await.link("/confirm");
            browser.get(&link).await;
            assert_eq!(browser.submit("/confirm", &[("password", password)]).await.header("location"), "/account");
            app.letter("Welcome").await;
            assert_eq!(Browser::new(&app).sign_in(&email, password).await.status, StatusCode::SEE_OTHER);
            // Nothing behind the end is ignored.
            for longer in [format!("{password}x"), format!("{password}\0"), format!("{password}\0x"), one_more.clone(), of(73)] {
                assert_eq!(Browser::new(&app).sign_in(&email, &longer).await.status, StatusCode::FORBIDDEN);
            }
            // Changing it, and setting a new one.
            for (wanted, said) in &refused {
                browser.get("/account").await;
                let form = browser.submit("/account/password", &[("old", password), ("new", wanted)]).await;
                assert!(form.status == StatusCode::UNPROCESSABLE_ENTITY && form.text.contains(said), "{said}: {}", form.text);
            }
            browser.get("/forgot").await;
            browser.submit("/forgot", &[("email", &email)]).await;
            let link = app.letter("Set a new password").await.link("/reset");
            for (wanted, said) in &refused {
                browser.get(&link).await;
                let form = browser.submit("/reset", &[("password", wanted)]).await;
                assert!(form.status == StatusCode::UNPROCESSABLE_ENTITY && form.text.contains(said), "{said}: {}", form.text);
            }
        }
    }
}

on_both! {
    async fn what_is_over_is_swept(database) {
        let app = TestApp::new(database);
        let mut browser = Browser::new(&app);
        browser.sign_up("mara@example.org").await;
        browser.get("/forgot").await;
        Browser::new(&app).ask_for_account("never@example.org").await;
        app.letters().await;
        let sign_in = Duration::from_secs(app.settings.accounts.web_session_seconds);
        app.database.clock.advance(sign_in - Duration::from_secs(1));
        pretty_backend::worker::sweep(&app).await;
        assert!(browser.is_signed_in().await);
        assert_eq!(rows(&app, "mail_links").await, 0, "the sign-up that nobody finished is forgotten");
        // The sign-in is over; a month later nothing tells of it, nor of the letters.
        app.database.clock.advance(Duration::from_secs(25 * 3600));
        assert!(!browser.is_signed_in().await);
        pretty_backend::worker::sweep(&app).await;
        assert_eq!((rows(&app, "tokens").await, rows(&app, "devices").await), (0, 1));
        app.database.clock.advance(Duration::from_secs(31 * 24 * 3600));
        pretty_backend::worker::sweep(&app).await;
        let left = [rows(&app, "devices").await, rows(&app, "letters").await, rows(&app, "attempts").await, rows(&app, "users").await];
        assert_eq!(left, [0, 0, 0, 1]);
    }
}
