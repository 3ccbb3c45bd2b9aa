//! Known answers: a device runs reference tiles through every bundled picture model, and its answers must be the processor's.
//!
//! All of it happens on a thread of its own under a time limit, because drivers hang. A thread that does not come back is left behind; its device
//! is refused for as long as the program runs.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use pretty_contract::device::Trust;

use super::{ReferenceModels, Slot, sentence};
use crate::cancel::Cancel;
use crate::manifest::Task;
use crate::model::ModelFile;
use crate::provider::{ModelSession, OpenError, Provider, RunError, TensorView};

/// Side of the reference tiles. Small: a card's first run of a model compiles for seconds, whatever the size.
const SIDE: usize = 64;
/// Side of the tile that speed is measured on, when the device is fast enough for it.
const SPEED_SIDE: usize = 512;
/// Seconds that measuring speed may take; beyond that the reference tile's own time has to do.
const SPEED_LIMIT: f64 = 10.0;
/// Largest and mean difference that are allowed, in steps of 1/255.
const LARGEST: f32 = 2.0;
const MEAN: f32 = 0.1;

/// What it takes to verify a device.
#[derive(Clone)]
pub(crate) struct Verification {
    pub(crate) models: ReferenceModels,
    pub(crate) limit: Duration,
    pub(crate) stopwatch: fn() -> Duration,
}

impl Verification {
    /// Compares a device with the processor, and measures its speed.
    pub(super) fn run(&self, processor: &Arc<dyn Provider>, slot: &Slot) -> Trust {
        let (sender, receiver) = mpsc::channel();
        let (this, processor, device, same) = (self.clone(), processor.clone(), slot.provider.clone(), slot.processor);
        let cancel = Cancel::default();
        let inner = cancel.clone();
        let checking = move || {
            let _ = sender.send(this.compare(&processor, &device, same, &inner));
        };
        if let Err(error) = std::thread::Builder::new().name(format!("check-{}", slot.provider.id())).spawn(checking) {
            return Trust::Refused { reason: format!("It could not be checked ({error}).") };
        }
        let answer = match receiver.recv_timeout(self.limit) {
            Ok(answer) => answer,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                cancel.cancel();
                Err(format!("it did not finish its check within {} seconds", self.limit.as_secs()))
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => Err("its check broke off".into()),
        };
        answer.unwrap_or_else(|reason| Trust::Refused { reason: sentence(&reason) })
    }

    fn compare(
        &self,
        processor: &Arc<dyn Provider>,
        device: &Arc<dyn Provider>,
        same: bool,
        cancel: &Cancel,
    ) -> Result<Trust, String> {
        let mut max_error = 0.0f32;
        let mut pace = None;
        for model in &self.models {
            let mut session = open(device, model)?;
            let (answer, seconds) = self.answer(session.as_mut(), model, SIDE, cancel)?;
            if !same {
                let (known, _) = self.answer(open(processor, model)?.as_mut(), model, SIDE, cancel)?;
                max_error = max_error.max(difference(&model.entry.name, &known, &answer)?);
            }
            if pace.is_none() || model.entry.task == Task::Restore {
                pace = Some(self.pace(session.as_mut(), model, seconds, cancel)?);
            }
        }
        let seconds_per_megapixel = pace.ok_or("there is no model to check it with")?;
        Ok(Trust::Verified { max_error, seconds_per_megapixel })
    }

    /// Seconds a megapixel, on a tile of the size that is used where that does not take for ever.
    fn pace(
        &self,
        session: &mut dyn ModelSession,
        model: &ModelFile,
        small: f64,
        cancel: &Cancel,
    ) -> Result<f32, String> {
        let ratio = ((SPEED_SIDE * SPEED_SIDE) / (SIDE * SIDE)) as f64;
        let (side, seconds) = if small * ratio > SPEED_LIMIT {
            (SIDE, small)
        } else {
            (SPEED_SIDE, self.answer(session, model, SPEED_SIDE, cancel)?.1)
        };
        Ok((seconds * 1e6 / (side * side) as f64) as f32)
    }

    /// The model's answer to the reference tile, and how long it took the second time.
    fn answer(
        &self,
        session: &mut dyn ModelSession,
        model: &ModelFile,
        side: usize,
        cancel: &Cancel,
    ) -> Result<(Vec<f32>, f64), String> {
        let side = side.next_multiple_of(model.entry.stride as usize);
        let tile = reference_tile(side);
        let input = [TensorView { shape: vec![1, 3, side, side], values: &tile }];
        let mut answer = Vec::new();
        let mut seconds = 0.0;
        for _ in 0..2 {
            let began = (self.stopwatch)();
            let ran = session.run(&input, cancel, &mut |outputs| {
                answer = outputs.first().map(|output| output.values.to_vec()).unwrap_or_default()
            });
            seconds = (self.stopwatch)().saturating_sub(began).as_secs_f64();
            ran.map_err(|error| match error {
                RunError::Cancelled => "its check was stopped".to_owned(),
                RunError::OutOfMemory(reason) => format!("it has not enough memory ({reason})"),
                RunError::Failed(reason) => format!("it failed to run the model {} ({reason})", model.entry.name),
            })?;
        }
        Ok((answer, seconds))
    }
}

fn open(provider: &Arc<dyn Provider>, model: &Arc<ModelFile>) -> Result<Box<dyn ModelSession>, String> {
    provider.open(model, 1).map_err(|error| match error {
        OpenError::Unfit(reason) => format!("the model {} cannot be used: {reason}", model.entry.name),
        OpenError::Device(reason) => format!("it could not be started ({})", first_line(&reason)),
    })
}

fn first_line(text: &str) -> &str {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or(text)
}

/// Largest difference in steps of 1/255, or how the answers differ.
fn difference(model: &str, known: &[f32], answer: &[f32]) -> Result<f32, String> {
    if known.len() != answer.len() {
        return Err(format!("its answer for the model {model} has the wrong size"));
    }
    if answer.iter().any(|value| !value.is_finite()) {
        return Err(format!("its answer for the model {model} holds values that are no numbers"));
    }
    let steps = || known.iter().zip(answer).map(|(known, answer)| (known - answer).abs() * 255.0);
    let largest = steps().fold(0.0, f32::max);
    let mean = (steps().map(f64::from).sum::<f64>() / known.len().max(1) as f64) as f32;
    if largest > LARGEST || mean > MEAN {
        return Err(format!(
            "its answers for the model {model} differ from the processor's by up to {largest:.1} of 255"
        ));
    }
    Ok(largest)
}

/// Gradients, edges and noise in all channels, the same on every machine.
fn reference_tile(side: usize) -> Vec<f32> {
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let mut noise = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 40) as f32 / 16_777_216.0
    };
    let mut tile = Vec::with_capacity(3 * side * side);
    for channel in 0..3 {
        for y in 0..side {
            for x in 0..side {
                let ramp = if channel == 1 { y } else { x } as f32 / side as f32;
                let edge = if (x / 9 + y / 13 + channel) % 2 == 0 { 0.25 } else { 0.0 };
                tile.push((0.1 + 0.5 * ramp + edge + 0.15 * noise()).clamp(0.0, 1.0));
            }
        }
    }
    tile
}
