//! The backend's integration tests: one binary, everything that touches a database on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what tests stand on fails as tests do")]

#[macro_use]
mod support;

mod access;
mod accounts;
mod billing;
mod changes;
mod chaos;
mod characters;
#[cfg(unix)]
mod darkroom;
mod fuzz;
mod google;
mod http;
mod jobs;
mod leaving;
mod ledger;
mod letters;
mod mail_server;
mod metrics;
mod migration;
mod oauth;
mod privacy;
mod pro;
mod program;
mod restoring;
mod slow;
mod uploads;
mod whole;
