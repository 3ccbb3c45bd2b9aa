//! The wall clock, for what is written down. Measuring uses the host's clock, which never goes back.

use std::time::{SystemTime, UNIX_EPOCH};

/// Microseconds since 1970, by this computer's clock, which may be wrong.
pub(crate) fn now_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
