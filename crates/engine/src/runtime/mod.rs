//! ONNX Runtime, and the only module that knows of it: the library (`library`), sessions (`session`), execution providers (`providers`).
//!
//! Everything above speaks through the traits in `provider`, so that a change of the binding's interface ends here.

mod library;
mod memory;
mod providers;
mod session;
mod whole;

pub(crate) use library::Runtime;
