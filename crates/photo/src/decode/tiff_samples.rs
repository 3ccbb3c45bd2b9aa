//! From the samples that a TIFF stores to those of a picture.

use std::path::Path;

use tiff::decoder::DecodingResult;

use super::interleaved::{keep_first, take_alpha_out};
use crate::error::PhotoError;
use crate::facts::Header;
use crate::picture::{Channels, Picture, Samples};

/// What the stored colour samples mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Gray,
    Rgb,
    Inks,
    YCbCr,
}

impl Kind {
    /// Colour samples stored a pixel.
    pub(super) fn stored(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::Rgb | Self::YCbCr => 3,
            Self::Inks => 4,
        }
    }
}

/// How the samples lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) kind: Kind,
    pub(super) bits: u8,
    /// Samples stored a pixel, extra ones counted.
    pub(super) stored: usize,
    /// Whether the first extra sample is transparency.
    pub(super) alpha: bool,
    /// Whether colours were multiplied by it.
    pub(super) premultiplied: bool,
}

/// Planes one after the other become interleaved samples.
pub(super) fn interleave(values: &mut DecodingResult, planes: usize, path: &Path) -> Result<(), PhotoError> {
    fn by_pixel<T: Copy>(values: &mut Vec<T>, planes: usize) {
        let pixels = values.len() / planes;
        let woven = (0..pixels).flat_map(|pixel| (0..planes).map(move |plane| plane * pixels + pixel));
        *values = woven.map(|at| values[at]).collect();
    }
    match values {
        DecodingResult::U8(values) => by_pixel(values, planes),
        DecodingResult::U16(values) => by_pixel(values, planes),
        DecodingResult::U32(values) => by_pixel(values, planes),
        DecodingResult::F32(values) => by_pixel(values, planes),
        DecodingResult::F64(values) => by_pixel(values, planes),
        _ => return Err(PhotoError::unsupported(path, "a TIFF in planes of a rare kind")),
    }
    Ok(())
}

/// The picture; notes what was converted.
pub(super) fn picture(
    values: DecodingResult,
    layout: &Layout,
    header: &mut Header,
    path: &Path,
) -> Result<Picture, PhotoError> {
    let samples = match values {
        DecodingResult::U8(values) if layout.bits < 8 => Samples::Eight(unpack(&values, layout)),
        DecodingResult::U8(values) => Samples::Eight(values),
        DecodingResult::U16(values) => Samples::Sixteen(values),
        DecodingResult::U32(values) => {
            header.notes.push("Its 32 bits a channel were rounded to 16.".to_owned());
            Samples::Sixteen(values.into_iter().map(|value| (value >> 16) as u16).collect())
        }
        DecodingResult::F16(values) => Samples::Sixteen(from_floats(values.into_iter().map(f32::from), header)),
        DecodingResult::F32(values) => Samples::Sixteen(from_floats(values.into_iter(), header)),
        DecodingResult::F64(values) => {
            Samples::Sixteen(from_floats(values.into_iter().map(|value| value as f32), header))
        }
        _ => return Err(PhotoError::unsupported(path, "a TIFF with signed or very wide numbers")),
    };
    let pixels = layout.width as usize * layout.height as usize;
    if samples.len() != pixels * layout.stored {
        return Err(PhotoError::damaged(path, "its size does not fit its data"));
    }
    let (colour, alpha) = match samples {
        Samples::Eight(values) => {
            let (colour, alpha) = colours(values, layout, 255);
            (Samples::Eight(colour), alpha.map(Samples::Eight))
        }
        Samples::Sixteen(values) => {
            let (colour, alpha) = colours(values, layout, 65_535);
            (Samples::Sixteen(colour), alpha.map(Samples::Sixteen))
        }
    };
    let channels = if layout.kind == Kind::Gray { Channels::Gray } else { Channels::Rgb };
    Ok(Picture { width: layout.width, height: layout.height, channels, colour, alpha })
}

