//! `T` of `models/README.md`: the photo in sRGB, reduced by area averaging.

use pretty_photo::DecodedPhoto;
use pretty_photo::colour::SrgbView;
use pretty_photo::picture::{Channels, Picture, Samples};

use super::statistics::{Planes, average, reduced_size};
use crate::pixels::Sample;

/// The photo as the tone model is told of it.
pub(crate) fn reduced(photo: &DecodedPhoto) -> Planes {
    let picture = &photo.picture;
    let (width, height) = reduced_size(picture.width, picture.height);
    let view = SrgbView::new(photo.metadata.icc.as_deref(), picture.channels);
    average((picture.width as usize, picture.height as usize), (width as usize, height as usize), |y, line| {
        if view.is_identity() { as_it_is(picture, y, line) } else { in_srgb(picture, &view, y, line) }
    })
}

/// A row as three values a pixel, 0 to 1.
fn as_it_is(picture: &Picture, y: usize, line: &mut [f32]) {
    let row = row_of(picture, y);
    match &picture.colour {
        Samples::Eight(samples) => spread(&samples[row], picture.channels, line),
        Samples::Sixteen(samples) => spread(&samples[row], picture.channels, line),
    }
}

fn in_srgb(picture: &Picture, view: &SrgbView, y: usize, line: &mut [f32]) {
    let row = row_of(picture, y);
    let mut eight: Vec<u8> = match &picture.colour {
        Samples::Eight(samples) => samples[row].to_vec(),
        Samples::Sixteen(samples) => samples[row].iter().map(|sample| u8::from_unit(sample.to_unit())).collect(),
    };
    view.convert_in_place(&mut eight);
    spread(&eight, picture.channels, line);
}

fn row_of(picture: &Picture, y: usize) -> std::ops::Range<usize> {
    let length = picture.width as usize * picture.channels.count();
    y * length..(y + 1) * length
}

fn spread<S: Sample>(samples: &[S], channels: Channels, line: &mut [f32]) {
    match channels {
        Channels::Rgb => {
            for (value, sample) in line.iter_mut().zip(samples) {
                *value = sample.to_unit();
            }
        }
        Channels::Gray => {
            for (pixel, sample) in line.chunks_exact_mut(3).zip(samples) {
                pixel.fill(sample.to_unit());
            }
        }
    }
}
