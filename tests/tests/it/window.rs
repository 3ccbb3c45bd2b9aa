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

/// Without a reload, which would go back to the studio.
fn keep_in_place(window: &Window, name: &str) {
    for theme in ["light", "dark"] {
        let _ = window.page.run(&format!("document.documentElement.dataset.theme = '{theme}';"), &[]);
        std::thread::sleep(Duration::from_millis(500));
        window.picture(&format!("{name}-{theme}"));
    }
}

/// The same in a window that is as small as it gets.
fn narrow(window: &Window, name: &str) {
    window.page.resize(880, 640);
    std::thread::sleep(Duration::from_secs(1));
    keep(window, name);
    window.page.resize(1280, 800);
}

fn says(text: &str) -> String {
    format!("document.body.innerText.includes({})", serde_json::Value::from(text))
}

/// Drops the first photos on a window, and waits until all are listed.
fn drop_first(window: &Window, photos: &[PathBuf], listed: &[String]) {
    window.page.wait_until("the empty window", SOON, &says("Drop photos here"));
    window.drop_event(photos);
    window.page.wait_until("the photos on the list", SOON, &listed.join(" && "));
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
    narrow(&window, "4-done-narrow");

    for (photo, original) in photos.iter().zip(&originals) {
        assert_eq!(&files::hash(photo), original, "{} was changed", photo.display());
        let (before, after) = (image::open(photo).unwrap(), image::open(result_of(photo)).unwrap());
        assert!(after.dimensions().0 >= before.dimensions().0);
        assert!(after != before, "{} is the photo as it was", result_of(photo).display());
    }
}

#[test]
fn work_shows_how_far_it_is_and_can_be_stopped() {
    if !has_programs("work in the window", NEEDS) {
        return;
    }
    let window = Window::open(&[]);
    // As large as a camera's, so that it is still going on when both pictures are taken.
    let large =
        image::open(programs::sample()).unwrap().resize_exact(4800, 3200, image::imageops::FilterType::Triangle);
    let photos: Vec<PathBuf> =
        ["boats.jpg", "hills.jpg", "shore.jpg"].map(|name| window.home.photos().join(name)).into();
    for photo in &photos {
        large.save(photo).unwrap();
    }
    let listed: Vec<String> = ["boats", "hills", "shore"].map(says).into();
    drop_first(&window, &photos, &listed);
    window.page.wait_until("what Auto found", WORK, "/Found|Nothing stands out/.test(document.body.innerText)");
    window.page.press("^Enhance all 3");
    let progress = "/[1-9][0-9]? %/.test(document.querySelector('[role=listbox]').innerText)";
    window.page.wait_until("progress", WORK, progress);
    keep(&window, "3-working");
    let still = window.page.run(&format!("return {progress} && {};", says("Stop all")), &[]);
    assert_eq!(still, true, "it was over before its pictures were taken");
    window.page.press("^Queue");
    std::thread::sleep(Duration::from_secs(1));
    keep_in_place(&window, "3-working-queue");
    window.page.press("^Stop all");
    window.page.press("^Studio");
    window.page.wait_until("that it has stopped", SOON, &format!("!{} && {}", says("Stop all"), says("Enhance")));
    std::thread::sleep(Duration::from_secs(2));
    let names = files::names(&window.home.photos());
    let parts = names.iter().filter(|name| name.contains(".part")).count();
    assert!(parts == 0 && names.len() < 2 * photos.len(), "{names:?}");
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
    drop_first(&window, &[broken, good.clone()], &[says("broken"), says("lake at noon")]);
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

    narrow(&window, "6-narrow");
    for (name, page) in [("7-queue-dark", "^Queue"), ("8-settings-dark", "^Settings$")] {
        window.page.press(page);
        std::thread::sleep(Duration::from_millis(700));
        window.picture(name);
    }
}

