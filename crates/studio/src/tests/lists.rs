//! Adding, looking at and removing photos.

use std::path::PathBuf;

use pretty_contract::event::Event;
use pretty_contract::photo::PhotoState;
use pretty_contract::problem::Code;
use serde_json::json;

use super::files::{photo, photos};
use super::harness::Stage;
use super::scripted::auto_recipe;

fn names(stage: &Stage) -> Vec<String> {
    stage.snapshot().photos.into_iter().map(|photo| photo.name).collect()
}

#[test]
fn folders_are_looked_through_in_natural_order() {
    let stage = Stage::new();
    let root = stage.photos();
    for name in ["img10.png", "img2.png", "a/b/c/deep.jpg", "a/x.webp", ".hidden/secret.png", ".hidden.png", "img1.tif"]
    {
        photo(&root.join(name), 9, 7);
    }
    std::fs::write(root.join("notes.txt"), "no photo").unwrap();
    std::fs::write(root.join("empty"), "").unwrap();
    std::fs::write(root.join("Thumbs.db"), "x").unwrap();
    photo(&root.join("really a.png"), 3, 3);
    std::fs::rename(root.join("really a.png"), root.join("no extension")).unwrap();
    let scanned = stage.add(std::slice::from_ref(&root));
    assert_eq!(names(&stage), ["img1.tif", "img2.png", "img10.png", "no extension", "x.webp", "deep.jpg"]);
    assert_eq!((scanned.added, scanned.known, scanned.passed_over), (6, 0, 5));
    assert!(scanned.problems.is_empty(), "{:?}", scanned.problems);
    // The same again, spelt otherwise, and one of them by name.
    let scanned = stage.add(&[root.join("a").join(".."), root.join("img2.png")]);
    assert_eq!((scanned.added, scanned.known), (0, 7));
}

#[test]
fn a_photo_that_cannot_be_read_is_listed_with_its_reason() {
    let stage = Stage::new();
    let root = stage.photos();
    std::fs::write(root.join("notes.txt"), "no photo").unwrap();
    std::fs::write(root.join("fake.jpg"), "no photo either").unwrap();
    std::fs::write(root.join("zero.jpg"), "").unwrap();
    let scanned = stage.add(&[root.join("notes.txt"), root.clone(), root.join("missing.jpg")]);
    assert_eq!((scanned.added, scanned.known, scanned.passed_over), (3, 1, 0));
    assert_eq!(scanned.problems.len(), 1);
    assert!(scanned.problems[0].code == Code::FileMissing && scanned.problems[0].message.contains("missing.jpg"));
    for (shown, code) in stage.snapshot().photos.iter().zip([Code::NotAPhoto, Code::NotAPhoto, Code::FileEmpty]) {
        let PhotoState::Failed { problem } = &shown.state else { panic!("{shown:?}") };
        assert_eq!(problem.code, code, "{shown:?}");
        assert!(problem.message.contains(&shown.name), "{}", problem.message);
    }
}

#[cfg(unix)]
#[test]
fn links_in_circles_end() {
    let stage = Stage::new();
    let root = stage.photos();
    photo(&root.join("one/a.png"), 4, 4);
    std::os::unix::fs::symlink(&root, root.join("one/back")).unwrap();
    std::os::unix::fs::symlink(root.join("one"), root.join("two")).unwrap();
    std::os::unix::fs::symlink(root.join("one/a.png"), root.join("z.png")).unwrap();
    std::os::unix::fs::symlink("nowhere", root.join("broken.png")).unwrap();
    let scanned = stage.add(&[root]);
    assert_eq!((scanned.added, scanned.known, scanned.passed_over), (1, 1, 1));
}

#[test]
fn thousands_come_in_batches_without_holding_anyone_up() {
    let stage = Stage::new();
    let root = stage.photos();
    let one = std::fs::read(photo(&root.join("p0.png"), 2, 2)).unwrap();
    for index in 1..2000 {
        std::fs::write(root.join(format!("p{index}.png")), &one).unwrap();
    }
    let began = std::time::Instant::now();
    stage.ask("add_photos", json!({ "paths": [root] }));
    assert!(began.elapsed().as_millis() < 500);
    let scanned = stage.host.wait("scan", |events| {
        events.iter().find_map(|event| if let Event::Scanned(scanned) = event { Some(scanned.clone()) } else { None })
    });
    assert_eq!(scanned.added, 2000);
    let added: Vec<Vec<String>> = stage
        .host
        .events()
        .into_iter()
        .filter_map(|event| {
            if let Event::PhotosAdded(photos) = event {
                Some(photos.into_iter().map(|photo| photo.name).collect())
            } else {
                None
            }
        })
        .collect();
    assert!(added.len() >= 20 && added.iter().all(|batch| batch.len() <= 50));
    let wanted: Vec<String> = (0..2000).map(|index| format!("p{index}.png")).collect();
    assert_eq!(added.concat(), wanted);
}

