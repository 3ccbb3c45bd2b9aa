//! The kinds of picture that each format can hold, made in code.

use std::io::Cursor;
use std::path::PathBuf;

use image::codecs::bmp::BmpEncoder;
use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, ExtendedColorType, Frame, ImageEncoder, RgbaImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use pretty_contract::export::Format;
use pretty_contract::problem::Code;
use pretty_photo::picture::{Channels, Depth, Picture, Samples};
use pretty_photo::{DecodedPhoto, Limits, Metadata, SourceFormat, decode, probe};
use tiff::encoder::{TiffEncoder, colortype};

use crate::fixtures::{difference, picture, read, spec, write};

struct Written {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn file(bytes: &[u8]) -> Written {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photo");
    std::fs::write(&path, bytes).unwrap();
    Written { _folder: folder, path }
}

fn read_bytes(bytes: &[u8]) -> DecodedPhoto {
    let written = file(bytes);
    let photo = read(&written.path);
    assert_eq!(probe(&written.path, &Limits::default()).unwrap().source, photo.facts.source);
    photo
}

fn eight(picture: &Picture) -> &[u8] {
    match &picture.colour {
        Samples::Eight(values) => values,
        Samples::Sixteen(_) => panic!("16 bits"),
    }
}

fn close(sent: &Picture, found: &Picture, most: f64, case: &str) {
    assert_eq!((sent.width, sent.height, sent.channels), (found.width, found.height, found.channels));
    let (_, mean) = difference(&sent.colour, &found.colour);
    assert!(mean <= most, "{case}: {mean}");
}

#[test]
fn jpegs_of_every_sampling_sequential_and_progressive() {
    let sent = picture(123, 77, Channels::Rgb, Depth::Eight, false);
    let samplings = [
        (SamplingFactor::F_1_1, 1),
        (SamplingFactor::F_2_1, 1),
        (SamplingFactor::F_1_2, 2),
        (SamplingFactor::F_2_2, 2),
        (SamplingFactor::F_4_1, 1),
        (SamplingFactor::F_4_2, 2),
        (SamplingFactor::F_1_4, 4),
        (SamplingFactor::F_2_4, 4),
    ];
    for (sampling, rows) in samplings {
        for (progressive, separate) in [(false, false), (false, true), (true, false)] {
            let mut bytes = Vec::new();
            let mut encoder = Encoder::new(&mut bytes, 95);
            encoder.set_sampling_factor(sampling);
            encoder.set_progressive(progressive);
            // This encoder writes its own tables with a scan for each channel.
            encoder.set_optimized_huffman_tables(separate);
            encoder.encode(eight(&sent), 123, 77, ColorType::Rgb).unwrap();
            let case = format!("{sampling:?}, progressive: {progressive}, separate scans: {separate}");
            // Factors that scans of all channels cannot have are written in separate ones in any case.
            let separate =
                separate || matches!(sampling, SamplingFactor::F_4_2 | SamplingFactor::F_1_4 | SamplingFactor::F_2_4);
            if separate && !progressive && rows > 1 {
                let written = file(&bytes);
                let refused = decode(&written.path, &Limits::default()).expect_err(&case);
                assert_eq!(refused.code(), Code::UnsupportedPhoto, "{case}");
                continue;
            }
            let photo = read_bytes(&bytes);
            close(&sent, &photo.picture, 4.0, &case);
            assert_eq!(photo.notes, Vec::<String>::new(), "{case}");
            assert!(photo.facts.jpeg_quality.is_some_and(|quality| quality.abs_diff(95) <= 1), "{case}");
        }
    }
}

#[test]
fn qualities_are_read_off_the_tables() {
    let sent = picture(16, 16, Channels::Gray, Depth::Eight, false);
    for quality in [20, 50, 75, 90, 98] {
        let written = file(&[]);
        write(&written.path, &sent, &spec(&sent, Format::Jpeg, quality, Metadata::default()));
        let found = probe(&written.path, &Limits::default()).unwrap().jpeg_quality.unwrap();
        assert!(found.abs_diff(quality) <= 2, "{quality} was read as {found}");
    }
}

#[test]
fn inks_become_rgb_without_their_profile() {
    let rgb = picture(40, 30, Channels::Rgb, Depth::Eight, false);
    let inks: Vec<u8> =
        eight(&rgb).chunks(3).flat_map(|pixel| [255 - pixel[0], 255 - pixel[1], 255 - pixel[2], 0]).collect();
    for kind in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 98);
        encoder.set_sampling_factor(SamplingFactor::F_1_1);
        encoder.add_icc_profile(&[1; 200]).unwrap();
        encoder.encode(&inks, 40, 30, kind).unwrap();
        let photo = read_bytes(&bytes);
        close(&rgb, &photo.picture, 2.5, &format!("{kind:?}"));
        assert_eq!(photo.metadata.icc, None);
        assert!(photo.notes.iter().any(|note| note.contains("CMYK")), "{:?}", photo.notes);
    }
}

