//! The bands as the encoders want them: one row after the other, in the result's own depth and channels, checked.

use super::EncodeError;
use crate::error::PhotoError;
use crate::picture::{Band, Channels, Depth, Samples};
use crate::spec::ResultSpec;

/// Why encoding stopped: for want of rows (the rows know why), or by itself.
#[derive(Debug)]
pub(crate) enum EncodeFailure {
    Bands,
    Photo(PhotoError),
}

impl From<PhotoError> for EncodeFailure {
    fn from(error: PhotoError) -> Self {
        Self::Photo(error)
    }
}

/// Rows of 8 or 16 bits, transparency interleaved.
pub(crate) enum Row<'a> {
    Eight(&'a [u8]),
    Sixteen(&'a [u16]),
}

/// What an encoder pulls rows from, whatever error the bands have.
pub(crate) trait RowSource {
    /// Makes the next row ready; `Err` when there is none.
    fn next_row(&mut self) -> Result<Row<'_>, EncodeFailure>;
}

/// Bands, one row after the other.
pub(crate) struct Rows<'a, E> {
    spec: &'a ResultSpec,
    bands: &'a mut dyn Iterator<Item = Result<Band, E>>,
    band: Option<Band>,
    /// Row of the picture that comes next.
    y: u32,
    eight: Vec<u8>,
    sixteen: Vec<u16>,
    error: Option<EncodeError<E>>,
}

impl<'a, E> Rows<'a, E> {
    pub(crate) fn new(spec: &'a ResultSpec, bands: &'a mut dyn Iterator<Item = Result<Band, E>>) -> Self {
        Self { spec, bands, band: None, y: 0, eight: Vec::new(), sixteen: Vec::new(), error: None }
    }

    /// Why there was no row.
    pub(crate) fn into_error(self) -> EncodeError<E> {
        self.error.unwrap_or_else(|| internal("the picture ended before its last row").into())
    }

    /// Makes sure that a band with row `y` is at hand.
    fn fetch(&mut self) -> Result<(), EncodeError<E>> {
        if self.band.as_ref().is_some_and(|band| self.y < band.top + band.height) {
            return Ok(());
        }
        self.band = None; // Given back before the next is made: one band is held at a time.
        let band = match self.bands.next() {
            Some(Ok(band)) => band,
            Some(Err(error)) => return Err(EncodeError::Bands(error)),
            None => return Err(internal("the picture ended before its last row").into()),
        };
        check_band(&band, self.spec, self.y)?;
        self.band = Some(band);
        Ok(())
    }
}

impl<E> RowSource for Rows<'_, E> {
    fn next_row(&mut self) -> Result<Row<'_>, EncodeFailure> {
        if let Err(error) = self.fetch() {
            self.error = Some(error);
            return Err(EncodeFailure::Bands);
        }
        let Some(band) = &self.band else { return Err(EncodeFailure::Bands) };
        let spec = self.spec;
        let row = (self.y - band.top) as usize;
        self.y += 1;
        let colours = spec.row_colours();
        let at = row * colours..(row + 1) * colours;
        let alpha_at = row * spec.width as usize..(row + 1) * spec.width as usize;
        // The common case, without a copy: same depth, no transparency.
        if band.alpha.is_none() {
            match (&band.colour, spec.depth) {
                (Samples::Eight(colour), Depth::Eight) => return Ok(Row::Eight(&colour[at])),
                (Samples::Sixteen(colour), Depth::Sixteen) => return Ok(Row::Sixteen(&colour[at])),
                _ => {}
            }
        }
        match spec.depth {
            Depth::Eight => {
                let colour = eight(&band.colour, at);
                let alpha = band.alpha.as_ref().map(|alpha| eight(alpha, alpha_at));
                merge(&mut self.eight, &colour, alpha.as_deref(), spec, 255, |value, alpha| {
                    let (value, alpha) = (u32::from(value), u32::from(alpha));
                    ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
                });
                Ok(Row::Eight(&self.eight))
            }
            Depth::Sixteen => {
                let colour = sixteen(&band.colour, at);
                let alpha = band.alpha.as_ref().map(|alpha| sixteen(alpha, alpha_at));
                merge(&mut self.sixteen, &colour, alpha.as_deref(), spec, 65_535, |value, alpha| {
                    let (value, alpha) = (u64::from(value), u64::from(alpha));
                    ((value * alpha + 65_535 * (65_535 - alpha) + 32_767) / 65_535) as u16
                });
                Ok(Row::Sixteen(&self.sixteen))
            }
        }
    }
}

/// Interleaves colour and transparency, or lays colour over white when the result holds none.
fn merge<T: Copy>(
    row: &mut Vec<T>,
    colour: &[T],
    alpha: Option<&[T]>,
    spec: &ResultSpec,
    opaque: T,
    over_white: impl Fn(T, T) -> T,
) {
    row.clear();
    let channels = spec.channels.count();
    match (alpha, spec.alpha) {
        (Some(alpha), true) => {
            for (pixel, alpha) in colour.chunks_exact(channels).zip(alpha) {
                row.extend_from_slice(pixel);
                row.push(*alpha);
            }
        }
        (None, true) => {
            for pixel in colour.chunks_exact(channels) {
                row.extend_from_slice(pixel);
                row.push(opaque);
            }
        }
        (Some(alpha), false) => {
            for (pixel, alpha) in colour.chunks_exact(channels).zip(alpha) {
                row.extend(pixel.iter().map(|value| over_white(*value, *alpha)));
            }
        }
        (None, false) => row.extend_from_slice(colour),
    }
}

fn eight(samples: &Samples, at: std::ops::Range<usize>) -> std::borrow::Cow<'_, [u8]> {
    match samples {
        Samples::Eight(values) => values[at].into(),
        Samples::Sixteen(values) => values[at].iter().map(|&value| to_eight(value)).collect::<Vec<_>>().into(),
    }
}

fn sixteen(samples: &Samples, at: std::ops::Range<usize>) -> std::borrow::Cow<'_, [u16]> {
    match samples {
        Samples::Eight(values) => values[at].iter().map(|&value| u16::from(value) * 257).collect::<Vec<_>>().into(),
        Samples::Sixteen(values) => values[at].into(),
    }
}

/// 0..=65535 to the nearest of 0..=255.
pub(crate) fn to_eight(value: u16) -> u8 {
    ((u32::from(value) * 255 + 32_767) / 65_535) as u8
}

fn check_band(band: &Band, spec: &ResultSpec, y: u32) -> Result<(), PhotoError> {
    let fits = band.top == y
        && band.height > 0
        && band.top.checked_add(band.height).is_some_and(|end| end <= spec.height)
        && band.colour.len() == spec.row_colours() * band.height as usize
        && band.alpha.as_ref().is_none_or(|alpha| alpha.len() == spec.width as usize * band.height as usize)
        && matches!(spec.channels, Channels::Gray | Channels::Rgb);
    if fits { Ok(()) } else { Err(internal("a band of the result does not fit the result")) }
}

fn internal(what: &str) -> PhotoError {
    PhotoError::Internal { what: what.to_owned() }
}