#[test]
fn a_photo_gets_facts_a_thumbnail_and_what_auto_says() {
    let stage = Stage::new();
    let id = stage.add_all(&[photo(&stage.photos().join("ä 100% 图.png"), 900, 300)])[0];
    let shown = stage
        .wait_photo(id, "thumbnail and assessment", |photo| photo.thumbnail.is_some() && photo.assessment.is_some());
    let facts = shown.facts.unwrap();
    assert_eq!((facts.width, facts.height, facts.format.as_str(), facts.bits), (900, 300, "PNG", 8));
    assert_eq!((shown.recipe, shown.auto, shown.state), (auto_recipe(), true, PhotoState::Ready));
    let address = shown.thumbnail.unwrap();
    let served = stage.studio.serve(&address).unwrap();
    let picture = image::load_from_memory(&served.bytes).unwrap();
    assert_eq!((picture.width(), picture.height(), served.mime), (320, 107, "image/jpeg"));
    // Another studio with the same cache does not make it again.
    let cached = walk(&stage.folder.path().join("app/cache"));
    assert_eq!(cached.len(), 1);
    std::fs::write(&cached[0], "marked").unwrap();
    assert_eq!(stage.studio.serve(&address).unwrap().bytes, b"marked");
    for wrong in [
        "thumb/0/000000000000000000000000",
        "thumb/0/../../../etc/passwd",
        "source/0/0/0/9",
        "source/77/0/0/0",
        "nonsense",
    ] {
        assert!(stage.studio.serve(wrong).is_err(), "{wrong}");
    }
}

fn walk(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(walk(&path)) } else { files.push(path) }
    }
    files
}

#[test]
fn a_recipe_of_ones_own_stays_until_auto_is_asked_again() {
    let stage = Stage::new();
    let ids = stage.add_all(&photos(&stage.photos(), 2));
    let recipe = json!({ "version": 1, "steps": [{ "step": "tone", "strength": 0.9 }] });
    stage.ask("set_recipe", json!({ "photos": [ids[0]], "recipe": recipe }));
    let shown = stage.wait_photo(ids[0], "assessment", |photo| photo.assessment.is_some() && !photo.auto);
    assert!(serde_json::to_value(&shown.recipe).unwrap()["steps"][0]["strength"].as_f64().unwrap() > 0.8);
    stage.ask("use_auto", json!({ "photos": [ids[0]] }));
    let shown = stage.wait_photo(ids[0], "auto", |photo| photo.auto);
    assert_eq!(shown.recipe, auto_recipe());
    let refused = stage.refusal(
        "set_recipe",
        json!({ "photos": ids, "recipe": { "version": 1, "steps": [{ "step": "tone", "strength": 7 }] } }),
    );
    assert_eq!(refused.code, Code::RecipeInvalid);
    let refused = stage
        .refusal("set_recipe", json!({ "photos": ids, "recipe": { "version": 1, "steps": [{ "step": "sparkle" }] } }));
    assert_eq!(refused.code, Code::BadRequest);
}

#[test]
fn removed_photos_are_gone_and_can_come_back() {
    let stage = Stage::new();
    let files = photos(&stage.photos(), 3);
    let ids = stage.add_all(&files);
    stage.ask("remove_photos", json!({ "photos": [ids[1], ids[1], 4_000_000_000_u32] }));
    assert_eq!(names(&stage), ["photo 0.png", "photo 2.png"]);
    let removed = stage.host.wait("removal", |events| {
        events.iter().find_map(|event| if let Event::PhotosRemoved(ids) = event { Some(ids.clone()) } else { None })
    });
    assert_eq!(removed, [ids[1]]);
    assert_eq!(stage.add(&files).added, 1);
    assert!(files.iter().all(|file| file.exists()));
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let stage = Stage::new();
    assert_eq!(stage.refusal("fly", json!({})).code, Code::BadRequest);
    assert_eq!(stage.refusal("snapshot", json!({ "verbose": true })).code, Code::BadRequest);
    assert_eq!(stage.refusal("add_photos", json!({ "paths": ["relative.jpg"] })).code, Code::BadRequest);
    assert_eq!(stage.refusal("add_photos", json!({ "paths": "x" })).code, Code::BadRequest);
    assert_eq!(stage.refusal("reveal", json!({ "photo": 7 })).code, Code::BadRequest);
    let view = json!({ "photo": 7, "recipe": { "version": 1, "steps": [] }, "level": 0, "tiles": [] });
    assert_eq!(stage.refusal("set_view", view).code, Code::BadRequest);
}

#[test]
fn the_sample_is_opened_from_a_place_that_can_be_written_to() {
    let stage = Stage::new();
    assert_eq!(stage.refusal("add_sample", json!({})).code, Code::FileMissing);
    photo(&stage.folder.path().join("app/sample.jpg"), 20, 10);
    stage.ask("add_sample", json!({}));
    stage.host.wait("the sample", |events| {
        events.iter().any(|event| matches!(event, Event::Scanned(scanned) if scanned.added == 1)).then_some(())
    });
    let shown = &stage.snapshot().photos[0];
    assert!(shown.folder.contains("data"), "{}", shown.folder);
    stage.ask("reveal", json!({ "photo": shown.id }));
    assert!(stage.host.revealed.lock().unwrap()[0].ends_with("sample.jpg"));
}
