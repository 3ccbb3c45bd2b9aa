//! For the benchmark and for tests from outside: the bare model without anything around it, whose time is the limit that the engine is held to and
//! whose numbers are the ones that a result must hold.

use std::time::Duration;

use crate::cancel::Cancel;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::provider::TensorView;

impl Engine {
    /// Runs a picture model on the processor, on one tile of `side` × `side`, `rounds` times after a first that does not count. Gives back what
    /// `stopwatch` said of each round.
    ///
    /// # Errors
    /// The model is missing, refused or fails.
    #[doc(hidden)]
    pub fn bare_runs(
        &self,
        model: &str,
        side: usize,
        rounds: usize,
        stopwatch: fn() -> Duration,
    ) -> Result<Vec<Duration>, EngineError> {
        let shared = self.shared();
        let file = shared.model(model)?;
        let failed = |error: String| file.unfit(error);
        let mut session =
            shared.devices.processor().provider.open(&file, 1).map_err(|error| failed(format!("{error:?}")))?;
        let tile: Vec<f32> = (0..3 * side * side).map(|index| (index * 7919 % 1009) as f32 / 1009.0).collect();
        let input = [TensorView { shape: vec![1, 3, side, side], values: &tile }];
        let mut times = Vec::with_capacity(rounds);
        for round in 0..=rounds {
            let began = stopwatch();
            session.run(&input, &Cancel::default(), &mut |_| {}).map_err(|error| failed(format!("{error:?}")))?;
            if round > 0 {
                times.push(stopwatch().saturating_sub(began));
            }
        }
        Ok(times)
    }

    /// What an upscaler answers to three planes of `width` × `height` values, on the processor and in one piece.
    ///
    /// # Errors
    /// The model is missing, refused or fails.
    #[doc(hidden)]
    pub fn bare_answer(
        &self,
        model: &str,
        planes: &[f32],
        (width, height): (usize, usize),
    ) -> Result<Vec<f32>, EngineError> {
        let shared = self.shared();
        let file = shared.model(model)?;
        let failed = |error: String| file.unfit(error);
        let mut session =
            shared.devices.processor().provider.open(&file, 1).map_err(|error| failed(format!("{error:?}")))?;
        let mut answer = Vec::new();
        let input = [TensorView { shape: vec![1, 3, height, width], values: planes }];
        let mut take = |outputs: &[TensorView<'_>]| {
            answer = outputs.first().map(|output| output.values.to_vec()).unwrap_or_default();
        };
        session.run(&input, &Cancel::default(), &mut take).map_err(|error| failed(format!("{error:?}")))?;
        Ok(answer)
    }
}
