//! Files to pixels and back. No models, no window, no network, no database.
//!
//! [`probe`] reads a header, [`decode`] reads a whole photo within [`Limits`], [`encode`] streams a result out, [`verify_file`] reads it back, and
//! [`save::PendingResult`] puts it in place in one step. A photo that cannot be read is an error that names it; nothing here panics on a file.

mod camera;
pub mod colour;
mod decode;
mod encode;
mod error;
mod facts;
mod fingerprint;
mod framing;
mod limits;
mod metadata;
pub mod names;
mod orientation;
pub mod picture;
pub mod resize;
pub mod save;
mod sniff;
mod spec;
mod thumbnail;
mod verify;
pub mod view;

pub use camera::camera_settings;
pub use decode::{DecodedPhoto, decode};
pub use encode::{EncodeError, encode};
pub use error::PhotoError;
pub use facts::{PhotoFacts, probe};
pub use fingerprint::Fingerprint;
pub use framing::Framing;
pub use limits::Limits;
pub use metadata::Metadata;
pub use sniff::SourceFormat;
pub use spec::ResultSpec;
pub use thumbnail::{copy_without_metadata, thumbnail};
pub use verify::verify_file;
