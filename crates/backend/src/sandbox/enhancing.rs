//! What stands behind the stand-in for cloud enhancement: our own engine and its models, on this machine's processor.
//!
//! Where ONNX Runtime's library or the models are missing, and for sizes that no model of ours makes, the photo is enlarged by interpolation:
//! what the sandbox is for, the way of a job and of its credits, is the same.

use pretty_contract::export::{Collision, Format};
use pretty_contract::recipe::{Recipe, Step};
use pretty_engine::{Cancel, Engine, EngineConfig, EngineError, Place, Silent, Target, locate};
use pretty_photo::Limits;
use pretty_sandbox::{Bicubic, Enhance, EnhanceError, EnhanceRequest, OutputFormat};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Takes noise and artefacts away, and enlarges with the models for what people really have.
struct OwnEngine(Engine);

/// The best that can be had here.
pub(super) fn best() -> Arc<dyn Enhance> {
    let config = EngineConfig {
        runtime_library: locate::runtime_library(None),
        models_folder: locate::models_folder(None),
        memory_budget_bytes: 0,
        stopwatch,
    };
    match Engine::open(config) {
        Ok(engine) => Arc::new(OwnEngine(engine)),
        Err(error) => {
            tracing::warn!(%error, "the sandbox enlarges by interpolation");
            Arc::new(Bicubic)
        }
    }
}

fn stopwatch() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// What is done for a result so many times as large; none for sizes that our models do not make.
fn recipe(scale: u32) -> Option<Recipe> {
    let step = match scale {
        1 => Step::Restore { denoise: 1.0, detail: 0.5, model: None },
        2 | 4 => Step::Upscale { scale, strength: 1.0, model: Some(format!("photo-{scale}x")) },
        _ => return None,
    };
    Some(Recipe::new(vec![step]))
}

impl Enhance for OwnEngine {
    fn enhance(&self, request: &EnhanceRequest) -> Result<Vec<u8>, EnhanceError> {
        let Some(recipe) = recipe(request.scale) else { return Bicubic.enhance(request) };
        let disk = |fault: std::io::Error| EnhanceError(format!("The model's folder cannot be used: {fault}"));
        let folder = tempfile::tempdir().map_err(disk)?;
        let photo = folder.path().join("photo");
        std::fs::write(&photo, &request.photo).map_err(disk)?;
        let result = self.run(&photo, recipe, request.format).map_err(|error| EnhanceError(error.to_string()))?;
        std::fs::read(result).map_err(disk)
    }
}

impl OwnEngine {
    fn run(&self, photo: &Path, recipe: Recipe, format: OutputFormat) -> Result<std::path::PathBuf, EngineError> {
        let result = photo.with_file_name("result");
        let format = match format {
            OutputFormat::Png => Format::Png,
            OutputFormat::Jpeg => Format::Jpeg,
        };
        let target = Target {
            place: Place::File(result.clone()),
            format: Some(format),
            quality: 92,
            collision: Collision::Overwrite,
        };
        let request = pretty_engine::EnhanceRequest {
            photo: photo.to_owned(),
            recipe,
            target,
            device: None,
            limits: Limits::default(),
        };
        self.0.enhance(&request, &Silent, &Cancel::default())?;
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A photo of noise around grey: a model takes the noise away, interpolation only spreads it.
    fn noisy() -> (Vec<u8>, f64) {
        let picture = image::RgbImage::from_fn(48, 40, |x, y| {
            let mixed = (u64::from(x * 1000 + y) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            image::Rgb([(98 + ((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33) % 61) as u8; 3])
        });
        let mut file = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut file, image::ImageFormat::Png).unwrap();
        (file.into_inner(), deviation(&picture))
    }

    fn deviation(picture: &image::RgbImage) -> f64 {
        let values: Vec<f64> = picture.pixels().map(|pixel| f64::from(pixel.0[1])).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
    }

    #[test]
    fn our_models_make_the_result_where_they_are_at_hand() {
        let (photo, before) = noisy();
        let best = best();
        let here = locate::runtime_library(None).exists();
        for (scale, format, kind) in [
            (1, OutputFormat::Png, image::ImageFormat::Png),
            (2, OutputFormat::Jpeg, image::ImageFormat::Jpeg),
            (6, OutputFormat::Png, image::ImageFormat::Png),
        ] {
            let request = EnhanceRequest { photo: photo.clone(), model: "a/b".to_owned(), scale, format };
            let file = best.enhance(&request).unwrap();
            assert_eq!(image::guess_format(&file).unwrap(), kind);
            let result = image::load_from_memory(&file).unwrap().to_rgb8();
            assert_eq!(result.dimensions(), (48 * scale, 40 * scale));
            if here && scale == 1 {
                assert!(deviation(&result) < before / 2.0, "{} of {before}", deviation(&result));
            }
        }
        let broken = EnhanceRequest {
            photo: photo[..60].to_vec(),
            model: "a/b".to_owned(),
            scale: 2,
            format: OutputFormat::Png,
        };
        assert!(best.enhance(&broken).is_err());
    }
}
