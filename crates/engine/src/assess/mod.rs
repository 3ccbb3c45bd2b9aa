//! Auto: what stands out in a photo, by measurement, and the recipe that follows from it. About light and colour the tone model is asked, because
//! it knows what it would change; noise, artefacts and softness are measured.
//!
//! A clean, well-exposed photo gets an empty recipe. Enlarging is never chosen: a small photo is a finding, and what to do about it is up to the
//! person.

mod light;
mod noise;
mod sharpness;

use pretty_contract::photo::{Assessment, Finding};
use pretty_contract::recipe::{Recipe, Step};
use pretty_photo::DecodedPhoto;
use pretty_photo::picture::{Picture, Samples};

use crate::cancel::Cancel;
use crate::engine::Shared;
use crate::error::EngineError;
use crate::manifest::Task;
use crate::pixels::{LUMA, Sample};
use crate::region::Region;
use crate::tone::reduced::reduced;
use crate::tone::statistics::tone_inputs;

/// Noise under this deviation (in steps of 1/255) is not seen.
const NOISE_SEEN: f64 = 1.3;
/// From this deviation on noise is taken away at full strength.
const NOISE_STRONG: f64 = 12.0;
/// JPEG qualities under this leave artefacts that are seen at 1:1, and under the second ones that are seen anyway.
const QUALITY_SEEN: f64 = 78.0;
const QUALITY_BAD: f64 = 35.0;
/// Crete's measure: a photo above the first looks soft, one above the second is blurred.
const SOFT: f64 = 0.52;
const BLURRED: f64 = 0.75;
/// A longer side under this is small for a screen or a print.
const SMALL: u32 = 1000;

/// Looks at a photo.
pub(crate) fn assess(photo: &DecodedPhoto, shared: &Shared) -> Result<Assessment, EngineError> {
    let measured = Measured::of(photo, shared)?;
    let mut findings = measured.findings();
    findings.sort_by(|one, other| other.1.total_cmp(&one.1));
    let can_restore = shared.manifest.models.iter().any(|model| model.task == Task::Restore);
    let findings = findings.into_iter().map(|(finding, _)| finding).collect();
    Ok(Assessment { findings, recipe: measured.recipe(can_restore) })
}

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measured {
    /// Deviation of the noise in steps of 1/255.
    noise: f64,
    /// Quality at which the JPEG was written.
    jpeg_quality: Option<u8>,
    /// 0 is sharp, 1 is blurred.
    blur: f64,
    light: light::Light,
    longer_side: u32,
}

impl Measured {
    fn of(photo: &DecodedPhoto, shared: &Shared) -> Result<Self, EngineError> {
        let picture = &photo.picture;
        let adviser = shared.manifest.model(Task::Tone.name()).filter(|model| model.task == Task::Tone);
        let light = match adviser {
            Some(adviser) => {
                let reduced = reduced(photo);
                let advice = shared.advice(&adviser.id, &tone_inputs(&reduced), &Cancel::default())?;
                light::Light::of(&reduced, &advice)
            }
            None => light::Light::default(),
        };
        Ok(Self {
            noise: noise::deviation(picture),
            jpeg_quality: photo.facts.jpeg_quality,
            blur: sharpness::blur(picture),
            light,
            longer_side: picture.width.max(picture.height),
        })
    }

    fn noise_strength(&self) -> f64 {
        ramp(self.noise, NOISE_SEEN, NOISE_STRONG)
    }

    fn jpeg_strength(&self) -> f64 {
        self.jpeg_quality.map_or(0.0, |quality| ramp(-f64::from(quality), -QUALITY_SEEN, -QUALITY_BAD))
    }

    fn blur_strength(&self) -> f64 {
        ramp(self.blur, SOFT, BLURRED)
    }

    /// What stands out, with how much, from 0 to 1.
    fn findings(&self) -> Vec<(Finding, f64)> {
        let small = ramp(-f64::from(self.longer_side), -f64::from(SMALL), 0.0);
        let all = [
            (Finding::Noise, self.noise_strength()),
            (Finding::JpegArtefacts, self.jpeg_strength()),
            (Finding::SoftDetail, self.blur_strength()),
            (Finding::LowLight, self.light.too_dark),
            (Finding::TooBright, self.light.too_bright),
            (Finding::LowContrast, self.light.flat),
            (Finding::ColourCast, self.light.cast),
            (Finding::SmallSize, small),
        ];
        all.into_iter().filter(|(_, strength)| *strength > 0.0).collect()
    }

    fn recipe(&self, can_restore: bool) -> Recipe {
        let mut steps = Vec::new();
        let cleaning = self.noise_strength().max(self.jpeg_strength());
        // What shows at all is worth a third; sharpening stays modest, because it brings out what noise is left.
        let denoise = if cleaning > 0.0 { 0.35 + 0.65 * cleaning } else { 0.0 };
        let detail = if self.blur_strength() > 0.0 { 0.3 + 0.4 * self.blur_strength() } else { 0.0 };
        if can_restore && denoise.max(detail) > 0.0 {
            steps.push(Step::Restore { denoise: rounded(denoise), detail: rounded(detail), model: None });
        }
        if self.light.stands_out() {
            steps.push(Step::Tone { strength: 1.0, model: None });
        }
        Recipe::new(steps)
    }
}

/// 0 up to `from`, 1 from `to` on, but never 0 once past `from`.
fn ramp(value: f64, from: f64, to: f64) -> f64 {
    if value <= from { 0.0 } else { ((value - from) / (to - from)).clamp(0.01, 1.0) }
}

/// Two decimals: what a slider shows.
fn rounded(strength: f64) -> f32 {
    ((strength * 100.0).round() / 100.0) as f32
}

/// Luma of a part of a picture, 0 to 255, row by row.
fn luma(picture: &Picture, region: Region) -> Vec<f32> {
    let channels = picture.channels.count();
    let mut plane = Vec::with_capacity(region.area() as usize);
    for y in region.y..region.bottom() {
        let start = (y as usize * picture.width as usize + region.x as usize) * channels;
        let end = start + region.width as usize * channels;
        match &picture.colour {
            Samples::Eight(samples) => luma_row(&samples[start..end], channels, &mut plane),
            Samples::Sixteen(samples) => luma_row(&samples[start..end], channels, &mut plane),
        }
    }
    plane
}

fn luma_row<S: Sample>(samples: &[S], channels: usize, plane: &mut Vec<f32>) {
    plane.extend(samples.chunks_exact(channels).map(|pixel| match pixel {
        [red, green, blue] => 255.0 * (LUMA[0] * red.to_unit() + LUMA[1] * green.to_unit() + LUMA[2] * blue.to_unit()),
        _ => 255.0 * pixel[0].to_unit(),
    }));
}

#[cfg(test)]
mod tests;
