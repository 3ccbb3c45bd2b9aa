//! The mail server: takes mail from a real client, refuses and drops on request, tells of bounces.

use lettre::message::{MultiPart, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use pretty_sandbox::{SmtpAnswer, SmtpFault, SmtpStage};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{Receiver, World, read, world};

type Client = AsyncSmtpTransport<Tokio1Executor>;

fn client(world: &World, password: Option<&str>) -> Client {
    let endpoints = world.sandbox.endpoints();
    let builder = Client::builder_dangerous(&endpoints.smtp_host).port(endpoints.smtp_port);
    match password {
        Some(password) => {
            builder.credentials(Credentials::new(endpoints.smtp_username.clone(), password.to_owned())).build()
        }
        None => builder.build(),
    }
}

fn letter(to: &str) -> Message {
    let body = MultiPart::alternative_plain_html(
        "Grüß Gott\nhttps://example.com/verify?token=abc=1\n.a line with a dot".to_owned(),
        "<p>Grüß Gott</p>".to_owned(),
    );
    let builder = Message::builder().from("Pretty <hello@example.com>".parse().unwrap()).to(to.parse().unwrap());
    builder.subject("Prüfe deine Adresse").multipart(body).unwrap()
}

#[tokio::test]
async fn mail_is_taken_and_can_be_read() {
    let world = world().await;
    let endpoints = world.sandbox.endpoints();
    let postbox = world.sandbox.control().postbox();
    client(&world, Some(&endpoints.smtp_password)).send(letter("ada@example.com")).await.unwrap();
    client(&world, None).send(letter("grace@example.com")).await.unwrap();
    assert!(client(&world, Some("a live password")).send(letter("ada@example.com")).await.is_err(), "535");
    let mails = postbox.mails_to("ADA@example.com");
    assert_eq!((postbox.mails().len(), mails.len()), (2, 1));
    let mail = &mails[0];
    assert_eq!((mail.subject(), mail.from.as_str()), ("Prüfe deine Adresse", "hello@example.com"));
    let text = mail.text.as_deref().unwrap();
    assert!(
        text.contains("token=abc=1") && text.contains("\n.a line with a dot") && text.starts_with("Grüß"),
        "{text}"
    );
    assert_eq!(mail.html.as_deref().map(str::trim), Some("<p>Grüß Gott</p>"));
    let plain = Message::builder().from("a@example.com".parse().unwrap()).to("b@example.com".parse().unwrap());
    client(&world, None).send(plain.header(ContentType::TEXT_PLAIN).body("short".to_owned()).unwrap()).await.unwrap();
    assert_eq!(postbox.mails_to("b@example.com")[0].text.as_deref().map(str::trim), Some("short"));
    let url = format!("{}/_control/mail?to=ada@example.com", endpoints.control_base_url);
    let listed = read(world.client.get(url).bearer_auth(&endpoints.control_token).send().await.unwrap()).await.body;
    assert_eq!(listed[0]["id"], mail.id.as_str());
    postbox.clear();
    assert!(postbox.mails().is_empty());
}

#[tokio::test]
async fn mail_goes_wrong_as_scripted() {
    let world = world().await;
    let postbox = world.sandbox.control().postbox();
    let send = async || client(&world, None).send(letter("ada@example.com")).await;
    for fault in [SmtpFault::throttled(), SmtpFault::daily_quota()] {
        postbox.fault(fault);
        assert!(send().await.unwrap_err().is_transient());
    }
    postbox.fault(SmtpFault::rejected());
    assert!(send().await.unwrap_err().is_permanent());
    for stage in [SmtpStage::Connect, SmtpStage::Mail, SmtpStage::Recipient, SmtpStage::Data] {
        postbox.fault(SmtpFault { stage, answer: SmtpAnswer::Reply { code: 421, text: "later".into() } });
        assert!(send().await.is_err(), "{stage:?}");
        postbox.fault(SmtpFault { stage, answer: SmtpAnswer::Drop });
        assert!(send().await.is_err(), "{stage:?}");
    }
    assert!(postbox.mails().is_empty());
    postbox.fault(SmtpFault { stage: SmtpStage::Message, answer: SmtpAnswer::KeepAndDrop });
    assert!(send().await.is_err());
    assert_eq!(postbox.mails().len(), 1, "taken, but the sender cannot know");
    postbox.fault(SmtpFault { stage: SmtpStage::Message, answer: SmtpAnswer::Delay { milliseconds: 20 } });
    send().await.unwrap();
}

#[tokio::test]
async fn commands_are_answered_in_order_and_nonsense_is_refused() {
    let world = world().await;
    let endpoints = world.sandbox.endpoints();
    let mut stream = tokio::net::TcpStream::connect((endpoints.smtp_host.as_str(), endpoints.smtp_port)).await.unwrap();
    let lines = "EHLO me\r\nNONSENSE\r\nSTARTTLS\r\nRCPT TO:<a@b.c>\r\nDATA\r\nMAIL FROM:<zoë@b.c>\r\nMAIL FROM:<a@b.c> SIZE=99999999999\r\n\
                 MAIL FROM:<a@b.c>\r\nRCPT TO:<zoë@b.c>\r\nRCPT TO:<nobody>\r\nRCPT TO:<a@b.c>\r\nRSET\r\nQUIT\r\n";
    stream.write_all(lines.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let codes: Vec<&str> = answer.lines().filter(|line| line.as_bytes()[3] == b' ').map(|line| &line[..3]).collect();
    assert_eq!(
        codes,
        ["220", "250", "500", "502", "503", "503", "553", "552", "250", "553", "553", "250", "250", "221"],
        "{answer}"
    );
    assert!(!answer.contains("SMTPUTF8"));
}

#[tokio::test]
async fn bounces_and_complaints_are_told_with_a_key() {
    let world = world().await;
    let (receiver, url) = Receiver::start(&[]).await;
    let postbox = world.sandbox.control().postbox();
    assert!(postbox.notify_at("https://example.com").is_err());
    postbox.notify_at(&url).unwrap();
    let send = async |to: &str| client(&world, None).send(letter(to)).await.unwrap();
    send("bounce@simulator.amazonses.com").await;
    send("complaint@simulator.amazonses.com").await;
    send("ada@example.com").await;
    assert!(postbox.bounce("nobody@example.com").is_err());
    postbox.bounce("ada@example.com").unwrap();
    let hooks = receiver.wait_for(3).await;
    let key = &world.sandbox.endpoints().mail_events_key;
    let expected = [
        ("Bounce", "/bounce/bouncedRecipients/0/emailAddress", "bounce@simulator.amazonses.com"),
        ("Complaint", "/complaint/complainedRecipients/0/emailAddress", "complaint@simulator.amazonses.com"),
        ("Bounce", "/bounce/bouncedRecipients/0/emailAddress", "ada@example.com"),
    ];
    for (hook, (kind, pointer, address)) in hooks.iter().zip(expected) {
        let event = hook.json();
        assert_eq!((&hook.header("x-mail-events-key"), &event["source"]), (key, &json!("aws.ses")));
        assert_eq!(
            (&event["detail"]["eventType"], event["detail"].pointer(pointer)),
            (&json!(kind), Some(&json!(address)))
        );
    }
}
