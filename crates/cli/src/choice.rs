//! From what was typed to a recipe: a fixed one, or Auto's for each photo, with single settings changed.

use pretty_contract::preset::presets;
use pretty_contract::recipe::{Recipe, Step};
use pretty_engine::{Manifest, Task, read_recipe};

use crate::arguments::Wish;

/// Where recipes come from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Choice {
    /// Auto looks at each photo.
    Auto,
    /// The same for every photo.
    Fixed(Recipe),
}

/// What was asked for; an error is a sentence.
pub(crate) fn choose(wish: &Wish, manifest: &Manifest) -> Result<Choice, String> {
    if let Some(path) = &wish.recipe {
        return read(path).map(Choice::Fixed);
    }
    if let Some(id) = &wish.only {
        return only(id, manifest).map(Choice::Fixed);
    }
    match wish.preset.as_deref() {
        None | Some("auto") => Ok(Choice::Auto),
        Some(name) => preset(name).map(Choice::Fixed),
    }
}

/// A preset by its id.
pub(crate) fn preset(name: &str) -> Result<Recipe, String> {
    let all = presets();
    let known = all.iter().map(|preset| preset.id.as_str()).collect::<Vec<_>>().join(", ");
    let found = all.into_iter().find(|preset| preset.id == name).map(|preset| preset.recipe);
    found.ok_or_else(|| format!("There is no preset called \"{name}\"; there is auto, {known}."))
}

fn read(path: &std::path::Path) -> Result<Recipe, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("The recipe {} cannot be read ({error}). Check the name.", path.display()))?;
    read_recipe(&text).map_err(|error| format!("{}: {error} `pretty recipe` prints one to start from.", path.display()))
}

fn only(id: &str, manifest: &Manifest) -> Result<Recipe, String> {
    let Some(model) = manifest.models.iter().find(|model| model.id == id) else {
        let known = manifest.models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>().join(", ");
        return Err(format!("There is no model called \"{id}\"; there is {known}."));
    };
    let model_id = Some(model.id.clone());
    let step = match model.task {
        Task::Upscale => Step::Upscale { scale: model.scale, strength: 1.0, model: model_id },
        Task::Restore => Step::Restore { denoise: 1.0, detail: 1.0, model: model_id },
        Task::Tone => Step::Tone { strength: 1.0, model: model_id },
    };
    Ok(Recipe::new(vec![step]))
}

/// The recipe with the single settings that were typed.
pub(crate) fn adjusted(mut recipe: Recipe, wish: &Wish, manifest: &Manifest) -> Recipe {
    if wish.denoise.is_some() || wish.detail.is_some() {
        set_restore(&mut recipe.steps, wish);
    }
    if let Some(wanted) = wish.tone {
        set_tone(&mut recipe.steps, wanted);
    }
    if wish.straighten.is_some() || wish.crop.is_some() {
        let (degrees, part) = recipe.framing();
        recipe = recipe.framed(wish.straighten.unwrap_or(degrees), wish.crop.unwrap_or(part));
    }
    if let Some(wanted) = wish.upscale {
        set_scale(&mut recipe.steps, wanted, manifest);
    }
    if let Some(factor) = wish.strength {
        recipe.steps.iter_mut().for_each(|step| multiply(step, factor));
    }
    recipe
}

fn set_restore(steps: &mut Vec<Step>, wish: &Wish) {
    let mut found = false;
    for step in steps.iter_mut() {
        if let Step::Restore { denoise, detail, .. } = step {
            *denoise = wish.denoise.unwrap_or(*denoise);
            *detail = wish.detail.unwrap_or(*detail);
            found = true;
        }
    }
    if !found {
        // Noise goes before anything that would brighten or enlarge it.
        let (denoise, detail) = (wish.denoise.unwrap_or(0.0), wish.detail.unwrap_or(0.0));
        let first = steps.iter().take_while(|step| matches!(step, Step::Crop { .. })).count();
        steps.insert(first, Step::Restore { denoise, detail, model: None });
    }
}

fn set_tone(steps: &mut Vec<Step>, wanted: f32) {
    let mut found = false;
    for step in steps.iter_mut() {
        if let Step::Tone { strength, .. } = step {
            *strength = wanted;
            found = true;
        }
    }
    if !found {
        let before_enlarging =
            steps.iter().position(|step| matches!(step, Step::Upscale { .. })).unwrap_or(steps.len());
        steps.insert(before_enlarging, Step::Tone { strength: wanted, model: None });
    }
}

fn set_scale(steps: &mut Vec<Step>, wanted: u32, manifest: &Manifest) {
    let first = steps.iter().find_map(|step| match step {
        Step::Upscale { strength, model, .. } => Some((*strength, model.clone())),
        _ => None,
    });
    let (strength, model) = first.unwrap_or((1.0, None));
    // A model without a sibling of that scale stays, and the engine says that it is made for another.
    let model = model.map(|id| manifest.sibling(&id, wanted).map_or(id, |sibling| sibling.id.clone()));
    steps.retain(|step| !matches!(step, Step::Upscale { .. }));
    if wanted > 1 {
        steps.push(Step::Upscale { scale: wanted, strength, model });
    }
}

