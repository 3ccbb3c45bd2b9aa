//! A model's first run, on the processor: does it give what the manifest promises, and how much memory does it take?

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
        let mut found = Vec::new();
        let ran = session.run(
            &[TensorView { shape: vec![1, 3, side, side], values: &grey }],
            &Cancel::default(),
            &mut |outputs| {
                found = outputs.first().map(|output| output.shape.clone()).unwrap_or_default();
            },
        );
        ran.map_err(|error| match error {
            RunError::Cancelled => EngineError::Cancelled,
            RunError::OutOfMemory(reason) | RunError::Failed(reason) => {
                model.unfit(format!("it does not run: {reason}"))
            }
        })?;
        if found != wanted {
            return Err(model
                .unfit(format!("for a tile of {side} × {side} its output is {found:?}, and {wanted:?} is expected.")));
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
