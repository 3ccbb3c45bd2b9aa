//! Automatic light and colour: what the model is told about a photo (`statistics`), and its advice as a lookup table (`lut`).

pub(crate) mod lut;
pub(crate) mod reduced;
pub(crate) mod statistics;

use crate::cancel::Cancel;
use crate::provider::{ModelSession, RunError, TensorView};
use lut::{Advice, ToneLut};
use statistics::ToneInputs;

/// Asks the model about a photo and bakes its advice.
pub(crate) fn advise(
    session: &mut dyn ModelSession,
    inputs: &ToneInputs,
    cancel: &Cancel,
) -> Result<ToneLut, RunError> {
    let given = [
        TensorView { shape: vec![1, 3, 64, 64], values: &inputs.thumbnail },
        TensorView { shape: vec![1, statistics::STATISTICS], values: &inputs.statistics },
    ];
    let mut advice = None;
    session.run(&given, cancel, &mut |outputs| {
        if let [curves, matrix] = outputs {
            advice = Advice::new(curves.values, matrix.values);
        }
    })?;
    advice
        .map(|advice| ToneLut::bake(&advice))
        .ok_or_else(|| RunError::Failed("its curves or its matrix make no sense".into()))
}

#[cfg(test)]
mod tests;
