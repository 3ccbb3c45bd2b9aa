//! From a photo's own colours to sRGB, for screens and for statistics. Results keep the photo's profile: nothing here touches what is saved.

use std::sync::Arc;

use moxcms::{ColorProfile, DataColorSpace, Layout, ProfileText, TransformExecutor, TransformOptions};

use crate::encode::to_eight;
use crate::picture::{Channels, Picture, Samples};

/// Turns samples of a photo into 8-bit sRGB (or 8-bit grey with sRGB's tone curve).
#[derive(Clone)]
pub struct SrgbView {
    how: How,
}

#[derive(Clone)]
enum How {
    Identity,
    Gray(Box<[u8; 256]>),
    Rgb(Arc<dyn TransformExecutor<u8> + Send + Sync>),
}

impl std::fmt::Debug for SrgbView {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let how = match self.how {
            How::Identity => "identity",
            How::Gray(_) => "gray",
            How::Rgb(_) => "rgb",
        };
        formatter.debug_struct("SrgbView").field("how", &how).finish()
    }
}

impl SrgbView {
    /// For a photo's profile. No profile, one that cannot be used, and one that is sRGB in all but name are taken as sRGB.
    #[must_use]
    pub fn new(icc: Option<&[u8]>, channels: Channels) -> Self {
        let how = icc.and_then(|icc| match channels {
            Channels::Gray => gray_table(icc),
            Channels::Rgb => rgb_transform(icc),
        });
        Self { how: how.unwrap_or(How::Identity) }
    }

    /// True when samples come out as they went in, but for their depth.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        matches!(self.how, How::Identity)
    }

    /// Converts interleaved 8-bit samples of whole pixels in place.
    pub fn convert_in_place(&self, samples: &mut [u8]) {
        match &self.how {
            How::Identity => {}
            How::Gray(table) => samples.iter_mut().for_each(|value| *value = table[usize::from(*value)]),
            How::Rgb(transform) => {
                // A block fits the first-level cache; whole pixels.
                let mut copy = [0; 3 * 1024];
                for block in samples.chunks_mut(copy.len()) {
                    let copy = &mut copy[..block.len()];
                    copy.copy_from_slice(block);
                    // Lengths are equal and whole, the only thing it could refuse.
                    let _ = transform.transform(copy, block);
                }
            }
        }
    }

    /// A whole picture as 8-bit sRGB; transparency is kept.
    #[must_use]
    pub fn convert(&self, picture: &Picture) -> Picture {
        let mut colour = to_eight_bits(&picture.colour);
        self.convert_in_place(&mut colour);
        Picture {
            width: picture.width,
            height: picture.height,
            channels: picture.channels,
            colour: Samples::Eight(colour),
            alpha: picture.alpha.as_ref().map(|alpha| Samples::Eight(to_eight_bits(alpha))),
        }
    }
}

/// Samples as 8 bits, rounded.
#[must_use]
pub fn to_eight_bits(samples: &Samples) -> Vec<u8> {
    match samples {
        Samples::Eight(values) => values.clone(),
        Samples::Sixteen(values) => values.iter().map(|&value| to_eight(value)).collect(),
    }
}

/// The profile's name for people ("Display P3"), or "unnamed" when it has none; `None` when it is no profile.
pub(crate) fn profile_name(icc: &[u8]) -> Option<String> {
    let profile = parse(icc)?;
    let name = profile.description.as_ref().map(text).unwrap_or_default();
    let name: String = name.chars().filter(|letter| !letter.is_control()).take(80).collect();
    let name = name.trim();
    // Compact profiles spend four letters on their name ("sP3").
    let known = if name.len() <= 4 { well_known(&profile) } else { None };
    Some(match known {
        Some(known) => known.to_owned(),
        None if name.is_empty() => "unnamed".to_owned(),
        None => name.to_owned(),
    })
}

