//! From file to file: pixels kept where nothing is asked, all kinds of pictures, stopping, progress, previews that show what will be saved.

use std::sync::Mutex;
use std::time::Duration;

use pretty_contract::problem::Code;
use pretty_contract::recipe::Step;
use pretty_photo::picture::{Picture, Samples};
use pretty_testkit::models::ModelsFolder;
use pretty_testkit::random::Random;
use pretty_testkit::{compare, scene};

use super::*;
use crate::engine::Engine;
use crate::report::Silent;
use crate::testing;

fn restore(denoise: f32, detail: f32) -> Step {
    Step::Restore { denoise, detail, model: None }
}

fn tone(strength: f32) -> Step {
    Step::Tone { strength, model: None }
}

fn upscale(scale: u32, strength: f32) -> Step {
    Step::Upscale { scale, strength, model: None }
}

fn request(photo: &Path, folder: &Path, steps: Vec<Step>) -> EnhanceRequest {
    let target = Target {
        place: Place::Folder(folder.to_path_buf()),
        format: Some(Format::Png),
        quality: 92,
        collision: Collision::Rename,
    };
    EnhanceRequest {
        photo: photo.to_path_buf(),
        recipe: Recipe::new(steps),
        target,
        device: None,
        limits: Limits::default(),
        kept: Kept::default(),
    }
}

fn enhanced(engine: &Engine, picture: &Picture, steps: Vec<Step>) -> (Picture, Saved) {
    let (photo, folder) = (testing::saved(picture), tempfile::tempdir().unwrap());
    let outcome = engine.enhance(&request(photo.path(), folder.path(), steps), &Silent, &Cancel::default()).unwrap();
    let Outcome::Saved(saved) = outcome else { panic!("it was skipped") };
    (pretty_photo::decode(&saved.path, &Limits::default()).unwrap().picture, saved)
}

fn all_kinds(width: u32, height: u32) -> Vec<Picture> {
    let mut pictures = Vec::new();
    for channels in [Channels::Rgb, Channels::Gray] {
        for depth in [Depth::Eight, Depth::Sixteen] {
            pictures.push(scene::picture(width, height, channels, depth, 21));
            pictures.push(scene::with_alpha(width, height, channels, depth, 22));
        }
    }
    pictures
}

#[test]
fn without_strength_every_pixel_is_the_photos() {
    let models = ModelsFolder::small();
    let engine = testing::open(models.path());
    for photo in all_kinds(61, 37) {
        assert_eq!(enhanced(&engine, &photo, vec![restore(0.0, 0.0), tone(0.0)]).0, photo);
        assert_eq!(enhanced(&engine, &photo, vec![]).0, photo);
    }
}

#[test]
fn every_kind_of_picture_keeps_its_kind() {
    let models = ModelsFolder::small();
    let engine = testing::open(models.path());
    for photo in all_kinds(75, 50) {
        for steps in [vec![tone(1.0)], vec![restore(1.0, 1.0)], vec![restore(0.5, 0.0), tone(0.5), upscale(2, 1.0)]] {
            let scale = if steps.len() == 3 { 2 } else { 1 };
            let (result, saved) = enhanced(&engine, &photo, steps);
            assert_eq!((result.width, result.height), (75 * scale, 50 * scale));
            assert_eq!((result.channels, result.colour.depth()), (photo.channels, photo.colour.depth()));
            assert_eq!(result.alpha.is_some(), photo.alpha.is_some());
            assert_eq!(saved.device, "This computer's processor");
            if scale == 1 {
                assert_eq!(result.alpha, photo.alpha);
                assert_ne!(result.colour, photo.colour);
            }
        }
    }
}

