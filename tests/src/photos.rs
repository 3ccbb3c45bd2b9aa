//! Photos made up for tests: soft shapes, edges and a little grain, different for each number.

use std::path::{Path, PathBuf};
use std::process::Command;

use image::{ImageBuffer, Rgb, RgbImage, Rgba};

/// A photo-like picture.
#[must_use]
pub fn picture(width: u32, height: u32, number: u32) -> RgbImage {
    let mut grain = number.wrapping_mul(2_654_435_761).wrapping_add(12345);
    ImageBuffer::from_fn(width, height, |x, y| {
        grain = grain.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = f64::from(grain >> 24) / 16.0 - 8.0;
        let (u, v) = (f64::from(x) / f64::from(width), f64::from(y) / f64::from(height));
        let wave = ((u * 9.0 + f64::from(number)).sin() + (v * 7.0).cos()) * 40.0;
        let edge = if (u - 0.5).hypot(v - 0.5) < 0.3 { 45.0 } else { 0.0 };
        let value = |shift: f64| (100.0 + wave + edge + shift + noise).clamp(0.0, 255.0) as u8;
        Rgb([value(20.0 * u), value(0.0), value(25.0 * v)])
    })
}

/// Writes a picture; the ending says the format.
pub fn write(path: &Path, width: u32, height: u32, number: u32) -> PathBuf {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("the photo's folder");
    picture(width, height, number).save(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    path.to_path_buf()
}

/// A JPEG's bytes, whatever the file will be called.
#[must_use]
pub fn jpeg(width: u32, height: u32, number: u32) -> Vec<u8> {
    encoded(width, height, number, image::ImageFormat::Jpeg)
}

/// A PNG's bytes.
#[must_use]
pub fn png(width: u32, height: u32, number: u32) -> Vec<u8> {
    encoded(width, height, number, image::ImageFormat::Png)
}

fn encoded(width: u32, height: u32, number: u32, format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture(width, height, number).write_to(&mut bytes, format).expect("an encoder");
    bytes.into_inner()
}

/// Writes a picture of 16 bits with transparency, as PNG or TIFF; every value differs in its lower byte too.
pub fn write_deep(path: &Path, width: u32, height: u32) -> PathBuf {
    let base = picture(width, height, 3);
    let deep: ImageBuffer<Rgba<u16>, Vec<u16>> = ImageBuffer::from_fn(width, height, |x, y| {
        let [r, g, b] = base.get_pixel(x, y).0.map(|value| u16::from(value) * 256 + (x * 7 + y * 3) as u16 % 256);
        Rgba([r, g, b, if x < width / 2 { u16::MAX } else { 20_000 }])
    });
    let png = path.with_extension("png");
    deep.save(&png).unwrap_or_else(|error| panic!("{}: {error}", png.display()));
    if path != png {
        // The encoder at hand does not say in a TIFF that its fourth channel is transparency.
        let status = Command::new("convert").arg(&png).arg(path).status().expect("ImageMagick");
        assert!(status.success(), "convert");
        std::fs::remove_file(png).expect("the PNG");
    }
    path.to_path_buf()
}
