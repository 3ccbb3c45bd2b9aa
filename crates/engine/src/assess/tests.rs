use super::*;
use crate::testing;
use pretty_photo::picture::{Channels, Depth};
use pretty_testkit::scene;

#[test]
fn noise_is_measured_closely() {
    for (sigma, low, high) in [(3.0, 2.4, 5.0), (10.0, 8.5, 11.5), (25.0, 22.0, 27.0)] {
        let photo = scene::noisy(&scene::picture(400, 300, Channels::Rgb, Depth::Eight, 4), 0.0, 1);
        let channels = scene::noisy(&photo, sigma / 255.0, 2);
        // Independent noise in three channels is weaker in luma.
        let in_luma = noise::deviation(&channels) / (0.299f64.powi(2) + 0.587f64.powi(2) + 0.114f64.powi(2)).sqrt();
        let found = if sigma < 5.0 { in_luma - 0.5 } else { in_luma };
        assert!((low..=high).contains(&found), "{sigma}: {found}");
    }
}

#[test]
fn texture_is_not_noise() {
    // Grains of four pixels, three times as strong as the noise below.
    let side = 256usize;
    let grains = scene::noisy(
        &Picture {
            width: 64,
            height: 64,
            channels: Channels::Gray,
            colour: Samples::Eight(vec![128; 64 * 64]),
            alpha: None,
        },
        24.0 / 255.0,
        7,
    );
    let Samples::Eight(grains) = &grains.colour else { panic!("8 bits were asked for") };
    let at = |x: usize, y: usize| f32::from(grains[(y % 64) * 64 + x % 64]);
    let values = (0..side * side).map(|index| {
        let (x, y) = (index % side, index / side);
        let (right, down) = ((x % 4) as f32 / 4.0, (y % 4) as f32 / 4.0);
        let (x, y) = (x / 4, y / 4);
        let upper = at(x, y) * (1.0 - right) + at(x + 1, y) * right;
        let lower = at(x, y + 1) * (1.0 - right) + at(x + 1, y + 1) * right;
        (upper * (1.0 - down) + lower * down).round() as u8
    });
    let texture = Picture {
        width: 256,
        height: 256,
        channels: Channels::Gray,
        colour: Samples::Eight(values.collect()),
        alpha: None,
    };
    let (alone, with_noise) = (noise::deviation(&texture), noise::deviation(&scene::noisy(&texture, 8.0 / 255.0, 3)));
    assert!(alone < NOISE_SEEN && with_noise > 4.0, "{alone} {with_noise}");
}

#[test]
fn blur_is_seen() {
    let sharp = scene::picture(300, 300, Channels::Gray, Depth::Eight, 9);
    let Samples::Eight(values) = &sharp.colour else { panic!("8 bits were asked for") };
    let mut soft = values.clone();
    for _ in 0..3 {
        let before = soft.clone();
        for y in 3..297usize {
            for x in 3..297usize {
                let sum: u32 = (0..49).map(|at| u32::from(before[(y + at / 7 - 3) * 300 + x + at % 7 - 3])).sum();
                soft[y * 300 + x] = (sum / 49) as u8;
            }
        }
    }
    let soft = Picture { colour: Samples::Eight(soft), ..sharp.clone() };
    let (sharp, soft) = (sharpness::blur(&sharp), sharpness::blur(&soft));
    assert!(sharp < SOFT && soft > sharp + 0.2, "{sharp} {soft}");
}

fn recipe_of(picture: &Picture) -> (Vec<Finding>, Vec<Step>) {
    let mut entries = pretty_testkit::models::small_entries();
    // Leaves a photo of middling brightness alone, and lifts a dark one.
    entries[1].bytes = pretty_testkit::nets::tone_adviser(1.2, 2.0);
    let folder = pretty_testkit::models::ModelsFolder::of(&entries);
    let assessment = testing::open(folder.path()).assess(&testing::decoded(picture)).unwrap();
    (assessment.findings, assessment.recipe.steps)
}

#[test]
fn a_good_photo_is_left_alone_and_a_noisy_dark_one_is_not() {
    let mut photo = scene::picture(1200, 800, Channels::Rgb, Depth::Eight, 3);
    let Samples::Eight(samples) = &mut photo.colour else { panic!("8 bits were asked for") };
    // Full contrast.
    samples.iter_mut().for_each(|sample| *sample = (((i32::from(*sample) - 120) * 2 + 128).clamp(0, 255)) as u8);
    let (findings, steps) = recipe_of(&photo);
    assert!(!findings.contains(&Finding::LowLight) && !findings.contains(&Finding::TooBright), "{findings:?}");
    assert!(!steps.iter().any(|step| matches!(step, Step::Tone { .. } | Step::Upscale { .. })), "{steps:?}");
    let Samples::Eight(samples) = &mut photo.colour else { panic!("8 bits were asked for") };
    samples.iter_mut().for_each(|sample| *sample /= 4);
    let dark = scene::noisy(&photo, 0.06, 5);
    let (findings, steps) = recipe_of(&dark);
    assert!(findings.contains(&Finding::LowLight) && findings.contains(&Finding::Noise), "{findings:?}");
    assert!(
        matches!(steps.as_slice(), [Step::Restore { denoise, .. }, Step::Tone { strength, .. }] if *denoise > 0.5 && *strength == 1.0),
        "{steps:?}"
    );
}

#[test]
fn jpeg_quality_counts() {
    let measured = |quality| Measured {
        noise: 0.0,
        jpeg_quality: quality,
        blur: 0.0,
        light: light::Light::default(),
        longer_side: 4000,
    };
    assert!(measured(Some(95)).findings().is_empty() && measured(None).recipe(true).steps.is_empty());
    assert!(matches!(measured(Some(30)).recipe(true).steps[..], [Step::Restore { denoise, .. }] if denoise == 1.0));
    assert!(measured(Some(30)).recipe(false).steps.is_empty());
}

#[test]
fn the_smallest_photos_do_no_harm() {
    for (width, height) in [(1, 1), (1, 40), (33, 2)] {
        let (findings, _) = recipe_of(&scene::picture(width, height, Channels::Gray, Depth::Sixteen, 1));
        assert!(findings.contains(&Finding::SmallSize), "{findings:?}");
    }
}
