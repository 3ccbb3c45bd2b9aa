//! What is written is what was sent: exactly where the format can, closely where it cannot, refused where it is not.

use pretty_contract::export::Format;
use pretty_contract::problem::Code;
use pretty_photo::picture::{Channels, Depth, Picture, Samples};
use pretty_photo::{EncodeError, Metadata, PhotoError, encode, verify_file};
use proptest::prelude::*;

use crate::fixtures::{FORMATS, bands, blocks, bytes_of, create, difference, picture, read, spec, try_write, write};

fn any_picture() -> impl Strategy<Value = Picture> {
    let depth = prop_oneof![Just(Depth::Eight), Just(Depth::Sixteen)];
    let channels = prop_oneof![Just(Channels::Gray), Just(Channels::Rgb)];
    (1_u32..40, 1_u32..40, channels, depth, any::<bool>(), any::<u64>()).prop_map(
        |(width, height, channels, depth, alpha, seed)| {
            let mut state = seed | 1;
            let mut noise = move || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state as u16
            };
            let mut samples = |count: usize| match depth {
                Depth::Eight => Samples::Eight((0..count).map(|_| noise() as u8).collect()),
                Depth::Sixteen => Samples::Sixteen((0..count).map(|_| noise()).collect()),
            };
            let pixels = (width * height) as usize;
            let colour = samples(pixels * channels.count());
            let alpha = alpha.then(|| samples(pixels));
            Picture { width, height, channels, colour, alpha }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Noise of every size, depth and channel count comes back sample by sample.
    #[test]
    fn lossless_is_lossless(sent in any_picture(), tiff in any::<bool>(), rows in 1_u32..50) {
        let folder = tempfile::tempdir().unwrap();
        let (format, name) = if tiff { (Format::Tiff, "a.tif") } else { (Format::Png, "a.png") };
        let path = folder.path().join(name);
        let mut file = create(&path);
        let spec = spec(&sent, format, 90, Metadata::default());
        let fingerprint = encode(&spec, &mut file, &mut bands(&sent, rows).into_iter()).unwrap();
        verify_file(&mut file, &spec, &fingerprint).unwrap();
        prop_assert_eq!(read(&path).picture, sent);
    }

    /// WebP at quality 100 too, grey as equal red, green and blue.
    #[test]
    fn webp_at_100_is_lossless(sent in any_picture()) {
        let sent = pretty_photo::resize::in_eight_bits(sent);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.webp");
        write(&path, &sent, &spec(&sent, Format::Webp, 100, Metadata::default()));
        let found = read(&path).picture;
        let (Samples::Eight(sent_values), Samples::Eight(values)) = (&sent.colour, &found.colour) else { panic!("not 8 bits") };
        let grown: Vec<u8> = match sent.channels {
            Channels::Gray => sent_values.iter().flat_map(|value| [*value; 3]).collect(),
            Channels::Rgb => sent_values.clone(),
        };
        prop_assert_eq!(&grown, values);
        let opaque = match &sent.alpha { Some(Samples::Eight(alpha)) => alpha.iter().all(|value| *value == 255), _ => true };
        prop_assert_eq!(found.alpha, sent.alpha.filter(|_| !opaque));
    }

    /// No flipped byte gets past the check, unless it changes nothing that a reader sees.
    #[test]
    fn a_damaged_result_is_refused(at in 0.0_f64..1.0, bit in 0_u8..8, which in 0_usize..4) {
        let format = FORMATS[which];
        let sent = picture(90, 70, Channels::Rgb, Depth::Eight, false);
        let mut file = tempfile::tempfile().unwrap();
        let spec = spec(&sent, format, 85, Metadata::default());
        let fingerprint = try_write(&mut file, &sent, &spec).unwrap();
        let mut bytes = bytes_of(&mut file);
        let at = (at * bytes.len() as f64) as usize;
        bytes[at] ^= 1 << bit;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("damaged");
        std::fs::write(&path, &bytes).unwrap();
        let mut damaged = std::fs::File::open(&path).unwrap();
        if verify_file(&mut damaged, &spec, &fingerprint).is_ok() {
            prop_assert!(matches!(format, Format::Png | Format::Tiff), "byte {at} of a {format:?}");
            let found = read(&path).picture;
            let (_, mean) = difference(&sent.colour, &found.colour);
            prop_assert!(mean == 0.0, "byte {at} of a {format:?} changed the picture by {mean} on average");
        }
    }
}

#[test]
fn lossy_stays_close() {
    let folder = tempfile::tempdir().unwrap();
    for (format, quality, most) in
        [(Format::Jpeg, 95, 1.5), (Format::Jpeg, 75, 4.0), (Format::Webp, 90, 4.0), (Format::Webp, 100, 0.0)]
    {
        for channels in [Channels::Gray, Channels::Rgb] {
            let sent = picture(333, 217, channels, Depth::Eight, false);
            let path = folder.path().join("lossy");
            write(&path, &sent, &spec(&sent, format, quality, Metadata::default()));
            let found = read(&path).picture;
            if found.channels == sent.channels {
                let (_, mean) = difference(&sent.colour, &found.colour);
                assert!(mean <= most, "{format:?} {quality}: {mean}");
            }
        }
    }
}

/// Large enough for the check by block means, at both subsamplings and for grey, at sizes that do not fill their blocks.
#[test]
fn large_jpegs_are_checked_block_by_block() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.jpg");
    for (quality, channels) in [(92, Channels::Rgb), (80, Channels::Rgb), (60, Channels::Gray), (100, Channels::Rgb)] {
        let sent = picture(1309, 1117, channels, Depth::Eight, false);
        let spec = spec(&sent, Format::Jpeg, quality, Metadata::default());
        let fingerprint = write(&path, &sent, &spec);
        // A picture that differs in one corner of one cell is another picture.
        let mut other = sent.clone();
        let Samples::Eight(values) = &mut other.colour else { panic!("not 8 bits") };
        let row = 1309 * channels.count();
        for y in 640..704 {
            values[y * row + 640 * channels.count()..][..64 * channels.count()]
                .iter_mut()
                .for_each(|value| *value ^= 0x40);
        }
        let mut file = create(&folder.path().join("other.jpg"));
        try_write(&mut file, &other, &spec).unwrap();
        assert!(
            matches!(verify_file(&mut file, &spec, &fingerprint), Err(PhotoError::ResultRefused { .. })),
            "{quality}"
        );
    }
}

