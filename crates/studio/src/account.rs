//! Who is signed in: the sign-in through the system's browser, where its tokens are kept, and how they are refreshed.
//!
//! A token is in the system's keychain or in memory, nowhere else; never in a log, a file or an event.

pub(crate) mod farewell;
pub(crate) mod loopback;
pub(crate) mod secrets;
pub(crate) mod session;
pub(crate) mod sign_in;
