//! Automatic light and colour: what the model is told about a photo (`statistics`), its advice as a lookup table (`lut`), and whether that is plausible
//! (`check`).

mod check;
pub(crate) mod lut;
pub(crate) mod reduced;
pub(crate) mod statistics;

use crate::cancel::Cancel;
use crate::provider::{ModelSession, RunError, TensorView};
use lut::{Advice, ToneLut};
use statistics::ToneInputs;

/// Asks the model about a photo and bakes its advice, when it is plausible. A picture of one colour has no light that could be put right, and stays.
pub(crate) fn advise(
    session: &mut dyn ModelSession,
    inputs: &ToneInputs,
    cancel: &Cancel,
) -> Result<ToneLut, RunError> {
    if check::is_one_colour(&inputs.thumbnail) {
        return Ok(ToneLut::bake(&Advice::none()));
    }
    let given = [
        TensorView { shape: vec![1, 3, 64, 64], values: &inputs.thumbnail },
        TensorView { shape: vec![1, statistics::STATISTICS], values: &inputs.statistics },
    ];
    let mut advice = Err("it gave no advice");
    session.run(&given, cancel, &mut |outputs| {
        if let [curves, matrix] = outputs {
            advice = Advice::new(curves.values, matrix.values);
        }
    })?;
    let refused = |reason: String| RunError::Failed(format!("{reason}. Leave light and colour out for this photo."));
    let lut = ToneLut::bake(&advice.map_err(|reason| refused(reason.into()))?);
    check::plausible(&lut, &inputs.thumbnail).map_err(refused)?;
    Ok(lut)
}

#[cfg(test)]
mod tests;
