//! ONNX Runtime, and the only module that knows of it: the library (`library`), sessions (`session`), execution providers (`providers`),
//! the memory that models work in (`memory`, and `pool` on Linux).
//!
//! Everything above speaks through the traits in `provider`, so that a change of the binding's interface ends here.

mod library;
mod memory;
#[cfg(target_os = "linux")]
mod pool;
mod providers;
mod session;
#[cfg(target_os = "linux")]
mod spaces;
mod whole;

pub(crate) use library::Runtime;