/// The name of a well-known space whose primaries the profile has.
fn well_known(profile: &ColorProfile) -> Option<&'static str> {
    let primaries = |profile: &ColorProfile| {
        [profile.red_colorant, profile.green_colorant, profile.blue_colorant]
            .map(|colour| [colour.x, colour.y, colour.z])
    };
    let own = primaries(profile);
    let spaces = [
        (ColorProfile::new_srgb(), "sRGB"),
        (ColorProfile::new_display_p3(), "Display P3"),
        (ColorProfile::new_adobe_rgb(), "Adobe RGB (1998)"),
        (ColorProfile::new_pro_photo_rgb(), "ProPhoto RGB"),
        (ColorProfile::new_bt2020(), "Rec. 2020"),
    ];
    let near = |space: &ColorProfile| {
        primaries(space).as_flattened().iter().zip(own.as_flattened()).all(|(a, b)| (a - b).abs() < 0.004)
    };
    spaces.iter().find(|(space, _)| near(space)).map(|(_, name)| *name)
}

/// Whether this program can use a profile to show a photo.
pub(crate) fn is_usable(icc: &[u8], channels: Channels) -> bool {
    match channels {
        Channels::Gray => gray_ramp(icc).is_some(),
        Channels::Rgb => executor(icc).is_some(),
    }
}

fn text(text: &ProfileText) -> String {
    match text {
        ProfileText::PlainString(text) => text.clone(),
        ProfileText::Localizable(all) => {
            let english = all.iter().find(|one| one.language.eq_ignore_ascii_case("en"));
            english.or(all.first()).map(|one| one.value.clone()).unwrap_or_default()
        }
        ProfileText::Description(text) if text.ascii_string.is_empty() => text.unicode_string.clone(),
        ProfileText::Description(text) => text.ascii_string.clone(),
    }
}

/// Parses a profile; one that makes the parser panic is no profile.
fn parse(icc: &[u8]) -> Option<ColorProfile> {
    std::panic::catch_unwind(|| ColorProfile::new_from_slice(icc).ok()).ok().flatten()
}

fn executor(icc: &[u8]) -> Option<Arc<dyn TransformExecutor<u8> + Send + Sync>> {
    let profile = parse(icc).filter(|profile| profile.color_space == DataColorSpace::Rgb)?;
    std::panic::catch_unwind(|| {
        profile
            .create_transform_8bit(Layout::Rgb, &ColorProfile::new_srgb(), Layout::Rgb, TransformOptions::default())
            .ok()
    })
    .ok()
    .flatten()
}

fn rgb_transform(icc: &[u8]) -> Option<How> {
    let transform = executor(icc)?;
    // sRGB comes under many names and versions: what counts is whether any colour changes by more than rounding.
    let steps: Vec<u8> = (0..=15).map(|step| step * 17).collect();
    let mut grid = Vec::with_capacity(steps.len().pow(3) * 3);
    for &r in &steps {
        for &g in &steps {
            for &b in &steps {
                grid.extend([r, g, b]);
            }
        }
    }
    let mut converted = vec![0; grid.len()];
    transform.transform(&grid, &mut converted).ok()?;
    let largest = grid.iter().zip(&converted).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0);
    Some(if largest <= 1 { How::Identity } else { How::Rgb(transform) })
}

fn gray_table(icc: &[u8]) -> Option<How> {
    let table = gray_ramp(icc)?;
    let largest = table.iter().zip(0_u8..=255).map(|(a, b)| a.abs_diff(b)).max().unwrap_or(0);
    Some(if largest <= 1 { How::Identity } else { How::Gray(table) })
}

fn gray_ramp(icc: &[u8]) -> Option<Box<[u8; 256]>> {
    let profile = parse(icc).filter(|profile| profile.color_space == DataColorSpace::Gray)?;
    let ramp: Vec<u8> = (0..=255).collect();
    let mut converted = vec![0; 256 * 3];
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let srgb = ColorProfile::new_srgb();
        let transform =
            profile.create_transform_8bit(Layout::Gray, &srgb, Layout::Rgb, TransformOptions::default()).ok()?;
        transform.transform(&ramp, &mut converted).ok()
    }))
    .ok()
    .flatten()?;
    let mut table = Box::new([0; 256]);
    for (place, pixel) in table.iter_mut().zip(converted.chunks_exact(3)) {
        *place = pixel[1];
    }
    Some(table)
}
