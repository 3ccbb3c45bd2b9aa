//! A model's first run, on the processor, when the runtime itself finds that it gives what the manifest promises: does it, and how much memory does it
//! take?

use std::sync::Arc;

use crate::cancel::Cancel;
use crate::error::EngineError;
use crate::manifest::Task;
use crate::model::ModelFile;
use crate::provider::{OpenError, Provider, RunError, TensorView};

/// Side of the tiles that a model is tried on: the second is large enough that the work's memory stands out from fixed costs.
const SIDES: [usize; 2] = [32, 192];
/// Bytes a pixel where the runtime does not count: the widest of the bundled models, doubled.
const ASSUMED: f64 = 1200.0;

/// Runs a model on small tiles of two sizes; gives back the bytes it works with per pixel of its input.
pub(crate) fn accept(model: &Arc<ModelFile>, processor: &dyn Provider) -> Result<f64, EngineError> {
    let mut session = processor.open(model, 1).map_err(|error| match error {
        OpenError::Unfit(reason) | OpenError::Device(reason) => model.unfit(reason),
    })?;
    let planes = match model.entry.task {
        Task::Tone => return Ok(0.0),
        Task::Restore => 6,
        Task::Upscale => 3,
    };
    let mut measured = Vec::new();
    for side in SIDES {
        let side = side.next_multiple_of(model.entry.stride as usize);
        let grey = vec![0.5f32; 3 * side * side];
        let wanted = vec![1, planes, side * model.entry.scale as usize, side * model.entry.scale as usize];
        let differs = |found: &[usize]| {
            let tile = format!("for a tile of {side} × {side}");
            model.unfit(format!("{tile} its output is {found:?}, and {wanted:?} is expected."))
        };
        let failed = |error| match error {
            RunError::Cancelled => EngineError::Cancelled,
            RunError::OutOfMemory(reason) | RunError::Failed(reason) => {
                model.unfit(format!("it does not run: {reason}"))
            }
        };
        // What is known to be wrong is not run.
        if let Some(known) = session.output_shape(side, side).map_err(failed)?
            && known != wanted
        {
            return Err(differs(&known));
        }
        let mut found = Vec::new();
        let input = [TensorView { shape: vec![1, 3, side, side], values: &grey }];
        let ran = session.run(&input, &Cancel::default(), &mut |outputs| {
            found = outputs.first().map(|output| output.shape.clone()).unwrap_or_default();
        });
        ran.map_err(failed)?;
        if found != wanted {
            return Err(differs(&found));
        }
        measured.push((session.working_memory(), (side * side) as f64));
    }
    match measured.as_slice() {
        [(Some(small), small_area), (Some(large), large_area)] if large > small => {
            // The allocator counts whole chunks, of which not all is ever touched: already on the safe side.
            Ok((*large - *small) as f64 / (large_area - small_area))
        }
        _ => Ok(ASSUMED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ModelFile;
    use crate::testing::{self, Misbehaviour};
    use pretty_testkit::models::ModelsFolder;

    /// An output of another size is seen in what the runtime works out: the model is never run.
    #[test]
    fn a_model_of_another_scale_is_refused_without_a_run() {
        let mut entries = pretty_testkit::models::small_entries();
        entries[2].bytes = pretty_testkit::nets::upscaler(3, 1);
        let folder = ModelsFolder::of(&entries);
        let engine = testing::open(folder.path());
        let entry = engine.manifest().model("upscale-2x").unwrap();
        let model = Arc::new(ModelFile::read(engine.manifest(), entry).unwrap());
        let inner = engine.shared().devices.processor().provider.clone();
        let watched = testing::faulty(inner, "cpu", Misbehaviour::Fails, 0, usize::MAX);
        let runs = watched.runs.clone();
        let error = accept(&model, &watched).unwrap_err().to_string();
        assert!(error.contains("its output is [1, 3, 96, 96], and [1, 3, 64, 64] is expected"), "{error}");
        assert_eq!(runs.load(std::sync::atomic::Ordering::SeqCst), 0);
        // The same provider is asked to run what is right, and fails.
        let right = engine.shared().manifest.model("upscale-4x").unwrap();
        let right = Arc::new(ModelFile::read(engine.manifest(), right).unwrap());
        assert!(accept(&right, &watched).unwrap_err().to_string().contains("it does not run"));
    }
}