#[test]
fn sixteen_bits_are_not_eight_in_disguise() {
    let models = ModelsFolder::small();
    let engine = testing::open(models.path());
    let (result, _) = enhanced(
        &engine,
        &scene::picture(64, 64, Channels::Rgb, Depth::Sixteen, 1),
        vec![restore(0.3, 0.3), tone(0.4)],
    );
    let Samples::Sixteen(samples) = result.colour else { panic!("16 bits were asked for") };
    let in_between = samples.iter().filter(|sample| **sample % 257 != 0).count();
    assert!(in_between > samples.len() / 2, "{in_between} of {}", samples.len());
}

#[test]
fn a_small_budget_gives_the_same_file() {
    let models = ModelsFolder::small();
    let photo = scene::with_alpha(333, 251, Channels::Rgb, Depth::Eight, 5);
    let steps = || vec![restore(0.7, 0.4), tone(0.5), upscale(2, 0.6)];
    let roomy = enhanced(&testing::open(models.path()), &photo, steps()).0;
    let mut config = testing::config(models.path().to_path_buf());
    config.memory_budget_bytes = 4 << 20;
    let tight = enhanced(&Engine::open(config).unwrap(), &photo, steps()).0;
    assert_eq!(compare::max_difference(&roomy, &tight), 0.0);
}

#[test]
fn a_preview_shows_what_will_be_saved() {
    let models = ModelsFolder::small();
    let engine = testing::open(models.path());
    let photo = scene::with_alpha(200, 150, Channels::Rgb, Depth::Sixteen, 8);
    let steps = || vec![restore(1.0, 0.5), tone(0.8), upscale(2, 0.9)];
    let result = enhanced(&engine, &photo, steps()).0;
    let mut renderer = engine.renderer(testing::decoded(&photo), &Recipe::new(steps()), None).unwrap();
    assert_eq!((renderer.result_size(), renderer.scale()), ((400, 300), 2));
    for region in [
        Region::whole(200, 150),
        Region { x: 33, y: 20, width: 70, height: 61 },
        Region { x: 150, y: 140, width: 500, height: 500 },
    ] {
        let tile = renderer.render(region, &Cancel::default()).unwrap();
        let region = region.within(Region::whole(200, 150));
        assert_eq!((tile.width, tile.height), (region.width * 2, region.height * 2));
        let (first, size) = region.enlarged(2).corner_and_size();
        let crop = result.part(first, size);
        assert_eq!(compare::max_difference(&tile, &crop), 0.0, "{region:?}");
    }
    assert!(renderer.render(Region { x: 200, y: 0, width: 5, height: 5 }, &Cancel::default()).is_err());
}

#[test]
fn a_crop_is_the_framed_photo_enhanced() {
    let models = ModelsFolder::small();
    let engine = testing::open(models.path());
    let photo = scene::with_alpha(200, 150, Channels::Rgb, Depth::Sixteen, 8);
    let steps = || vec![restore(0.8, 0.5), tone(0.5), upscale(2, 0.9)];
    let crop = Step::Crop { degrees: 2.5, x: 0.1, y: 0.2, width: 0.6, height: 0.7 };
    let with_crop = || std::iter::once(crop.clone()).chain(steps()).collect::<Vec<_>>();
    let framing = crate::plan::framing(&Recipe::new(with_crop()));
    let framed = framing.picture(&photo);
    assert_eq!((framed.width, framed.height), framing.size(200, 150));
    let (result, saved) = enhanced(&engine, &photo, with_crop());
    assert_eq!((result.width, result.height), (framed.width * 2, framed.height * 2));
    assert_eq!((saved.width, saved.height), (result.width, result.height));
    assert_eq!(compare::max_difference(&result, &enhanced(&engine, &framed, steps()).0), 0.0);
    let mut renderer = engine.renderer(testing::decoded(&photo), &Recipe::new(with_crop()), None).unwrap();
    assert_eq!(renderer.result_size(), (result.width, result.height));
    let preview = renderer.render(Region::whole(framed.width, framed.height), &Cancel::default()).unwrap();
    assert_eq!(compare::max_difference(&preview, &result), 0.0);
    // Nothing but a cut: the photo's own pixels.
    let cut = Step::Crop { degrees: 0.0, x: 0.25, y: 0.0, width: 0.5, height: 0.5 };
    let (result, _) = enhanced(&engine, &photo, vec![cut]);
    assert_eq!(result, photo.part((50, 0), (100, 75)));
}

