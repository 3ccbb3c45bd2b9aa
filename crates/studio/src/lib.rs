//! The desktop's own mind, without a window: the list of photos, what Auto says of them, previews, the queue, devices, settings.
//!
//! A [`Host`] shows it: the window in a release, a loopback host in browser tests. Deliberately not here: Tauri, network, pixels' arithmetic
//! (`pretty-photo`), models (`pretty-engine`). Originals are only ever read.
//!
//! State lives behind one lock ([`core::Core`]); workers wait on it and do the slow work outside it. Events leave in the order in which state
//! changed, by a thread that only speaks, so that no host can hold the studio up.

mod address;
mod assess;
mod commands;
mod core;
mod devices;
mod host;
mod keys;
mod lru;
mod natural;
mod online;
mod opened;
mod photos;
mod preview;
mod problems;
mod queue;
mod scan;
mod serve;
mod settings;
mod speaker;
mod speed;
mod store;
mod studio;
mod thumbnails;
mod tile;
mod workshop;

pub use host::{Folders, Host};
pub use serve::Served;
pub use studio::Studio;

#[cfg(test)]
mod tests;
