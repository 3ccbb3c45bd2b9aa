//! Transparency of a result: the photo's own plane, enlarged by the plain bicubic enlargement. No model ever sees it.

use pretty_photo::picture::{Depth, Picture, Samples};
use rayon::prelude::*;

use crate::bicubic::{self, Source};
use crate::pixels::Sample;
use crate::region::Region;

/// The part of the result's transparency that belongs to a region of the photo, `scale` times as large; `None` when the photo has none.
pub(crate) fn of(photo: &Picture, region: Region, scale: u32, depth: Depth) -> Option<Samples> {
    let alpha = photo.alpha.as_ref()?;
    let whole = Region::whole(photo.width, photo.height);
    if scale == 1 && alpha.depth() == depth {
        return Some(part(alpha, photo.width, region));
    }
    let known = if scale == 1 { region } else { region.grown(bicubic::REACH, whole) };
    let plane: Vec<f32> = match part(alpha, photo.width, known) {
        Samples::Eight(samples) => samples.into_iter().map(Sample::to_unit).collect(),
        Samples::Sixteen(samples) => samples.into_iter().map(Sample::to_unit).collect(),
    };
    let plane = if scale == 1 {
        plane
    } else {
        bicubic::enlarge(
            Source { planes: &plane, region: known, size: (photo.width, photo.height) },
            scale,
            region.enlarged(scale),
        )
    };
    Some(round(&plane, depth))
}

/// Rounds values of 0 to 1 to samples.
pub(crate) fn round(values: &[f32], depth: Depth) -> Samples {
    match depth {
        Depth::Eight => Samples::Eight(values.par_iter().map(|&value| Sample::from_unit(value)).collect()),
        Depth::Sixteen => Samples::Sixteen(values.par_iter().map(|&value| Sample::from_unit(value)).collect()),
    }
}

fn part(alpha: &Samples, width: u32, region: Region) -> Samples {
    let (first, size) = region.corner_and_size();
    alpha.part(width, 1, first, size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_photo::picture::Channels;

    #[test]
    fn transparency_is_kept_and_enlarged_tile_by_tile() {
        let (width, height) = (9u32, 6u32);
        let alpha = Samples::Eight((0..54u32).map(|value| (value * 61 % 256) as u8).collect());
        let photo = Picture {
            width,
            height,
            channels: Channels::Gray,
            colour: Samples::Eight(vec![0; 54]),
            alpha: Some(alpha.clone()),
        };
        let whole = Region::whole(width, height);
        assert_eq!(of(&photo, whole, 1, Depth::Eight), Some(alpha));
        let Some(Samples::Sixteen(deep)) = of(&photo, whole, 1, Depth::Sixteen) else {
            panic!("16 bits were asked for")
        };
        assert_eq!((deep[1], deep[4]), (61 * 257, 244 * 257));
        let enlarged = of(&photo, whole, 3, Depth::Eight).unwrap();
        let region = Region { x: 4, y: 2, width: 3, height: 4 };
        let tile = of(&photo, region, 3, Depth::Eight).unwrap();
        assert_eq!(tile, part(&enlarged, width * 3, region.enlarged(3)));
    }
}
