//! Time, identity and chance, handed in from outside so that a test can hold all three.
//!
//! Nothing else in this crate asks the system for the time or for random bytes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// A moment: microseconds since 1970 in UTC. Integers, because times kept as text compare wrongly on SQLite.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, DeriveValueType, utoipa::ToSchema,
)]
#[serde(transparent)]
pub struct Moment(pub i64);

impl Moment {
    /// This moment and `duration` more; the end of time when it does not fit.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// This moment less `duration`.
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Whole seconds since 1970.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The same moment for people and letters.
    pub fn to_utc(self) -> time::OffsetDateTime {
        time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1000)
            .unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
    }
}

/// Tells the time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Moment + Send + Sync>);

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(Arc::new(|| {
            let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
            Moment(i64::try_from(micros).unwrap_or(i64::MAX))
        }))
    }

    /// A clock that stands still until its handle moves it.
    pub fn by_hand(start: Moment) -> (Self, ClockHandle) {
        let handle = ClockHandle(Arc::new(AtomicI64::new(start.0)));
        let read = handle.clone();
        (Self(Arc::new(move || Moment(read.0.load(Ordering::SeqCst)))), handle)
    }

    /// Now.
    pub fn now(&self) -> Moment {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now().0)
    }
}

/// Moves a clock made by [`Clock::by_hand`].
#[derive(Clone, Debug)]
pub struct ClockHandle(Arc<AtomicI64>);

impl ClockHandle {
    /// Lets `duration` pass.
    pub fn advance(&self, duration: Duration) {
        self.0.fetch_add(i64::try_from(duration.as_micros()).unwrap_or(0), Ordering::SeqCst);
    }
}

/// No random bytes could be had; the service must not go on.
#[derive(Debug, thiserror::Error)]
#[error("the system gave no random bytes")]
pub struct NoRandomness;

type Fill = dyn Fn(&mut [u8]) -> Result<(), NoRandomness> + Send + Sync;

/// Gives random bytes.
#[derive(Clone)]
pub struct Chance(Arc<Fill>);

impl Chance {
    /// The system's source, fit for secrets.
    pub fn system() -> Self {
        Self(Arc::new(|bytes| getrandom::fill(bytes).map_err(|_| NoRandomness)))
    }

    /// The same bytes each time for the same seed: for tests only, never a secret.
    pub fn seeded(seed: u64) -> Self {
        let counter = AtomicU64::new(0);
        Self(Arc::new(move |bytes| {
            for chunk in bytes.chunks_mut(32) {
                let count = counter.fetch_add(1, Ordering::SeqCst);
                let block = Sha256::digest([seed.to_le_bytes(), count.to_le_bytes()].concat());
                chunk.copy_from_slice(&block[..chunk.len()]);
            }
            Ok(())
        }))
    }
}

impl fmt::Debug for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chance")
    }
}

/// Time and chance together, as everything that makes ids needs them.
#[derive(Clone, Debug)]
pub struct World {
    clock: Clock,
    chance: Chance,
    /// Milliseconds and a counter of 12 bits: the last id's, so that ids of one process sort in the order in which they were made.
    last_id: Arc<AtomicU64>,
}

impl World {
    /// The real one.
    pub fn system() -> Self {
        Self::new(Clock::system(), Chance::system())
    }

    /// One of given parts.
    pub fn new(clock: Clock, chance: Chance) -> Self {
        Self { clock, chance, last_id: Arc::default() }
    }

    /// Now.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// A new id that sorts by time (UUID version 7).
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new_id(&self) -> Result<Uuid, NoRandomness> {
        let mut bytes = [0; 10];
        (self.chance.0)(&mut bytes)?;
        let millis = u64::try_from(self.now().0.div_euclid(1000)).unwrap_or(0);
        // The counter starts low and at random; when it runs over, it borrows the next millisecond.
        let first = (millis << 12) | (u64::from(u16::from_be_bytes([bytes[0], bytes[1]])) & 0x7ff);
        let next = |last: u64| first.max(last.saturating_add(1));
        let last =
            self.last_id.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(next(last))).unwrap_or_default();
        let id = next(last);
        let counter = u16::try_from(id & 0xfff).unwrap_or_default().to_be_bytes();
        bytes[..2].copy_from_slice(&counter);
        Ok(uuid::Builder::from_unix_timestamp_millis(id >> 12, &bytes).into_uuid())
    }

    /// A number from 0 to 255, for spreading retries.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn die(&self) -> Result<u8, NoRandomness> {
        let mut byte = [0; 1];
        (self.chance.0)(&mut byte)?;
        Ok(byte[0])
    }

    /// A new secret of 256 bits as text, with a prefix that says what it is (and that the log's scrubber knows).
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new_token(&self, kind: TokenKind) -> Result<String, NoRandomness> {
        let mut bytes = [0; 32];
        (self.chance.0)(&mut bytes)?;
        Ok(format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(bytes)))
    }
}

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Opens the API for a quarter of an hour.
    Access,
    /// Gets the next access token, once.
    Refresh,
    /// The cookie of our own pages.
    Web,
    /// A link in a letter.
    Letter,
    /// An authorization code of OAuth.
    Code,
}

impl TokenKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Access, Self::Refresh, Self::Web, Self::Letter, Self::Code];

    /// How tokens of this kind begin.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Access => "apat_",
            Self::Refresh => "aprt_",
            Self::Web => "apwb_",
            Self::Letter => "apml_",
            Self::Code => "apac_",
        }
    }
}

/// How a token is kept: its SHA-256. A secret of 256 bits needs no salt and no slowness.
pub fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_in_the_order_in_which_they_were_made() {
        let (clock, handle) = Clock::by_hand(Moment(1_798_761_600_000_000));
        let world = World::new(clock, Chance::seeded(1));
        let mut ids: Vec<Uuid> = Vec::new();
        for round in 0..3 {
            ids.extend((0..9000).map(|_| world.new_id().unwrap()));
            handle.advance(Duration::from_millis(round));
        }
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
    }

    #[test]
    fn tokens_are_long_and_of_their_kind() {
        let world = World::system();
        let (one, other) = (world.new_token(TokenKind::Access).unwrap(), world.new_token(TokenKind::Access).unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), 5 + 43);
        assert!(one.starts_with("apat_"));
        assert_eq!(token_hash(&one).len(), 32);
    }
}
