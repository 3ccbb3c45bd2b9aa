//! What time it is, as the sandbox sees it: a clock that is passed in, and an offset that a test can move forward.
//!
//! Nothing in this crate reads the system's clock except `SystemClock`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A source of the current time.
pub trait Clock: Send + Sync + 'static {
    /// Microseconds since 1970-01-01T00:00:00Z.
    fn unix_micros(&self) -> i64;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn unix_micros(&self) -> i64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map(|since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
            .unwrap_or(0)
    }
}

/// A clock that stands still until it is set.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `unix_seconds`.
    pub fn at(unix_seconds: i64) -> Self {
        Self(AtomicI64::new(unix_seconds.saturating_mul(1_000_000)))
    }

    /// Moves the clock forward.
    pub fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds.saturating_mul(1_000_000), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn unix_micros(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// The clock every stand-in reads: the one passed in, moved by what the control interface asked for.
pub(crate) struct MovedClock {
    base: Arc<dyn Clock>,
    moved_micros: AtomicI64,
}

impl MovedClock {
    pub(crate) fn new(base: Arc<dyn Clock>) -> Self {
        Self { base, moved_micros: AtomicI64::new(0) }
    }

    pub(crate) fn advance_seconds(&self, seconds: i64) {
        self.moved_micros.fetch_add(seconds.saturating_mul(1_000_000), Ordering::SeqCst);
    }

    pub(crate) fn micros(&self) -> i64 {
        self.base.unix_micros().saturating_add(self.moved_micros.load(Ordering::SeqCst))
    }

    pub(crate) fn seconds(&self) -> i64 {
        self.micros().div_euclid(1_000_000)
    }
}

/// `unix_micros` as RFC 3339 text in UTC with millisecond precision, such as `2026-11-23T12:00:00.000Z`.
pub(crate) fn rfc3339(unix_micros: i64) -> String {
    let whole_millis = i128::from(unix_micros.div_euclid(1000)) * 1_000_000;
    let Ok(moment) = OffsetDateTime::from_unix_timestamp_nanos(whole_millis) else { return String::new() };
    let Ok(text) = moment.format(&Rfc3339) else { return String::new() };
    let (seconds, fraction) = match text.trim_end_matches('Z').split_once('.') {
        Some((seconds, fraction)) => (seconds.to_owned(), fraction.to_owned()),
        None => (text.trim_end_matches('Z').to_owned(), String::new()),
    };
    format!("{seconds}.{fraction:0<3}Z")
}

/// Reads an RFC 3339 time; `None` when the text is not one.
pub(crate) fn parse_rfc3339(text: &str) -> Option<i64> {
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(moment.unix_timestamp_nanos().div_euclid(1000)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_moves_a_standing_clock() {
        let clock = MovedClock::new(Arc::new(ManualClock::at(1_000)));
        clock.advance_seconds(60);
        assert_eq!(clock.seconds(), 1_060);
    }

    #[test]
    fn times_are_written_with_milliseconds() {
        for (micros, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_000, "1970-01-01T00:00:00.001Z"),
            (120_000, "1970-01-01T00:00:00.120Z"),
            (1_793_577_600_999_999, "2026-11-02T00:00:00.999Z"),
        ] {
            assert_eq!(rfc3339(micros), expected);
            assert_eq!(parse_rfc3339(expected), Some(micros / 1000 * 1000));
        }
    }
}
