//! Logs: one JSON object a line on standard error, with a last scrub that takes tokens, keys, passwords in addresses and mail addresses out,
//! whatever wrote them.

use std::io::{self, Write};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// How secrets begin that may never stand in a log: our tokens, and the keys of the services we call.
const BEGINNINGS: &[&str] = &[
    "apat_", "aprt_", "apwb_", "apml_", "apac_", "sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_", "r8_",
    "sk-ant-", "Bearer ", "$2b$",
];

const REDACTED: &str = "[redacted]";

/// Starts logging for the whole process.
///
/// # Errors
/// When the directives are not understood, or logging was started before.
pub fn start(directives: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let filter = EnvFilter::try_new(directives)?;
    tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).with_writer(Scrubbing).try_init()
}

/// Makes writers that scrub.
#[derive(Clone, Copy, Debug)]
pub struct Scrubbing;

impl<'a> MakeWriter<'a> for Scrubbing {
    type Writer = Scrubber<io::Stderr>;

    fn make_writer(&'a self) -> Self::Writer {
        Scrubber(io::stderr())
    }
}

/// Takes secrets out of what is written; the log writes one whole line at a time.
#[derive(Debug)]
pub struct Scrubber<W>(W);

impl<W: Write> Write for Scrubber<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        self.0.write_all(scrub(&text).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The text without anything that looks like a secret of ours, a password in an address, or a mail address.
pub fn scrub(text: &str) -> String {
    without_addresses(&without_logins(&without_tokens(text)))
}

fn without_tokens(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, beginning)) =
        BEGINNINGS.iter().filter_map(|b| Some((rest.find(b)?, *b))).min_by_key(|(at, _)| *at)
    {
        let after = &rest[at + beginning.len()..];
        let secret = after.find(|c: char| !(c.is_ascii_alphanumeric() || "_-./+=$".contains(c))).unwrap_or(after.len());
        clean.push_str(&rest[..at]);
        clean.push_str(REDACTED);
        rest = &after[secret..];
    }
    clean.push_str(rest);
    clean
}

/// `postgres://user:password@host` without what stands before the host. A password may hold a slash that nobody escaped, so everything up to
/// the last @ of the word goes.
fn without_logins(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + "://".len());
        let word = after.find(|c: char| c.is_whitespace() || "\"'`<>\\".contains(c)).unwrap_or(after.len());
        clean.push_str(before);
        rest = match after[..word].rfind('@') {
            Some(end) => {
                clean.push_str(REDACTED);
                &after[end..]
            }
            None => after,
        };
    }
    clean.push_str(rest);
    clean
}

/// Whether a letter can stand before the @ of a mail address (`accounts::email` takes no others, but mail servers do).
fn is_local(c: char) -> bool {
    c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c)
}

fn without_addresses(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let domain = after.find(|c: char| !(c.is_alphanumeric() || "-.".contains(c))).unwrap_or(after.len());
        let start = before.trim_end_matches(is_local).len();
        let start = start + escaped(&before[..start], &before[start..]);
        if start == at || domain == 0 {
            clean.push_str(&rest[..=at]);
            rest = after;
        } else {
            clean.push_str(&before[..start]);
            clean.push_str("[address]");
            // A sentence may end with it.
            rest = &after[after[..domain].trim_end_matches('.').len()..];
        }
    }
    clean.push_str(rest);
    clean
}

/// How many bytes at the beginning of `local` belong to an escape of JSON that began before it, so that a line stays JSON: the n of `\n`, the
/// u001b of `\u001b`.
fn escaped(before: &str, local: &str) -> usize {
    let backslashes = before.len() - before.trim_end_matches('\\').len();
    match local.as_bytes().first() {
        Some(b'u') if backslashes % 2 == 1 && local.is_char_boundary(5.min(local.len())) => 5.min(local.len()),
        Some(first) if backslashes % 2 == 1 && first.is_ascii() => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{TokenKind, World};

    #[test]
    fn secrets_are_taken_out_and_the_rest_stays() {
        for kind in TokenKind::ALL {
            let token = World::system().new_token(kind).unwrap();
            assert_eq!(scrub(&format!("{{\"a\":\"{token}\",\"b\":1}}")), "{\"a\":\"[redacted]\",\"b\":1}");
        }
        assert_eq!(scrub("Authorization: Bearer abc.def-g, next"), "Authorization: [redacted], next");
        assert_eq!(scrub("hash $2b$12$abcdefghijklmnopqrstuv/. end"), "hash [redacted] end");
        assert_eq!(scrub("nothing to hide"), "nothing to hide");
    }

    #[test]
    fn logins_in_addresses_are_taken_out() {
        for (text, clean) in [
            (
                "cannot reach postgres://user:hunter2@db.example/pretty",
                "cannot reach postgres://[redacted]@db.example/pretty",
            ),
            ("\"smtps://u:p@ss/w0rd@mail.example:465\",", "\"smtps://[redacted]@mail.example:465\","),
            ("http://a:b@one, http://c:d@two", "http://[redacted]@one, http://[redacted]@two"),
            ("https://api.example/v1?x=1 is fine", "https://api.example/v1?x=1 is fine"),
            ("://", "://"),
        ] {
            assert_eq!(scrub(text), clean);
        }
    }

    #[test]
    fn mail_addresses_are_taken_out_and_a_line_stays_json() {
        for (text, clean) in [
            ("no mailbox <mara.l+x@example.org>.", "no mailbox <[address]>."),
            ("mara@example.org", "[address]"),
            ("to o'brien=x@b\u{fc}cher.example. And m\u{e4}ra@a.b", "to [address]. And [address]"),
            ("at 3 @ noon, @home and a@ or [redacted]@host", "at 3 @ noon, @home and a@ or [redacted]@host"),
            ("x@y@z.example", "[address]@z.example"),
        ] {
            assert_eq!(scrub(text), clean);
        }
        for said in [
            "mara@example.org",
            "a\nmara@example.org\tb",
            "\\mara@example.org",
            "\u{1b}mara@example.org",
            "{\"a\":\"b@c.d\"}",
            "\u{1b}@example.org",
        ] {
            let line = serde_json::json!({ "message": said, "n": 1 }).to_string();
            let clean = scrub(&line);
            assert!(!clean.contains("mara") && !clean.contains("b@c.d"), "{clean}");
            let read: serde_json::Value =
                serde_json::from_str(&clean).unwrap_or_else(|error| panic!("{clean}: {error}"));
            assert_eq!(read["n"], 1);
        }
    }
}
