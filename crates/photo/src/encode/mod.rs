//! From bands of finished rows to a file. JPEG, PNG and TIFF hold one band and their own state; WebP holds the whole picture.

mod bands;
mod jpeg;
mod png;
mod tiff;
mod webp;

use std::fs::File;

use pretty_contract::export::Format;

pub(crate) use self::bands::{EncodeFailure, Rows, to_eight};
use crate::error::PhotoError;
use crate::fingerprint::Fingerprint;
use crate::picture::Band;
use crate::spec::ResultSpec;

/// Why a result was not written.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError<E> {
    /// The bands could not be made.
    #[error("the picture could not be made")]
    Bands(E),
    /// The bands could not be written.
    #[error(transparent)]
    Photo(#[from] PhotoError),
}

/// Writes a result to `out`, which must be empty, and gives back what was sent.
///
/// Bands must follow each other from the top and fill the picture. A band of another depth is converted; transparency that the result does not
/// hold is laid over white. Errors of writing carry no path: add it with [`PhotoError::at`].
///
/// # Errors
/// [`EncodeError::Bands`] with the first error that `bands` gives; [`EncodeError::Photo`] when the format cannot hold the result, the disk refuses,
/// or the bands do not fit the result.
pub fn encode<E>(
    spec: &ResultSpec,
    out: &mut File,
    bands: &mut dyn Iterator<Item = Result<Band, E>>,
) -> Result<Fingerprint, EncodeError<E>> {
    spec.check()?;
    let mut rows = Rows::new(spec, bands);
    let outcome = match spec.format {
        Format::Jpeg => jpeg::encode(spec, out, &mut rows),
        Format::Png => png::encode(spec, out, &mut rows),
        Format::Webp => webp::encode(spec, out, &mut rows),
        Format::Tiff => tiff::encode(spec, out, &mut rows),
    };
    match outcome {
        Ok(fingerprint) => Ok(fingerprint),
        // The reason why there were no more rows is kept by the rows.
        Err(EncodeFailure::Bands) => Err(rows.into_error()),
        Err(EncodeFailure::Photo(error)) => Err(EncodeError::Photo(error)),
    }
}
