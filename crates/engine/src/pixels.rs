//! Between samples of 8 or 16 bits and tiles of 32-bit floating point, three planes from 0 to 1.
//!
//! A grey photo becomes three equal planes, and comes back as their luma.

use pretty_photo::picture::{Channels, Depth, Picture, Samples};
use rayon::prelude::*;

use crate::region::Region;
use crate::zeros::zeros;

/// Weights of red, green and blue in grey (ITU-R BT.601), as in the statistics of the tone model.
pub(crate) const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

/// A piece of a picture: three planes, red, green and blue, of `region.width * region.height` values from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tile {
    /// Where it is, in pixels of the picture it is a piece of.
    pub(crate) region: Region,
    pub(crate) planes: Vec<f32>,
}

/// A sample's numbers.
pub(crate) trait Sample: Copy + Send + Sync + Default {
    /// The largest value.
    const MOST: f32;
    fn to_unit(self) -> f32;
    /// Rounds to nearest; what is outside 0 to 1 goes to the nearest end, what is no number to 0.
    fn from_unit(value: f32) -> Self;
}

impl Sample for u8 {
    const MOST: f32 = 255.0;
    fn to_unit(self) -> f32 {
        f32::from(self) / Self::MOST
    }
    fn from_unit(value: f32) -> Self {
        (value * Self::MOST + 0.5) as Self
    }
}

impl Sample for u16 {
    const MOST: f32 = 65535.0;
    fn to_unit(self) -> f32 {
        f32::from(self) / Self::MOST
    }
    fn from_unit(value: f32) -> Self {
        (value * Self::MOST + 0.5) as Self
    }
}

impl Tile {
    pub(crate) fn empty(region: Region) -> Self {
        Self { region, planes: zeros(3 * region.width as usize * region.height as usize) }
    }

    /// Pixels in a plane.
    pub(crate) fn area(&self) -> usize {
        self.region.width as usize * self.region.height as usize
    }

    pub(crate) fn width(&self) -> usize {
        self.region.width as usize
    }

    pub(crate) fn height(&self) -> usize {
        self.region.height as usize
    }

    /// A piece of a picture, which must contain it.
    pub(crate) fn of(picture: &Picture, region: Region) -> Self {
        let mut tile = Self::empty(region);
        match &picture.colour {
            Samples::Eight(samples) => tile.fill(samples, picture),
            Samples::Sixteen(samples) => tile.fill(samples, picture),
        }
        tile
    }

    fn fill<S: Sample>(&mut self, samples: &[S], picture: &Picture) {
        let (region, area) = (self.region, self.area());
        let channels = picture.channels.count();
        let stride = picture.width as usize * channels;
        let (red, rest) = self.planes.split_at_mut(area);
        let (green, blue) = rest.split_at_mut(area);
        let width = region.width as usize;
        if width == 0 {
            return;
        }
        let rows =
            red.par_chunks_mut(width).zip(green.par_chunks_mut(width)).zip(blue.par_chunks_mut(width)).enumerate();
        rows.for_each(|(row, ((red, green), blue))| {
            let start = (region.y as usize + row) * stride + region.x as usize * channels;
            let line = &samples[start..start + width * channels];
            match picture.channels {
                Channels::Rgb => {
                    for (column, pixel) in line.chunks_exact(3).enumerate() {
                        red[column] = pixel[0].to_unit();
                        green[column] = pixel[1].to_unit();
                        blue[column] = pixel[2].to_unit();
                    }
                }
                Channels::Gray => {
                    for (column, pixel) in line.iter().enumerate() {
                        red[column] = pixel.to_unit();
                    }
                    green.copy_from_slice(red);
                    blue.copy_from_slice(red);
                }
            }
        });
    }

    /// Copies another tile's pixels, which must lie inside this one.
    pub(crate) fn paste(&mut self, other: &Tile) {
        let (area, other_area) = (self.area(), other.area());
        let (width, other_width) = (self.width(), other.width());
        let left = (other.region.x - self.region.x) as usize;
        let top = (other.region.y - self.region.y) as usize;
        for plane in 0..3 {
            for row in 0..other.height() {
                let from = plane * other_area + row * other_width;
                let to = plane * area + (top + row) * width + left;
                self.planes[to..to + other_width].copy_from_slice(&other.planes[from..from + other_width]);
            }
        }
    }
}

