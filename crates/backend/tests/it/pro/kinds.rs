//! AN4: photos of every kind on their way to Anthropic. What is a photo is made fit, whatever it was; what is none is refused before it is stored.

use crate::support::{Lab, Member, pictures};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::{ExtendedColorType, ImageEncoder as _};
use pretty_contract::export::Format;
use serde_json::json;
use std::io::Cursor;

/// What Anthropic takes at most of one picture, in base64.
const MOST_BASE64: usize = 10 << 20;

/// A picture that nothing makes smaller.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

fn png(width: u32, height: u32, pixels: &[u8], kind: ExtendedColorType) -> Vec<u8> {
    let mut file = Vec::new();
    image::codecs::png::PngEncoder::new(&mut file).write_image(pixels, width, height, kind).unwrap();
    file
}

/// A PNG of exactly this length: what is missing is a chunk that nobody knows, before the end.
fn png_of_length(length: usize) -> Vec<u8> {
    let mut file = png(1800, 1900, &noise(1800 * 1900 * 3), ExtendedColorType::Rgb8);
    let missing = length - file.len() - 12;
    let chunk = [b"prTy".as_slice(), &vec![7; missing]].concat();
    let mut crc = !0_u32;
    for byte in &chunk {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
        }
    }
    let end = file.split_off(file.len() - 12);
    file.extend(u32::try_from(missing).unwrap().to_be_bytes());
    file.extend(chunk);
    file.extend((!crc).to_be_bytes());
    file.extend(end);
    file
}

/// Ink instead of light, as print shops save it.
fn cmyk(width: u16, height: u16) -> Vec<u8> {
    let pixels: Vec<u8> = (0..height).flat_map(|y| (0..width).flat_map(move |x| [x as u8, y as u8, 90, 20])).collect();
    let mut file = Vec::new();
    jpeg_encoder::Encoder::new(&mut file, 90).encode(&pixels, width, height, jpeg_encoder::ColorType::Cmyk).unwrap();
    file
}

fn sixteen_bits(width: u32, height: u32) -> Vec<u8> {
    let samples = (0..width * height * 3).flat_map(|at| (at.wrapping_mul(9_973) as u16).to_be_bytes());
    png(width, height, &samples.collect::<Vec<u8>>(), ExtendedColorType::Rgb16)
}

fn animated() -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new(&mut file);
    for value in [20, 200] {
        let frame = image::RgbaImage::from_pixel(40, 30, image::Rgba([value, value, 90, 255]));
        encoder.encode_frame(image::Frame::new(frame)).unwrap();
    }
    drop(encoder);
    file
}

impl Lab {
    /// The photo it becomes, or how it is refused.
    async fn sent(&self, member: &Member, file: &[u8], media_type: &str) -> Result<String, String> {
        let announced = self.announce(member, &self.key(), file, media_type).await;
        if announced.status != StatusCode::CREATED {
            assert_eq!(
                (announced.status, &announced.json()["code"]),
                (StatusCode::UNPROCESSABLE_ENTITY, &json!("invalid"))
            );
            return Err(announced.json()["message"].as_str().unwrap().to_owned());
        }
        let (id, mut offset) = (announced.json()["id"].as_str().unwrap().to_owned(), 0);
        for part in file.chunks(8 << 20) {
            let answer = self.part(member, &id, offset, part).await;
            offset += part.len();
            if offset == file.len() {
                let told = answer.json();
                let Some(photo) = told["photo_id"].as_str() else {
                    assert_eq!(
                        (answer.status, &told["code"]),
                        (StatusCode::UNPROCESSABLE_ENTITY, &json!("invalid")),
                        "{told}"
                    );
                    return Err(told["message"].as_str().unwrap().to_owned());
                };
                return Ok(photo.to_owned());
            }
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        }
        unreachable!("a file without an end")
    }
}

on_both! {
    async fn an4_photos_of_every_kind_are_made_fit(database) {
        let lab = Lab::open(database).await;
        let mara = lab.member("mara@example.org", 60).await;
        let large = png_of_length(MOST_BASE64 + 1);
        assert_eq!(large.len(), 10_485_761);
        let mut sizes = Vec::new();
        for (name, file, media_type) in [
            ("a side of more than 8000", pictures::plain(8100, 60, Format::Png), "image/png"),
            ("a byte more than ten megabytes", large, "image/png"),
            ("as small as it may be", pictures::plain(16, 16, Format::Png), "image/png"),
            ("ink", cmyk(120, 80), "image/jpeg"),
            ("sixteen bits", sixteen_bits(120, 80), "image/png"),
            ("a plain one", pictures::plain(64, 64, Format::Jpeg), "image/jpeg"),
        ] {
            let photo = lab.sent(&mara, &file, media_type).await.unwrap_or_else(|why| panic!("{name}: {why}"));
            let id = lab.job(&mara, json!({"kind": "critique", "variant": "standard", "photos": [photo], "price": 2})).await;
            lab.work().await;
            assert_eq!(lab.state(&mara, &id).await, "succeeded", "{name}");
            // What left is what Anthropic takes: a JPEG of red, green and blue, small enough in every way.
            let asked = lab.asked();
            let source = &asked.last().unwrap()["messages"][0]["content"][0]["source"];
            let data = source["data"].as_str().unwrap();
            assert!(data.len() < MOST_BASE64, "{name}");
            let sent = STANDARD.decode(data).unwrap();
            let picture = image::ImageReader::with_format(Cursor::new(&sent), image::ImageFormat::Jpeg).decode().unwrap();
            assert_eq!((&source["media_type"], picture.color()), (&json!("image/jpeg"), image::ColorType::Rgb8), "{name}");
            sizes.push((picture.width(), picture.height()));
        }
        assert_eq!(sizes, [(1568, 12), (1485, 1568), (16, 16), (120, 80), (120, 80), (64, 64)]);
    }
}

on_both! {
    async fn an4_what_is_no_photo_is_refused_and_never_leaves(database) {
        let lab = Lab::open(database).await;
        let mara = lab.member("mara@example.org", 60).await;
        let heic = [&[0, 0, 0, 24], b"ftypheic\0\0\0\0mif1heic".as_slice(), &noise(4000)].concat();
        let mut broken = pictures::plain(640, 480, Format::Jpeg);
        broken.truncate(broken.len() / 3);
        let one = png(1, 1, &[120, 130, 140], ExtendedColorType::Rgb8);
        for (name, file, media_type, word) in [
            ("one pixel", one, "image/png", "too small"),
            ("broken", broken, "image/jpeg", "damaged"),
            ("moving pictures", animated(), "image/gif", "media_type"),
            ("moving pictures that say that they are a photo", animated(), "image/png", "GIF"),
            ("a kind that is turned into JPEG before", heic.clone(), "image/heic", "media_type"),
            ("the same, said to be JPEG", heic, "image/jpeg", "cannot be read"),
        ] {
            let why = lab.sent(&mara, &file, media_type).await.expect_err(name);
            assert!(why.contains(word), "{name}: {why}");
        }
        assert_eq!(lab.api("GET", "/v1/photos", Some(&mara.token), None).await.json(), json!([]));
        assert!(lab.left().is_empty());
    }
}
