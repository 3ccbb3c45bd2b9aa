//! What crosses the network between the app and the hosted service, as JSON over HTTP. One file a subject.
//!
//! Moments are microseconds since 1970. Ids are UUIDs as text. An enum's value that an older program does not know is read as `Unknown`,
//! never as an error, and fields are only ever added. Where the service wants an `Idempotency-Key`, the same key always gets the same answer.

pub mod account;
pub mod billing;
pub mod critique;
pub mod error;
pub mod events;
pub mod jobs;
pub mod privacy;
