//! The outside services that look at photos, each behind a thin client of its own.

pub mod anthropic_client;
pub mod replicate_client;
