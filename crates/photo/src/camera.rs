//! How a photo was taken, in four numbers: focal length, aperture, exposure time, ISO. Nothing else of the metadata is ever put into words: no place, no
//! name, no serial number, no date.

use std::path::Path;

use crate::decode::{guarded, open, read_header};
use crate::limits::Limits;
use crate::metadata::exif;

const EXPOSURE_TIME: u16 = 0x829A;
const F_NUMBER: u16 = 0x829D;
const ISO: u16 = 0x8827;
const FOCAL_LENGTH: u16 = 0x920A;

/// The settings of the camera, such as "35 mm, f/2.8, 1/250 s, ISO 400", as far as the photo tells them; `None` when it tells none, or cannot be read.
#[must_use]
pub fn camera_settings(path: &Path, limits: &Limits) -> Option<String> {
    let header = guarded(path, || read_header(&mut open(path, limits)?, limits)).ok()?;
    told_by(header.metadata.exif.as_deref()?)
}

fn told_by(block: &[u8]) -> Option<String> {
    let ratio = |tag| {
        let (above, below) = exif::ratio(block, tag)?;
        let value = f64::from(above) / f64::from(below);
        // Zero and infinity are how cameras say that they do not know.
        (value.is_finite() && value > 0.0 && value < 100_000.0).then_some(value)
    };
    let focal = ratio(FOCAL_LENGTH).map(|length| format!("{} mm", short(length)));
    let aperture = ratio(F_NUMBER).map(|number| format!("f/{}", short(number)));
    let time = ratio(EXPOSURE_TIME).map(|seconds| {
        if seconds >= 0.4 { format!("{} s", short(seconds)) } else { format!("1/{} s", (1.0 / seconds).round()) }
    });
    let iso = exif::setting(block, ISO).filter(|iso| *iso > 0).map(|iso| format!("ISO {iso}"));
    let told: Vec<String> = [focal, aperture, time, iso].into_iter().flatten().collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// With one decimal where it has one.
fn short(value: f64) -> String {
    let tenths = (value * 10.0).round() / 10.0;
    tenths.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block with an Exif directory of these fields: a tag and its ratio, or a tag and a short number.
    fn block(ratios: &[(u16, u32, u32)], numbers: &[(u16, u16)]) -> Vec<u8> {
        let count = (ratios.len() + numbers.len()) as u32;
        let values_at = 26 + 2 + count * 12 + 4;
        let mut block = b"MM\0*\0\0\0\x08\0\x01\x87\x69\0\x04\0\0\0\x01\0\0\0\x1a\0\0\0\0".to_vec();
        assert_eq!(block.len(), 26);
        block.extend((count as u16).to_be_bytes());
        let mut values = Vec::new();
        for (tag, above, below) in ratios {
            block.extend(tag.to_be_bytes());
            block.extend([0, 5, 0, 0, 0, 1]);
            block.extend((values_at + values.len() as u32).to_be_bytes());
            values.extend(above.to_be_bytes());
            values.extend(below.to_be_bytes());
        }
        for (tag, number) in numbers {
            block.extend(tag.to_be_bytes());
            block.extend([0, 3, 0, 0, 0, 1]);
            block.extend(number.to_be_bytes());
            block.extend([0, 0]);
        }
        block.extend([0; 4]);
        block.extend(values);
        block
    }

    #[test]
    fn four_settings_become_words_and_nothing_else_does() {
        let all = [(FOCAL_LENGTH, 350, 10), (F_NUMBER, 28, 10), (EXPOSURE_TIME, 10, 2500)];
        assert_eq!(told_by(&block(&all, &[(ISO, 400)])).unwrap(), "35 mm, f/2.8, 1/250 s, ISO 400");
        assert_eq!(
            told_by(&block(&[(EXPOSURE_TIME, 5, 2), (FOCAL_LENGTH, 4251, 1000)], &[])).unwrap(),
            "4.3 mm, 2.5 s"
        );
        assert_eq!(told_by(&block(&[(0x9202, 4, 1)], &[(0xA217, 2)])), None, "other fields are nobody's business");
    }

    #[test]
    fn what_makes_no_sense_is_left_out() {
        for nonsense in [(F_NUMBER, 0, 10), (F_NUMBER, 1, 0), (F_NUMBER, u32::MAX, 1)] {
            assert_eq!(told_by(&block(&[nonsense], &[(ISO, 0)])), None, "{nonsense:?}");
        }
        let whole = block(&[(F_NUMBER, 8, 1)], &[(ISO, 100)]);
        for length in 0..whole.len() {
            let _ = told_by(&whole[..length]);
        }
    }
}
