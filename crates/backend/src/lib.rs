//! The hosted service of As Pretty As A Picture: accounts, credits, jobs, privacy.
//!
//! One program in several modes (see `main`); this library is the same program for its tests. Routes are thin, a subject a folder, and
//! each folder owns its tables. State lives in the database and the object store only, so any number of replicas may run.

pub mod ledger;
pub mod settings;
pub mod store;
pub mod world;
