//! The real window: photos dropped on it, results on the disk, and pictures of it (in `target/screenshots`) that are to be looked at.

use std::path::{Path, PathBuf};
use std::time::Duration;

use image::GenericImageView;
use pretty_journeys::skip::has_programs;
use pretty_journeys::window::{NEEDS, Window};
use pretty_journeys::{files, pretty, programs};

/// Long, because the machine may be building or testing other things at the same time.
const SOON: Duration = Duration::from_secs(60);
const WORK: Duration = Duration::from_secs(240);

/// Two different real photos, made of the one that ships.
fn two_photos(folder: &Path) -> [PathBuf; 2] {
    let sample = image::open(programs::sample()).unwrap();
    let (lake, peaks) = (folder.join("lake at noon.jpg"), folder.join("峰 peaks 100%.jpg"));
    sample.save(&lake).unwrap();
    sample.crop_imm(300, 60, 900, 700).fliph().save(&peaks).unwrap();
    [lake, peaks]
}

fn result_of(photo: &Path) -> PathBuf {
    let stem = photo.file_stem().unwrap().to_string_lossy().into_owned();
    photo.with_file_name(format!("{stem}-enhanced.jpg"))
}

/// Keeps a picture in light and in dark, chosen as a person would have chosen it before; dark is what stays.
fn keep(window: &Window, name: &str) {
    for theme in ["light", "dark"] {
        let _ = window.page.run(&format!("localStorage.setItem('theme', '{theme}'); location.reload();"), &[]);
        let drawn = format!(
            "document.documentElement.dataset.theme === '{theme}' && document.querySelector('button') !== null"
        );
        window.page.wait_until(theme, SOON, &drawn);
        std::thread::sleep(Duration::from_secs(2));
        window.picture(&format!("{name}-{theme}"));
    }
}

fn says(text: &str) -> String {
    format!("document.body.innerText.includes({})", serde_json::Value::from(text))
}

#[test]
fn two_photos_dragged_onto_the_window_come_out_better() {
    if !has_programs("photos dragged onto the window", NEEDS)
        || !has_programs("photos dragged onto the window", &["python3"])
    {
        return;
    }
    let window = Window::open(&[]);
    let photos = two_photos(&window.home.photos());
    let originals: Vec<String> = photos.iter().map(|photo| files::hash(photo)).collect();
    window.page.wait_until("the empty window", SOON, &says("Drop photos here"));
    keep(&window, "1-empty");

    window.drag(&photos);
    window.page.wait_until(
        "both photos on the list",
        SOON,
        &format!("{} && {}", says("lake at noon"), says("peaks 100%")),
    );
    std::thread::sleep(Duration::from_secs(4));
    keep(&window, "2-studio");

    window.page.press("^Enhance all 2");
    // A picture of the middle of it, where there is one: a fast machine may be done before.
    let middle = format!("/[1-9][0-9] %/.test(document.body.innerText) || {}", says("Done ·"));
    window.page.wait_until("progress", WORK, &middle);
    window.picture("3-working-dark");
    for photo in &photos {
        assert!(
            pretty::appears(&result_of(photo), WORK),
            "no result of {}; {}",
            photo.display(),
            window.page.controls()
        );
    }
    window.page.wait_until("the window saying so", SOON, &says("Done ·"));
    std::thread::sleep(Duration::from_secs(2));
    keep(&window, "4-done");

    for (photo, original) in photos.iter().zip(&originals) {
        assert_eq!(&files::hash(photo), original, "{} was changed", photo.display());
        let (before, after) = (image::open(photo).unwrap(), image::open(result_of(photo)).unwrap());
        assert!(after.dimensions().0 >= before.dimensions().0);
        assert!(after != before, "{} is the photo as it was", result_of(photo).display());
    }
}

#[test]
fn a_broken_photo_says_so_and_the_others_go_on() {
    if !has_programs("a broken photo in the window", NEEDS) {
        return;
    }
    let window = Window::open(&[]);
    let [good, whole] = two_photos(&window.home.photos());
    let broken = window.home.photos().join("broken.jpg");
    let bytes = std::fs::read(&whole).unwrap();
    std::fs::write(&broken, &bytes[..bytes.len() / 3]).unwrap();
    window.page.wait_until("the empty window", SOON, &says("Drop photos here"));
    window.drop_event(&[broken.clone(), good.clone()]);
    window.page.wait_until("both on the list", SOON, &format!("{} && {}", says("broken"), says("lake at noon")));
    // The main button's keys enhance whatever can be enhanced.
    let result = result_of(&good);
    for _ in 0..20 {
        window.page.keys("\u{e009}\u{e007}");
        if pretty::appears(&result, Duration::from_secs(10)) {
            break;
        }
    }
    assert!(result.exists(), "{}", window.page.controls());
    window.page.wait_until(
        "a sentence about the broken photo",
        SOON,
        "/ends early|damaged|cannot be read/i.test(document.body.innerText)",
    );
    keep(&window, "5-failed");
    let names = files::names(&window.home.photos());
    assert!(!names.iter().any(|name| name.contains("broken-enhanced")), "{names:?}");

    window.page.resize(880, 640);
    std::thread::sleep(Duration::from_secs(1));
    keep(&window, "6-narrow");
    window.page.resize(1280, 800);
    for (name, page) in [("7-queue-dark", "^Queue"), ("8-settings-dark", "^Settings$")] {
        window.page.press(page);
        std::thread::sleep(Duration::from_millis(700));
        window.picture(name);
    }
}
