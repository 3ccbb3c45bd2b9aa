//! Limits on attempts, counted in the database so that they hold across replicas. Fixed windows of an hour; a counter's name is a hash.

use super::AccountError;
use crate::app::App;
use crate::store::{count_of, sql};
use crate::world::Moment;
use sea_orm::ConnectionTrait;
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::time::Duration;

const WINDOW: Duration = Duration::from_secs(3600);

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub enum Counted<'a> {
    /// Tries to sign in to one account.
    SignInTo(&'a str),
    /// Tries to sign in from one network address.
    SignInFrom(IpAddr),
    /// Letters that strangers can make us send to one mail address.
    MailTo(&'a str),
    /// Sign-ups and resets from one network address.
    SignUpFrom(IpAddr),
}

impl Counted<'_> {
    fn bucket(self) -> Vec<u8> {
        let name = match self {
            Self::SignInTo(key) => format!("sign-in-to:{key}"),
            Self::SignInFrom(address) => format!("sign-in-from:{}", network(address)),
            Self::MailTo(key) => format!("mail-to:{key}"),
            Self::SignUpFrom(address) => format!("sign-up-from:{}", network(address)),
        };
        Sha256::digest(name.as_bytes()).to_vec()
    }

    fn limit(self, app: &App) -> u32 {
        let limits = &app.settings.accounts;
        match self {
            Self::SignInTo(_) => limits.sign_in_per_account,
            Self::SignInFrom(_) => limits.sign_in_per_address,
            Self::MailTo(_) => limits.mail_per_account,
            Self::SignUpFrom(_) => limits.sign_up_per_address,
        }
    }
}

/// One household has a whole /64 of IPv6.
fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// Counts an attempt.
///
/// # Errors
/// [`AccountError::TooMany`] when it is one too many; it counts all the same.
pub async fn count(app: &App, counted: Counted<'_>) -> Result<(), AccountError> {
    let window = i64::try_from(WINDOW.as_micros()).unwrap_or(i64::MAX);
    let now = app.world.now();
    let start = now.0.div_euclid(window) * window;
    let upsert = "INSERT INTO attempts (bucket, window_start, count) VALUES ($1, $2, 1)
        ON CONFLICT (bucket, window_start) DO UPDATE SET count = attempts.count + 1 RETURNING count AS n";
    let tx = app.store.write_transaction().await?;
    let seen = count_of(&*tx, upsert, [counted.bucket().into(), start.into()]).await?;
    tx.commit().await?;
    if seen > i64::from(counted.limit(app)) {
        let rest = u64::try_from(start + window - now.0).unwrap_or_default();
        return Err(AccountError::TooMany { retry_after: Duration::from_micros(rest) });
    }
    Ok(())
}

/// Removes counters of windows that are over; says how many.
///
/// # Errors
/// When the database fails.
pub async fn sweep(app: &App, now: Moment) -> Result<u64, AccountError> {
    let tx = app.store.write_transaction().await?;
    let delete = "DELETE FROM attempts WHERE window_start < $1";
    let gone = tx.execute_raw(sql(&*tx, delete, [now.minus(WINDOW * 2).into()])).await?.rows_affected();
    tx.commit().await?;
    Ok(gone)
}
