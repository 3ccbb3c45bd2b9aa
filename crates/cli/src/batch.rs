//! `pretty enhance`: one photo after the other (the engine uses the whole machine for each), an answer for each.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::Instant;

use pretty_contract::problem::{Code, Problem};
use pretty_contract::recipe::Recipe;
use pretty_engine::{Cancel, Engine, EnhanceRequest, Outcome, Target};
use pretty_photo::Limits;
use pretty_photo::save::Kept;

use crate::arguments::Enhance;
use crate::choice::{Choice, adjusted, choose};
use crate::exit::End;
use crate::progress::Bars;
use crate::telling::{Answer, Telling, refusal};
use crate::{opening, photos, target};

/// Enhances everything that was typed.
pub(crate) fn enhance(wanted: &Enhance) -> End {
    match prepare(wanted) {
        Ok(batch) => batch.run(wanted),
        Err((end, problem)) => {
            refusal(wanted.json, &problem);
            end
        }
    }
}

/// What is known before the first photo is touched.
struct Batch {
    engine: Engine,
    choice: Choice,
    device: Option<String>,
    target: Target,
    found: photos::Found,
    limits: Limits,
    /// All photos, and the results so far.
    kept: Kept,
}

fn prepare(wanted: &Enhance) -> Result<Batch, (End, Problem)> {
    let usage =
        |message: String| (End::Usage, Problem { code: Code::BadRequest, message, retryable: false, detail: None });
    let meaning = target::meaning(wanted.out.as_deref()).map_err(usage)?;
    let engine = opening::engine().map_err(|problem| (End::NothingRuns, problem))?;
    let choice = recipe_choice(wanted, &engine)?;
    let device = opening::device(&engine, &wanted.device).map_err(|problem| (End::NothingRuns, problem))?;
    let limits = Limits::default();
    let results = match &meaning {
        target::Meaning::Folder(folder) => Some(folder.as_path()),
        _ => None,
    };
    let found = photos::find(&wanted.photos, results, &limits);
    let place = target::place(meaning, found.photos.len()).map_err(|problem| {
        let end = if problem.code == Code::BadRequest { End::Usage } else { End::NothingRuns };
        (end, problem)
    })?;
    let target = Target {
        place,
        format: wanted.format.map(Into::into),
        quality: wanted.quality,
        collision: wanted.if_exists.into(),
    };
    let kept = Kept::of(found.photos.iter().cloned());
    Ok(Batch { engine, choice, device, target, found, limits, kept })
}

/// The recipe, tried on the engine before any photo is.
fn recipe_choice(wanted: &Enhance, engine: &Engine) -> Result<Choice, (End, Problem)> {
    let invalid =
        |message: String| (End::Usage, Problem { code: Code::RecipeInvalid, message, retryable: false, detail: None });
    let mut choice = choose(&wanted.wish, engine.manifest()).map_err(invalid)?;
    if let Choice::Fixed(recipe) = &mut choice {
        *recipe = adjusted(recipe.clone(), &wanted.wish, engine.manifest());
        engine.plan(recipe).map_err(|error| match &wanted.wish.recipe {
            Some(path) => invalid(format!("{}: {error}", path.display())),
            None => (End::Usage, error.problem()),
        })?;
    }
    Ok(choice)
}

/// How many came to which end.
#[derive(Default)]
struct Count {
    saved: usize,
    skipped: usize,
    failed: usize,
}

