//! The engine as others see it, with what surrounds it: libraries that are missing, wrong or old, and graphics through software Vulkan.
//!
//! A process holds one ONNX Runtime and one Vulkan, so each such test runs itself again as a child with its own environment.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod child;
mod devices;
mod runtime_library;
