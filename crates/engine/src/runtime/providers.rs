//! The library's execution providers as devices.
//!
//! "Compiled in" says nothing about whether a provider works on this machine, so every accelerator is listed here and tried: session creation
//! fails loudly (`error_on_failure`, no fallback to the processor inside a session), and `device` compares its answers with the processor's.

use std::path::Path;
use std::sync::Arc;

use ort::environment::Environment;
use ort::ep::{self, ExecutionProvider, ExecutionProviderDispatch};
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};

use super::memory::Memory;
use super::session::{OrtSession, TileSize};
use crate::model::ModelFile;
use crate::provider::{ModelSession, OpenError, Provider, TileShape};

/// Side of an accelerator's tiles: large enough that the halo is a small part, small enough for a card with 1 GB.
const ACCELERATOR_TILE: u32 = 512;

/// What the bundled models call the sides of what they take.
const HEIGHT: &str = "height";
const WIDTH: &str = "width";

const CUDA_FILE: &str =
    if cfg!(windows) { "onnxruntime_providers_cuda.dll" } else { "libonnxruntime_providers_cuda.so" };

struct OrtProvider {
    environment: Arc<Environment>,
    kind: Kind,
    memory: Memory,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Processor,
    WebGpu,
    DirectMl,
    CoreMl,
    Cuda,
}

pub(super) fn processor(environment: Arc<Environment>, memory: Memory) -> Arc<dyn Provider> {
    Arc::new(OrtProvider { environment, kind: Kind::Processor, memory })
}

/// `folder` is the library's: a provider in a file of its own is only there when that file is.
pub(super) fn accelerators(environment: &Arc<Environment>, folder: &Path) -> Vec<Arc<dyn Provider>> {
    let mut kinds = Vec::new();
    if cfg!(target_os = "macos") && available::<ep::CoreML>() {
        kinds.push(Kind::CoreMl);
    }
    if cfg!(windows) && available::<ep::DirectML>() {
        kinds.push(Kind::DirectMl);
    }
    if available::<ep::CUDA>() && folder.join(CUDA_FILE).exists() {
        kinds.push(Kind::Cuda);
    }
    if available::<ep::WebGPU>() {
        kinds.push(Kind::WebGpu);
    }
    kinds
        .into_iter()
        .map(|kind| {
            Arc::new(OrtProvider { environment: environment.clone(), kind, memory: Memory::Library })
                as Arc<dyn Provider>
        })
        .collect()
}

fn available<E: ExecutionProvider>() -> bool {
    E::is_available().unwrap_or(false)
}

impl Kind {
    fn dispatch(self) -> ExecutionProviderDispatch {
        let dispatch = match self {
            Self::Processor => ep::CPU::default().with_arena_allocator(true).build(),
            Self::WebGpu => ep::WebGPU::default().build(),
            Self::DirectMl => ep::DirectML::default().build(),
            Self::CoreMl => ep::CoreML::default().with_model_format(ep::coreml::ModelFormat::MLProgram).build(),
            Self::Cuda => ep::CUDA::default().build(),
        };
        dispatch.error_on_failure()
    }
}

impl Provider for OrtProvider {
    fn id(&self) -> &'static str {
        match self.kind {
            Kind::Processor => "cpu",
            Kind::WebGpu => "webgpu",
            Kind::DirectMl => "directml",
            Kind::CoreMl => "coreml",
            Kind::Cuda => "cuda",
        }
    }

    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Processor => "This computer's processor",
            Kind::WebGpu => "Graphics card (WebGPU)",
            Kind::DirectMl => "Graphics card (DirectML)",
            Kind::CoreMl => "Apple graphics and Neural Engine (Core ML)",
            Kind::Cuda => "NVIDIA graphics card (CUDA)",
        }
    }

    fn tiles(&self) -> TileShape {
        if self.kind == Kind::Processor { TileShape::Any } else { TileShape::Fixed(ACCELERATOR_TILE) }
    }

    /// Two on the processor: one model over two tiles at once keeps its cores busier than two halves of one tile, which wait for each other at every
    /// layer and whenever decoding or encoding takes a core away.
    fn lanes(&self) -> usize {
        if self.kind == Kind::Processor { cores().min(2) } else { 1 }
    }

    fn open(&self, model: &Arc<ModelFile>, lanes: usize) -> Result<Box<dyn ModelSession>, OpenError> {
        let plan = SessionPlan { environment: self.environment.clone(), kind: self.kind, memory: self.memory, lanes };
        // Sessions for tiles of one size are made when they are wanted; this one shows that it can be done.
        let tried = plan.session(model, None).map_err(|error| {
            if self.kind == Kind::Processor {
                OpenError::Unfit(format!("ONNX Runtime does not take it: {error}"))
            } else {
                OpenError::Device(plain(error.message()))
            }
        })?;
        let (memory, model) = (self.memory, model.clone());
        drop(tried);
        Ok(Box::new(OrtSession::new(&model.clone(), memory, move |size| plan.session(&model, Some(size)))))
    }
}

