//! The model that advises on light and colour: finite advice for anything, curves that never fall, greys that stay grey when the curves agree, good
//! photos left alone.

use pretty_photo::picture::{Channels, Depth, Picture};
use pretty_testkit::random::Random;
use pretty_testkit::scene;

use super::limits::{GREY_ROWS, TONE_KEPT};
use super::{Findings, clean_photo, painted, photo_at, told};
use crate::cancel::Cancel;
use crate::engine::Engine;
use crate::manifest::Task;
use crate::provider::TensorView;
use crate::testing;
use crate::tone::lut::KNOTS;
use crate::tone::statistics::{STATISTICS, ToneInputs, tone_inputs};

/// How far a knot may lie below the one before it: what rounding does to sums.
const ROUNDING: f32 = 1e-5;

fn id(engine: &Engine) -> &str {
    let adviser = engine.manifest().models.iter().find(|model| model.task == Task::Tone);
    &adviser.unwrap().id
}

/// The model's curves and matrix, as it gives them.
fn advice(engine: &Engine, inputs: &ToneInputs) -> (Vec<f32>, Vec<f32>) {
    let model = engine.shared().model(id(engine)).unwrap();
    let mut session = engine.shared().devices.processor().provider.open(&model, 1).unwrap();
    let given = [
        TensorView { shape: vec![1, 3, 64, 64], values: &inputs.thumbnail },
        TensorView { shape: vec![1, STATISTICS], values: &inputs.statistics },
    ];
    let mut advice = (Vec::new(), Vec::new());
    session
        .run(&given, &Cancel::default(), &mut |outputs| {
            advice = (outputs[0].values.to_vec(), outputs[1].values.to_vec());
        })
        .unwrap();
    advice
}

/// Photos of every brightness, contrast and cast, and some that are no photos at all.
fn photos() -> Vec<Picture> {
    let mut random = Random::new(17);
    let mut photos = vec![clean_photo(), painted(1, 1, |_, _| [0.5; 3]), painted(7, 300, |_, y| [(y % 2) as f32; 3])];
    for value in [0.0, 0.003, 0.1, 0.5, 0.97, 1.0] {
        photos.push(painted(40, 30, |_, _| [value; 3]));
        photos.push(painted(40, 30, |x, _| [value, (x % 2) as f32, 1.0 - value]));
    }
    for seed in 0..40 {
        let (light, contrast, gamma) = (random.unit(), 1.5 * random.unit(), (2.0 * random.unit() - 1.0).exp());
        let cast = [0, 1, 2].map(|_| 0.7 + 0.6 * random.unit());
        let colours: Vec<[f32; 3]> = match scene::picture(60, 45, Channels::Rgb, Depth::Eight, seed).colour {
            pretty_photo::picture::Samples::Eight(samples) => {
                samples.chunks_exact(3).map(|pixel| [0, 1, 2].map(|at| f32::from(pixel[at]) / 255.0)).collect()
            }
            pretty_photo::picture::Samples::Sixteen(_) => panic!("8 bits were asked for"),
        };
        photos.push(painted(60, 45, |x, y| {
            let colour = colours[(y * 60 + x) as usize];
            [0, 1, 2]
                .map(|at| (light + contrast * (colour[at] - 0.5)).clamp(0.0, 1.0).powf(gamma) * cast[at])
                .map(|value| value.min(1.0))
        }));
    }
    photos
}

#[test]
fn advice_is_finite_its_curves_never_fall_and_grey_is_their_business_alone() {
    let engine = testing::bundled();
    let mut random = Random::new(19);
    let mut inputs: Vec<ToneInputs> = photos().iter().map(|photo| tone_inputs(&told(photo))).collect();
    // Numbers that no photo has.
    for _ in 0..40 {
        let thumbnail = (0..3 * 64 * 64).map(|_| random.unit()).collect();
        inputs.push(ToneInputs { thumbnail, statistics: (0..STATISTICS).map(|_| random.unit()).collect() });
    }
    let mut findings = Findings::default();
    for (number, inputs) in inputs.iter().enumerate() {
        let (curves, matrix) = advice(&engine, inputs);
        assert_eq!((curves.len(), matrix.len()), (3 * KNOTS, 9));
        assert!(curves.iter().chain(&matrix).all(|value| value.is_finite()), "photo {number}: {curves:?} {matrix:?}");
        for curve in curves.chunks_exact(KNOTS) {
            let falls = curve.windows(2).any(|pair| pair[1] < pair[0] - ROUNDING);
            assert!(!falls, "photo {number}: {curve:?}");
        }
        for row in matrix.chunks_exact(3) {
            let away = f64::from(row.iter().sum::<f32>() - 1.0).abs();
            findings.hold(id(&engine), &GREY_ROWS, away, &format!("photo {number}"));
        }
    }
    findings.end();
}

/// What the engine checks before it follows advice refuses none that is given for a photo.
#[test]
fn advice_for_photos_is_followed() {
    let engine = testing::bundled();
    for (number, photo) in photos().iter().enumerate() {
        let inputs = tone_inputs(&told(photo));
        let followed = engine.shared().advice(id(&engine), &inputs, &Cancel::default());
        assert!(followed.is_ok(), "photo {number}: {}", followed.err().unwrap());
    }
}

#[test]
fn a_good_photo_is_left_alone() {
    let engine = testing::bundled();
    let mut findings = Findings::default();
    let photo = photo_at("crates/backend/assets/harbour-after.jpg");
    let inputs = tone_inputs(&told(&photo));
    let lut = engine.shared().advice(id(&engine), &inputs, &Cancel::default()).unwrap();
    let toned = Picture { colour: lut.apply_to_samples(&photo.colour, photo.channels, 1.0), ..photo.clone() };
    findings.hold(id(&engine), &TONE_KEPT, pretty_testkit::compare::psnr(&photo, &toned), "a photo");
    // Nothing of it is not even looked at.
    assert!(lut.apply_to_samples(&photo.colour, photo.channels, 0.0) == photo.colour);
    findings.end();
}
