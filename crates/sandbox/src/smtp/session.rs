//! One SMTP session (RFC 5321), with `AUTH PLAIN` and `AUTH LOGIN`, `SIZE`, `8BITMIME` and `PIPELINING`; no `SMTPUTF8`, as SES.

use std::io;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::{Postbox, SmtpAnswer, SmtpStage};

const LARGEST_MAIL: usize = 40 << 20;
const LONGEST_LINE: u64 = 8 << 10;
const MOST_RECIPIENTS: usize = 50;
const PATIENCE: Duration = Duration::from_secs(120);

struct Session<'a> {
    postbox: &'a Postbox,
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    from: Option<String>,
    to: Vec<String>,
}

/// What a fault did to a step.
enum Step {
    GoOn,
    Answered,
}

/// Talks until the other side is done. An error is a connection that ended, by a fault or by itself.
pub(super) async fn run(postbox: &Postbox, stream: TcpStream) -> io::Result<()> {
    let (reader, writer) = stream.into_split();
    let mut session = Session { postbox, reader: BufReader::new(reader), writer, from: None, to: Vec::new() };
    session.talk().await
}

impl Session<'_> {
    async fn talk(&mut self) -> io::Result<()> {
        if matches!(self.step(SmtpStage::Connect).await?, Step::Answered) {
            return Ok(());
        }
        self.reply("220 sandbox ESMTP pretty-sandbox: nothing sent here leaves this machine").await?;
        loop {
            let line = self.line().await?;
            let (verb, rest) = line.split_once(' ').unwrap_or((line.as_str(), ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" => self.reply("250-sandbox\r\n250-8BITMIME\r\n250-PIPELINING\r\n250-SIZE 41943040\r\n250-AUTH PLAIN LOGIN\r\n250 Ok").await?,
                "HELO" => self.reply("250 sandbox").await?,
                "AUTH" => self.authenticate(rest).await?,
                "MAIL" => self.mail(rest).await?,
                "RCPT" => self.recipient(rest).await?,
                "DATA" => self.data().await?,
                "RSET" => {
                    self.from = None;
                    self.to.clear();
                    self.reply("250 Ok").await?;
                }
                "NOOP" => self.reply("250 Ok").await?,
                "QUIT" => return self.reply("221 Bye").await,
                "STARTTLS" | "VRFY" | "EXPN" | "HELP" => self.reply("502 Command not implemented").await?,
                _ => self.reply("500 Syntax error, command unrecognized").await?,
            }
        }
    }

    async fn reply(&mut self, text: &str) -> io::Result<()> {
        self.writer.write_all(text.as_bytes()).await?;
        self.writer.write_all(b"\r\n").await
    }

    async fn line(&mut self) -> io::Result<String> {
        let bytes = self.bytes(LONGEST_LINE).await?;
        Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
    }

    async fn bytes(&mut self, most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut limited = (&mut self.reader).take(most);
        let count =
            tokio::time::timeout(PATIENCE, limited.read_until(b'\n', &mut bytes)).await.map_err(|_| gone())??;
        if count == 0 || !bytes.ends_with(b"\n") { Err(gone()) } else { Ok(bytes) }
    }

    async fn step(&mut self, stage: SmtpStage) -> io::Result<Step> {
        match self.postbox.fault_at(stage) {
            None => Ok(Step::GoOn),
            Some(SmtpAnswer::Reply { code, text }) => {
                self.reply(&format!("{code} {text}")).await?;
                Ok(Step::Answered)
            }
            Some(SmtpAnswer::Drop | SmtpAnswer::KeepAndDrop) => Err(gone()),
            Some(SmtpAnswer::Delay { milliseconds }) => {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                Ok(Step::GoOn)
            }
        }
    }

    async fn authenticate(&mut self, rest: &str) -> io::Result<()> {
        if matches!(self.step(SmtpStage::Auth).await?, Step::Answered) {
            return Ok(());
        }
        let decode = |text: &str| {
            STANDARD.decode(text.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
        };
        let mut words = rest.split(' ');
        let (method, initial) =
            (words.next().unwrap_or_default().to_ascii_uppercase(), words.next().map(str::to_owned));
        let (username, password) = match method.as_str() {
            "PLAIN" => {
                let text = match initial {
                    Some(text) => text,
                    None => {
                        self.reply("334 ").await?;
                        self.line().await?
                    }
                };
                let decoded = decode(&text);
                let mut parts = decoded.split('\0').skip(1).map(str::to_owned);
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
            }
            "LOGIN" => {
                let username = match initial {
                    Some(text) => text,
                    None => {
                        self.reply("334 VXNlcm5hbWU6").await?;
                        self.line().await?
                    }
                };
                self.reply("334 UGFzc3dvcmQ6").await?;
                let password = self.line().await?;
                (decode(&username), decode(&password))
            }
            _ => return self.reply("504 Unrecognized authentication type").await,
        };
        let inner = &self.postbox.inner;
        if username == inner.username && password == inner.password {
            self.reply("235 Authentication successful.").await
        } else {
            self.reply("535 Authentication Credentials Invalid").await
        }
    }

    async fn mail(&mut self, rest: &str) -> io::Result<()> {
        if matches!(self.step(SmtpStage::Mail).await?, Step::Answered) {
            return Ok(());
        }
        let Some(address) = address(rest, "FROM:") else {
            return self.reply("501 Invalid MAIL FROM address provided").await;
        };
        let size =
            rest.split(' ').find_map(|word| word.to_ascii_uppercase().strip_prefix("SIZE=")?.parse::<usize>().ok());
        if size.is_some_and(|size| size > LARGEST_MAIL) {
            return self.reply("552 Message is too long").await;
        }
        if !address.is_ascii() {
            return self.reply("553 Local address contains control or whitespace, or is not ASCII").await;
        }
        self.from = Some(address);
        self.to.clear();
        self.reply("250 Ok").await
    }

    async fn recipient(&mut self, rest: &str) -> io::Result<()> {
        if matches!(self.step(SmtpStage::Recipient).await?, Step::Answered) {
            return Ok(());
        }
        if self.from.is_none() {
            return self.reply("503 Error: need MAIL command").await;
        }
        match address(rest, "TO:").filter(|address| address.contains('@') && address.is_ascii()) {
            None => self.reply("553 Invalid RCPT TO address provided").await,
            Some(_) if self.to.len() >= MOST_RECIPIENTS => self.reply("452 Too many recipients").await,
            Some(address) => {
                self.to.push(address);
                self.reply("250 Ok").await
            }
        }
    }

    async fn data(&mut self) -> io::Result<()> {
        if matches!(self.step(SmtpStage::Data).await?, Step::Answered) {
            return Ok(());
        }
        if self.to.is_empty() {
            return self.reply("503 Error: need RCPT command").await;
        }
        self.reply("354 End data with <CR><LF>.<CR><LF>").await?;
        let mut raw = Vec::new();
        let mut too_long = false;
        loop {
            let line = self.bytes(LARGEST_MAIL as u64).await?;
            if line == b".\r\n" || line == b".\n" {
                break;
            }
            // A dot that the sender doubled.
            let line = if line.starts_with(b".") { &line[1..] } else { &line[..] };
            too_long |= raw.len() + line.len() > LARGEST_MAIL;
            if !too_long {
                raw.extend_from_slice(line);
            }
        }
        if too_long {
            return self.reply("552 Message is too long").await;
        }
        let from = self.from.take().unwrap_or_default();
        let to = std::mem::take(&mut self.to);
        let raw = String::from_utf8_lossy(&raw).into_owned();
        match self.postbox.fault_at(SmtpStage::Message) {
            Some(SmtpAnswer::Reply { code, text }) => return self.reply(&format!("{code} {text}")).await,
            Some(SmtpAnswer::Drop) => return Err(gone()),
            Some(SmtpAnswer::KeepAndDrop) => {
                self.postbox.keep(from, to, raw);
                return Err(gone());
            }
            Some(SmtpAnswer::Delay { milliseconds }) => tokio::time::sleep(Duration::from_millis(milliseconds)).await,
            None => {}
        }
        let id = self.postbox.keep(from, to, raw);
        self.reply(&format!("250 Ok {id}")).await
    }
}

fn gone() -> io::Error {
    io::Error::from(io::ErrorKind::ConnectionAborted)
}

fn address(rest: &str, prefix: &str) -> Option<String> {
    let given = rest.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix))?;
    let inner = rest[given.len()..].trim_start().strip_prefix('<')?;
    inner.split_once('>').map(|(address, _)| address.to_owned())
}
