//! Stands in for Amazon SES's SMTP endpoint: takes mail over loopback, keeps it, refuses on request, and tells of bounces.
//!
//! Not here: TLS (it is loopback), relaying. The simulator addresses of SES work: mail to `bounce@simulator.amazonses.com`
//! is taken and then bounces.

mod mime;
mod notify;
mod session;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::common::Common;
use crate::control::ControlError;
use crate::locked;
use crate::serve::Serving;

/// Where in a session a scripted fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpStage {
    /// Instead of the greeting.
    Connect,
    /// At `AUTH`.
    Auth,
    /// At `MAIL FROM`.
    Mail,
    /// At `RCPT TO`.
    Recipient,
    /// At `DATA`.
    Data,
    /// After the whole mail was sent.
    Message,
}

/// What happens there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SmtpAnswer {
    /// This reply, such as 454 or 554. Nothing is kept.
    Reply {
        /// The code.
        code: u16,
        /// The text.
        text: String,
    },
    /// The connection is closed. Nothing is kept.
    Drop,
    /// The mail is kept, then the connection is closed without a reply (stage `message` only).
    KeepAndDrop,
    /// Waits, then goes on as usual.
    Delay {
        /// How long.
        milliseconds: u64,
    },
}

/// A fault of the mail server; used once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpFault {
    /// Where.
    pub stage: SmtpStage,
    /// What.
    pub answer: SmtpAnswer,
}

impl SmtpFault {
    /// SES's reply when mail is sent too fast.
    pub fn throttled() -> Self {
        let text = "Throttling failure: Maximum sending rate exceeded.".to_owned();
        Self { stage: SmtpStage::Message, answer: SmtpAnswer::Reply { code: 454, text } }
    }

    /// SES's reply when the day's quota is used up.
    pub fn daily_quota() -> Self {
        let text = "Throttling failure: Daily message quota exceeded.".to_owned();
        Self { stage: SmtpStage::Message, answer: SmtpAnswer::Reply { code: 454, text } }
    }

    /// SES's reply to mail it will not send.
    pub fn rejected() -> Self {
        let text = "Message rejected: Email address is not verified.".to_owned();
        Self { stage: SmtpStage::Message, answer: SmtpAnswer::Reply { code: 554, text } }
    }
}

/// A mail that was taken.
#[derive(Clone, Debug, Serialize)]
pub struct Mail {
    /// The server's id, as in its reply.
    pub id: String,
    /// When, in microseconds since 1970 by the sandbox's clock.
    pub at_unix_micros: i64,
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// The whole mail.
    pub raw: String,
    /// All headers, decoded, in order.
    pub headers: Vec<(String, String)>,
    /// The plain text body, decoded.
    pub text: Option<String>,
    /// The HTML body, decoded.
    pub html: Option<String>,
}

impl Mail {
    /// The first header of this name, in any letter case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The subject.
    pub fn subject(&self) -> &str {
        self.header("subject").unwrap_or_default()
    }
}

#[derive(Default)]
struct State {
    mails: Vec<Mail>,
    faults: VecDeque<SmtpFault>,
    notification_url: Option<String>,
}

struct Inner {
    common: Arc<Common>,
    username: String,
    password: String,
    events_key: String,
    state: Mutex<State>,
}

/// The stand-in for the mail server: what a test or a control request can do with it.
#[derive(Clone)]
pub struct Postbox {
    inner: Arc<Inner>,
}

impl Postbox {
    pub(crate) fn new(common: Arc<Common>, username: String, password: String, events_key: String) -> Self {
        Self { inner: Arc::new(Inner { common, username, password, events_key, state: Mutex::default() }) }
    }

    pub(crate) fn serve(&self, listener: TcpListener) -> Serving {
        let postbox = self.clone();
        Serving::from(tokio::spawn(async move {
            let mut sessions = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                        let postbox = postbox.clone();
                        sessions.spawn(async move { session::run(&postbox, stream).await });
                    },
                    Some(_) = sessions.join_next(), if !sessions.is_empty() => {}
                }
            }
        }))
    }

    fn fault_at(&self, stage: SmtpStage) -> Option<SmtpAnswer> {
        let mut state = locked(&self.inner.state);
        let at = state.faults.iter().position(|fault| fault.stage == stage)?;
        state.faults.remove(at).map(|fault| fault.answer)
    }

    /// Keeps a mail and answers its id.
    fn keep(&self, from: String, to: Vec<String>, raw: String) -> String {
        let common = &self.inner.common;
        let id = format!("0100{}-000000", common.ids.lower("", 28));
        let parts = mime::read(&raw);
        let (headers, text, html) = (parts.headers, parts.text, parts.html);
        let mail = Mail { id: id.clone(), at_unix_micros: common.clock.micros(), from, to, raw, headers, text, html };
        for recipient in &mail.to {
            match recipient.to_ascii_lowercase().as_str() {
                "bounce@simulator.amazonses.com" | "suppressionlist@simulator.amazonses.com" => {
                    self.notify(&mail, recipient, "Bounce")
                }
                "complaint@simulator.amazonses.com" => self.notify(&mail, recipient, "Complaint"),
                _ => {}
            }
        }
        locked(&self.inner.state).mails.push(mail);
        id
    }

    /// Scripts a fault; it is used once.
    pub fn fault(&self, fault: SmtpFault) {
        locked(&self.inner.state).faults.push_back(fault);
    }

    /// Where bounces and complaints are told of.
    ///
    /// # Errors
    /// When `url` is not plain HTTP on this machine.
    pub fn notify_at(&self, url: &str) -> Result<(), ControlError> {
        if !crate::delivery::is_loopback(url) {
            return Err(ControlError("A sandbox notifies loopback addresses over http only.".to_owned()));
        }
        locked(&self.inner.state).notification_url = Some(url.to_owned());
        Ok(())
    }

    /// Every mail that was taken, oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        locked(&self.inner.state).mails.clone()
    }

    /// The mails to one address, oldest first.
    pub fn mails_to(&self, address: &str) -> Vec<Mail> {
        let to = |mail: &Mail| mail.to.iter().any(|recipient| recipient.eq_ignore_ascii_case(address));
        self.mails().into_iter().filter(to).collect()
    }

    /// Forgets every mail.
    pub fn clear(&self) {
        locked(&self.inner.state).mails.clear();
    }

    /// Tells that the last mail to an address bounced for good.
    ///
    /// # Errors
    /// When no mail went to that address.
    pub fn bounce(&self, address: &str) -> Result<(), ControlError> {
        self.tell(address, "Bounce")
    }

    /// Tells that the person at an address complained about the last mail.
    ///
    /// # Errors
    /// When no mail went to that address.
    pub fn complain(&self, address: &str) -> Result<(), ControlError> {
        self.tell(address, "Complaint")
    }

    fn tell(&self, address: &str, kind: &str) -> Result<(), ControlError> {
        let mails = self.mails_to(address);
        let mail = mails.last().ok_or_else(|| ControlError(format!("No mail went to {address}.")))?;
        self.notify(mail, address, kind);
        Ok(())
    }
}