/// What Auto would choose, done to a photo that is read once.
#[test]
fn by_auto_a_photo_gets_what_auto_chooses_for_it() {
    let models = ModelsFolder::small();
    let engine = testing::open(models.path());
    let photo = scene::noisy(&scene::picture(210, 160, Channels::Rgb, Depth::Eight, 8), 0.05, 3);
    let chosen = engine.assess(&testing::decoded(&photo)).unwrap().recipe;
    assert!(!chosen.steps.is_empty(), "nothing would be done to this photo");
    let adjust = |mut recipe: Recipe| {
        recipe.steps.push(upscale(2, 0.5));
        recipe
    };
    let (file, folder) = (testing::saved(&photo), tempfile::tempdir().unwrap());
    // The request's own recipe does not count.
    let request = request(file.path(), folder.path(), vec![tone(7.0)]);
    let outcome = engine.enhance_by_auto(&request, &adjust, &Silent, &Cancel::default()).unwrap();
    let Outcome::Saved(saved) = outcome else { panic!("it was skipped") };
    let result = pretty_photo::decode(&saved.path, &Limits::default()).unwrap().picture;
    assert_eq!(result, enhanced(&engine, &photo, adjust(chosen).steps).0);
    let mut gone = request.clone();
    gone.photo = folder.path().join("gone.jpg");
    let error = engine.enhance_by_auto(&gone, &adjust, &Silent, &Cancel::default()).unwrap_err();
    assert_eq!(error.code(), Code::FileMissing);
    let wrong = |_| Recipe::new(vec![tone(7.0)]);
    let error = engine.enhance_by_auto(&request, &wrong, &Silent, &Cancel::default()).unwrap_err();
    assert_eq!((error.code(), files_in(folder.path()).len()), (Code::RecipeInvalid, 1));
}

/// One batch: a photo whose name is what another's result would be called, and two photos whose results would be called the same.
#[test]
fn replacing_spares_the_photos_of_a_batch_and_what_was_made_of_them() {
    let models = ModelsFolder::small();
    let engine = testing::open(models.path());
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let photos = ["a.png", "a.tif", "a-enhanced.png"].map(at);
    for (number, photo) in photos.iter().enumerate() {
        let picture = scene::picture(16, 12, Channels::Rgb, Depth::Eight, number as u64);
        std::fs::copy(testing::saved(&picture).path(), photo).unwrap();
    }
    let before: Vec<_> = photos.iter().map(|photo| std::fs::read(photo).unwrap()).collect();
    for _round in 0..2 {
        let kept = Kept::of(photos.iter().cloned());
        let saved: Vec<Saved> = photos
            .iter()
            .map(|photo| {
                let mut request = request(photo, folder.path(), vec![tone(1.0)]);
                request.target.collision = Collision::Overwrite;
                request.kept = kept.clone();
                match engine.enhance(&request, &Silent, &Cancel::default()).unwrap() {
                    Outcome::Saved(saved) => saved,
                    Outcome::Skipped { path } => panic!("{}", path.display()),
                }
            })
            .collect();
        let names: Vec<_> = saved.iter().map(|saved| saved.path.clone()).collect();
        assert_eq!(names, ["a-enhanced-2.png", "a-enhanced-3.png", "a-enhanced-enhanced.png"].map(at));
        assert!(saved[0].notes.iter().any(|note| note.contains("a-enhanced.png") && note.contains("not replaced")));
        assert!(!saved[2].notes.iter().any(|note| note.contains("not replaced")), "{:?}", saved[2].notes);
        let now: Vec<_> = photos.iter().map(|photo| std::fs::read(photo).unwrap()).collect();
        assert_eq!(now, before);
        assert_eq!(files_in(folder.path()).len(), 6);
    }
}

