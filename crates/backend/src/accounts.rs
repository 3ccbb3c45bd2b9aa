//! People: how they sign up and in, what they may change, their devices and tokens.
//!
//! There is no account whose address was not shown to be theirs: a sign-up waits in a letter's link until it is followed and the password is
//! given again. Known and unknown addresses get the same answer after the same work. Pages and routes only translate; the decisions are here.

pub mod age;
pub mod change;
pub mod devices;
pub mod email;
pub mod google;
pub mod limits;
mod links;
pub mod name;
pub mod password;
pub mod reset;
pub mod routes;
pub mod sign_in;
pub mod sign_up;
pub mod tokens;

use crate::error::{ApiError, ErrorCode};
use crate::store::StoreError;
use crate::world::NoRandomness;
use sea_orm::DbErr;
use std::time::Duration;

/// Why something about an account is refused. The sentences are for the person.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The address cannot be used.
    #[error("{0}")]
    Email(&'static str),
    /// The name cannot be used.
    #[error("{0}")]
    Name(&'static str),
    /// The password cannot be used.
    #[error("{0}")]
    Password(String),
    /// Address and password do not belong together; the same for unknown addresses.
    #[error("The email or the password is not right.")]
    WrongCredentials,
    /// A link that is unknown, used or too old; the same for all three.
    #[error("This link cannot be used any more. Ask for a new one.")]
    DeadLink,
    /// Something that matters was asked on an old sign-in.
    #[error("For this you have to have signed in just now: sign out and in again.")]
    NotFresh,
    /// The account waits to be deleted: nobody can sign in.
    #[error("This account is being deleted. The letter about it has a link that keeps it.")]
    Ending,
    /// Too many attempts.
    #[error("Too many attempts.")]
    TooMany {
        /// When the window ends.
        retry_after: Duration,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// bcrypt failed, which it does not.
    #[error("a password could not be hashed: {0}")]
    Hash(String),
}

impl From<DbErr> for AccountError {
    fn from(error: DbErr) -> Self {
        Self::Store(error.into())
    }
}

impl From<NoRandomness> for AccountError {
    fn from(error: NoRandomness) -> Self {
        Self::Store(error.into())
    }
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Email(_) | AccountError::Name(_) | AccountError::Password(_) | AccountError::DeadLink => {
                Self::new(ErrorCode::Invalid, error.to_string())
            }
            AccountError::NotFresh | AccountError::Ending | AccountError::WrongCredentials => {
                Self::new(ErrorCode::Forbidden, error.to_string())
            }
            AccountError::TooMany { retry_after } => Self::rate_limited(retry_after),
            AccountError::Store(error) => error.into(),
            AccountError::Hash(_) => Self::internal(&error),
        }
    }
}
