//! How long enhancing takes on this machine: seconds a megapixel for each kind of recipe on each device, measured by every job and remembered.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pretty_contract::recipe::{Recipe, Step};
use serde::{Deserialize, Serialize};

use crate::small_files;

/// Seconds that a job takes besides its pixels: opening, checking, saving.
const OVERHEAD: f64 = 0.15;
const VERSION: u32 = 1;

/// What has been measured.
pub(crate) struct Speeds {
    path: PathBuf,
    kept: Kept,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    version: u32,
    /// By device and kind of recipe.
    seconds_per_megapixel: BTreeMap<String, f64>,
}

impl Speeds {
    /// What was measured when the program ran before.
    pub(crate) fn remembered(data: &Path) -> Self {
        let path = data.join("speeds.json");
        let usable = |kept: &Kept| {
            kept.version == VERSION && kept.seconds_per_megapixel.values().all(|rate| rate.is_finite() && *rate > 0.0)
        };
        let kept = small_files::read(&path).filter(usable).unwrap_or(Kept { version: VERSION, ..Kept::default() });
        Self { path, kept }
    }

    /// Seconds that a photo would take; `None` when nothing like it has been measured here.
    pub(crate) fn estimate(&self, device: &str, recipe: &Recipe, megapixels: f64) -> Option<f64> {
        let rate = self.kept.seconds_per_megapixel.get(&kind(device, recipe))?;
        Some(OVERHEAD + rate * megapixels)
    }

    /// Seconds that a photo would take of which nobody knows yet what Auto will choose: as the slowest measured so far.
    pub(crate) fn estimate_unknown(&self, device: &str, megapixels: f64) -> Option<f64> {
        let of_device = |(key, rate): (&String, &f64)| key.starts_with(&format!("{device}|")).then_some(*rate);
        let rate = self.kept.seconds_per_megapixel.iter().filter_map(of_device).reduce(f64::max)?;
        Some(OVERHEAD + rate * megapixels)
    }

    /// Notes how long a job took. Large photos say more than small ones.
    pub(crate) fn learn(&mut self, device: &str, recipe: &Recipe, megapixels: f64, seconds: f64) {
        if !(megapixels > 0.0 && seconds > 0.0) {
            return;
        }
        let rate = ((seconds - OVERHEAD) / megapixels).max(1e-4);
        let weight = 0.2 + 0.4 * (megapixels / 8.0).min(1.0);
        let known = self.kept.seconds_per_megapixel.entry(kind(device, recipe)).or_insert(rate);
        *known += weight * (rate - *known);
        small_files::write(&self.path, &self.kept);
    }
}

/// What decides how long a megapixel takes: the device, and the models that run. Strengths do not, but 0 does.
fn kind(device: &str, recipe: &Recipe) -> String {
    let mut text = format!("{device}|");
    for step in &recipe.steps {
        let (name, model) = match step {
            Step::Restore { denoise, detail, model } if *denoise > 0.0 || *detail > 0.0 => {
                ("restore".to_owned(), model)
            }
            Step::Tone { strength, model } if *strength > 0.0 => ("tone".to_owned(), model),
            Step::Upscale { scale, strength, model } => {
                (format!("upscale{scale}{}", if *strength > 0.0 { "" } else { "plain" }), model)
            }
            _ => continue,
        };
        text.push_str(&name);
        if let Some(model) = model {
            text.push('=');
            text.push_str(model);
        }
        text.push('+');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(strength: f32) -> Recipe {
        Recipe::new(vec![Step::Tone { strength, model: None }])
    }

    #[test]
    fn nothing_is_guessed_before_it_was_measured() {
        let folder = tempfile::tempdir().unwrap();
        let mut speeds = Speeds::remembered(folder.path());
        assert_eq!(speeds.estimate("cpu", &tone(1.0), 10.0), None);
        speeds.learn("cpu", &tone(1.0), 10.0, 20.15);
        assert!((speeds.estimate("cpu", &tone(0.5), 5.0).unwrap() - 10.15).abs() < 1e-6);
        assert_eq!(speeds.estimate("webgpu", &tone(1.0), 10.0), None);
        assert_eq!(speeds.estimate("cpu", &tone(0.0), 10.0), None);
        assert!(speeds.estimate_unknown("cpu", 1.0).is_some());
    }

    #[test]
    fn measurements_are_remembered_and_converge() {
        let folder = tempfile::tempdir().unwrap();
        let mut speeds = Speeds::remembered(folder.path());
        speeds.learn("cpu", &tone(1.0), 10.0, 100.0);
        for _ in 0..20 {
            speeds.learn("cpu", &tone(1.0), 10.0, 10.15);
        }
        let again = Speeds::remembered(folder.path());
        assert!((again.estimate("cpu", &tone(1.0), 10.0).unwrap() - 10.15).abs() < 0.05);
    }

    #[test]
    fn a_spoilt_file_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        for text in [
            "",
            "{",
            r#"{"version":1,"seconds_per_megapixel":{"cpu|tone+":-3}}"#,
            r#"{"version":9,"seconds_per_megapixel":{"cpu|tone+":3}}"#,
        ] {
            std::fs::write(folder.path().join("speeds.json"), text).unwrap();
            assert_eq!(Speeds::remembered(folder.path()).estimate("cpu", &tone(1.0), 1.0), None, "{text}");
        }
    }
}
