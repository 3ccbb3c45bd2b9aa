//! A model ready to run, and run under a [`Cancel`]. What it takes and gives was checked before it came here (`graph`).
//!
//! There is a session of the library for each size of tile. Told the size, it knows which results are as large as others: sums are added up in place,
//! which saves 6 to 10 % of the time and a third of the memory of our models on the processor. Making one takes some milliseconds.

use std::sync::Arc;

use ort::session::{NoSelectedOutputs, RunOptions, Session, SessionInputValue};
use ort::value::TensorRef;

use super::memory::Memory;
use crate::cancel::{Cancel, Interrupt};
use crate::model::{ModelFile, ports_of};
use crate::provider::{ModelSession, RunError, TensorView};

/// Sessions that are kept: tiles in the middle and at the borders of a photo have this many sizes between them.
const MOST_SESSIONS: usize = 4;

/// Pixels of what a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TileSize {
    pub(super) width: usize,
    pub(super) height: usize,
}

pub(super) struct OrtSession {
    /// The one that was used last comes last.
    sessions: Vec<(TileSize, Session)>,
    make: Box<dyn Fn(TileSize) -> ort::Result<Session> + Send>,
    outputs: Vec<&'static str>,
    memory: Memory,
    most: Option<u64>,
}

impl OrtSession {
    /// `make` makes a session for tiles of one size.
    pub(super) fn new(
        model: &ModelFile,
        memory: Memory,
        make: impl Fn(TileSize) -> ort::Result<Session> + Send + 'static,
    ) -> Self {
        let outputs = ports_of(model.entry.task).1.into_iter().map(|(name, _)| name).collect();
        Self { sessions: Vec::new(), make: Box::new(make), outputs, memory, most: None }
    }
}

/// The session for tiles of one size.
fn fitting<'s>(
    sessions: &'s mut Vec<(TileSize, Session)>,
    size: TileSize,
    make: &dyn Fn(TileSize) -> ort::Result<Session>,
) -> ort::Result<Option<&'s mut Session>> {
    match sessions.iter().position(|(known, _)| *known == size) {
        Some(place) => sessions[place..].rotate_left(1),
        None => {
            if sessions.len() >= MOST_SESSIONS {
                sessions.remove(0);
            }
            sessions.push((size, make(size)?));
        }
    }
    Ok(sessions.last_mut().map(|(_, session)| session))
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
        let side = |from_end: usize| {
            inputs.first().and_then(|input| input.shape.iter().rev().nth(from_end).copied()).unwrap_or_default()
        };
        let size = TileSize { width: side(0), height: side(1) };
        let Some(session) = fitting(&mut self.sessions, size, &self.make).map_err(failed)? else {
            return Err(RunError::Failed("no session was made".into()));
        };
        self.memory.begin();
        let answer = session.run_with_options(values.as_slice(), &options.0);
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
        drop(answer);
        self.most = self.memory.most(session).max(self.most);
        Ok(())
    }

    /// A session that is told the size has worked out what becomes of it.
    fn output_shape(&mut self, width: usize, height: usize) -> Result<Option<Vec<usize>>, RunError> {
        let session = fitting(&mut self.sessions, TileSize { width, height }, &self.make).map_err(failed)?;
        let shape = session.and_then(|session| session.outputs().first()?.dtype().tensor_shape().cloned());
        Ok(shape.and_then(|shape| shape.iter().map(|&length| usize::try_from(length).ok()).collect()))
    }

    fn working_memory(&self) -> Option<u64> {
        self.most
    }
}

impl Drop for OrtSession {
    fn drop(&mut self) {
        self.memory.end();
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