/// Every byte of a large JPEG's picture data counts: lost, doubled and swapped pieces are found.
#[test]
fn large_jpegs_that_lost_something_are_refused() {
    let sent = picture(1200, 1100, Channels::Rgb, Depth::Eight, false);
    let spec = spec(&sent, Format::Jpeg, 90, Metadata::default());
    let mut file = tempfile::tempfile().unwrap();
    let fingerprint = try_write(&mut file, &sent, &spec).unwrap();
    let bytes = bytes_of(&mut file);
    let middle = bytes.len() / 2;
    let damage: [(&str, Vec<u8>); 5] = [
        ("short", bytes[..middle].to_vec()),
        ("short, with an end mark", [&bytes[..middle], &[0xFF, 0xD9]].concat()),
        ("a hole", [&bytes[..middle], &bytes[middle + 5..]].concat()),
        ("zeroes", [&bytes[..middle], &[0; 512], &bytes[middle + 512..]].concat()),
        ("a page from elsewhere", [&bytes[..middle], &bytes[8192..12288], &bytes[middle + 4096..]].concat()),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (what, damaged) in damage {
        let path = folder.path().join("damaged.jpg");
        std::fs::write(&path, damaged).unwrap();
        let outcome = verify_file(&mut std::fs::File::open(&path).unwrap(), &spec, &fingerprint);
        assert!(matches!(outcome, Err(PhotoError::ResultRefused { .. })), "{what}: {outcome:?}");
    }
}

#[test]
fn another_profile_is_noticed() {
    let sent = picture(64, 48, Channels::Rgb, Depth::Eight, false);
    for format in FORMATS {
        let metadata = crate::fixtures::held(blocks(&sent, 1, false, false), format, Channels::Rgb);
        let with = spec(&sent, format, 90, metadata);
        let mut file = tempfile::tempfile().unwrap();
        let fingerprint = try_write(&mut file, &sent, &with).unwrap();
        verify_file(&mut file, &with, &fingerprint).unwrap();
        for change in
            [|m: &mut Metadata| m.icc = None, |m: &mut Metadata| m.exif = None, |m: &mut Metadata| m.xmp = None]
        {
            let mut without = with.clone();
            change(&mut without.metadata);
            let outcome = verify_file(&mut file, &without, &fingerprint);
            // A TIFF without an EXIF block still begins with a header: that one cannot be told.
            let cannot_tell = format == Format::Tiff && without.metadata.exif.is_none();
            assert!(cannot_tell || matches!(outcome, Err(PhotoError::ResultRefused { .. })), "{format:?}");
        }
    }
}

/// Bands may carry more than the result holds.
#[test]
fn depth_and_transparency_are_brought_to_the_result() {
    let folder = tempfile::tempdir().unwrap();
    let sent = picture(50, 40, Channels::Rgb, Depth::Sixteen, true);
    let path = folder.path().join("flat.png");
    let mut flat = spec(&sent, Format::Png, 90, Metadata::default());
    (flat.alpha, flat.depth) = (false, Depth::Eight);
    write(&path, &sent, &flat);
    let found = read(&path).picture;
    let (Samples::Sixteen(colour), Some(Samples::Sixteen(alpha)), Samples::Eight(values)) =
        (&sent.colour, &sent.alpha, &found.colour)
    else {
        panic!("another depth")
    };
    for (index, value) in values.iter().enumerate() {
        let (colour, alpha) = (f64::from(colour[index]) / 65_535.0, f64::from(alpha[index / 3]) / 65_535.0);
        let white = (colour * alpha + 1.0 - alpha) * 255.0;
        // Colour and opacity are rounded to 8 bits before they meet.
        assert!((white - f64::from(*value)).abs() <= 1.6, "{white} became {value}");
    }
}

#[test]
fn what_a_format_cannot_hold_is_refused_before_any_row_is_asked_for() {
    let small = picture(1, 1, Channels::Rgb, Depth::Eight, false);
    let cases = [
        (Format::Webp, 16_384, 10, Depth::Eight),
        (Format::Jpeg, 65_501, 1, Depth::Eight),
        (Format::Jpeg, 10, 10, Depth::Sixteen),
    ];
    for (format, width, height, depth) in cases {
        let mut spec = spec(&small, format, 90, Metadata::default());
        (spec.width, spec.height, spec.depth) = (width, height, depth);
        let mut never = std::iter::from_fn(|| -> Option<Result<_, PhotoError>> { panic!("a row was asked for") });
        let outcome = encode(&spec, &mut tempfile::tempfile().unwrap(), &mut never);
        let Err(EncodeError::Photo(error)) = outcome else { panic!("{format:?} took it") };
        assert_eq!(error.code(), Code::TooLarge);
    }
}

#[test]
fn an_error_while_making_the_picture_comes_back_as_it_is() {
    let sent = picture(400, 300, Channels::Rgb, Depth::Eight, false);
    for format in FORMATS {
        let spec = spec(&sent, format, 90, Metadata::default());
        let mut failing = bands(&sent, 37)
            .into_iter()
            .take(3)
            .chain([Err(PhotoError::Internal { what: "the device went away".to_owned() })]);
        let outcome = encode(&spec, &mut tempfile::tempfile().unwrap(), &mut failing);
        assert!(matches!(outcome, Err(EncodeError::Bands(PhotoError::Internal { .. }))), "{format:?}: {outcome:?}");
        let outcome = encode(&spec, &mut tempfile::tempfile().unwrap(), &mut bands(&sent, 37).into_iter().take(3));
        assert!(matches!(outcome, Err(EncodeError::Photo(PhotoError::Internal { .. }))), "{format:?}: {outcome:?}");
        let outcome = encode(&spec, &mut tempfile::tempfile().unwrap(), &mut bands(&sent, 37).into_iter().skip(1));
        assert!(matches!(outcome, Err(EncodeError::Photo(PhotoError::Internal { .. }))), "{format:?}: {outcome:?}");
    }
}
