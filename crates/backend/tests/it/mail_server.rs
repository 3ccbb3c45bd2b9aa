//! A mail server as Amazon SES is one: ME1, every way in which it refuses; ME3, letters that come back.

use crate::support::{Browser, PASSWORD, TestApp, TestDatabase, settings};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use pretty_backend::billing::alarm::Alarm;
use pretty_backend::mail::{mailer, outbox};
use pretty_backend::settings::Secret;
use pretty_backend::store::{count_of, sql};
use pretty_sandbox::{Sandbox, SandboxConfig, SmtpAnswer, SmtpFault, SmtpStage};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use std::time::Duration;

const KEY: &str = "a-key-of-thirty-characters-000";

struct Post {
    app: TestApp,
    sandbox: Sandbox,
}

impl Post {
    async fn open(database: TestDatabase) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = Box::pin(Sandbox::start(SandboxConfig::default())).await.unwrap();
        let at = sandbox.endpoints();
        let mut settings = settings();
        settings.mail.smtp_url =
            Secret::new(format!("smtp://{}:{}@{}:{}", at.smtp_username, at.smtp_password, at.smtp_host, at.smtp_port));
        settings.mail.configuration_set = "pretty-letters".to_owned();
        settings.mail.events_key = Secret::new(KEY);
        Self { app: TestApp::with(database, settings), sandbox }
    }

    async fn deliver(&self) {
        let mailer = mailer::configured(&self.app.settings, self.app.database.folder.path()).unwrap();
        outbox::deliver_due(&self.app, &*mailer).await.unwrap();
    }

    /// State, attempts and fault of the only letter.
    async fn letter(&self) -> (String, i64, String) {
        let reader = self.app.store.reader();
        let row =
            reader.query_one_raw(sql(reader, "SELECT state, attempts, fault FROM letters", [])).await.unwrap().unwrap();
        let fault: Option<String> = row.try_get("", "fault").unwrap();
        (row.try_get("", "state").unwrap(), row.try_get("", "attempts").unwrap(), fault.unwrap_or_default())
    }

    fn taken(&self) -> usize {
        self.sandbox.control().postbox().mails().len()
    }

    /// What EventBridge brings.
    async fn told(&self, key: &str, event: &Value) -> StatusCode {
        let request = Request::post("/v1/webhooks/mail")
            .header("content-type", "application/json")
            .header("x-mail-events-key", key);
        self.app.send(request.body(Body::from(event.to_string())).unwrap()).await.status
    }
}

fn bounce(kind: &str, address: &str) -> Value {
    json!({"source": "aws.ses", "detail-type": "Email Bounced", "detail": {"eventType": "Bounce",
        "bounce": {"bounceType": kind, "bouncedRecipients": [{"emailAddress": address}]}, "mail": {"messageId": "0100"}}})
}

