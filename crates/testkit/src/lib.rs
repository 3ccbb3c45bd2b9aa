//! Fixtures and comparisons for tests: small models written in code (`onnx`, `nets`, `models`), photos that no one has taken (`scene`), how far
//! two pictures are apart (`compare`), and how a test says that it cannot run (`skip`). Never ships; panics where a test would.

#![expect(clippy::expect_used, reason = "only tests call this, and a test that cannot set itself up must fail loudly")]

pub mod compare;
pub mod models;
pub mod nets;
pub mod onnx;
pub mod random;
pub mod scene;
pub mod skip;
