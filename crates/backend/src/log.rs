//! Logs: one JSON object a line on standard error, with a last scrub that takes tokens and keys out whatever wrote them.

use std::io::{self, Write};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// How secrets begin that may never stand in a log: our tokens, and the keys of the services we call.
const BEGINNINGS: &[&str] = &[
    "apat_", "aprt_", "apwb_", "apml_", "apac_", "sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_", "r8_",
    "sk-ant-", "Bearer ", "$2b$",
];

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

/// The text without anything that looks like a secret of ours.
pub fn scrub(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, beginning)) =
        BEGINNINGS.iter().filter_map(|b| Some((rest.find(b)?, *b))).min_by_key(|(at, _)| *at)
    {
        let after = &rest[at + beginning.len()..];
        let secret = after.find(|c: char| !(c.is_ascii_alphanumeric() || "_-./+=$".contains(c))).unwrap_or(after.len());
        clean.push_str(&rest[..at]);
        clean.push_str("[redacted]");
        rest = &after[secret..];
    }
    clean.push_str(rest);
    clean
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
}
