//! Photo in, photo out: decode within limits, run models over tiles, check, encode, save.
//!
//! Deliberately not here: windows, network, databases, clocks, settings. ONNX Runtime is spoken to by `runtime` only.
//!
//! [`Engine::open`] loads the library; [`Engine::enhance`] makes one result from file to file; [`Engine::renderer`] makes any part of one for a
//! preview, with the same pixels.

mod acceptance;
mod alpha;
mod assess;
mod bicubic;
mod cancel;
mod chain;
mod check;
mod crew;
mod device;
mod engine;
mod enhance;
mod error;
mod graph;
pub mod locate;
mod manifest;
mod measuring;
mod memory;
mod model;
mod pixels;
mod plan;
#[cfg(test)]
mod promises;
mod provider;
mod region;
mod renderer;
mod rendering;
mod report;
mod runtime;
mod seams;
mod silence;
#[cfg(test)]
mod testing;
mod tiling;
mod tone;
mod worker;
mod zeros;

pub use cancel::Cancel;
pub use engine::{Engine, EngineConfig};
pub use enhance::{EnhanceRequest, Outcome, Place, Saved, Target};
pub use error::{EngineError, RecipeFault};
pub use manifest::{Manifest, ModelEntry, Task};
pub use plan::{LARGEST_SCALE, Plan, framing, read_recipe};
pub use region::Region;
pub use renderer::Renderer;
pub use report::{Reporter, Silent};
pub use silence::keep_library_silent;