/// How sessions of one provider are made.
struct SessionPlan {
    environment: Arc<Environment>,
    kind: Kind,
    memory: Memory,
    lanes: usize,
}

impl SessionPlan {
    /// For tiles of one size, or of any.
    fn session(&self, model: &ModelFile, size: Option<TileSize>) -> ort::Result<Session> {
        let threads = (cores() / self.lanes.max(1)).max(1);
        let mut builder = Session::builder(&self.environment)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            .with_intra_threads(threads)?
            // Spinning wins little here, and burns the cores that decode, blend and encode meanwhile, and batteries.
            .with_intra_op_spinning(false)?
            .with_inter_op_spinning(false)?
            .with_parallel_execution(false)?
            // Measured on the restoring and the enlarging model: planning memory ahead takes twice the memory at the same speed.
            .with_memory_pattern(false)?
            .with_execution_providers([self.kind.dispatch()])?;
        if let Some(size) = size {
            builder = builder
                .with_dimension_override(HEIGHT, size.height as i64)?
                .with_dimension_override(WIDTH, size.width as i64)?;
        }
        if self.memory == Memory::Pool {
            builder = builder.with_env_allocators()?;
        }
        if self.kind != Kind::Processor {
            builder = builder.with_disable_cpu_fallback()?;
        }
        commit(&mut builder, model)
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn commit(builder: &mut SessionBuilder, model: &ModelFile) -> ort::Result<Session> {
    builder.commit_from_memory(&model.bytes)
}

/// What went wrong, without the source files, function names and codes that the library puts before it.
fn plain(message: &str) -> String {
    let line = message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or(message);
    let line = line.rsplit_once("[ONNXRuntimeError]").map_or(line, |(_, rest)| rest);
    // "path/to/file.cc:123 some::Function(int) text": the text comes after the last bracket of the signature.
    let line = match line.split_once(".cc:") {
        Some((_, rest)) => rest.split_once(") ").map_or(rest, |(_, text)| text),
        None => line,
    };
    // A failed condition is spelled out before its message.
    let line = line.split_once(" was false. ").map_or(line, |(_, text)| text);
    let mut words = line.trim_start_matches([' ', ':']);
    while let Some((code, rest)) = words.split_once(" : ") {
        if code.is_empty()
            || !code.chars().all(|letter| letter.is_ascii_digit() || letter.is_ascii_uppercase() || letter == '_')
        {
            break;
        }
        words = rest;
    }
    words.trim().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn reasons_are_for_people() {
        let cases = [
            ("[ONNXRuntimeError] : 1 : FAIL : no room", "no room"),
            (
                "/a/b/webgpu_context.cc:100 void onnxruntime::Init(int, bool) adapter != nullptr was false. No adapters.",
                "No adapters",
            ),
            ("No supported adapters", "No supported adapters"),
            (
                "/a/b.cc:9 X& F() [ONNXRuntimeError] : 1 : FAIL : Failed to load library x.so with error: gone",
                "Failed to load library x.so with error: gone",
            ),
        ];
        for (message, wanted) in cases {
            assert_eq!(plain(message), wanted);
        }
    }
}
