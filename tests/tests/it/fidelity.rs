//! What must come through from photo to result, as exiftool and ImageMagick see it, for each pair of formats.

use std::path::{Path, PathBuf};
use std::process::Command;

use image::GenericImageView;
use pretty_journeys::skip::has_programs;
use pretty_journeys::{photos, pretty, profile};
use serde_json::Value;

const NEEDS: &[&str] = &["exiftool", "identify", "convert"];
const ENDINGS: [&str; 4] = ["jpg", "png", "webp", "tif"];

/// Tags that must be in the result with the same value.
const KEPT: &[&str] = &[
    "EXIF:Make",
    "EXIF:Model",
    "EXIF:DateTimeOriginal",
    "EXIF:ExposureTime",
    "EXIF:ISO",
    "EXIF:GPSLatitude",
    "EXIF:GPSLongitude",
    "EXIF:Artist",
    "EXIF:Copyright",
    "XMP:Creator",
    "XMP:Title",
    "XMP:Rating",
    "ICC_Profile:ProfileDescription",
];

/// What a camera and an editor write into a photo that lies on its side.
const WRITTEN: &[&str] = &[
    "-EXIF:Orientation=6",
    "-EXIF:Make=Acme",
    "-EXIF:Model=Box 1",
    "-EXIF:DateTimeOriginal=2024:05:06 07:08:09",
    "-EXIF:ExposureTime=0.004",
    "-EXIF:ISO=200",
    "-EXIF:GPSLatitude=48.137",
    "-EXIF:GPSLatitudeRef=N",
    "-EXIF:GPSLongitude=11.575",
    "-EXIF:GPSLongitudeRef=E",
    "-EXIF:Artist=Ada",
    "-EXIF:Copyright=2024 Ada",
    "-XMP:Creator=Ada",
    "-XMP:Title=Am Fluß",
    "-XMP:Rating=4",
];

