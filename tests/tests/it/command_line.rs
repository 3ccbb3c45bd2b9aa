//! `pretty` as a script uses it.

use std::io::{BufRead, BufReader};
use std::path::Path;

use image::GenericImageView;
use pretty_journeys::{files, photos, pretty};

#[test]
fn a_folder_with_auto_gets_a_result_for_each_photo_and_originals_stay() {
    let room = tempfile::tempdir().unwrap();
    let (from, to) = (room.path().join("in"), room.path().join("out"));
    photos::write(&from.join("a.jpg"), 160, 120, 1);
    photos::write(&from.join("below/b.png"), 121, 97, 2);
    std::fs::write(from.join("notes.txt"), "not a photo").unwrap();
    let before = files::contents(&from);

    let run = pretty::enhance(&[&from], &to, &[]);
    run.ends_with(0);
    assert_eq!(files::contents(&from), before, "originals changed");
    let results: Vec<String> = run.lines().iter().map(|line| line["result"].as_str().unwrap().to_owned()).collect();
    assert_eq!(results.len(), 2, "{run:#?}");
    for result in &results {
        assert!(image::open(result).unwrap().dimensions().0 >= 120, "{result}");
    }
    assert_eq!(files::names(&to), ["a-enhanced.jpg", "b-enhanced.png"]);
}

#[test]
fn results_lie_beside_their_photos_and_never_take_a_name_that_is_taken() {
    let room = tempfile::tempdir().unwrap();
    let photo = photos::write(&room.path().join("p.png"), 64, 48, 1);
    let words = |more: &[&str]| {
        let mut command = pretty::command(["enhance", "--json", "--preset", "light-and-colour"]);
        command.arg(&photo).args(more);
        pretty::finish(&mut command)
    };
    words(&[]).ends_with(0);
    words(&[]).ends_with(0);
    assert_eq!(files::names(room.path()), ["p-enhanced-2.png", "p-enhanced.png", "p.png"]);
    let before = files::contents(room.path());
    let skipped = words(&["--if-exists", "skip"]);
    skipped.ends_with(0);
    assert!(skipped.line()["skipped"].as_str().unwrap().ends_with("p-enhanced.png"), "{skipped:#?}");
    assert_eq!(files::contents(room.path()), before);
    words(&["--if-exists", "overwrite", "--strength", "0.2"]).ends_with(0);
    let after = files::contents(room.path());
    assert_ne!(after["p-enhanced.png"], before["p-enhanced.png"]);
    assert_eq!((&after["p.png"], &after["p-enhanced-2.png"]), (&before["p.png"], &before["p-enhanced-2.png"]));
}

#[test]
fn the_photo_itself_is_refused_as_a_target() {
    let room = tempfile::tempdir().unwrap();
    let photo = photos::write(&room.path().join("p.png"), 64, 48, 1);
    let link = room.path().join("link.png");
    std::os::unix::fs::symlink(&photo, &link).unwrap();
    let before = files::hash(&photo);
    for target in [&photo, &room.path().join("./p.png"), &link] {
        let run = pretty::enhance(&[&photo], target, &["--if-exists", "overwrite", "--preset", "light-and-colour"]);
        assert_eq!(files::hash(&photo), before, "{}", target.display());
        if run.code == Some(0) {
            // Replacing the link itself would be harmless; pointing at the photo it must not end well.
            assert_ne!(target, &photo, "{run:#?}");
        }
    }
}

/// "Overwrite" is about earlier results. A photo of the batch that is called as another's result would be is a photo all the same, and of two photos
/// whose results would be called the same neither loses its own.
#[test]
fn overwriting_spares_every_photo_of_the_batch_and_what_was_just_made() {
    let room = tempfile::tempdir().unwrap();
    for (number, name) in ["a.jpg", "a.png", "a-enhanced.jpg"].into_iter().enumerate() {
        photos::write(&room.path().join(name), 48 + 2 * number as u32, 40, number as u32);
    }
    let originals = files::contents(room.path());
    let all = room.path().join("a*.*g");
    let run = |more: &[&str]| {
        let mut command = pretty::command(["enhance", "--json", "--only", "tone", "--format", "jpeg"]);
        command.arg(&all).args(["--if-exists", "overwrite"]).args(more);
        pretty::finish(&mut command)
    };
    let first = run(&[]);
    first.ends_with(0);
    let widths: Vec<u32> = first
        .lines()
        .iter()
        .map(|line| image::open(line["result"].as_str().unwrap()).unwrap().dimensions().0)
        .collect();
    // Sorted by name: a-enhanced.jpg, a.jpg, a.png; each result is that of its own photo, whichever came after it.
    assert_eq!(widths, [52, 48, 50], "{first:#?}");
    assert!(first.lines()[1]["notes"].to_string().contains("not replaced"), "{first:#?}");
    // The same again: now results of the first time are among the photos that the pattern names.
    let second = run(&[]);
    second.ends_with(0);
    let now = files::contents(room.path());
    assert!(originals.iter().all(|(name, content)| now[name] == *content), "an original changed");
    let inputs = files::names(room.path());
    let results: Vec<String> = second.lines().iter().map(|line| line["result"].as_str().unwrap().to_owned()).collect();
    let mut distinct = results.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), results.len(), "{results:?}");
    assert!(inputs.len() >= originals.len() + results.len(), "{inputs:?}");
}

