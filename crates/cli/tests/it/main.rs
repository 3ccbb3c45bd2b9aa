//! The command line against the engine's own numbers, on files that it has written.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set itself up must fail loudly")]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use pretty_engine::{Engine, EngineConfig, locate};
use pretty_photo::picture::{Channels, Depth, Picture, Samples};
use pretty_photo::{Limits, Metadata, ResultSpec};
use pretty_testkit::scene;

fn engine() -> Engine {
    let config = EngineConfig {
        runtime_library: locate::runtime_library(None),
        models_folder: locate::models_folder(None),
        memory_budget_bytes: 0,
        stopwatch: || Duration::ZERO,
    };
    Engine::open(config).unwrap()
}

fn write(picture: &Picture, path: &Path) {
    let spec = ResultSpec {
        width: picture.width,
        height: picture.height,
        channels: picture.channels,
        depth: picture.colour.depth(),
        alpha: false,
        format: pretty_contract::export::Format::Png,
        quality: 100,
        metadata: Metadata::default(),
    };
    let band =
        pretty_photo::picture::Band { top: 0, height: picture.height, colour: picture.colour.clone(), alpha: None };
    let mut file = std::fs::File::create_new(path).unwrap();
    pretty_photo::encode(&spec, &mut file, &mut std::iter::once(Ok::<_, ()>(band))).unwrap();
}

/// A model's answer for a photo of 8 bits, as anyone would work it out: samples over 255, then clamped and rounded.
fn expected(engine: &Engine, model: &str, photo: &Picture, scale: usize) -> Vec<u8> {
    let Samples::Eight(samples) = &photo.colour else { panic!("8 bits were asked for") };
    let (width, height) = (photo.width as usize, photo.height as usize);
    let plane = |channel: usize| samples.iter().skip(channel).step_by(3).map(|&sample| f32::from(sample) / 255.0);
    let planes: Vec<f32> = (0..3).flat_map(plane).collect();
    let answer = engine.bare_answer(model, &planes, (width, height)).unwrap();
    let area = width * height * scale * scale;
    assert_eq!(answer.len(), 3 * area);
    (0..area)
        .flat_map(|at| [answer[at], answer[area + at], answer[2 * area + at]])
        .map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8)
        .collect()
}

/// What is scored as a model is what the command line writes: the model's own numbers, rounded once.
#[test]
fn one_model_alone_gives_its_own_numbers_exactly() {
    let engine = engine();
    let room = tempfile::tempdir().unwrap();
    let photo = scene::picture(211, 157, Channels::Rgb, Depth::Eight, 3);
    let file = room.path().join("photo.png");
    write(&photo, &file);
    for (model, scale) in [("upscale-4x", 4), ("upscale-2x", 2)] {
        let result = room.path().join(format!("{model}.png"));
        let run = Command::new(env!("CARGO_BIN_EXE_pretty"))
            .args(["enhance", "--json", "--only", model])
            .arg(&file)
            .arg("--out")
            .arg(&result)
            .output()
            .unwrap();
        assert!(run.status.success(), "{run:?}");
        let made = pretty_photo::decode(&result, &Limits::default()).unwrap().picture;
        assert_eq!((made.width, made.height), (211 * scale, 157 * scale));
        let Samples::Eight(made) = &made.colour else { panic!("{model}: other than 8 bits") };
        let wanted = expected(&engine, model, &photo, scale as usize);
        let differ = made.iter().zip(&wanted).filter(|(made, wanted)| made != wanted).count();
        assert_eq!(differ, 0, "{model}: of {} values", wanted.len());
        assert_eq!(made.len(), wanted.len());
    }
}