/// Samples of fewer than 8 bits, rows beginning at whole bytes: spread over 0..=255.
fn unpack(packed: &[u8], layout: &Layout) -> Vec<u8> {
    let bits = usize::from(layout.bits);
    let row_samples = layout.width as usize * layout.stored;
    let top = (1_u8 << bits) - 1;
    let scale = 255 / top;
    packed
        .chunks_exact((row_samples * bits).div_ceil(8))
        .flat_map(|row| {
            (0..row_samples).map(move |index| {
                let at = index * bits;
                (row[at / 8] >> (8 - bits - at % 8) & top) * scale
            })
        })
        .collect()
}

/// 0 to 1 becomes 0..=65535; what lies outside is cut.
fn from_floats(values: impl Iterator<Item = f32>, header: &mut Header) -> Vec<u16> {
    let mut is_cut = false;
    let samples = values
        .map(|value| {
            is_cut |= !(0.0..=1.0).contains(&value);
            (value.clamp(0.0, 1.0) * 65_535.0).round() as u16
        })
        .collect();
    header.notes.push("Its floating-point values were rounded to 16 bits.".to_owned());
    if is_cut {
        header.notes.push("Values darker than black or brighter than white were cut.".to_owned());
    }
    samples
}

/// A sample of 8 or 16 bits.
trait Sample: Copy + Default + Into<u32> {
    fn of(value: u32) -> Self;
}

impl Sample for u8 {
    fn of(value: u32) -> Self {
        value as Self
    }
}

impl Sample for u16 {
    fn of(value: u32) -> Self {
        value as Self
    }
}

fn colours<T: Sample>(mut values: Vec<T>, layout: &Layout, top: u32) -> (Vec<T>, Option<Vec<T>>) {
    let colours = layout.kind.stored();
    let mut alpha = None;
    if layout.alpha {
        if layout.stored > colours + 1 {
            keep_first(&mut values, layout.stored, colours + 1);
        }
        let plane = take_alpha_out(&mut values, colours);
        if layout.premultiplied {
            divide_by_alpha(&mut values, &plane, colours, top);
        }
        alpha = Some(plane);
    } else if layout.stored > colours {
        keep_first(&mut values, layout.stored, colours);
    }
    match layout.kind {
        Kind::Gray | Kind::Rgb => {}
        Kind::Inks => inks_to_rgb(&mut values, top),
        Kind::YCbCr => ycbcr_to_rgb(&mut values),
    }
    (values, alpha)
}

fn divide_by_alpha<T: Sample>(values: &mut [T], alpha: &[T], channels: usize, top: u32) {
    for (pixel, &alpha) in values.chunks_exact_mut(channels).zip(alpha) {
        let alpha: u32 = alpha.into();
        if alpha > 0 {
            for value in pixel {
                let whole: u64 =
                    (u64::from((*value).into()) * u64::from(top) + u64::from(alpha / 2)) / u64::from(alpha);
                *value = T::of(whole.min(u64::from(top)) as u32);
            }
        }
    }
}

/// Inks subtract from white: the plain conversion without a press profile.
fn inks_to_rgb<T: Sample>(values: &mut Vec<T>, top: u32) {
    for pixel in values.chunks_exact_mut(4) {
        let [cyan, magenta, yellow, black] = [0, 1, 2, 3].map(|at| u64::from(top - pixel[at].into()));
        for (value, ink) in pixel.iter_mut().zip([cyan, magenta, yellow]) {
            *value = T::of(((ink * black + u64::from(top) / 2) / u64::from(top)) as u32);
        }
    }
    keep_first(values, 4, 3);
}

/// ITU-R BT.601, full range, 8 bits.
fn ycbcr_to_rgb<T: Sample>(values: &mut [T]) {
    for pixel in values.chunks_exact_mut(3) {
        let [luma, blue, red] = [0, 1, 2].map(|at| {
            let value: u32 = pixel[at].into();
            value as f32
        });
        let (blue, red) = (blue - 128.0, red - 128.0);
        let rgb = [luma + 1.402 * red, luma - 0.344_136 * blue - 0.714_136 * red, luma + 1.772 * blue];
        for (value, colour) in pixel.iter_mut().zip(rgb) {
            *value = T::of(colour.round().clamp(0.0, 255.0) as u32);
        }
    }
}