#[test]
fn one_model_alone_writes_the_file_that_was_named() {
    let room = tempfile::tempdir().unwrap();
    let photo = photos::write(&room.path().join("p.png"), 65, 49, 1);
    for (model, scale) in [("upscale-4x", 4), ("upscale-2x", 2), ("restore", 1), ("tone", 1)] {
        let out = room.path().join(format!("{model}.png"));
        let run = pretty::enhance(&[&photo], &out, &["--only", model]);
        run.ends_with(0);
        let line = run.line();
        assert_eq!(line["result"].as_str().unwrap(), out.to_str().unwrap());
        assert_eq!(image::open(&out).unwrap().dimensions(), (65 * scale, 49 * scale), "{model}");
        assert!(line["seconds"].as_f64().unwrap() > 0.0 && line["problem"].is_null(), "{line}");
    }
    assert_ne!(files::hash(&room.path().join("restore.png")), files::hash(&photo));
}

#[test]
fn strength_nothing_is_the_photo_untouched() {
    let room = tempfile::tempdir().unwrap();
    let photo = photos::write(&room.path().join("p.png"), 67, 53, 4);
    for model in ["restore", "tone"] {
        let out = room.path().join(format!("{model}.png"));
        pretty::enhance(&[&photo], &out, &["--only", model, "--strength", "0"]).ends_with(0);
        assert!(image::open(&out).unwrap() == image::open(&photo).unwrap(), "{model}");
    }
}

#[test]
fn every_preset_and_the_example_recipe_can_be_run() {
    let room = tempfile::tempdir().unwrap();
    let photo = photos::write(&room.path().join("p.jpg"), 48, 40, 1);
    let list = pretty::run(["recipe", "--list"]);
    list.ends_with(0);
    let names: Vec<&str> = list.out.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() >= 6 && names[0] == "auto", "{names:?}");
    for name in names {
        pretty::enhance(&[&photo], &room.path().join(name), &["--preset", name]).ends_with(0);
    }
    let example = pretty::run(["recipe"]);
    example.ends_with(0);
    let recipe = room.path().join("mine.json");
    std::fs::write(&recipe, &example.out).unwrap();
    let run = pretty::enhance(&[&photo], &room.path().join("mine"), &["--recipe", recipe.to_str().unwrap()]);
    run.ends_with(0);
    assert_eq!(run.line()["width"], 96);
}

#[test]
fn devices_and_models_are_listed_for_programs() {
    let devices = pretty::run(["devices", "--json"]);
    devices.ends_with(0);
    let devices: serde_json::Value = serde_json::from_str(&devices.out).unwrap();
    let cpu = devices.as_array().unwrap().iter().find(|device| device["id"] == "cpu").unwrap();
    assert_eq!(cpu["trust"]["kind"], "verified", "{devices}");
    let models = pretty::run(["models", "--json"]);
    models.ends_with(0);
    let models: serde_json::Value = serde_json::from_str(&models.out).unwrap();
    let ids: Vec<&str> = models.as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert!(["restore", "tone", "upscale-2x", "upscale-4x"].iter().all(|id| ids.contains(id)), "{ids:?}");
}

