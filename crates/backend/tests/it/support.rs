//! What tests stand on: databases, a clock that is moved by hand, crashes.

#[macro_use]
mod database;
mod crash;
mod postgres;

pub(crate) use crash::crash_after;
pub(crate) use database::{START, TestDatabase};
