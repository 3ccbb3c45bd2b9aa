//! Small photos to test with.

use std::path::{Path, PathBuf};

use image::{Rgb, RgbImage};

/// A gradient of this size; the format is the extension's.
pub(crate) fn photo(path: &Path, width: u32, height: u32) -> PathBuf {
    let picture =
        RgbImage::from_fn(width, height, |x, y| Rgb([(x * 7 % 256) as u8, (y * 5 % 256) as u8, ((x + y) % 256) as u8]));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).unwrap();
    }
    picture.save(path).unwrap();
    path.to_path_buf()
}

/// Many tiny photos in one folder.
pub(crate) fn photos(folder: &Path, count: usize) -> Vec<PathBuf> {
    (0..count).map(|index| photo(&folder.join(format!("photo {index}.png")), 8, 6)).collect()
}
