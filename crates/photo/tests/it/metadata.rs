//! Orientation, EXIF, profile, XMP and IPTC between all pairs of formats.

use pretty_contract::export::Format;
use pretty_photo::picture::{Channels, Depth, Picture, Samples};
use pretty_photo::{Limits, Metadata, ResultSpec, probe};

use crate::fixtures::{
    Exif, FORMATS, IPTC, MAKER_NOTE, THUMBNAIL, XMP, blocks, convert, difference, held, picture, read, spec, write,
};

/// The picture as a file with this orientation stores it: `stored` such that orienting it gives `upright`.
fn stored(upright: &Picture, orientation: u16) -> Picture {
    let (width, height) = (upright.width as usize, upright.height as usize);
    let (stored_width, stored_height) = if orientation >= 5 { (height, width) } else { (width, height) };
    let place = |x: usize, y: usize| match orientation {
        // Where the stored pixel (x, y) is seen, by the EXIF standard's words for what row 0 and column 0 are.
        2 => (width - 1 - x, y),
        3 => (width - 1 - x, height - 1 - y),
        4 => (x, height - 1 - y),
        5 => (y, x),
        6 => (width - 1 - y, x),
        7 => (width - 1 - y, height - 1 - x),
        8 => (y, height - 1 - x),
        _ => (x, y),
    };
    let turn = |samples: &Samples, channels: usize| {
        let order = (0..stored_height).flat_map(|y| (0..stored_width).map(move |x| (x, y)));
        let indices = order.flat_map(|(x, y)| {
            let (x, y) = place(x, y);
            (0..channels).map(move |channel| (y * width + x) * channels + channel)
        });
        match samples {
            Samples::Eight(values) => Samples::Eight(indices.map(|index| values[index]).collect()),
            Samples::Sixteen(values) => Samples::Sixteen(indices.map(|index| values[index]).collect()),
        }
    };
    Picture {
        width: stored_width as u32,
        height: stored_height as u32,
        channels: upright.channels,
        colour: turn(&upright.colour, upright.channels.count()),
        alpha: upright.alpha.as_ref().map(|alpha| turn(alpha, 1)),
    }
}

fn contains(block: &[u8], part: &[u8]) -> bool {
    block.windows(part.len()).any(|window| window == part)
}

/// The number in a field of the EXIF directory, found by walking the block as a reader would.
fn exif_number(block: &[u8], directory: u16, tag: u16) -> Option<u32> {
    let big = block.starts_with(b"MM");
    let u16_at = |at: usize| {
        let bytes = [block[at], block[at + 1]];
        if big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    };
    let u32_at = |at: usize| {
        let bytes = [block[at], block[at + 1], block[at + 2], block[at + 3]];
        if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    };
    let find = |at: u32, tag: u16| {
        let at = at as usize;
        (0..u16_at(at)).map(|index| at + 2 + usize::from(index) * 12).find(|field| u16_at(*field) == tag)
    };
    let mut at = u32_at(4);
    if directory != 0 {
        at = u32_at(find(at, directory)? + 8);
    }
    find(at, tag).map(|field| if u16_at(field + 2) == 3 { u32::from(u16_at(field + 8)) } else { u32_at(field + 8) })
}

#[test]
fn every_orientation_stands_upright_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let shapes = [
        (Channels::Rgb, Depth::Eight, false),
        (Channels::Gray, Depth::Sixteen, true),
        (Channels::Rgb, Depth::Sixteen, true),
    ];
    for format in FORMATS {
        for (channels, depth, alpha) in shapes {
            let mut upright = picture(61, 37, channels, depth, alpha);
            if matches!(format, Format::Jpeg | Format::Webp) {
                upright = pretty_photo::resize::in_eight_bits(picture(
                    61,
                    37,
                    Channels::Rgb,
                    depth,
                    alpha && format == Format::Webp,
                ));
            }
            for orientation in 1..=8 {
                let stored = stored(&upright, orientation);
                let path = folder.path().join("turned");
                let metadata = held(blocks(&stored, orientation, orientation % 2 == 0, false), format, stored.channels);
                write(&path, &stored, &spec(&stored, format, 100, metadata));
                let facts = probe(&path, &Limits::default()).unwrap();
                assert_eq!((facts.width, facts.height), (61, 37), "{format:?} {orientation}");
                let found = read(&path);
                let (largest, _) = difference(&upright.colour, &found.picture.colour);
                assert!(largest <= if format == Format::Jpeg { 6 } else { 0 }, "{format:?} {orientation}: {largest}");
                assert_eq!(found.picture.alpha, upright.alpha, "{format:?} {orientation}");
                let exif = found.metadata.exif.unwrap();
                assert_eq!(exif_number(&exif, 0, 0x0112), Some(1), "{format:?} {orientation}");
            }
        }
    }
}

