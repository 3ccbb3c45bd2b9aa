//! Signing in with Google: a code flow with PKCE and a nonce on our own pages, in which only this service talks to Google.
//!
//! An account is known by Google's name for it (`sub`), never by its address. An address that has an account here is linked only when that
//! account's password is given; a new account is made only for an address that Google itself answers for. Not here: the pages.

mod flow;
mod id_token;
mod link;
mod provider;

pub use flow::{Begun, Purpose, begin};
pub use link::{Arrived, arrive, link_by_password, linked, unlink, waiting_address};
pub use provider::Provider;

use super::AccountError;
use crate::error::{ApiError, ErrorCode};

/// Why signing in with Google does not work. The sentences are for the person.
#[derive(Debug, thiserror::Error)]
pub enum GoogleError {
    /// The way back is unknown, used, too old, or another browser's.
    #[error("This sign-in with Google has ended or was begun in another browser. Begin again.")]
    DeadFlow,
    /// The person said no there.
    #[error("Google did not sign you in. Nothing has changed.")]
    Denied,
    /// What Google gave proves nothing.
    #[error("What Google sent could not be trusted, so you are not signed in. Begin again.")]
    NotProven(&'static str),
    /// Google is not configured.
    #[error("Signing in with Google is not offered here. Use your email and a password.")]
    NotOffered,
    /// Google does not answer.
    #[error("Google cannot be reached at the moment. Sign in with your email and password, or try again later.")]
    Unreachable(String),
    /// Google does not answer for the address.
    #[error(
        "Google does not vouch for the address of this Google account. Use your email and a password here; you can connect Google afterwards under Account."
    )]
    AddressNotVouched,
    /// The address belongs to an account that came by another Google account.
    #[error("There is an account with this address that uses another Google account. Sign in with that one.")]
    OtherGoogleAccount,
    /// The Google account is connected to somebody else's account here.
    #[error("This Google account is connected to another account here. Disconnect it there first.")]
    Taken,
    /// Without a password nobody could get in any more.
    #[error("Set a password first (under “Forgot it?” on the sign-in page): without Google it is your only way in.")]
    OnlyWayIn,
    /// No account yet: the age question comes first.
    #[error("There is no account for this Google account yet.")]
    NoAccount,
    /// As elsewhere.
    #[error(transparent)]
    Account(#[from] AccountError),
}

impl From<crate::store::StoreError> for GoogleError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Account(error.into())
    }
}

impl From<sea_orm::DbErr> for GoogleError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Account(error.into())
    }
}

impl From<crate::world::NoRandomness> for GoogleError {
    fn from(error: crate::world::NoRandomness) -> Self {
        Self::Account(error.into())
    }
}

impl From<GoogleError> for ApiError {
    fn from(error: GoogleError) -> Self {
        let code = match &error {
            GoogleError::DeadFlow | GoogleError::AddressNotVouched => ErrorCode::Invalid,
            GoogleError::Denied | GoogleError::NotProven(_) | GoogleError::OnlyWayIn => ErrorCode::Forbidden,
            GoogleError::Unreachable(_) => ErrorCode::Unavailable,
            GoogleError::OtherGoogleAccount | GoogleError::Taken => ErrorCode::Conflict,
            GoogleError::NoAccount | GoogleError::NotOffered => ErrorCode::NotFound,
            GoogleError::Account(_) => ErrorCode::Internal,
        };
        match error {
            GoogleError::Account(error) => error.into(),
            error => {
                if let GoogleError::NotProven(why) = &error {
                    tracing::warn!(why, "an ID token was refused");
                }
                if let GoogleError::Unreachable(why) = &error {
                    tracing::warn!(why, "Google does not answer");
                }
                Self::new(code, error.to_string())
            }
        }
    }
}
