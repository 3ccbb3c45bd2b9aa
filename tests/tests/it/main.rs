//! Journeys through the whole product, from outside.
#![expect(clippy::unwrap_used, reason = "tests")]

mod bad_input;
mod command_line;
mod disk;
mod fidelity;
mod killed;
mod no_network;
mod robust;
mod runtime_library;
mod service;
mod window;