#[test]
fn every_block_passes_between_all_pairs_of_formats() {
    let folder = tempfile::tempdir().unwrap();
    for from in FORMATS {
        for big_endian in [false, true] {
            let upright = picture(48, 32, Channels::Rgb, Depth::Eight, false);
            let stored = stored(&upright, 6);
            let source = folder.path().join("source");
            let sent = held(blocks(&stored, 6, big_endian, from != Format::Tiff), from, Channels::Rgb);
            write(&source, &stored, &spec(&stored, from, 100, sent));
            let photo = read(&source);
            assert_eq!(photo.facts.profile.as_deref(), Some("Display P3"), "{from:?}");
            for to in FORMATS {
                let target = folder.path().join("target");
                let notes = convert(&photo, to, &target);
                let result = read(&target);
                let pair = format!("{from:?} to {to:?}, big-endian: {big_endian}");
                assert_eq!(
                    result.metadata.icc.as_deref(),
                    Some(crate::fixtures::profile(Channels::Rgb).as_slice()),
                    "{pair}"
                );
                let xmp = String::from_utf8(result.metadata.xmp.unwrap()).unwrap();
                assert_eq!(xmp, XMP.replace("tiff:Orientation=\"6\"", "tiff:Orientation=\"1\""), "{pair}");
                let iptc_in = matches!(from, Format::Jpeg | Format::Tiff);
                let iptc_out = matches!(to, Format::Jpeg | Format::Tiff);
                assert_eq!(result.metadata.iptc.as_deref(), (iptc_in && iptc_out).then_some(IPTC), "{pair}");
                assert_eq!(notes.iter().any(|note| note.contains("IPTC")), iptc_in && !iptc_out, "{pair}: {notes:?}");
                let exif = result.metadata.exif.unwrap();
                for part in [b"Gullwing 7 Mark II".as_slice(), b"2026:06:21 12:34:56", b"M. Winter", MAKER_NOTE] {
                    assert!(contains(&exif, part), "{pair}: {}", String::from_utf8_lossy(part));
                }
                assert!(!contains(&exif, THUMBNAIL), "{pair}");
                assert_eq!(exif_number(&exif, 0, 0x0112), Some(1), "{pair}");
                assert_eq!(exif_number(&exif, 0x8769, 0xA002), Some(48), "{pair}");
                assert_eq!(exif_number(&exif, 0x8769, 0xA003), Some(32), "{pair}");
                assert_eq!(exif_number(&exif, 0x8769, 0x8827), Some(400), "{pair}");
                let (largest, _) = difference(&upright.colour, &result.picture.colour);
                assert!(largest <= 12, "{pair}: {largest}");
            }
        }
    }
}

/// What must change changes where it stands; every other byte stays, so that a maker note's offsets stay true.
#[test]
fn nothing_else_in_the_block_moves() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("camera.jpg");
    let stored = picture(32, 20, Channels::Rgb, Depth::Eight, false);
    let built = Exif { big_endian: true, orientation: 8, size: (32, 20), thumbnail: true }.build();
    write(
        &path,
        &stored,
        &spec(&stored, Format::Jpeg, 90, Metadata { exif: Some(built.clone()), ..Metadata::default() }),
    );
    let photo = read(&path);
    let (spec, _) = ResultSpec::for_photo(&photo, 20 * 70_000, 32, Format::Png, 90);
    let exif = spec.metadata.exif.unwrap();
    assert_eq!(exif.len(), built.len() - THUMBNAIL.len(), "the thumbnail stood at the end");
    let changed = exif.iter().zip(&built).filter(|(now, before)| now != before).count();
    // Orientation 1 byte, the next directory's offset 2, a width of 1 400 000 in 3, a height 1 byte.
    assert!(changed <= 8, "{changed} bytes changed");
    assert_eq!(exif_number(&exif, 0x8769, 0xA002), Some(1_400_000));
    assert_eq!(exif_number(&exif, 0x8769, 0xA003), Some(32));
}

