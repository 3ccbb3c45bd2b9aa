//! Cutting tiles out of pictures.

use pretty_engine::Region;
use pretty_photo::picture::{Picture, Samples};

/// A part of a picture. The region must lie inside it.
pub(crate) fn cut(picture: &Picture, region: Region) -> Picture {
    Picture {
        width: region.width,
        height: region.height,
        channels: picture.channels,
        colour: samples(&picture.colour, picture.width, picture.channels.count(), region),
        alpha: picture.alpha.as_ref().map(|alpha| samples(alpha, picture.width, 1, region)),
    }
}

fn samples(all: &Samples, width: u32, channels: usize, region: Region) -> Samples {
    match all {
        Samples::Eight(values) => Samples::Eight(rows(values, width as usize, channels, region)),
        Samples::Sixteen(values) => Samples::Sixteen(rows(values, width as usize, channels, region)),
    }
}

fn rows<T: Copy>(values: &[T], width: usize, channels: usize, region: Region) -> Vec<T> {
    let across = region.width as usize * channels;
    let mut part = Vec::with_capacity(across * region.height as usize);
    for row in values.chunks_exact(width * channels).skip(region.y as usize).take(region.height as usize) {
        let start = region.x as usize * channels;
        part.extend_from_slice(&row[start..start + across]);
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_photo::picture::Channels;

    #[test]
    fn a_cut_holds_the_pixels_of_its_place() {
        let colour = (0..5 * 4 * 3).collect();
        let alpha = (0..5 * 4).collect();
        let picture = Picture {
            width: 5,
            height: 4,
            channels: Channels::Rgb,
            colour: Samples::Eight(colour),
            alpha: Some(Samples::Eight(alpha)),
        };
        let part = cut(&picture, Region { x: 3, y: 2, width: 2, height: 2 });
        assert_eq!(part.colour, Samples::Eight(vec![39, 40, 41, 42, 43, 44, 54, 55, 56, 57, 58, 59]));
        assert_eq!(part.alpha, Some(Samples::Eight(vec![13, 14, 18, 19])));
        assert_eq!(cut(&picture, Region::whole(5, 4)), picture);
    }
}
