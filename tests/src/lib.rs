//! What journeys need: the built programs, photos to feed them, a display, a hand to drive the window, and a way to say "skipped".
//!
//! Journeys use the product from outside, as a person or a script would. Nothing here links the engine.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "test harness: a failure here is a failure of the test that asked"
)]

pub mod display;
pub mod files;
pub mod namespace;
pub mod photos;
pub mod pretty;
pub mod profile;
pub mod programs;
pub mod service;
pub mod skip;
pub mod trace;
pub mod waiting;
pub mod webdriver;
pub mod window;
pub mod wire;
