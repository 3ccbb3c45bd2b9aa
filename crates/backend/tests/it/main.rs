//! The backend's integration tests: one binary, everything that touches a database on SQLite and on PostgreSQL.

#[macro_use]
mod support;

mod accounts;
mod http;
mod jobs;
mod ledger;
mod letters;
mod migration;
mod oauth;
mod program;