/// Where, the code, the words.
type Refusal = (SmtpStage, u16, &'static str);

/// The nine answers of SES in its words over SMTP: what the server says, what becomes of the letter, whether an operator is called.
const ME1: [(&str, Option<Refusal>, &str, u64); 9] = [
    ("sent", None, "sent", 0),
    ("throttle", Some((SmtpStage::Message, 454, "Throttling failure: Maximum sending rate exceeded.")), "waiting", 0),
    ("daily_quota", Some((SmtpStage::Message, 454, "Throttling failure: Daily message quota exceeded.")), "waiting", 1),
    (
        "rejected",
        Some((
            SmtpStage::Message,
            554,
            "Message rejected: Email address is not verified. The following identities failed the check in region US-EAST-1: mara@example.org",
        )),
        "failed",
        0,
    ),
    ("paused", Some((SmtpStage::Message, 554, "Message rejected: Sending paused for this account.")), "waiting", 1),
    ("suspended", Some((SmtpStage::Message, 554, "Message rejected: Your account has been suspended.")), "waiting", 1),
    ("from_domain", Some((SmtpStage::Mail, 553, "The MAIL FROM domain is not verified.")), "failed", 0),
    ("bad", Some((SmtpStage::Data, 501, "Invalid message.")), "failed", 0),
    ("server", Some((SmtpStage::Message, 451, "Requested action aborted: local error in processing.")), "waiting", 0),
];

on_both! {
    async fn me1_every_answer_of_the_mail_server(database) {
        let post = Post::open(database).await;
        let mut alarms = 0;
        for (name, fault, state, called) in ME1 {
            Browser::new(&post.app).ask_for_account("mara@example.org").await;
            let before = post.taken();
            if let Some((stage, code, text)) = fault {
                post.sandbox.control().postbox().fault(SmtpFault { stage, answer: SmtpAnswer::Reply { code, text: text.to_owned() } });
            }
            post.deliver().await;
            alarms += called;
            let (found, attempts, said) = post.letter().await;
            assert_eq!((found.as_str(), attempts, post.app.alarms.count(Alarm::MailHeld)), (state, 1, alarms), "{name}: {said}");
            assert!(!said.contains('@'), "{name}: an address in {said}");
            // What waits goes out later, once; what failed never.
            for _ in 0..3 {
                post.app.database.clock.advance(Duration::from_secs(3600));
                post.deliver().await;
            }
            let sent = usize::from(state != "failed");
            assert_eq!(post.taken() - before, sent, "{name}");
            let tx = post.app.store.write_transaction().await.unwrap();
            tx.execute_unprepared("DELETE FROM letters").await.unwrap();
            tx.commit().await.unwrap();
        }
        let mails = post.sandbox.control().postbox().mails();
        assert!(mails.iter().all(|mail| mail.header("x-ses-configuration-set") == Some("pretty-letters")));
        // Taken, and the answer was lost: it goes out twice, and both are the same letter.
        Browser::new(&post.app).ask_for_account("bea@example.org").await;
        post.sandbox.control().postbox().fault(SmtpFault { stage: SmtpStage::Message, answer: SmtpAnswer::KeepAndDrop });
        post.deliver().await;
        post.app.database.clock.advance(Duration::from_secs(3600));
        post.deliver().await;
        let twice = post.sandbox.control().postbox().mails_to("bea@example.org");
        assert!(twice.len() == 2 && twice[0].text == twice[1].text && twice[0].header("message-id") == twice[1].header("message-id"));
    }
}

on_both! {
    async fn me3_a_letter_that_comes_back_is_shown_and_ends_it(database) {
        let post = Post::open(database).await;
        let app = &post.app;
        let mara = app.member("mara@example.org", 0).await;
        let shown = async || app.api("GET", "/v1/account", Some(&mara.token), None).await.json()["email_returned"].clone();
        assert_eq!(shown().await, false);
        let mut visitor = Browser::new(app);
        visitor.get("/forgot").await;
        visitor.submit("/forgot", &[("email", "mara@example.org")]).await;
        post.deliver().await;
        assert_eq!(post.taken(), 1);
        // Only with our key, and only for good.
        assert_eq!(post.told("another-key-of-thirty-chars-00", &bounce("Permanent", "mara@example.org")).await, StatusCode::FORBIDDEN);
        assert_eq!(post.told("", &bounce("Permanent", "mara@example.org")).await, StatusCode::FORBIDDEN);
        assert_eq!(post.told(KEY, &bounce("Transient", "mara@example.org")).await, StatusCode::NO_CONTENT);
        assert_eq!(post.told(KEY, &json!({"detail": {"eventType": "Delivery"}})).await, StatusCode::NO_CONTENT);
        assert_eq!(post.told(KEY, &json!({"detail": 7})).await, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(shown().await, false);
        // Twice is once; letters of any case.
        for address in ["Mara@example.org", "mara@example.org", "nobody@example.org"] {
            assert_eq!(post.told(KEY, &bounce("Permanent", address)).await, StatusCode::NO_CONTENT);
        }
        assert_eq!(shown().await, true);
        let returned = "SELECT COUNT(*) AS n FROM letters WHERE returned_at IS NOT NULL";
        assert_eq!(count_of(app.store.reader(), returned, []).await.unwrap(), 1);
        // Nothing more is sent there; who waits for a letter to an address like that is told, whoever has it.
        visitor.get("/forgot").await;
        visitor.submit("/forgot", &[("email", "mara@example.org")]).await;
        post.deliver().await;
        assert_eq!(post.taken(), 1);
        for email in ["mara@example.org", "nobody@example.org"] {
            let refused = Browser::new(app).ask_for_account(email).await;
            assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.text.contains("come back"), "{}", refused.text);
        }
        // A complaint counts as well; an address that is kept holds no word of it.
        let complaint = json!({"detail": {"eventType": "Complaint", "complaint": {"complainedRecipients": [{"emailAddress": "bea@example.org"}]}}});
        assert_eq!(post.told(KEY, &complaint).await, StatusCode::NO_CONTENT);
        assert!(!crate::privacy::everything_in(&app.database, "returned_addresses").await.contains("example"));
        // A quarter of a year later it is tried again.
        app.database.clock.advance(Duration::from_secs(91 * 86_400));
        pretty_backend::worker::sweep(app).await;
        let later = Browser::new(app).ask_for_account("nobody@example.org").await;
        assert_eq!(later.status, StatusCode::OK, "{}", later.text);
    }
}

#[tokio::test]
async fn me3_the_page_says_so_and_deletion_forgets_it() {
    let post = Post::open(TestDatabase::sqlite().await).await;
    let app = &post.app;
    let mut browser = Browser::new(app);
    browser.ask_for_account("mara@example.org").await;
    post.deliver().await;
    let text = post.sandbox.control().postbox().mails()[0].text.clone().unwrap();
    let at = text.find("https://pretty.example/confirm").unwrap() + "https://pretty.example".len();
    browser.get(text[at..].split_whitespace().next().unwrap()).await;
    browser.submit("/confirm", &[("password", PASSWORD)]).await;
    assert!(!browser.get("/account").await.text.contains("come back"));
    post.told(KEY, &bounce("Permanent", "mara@example.org")).await;
    assert!(browser.get("/account").await.text.contains("Letters to mara@example.org come back"));
    browser.get("/account/delete").await;
    browser.submit("/account/delete", &[("password", PASSWORD), ("plan", "now")]).await;
    app.database.clock.advance(Duration::from_secs(7 * 86_400));
    pretty_backend::privacy::work(app).await;
    let left = count_of(app.store.reader(), "SELECT COUNT(*) AS n FROM returned_addresses", []).await.unwrap();
    assert_eq!(left, 0);
}

/// Without a key nobody is heard.
#[tokio::test]
async fn me3_without_a_key_there_is_nothing() {
    let app = TestApp::new(TestDatabase::sqlite().await);
    let request =
        Request::post("/v1/webhooks/mail").header("content-type", "application/json").header("x-mail-events-key", "");
    let answer = app.send(request.body(Body::from(bounce("Permanent", "a@example.org").to_string())).unwrap()).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}
