//! Colours for the screen, and sizes.

use moxcms::ColorProfile;
use pretty_contract::export::Format;
use pretty_photo::colour::SrgbView;
use pretty_photo::picture::{Channels, Depth, Picture, Samples};
use pretty_photo::resize::{enlarge_plane, fitted, halve, reduce_by_area};
use pretty_photo::{Limits, Metadata, thumbnail, view};
use proptest::prelude::*;

use crate::fixtures::{blocks, picture, profile, read, spec, write};

#[test]
fn srgb_under_any_name_is_left_alone() {
    let srgb = ColorProfile::new_srgb().encode().unwrap();
    assert!(SrgbView::new(Some(&srgb), Channels::Rgb).is_identity());
    assert!(SrgbView::new(None, Channels::Gray).is_identity());
    assert!(SrgbView::new(Some(&[7; 400]), Channels::Rgb).is_identity());
    assert!(!SrgbView::new(Some(&profile(Channels::Rgb)), Channels::Rgb).is_identity());
    assert!(!SrgbView::new(Some(&profile(Channels::Gray)), Channels::Gray).is_identity());
}

/// Values from the matrices of the standards: Display P3's green is beyond sRGB's, its greys are the same.
#[test]
fn display_p3_becomes_srgb() {
    let view = SrgbView::new(Some(&profile(Channels::Rgb)), Channels::Rgb);
    let mut samples = [128, 128, 128, 0, 255, 0, 200, 100, 100, 255, 255, 255];
    view.convert_in_place(&mut samples);
    let expected = [128, 128, 128, 0, 255, 0, 216, 93, 97, 255, 255, 255];
    for (found, expected) in samples.iter().zip(expected) {
        assert!(found.abs_diff(expected) <= 2, "{samples:?}");
    }
}

#[test]
fn a_gamma_of_1_8_becomes_brighter_in_srgb() {
    let view = SrgbView::new(Some(&profile(Channels::Gray)), Channels::Gray);
    let mut samples = [0, 64, 128, 255];
    view.convert_in_place(&mut samples);
    // (128 / 255)^1.8 is 0.2891 of light, which sRGB writes as 147.
    assert!(samples[0] == 0 && samples[3] == 255 && samples[2].abs_diff(147) <= 1 && samples[1] > 64, "{samples:?}");
}

#[test]
fn reducing_is_the_mean_of_what_is_covered() {
    let two_by_two = Picture {
        width: 4,
        height: 2,
        channels: Channels::Gray,
        colour: Samples::Eight(vec![0, 100, 10, 20, 200, 100, 30, 40]),
        alpha: None,
    };
    assert_eq!(halve(&two_by_two).colour, Samples::Eight(vec![100, 25]));
    // Thirds of columns: 0, 100, 10 and 20 in three parts are 0 + a third of 100, then the rest.
    let three = reduce_by_area(
        &Picture { height: 1, colour: Samples::Eight(vec![0, 100, 10, 20]), ..two_by_two.clone() },
        3,
        1,
    );
    assert_eq!(three.colour, Samples::Eight(vec![25, 55, 18]));
    let hidden = Picture {
        width: 2,
        height: 1,
        colour: Samples::Eight(vec![250, 10]),
        alpha: Some(Samples::Eight(vec![0, 255])),
        ..two_by_two
    };
    let one = reduce_by_area(&hidden, 1, 1);
    assert_eq!((one.colour, one.alpha), (Samples::Eight(vec![10]), Some(Samples::Eight(vec![128]))));
}

