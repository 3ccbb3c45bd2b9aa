//! Passwords: which may be chosen, and hashing and checking them without blocking anyone else.
//!
//! bcrypt without its silent cut at 72 bytes, in a pool of a few threads: a hundred sign-ins at once wait in line instead of taking every
//! core. For an unknown address the same work is done on a hash that nobody has a password for.

use super::AccountError;
use std::sync::Arc;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;

/// bcrypt takes 72 bytes, one of which ends the text.
const MOST_BYTES: usize = 71;
const LEAST_BYTES: usize = 8;

/// Hashes and checks passwords, a few at a time.
#[derive(Clone, Debug)]
pub struct Passwords {
    cost: u32,
    places: Arc<Semaphore>,
    /// Of no one's password, at the present cost.
    nobody: Arc<std::sync::OnceLock<String>>,
}

/// What a check of a password found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// It is right.
    Right {
        /// The hash is of an older cost: keep this one instead.
        renewed: Option<String>,
    },
    /// It is not.
    Wrong,
}

impl Passwords {
    /// A pool that works on `parallel` passwords at once with bcrypt's `cost`.
    pub fn new(cost: u32, parallel: usize) -> Self {
        Self { cost, places: Arc::new(Semaphore::new(parallel)), nobody: Arc::default() }
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// Only bcrypt's own, on a text that [`choose`] would have refused.
    pub async fn hash(&self, password: Chosen) -> Result<String, AccountError> {
        let cost = self.cost;
        self.work(move || bcrypt::non_truncating_hash(password.0, cost))
            .await?
            .map_err(|error| AccountError::Hash(error.to_string()))
    }

    /// Checks `password` against a hash; against nobody's when there is none, which takes as long and is wrong.
    ///
    /// # Errors
    /// When the pool is closed.
    pub async fn check(&self, password: &str, hash: Option<String>) -> Result<Check, AccountError> {
        let text: String = password.nfc().collect();
        // A text that can be no password is checked as another one, so that it takes as long.
        let possible = text.len() <= MOST_BYTES && !text.contains('\0');
        let text = if possible { text } else { "impossible".to_owned() };
        let (cost, nobody) = (self.cost, Arc::clone(&self.nobody));
        self.work(move || {
            let known = hash.is_some() && possible;
            let hash = match hash {
                Some(hash) => hash,
                None => {
                    nobody.get_or_init(|| bcrypt::non_truncating_hash("of no one", cost).unwrap_or_default()).clone()
                }
            };
            let right = bcrypt::non_truncating_verify(&text, &hash).unwrap_or(false);
            if !(right && known) {
                return Check::Wrong;
            }
            let old = cost_of(&hash).is_some_and(|found| found < cost);
            let renewed = if old { bcrypt::non_truncating_hash(&text, cost).ok() } else { None };
            Check::Right { renewed }
        })
        .await
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, AccountError> {
        let place =
            Arc::clone(&self.places).acquire_owned().await.map_err(|error| AccountError::Hash(error.to_string()))?;
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        })
        .await
        .map_err(|error| AccountError::Hash(error.to_string()))
    }
}

fn cost_of(hash: &str) -> Option<u32> {
    hash.split('$').nth(2)?.parse().ok()
}

/// A password that may be used, in the form in which it is hashed (NFC).
#[derive(Clone)]
pub struct Chosen(String);

impl std::fmt::Debug for Chosen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Chosen([redacted])")
    }
}

/// Judges a new password. `own` are words that its owner's enemies know: name and address.
///
/// # Errors
/// A sentence that says what to change.
pub fn choose(password: &str, own: &[&str]) -> Result<Chosen, AccountError> {
    let text: String = password.nfc().collect();
    let refuse = |why: &str| Err(AccountError::Password(why.to_owned()));
    if text.contains('\0') {
        return refuse("That password holds a character that cannot be used.");
    }
    if text.len() < LEAST_BYTES {
        return refuse("Use at least 8 characters.");
    }
    if text.len() > MOST_BYTES {
        return refuse("Use at most 71 characters, fewer when they are not plain letters.");
    }
    let guess = zxcvbn::zxcvbn(&text, own);
    if guess.score() < zxcvbn::Score::Three {
        let why =
            guess.feedback().and_then(|feedback| feedback.warning()).map_or_else(String::new, |why| format!(" {why}"));
        return Err(AccountError::Password(format!(
            "That password is easy to guess.{why} Three or four random words are good."
        )));
    }
    Ok(Chosen(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn au7_lengths_and_odd_characters() {
        let random = "kR7#vq9Lz2!mXw4pTn8sYb3hJd6gFc5aZe1uQo0iKr9vLp2mXs7wTn4qYb8hJd3gFc6a";
        let of = |length: usize| format!("{random}{}", "Zq5wX8").chars().take(length).collect::<String>();
        let pool = Passwords::new(4, 1);
        for length in [9, 70, 71] {
            let text = of(length);
            assert_eq!(text.len(), length);
            let hash = pool.hash(choose(&text, &[]).unwrap()).await.unwrap();
            assert_eq!(pool.check(&text, Some(hash.clone())).await.unwrap(), Check::Right { renewed: None });
            assert_eq!(
                pool.check(&format!("{text}x"), Some(hash)).await.unwrap(),
                Check::Wrong,
                "{length}: one more is another password"
            );
        }
        for refused in
            [of(72), of(73), of(7), "short".into(), "a\0bcdefghijk!9Q".into(), "😀".repeat(18), "x".repeat(100_000)]
        {
            assert!(choose(&refused, &[]).is_err(), "{}", refused.len());
            assert_eq!(pool.check(&refused, None).await.unwrap(), Check::Wrong);
        }
        // Written in two ways, it is one password.
        let hash = pool.hash(choose("caf\u{e9} räuber 77 q!", &[]).unwrap()).await.unwrap();
        assert_ne!(pool.check("cafe\u{301} ra\u{308}uber 77 q!", Some(hash)).await.unwrap(), Check::Wrong);
    }

    #[test]
    fn guessable_passwords_are_refused_with_a_reason() {
        for password in ["password", "12345678", "qwertyuiop", "mara@example.org", "Mara Lindqvist"] {
            assert!(choose(password, &["mara@example.org", "Mara Lindqvist"]).is_err(), "{password}");
        }
        assert!(choose("harbour lantern 58 quilt", &[]).is_ok());
    }

    #[tokio::test]
    async fn a_hash_of_an_older_cost_is_renewed() {
        let hash = Passwords::new(4, 1).hash(choose("harbour lantern 58 quilt", &[]).unwrap()).await.unwrap();
        let Check::Right { renewed: Some(renewed) } =
            Passwords::new(5, 1).check("harbour lantern 58 quilt", Some(hash)).await.unwrap()
        else {
            panic!("not renewed")
        };
        assert_eq!(cost_of(&renewed), Some(5));
    }

    /// AU8: not the time itself, which a busy machine blurs, but the work: bcrypt at the same cost for known and unknown.
    #[tokio::test]
    async fn au8_an_unknown_address_costs_the_same_work() {
        let pool = Passwords::new(4, 1);
        assert_eq!(pool.check("harbour lantern 58 quilt", None).await.unwrap(), Check::Wrong);
        assert_eq!(cost_of(pool.nobody.get().unwrap()), Some(4));
        assert_eq!(pool.check("of no one", None).await.unwrap(), Check::Wrong, "nobody's password opens nothing");
    }
}
