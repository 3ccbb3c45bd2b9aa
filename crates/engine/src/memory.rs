//! How much memory the tiles and bands of one photo may take: what is left of the promise (`docs/benchmarks.md`) when the photo and an encoder that
//! holds the whole result have taken theirs.

use pretty_photo::picture::{Depth, Picture};

/// Bytes that the whole program may take for photos up to [`USUAL`] pixels.
const PROMISED: u64 = 1_000_000_000;
const USUAL: u64 = 24_000_000;
/// The same for photos of [`LARGE`] pixels, and in proportion between the two and above.
const PROMISED_LARGE: u64 = 1_600_000_000;
const LARGE: u64 = 100_000_000;
/// What the program takes besides: the library, the models, and what allocators hold back.
const BESIDES: u64 = 152_000_000;
/// Larger tiles than fit into this win nothing.
const MOST: u64 = 740 << 20;
/// However large the photo: less makes tiles that are mostly halo.
const LEAST: u64 = 128 << 20;

/// Bytes for tiles and bands; `held` is what photo and encoder hold meanwhile.
pub(crate) fn budget(pixels: u64, held: u64) -> u64 {
    let beyond = pixels.saturating_sub(USUAL);
    let promised =
        PROMISED + (u128::from(beyond) * u128::from(PROMISED_LARGE - PROMISED) / u128::from(LARGE - USUAL)) as u64;
    promised.saturating_sub(BESIDES + held).clamp(LEAST, MOST)
}

/// Bytes that a picture takes.
pub(crate) fn of_picture(picture: &Picture) -> u64 {
    let sample = if picture.colour.depth() == Depth::Sixteen { 2 } else { 1 };
    let samples = picture.colour.len() + picture.alpha.as_ref().map_or(0, pretty_photo::picture::Samples::len);
    samples as u64 * sample
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_photo::picture::Channels;
    use pretty_testkit::scene;

    #[test]
    fn depth_and_encoders_take_from_the_tiles() {
        let eight = budget(24_000_000, 3 * 24_000_000);
        assert_eq!(eight, MOST);
        let sixteen = budget(24_000_000, 6 * 24_000_000);
        assert_eq!(eight - sixteen, MOST - (PROMISED - BESIDES - 144_000_000));
        // A WebP of twice the size.
        let held = 3 * 24_000_000 + 3 * 96_000_000;
        assert_eq!(budget(24_000_000, held), PROMISED - BESIDES - held);
        // Large photos may take more, so that deep ones keep large tiles.
        assert_eq!(budget(100_000_000, 6 * 100_000_000), MOST);
        assert!(budget(100_000_000, 8 * 100_000_000) < MOST);
        assert_eq!(budget(1, u64::MAX / 2), LEAST);
        assert_eq!(budget(u64::MAX / 4, 0), MOST);
    }

    #[test]
    fn pictures_are_weighed_whole() {
        assert_eq!(of_picture(&scene::picture(10, 5, Channels::Rgb, Depth::Eight, 1)), 150);
        assert_eq!(of_picture(&scene::with_alpha(10, 5, Channels::Rgb, Depth::Sixteen, 1)), 400);
        assert_eq!(of_picture(&scene::picture(10, 5, Channels::Gray, Depth::Sixteen, 1)), 100);
    }
}