#[test]
fn previews_and_results_do_not_wait_for_each_other() {
    let models = ModelsFolder::small();
    let engine = testing::open(models.path());
    let photo = scene::picture(400, 300, Channels::Rgb, Depth::Eight, 8);
    let decoded = testing::decoded(&photo);
    let recipe = Recipe::new(vec![restore(1.0, 0.5), upscale(2, 1.0)]);
    std::thread::scope(|scope| {
        let saving = scope.spawn(|| enhanced(&engine, &photo, recipe.steps.clone()).0);
        let previews: Vec<_> = (0..3)
            .map(|at| {
                let (engine, decoded, recipe) = (&engine, decoded.clone(), &recipe);
                scope.spawn(move || {
                    let mut renderer = engine.renderer(decoded, recipe, None).unwrap();
                    let region = Region { x: at * 90, y: at * 70, width: 128, height: 100 };
                    (region, renderer.render(region, &Cancel::default()).unwrap())
                })
            })
            .collect();
        let result = saving.join().unwrap();
        let Samples::Eight(result) = &result.colour else { panic!("8 bits were asked for") };
        for preview in previews {
            let (region, tile) = preview.join().unwrap();
            let Samples::Eight(tile_samples) = &tile.colour else { panic!("8 bits were asked for") };
            for row in 0..tile.height as usize {
                let at = ((region.y as usize * 2 + row) * 800 + region.x as usize * 2) * 3;
                let length = tile.width as usize * 3;
                assert_eq!(tile_samples[row * length..][..length], result[at..at + length]);
            }
        }
    });
}

#[test]
fn progress_starts_at_nought_never_goes_back_and_ends_at_one() {
    let models = ModelsFolder::small();
    let mut config = testing::config(models.path().to_path_buf());
    config.memory_budget_bytes = 4 << 20;
    let engine = Engine::open(config).unwrap();
    for steps in [vec![], vec![tone(1.0)], vec![restore(1.0, 1.0), upscale(2, 1.0)]] {
        let (photo, folder) =
            (testing::saved(&scene::picture(320, 240, Channels::Rgb, Depth::Eight, 1)), tempfile::tempdir().unwrap());
        let seen = Mutex::new(Vec::new());
        let reporter = |fraction: f32| seen.lock().unwrap().push(fraction);
        engine.enhance(&request(photo.path(), folder.path(), steps.clone()), &reporter, &Cancel::default()).unwrap();
        let seen = seen.into_inner().unwrap();
        assert_eq!((seen[0], seen[seen.len() - 1]), (0.0, 1.0));
        assert!(seen.windows(2).all(|pair| pair[0] < pair[1]), "{seen:?}");
        assert!(steps.len() < 2 || seen.len() > 8, "{seen:?}");
    }
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn stopped_at_any_moment_nothing_is_left() {
    let models = ModelsFolder::small();
    let engine = testing::open(models.path());
    let photo = testing::saved(&scene::picture(500, 400, Channels::Rgb, Depth::Eight, 6));
    let mut random = Random::new(9);
    let (mut stopped, mut finished) = (0, 0);
    for round in 0..25u64 {
        let folder = tempfile::tempdir().unwrap();
        let cancel = Cancel::default();
        let wait = Duration::from_micros(u64::from(random.between(0, 400)) * (round + 1) * 20);
        std::thread::scope(|scope| {
            let token = cancel.clone();
            scope.spawn(move || {
                std::thread::sleep(wait);
                token.cancel();
            });
            match engine.enhance(
                &request(photo.path(), folder.path(), vec![restore(1.0, 1.0), upscale(4, 1.0)]),
                &Silent,
                &cancel,
            ) {
                Err(error) => {
                    assert_eq!(error.code(), Code::Cancelled, "{error}");
                    assert_eq!(files_in(folder.path()), Vec::<PathBuf>::new());
                    stopped += 1;
                }
                Ok(Outcome::Saved(saved)) => {
                    pretty_photo::decode(&saved.path, &Limits::default()).unwrap();
                    assert_eq!(files_in(folder.path()).len(), 1);
                    finished += 1;
                }
                Ok(Outcome::Skipped { path }) => panic!("{}", path.display()),
            }
        });
    }
    assert!(stopped >= 5, "{stopped} stopped, {finished} finished");
}

#[test]
fn stopping_a_running_model_does_not_wait_for_it() {
    let models = ModelsFolder::small();
    let processor = crate::runtime::Runtime::load(&crate::locate::runtime_library(None)).unwrap().processor();
    let hanging = testing::faulty(processor, "cpu", testing::Misbehaviour::Hangs, 2, usize::MAX);
    let engine = testing::engine_of(models.path(), Arc::new(hanging), Vec::new());
    let (photo, folder) =
        (testing::saved(&scene::picture(64, 64, Channels::Rgb, Depth::Eight, 6)), tempfile::tempdir().unwrap());
    let cancel = Cancel::default();
    std::thread::scope(|scope| {
        let token = cancel.clone();
        scope.spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            token.cancel();
        });
        let error =
            engine.enhance(&request(photo.path(), folder.path(), vec![upscale(2, 1.0)]), &Silent, &cancel).unwrap_err();
        assert_eq!(error.code(), Code::Cancelled);
    });
    assert!(files_in(folder.path()).is_empty());
}

