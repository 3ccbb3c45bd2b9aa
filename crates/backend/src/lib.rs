//! The hosted service of As Pretty As A Picture: accounts, credits, jobs, privacy.
//!
//! One program in several modes (see `main`); this library is the same program for its tests. Routes are thin, a subject a folder, and
//! each folder owns its tables. State lives in the database and the object store only, so any number of replicas may run.

pub mod accounts;
pub mod app;
pub mod billing;
pub mod changes;
pub mod error;
pub mod events;
pub mod http;
pub mod jobs;
pub mod ledger;
pub mod log;
pub mod mail;
pub mod metrics;
pub mod oauth;
pub mod objects;
pub mod outbound;
#[cfg(feature = "engine")]
mod own_engine;
pub mod pages;
pub mod photos;
pub mod privacy;
pub mod providers;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod serve;
pub mod settings;
pub mod store;
pub mod uploads;
pub mod work;
pub mod worker;
pub mod world;
