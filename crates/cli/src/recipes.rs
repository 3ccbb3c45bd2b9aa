//! `pretty recipe`: recipes to start from.

use std::path::Path;

use pretty_contract::preset::presets;
use pretty_contract::recipe::{Recipe, Step};
use pretty_photo::Limits;

use crate::arguments::RecipeWanted;
use crate::choice::preset;
use crate::exit::End;
use crate::opening;
use crate::telling::{err, out, refusal};

/// Prints the recipe that was asked for.
pub(crate) fn show(wanted: &RecipeWanted) -> End {
    if wanted.list {
        out("auto               Auto (looks at each photo and chooses)");
        for preset in presets() {
            out(&format!("{:<18} {}", preset.id, preset.name));
        }
        return End::AllDone;
    }
    let recipe = match (&wanted.preset, &wanted.auto) {
        (Some(name), _) => preset(name).map_err(|sentence| {
            err(&sentence);
            End::Usage
        }),
        (None, Some(photo)) => of_auto(photo),
        (None, None) => Ok(example()),
    };
    match recipe.map(|recipe| serde_json::to_string_pretty(&recipe)) {
        Ok(Ok(text)) => {
            out(&text);
            End::AllDone
        }
        Ok(Err(error)) => {
            err(&error.to_string());
            End::SomeFailed
        }
        Err(end) => end,
    }
}

/// Every step there is, at strengths worth starting from.
fn example() -> Recipe {
    Recipe::new(vec![
        Step::Restore { denoise: 0.5, detail: 0.5, model: None },
        Step::Tone { strength: 0.8, model: None },
        Step::Upscale { scale: 2, strength: 1.0, model: None },
    ])
}

fn of_auto(photo: &Path) -> Result<Recipe, End> {
    let engine = opening::engine().map_err(|problem| {
        refusal(false, &problem);
        End::NothingRuns
    })?;
    let chosen = pretty_photo::decode(photo, &Limits::default())
        .map_err(|error| error.problem())
        .and_then(|decoded| engine.assess(&decoded).map_err(|error| error.problem()));
    chosen.map(|assessment| assessment.recipe).map_err(|problem| {
        refusal(false, &problem);
        End::SomeFailed
    })
}