#[test]
fn names_places_and_collisions() {
    let models = ModelsFolder::small();
    let engine = testing::open(models.path());
    let folder = tempfile::tempdir().unwrap();
    let photo = folder.path().join("beach 100%.png");
    std::fs::copy(testing::saved(&scene::picture(16, 12, Channels::Rgb, Depth::Eight, 6)).path(), &photo).unwrap();
    let original = std::fs::read(&photo).unwrap();
    let run = |place: Place, format: Option<Format>, collision: Collision| {
        let mut request = request(&photo, folder.path(), vec![tone(1.0)]);
        request.target = Target { place, format, quality: 90, collision };
        engine.enhance(&request, &Silent, &Cancel::default())
    };
    let saved = |outcome: Result<Outcome, EngineError>| match outcome {
        Ok(Outcome::Saved(saved)) => saved.path.file_name().unwrap().to_string_lossy().into_owned(),
        other => panic!("{other:?}"),
    };
    assert_eq!(saved(run(Place::Beside, None, Collision::Rename)), "beach 100%-enhanced.png");
    assert_eq!(saved(run(Place::Beside, None, Collision::Rename)), "beach 100%-enhanced-2.png");
    assert_eq!(saved(run(Place::Beside, Some(Format::Jpeg), Collision::Rename)), "beach 100%-enhanced.jpg");
    assert_eq!(saved(run(Place::File(folder.path().join("out.jpeg")), None, Collision::Rename)), "out.jpeg");
    assert_eq!(pretty_photo::probe(&folder.path().join("out.jpeg"), &Limits::default()).unwrap().writes, Format::Jpeg);
    assert_eq!(saved(run(Place::Beside, None, Collision::Overwrite)), "beach 100%-enhanced.png");
    let skipped = run(Place::Beside, None, Collision::Skip).unwrap();
    assert_eq!(skipped, Outcome::Skipped { path: folder.path().join("beach 100%-enhanced.png") });
    assert!(run(Place::File(photo.clone()), None, Collision::Overwrite).is_err());
    assert!(run(Place::Folder(folder.path().join("gone")), None, Collision::Rename).is_err());
    assert_eq!(std::fs::read(&photo).unwrap(), original);
}

