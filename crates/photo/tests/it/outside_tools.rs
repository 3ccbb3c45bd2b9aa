//! What other programs see in our files: `exiftool` and ImageMagick (Debian: libimage-exiftool-perl, imagemagick), where they are installed.

use std::path::Path;
use std::process::Command;

use pretty_contract::export::Format;
use pretty_photo::picture::{Channels, Depth};
use pretty_photo::{Limits, decode};
use pretty_testkit::skip::skipped;

use crate::fixtures::{FORMATS, MAKER_NOTE, blocks, convert, difference, held, picture, read, spec, write};

/// What a program says; `None`, and a line on the test's output, when it is not installed.
fn ask(program: &str, arguments: &[&str], files: &[&Path]) -> Option<String> {
    match Command::new(program).args(arguments).args(files).output() {
        Ok(output) => {
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{program} {arguments:?}: {errors}");
            Some(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Err(_) => {
            skipped("reading results with other programs", &format!("{program} is not installed"));
            None
        }
    }
}

fn name(format: Format) -> &'static str {
    pretty_photo::names::extension(format)
}

/// Every pair of formats, from a photo that lies on its side: exiftool reads every block, and complains of nothing.
#[test]
fn exiftool_finds_everything_in_every_pair() {
    let folder = tempfile::tempdir().unwrap();
    let upright = (40, 60);
    for from in FORMATS {
        for big_endian in [false, true] {
            let stored = picture(upright.1, upright.0, Channels::Rgb, Depth::Eight, false);
            let source = folder.path().join(format!("source.{}", name(from)));
            let sent = held(blocks(&stored, 6, big_endian, from == Format::Jpeg), from, Channels::Rgb);
            write(&source, &stored, &spec(&stored, from, 100, sent));
            let photo = read(&source);
            for to in FORMATS {
                let target = folder.path().join(format!("{}-{}.{}", name(from), big_endian, name(to)));
                convert(&photo, to, &target);
                let tags = [
                    "-s3",
                    "-f",
                    "-p",
                    "$ImageWidth $ImageHeight $Orientation# $IFD0:Make|$IFD0:Model|$IFD0:Artist|$ExifIFD:ISO|$ExifIFD:DateTimeOriginal|$ExifIFD:ExifImageWidth $ExifIFD:ExifImageHeight|$GPSLatitude#|$ICC_Profile:ProfileDescription|$XMP-dc:Title|$XMP-tiff:Orientation#|$XMP-xmp:Rating|$IPTC:Caption-Abstract|$ThumbnailOffset|$Warning",
                ];
                let Some(text) = ask("exiftool", &tags, &[&target]) else { return };
                let iptc = matches!(from, Format::Jpeg | Format::Tiff) && matches!(to, Format::Jpeg | Format::Tiff);
                let iptc = if iptc { "a gull sat" } else { "-" };
                let expected = format!(
                    "40 60 1 Gullwing|Gullwing 7 Mark II|M. Winter|400|2026:06:21 12:34:56|40 60|54.175|Display P3|Möwe über der Düne|1|4|{iptc}|-|[minor] Unrecognized MakerNotes"
                );
                assert_eq!(text.trim(), expected, "{from:?} to {to:?}, big-endian: {big_endian}");
                assert!(std::fs::read(&target).unwrap().windows(MAKER_NOTE.len()).any(|part| part == MAKER_NOTE));
            }
        }
    }
}

/// ImageMagick reads every kind of file that we write, and sees its size, depth, channels and profile.
#[test]
fn imagemagick_reads_what_we_write() {
    let folder = tempfile::tempdir().unwrap();
    for (channels, depth, alpha) in [
        (Channels::Rgb, Depth::Eight, false),
        (Channels::Rgb, Depth::Sixteen, true),
        (Channels::Gray, Depth::Sixteen, false),
        (Channels::Gray, Depth::Eight, true),
    ] {
        let sent = picture(70, 50, channels, depth, alpha);
        for format in FORMATS {
            let target = folder.path().join(format!("a.{}", name(format)));
            let metadata = held(blocks(&sent, 1, false, false), format, channels);
            let with_profile = metadata.icc.is_some();
            write(&target, &sent, &spec(&sent, format, 90, metadata));
            let Some(text) = ask("identify", &["-format", "%m %w %h %z %[channels]"], &[&target]) else {
                return;
            };
            let case = format!("{format:?} {channels:?} {depth:?} {alpha}: {text}");
            let mut words = text.split_whitespace();
            let kind = match format {
                Format::Jpeg => "JPEG",
                Format::Png => "PNG",
                Format::Webp => "WEBP",
                Format::Tiff => "TIFF",
            };
            assert_eq!(words.next(), Some(kind), "{case}");
            assert_eq!((words.next(), words.next()), (Some("70"), Some("50")), "{case}");
            let deep = depth == Depth::Sixteen && matches!(format, Format::Png | Format::Tiff);
            assert_eq!(words.next(), Some(if deep { "16" } else { "8" }), "{case}");
            let found = words.next().unwrap();
            assert_eq!(found.ends_with('a'), alpha && format != Format::Jpeg, "{case}");
            assert_eq!(found.starts_with("gray"), channels == Channels::Gray && format != Format::Webp, "{case}");
            let Some(everything) = ask("identify", &["-verbose"], &[&target]) else { return };
            assert_eq!(everything.contains("Profile-icc:"), with_profile, "{case}");
        }
    }
}

/// Files in kinds that we do not write, made by ImageMagick, decode to what ImageMagick decodes.
#[test]
fn kinds_that_imagemagick_writes_are_read_alike() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source.png");
    let sent = picture(67, 45, Channels::Rgb, Depth::Eight, false);
    write(&source, &sent, &spec(&sent, Format::Png, 90, pretty_photo::Metadata::default()));
    let kinds: [(&str, &[&str], u32); 18] = [
        ("interlaced.png", &["-interlace", "PNG"], 0),
        ("deep.png", &["-interlace", "PNG", "-depth", "16", "-define", "png:bit-depth=16"], 0),
        ("palette.png", &["-colors", "17", "-type", "palette"], 0),
        ("lzw.tif", &["-compress", "LZW"], 0),
        ("packbits.tif", &["-compress", "RLE"], 0),
        ("big-endian.tif", &["-endian", "MSB", "-depth", "16"], 0),
        ("planes.tif", &["-interlace", "plane"], 0),
        ("tiles.tif", &["-define", "tiff:tile-geometry=16x16"], 0),
        ("bilevel.tif", &["-type", "bilevel", "-compress", "none"], 0),
        ("fax.tif", &["-type", "bilevel", "-compress", "Group4"], 0),
        ("white-is-zero.tif", &["-type", "grayscale", "-define", "quantum:polarity=min-is-white"], 0),
        ("alpha.tif", &["-alpha", "set", "-channel", "A", "-evaluate", "set", "60%"], 0),
        (
            "premultiplied.tif",
            &["-alpha", "set", "-channel", "A", "-evaluate", "set", "60%", "-define", "tiff:alpha=associated"],
            3,
        ),
        ("jpeg-inside.tif", &["-compress", "JPEG", "-quality", "95"], 6),
        ("inks.tif", &["-colorspace", "CMYK"], 4),
        ("progressive.jpg", &["-interlace", "JPEG", "-quality", "90"], 4),
        ("lossy.webp", &["-quality", "80"], 6),
        ("coloured.gif", &[], 0),
    ];
    for (name, options, most) in kinds {
        let target = folder.path().join(name);
        let converted = Command::new("convert").arg(&source).args(options).arg(&target).output();
        let Ok(converted) = converted else {
            skipped("photos made by ImageMagick", "it is not installed");
            return;
        };
        if !converted.status.success() {
            skipped("photos made by ImageMagick", &format!("it cannot write {name}"));
            continue;
        }
        let reference = folder.path().join("reference.png");
        let flatten = Command::new("convert")
            .arg(format!("{}[0]", target.display()))
            .args(["-colorspace", "sRGB", "-depth", "8", "-type", "TrueColorAlpha"])
            .arg(format!("PNG32:{}", reference.display()))
            .output()
            .unwrap();
        assert!(flatten.status.success(), "{name}: {}", String::from_utf8_lossy(&flatten.stderr));
        let found = decode(&target, &Limits::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut expected = read(&reference).picture;
        let mut picture = pretty_photo::resize::in_eight_bits(found.picture);
        if picture.channels == Channels::Gray {
            let pretty_photo::picture::Samples::Eight(values) = &expected.colour else { panic!("not 8 bits") };
            expected.colour = pretty_photo::picture::Samples::Eight(values.iter().step_by(3).copied().collect());
            expected.channels = Channels::Gray;
        }
        assert_eq!((picture.width, picture.height), (expected.width, expected.height), "{name}");
        let (largest, mean) = difference(&expected.colour, &picture.colour);
        assert!(
            largest <= most * 3 + 1 && mean <= f64::from(most) + 0.51,
            "{name}: differs by up to {largest}, {mean} on average"
        );
        if let (Some(expected), Some(alpha)) = (expected.alpha.take(), picture.alpha.take()) {
            assert!(difference(&expected, &alpha).0 <= 1, "{name}: transparency");
        }
    }
}
