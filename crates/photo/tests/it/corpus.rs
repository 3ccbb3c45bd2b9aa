//! The odd, the broken and the rare, from other people's collections: an answer for every file, in time, and the right one for some.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pretty_contract::problem::Code;
use pretty_photo::colour::SrgbView;
use pretty_photo::picture::Picture;
use pretty_photo::{Limits, PhotoError, decode, probe};
use pretty_testkit::skip::shared;

use crate::fixtures::difference;

/// How long one file may take, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(60);

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() { folders.push(entry.path()) } else { files.push(entry.path()) }
        }
    }
    files.sort();
    files
}

/// Every file of the collection, each on a thread of its own with a time limit.
#[test]
fn every_file_gets_an_answer() {
    let Some(robust) = shared("photos of the corpus", "data/robust") else { return };
    let mut answers: BTreeMap<String, BTreeMap<String, u32>> = BTreeMap::new();
    for path in files_under(&robust) {
        let (sender, receiver) = std::sync::mpsc::channel();
        let start = Instant::now();
        let file = path.clone();
        std::thread::spawn(move || {
            let limits = Limits::default();
            let facts = probe(&file, &limits);
            let photo = decode(&file, &limits);
            if let (Err(header), Ok(_)) = (&facts, &photo) {
                panic!("{}: the header was refused ({header}), the picture was not", file.display());
            }
            let answer = match photo {
                Ok(_) => "read".to_owned(),
                Err(error) => {
                    assert!(
                        error.to_string().contains(&*file.to_string_lossy()),
                        "the sentence names no file: {error}"
                    );
                    if std::env::var_os("PRETTY_TEST_VERBOSE").is_some() {
                        println!("{error}");
                    }
                    format!("{:?}", error.code())
                }
            };
            sender.send(answer).unwrap();
        });
        let answer = receiver.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{}: no answer", path.display()));
        if start.elapsed() > Duration::from_secs(8) {
            println!("{}: {:.1?}", path.display(), start.elapsed());
        }
        let group = path.strip_prefix(&robust).unwrap().iter().next().unwrap().to_string_lossy().into_owned();
        *answers.entry(group).or_default().entry(answer).or_default() += 1;
    }
    println!("{answers:#?}");
    let count =
        |group: &str, answer: &str| answers.get(group).and_then(|answers| answers.get(answer)).copied().unwrap_or(0);
    // Photos that are sound must be read, whatever else is in their file.
    for (group, most_refused) in [("orientation", 0), ("exif-gps", 0), ("icc", 2), ("webp", 3)] {
        let refused: u32 = answers[group].iter().filter(|(answer, _)| *answer != "read").map(|(_, count)| count).sum();
        assert!(refused <= most_refused, "{group}: {:?}", answers[group]);
    }
    for group in ["heic", "avif", "jxl"] {
        assert_eq!(count(group, "read"), 0, "{group}");
        assert!(count(group, "UnsupportedPhoto") > 0, "{group}: {:?}", answers[group]);
    }
    assert!(!answers.values().any(|answers| answers.contains_key("Internal")), "{answers:?}");
}

/// Shown in sRGB, a photo looks the same whatever profile it was saved with.
#[test]
fn profiles_bring_photos_to_their_reference() {
    let Some(shared) = shared("photos of the corpus", "data/robust") else { return };
    let folder = shared.join("icc");
    let shown = |path: &Path| -> Option<(Option<String>, Picture)> {
        let photo = decode(path, &Limits::default()).ok()?;
        let view = SrgbView::new(photo.metadata.icc.as_deref(), photo.picture.channels);
        Some((photo.facts.profile, view.convert(&photo.picture)))
    };
    let (_, reference) = shown(&folder.join("reference_sRGB.png")).unwrap();
    let mut compared = 0;
    for path in files_under(&folder) {
        let Some((profile, picture)) = shown(&path) else { continue };
        let file = path.file_name().unwrap().to_string_lossy();
        let (_, mean) = difference(&reference.colour, &picture.colour);
        println!("{file}: {profile:?}, differs by {mean:.2}");
        // Lossy codecs, and 8 bits for a space much wider than what is shown, cost a little.
        let most = if file.starts_with("cmyk") { 12.0 } else { 6.0 };
        assert!(mean < most, "{file}: {mean}");
        let names = [
            ("AdobeCompat", "Adobe RGB (1998)"),
            ("DisplayP3", "Display P3"),
            ("ProPhoto", "ProPhoto RGB"),
            ("Rec2020", "Rec. 2020"),
        ];
        if let Some((_, name)) = names.iter().find(|(start, _)| file.starts_with(start)) {
            assert_eq!(profile.as_deref(), Some(*name), "{file}");
        }
        compared += 1;
    }
    assert!(compared > 10, "{compared}");
}

/// Eight ways to store one photo: all come out as the one that was stored upright.
#[test]
fn the_eight_orientations_look_alike() {
    let Some(shared) = shared("photos of the corpus", "data/robust") else { return };
    let folder = shared.join("orientation");
    for kind in ["Landscape", "Portrait"] {
        let read = |number: u32| decode(&folder.join(format!("{kind}_{number}.jpg")), &Limits::default());
        let Ok(reference) = read(1) else { continue };
        let mut compared = 0;
        for number in 2..=8 {
            let photo = match read(number) {
                Ok(photo) => photo,
                Err(PhotoError::Missing { .. }) => continue,
                Err(error) => panic!("{error}"),
            };
            assert_eq!(
                (photo.picture.width, photo.picture.height),
                (reference.picture.width, reference.picture.height)
            );
            let (_, mean) = difference(&photo.picture.colour, &reference.picture.colour);
            assert!(mean < 6.0, "{kind}_{number}: {mean}");
            compared += 1;
        }
        assert!(compared > 0);
    }
}

/// Bombs are refused by their headers: at once, as too large or damaged.
#[test]
fn bombs_do_not_go_off() {
    let Some(shared) = shared("photos of the corpus", "data/robust") else { return };
    for path in files_under(&shared.join("bomb")) {
        let start = Instant::now();
        match decode(&path, &Limits::default()) {
            Err(error) => assert!(matches!(error.code(), Code::TooLarge | Code::FileDamaged), "{error}"),
            // The one that hides in a comment of a small picture: the comment is not looked at.
            Ok(photo) => {
                assert!(photo.picture.colour.len() < 1000 && path.ends_with("png_ztxt_bomb.png"), "{}", path.display())
            }
        }
        assert!(start.elapsed() < Duration::from_secs(5), "{}: {:.1?}", path.display(), start.elapsed());
    }
}