proptest! {
    /// The mean of a picture is the mean of its reduction, a flat picture stays flat, and nothing leaves the range.
    #[test]
    fn reducing_keeps_the_mean(width in 1_u32..70, height in 1_u32..70, to_width in 1_u32..70, to_height in 1_u32..70) {
        let source = picture(width, height, Channels::Rgb, Depth::Sixteen, false);
        let small = reduce_by_area(&source, to_width, to_height);
        prop_assert_eq!((small.width, small.height), (to_width.min(width), to_height.min(height)));
        let mean = |samples: &Samples| match samples {
            Samples::Sixteen(values) => values.iter().map(|value| f64::from(*value)).sum::<f64>() / values.len() as f64,
            Samples::Eight(_) => panic!("another depth"),
        };
        prop_assert!((mean(&source.colour) - mean(&small.colour)).abs() < 1.0);
    }

    #[test]
    fn a_ramp_enlarged_is_a_ramp(size in 8_usize..20, factor in 1_usize..5) {
        let plane: Vec<f32> = (0..size * size).map(|at| (at % size) as f32).collect();
        let large = enlarge_plane(&plane, size, size, factor);
        let row = &large[size * factor * 3..][..size * factor];
        for (x, value) in row.iter().enumerate().skip(2 * factor).take((size - 4) * factor) {
            let expected = (x as f32 + 0.5) / factor as f32 - 0.5;
            prop_assert!((value - expected).abs() < 1e-3, "{} at {}: {}", value, x, expected);
        }
    }
}

/// Against the formula as its paper states it, written out for each position.
#[test]
fn enlarging_follows_the_formula() {
    let large = enlarge_plane(&[0.0, 1.0, 0.0, 0.0], 4, 1, 2);
    let first_row = &large[..8];
    let weights = |distance: f32| {
        let x = distance.abs();
        if x < 1.0 {
            (1.5 * x - 2.5) * x * x + 1.0
        } else if x < 2.0 {
            ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
        } else {
            0.0
        }
    };
    for (index, value) in first_row.iter().enumerate() {
        let centre = (index as f32 + 0.5) / 2.0 - 0.5;
        let all: f32 = (0..4).map(|at| weights(at as f32 - centre)).sum();
        let expected = weights(1.0 - centre) / all;
        assert!((value - expected).abs() < 1e-5, "{index}: {value} is not {expected}");
    }
}

#[test]
fn sizes_fit_without_vanishing() {
    assert_eq!(fitted(6000, 4000, 300), (300, 200));
    assert_eq!(fitted(60_000, 10, 300), (300, 1));
    assert_eq!(fitted(200, 100, 300), (200, 100));
}

#[test]
fn thumbnails_are_small_upright_and_opaque() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photo.png");
    let sent = picture(400, 300, Channels::Rgb, Depth::Sixteen, true);
    write(&path, &sent, &spec(&sent, Format::Png, 90, Metadata { iptc: None, ..blocks(&sent, 6, false, false) }));
    let bytes = thumbnail(&path, 120, &Limits::default()).unwrap();
    let small = folder.path().join("small.jpg");
    std::fs::write(&small, &bytes).unwrap();
    let small = read(&small);
    assert_eq!((small.picture.width, small.picture.height), (90, 120));
    assert!(small.facts.profile.is_none() && bytes.starts_with(&[0xFF, 0xD8]));
}

#[test]
fn tiles_are_jpeg_or_with_transparency_png() {
    for (channels, depth, alpha, expected) in [
        (Channels::Rgb, Depth::Eight, false, "image/jpeg"),
        (Channels::Gray, Depth::Sixteen, false, "image/jpeg"),
        (Channels::Rgb, Depth::Sixteen, true, "image/png"),
        (Channels::Gray, Depth::Eight, true, "image/png"),
    ] {
        let tile = picture(512, 301, channels, depth, alpha);
        let (bytes, mime) = view::encode_tile(&tile, Some(&profile(channels))).unwrap();
        assert_eq!(mime, expected);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tile");
        std::fs::write(&path, bytes).unwrap();
        let shown = read(&path);
        assert_eq!((shown.picture.width, shown.picture.height, shown.picture.alpha.is_some()), (512, 301, alpha));
        let mut sent = pretty_photo::colour::to_eight_bits(&tile.colour);
        SrgbView::new(Some(&profile(channels)), channels).convert_in_place(&mut sent);
        let (_, mean) = crate::fixtures::difference(&Samples::Eight(sent), &shown.picture.colour);
        assert!(mean < 1.5, "{mean}");
    }
}
