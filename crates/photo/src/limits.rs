//! How large a photo may be. Checked against the header, before anything is allocated.

use std::path::Path;

use crate::error::PhotoError;

/// How large a photo may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Pixels a side.
    pub max_side: u32,
    /// Pixels in all.
    pub max_pixels: u64,
    /// Bytes of the file.
    pub max_file_bytes: u64,
    /// Bytes of the decoded picture (colour and transparency).
    pub max_picture_bytes: u64,
    /// Bytes of one block of metadata (profile, EXIF, XMP, IPTC), after decompression.
    pub max_metadata_bytes: usize,
}

impl Default for Limits {
    /// 65 535 pixels a side, 256 megapixels, 2 GiB of file, 1.5 GiB of picture, 16 MiB a block of metadata.
    fn default() -> Self {
        Self {
            max_side: 65_535,
            max_pixels: 256_000_000,
            max_file_bytes: 2 << 30,
            max_picture_bytes: 3 << 29,
            max_metadata_bytes: 16 << 20,
        }
    }
}

impl Limits {
    /// Refuses a size that is zero or beyond the limits. `bytes_per_pixel` is that of the decoded picture.
    ///
    /// # Errors
    /// [`PhotoError::Damaged`] for a picture without pixels, [`PhotoError::TooLarge`] beyond a limit.
    pub fn check_size(&self, path: &Path, width: u64, height: u64, bytes_per_pixel: u64) -> Result<(), PhotoError> {
        if width == 0 || height == 0 {
            return Err(PhotoError::damaged(path, "its header says it has no pixels"));
        }
        let pixels = width.saturating_mul(height);
        let bytes = pixels.saturating_mul(bytes_per_pixel);
        if width.max(height) > u64::from(self.max_side) {
            let limit = format!("{width} × {height} pixels; the most is {} a side", self.max_side);
            return Err(PhotoError::TooLarge { path: path.to_path_buf(), limit });
        }
        if pixels > self.max_pixels || bytes > self.max_picture_bytes {
            let most = self.max_pixels.min(self.max_picture_bytes / bytes_per_pixel.max(1)) / 1_000_000;
            let limit = format!("{width} × {height} pixels; the most is {most} megapixels for a photo of this kind");
            return Err(PhotoError::TooLarge { path: path.to_path_buf(), limit });
        }
        Ok(())
    }

    /// Refuses a file beyond the limit.
    ///
    /// # Errors
    /// [`PhotoError::TooLarge`].
    pub fn check_file(&self, path: &Path, bytes: u64) -> Result<(), PhotoError> {
        if bytes > self.max_file_bytes {
            let limit = format!("{} MB; the most is {} MB", bytes / 1_000_000, self.max_file_bytes / 1_000_000);
            return Err(PhotoError::TooLarge { path: path.to_path_buf(), limit });
        }
        Ok(())
    }
}
