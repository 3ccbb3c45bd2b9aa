//! The same numbers as the training's: `models/training/tone_contract_vectors.json` holds pictures by formula and what must come of them.

use pretty_photo::picture::{Channels, Picture, Samples};
use serde_json::Value;

use super::reduced::reduced;
use super::statistics::tone_inputs;
use crate::cancel::Cancel;
use crate::provider::TensorView;
use crate::testing;

type Formula = fn(u32, u32) -> u32;

/// The formulas of the vectors, by their text.
const FORMULAS: [(&str, Formula); 9] = [
    ("255 * x // 7", |x, _| 255 * x / 7),
    ("255 * y // 5", |_, y| 255 * y / 5),
    ("255 * (x + y) // 12", |x, y| 255 * (x + y) / 12),
    ("60 + 180 * x // 299", |x, _| 60 + 180 * x / 299),
    ("70 + 120 * y // 199", |_, y| 70 + 120 * y / 199),
    ("50 + 90 * ((7 * x + 13 * y) % 64) // 63", |x, y| 50 + 90 * ((7 * x + 13 * y) % 64) / 63),
    ("3 + 40 * x * y // 10591", |x, y| 3 + 40 * x * y / 10591),
    ("2 + 30 * y // 119", |_, y| 2 + 30 * y / 119),
    ("8 + (x * x + 3 * y) % 23", |x, y| 8 + (x * x + 3 * y) % 23),
];

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        other => vec![other.as_f64().unwrap()],
    }
}

fn near(what: &str, found: &[f32], wanted: &Value, tolerance: f64) {
    let wanted = numbers(wanted);
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (index, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        assert!((f64::from(*found) - wanted).abs() < tolerance, "{what} {index}: {found} instead of {wanted}");
    }
}

#[test]
fn statistics_and_advice_are_those_of_the_training() {
    let models = crate::locate::models_folder(None);
    let text = std::fs::read_to_string(models.join("training/tone_contract_vectors.json")).unwrap();
    let vectors: Value = serde_json::from_str(&text).unwrap();
    let pictures = vectors["pictures"].as_array().unwrap();
    assert!(!pictures.is_empty());
    let engine = testing::bundled();
    let model = engine.shared().model("tone").unwrap();
    let sha256 = vectors["model_sha256"].as_str().unwrap();
    assert_eq!(sha256, model.entry.sha256, "the vectors are of another version of the model: write them anew");
    for wanted in pictures {
        let side = |name: &str| u32::try_from(wanted[name].as_u64().unwrap()).unwrap();
        let (width, height) = (side("width"), side("height"));
        let formulas = ["red", "green", "blue"].map(|channel| {
            let text = wanted[channel].as_str().unwrap();
            FORMULAS.iter().find(|(known, _)| *known == text).unwrap_or_else(|| panic!("add the formula {text}")).1
        });
        let pixels = (0..height)
            .flat_map(|y| (0..width).flat_map(move |x| formulas.map(|formula| u8::try_from(formula(x, y)).unwrap())));
        let colour = Samples::Eight(pixels.collect());
        let photo = testing::decoded(&Picture { width, height, channels: Channels::Rgb, colour, alpha: None });
        let inputs = tone_inputs(&reduced(&photo));
        near("statistic", &inputs.statistics, &wanted["statistics"], 1e-5);
        let means: Vec<f32> =
            inputs.thumbnail.chunks(64 * 64).map(|plane| plane.iter().sum::<f32>() / 4096.0).collect();
        near("mean of the thumbnail", &means, &wanted["thumbnail_mean"], 1e-5);
        for probe in wanted["thumbnail_probes"].as_array().unwrap() {
            let at = (probe["y"].as_u64().unwrap() * 64 + probe["x"].as_u64().unwrap()) as usize;
            near("thumbnail", &[0, 1, 2].map(|plane| inputs.thumbnail[plane * 4096 + at]), &probe["rgb"], 1e-5);
        }
        let mut session = engine.shared().devices.processor().provider.open(&model, 1).unwrap();
        let given = [
            TensorView { shape: vec![1, 3, 64, 64], values: &inputs.thumbnail },
            TensorView { shape: vec![1, 71], values: &inputs.statistics },
        ];
        session
            .run(&given, &Cancel::default(), &mut |outputs| {
                near("curve", outputs[0].values, &wanted["curves"], 1e-4);
                near("matrix", outputs[1].values, &wanted["matrix"], 1e-4);
            })
            .unwrap();
    }
}