/// Interleaved colour of some rows of a result, being filled by tiles.
pub(crate) struct Canvas {
    /// Which part of the result it is.
    pub(crate) region: Region,
    pub(crate) channels: Channels,
    pub(crate) colour: Samples,
}

impl Canvas {
    pub(crate) fn new(region: Region, channels: Channels, depth: Depth) -> Self {
        let length = region.width as usize * region.height as usize * channels.count();
        let colour = match depth {
            Depth::Eight => Samples::Eight(zeros(length)),
            Depth::Sixteen => Samples::Sixteen(zeros(length)),
        };
        Self { region, channels, colour }
    }

    /// Rounds a tile's values into its place, which must lie inside the canvas.
    pub(crate) fn place(&mut self, tile: &Tile) {
        let (region, channels) = (self.region, self.channels);
        match &mut self.colour {
            Samples::Eight(samples) => place(samples, region, channels, tile),
            Samples::Sixteen(samples) => place(samples, region, channels, tile),
        }
    }
}

fn place<S: Sample>(samples: &mut [S], canvas: Region, channels: Channels, tile: &Tile) {
    let count = channels.count();
    let (width, area) = (tile.width(), tile.area());
    let left = (tile.region.x - canvas.x) as usize * count;
    let top = (tile.region.y - canvas.y) as usize;
    let rows = samples.par_chunks_mut(canvas.width as usize * count).skip(top).take(tile.height()).enumerate();
    rows.for_each(|(row, line)| {
        let line = &mut line[left..left + width * count];
        let plane = |index: usize| &tile.planes[index * area + row * width..][..width];
        let (red, green, blue) = (plane(0), plane(1), plane(2));
        match channels {
            Channels::Rgb => {
                for (column, pixel) in line.chunks_exact_mut(3).enumerate() {
                    pixel[0] = S::from_unit(red[column]);
                    pixel[1] = S::from_unit(green[column]);
                    pixel[2] = S::from_unit(blue[column]);
                }
            }
            Channels::Gray => {
                for (column, pixel) in line.iter_mut().enumerate() {
                    *pixel = S::from_unit(grey([red[column], green[column], blue[column]]));
                }
            }
        }
    });
}

/// The grey of a colour; exactly the value of three equal ones.
pub(crate) fn grey([red, green, blue]: [f32; 3]) -> f32 {
    if red == green && green == blue { red } else { LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_survives_the_way_there_and_back() {
        assert!((0..=u8::MAX).all(|sample| u8::from_unit(sample.to_unit()) == sample));
        assert!((0..=u16::MAX).all(|sample| u16::from_unit(sample.to_unit()) == sample));
        assert_eq!(u8::from_unit(f32::NAN), 0);
        assert_eq!((u8::from_unit(-3.0), u16::from_unit(3.0)), (0, u16::MAX));
    }

    #[test]
    fn tiles_put_together_are_the_picture() {
        for (channels, depth) in [(Channels::Rgb, Depth::Eight), (Channels::Gray, Depth::Sixteen)] {
            let (width, height) = (7u32, 5u32);
            let count = width as usize * height as usize * channels.count();
            let colour = match depth {
                Depth::Eight => Samples::Eight((0..count).map(|value| (value * 37 % 256) as u8).collect()),
                Depth::Sixteen => Samples::Sixteen((0..count).map(|value| (value * 1999 % 65536) as u16).collect()),
            };
            let picture = Picture { width, height, channels, colour, alpha: None };
            let mut canvas = Canvas::new(Region::whole(width, height), channels, depth);
            for region in [
                Region { x: 0, y: 0, width: 3, height: 5 },
                Region { x: 3, y: 0, width: 4, height: 2 },
                Region { x: 3, y: 2, width: 4, height: 3 },
            ] {
                canvas.place(&Tile::of(&picture, region));
            }
            assert_eq!(canvas.colour, picture.colour);
        }
    }
}
