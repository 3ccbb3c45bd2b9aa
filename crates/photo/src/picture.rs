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

    /// The samples of a part of a picture that is `across` pixels wide and has so many channels. The part must lie inside it.
    #[must_use]
    pub fn part(&self, across: u32, channels: usize, first: (u32, u32), size: (u32, u32)) -> Self {
        match self {
            Self::Eight(values) => Self::Eight(rows(values, across as usize, channels, first, size)),
            Self::Sixteen(values) => Self::Sixteen(rows(values, across as usize, channels, first, size)),
        }
    }
}

fn rows<T: Copy>(values: &[T], across: usize, channels: usize, (x, y): (u32, u32), (wide, high): (u32, u32)) -> Vec<T> {
    let wide = wide as usize * channels;
    let start = x as usize * channels;
    let mut part = Vec::with_capacity(wide * high as usize);
    for row in values.chunks_exact(across * channels).skip(y as usize).take(high as usize) {
        part.extend_from_slice(&row[start..start + wide]);
    }
    part
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

impl Picture {
    /// A part of it, pixel for pixel: its first column and row, and its width and height. It must lie inside.
    #[must_use]
    pub fn part(&self, first: (u32, u32), (width, height): (u32, u32)) -> Self {
        Self {
            width,
            height,
            channels: self.channels,
            colour: self.colour.part(self.width, self.channels.count(), first, (width, height)),
            alpha: self.alpha.as_ref().map(|alpha| alpha.part(self.width, 1, first, (width, height))),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_holds_the_pixels_of_its_place() {
        let colour = (0..5 * 4 * 3).collect();
        let alpha = (0..5 * 4).collect();
        let picture = Picture {
            width: 5,
            height: 4,
            channels: Channels::Rgb,
            colour: Samples::Eight(colour),
            alpha: Some(Samples::Eight(alpha)),
        };
        let part = picture.part((3, 2), (2, 2));
        assert_eq!((part.width, part.height), (2, 2));
        assert_eq!(part.colour, Samples::Eight(vec![39, 40, 41, 42, 43, 44, 54, 55, 56, 57, 58, 59]));
        assert_eq!(part.alpha, Some(Samples::Eight(vec![13, 14, 18, 19])));
        assert_eq!(picture.part((0, 0), (5, 4)), picture);
    }
}