#[test]
fn a_photo_that_is_straightened_comes_out_as_it_was_seen() {
    if !has_programs("straightening in the window", NEEDS) {
        return;
    }
    let window = Window::open(&[]);
    let [photo, _] = two_photos(&window.home.photos());
    let original = files::hash(&photo);
    drop_first(&window, std::slice::from_ref(&photo), &[says("lake at noon")]);
    let slider = "document.querySelector('[role=slider][aria-label^=\"Turn\"]:not([aria-disabled=true])')";
    window.page.wait_until("the slider", SOON, &format!("{slider} !== null"));
    let _ = window.page.run(&format!("{slider}.focus();"), &[]);
    for _ in 0..4 {
        // Page up: a degree.
        window.page.keys("\u{e00e}");
    }
    window.page.wait_until("4 degrees", SOON, &format!("{slider}.getAttribute('aria-valuenow') === '4'"));
    std::thread::sleep(Duration::from_secs(4));
    window.picture("9-straightened-dark");
    window.page.keys("\u{e009}\u{e007}");
    let result = result_of(&photo);
    assert!(pretty::appears(&result, WORK), "no result; {}", window.page.controls());
    let (before, after) = (image::open(&photo).unwrap().dimensions(), image::open(&result).unwrap().dimensions());
    // The largest part of the photo's shape that a turn by four degrees leaves without an empty corner.
    let (wide, high, angle) = (f64::from(before.0), f64::from(before.1), 4.0_f64.to_radians());
    let share = 1.0 / (angle.cos() + (wide / high).max(high / wide) * angle.sin());
    let kept = ((wide * share).floor() as u32, (high * share).floor() as u32);
    let scale = after.0 / kept.0;
    assert_eq!(after, (kept.0 * scale, kept.1 * scale), "{before:?} turned keeps {kept:?}");
    window.page.wait_until("the window saying so", SOON, &says("Done ·"));
    std::thread::sleep(Duration::from_secs(2));
    window.picture("10-straightened-done-dark");
    assert_eq!(files::hash(&photo), original, "the original was changed");
}

#[test]
fn a_crop_that_is_drawn_is_what_is_kept() {
    if !has_programs("drawing a crop in the window", NEEDS) {
        return;
    }
    let window = Window::open(&[]);
    let [photo, _] = two_photos(&window.home.photos());
    let original = files::hash(&photo);
    drop_first(&window, std::slice::from_ref(&photo), &[says("lake at noon")]);
    let able = "[...document.querySelectorAll('button')].some((e) => e.innerText.trim() === 'Crop' && !e.disabled)";
    window.page.wait_until("a photo to crop", SOON, able);
    // What Auto does to it is known, too: nothing else changes while the crop is drawn.
    window.page.wait_until("what Auto found", SOON, "/Found|Nothing stands out/.test(document.body.innerText)");
    window.page.keys("r");
    let tool = "document.querySelector('[role=group][aria-label=Crop]')";
    window.page.wait_until("the tool", SOON, &format!("{tool} !== null && {tool}.contains(document.activeElement)"));
    for (edge, key, times, percent) in [("Right", '\u{e012}', 4, "80"), ("Lower", '\u{e013}', 2, "90")] {
        let slider = format!("document.querySelector('[role=slider][aria-label=\"{edge} edge\"]')");
        let _ = window.page.run(&format!("{slider}.focus();"), &[]);
        for _ in 0..times {
            // With Shift: a twentieth of the side.
            window.page.keys(&format!("\u{e008}{key}"));
        }
        let stands = format!("{slider}.getAttribute('aria-valuenow') === '{percent}'");
        window.page.wait_until("the edge in its place", SOON, &stands);
    }
    std::thread::sleep(Duration::from_secs(2));
    window.picture("11-cropping-dark");
    window.page.keys("\u{e007}");
    window.page.wait_until("the end of the tool", SOON, &format!("{tool} === null"));
    std::thread::sleep(Duration::from_secs(4));
    window.picture("12-cropped-dark");
    window.page.keys("\u{e009}\u{e007}");
    let result = result_of(&photo);
    assert!(pretty::appears(&result, WORK), "no result; {}", window.page.controls());
    let (before, after) = (image::open(&photo).unwrap().dimensions(), image::open(&result).unwrap().dimensions());
    // Four fifths and nine tenths, to the nearest pixel.
    let kept = ((before.0 * 8 + 5) / 10, (before.1 * 9 + 5) / 10);
    let scale = after.0 / kept.0;
    assert!(scale >= 1, "{after:?} of {kept:?}");
    assert_eq!(after, (kept.0 * scale, kept.1 * scale), "{before:?} cropped keeps {kept:?}");
    assert_eq!(files::hash(&photo), original, "the original was changed");
}
