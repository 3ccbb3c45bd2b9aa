//! What bad input gets: a sentence that names the file and what to do, the others go on, no partial file is left behind.

use std::path::{Path, PathBuf};

use pretty_journeys::{files, photos, pretty};

/// Runs one bad file between two good ones. The good ones must be done, the bad one must get this code and a sentence that names it.
fn check(name: &str, content: &[u8], code: &str, hint: &str) {
    let room = tempfile::tempdir().unwrap();
    let bad = room.path().join("in").join(name);
    std::fs::create_dir_all(bad.parent().unwrap()).unwrap();
    std::fs::write(&bad, content).unwrap();
    answer_between_good_ones(room.path(), &bad, code, hint);
}

fn answer_between_good_ones(room: &Path, bad: &Path, code: &str, hint: &str) {
    let good: Vec<PathBuf> =
        (0..2).map(|number| photos::write(&room.join(format!("good{number}.png")), 40, 30, number)).collect();
    let out = room.join("out");
    let run = pretty::enhance(&[&good[0], bad, &good[1]], &out, &["--preset", "light-and-colour"]);
    let shown = bad.file_name().unwrap().to_string_lossy().into_owned();
    run.ends_with(1);
    let lines = run.lines();
    assert_eq!(lines.len(), 3, "{shown}: {run:#?}");
    let problem = &lines.iter().find(|line| line["photo"].as_str().unwrap().ends_with(&shown)).unwrap()["problem"];
    assert_eq!(problem["code"], code, "{shown}: {problem}");
    let message = problem["message"].as_str().unwrap();
    assert!(message.contains(&shown) && message.contains(hint), "{shown}: {message}");
    assert_eq!(files::names(&out), ["good0-enhanced.png", "good1-enhanced.png"], "{shown}");
}

#[test]
fn truncated() {
    for (name, whole) in [("cut.jpg", photos::jpeg(200, 150, 1)), ("cut.png", photos::png(200, 150, 1))] {
        for share in [3, 30, 60] {
            check(name, &whole[..whole.len() * share / 100], "file_damaged", "again");
        }
    }
}

#[test]
fn empty() {
    check("empty.jpg", b"", "file_empty", "empty");
}

#[test]
fn not_a_photo() {
    check("letter.jpg", b"Dear aunt, here is the photo.", "not_a_photo", "not a photo");
    check("page.png", b"<!doctype html><title>404</title>", "not_a_photo", "not a photo");
    check(
        "noise.webp",
        &(0..9000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<_>>(),
        "not_a_photo",
        "not a photo",
    );
}

#[test]
fn no_pixels() {
    // A PNG header that promises 0 × 0 pixels, with a right checksum.
    let mut header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0\0\0\0\0\x08\x02\0\0\0".to_vec();
    let sum = crc32(&header[12..]);
    header.extend(sum.to_be_bytes());
    header.extend(b"\0\0\0\0IEND\xaeB`\x82");
    check("nothing.png", &header, "file_damaged", "nothing.png");
}

#[test]
fn a_decompression_bomb() {
    // A PNG header that promises 200,000 × 200,000 pixels.
    let mut header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\x03\r\x40\0\x03\r\x40\x08\x02\0\0\0".to_vec();
    let sum = crc32(&header[12..]);
    header.extend(sum.to_be_bytes());
    header.extend(b"\0\0\0\0IEND\xaeB`\x82");
    check("bomb.png", &header, "too_large", "too large");
}

#[test]
fn not_readable_yet() {
    check("apple.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic........", "unsupported_photo", "cannot read yet");
}

#[test]
fn mislabelled_is_read_for_what_it_is() {
    let room = tempfile::tempdir().unwrap();
    let photo = room.path().join("really-a-png.jpg");
    std::fs::write(&photo, photos::png(40, 30, 1)).unwrap();
    let run = pretty::enhance(&[&photo], &room.path().join("out"), &["--only", "tone"]);
    run.ends_with(0);
    assert!(run.line()["notes"].to_string().contains("PNG"), "{run:#?}");
    assert!(run.line()["result"].as_str().unwrap().ends_with(".png"), "{run:#?}");
}

#[test]
fn missing() {
    let room = tempfile::tempdir().unwrap();
    answer_between_good_ones(room.path(), &room.path().join("gone.jpg"), "file_missing", "There is no");
}

#[test]
fn a_name_that_no_disk_can_hold() {
    let room = tempfile::tempdir().unwrap();
    answer_between_good_ones(
        room.path(),
        &room.path().join(format!("{}.jpg", "x".repeat(300))),
        "file_unreadable",
        "cannot be read",
    );
}

#[test]
fn unreadable() {
    // A permission does not bind root, so what cannot be read is a file that is a device without content to the end, here a loop of links.
    let room = tempfile::tempdir().unwrap();
    let bad = room.path().join("circle.jpg");
    std::os::unix::fs::symlink(&bad, &bad).unwrap();
    answer_between_good_ones(room.path(), &bad, "file_unreadable", "cannot be read");
}

#[test]
fn a_recipe_that_is_not_understood() {
    let room = tempfile::tempdir().unwrap();
    let photo = photos::write(&room.path().join("p.png"), 40, 30, 1);
    for (text, hint) in [
        (r#"{"version":1,"steps":[{"step":"sparkle","strength":1}]}"#, "sparkle"),
        (r#"{"version":1,"steps":[{"step":"tone","strength":7}]}"#, "from 0 to 1"),
        (r#"{"version":1,"steps":[{"step":"tone","strength":-0.1}]}"#, "from 0 to 1"),
        (r#"{"version":1,"steps":[{"step":"upscale","scale":3,"strength":1}]}"#, "3"),
        (r#"{"version":1,"steps":[{"step":"restore","denoise":1,"detail":1,"model":"nobody"}]}"#, "nobody"),
        (r#"{"version":9,"steps":[]}"#, "version 9"),
        (r#"{"version":1,"steps":[],"extra":1}"#, "extra"),
        ("not json", "expected"),
    ] {
        let recipe = room.path().join("mine.json");
        std::fs::write(&recipe, text).unwrap();
        let run = pretty::enhance(&[&photo], &room.path().join("out"), &["--recipe", recipe.to_str().unwrap()]);
        run.ends_with(2);
        let problem = &run.line()["problem"];
        let message = problem["message"].as_str().unwrap();
        assert!(message.contains("mine.json") && message.contains(hint), "{text}: {message}");
        assert_eq!(problem["code"], "recipe_invalid", "{text}");
    }
    assert!(!room.path().join("out").exists());
    let gone = pretty::enhance(&[&photo], &room.path().join("out"), &["--recipe", "gone.json"]);
    gone.ends_with(2);
    assert!(gone.out.contains("gone.json"), "{gone:#?}");
}

/// As PNG computes it.
fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
        }
    }
    !sum
}
