//! Files to pixels and back. No models, no window, no network, no database.

pub mod picture;