#[test]
fn models_that_are_not_what_the_manifest_says_are_refused() {
    let photo = scene::picture(16, 12, Channels::Rgb, Depth::Eight, 6);
    let failure = |entries: &[pretty_testkit::models::Entry], spoil: &dyn Fn(&Path)| {
        let models = ModelsFolder::of(entries);
        spoil(&models.file("upscale-2x"));
        let (file, folder) = (testing::saved(&photo), tempfile::tempdir().unwrap());
        let engine = testing::open(models.path());
        let error = engine
            .enhance(&request(file.path(), folder.path(), vec![upscale(2, 1.0)]), &Silent, &Cancel::default())
            .unwrap_err();
        assert_eq!(error.code(), Code::ModelRefused, "{error}");
        assert!(files_in(folder.path()).is_empty());
        error.to_string().replace(&models.path().display().to_string(), "MODELS")
    };
    let good = pretty_testkit::models::small_entries;
    let truncated = failure(&good(), &|file| {
        let bytes = std::fs::read(file).unwrap();
        std::fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
    });
    assert_eq!(
        truncated,
        "MODELS/upscale-2x.onnx is not the model upscale-2x that the manifest names: its checksum differs. It was not used. Install the program again."
    );
    assert!(
        failure(&good(), &|file| std::fs::remove_file(file).unwrap())
            .contains("cannot be read from MODELS/upscale-2x.onnx")
    );
    let mut entries = good();
    entries[2].bytes = pretty_testkit::nets::restorer(1);
    assert!(failure(&entries, &|_| {}).contains("its output is called \"residuals\", and \"result\" is expected"));
    entries[2].bytes = pretty_testkit::nets::upscaler(3, 1);
    assert!(
        failure(&entries, &|_| {})
            .contains("for a tile of 32 × 32 its output is [1, 3, 96, 96], and [1, 3, 64, 64] is expected")
    );
    entries[2].bytes = b"this is no model".to_vec();
    assert!(failure(&entries, &|_| {}).ends_with("cannot be used: it is no ONNX model, or a broken one."));
    // What any model may be made of, put together so that it makes no sense.
    let mut graph = pretty_testkit::onnx::Graph::default();
    use pretty_testkit::onnx::Length::{Exactly, Free};
    graph.input("photo", &[Exactly(1), Exactly(3), Free("height"), Free("width")]);
    graph.output("result", "nothing of this name", &[Exactly(1), Exactly(3), Free("high"), Free("wide")]);
    entries[2].bytes = graph.finish();
    assert!(failure(&entries, &|_| {}).contains("ONNX Runtime does not take it"));
    let mut graph = pretty_testkit::onnx::Graph::default();
    let photo = graph.input("photo", &[Exactly(1), Exactly(3), Free("height"), Free("width")]);
    let value = graph.node("GlobalAveragePool", &[&photo], &[]);
    graph.output("result", &value, &[Exactly(1), Exactly(3), Free("high"), Free("wide")]);
    entries[2].bytes = graph.finish();
    assert!(
        failure(&entries, &|_| {})
            .contains("it uses the operator GlobalAveragePool, which a model made to upscale may not.")
    );
    entries[2].bytes = pretty_testkit::nets::tone_adviser(0.4, 1.0);
    assert!(failure(&entries, &|_| {}).contains("it uses the operator Gemm, which a model made to upscale may not."));
}

#[test]
fn bad_photos_and_recipes_are_told_by_code() {
    let models = ModelsFolder::small();
    let engine = testing::open(models.path());
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.jpg");
    std::fs::write(&text, "no photo").unwrap();
    let code = |photo: &Path, steps: Vec<Step>| {
        engine.enhance(&request(photo, folder.path(), steps), &Silent, &Cancel::default()).unwrap_err().code()
    };
    assert_eq!(code(&text, vec![]), Code::NotAPhoto);
    assert_eq!(code(&folder.path().join("gone.jpg"), vec![]), Code::FileMissing);
    assert_eq!(code(&text, vec![tone(7.0)]), Code::RecipeInvalid);
    assert_eq!(files_in(folder.path()).len(), 1);
}
