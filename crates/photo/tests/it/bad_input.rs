//! What is not a photo, or not a whole one, gets a sentence that names it.

use std::fs;
use std::path::Path;

use pretty_contract::export::Format;
use pretty_contract::problem::Code;
use pretty_photo::picture::{Channels, Depth, Picture, Samples};
use pretty_photo::{Limits, Metadata, PhotoError, decode, probe, thumbnail};
use proptest::prelude::*;

use crate::fixtures::{FORMATS, blocks, bytes_of, held, picture, spec, try_write};

/// A picture that does not compress.
pub(crate) fn noise(width: u32, height: u32) -> Picture {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut values = Vec::new();
    for _ in 0..width * height * 3 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        values.push((state >> 32) as u8);
    }
    Picture { width, height, channels: Channels::Rgb, colour: Samples::Eight(values), alpha: None }
}

fn file_of(format: Format, with_blocks: bool) -> Vec<u8> {
    let sent = picture(97, 71, Channels::Rgb, Depth::Eight, false);
    let metadata =
        if with_blocks { held(blocks(&sent, 6, false, true), format, Channels::Rgb) } else { Metadata::default() };
    let mut file = tempfile::tempfile().unwrap();
    try_write(&mut file, &sent, &spec(&sent, format, 90, metadata)).unwrap();
    bytes_of(&mut file)
}

fn refusal(name: &str, content: &[u8]) -> PhotoError {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    let error = decode(&path, &Limits::default()).expect_err(name);
    assert!(error.to_string().contains(name), "{error}");
    assert_eq!(thumbnail(&path, 100, &Limits::default()).unwrap_err().code(), error.code());
    error
}

#[test]
fn each_kind_of_bad_file_has_its_own_answer() {
    assert_eq!(decode(Path::new("/nowhere/a.jpg"), &Limits::default()).unwrap_err().code(), Code::FileMissing);
    assert_eq!(decode(Path::new("/"), &Limits::default()).unwrap_err().code(), Code::NotAPhoto);
    assert_eq!(refusal("empty.jpg", b"").code(), Code::FileEmpty);
    assert_eq!(refusal("text.jpg", b"Dear diary, today I saw a gull.").code(), Code::NotAPhoto);
    assert_eq!(refusal("one.png", b"\x89").code(), Code::NotAPhoto);
    assert_eq!(refusal("head.jpg", &[0xFF, 0xD8, 0xFF]).code(), Code::FileDamaged);
    for (name, head, what) in [
        ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".as_slice(), "HEIC"),
        ("a.avif", b"\0\0\0\x1Cftypavif\0\0\0\0mif1avif", "AVIF"),
        ("a.jxl", b"\xFF\x0A\0\0\0\0\0\0", "JPEG XL"),
        ("b.jxl", b"\0\0\0\x0CJXL \r\n\x87\n\0\0\0\x14", "JPEG XL"),
        ("a.raf", b"FUJIFILMCCD-RAW 0201", "raw"),
        ("a.cr2", b"II*\0\x10\0\0\0CR\x02\0", "raw"),
        ("a.psd", b"8BPS\0\x01\0\0", "Photoshop"),
    ] {
        let error = refusal(name, head);
        assert_eq!(error.code(), Code::UnsupportedPhoto, "{name}: {error}");
        assert!(error.to_string().contains(what), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe.jpg");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    assert_eq!(decode(&path, &Limits::default()).unwrap_err().code(), Code::NotAPhoto);
}

/// Cut anywhere, a photo is refused, unless all that is lost is what stands behind the picture; a half-grey photo never comes out.
#[test]
fn a_file_that_ends_early_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut");
    for format in FORMATS {
        let whole = file_of(format, false);
        fs::write(&path, &whole).unwrap();
        let photo = decode(&path, &Limits::default()).unwrap();
        let mut accepted = 0;
        for length in (16..whole.len()).rev().step_by(7) {
            fs::write(&path, &whole[..length]).unwrap();
            match decode(&path, &Limits::default()) {
                Ok(cut) => {
                    accepted += 1;
                    let (_, mean) = crate::fixtures::difference(&photo.picture.colour, &cut.picture.colour);
                    assert!(
                        mean == 0.0 || mean < 8.0 && !cut.notes.is_empty(),
                        "{format:?} cut at {length}: {mean} {:?}",
                        cut.notes
                    );
                }
                Err(error) => assert_eq!(error.code(), Code::FileDamaged, "{format:?} cut at {length}: {error}"),
            }
        }
        let most = if format == Format::Jpeg { whole.len() / 7 / 8 } else { 6 };
        assert!(accepted <= most, "{format:?}: {accepted} of {} cuts were accepted", whole.len() / 7);
    }
}

#[test]
fn a_file_named_as_another_kind_is_read_as_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    for format in FORMATS {
        let path = folder.path().join(if format == Format::Png { "wrong.jpg" } else { "wrong.png" });
        fs::write(&path, file_of(format, true)).unwrap();
        let photo = decode(&path, &Limits::default()).unwrap();
        assert!(photo.notes.iter().any(|note| note.starts_with("Named .")), "{format:?}: {:?}", photo.notes);
    }
}

