//! That our models make what the sandbox gives back, and that it says so when they do not.

use super::*;
use image::imageops::FilterType;
use image::{DynamicImage, RgbImage};
use pretty_testkit::skip::skipped;
use std::io::Cursor;

fn file(picture: &RgbImage, format: image::ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// Around grey: a model takes the noise away, interpolation only spreads it.
fn noisy() -> RgbImage {
    RgbImage::from_fn(48, 40, |x, y| image::Rgb([(98 + noise(x, y) % 61) as u8; 3]))
}

fn noise(x: u32, y: u32) -> u64 {
    let mixed = (u64::from(x * 1000 + y) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33
}

fn deviation(picture: &RgbImage) -> f64 {
    let values: Vec<f64> = picture.pixels().map(|pixel| f64::from(pixel.0[1])).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
}

/// The mean square of what two pictures differ by.
fn apart(one: &RgbImage, other: &RgbImage) -> f64 {
    assert_eq!(one.dimensions(), other.dimensions());
    let squares =
        one.as_raw().iter().zip(other.as_raw()).map(|(one, other)| (f64::from(*one) - f64::from(*other)).powi(2));
    squares.sum::<f64>() / one.as_raw().len() as f64
}

/// None where ONNX Runtime is not at hand, with the reason.
fn own() -> Option<Arc<dyn Enhance>> {
    let library = locate::runtime_library(None);
    if !library.exists() {
        skipped(
            "our own engine in the service",
            &format!("there is no ONNX Runtime at {} (cargo xtask setup)", library.display()),
        );
        return None;
    }
    Some(best())
}

fn made(by: &dyn Enhance, photo: Vec<u8>, scale: u32, format: OutputFormat) -> (RgbImage, Enhanced) {
    let enhanced = by.enhance(&EnhanceRequest { photo, model: "a/b".to_owned(), scale, format }).unwrap();
    (image::load_from_memory(&enhanced.file).unwrap().to_rgb8(), enhanced)
}

#[test]
fn every_size_comes_back_in_its_format_and_a_broken_photo_is_an_error() {
    let best = best();
    let photo = file(&noisy(), image::ImageFormat::Png);
    for (scale, format, kind) in [
        (1, OutputFormat::Png, image::ImageFormat::Png),
        (2, OutputFormat::Jpeg, image::ImageFormat::Jpeg),
        (6, OutputFormat::Png, image::ImageFormat::Png),
    ] {
        let (result, enhanced) = made(&*best, photo.clone(), scale, format);
        assert_eq!(image::guess_format(&enhanced.file).unwrap(), kind);
        assert_eq!(result.dimensions(), (48 * scale, 40 * scale));
        // No model of ours makes six times.
        assert!(scale != 6 || enhanced.log.contains("interpolation"), "{}", enhanced.log);
    }
    let broken =
        EnhanceRequest { photo: photo[..60].to_vec(), model: "a/b".to_owned(), scale: 2, format: OutputFormat::Png };
    assert!(best.enhance(&broken).is_err());
}

#[test]
fn our_models_take_noise_away() {
    let Some(own) = own() else { return };
    let (result, enhanced) = made(&*own, file(&noisy(), image::ImageFormat::Png), 1, OutputFormat::Png);
    let (before, after) = (deviation(&noisy()), deviation(&result));
    assert!(after < before / 2.0, "{after} of {before}");
    assert!(enhanced.log.contains("our own engine"), "{}", enhanced.log);
}

/// A real photo, made small, noisy and saved poorly: what is enlarged from that by our models is nearer to the photo than interpolation is.
#[test]
fn our_models_enlarge_better_than_interpolation_does() {
    let Some(own) = own() else { return };
    let whole = image::load_from_memory(include_bytes!("../../../assets/harbour-after.jpg")).unwrap().to_rgb8();
    let (left, top) = ((whole.width() - 320) / 2, (whole.height() - 256) / 2);
    let truth = image::imageops::crop_imm(&whole, left, top, 320, 256).to_image();
    for scale in [2, 4] {
        let small = DynamicImage::from(truth.clone()).resize_exact(320 / scale, 256 / scale, FilterType::Triangle);
        let mut poor = small.to_rgb8();
        for (x, y, pixel) in poor.enumerate_pixels_mut() {
            let change = (noise(x, y) % 25) as i16 - 12;
            pixel.0 = pixel.0.map(|value| (i16::from(value) + change).clamp(0, 255) as u8);
        }
        let photo = file(&poor, image::ImageFormat::Jpeg);
        let (ours, enhanced) = made(&*own, photo.clone(), scale, OutputFormat::Png);
        let (plain, interpolated) = made(&Bicubic, photo, scale, OutputFormat::Png);
        assert!(enhanced.log.contains("our own engine") && interpolated.log.contains("interpolation"));
        let (near, far) = (apart(&ours, &truth), apart(&plain, &truth));
        assert!(apart(&ours, &plain) > 4.0, "{scale}: it is interpolation");
        assert!(near < far * 0.9, "{scale}: {near:.1}, and interpolated {far:.1}");
    }
}
