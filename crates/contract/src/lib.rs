//! What crosses a border: recipes, the commands and events between the window and the studio, what the app and the hosted service say to
//! each other, error codes.
//!
//! Plain data only. No logic beyond naming and defaults, no input or output, no knowledge of Tauri, of HTTP or of ONNX Runtime.
//! `typescript` writes the same types for the UI into `ui/src/contract/generated.ts`; a test fails when that file is out of date.

pub mod account;
pub mod cloud;
pub mod command;
pub mod device;
pub mod event;
pub mod export;
pub mod photo;
pub mod preset;
pub mod preview;
pub mod problem;
pub mod recipe;
pub mod sent;
pub mod service;
pub mod settings;
pub mod typescript;