#[test]
fn small_depths_and_palettes_of_png() {
    for (depth, top) in [(png::BitDepth::One, 1_u8), (png::BitDepth::Two, 3), (png::BitDepth::Four, 15)] {
        let bits = depth as usize;
        let indices: Vec<u8> = (0..13_u8).map(|x| x % (top + 1)).collect();
        let mut row = vec![0_u8; (13 * bits).div_ceil(8)];
        for (x, index) in indices.iter().enumerate() {
            row[x * bits / 8] |= index << (8 - bits - x * bits % 8);
        }
        let mut gray = Vec::new();
        let mut encoder = png::Encoder::new(&mut gray, 13, 1);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(depth);
        encoder.write_header().unwrap().write_image_data(&row).unwrap();
        let photo = read_bytes(&gray);
        let expected: Vec<u8> = indices.iter().map(|index| index * (255 / top)).collect();
        assert_eq!(photo.picture.colour, Samples::Eight(expected));
        assert_eq!((photo.facts.bits, photo.facts.channels), (bits as u8, Channels::Gray));

        let mut coloured = Vec::new();
        let mut encoder = png::Encoder::new(&mut coloured, 13, 1);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(depth);
        encoder.set_palette((0..=top).flat_map(|index| [index * 10, 200 - index, 7]).collect::<Vec<u8>>());
        encoder.set_trns(vec![0, 128]);
        encoder.write_header().unwrap().write_image_data(&row).unwrap();
        let photo = read_bytes(&coloured);
        let expected: Vec<u8> = indices.iter().flat_map(|index| [index * 10, 200 - index, 7]).collect();
        assert_eq!(photo.picture.colour, Samples::Eight(expected));
        let alpha: Vec<u8> = indices
            .iter()
            .map(|index| match index {
                0 => 0,
                1 => 128,
                _ => 255,
            })
            .collect();
        assert_eq!(photo.picture.alpha, Some(Samples::Eight(alpha)));
    }
}

#[test]
fn floating_point_tiffs_become_16_bits() {
    let sent = picture(31, 17, Channels::Rgb, Depth::Sixteen, false);
    let Samples::Sixteen(values) = &sent.colour else { panic!("8 bits") };
    let mut floats: Vec<f32> = values.iter().map(|value| f32::from(*value) / 65_535.0).collect();
    let mut bytes = Cursor::new(Vec::new());
    TiffEncoder::new(&mut bytes).unwrap().write_image::<colortype::RGB32Float>(31, 17, &floats).unwrap();
    let photo = read_bytes(bytes.get_ref());
    assert_eq!(photo.picture, sent);
    assert_eq!(photo.facts.bits, 32);
    assert!(photo.notes.iter().any(|note| note.contains("rounded to 16 bits")), "{:?}", photo.notes);
    assert!(!photo.notes.iter().any(|note| note.contains("cut")), "{:?}", photo.notes);
    floats[0] = 4.0;
    let mut bytes = Cursor::new(Vec::new());
    TiffEncoder::new(&mut bytes).unwrap().write_image::<colortype::RGB32Float>(31, 17, &floats).unwrap();
    assert!(read_bytes(bytes.get_ref()).notes.iter().any(|note| note.contains("cut")));
}

