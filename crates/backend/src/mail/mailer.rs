//! The ways in which a letter leaves: into a folder, or by SMTP (Amazon SES speaks it too).

use super::letter::Rendered;
use crate::log;
use crate::settings::Settings;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::path::PathBuf;
use std::pin::Pin;
use uuid::Uuid;

/// Why a letter did not leave.
#[derive(Debug, thiserror::Error)]
pub enum MailFault {
    /// Later it may: the server is away, busy or over its quota.
    #[error("{0}")]
    Later(String),
    /// Later it may, and somebody has to look at it: the mail server takes nothing from us at all.
    #[error("{0}")]
    Held(String),
    /// It never will: the address is refused.
    #[error("{0}")]
    Never(String),
}

/// A letter with its address.
#[derive(Debug)]
pub struct Outgoing<'a> {
    /// Stays the same when a letter is sent twice.
    pub id: Uuid,
    /// To whom.
    pub to: &'a str,
    /// What.
    pub letter: &'a Rendered,
}

/// What [`Mailer::send`] returns.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), MailFault>> + Send + 'a>>;

/// Takes letters away.
pub trait Mailer: Send + Sync + std::fmt::Debug {
    /// Sends one.
    fn send<'a>(&'a self, outgoing: Outgoing<'a>) -> Sending<'a>;
}

/// The configured mailer.
///
/// # Errors
/// A sentence when the settings cannot be used.
pub fn configured(settings: &Settings, data: &std::path::Path) -> Result<Box<dyn Mailer>, String> {
    let from: Mailbox =
        settings.mail.from.parse().map_err(|error| format!("`mail.from` is not an address: {error}"))?;
    let url = settings.mail.smtp_url.reveal();
    if url.is_empty() {
        let folder = data.join("mail");
        std::fs::create_dir_all(&folder).map_err(|error| format!("the mail folder cannot be made: {error}"))?;
        return Ok(Box::new(Folder { folder, from }));
    }
    let transport =
        AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| "`mail.smtp_url` cannot be used".to_owned())?;
    let configuration_set = settings.mail.configuration_set.clone();
    let transport = transport.timeout(Some(std::time::Duration::from_secs(20))).build();
    Ok(Box::new(Smtp { transport, from, configuration_set }))
}

fn message(from: &Mailbox, configuration_set: &str, outgoing: &Outgoing<'_>) -> Result<Message, MailFault> {
    let never = |error: &dyn std::fmt::Display| MailFault::Never(error.to_string());
    let to: Mailbox = outgoing.to.parse().map_err(|error| never(&error))?;
    let mut builder = Message::builder();
    if !configuration_set.is_empty() {
        let name = HeaderName::new_from_ascii_str("X-SES-CONFIGURATION-SET");
        builder = builder.raw_header(HeaderValue::new(name, configuration_set.to_owned()));
    }
    builder
        .from(from.clone())
        .to(to)
        .subject(outgoing.letter.subject.clone())
        .message_id(Some(format!("<{}@{}>", outgoing.id, from.email.domain())))
        .multipart(MultiPart::alternative_plain_html(outgoing.letter.text.clone(), outgoing.letter.html.clone()))
        .map_err(|error| never(&error))
}

/// Removes letters from the folder that they were written into. What a mail server took is no longer ours.
pub async fn forget(settings: &Settings, letters: &[Uuid]) {
    if !settings.mail.smtp_url.is_empty() {
        return;
    }
    let folder = std::path::Path::new(&settings.server.data).join("mail");
    for letter in letters {
        match tokio::fs::remove_file(folder.join(format!("{letter}.eml"))).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::error!(%letter, %error, "a letter stays in the folder");
            }
            _ => {}
        }
    }
}

/// Writes letters into a folder, one file each: for development, for tests, and for whoever runs the service without a mail server.
#[derive(Debug)]
struct Folder {
    folder: PathBuf,
    from: Mailbox,
}

impl Mailer for Folder {
    fn send<'a>(&'a self, outgoing: Outgoing<'a>) -> Sending<'a> {
        Box::pin(async move {
            let later = |error: std::io::Error| MailFault::Later(error.to_string());
            let bytes = message(&self.from, "", &outgoing)?.formatted();
            let part = self.folder.join(format!("{}.part", outgoing.id));
            tokio::fs::write(&part, bytes).await.map_err(later)?;
            tokio::fs::rename(&part, self.folder.join(format!("{}.eml", outgoing.id))).await.map_err(later)
        })
    }
}

/// Sends letters to a mail server.
#[derive(Debug)]
struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// Of SES: which events it publishes.
    configuration_set: String,
}

impl Mailer for Smtp {
    fn send<'a>(&'a self, outgoing: Outgoing<'a>) -> Sending<'a> {
        Box::pin(async move {
            let message = message(&self.from, &self.configuration_set, &outgoing)?;
            match self.transport.send(message).await {
                Ok(_) => Ok(()),
                Err(error) => Err(judged(error.status().map(u16::from), &error.to_string())),
            }
        })
    }
}

/// What a mail server's refusal means for the letter. SES says by the same codes that an address is wrong and that the account is stopped, so its
/// words count too.
fn judged(code: Option<u16>, text: &str) -> MailFault {
    // Kept with the letter and logged, so without the addresses that mail servers like to repeat.
    let text = log::scrub(text);
    let lower = text.to_lowercase();
    let is_about_us = matches!(code, Some(530 | 534 | 535 | 538))
        || ["sending paused", "suspended", "daily message quota"].iter().any(|words| lower.contains(words));
    match code {
        _ if is_about_us => MailFault::Held(text),
        Some(500..=599) => MailFault::Never(text),
        _ => MailFault::Later(text),
    }
}