fn exiftool(words: &[&str], path: &Path) -> String {
    let output = Command::new("exiftool").args(words).arg(path).output().unwrap();
    assert!(output.status.success(), "exiftool {words:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn tags(path: &Path) -> Value {
    serde_json::from_str::<Value>(&exiftool(&["-json", "-G0", "-n"], path)).unwrap()[0].clone()
}

fn identify(path: &Path, format: &str) -> String {
    let output = Command::new("identify").args(["-quiet", "-format", format]).arg(path).output().unwrap();
    assert!(output.status.success(), "{}: {output:?}", path.display());
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn is_deep(ending: &str) -> bool {
    ["png", "tif"].contains(&ending)
}

/// 96 × 64 pixels on their side, with a profile of its own; 16 bits and transparency where the format has them.
fn photo(room: &Path, ending: &str) -> PathBuf {
    let path = room.join(format!("photo.{ending}"));
    if is_deep(ending) {
        photos::write_deep(&path, 96, 64);
    } else {
        photos::write(&path, 96, 64, 5);
    }
    let icc = room.join("wide.icc");
    std::fs::write(&icc, profile::wide()).unwrap();
    let icc = format!("-icc_profile<={}", icc.display());
    exiftool(&[&["-q", "-overwrite_original", "-n", &icc][..], WRITTEN].concat(), &path);
    path
}

/// What is wrong with a result.
fn faults(from: &str, to: &str, before: &Value, result: &Path, notes: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let after = tags(result);
    for tag in KEPT {
        if before[tag] != after[tag] {
            faults.push(format!("{tag} was {} and is {}", before[tag], after[tag]));
        }
    }
    let orientation = &after["EXIF:Orientation"];
    if !(orientation.is_null() || *orientation == 1) {
        faults.push(format!("orientation is {orientation}"));
    }
    let size = identify(result, "%wx%h");
    if size != "64x96" {
        faults.push(format!("{size} instead of 64x96"));
    }
    let (bits, expected) = (identify(result, "%z"), if is_deep(from) && is_deep(to) { "16" } else { "8" });
    if bits != expected {
        faults.push(format!("{bits} bits instead of {expected}"));
    }
    let transparent = is_deep(from) && to != "jpg";
    if image::open(result).unwrap().color().has_alpha() != transparent {
        faults.push(format!("transparency should {}be there", if transparent { "" } else { "not " }));
    }
    if is_deep(from) && to == "jpg" && !notes.contains("transparen") {
        faults.push(format!("nothing was said about lost transparency: {notes}"));
    }
    faults.into_iter().map(|fault| format!("{from} to {to}: {fault}")).collect()
}

#[test]
fn everything_comes_through_for_each_pair_of_formats() {
    if !has_programs("metadata, profile, orientation and depth by exiftool and ImageMagick", NEEDS) {
        return;
    }
    let room = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    for from in ENDINGS {
        let photo = photo(room.path(), from);
        let before = tags(&photo);
        assert!(KEPT.iter().all(|tag| !before[tag].is_null()), "{from}: the photo itself lacks something: {before:#}");
        for to in ENDINGS {
            let result = room.path().join(format!("{from}-to.{to}"));
            let run = pretty::enhance(&[&photo], &result, &["--only", "tone", "--quality", "95"]);
            run.ends_with(0);
            all.extend(faults(from, to, &before, &result, &run.line()["notes"].to_string()));
        }
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn each_orientation_is_applied_to_the_pixels() {
    if !has_programs("orientation by ImageMagick", NEEDS) {
        return;
    }
    let room = tempfile::tempdir().unwrap();
    for orientation in 1..=8 {
        let photo = photos::write(&room.path().join(format!("o{orientation}.png")), 48, 32, 7);
        exiftool(&["-q", "-overwrite_original", "-n", &format!("-EXIF:Orientation={orientation}")], &photo);
        let result = room.path().join(format!("r{orientation}.png"));
        pretty::enhance(&[&photo], &result, &["--only", "tone", "--strength", "0"]).ends_with(0);
        // ImageMagick reads the orientation of a TIFF, not of a PNG's EXIF block.
        let (lying, upright) =
            (room.path().join(format!("o{orientation}.tif")), room.path().join(format!("u{orientation}.png")));
        image::open(&photo).unwrap().to_rgb8().save(&lying).unwrap();
        exiftool(&["-q", "-overwrite_original", "-n", &format!("-IFD0:Orientation={orientation}")], &lying);
        assert!(Command::new("convert").arg(&lying).arg("-auto-orient").arg(&upright).status().unwrap().success());
        let (ours, theirs) = (image::open(&result).unwrap(), image::open(&upright).unwrap());
        assert_eq!(ours.dimensions(), theirs.dimensions(), "orientation {orientation}");
        assert!(ours.to_rgb8() == theirs.to_rgb8(), "orientation {orientation}");
    }
}

#[test]
fn sixteen_bits_and_transparency_are_not_rounded() {
    if !has_programs("16 bits and transparency", &["convert"]) {
        return;
    }
    let room = tempfile::tempdir().unwrap();
    for ending in ["png", "tif"] {
        let photo = room.path().join(format!("deep.{ending}"));
        photos::write_deep(&photo, 61, 47);
        let result = room.path().join(format!("result.{ending}"));
        pretty::enhance(&[&photo], &result, &["--only", "tone", "--strength", "0"]).ends_with(0);
        assert!(image::open(&result).unwrap().to_rgba16() == image::open(&photo).unwrap().to_rgba16(), "{ending}");
        pretty::enhance(&[&photo], &result, &["--only", "restore", "--if-exists", "overwrite"]).ends_with(0);
        let restored = image::open(&result).unwrap().to_rgba16();
        let in_between = restored.pixels().filter(|pixel| pixel.0[1] % 257 != 0).count();
        assert!(in_between > 61 * 47 / 2, "{ending}: the values are those of 8 bits");
        let original = image::open(&photo).unwrap().to_rgba16();
        assert!(
            restored.pixels().zip(original.pixels()).all(|(a, b)| a.0[3] == b.0[3]),
            "{ending}: transparency changed"
        );
    }
}