#[test]
fn grey_stays_grey_and_deep_stays_deep() {
    let folder = tempfile::tempdir().unwrap();
    for (channels, depth, alpha) in [
        (Channels::Gray, Depth::Eight, false),
        (Channels::Gray, Depth::Sixteen, true),
        (Channels::Rgb, Depth::Sixteen, false),
        (Channels::Rgb, Depth::Sixteen, true),
        (Channels::Rgb, Depth::Eight, true),
    ] {
        let sent = picture(45, 31, channels, depth, alpha);
        for from in [Format::Png, Format::Tiff] {
            let source = folder.path().join("source");
            write(
                &source,
                &sent,
                &spec(
                    &sent,
                    from,
                    90,
                    Metadata { icc: Some(crate::fixtures::profile(channels)), ..Metadata::default() },
                ),
            );
            let photo = read(&source);
            assert_eq!(photo.picture, sent);
            for to in FORMATS {
                let target = folder.path().join("target");
                let notes = convert(&photo, to, &target);
                let result = read(&target);
                let case = format!("{channels:?} {depth:?} {alpha} {from:?} to {to:?}: {notes:?}");
                let deep = depth == Depth::Sixteen;
                let holds_deep = matches!(to, Format::Png | Format::Tiff);
                assert_eq!(result.picture.colour.depth() == Depth::Sixteen, deep && holds_deep, "{case}");
                assert_eq!(notes.iter().any(|note| note.contains("8 bits")), deep && !holds_deep, "{case}");
                assert_eq!(result.picture.alpha.is_some(), alpha && to != Format::Jpeg, "{case}");
                assert_eq!(
                    notes.iter().any(|note| note.contains("transparency")),
                    alpha && to == Format::Jpeg,
                    "{case}"
                );
                let keeps_grey = to != Format::Webp;
                assert_eq!(
                    result.picture.channels == Channels::Gray,
                    channels == Channels::Gray && keeps_grey,
                    "{case}"
                );
                assert_eq!(result.metadata.icc.is_some(), channels == Channels::Rgb || keeps_grey, "{case}");
                if holds_deep {
                    assert_eq!(result.picture, sent, "{case}");
                }
            }
        }
    }
}

#[test]
fn blocks_that_a_jpeg_cannot_hold_are_left_out_with_a_note() {
    let folder = tempfile::tempdir().unwrap();
    let sent = picture(20, 20, Channels::Rgb, Depth::Eight, false);
    let mut metadata = blocks(&sent, 1, false, false);
    let xmp = XMP.replace("über der Düne", &"x".repeat(70_000));
    metadata.xmp = Some(xmp.into_bytes());
    let source = folder.path().join("source.tif");
    write(&source, &sent, &spec(&sent, Format::Tiff, 90, metadata));
    let target = folder.path().join("target.jpg");
    let notes = convert(&read(&source), Format::Jpeg, &target);
    assert!(notes.iter().any(|note| note.contains("XMP")), "{notes:?}");
    assert_eq!(read(&target).metadata.xmp, None);
}

#[test]
fn profiles_that_do_not_fit_are_left_out_with_a_note() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let sent = picture(20, 20, Channels::Gray, Depth::Eight, false);
    for icc in [crate::fixtures::profile(Channels::Rgb), vec![7; 300]] {
        write(&path, &sent, &spec(&sent, Format::Png, 90, Metadata { icc: Some(icc), ..Metadata::default() }));
        let photo = read(&path);
        assert_eq!((photo.metadata.icc, photo.facts.profile), (None, None));
        assert!(photo.notes.iter().any(|note| note.contains("profile")), "{:?}", photo.notes);
    }
}