fn multiply(step: &mut Step, factor: f32) {
    match step {
        // How a photo is framed has no strength.
        Step::Crop { .. } => {}
        Step::Restore { denoise, detail, .. } => {
            *denoise *= factor;
            *detail *= factor;
        }
        Step::Tone { strength, .. } | Step::Upscale { strength, .. } => *strength *= factor,
    }
}

#[cfg(test)]
mod tests {
    use pretty_contract::service::critique::PhotoRegion;

    use super::*;

    fn restore(denoise: f32, detail: f32) -> Step {
        Step::Restore { denoise, detail, model: None }
    }
    fn tone(strength: f32) -> Step {
        Step::Tone { strength, model: None }
    }
    fn enlarge(scale: u32, strength: f32) -> Step {
        Step::Upscale { scale, strength, model: None }
    }

    fn manifest() -> Manifest {
        Manifest::read(&pretty_engine::locate::models_folder(None)).unwrap()
    }

    fn check(wish: Wish, steps: Vec<Step>, expected: Vec<Step>) {
        assert_eq!(adjusted(Recipe::new(steps), &wish, &manifest()).steps, expected, "{wish:?}");
    }

    #[test]
    fn single_settings_change_what_was_chosen() {
        let chosen = || vec![restore(0.4, 0.2), tone(0.8)];
        check(Wish::default(), chosen(), chosen());
        check(Wish { denoise: Some(1.0), ..Wish::default() }, chosen(), vec![restore(1.0, 0.2), tone(0.8)]);
        check(Wish { detail: Some(0.5), ..Wish::default() }, vec![tone(0.8)], vec![restore(0.0, 0.5), tone(0.8)]);
        check(Wish { tone: Some(0.1), ..Wish::default() }, vec![enlarge(2, 1.0)], vec![tone(0.1), enlarge(2, 1.0)]);
        check(Wish { upscale: Some(4), ..Wish::default() }, vec![enlarge(2, 0.7)], vec![enlarge(4, 0.7)]);
        check(Wish { upscale: Some(1), ..Wish::default() }, vec![tone(1.0), enlarge(2, 1.0)], vec![tone(1.0)]);
        check(
            Wish { upscale: Some(2), ..Wish::default() },
            chosen(),
            vec![restore(0.4, 0.2), tone(0.8), enlarge(2, 1.0)],
        );
        let crop = |degrees, width| Step::Crop { degrees, x: 0.0, y: 0.0, width, height: 1.0 };
        let part = Some(PhotoRegion { x: 0.0, y: 0.0, width: 0.5, height: 1.0 });
        check(Wish { straighten: Some(-2.0), ..Wish::default() }, vec![tone(0.8)], vec![crop(-2.0, 1.0), tone(0.8)]);
        check(Wish { crop: part, ..Wish::default() }, vec![crop(3.0, 0.9), tone(1.0)], vec![crop(3.0, 0.5), tone(1.0)]);
        check(
            Wish { denoise: Some(0.5), ..Wish::default() },
            vec![crop(3.0, 0.9)],
            vec![crop(3.0, 0.9), restore(0.5, 0.0)],
        );
        check(Wish { strength: Some(0.5), ..Wish::default() }, chosen(), vec![restore(0.2, 0.1), tone(0.4)]);
        check(Wish { strength: Some(0.0), ..Wish::default() }, chosen(), vec![restore(0.0, 0.0), tone(0.0)]);
    }

    #[test]
    fn another_scale_keeps_the_kind_of_model() {
        let wish = |scale| Wish { upscale: Some(scale), ..Wish::default() };
        let by = |scale, model: &str| vec![Step::Upscale { scale, strength: 0.8, model: Some(model.into()) }];
        check(wish(4), by(2, "photo-2x"), by(4, "photo-4x"));
        check(wish(2), by(2, "photo-2x"), by(2, "photo-2x"));
        check(wish(1), by(2, "photo-2x"), vec![]);
        check(wish(4), by(2, "upscale-2x-fast"), by(4, "upscale-4x-fast"));
        // One without a sibling is left for the engine to refuse.
        check(wish(4), by(2, "mine"), by(4, "mine"));
        let rescue = preset("rescue-2x").unwrap();
        assert_eq!(adjusted(rescue, &wish(4), &manifest()), preset("rescue-4x").unwrap());
    }

    #[test]
    fn unknown_presets_and_broken_recipes_are_named() {
        assert!(preset("enlarge-2x").is_ok());
        let message = preset("sparkle").unwrap_err();
        assert!(message.contains("sparkle") && message.contains("clean-up-noise"), "{message}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.json");
        let fault = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read(&path).unwrap_err()
        };
        for (text, hint) in [
            (r#"{"version":1,"steps":[{"step":"sparkle"}]}"#, "unknown variant `sparkle`"),
            (r#"{"version":1,"steps":[{"step":"tone","strength":1,"colour":2}]}"#, "unknown field `colour`"),
            (r#"{"version":1}"#, "missing field `steps`"),
            ("", "EOF"),
        ] {
            let message = fault(text);
            assert!(message.contains(hint) && message.contains("mine.json"), "{message}");
        }
    }
}
