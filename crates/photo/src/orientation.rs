//! The eight ways a photo can lie (EXIF tag 274), and how to stand it up.
//!
//! Flips and the half turn happen in place; the quarter turns and transpositions need a second buffer for as long as they take.

use crate::picture::{Picture, Samples};

/// How a picture's rows and columns lie in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Orientation {
    /// Rows and columns change places first.
    pub(crate) transpose: bool,
    /// Then every row is mirrored.
    pub(crate) flip_horizontal: bool,
    /// And the rows are turned upside down.
    pub(crate) flip_vertical: bool,
}

impl Orientation {
    /// As it stands in the file.
    pub(crate) const UPRIGHT: Self = Self { transpose: false, flip_horizontal: false, flip_vertical: false };

    /// From the value of EXIF tag 274; anything out of 1..=8 is taken as upright.
    pub(crate) fn from_exif(value: u16) -> Self {
        let (transpose, flip_horizontal, flip_vertical) = match value {
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, true, false),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => (false, false, false),
        };
        Self { transpose, flip_horizontal, flip_vertical }
    }

    /// Width and height once upright.
    pub(crate) fn upright(self, width: u32, height: u32) -> (u32, u32) {
        if self.transpose { (height, width) } else { (width, height) }
    }
}

/// Stands a picture up.
pub(crate) fn stand_up(picture: &mut Picture, orientation: Orientation) {
    if orientation == Orientation::UPRIGHT {
        return;
    }
    let (width, height) = (picture.width as usize, picture.height as usize);
    let channels = picture.channels.count();
    stand_up_samples(&mut picture.colour, width, height, channels, orientation);
    if let Some(alpha) = &mut picture.alpha {
        stand_up_samples(alpha, width, height, 1, orientation);
    }
    (picture.width, picture.height) = orientation.upright(picture.width, picture.height);
}

fn stand_up_samples(samples: &mut Samples, width: usize, height: usize, channels: usize, orientation: Orientation) {
    match samples {
        Samples::Eight(values) => by_channels(values, width, height, channels, orientation),
        Samples::Sixteen(values) => by_channels(values, width, height, channels, orientation),
    }
}

fn by_channels<T: Copy + Default>(
    values: &mut Vec<T>,
    width: usize,
    height: usize,
    channels: usize,
    orientation: Orientation,
) {
    match channels {
        1 => turn::<T, 1>(values, width, height, orientation),
        _ => turn::<T, 3>(values, width, height, orientation),
    }
}

fn turn<T: Copy + Default, const C: usize>(values: &mut Vec<T>, width: usize, height: usize, orientation: Orientation) {
    if orientation.transpose {
        *values = transposed::<T, C>(values, width, height, orientation);
        return;
    }
    let (pixels, _) = values.as_chunks_mut::<C>();
    match (orientation.flip_horizontal, orientation.flip_vertical) {
        (true, true) => pixels.reverse(),
        (true, false) => pixels.chunks_exact_mut(width).for_each(<[_]>::reverse),
        (false, true) => {
            let mut rows = pixels.chunks_exact_mut(width);
            while let (Some(upper), Some(lower)) = (rows.next(), rows.next_back()) {
                upper.swap_with_slice(lower);
            }
        }
        (false, false) => {}
    }
}

/// Rows and columns exchanged, with the flips folded in, square by square so that both sides stay in the cache.
fn transposed<T: Copy + Default, const C: usize>(
    values: &[T],
    width: usize,
    height: usize,
    orientation: Orientation,
) -> Vec<T> {
    const SQUARE: usize = 32;
    let (source, _) = values.as_chunks::<C>();
    let mut turned = vec![T::default(); values.len()];
    let (target, _) = turned.as_chunks_mut::<C>();
    // The upright picture is `height` wide and `width` high; its pixel (x, y) is the file's (y, x) before the flips.
    for top in (0..width).step_by(SQUARE) {
        for left in (0..height).step_by(SQUARE) {
            for y in top..(top + SQUARE).min(width) {
                let column = if orientation.flip_vertical { width - 1 - y } else { y };
                for x in left..(left + SQUARE).min(height) {
                    let row = if orientation.flip_horizontal { height - 1 - x } else { x };
                    target[y * height + x] = source[row * width + column];
                }
            }
        }
    }
    turned
}