#[test]
fn bitmaps_and_gifs() {
    let sent = picture(37, 23, Channels::Rgb, Depth::Eight, false);
    let mut bytes = Vec::new();
    BmpEncoder::new(&mut bytes).write_image(eight(&sent), 37, 23, ExtendedColorType::Rgb8).unwrap();
    let photo = read_bytes(&bytes);
    assert_eq!((photo.picture, photo.facts.writes), (sent.clone(), Format::Png));

    let opaque: Vec<u8> = eight(&sent).chunks(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], 255]).collect();
    let frame =
        Frame::from_parts(RgbaImage::from_raw(37, 23, opaque).unwrap(), 0, 0, Delay::from_numer_denom_ms(100, 1));
    for frames in [1, 3] {
        let mut bytes = Vec::new();
        {
            let mut encoder = GifEncoder::new(&mut bytes);
            encoder.set_repeat(Repeat::Infinite).unwrap();
            encoder.encode_frames(std::iter::repeat_n(frame.clone(), frames)).unwrap();
        }
        let photo = read_bytes(&bytes);
        assert_eq!((photo.facts.source, photo.picture.alpha.is_some()), (SourceFormat::Gif, false));
        close(&sent, &photo.picture, 6.0, "GIF");
        assert_eq!(photo.notes.iter().any(|note| note.contains("animation")), frames > 1, "{:?}", photo.notes);
    }
}

/// A progressive photo that lost its end would look whole but soft: it is refused like any other.
#[test]
fn a_progressive_jpeg_that_ends_early_is_refused() {
    let sent = picture(200, 150, Channels::Rgb, Depth::Eight, false);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 90);
    encoder.set_progressive(true);
    encoder.encode(eight(&sent), 200, 150, ColorType::Rgb).unwrap();
    for cut in (1..bytes.len() - 700).step_by(61) {
        let written = file(&bytes[..bytes.len() - cut]);
        match decode(&written.path, &Limits::default()) {
            Err(error) => assert_eq!(error.code(), Code::FileDamaged, "{cut} bytes short: {error}"),
            Ok(photo) => {
                assert!(!photo.notes.is_empty(), "{cut} bytes short");
                close(&sent, &photo.picture, 2.0, &format!("{cut} bytes short"));
            }
        }
    }
}

/// A thumbnail that the photo brings is used when it is large enough and has the photo's shape.
#[test]
fn the_photos_own_thumbnail_is_used_when_it_will_do() {
    let flat = |width: u16, height: u16, value: u8| {
        let mut bytes = Vec::new();
        // Noise enough that it is not taken for a stub.
        let pixels: Vec<u8> = (0..u32::from(width) * u32::from(height) * 3)
            .map(|at| value ^ (at.wrapping_mul(2_654_435_761) >> 30) as u8)
            .collect();
        Encoder::new(&mut bytes, 95).encode(&pixels, width, height, ColorType::Rgb).unwrap();
        bytes
    };
    let with_thumbnail = |thumbnail: &[u8]| {
        let mut exif = b"II*\0\x08\0\0\0\0\0\x0E\0\0\0\x02\0".to_vec();
        for (tag, value) in [(0x0201_u16, 44_u32), (0x0202, thumbnail.len() as u32)] {
            exif.extend(tag.to_le_bytes());
            exif.extend([4, 0, 1, 0, 0, 0]);
            exif.extend(value.to_le_bytes());
        }
        exif.extend([0; 4]);
        assert_eq!(exif.len(), 44);
        exif.extend(thumbnail);
        let white = picture(400, 300, Channels::Rgb, Depth::Eight, false);
        let written = file(&[]);
        write(
            &written.path,
            &white,
            &spec(&white, Format::Jpeg, 90, Metadata { exif: Some(exif), ..Metadata::default() }),
        );
        written
    };
    let mean = |bytes: &[u8]| {
        let photo = read(&file(bytes).path);
        (
            photo.picture.width,
            eight(&photo.picture).iter().map(|value| u64::from(*value)).sum::<u64>()
                / eight(&photo.picture).len() as u64,
        )
    };
    let marked = with_thumbnail(&flat(160, 120, 250));
    let small = pretty_photo::thumbnail(&marked.path, 160, &Limits::default()).unwrap();
    assert!(mean(&small).0 == 160 && mean(&small).1 > 240, "{:?}", mean(&small));
    for (other, side) in [(flat(160, 120, 250), 200), (flat(160, 90, 250), 160)] {
        let small = pretty_photo::thumbnail(&with_thumbnail(&other).path, side, &Limits::default()).unwrap();
        assert!(u64::from(mean(&small).0) == u64::from(side) && mean(&small).1 < 200, "{:?}", mean(&small));
    }
}
