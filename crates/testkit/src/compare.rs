//! How far two pictures are apart.

use pretty_photo::picture::{Picture, Samples};

/// The largest difference of any two samples, as a share of the largest value (0 to 1), transparency included.
///
/// # Panics
/// When size, channels or depth differ.
#[must_use]
pub fn max_difference(one: &Picture, other: &Picture) -> f64 {
    pairs(one, other).map(|(one, other)| (one - other).abs()).fold(0.0, f64::max)
}

/// Peak signal-to-noise ratio in dB over all samples; infinite for equal pictures.
///
/// # Panics
/// When size, channels or depth differ.
#[must_use]
pub fn psnr(one: &Picture, other: &Picture) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for (one, other) in pairs(one, other) {
        sum += (one - other).powi(2);
        count += 1.0;
    }
    -10.0 * (sum / count).log10()
}

fn pairs<'a>(one: &'a Picture, other: &'a Picture) -> impl Iterator<Item = (f64, f64)> {
    assert_eq!(
        (one.width, one.height, one.channels),
        (other.width, other.height, other.channels),
        "pictures of different shape"
    );
    assert_eq!(one.colour.depth(), other.colour.depth(), "pictures of different depth");
    assert_eq!(one.alpha.is_some(), other.alpha.is_some(), "one picture has transparency, the other has none");
    let both = |one: &'a Samples, other: &'a Samples| units(one).into_iter().zip(units(other));
    let alpha = one.alpha.iter().zip(other.alpha.iter()).flat_map(move |(one, other)| both(one, other));
    both(&one.colour, &other.colour).chain(alpha)
}

fn units(samples: &Samples) -> Vec<f64> {
    match samples {
        Samples::Eight(samples) => samples.iter().map(|&sample| f64::from(sample) / 255.0).collect(),
        Samples::Sixteen(samples) => samples.iter().map(|&sample| f64::from(sample) / 65535.0).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene;
    use pretty_photo::picture::{Channels, Depth};

    #[test]
    fn known_distances() {
        let one = scene::picture(20, 10, Channels::Rgb, Depth::Eight, 1);
        let mut other = one.clone();
        assert_eq!((max_difference(&one, &other), psnr(&one, &other)), (0.0, f64::INFINITY));
        let Samples::Eight(samples) = &mut other.colour else { panic!("8 bits were asked for") };
        samples.iter_mut().for_each(|sample| *sample = sample.wrapping_add(if *sample < 128 { 1 } else { 255 }));
        assert!((max_difference(&one, &other) - 1.0 / 255.0).abs() < 1e-12);
        assert!((psnr(&one, &other) - 48.13).abs() < 0.01);
    }
}
