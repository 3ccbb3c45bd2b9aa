//! Names of results: from the photo's, valid on every system, never too long.

use std::ffi::OsString;
use std::path::Path;

use pretty_contract::export::Format;

/// The longest file name that common file systems take, in bytes.
const MOST_BYTES: usize = 255;
/// Room kept for a number that a collision may add ("-9999").
const ROOM_FOR_NUMBER: usize = 5;

/// The usual extension of a format.
#[must_use]
pub fn extension(format: Format) -> &'static str {
    match format {
        Format::Jpeg => "jpg",
        Format::Png => "png",
        Format::Webp => "webp",
        Format::Tiff => "tif",
    }
}

/// The format that a file name's extension asks for.
#[must_use]
pub fn format_of(path: &Path) -> Option<Format> {
    match path.extension()?.to_string_lossy().to_lowercase().as_str() {
        "jpg" | "jpeg" | "jpe" | "jfif" => Some(Format::Jpeg),
        "png" => Some(Format::Png),
        "webp" => Some(Format::Webp),
        "tif" | "tiff" => Some(Format::Tiff),
        _ => None,
    }
}

/// `<stem>-enhanced.<ext>`: the stem shortened where the name would be too long, and made valid on Windows too.
#[must_use]
pub fn result_name(photo: &Path, format: Format) -> OsString {
    let stem = photo.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let stem: String = stem
        .chars()
        .map(|letter| match letter {
            '<' | '>' | ':' | '"' | '/' | '\\' | '|' | '?' | '*' | '\u{FFFD}' => '_',
            control if control.is_control() => '_',
            other => other,
        })
        .collect();
    let stem = stem.trim();
    let stem = if stem.is_empty() { "photo" } else { stem };
    with_ending(stem, &format!("-enhanced.{}", extension(format)), MOST_BYTES - ROOM_FOR_NUMBER)
}

/// `name` with a number before its extension: `beach-enhanced.jpg`, 2 gives `beach-enhanced-2.jpg`.
#[must_use]
pub fn numbered(name: &Path, number: u32) -> OsString {
    let stem = name.file_stem().unwrap_or_default().to_string_lossy();
    let ending = match name.extension() {
        Some(extension) => format!("-{number}.{}", extension.to_string_lossy()),
        None => format!("-{number}"),
    };
    with_ending(&stem, &ending, MOST_BYTES)
}

/// Puts an ending on a stem, shortening the stem at a character so that the whole fits into so many bytes.
fn with_ending(stem: &str, ending: &str, most: usize) -> OsString {
    let room = most.saturating_sub(ending.len());
    let stem = stem.get(..stem.floor_char_boundary(room)).unwrap_or_default().trim_end();
    format!("{stem}{ending}").into()
}