impl Batch {
    fn run(&self, wanted: &Enhance) -> End {
        let cancel = Cancel::default();
        stop_on_interrupt(&cancel);
        let telling = if wanted.json { Telling::Json } else { Telling::People(Bars::new(self.found.photos.len())) };
        let mut count = Count::default();
        for (path, problem) in &self.found.problems {
            count.failed += 1;
            telling.answer(path, 0.0, &Answer::Failed(problem));
        }
        for (index, photo) in self.found.photos.iter().enumerate() {
            if cancel.is_cancelled() {
                break;
            }
            let start = Instant::now();
            if let Telling::People(bars) = &telling {
                bars.start(photo);
            }
            let outcome = self.one(photo, index, wanted, &telling, &cancel);
            let seconds = start.elapsed().as_secs_f32();
            match outcome {
                Ok(Outcome::Saved(saved)) => {
                    count.saved += 1;
                    telling.answer(photo, seconds, &Answer::Saved(&saved));
                }
                Ok(Outcome::Skipped { path }) => {
                    count.skipped += 1;
                    telling.answer(photo, seconds, &Answer::Skipped(&path));
                }
                Err(problem) if problem.code == Code::Cancelled => break,
                Err(problem) => {
                    count.failed += 1;
                    telling.answer(photo, seconds, &Answer::Failed(&problem));
                }
            }
        }
        self.close(&telling, &count, &cancel)
    }

    /// One photo. A fault in the program becomes that photo's answer: the others still get theirs.
    fn one(
        &self,
        photo: &Path,
        index: usize,
        wanted: &Enhance,
        telling: &Telling,
        cancel: &Cancel,
    ) -> Result<Outcome, Problem> {
        let attempt = || -> Result<Outcome, Problem> {
            let request = |recipe: &Recipe| EnhanceRequest {
                photo: photo.to_path_buf(),
                recipe: recipe.clone(),
                target: self.target.clone(),
                device: self.device.clone(),
                limits: self.limits,
                kept: self.kept.clone(),
            };
            let reporter = |fraction: f32| {
                if let Telling::People(bars) = telling {
                    bars.progress(index, fraction);
                }
            };
            let outcome = match &self.choice {
                Choice::Fixed(recipe) => self.engine.enhance(&request(recipe), &reporter, cancel),
                Choice::Auto => {
                    let adjust = |recipe| adjusted(recipe, &wanted.wish, self.engine.manifest());
                    self.engine.enhance_by_auto(&request(&Recipe::new(Vec::new())), &adjust, &reporter, cancel)
                }
            };
            outcome.map_err(|error| error.problem())
        };
        std::panic::catch_unwind(AssertUnwindSafe(attempt)).unwrap_or_else(|_| {
            Err(Problem {
                code: Code::Internal,
                message: format!(
                    "Something went wrong inside the program with {}. The photo is untouched.",
                    photo.display()
                ),
                retryable: false,
                detail: None,
            })
        })
    }

    fn close(&self, telling: &Telling, count: &Count, cancel: &Cancel) -> End {
        if let Telling::People(bars) = telling {
            bars.finish();
        }
        if cancel.is_cancelled() {
            telling.remark(&format!("Stopped. {} done before; nothing half-written is left.", plural(count.saved)));
            return End::Cancelled;
        }
        let mut parts = vec![format!("{} enhanced", plural(count.saved))];
        for (number, what) in [(count.skipped, "skipped"), (count.failed, "failed"), (self.found.twice, "named twice")]
        {
            if number > 0 {
                parts.push(format!("{number} {what}"));
            }
        }
        if self.found.passed_over > 0 {
            parts.push(format!("{} other files passed over", self.found.passed_over));
        }
        telling.remark(&format!("{}.", parts.join(", ")));
        if self.found.photos.is_empty() && self.found.problems.is_empty() {
            telling.remark("There is no photo in what was named.");
            return End::SomeFailed;
        }
        if count.failed > 0 { End::SomeFailed } else { End::AllDone }
    }
}

fn plural(photos: usize) -> String {
    if photos == 1 { "1 photo".to_owned() } else { format!("{photos} photos") }
}

/// The first Ctrl-C stops cleanly; a second one, when that takes too long, at once: what is half-written has no name yet.
fn stop_on_interrupt(cancel: &Cancel) {
    let cancel = cancel.clone();
    let handler = move || {
        if cancel.is_cancelled() {
            std::process::exit(i32::from(End::Cancelled.code()));
        }
        cancel.cancel();
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        crate::telling::err(&format!("Ctrl-C will stop at once instead of cleanly ({error})."));
    }
}