#[test]
fn limits_are_asked_before_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large");
    let tight = [
        Limits { max_side: 90, ..Limits::default() },
        Limits { max_pixels: 97 * 71 - 1, ..Limits::default() },
        Limits { max_file_bytes: 200, ..Limits::default() },
        Limits { max_picture_bytes: 5_000, ..Limits::default() },
    ];
    for format in FORMATS {
        fs::write(&path, file_of(format, true)).unwrap();
        for limits in tight {
            for error in [decode(&path, &limits).unwrap_err(), probe(&path, &limits).unwrap_err()] {
                assert_eq!(error.code(), Code::TooLarge, "{format:?}: {error}");
            }
        }
        decode(&path, &Limits { max_pixels: 97 * 71, max_side: 97, ..Limits::default() }).unwrap();
    }
}

/// A profile of a gigabyte of zeroes in a few kilobytes of PNG.
#[test]
fn a_profile_that_unpacks_without_end_is_not_unpacked() {
    use std::io::Write;
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..256 {
        packer.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let mut chunk = b"iCCPbomb\0\0".to_vec();
    chunk.extend(packer.finish().unwrap());
    let whole = file_of(Format::Png, false);
    let mut bomb = whole[..33].to_vec();
    bomb.extend((chunk.len() as u32 - 4).to_be_bytes());
    bomb.extend(&chunk);
    let mut crc = flate2::Crc::new();
    crc.update(&chunk);
    bomb.extend(crc.sum().to_be_bytes());
    bomb.extend(&whole[33..]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.png");
    fs::write(&path, bomb).unwrap();
    // Refused or read without the profile: either way at once, and without the gigabyte.
    if let Ok(photo) = decode(&path, &Limits::default()) {
        assert_eq!(photo.metadata.icc, None);
    }
}

fn answer(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd");
    fs::write(&path, bytes).unwrap();
    let small = Limits { max_pixels: 4_000_000, ..Limits::default() };
    // Any answer will do. A panic inside a decoder is one too, as an error.
    let facts = probe(&path, &small);
    if let Ok(photo) = decode(&path, &small) {
        let facts = facts.unwrap();
        assert_eq!((facts.width, facts.height), (photo.picture.width, photo.picture.height));
        let pixels = photo.picture.width as usize * photo.picture.height as usize;
        assert_eq!(photo.picture.colour.len(), pixels * photo.picture.channels.count());
        assert!(photo.picture.alpha.is_none_or(|alpha| alpha.len() == pixels));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn random_bytes_get_an_answer(which in 0_usize..8, tail in proptest::collection::vec(any::<u8>(), 0..600)) {
        let heads: [&[u8]; 8] = [
            b"\xFF\xD8\xFF\xE0", b"\x89PNG\r\n\x1a\n", b"RIFF\x40\0\0\0WEBPVP8 ", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"BM", b"GIF89a", b"",
        ];
        let head = heads[which];
        answer(&[head, &tail].concat());
    }

    #[test]
    fn flipped_bits_get_an_answer(
        which in 0_usize..4,
        flips in proptest::collection::vec((0.0_f64..1.0, 0_u8..8), 1..12),
        headers_only in any::<bool>(),
    ) {
        let mut bytes = file_of(FORMATS[which], true);
        let span = if headers_only { bytes.len().min(900) } else { bytes.len() };
        for (at, bit) in flips {
            bytes[(at * span as f64) as usize] ^= 1 << bit;
        }
        answer(&bytes);
    }
}
