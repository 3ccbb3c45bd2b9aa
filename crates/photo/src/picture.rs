//! Pixels in memory: interleaved colour samples of 8 or 16 bits, and transparency in a plane of its own.
//!
//! Transparency is apart because models see colour only, and because a photo rarely has any. Colour is as it stands in the file: no conversion
//! between colour spaces happens here; the profile travels beside the picture (see `metadata`).

/// Colour channels of a [`Picture`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// One grey channel.
    Gray,
    /// Red, green, blue.
    Rgb,
}

impl Channels {
    /// 1 or 3.
    #[must_use]
    pub fn count(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::Rgb => 3,
        }
    }
}

/// Bits a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// 0..=255.
    Eight,
    /// 0..=65535.
    Sixteen,
}

/// Samples of one depth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Samples {
    /// 0..=255.
    Eight(Vec<u8>),
    /// 0..=65535.
    Sixteen(Vec<u16>),
}

impl Samples {
    /// Bits a sample.
    #[must_use]
    pub fn depth(&self) -> Depth {
        match self {
            Self::Eight(_) => Depth::Eight,
            Self::Sixteen(_) => Depth::Sixteen,
        }
    }

    /// How many samples.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Eight(samples) => samples.len(),
            Self::Sixteen(samples) => samples.len(),
        }
    }

    /// True when there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A picture, upright (orientation applied). `colour.len() == width * height * channels`, rows from the top, `alpha.len() == width * height`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels, at least 1.
    pub width: u32,
    /// Pixels, at least 1.
    pub height: u32,
    /// Colour channels.
    pub channels: Channels,
    /// Interleaved colour, not premultiplied.
    pub colour: Samples,
    /// Transparency, of the same depth as colour; `None` when the photo has none.
    pub alpha: Option<Samples>,
}

/// A stripe of finished rows on its way to an encoder, in the layout of [`Picture`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Band {
    /// First row.
    pub top: u32,
    /// Rows; the width and channels are the result's.
    pub height: u32,
    /// Interleaved colour.
    pub colour: Samples,
    /// Transparency, when the result has any.
    pub alpha: Option<Samples>,
}
