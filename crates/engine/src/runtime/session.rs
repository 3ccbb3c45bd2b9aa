//! One session: checked against what the manifest promises, run under a [`Cancel`].

use std::sync::Arc;

use ort::session::{NoSelectedOutputs, RunOptions, Session, SessionInputValue};
use ort::value::{Outlet, TensorElementType, TensorRef, ValueType};

use super::memory;
use crate::cancel::{Cancel, Interrupt};
use crate::model::{Dimension, ModelFile, Ports};
use crate::provider::{ModelSession, OpenError, RunError, TensorView};

pub(super) struct OrtSession {
    session: Session,
    outputs: Vec<&'static str>,
}

impl OrtSession {
    /// Refuses a session whose inputs and outputs are not those of the model's task.
    pub(super) fn new(session: Session, model: &ModelFile) -> Result<Self, OpenError> {
        let (inputs, outputs) = model.ports();
        check_ports("input", session.inputs(), &inputs).map_err(OpenError::Unfit)?;
        check_ports("output", session.outputs(), &outputs).map_err(OpenError::Unfit)?;
        Ok(Self { session, outputs: outputs.into_iter().map(|(name, _)| name).collect() })
    }
}

impl ModelSession for OrtSession {
    fn run(
        &mut self,
        inputs: &[TensorView<'_>],
        cancel: &Cancel,
        take: &mut dyn FnMut(&[TensorView<'_>]),
    ) -> Result<(), RunError> {
        let options = Arc::new(Options(RunOptions::new().map_err(failed)?));
        let values = inputs
            .iter()
            .map(|input| Ok(SessionInputValue::from(TensorRef::from_array_view((input.shape.clone(), input.values))?)))
            .collect::<ort::Result<Vec<_>>>()
            .map_err(failed)?;
        let registered = cancel.register(options.clone());
        if cancel.is_cancelled() {
            return Err(RunError::Cancelled);
        }
        let answer = self.session.run_with_options(values.as_slice(), &options.0);
        drop(registered);
        if cancel.is_cancelled() {
            return Err(RunError::Cancelled);
        }
        let answer = answer.map_err(failed)?;
        let mut views = Vec::with_capacity(self.outputs.len());
        for name in &self.outputs {
            let output = answer.get(name).ok_or_else(|| RunError::Failed(format!("the output {name} is missing")))?;
            let (shape, values) = output.try_extract_tensor::<f32>().map_err(failed)?;
            let shape = shape.iter().map(|&length| usize::try_from(length).unwrap_or(0)).collect();
            views.push(TensorView { shape, values });
        }
        take(&views);
        Ok(())
    }

    fn working_memory(&self) -> Option<u64> {
        memory::most_in_use(&self.session)
    }
}

struct Options(RunOptions<NoSelectedOutputs>);

impl Interrupt for Options {
    fn interrupt(&self) {
        if let Err(error) = self.0.terminate() {
            tracing::warn!(%error, "a running model could not be interrupted; it runs to the end of its tile");
        }
    }
}

/// Providers report memory in their own words; the codes do not tell it apart from other failures.
fn failed(error: ort::Error) -> RunError {
    let message = error.to_string();
    let lower = message.to_lowercase();
    let signs = [
        "failed to allocate",
        "bad_alloc",
        "bad allocation",
        "out of memory",
        "out-of-memory",
        "8007000e",
        "device memory",
    ];
    if signs.iter().any(|sign| lower.contains(sign)) {
        RunError::OutOfMemory(message)
    } else {
        RunError::Failed(message)
    }
}

fn check_ports(kind: &str, found: &[Outlet], wanted: &Ports) -> Result<(), String> {
    if found.len() != wanted.len() {
        return Err(format!("it has {} {kind}s, and {} are expected.", found.len(), wanted.len()));
    }
    for (outlet, (name, dimensions)) in found.iter().zip(wanted) {
        if outlet.name() != *name {
            return Err(format!("its {kind} is called \"{}\", and \"{name}\" is expected.", outlet.name()));
        }
        let ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } = outlet.dtype() else {
            return Err(format!("its {kind} \"{name}\" is not of 32-bit floating-point numbers."));
        };
        let fits = shape.len() == dimensions.len()
            && shape.iter().zip(dimensions).all(|(&length, &dimension)| match dimension {
                // A length that the file leaves open is checked by the first run.
                Dimension::Exactly(wanted) => length < 0 || usize::try_from(length) == Ok(wanted),
                Dimension::Free => length < 0,
            });
        if !fits {
            return Err(format!(
                "its {kind} \"{name}\" has the shape {:?}, and {} is expected.",
                &shape[..],
                describe(dimensions)
            ));
        }
    }
    Ok(())
}

fn describe(dimensions: &[Dimension]) -> String {
    let lengths: Vec<String> = dimensions
        .iter()
        .map(|dimension| match dimension {
            Dimension::Exactly(length) => length.to_string(),
            Dimension::Free => "any".into(),
        })
        .collect();
    format!("[{}]", lengths.join(", "))
}