#[test]
fn what_cannot_be_done_ends_with_two() {
    let room = tempfile::tempdir().unwrap();
    let (a, b) =
        (photos::write(&room.path().join("a.png"), 32, 32, 1), photos::write(&room.path().join("b.png"), 32, 32, 2));
    let run = |words: &[&str]| pretty::enhance(&[&a, &b], &room.path().join("out"), words);
    for (words, hint) in [
        (&["--strength", "7"][..], "from 0 to 1"),
        (&["--only", "sparkle"], "restore"),
        (&["--preset", "sparkle"], "clean-up-noise"),
        (&["--upscale", "3"], "2 or 4"),
        (&["--only", "restore", "--denoise", "0.5"], "cannot be used with"),
        (&["--sparkle"], "--sparkle"),
    ] {
        let run = run(words);
        run.ends_with(2);
        assert!((run.out.clone() + &run.err).contains(hint), "{words:?}: {run:#?}");
    }
    let one_name = pretty::enhance(&[&a, &b], &room.path().join("one.png"), &[]);
    one_name.ends_with(2);
    assert!(one_name.out.contains("Name a folder"), "{one_name:#?}");
    assert_eq!(files::names(room.path()), ["a.png", "b.png"]);
    let device = pretty::enhance(&[&a], &room.path().join("out"), &["--device", "abacus"]);
    device.ends_with(3);
    assert!(device.out.contains("abacus") && device.out.contains("cpu"), "{device:#?}");
}

#[test]
fn ctrl_c_stops_a_batch_and_leaves_nothing_half_written() {
    let room = tempfile::tempdir().unwrap();
    let (from, to) = (room.path().join("in"), room.path().join("out"));
    for number in 0..12 {
        photos::write(&from.join(format!("{number:02}.png")), 400, 300, number);
    }
    let mut command = pretty::command(["enhance", "--json", "--only", "restore"]);
    let mut child = command.arg(&from).arg("--out").arg(&to).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    pretty::signal(child.id(), "INT");
    let done = 1 + lines.map(|line| line.unwrap()).filter(|line| line.contains("\"result\"")).count();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(done < 12, "it was done before it could be stopped");
    let names = files::names(&to);
    assert_eq!(names.len(), done, "{names:?}");
    assert!(names.iter().all(|name| image::open(to.join(name)).is_ok()), "{names:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_crash() {
    let room = tempfile::tempdir().unwrap();
    for number in 0..3 {
        photos::write(&room.path().join(format!("in/{number}.png")), 48, 48, number);
    }
    let mut child = pretty::command(["enhance", "--json", "--only", "tone"])
        .arg(room.path().join("in"))
        .arg("--out")
        .arg(room.path().join("out"))
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(files::names(&room.path().join("out")).len(), 3);
}

#[test]
fn a_thousand_photos_may_be_named_at_once() {
    let room = tempfile::tempdir().unwrap();
    let photo = photos::write(&room.path().join("p.png"), 32, 24, 1);
    // Each is named by another spelling of its path, as long as a real one.
    let named: Vec<std::path::PathBuf> =
        (0..1000).map(|number| room.path().join("./".repeat(40 + number % 7)).join("p.png")).collect();
    let paths: Vec<&Path> = named.iter().map(std::path::PathBuf::as_path).collect();
    pretty::enhance(&paths, &room.path().join("out"), &["--only", "tone"]).ends_with(0);
    assert_eq!(files::names(&room.path().join("out")), ["p-enhanced.png"]);
    assert!(photo.exists());
}

#[test]
fn any_path_will_do() {
    let room = tempfile::tempdir().unwrap();
    let long = room.path().join("a".repeat(100)).join("b".repeat(100)).join(format!("{}.jpg", "c".repeat(120)));
    let names = [
        "100% of it.jpg",
        "%41 %2F.jpg",
        "two  spaces .jpg",
        "📷🌄.jpg",
        "照片 中文.jpg",
        "e\u{301}t\u{e9}.jpg",
        "quote's \"here\".jpg",
        "-dash.jpg",
        "[x]*?.jpg",
    ];
    let mut all: Vec<std::path::PathBuf> = names.iter().map(|name| room.path().join(name)).collect();
    all.push(long);
    // The longest name that a file can have: its result's name must become shorter, not impossible.
    all.push(room.path().join(format!("{}.jpg", "d".repeat(251))));
    for (number, path) in all.iter().enumerate() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, photos::jpeg(40, 30, number as u32)).unwrap();
    }
    let out = room.path().join("结果 50% 📁");
    let paths: Vec<&Path> = all.iter().map(std::path::PathBuf::as_path).collect();
    let run = pretty::enhance(&paths, &out, &["--only", "tone"]);
    run.ends_with(0);
    assert_eq!(files::names(&out).len(), all.len(), "{run:#?}");
}
