//! The desktop's own mind, without a window: the list of photos, what Auto says of them, previews, the queue, devices, settings; and the link to
//! the hosted service: account, Pro jobs, critiques, the privacy ledger.
//!
//! A [`Host`] shows it: the window in a release, a loopback host in browser tests. Deliberately not here: Tauri, pixels' arithmetic
//! (`pretty-photo`), models (`pretty-engine`). Originals are only ever read. Data leaves through `service` and nowhere else.
//!
//! State lives behind one lock ([`core::Core`]); workers wait on it and do the slow work outside it. Events leave in the order in which state
//! changed, by a thread that only speaks, so that no host can hold the studio up.

mod account;
mod address;
mod assess;
mod clock;
mod cloud;
mod commands;
mod core;
mod devices;
mod documents;
mod exporting;
mod host;
mod keys;
mod link;
mod lru;
mod natural;
mod online;
mod opened;
mod orders;
mod photos;
mod preview;
mod problems;
mod queue;
mod scan;
mod serve;
mod service;
mod settings;
mod small_files;
mod speaker;
mod speed;
mod store;
mod studio;
mod sync;
mod thumbnails;
mod usage;
mod workshop;

pub use host::{Folders, Host};
pub use link::{Connection, SecretsIn};
pub use serve::Served;
pub use studio::Studio;

#[cfg(test)]
mod tests;
