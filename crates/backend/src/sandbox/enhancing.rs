//! What stands behind the stand-in for cloud enhancement: our own engine and its models, on this machine's processor.
//!
//! Where ONNX Runtime's library or the models are missing, and for sizes that no model of ours makes, the photo is enlarged by interpolation, and
//! the prediction's log says so: what the sandbox is for, the way of a job and of its credits, is the same.

use crate::own_engine::{Fault, OwnEngine, Task};
use pretty_contract::export::Format;
use pretty_engine::{Cancel, Silent, locate};
use pretty_sandbox::{Bicubic, Enhance, EnhanceError, EnhanceRequest, Enhanced, OutputFormat};
use std::sync::Arc;

/// The best that can be had here.
pub(super) fn best() -> Arc<dyn Enhance> {
    match OwnEngine::open(locate::runtime_library(None), locate::models_folder(None)) {
        Ok(engine) => Arc::new(engine),
        Err(error) => {
            tracing::warn!(%error, "the sandbox enlarges by interpolation");
            Arc::new(Bicubic)
        }
    }
}

impl Enhance for OwnEngine {
    fn enhance(&self, request: &EnhanceRequest) -> Result<Enhanced, EnhanceError> {
        let format = match request.format {
            OutputFormat::Png => Format::Png,
            OutputFormat::Jpeg => Format::Jpeg,
        };
        let (photo, scale, folder) = (&request.photo, request.scale, std::env::temp_dir());
        match OwnEngine::enhance(self, Task { photo, scale, format, folder: &folder }, &Silent, &Cancel::default()) {
            Ok(file) => Ok(Enhanced { file, log: format!("Made {scale} times as large by our own engine.\n") }),
            Err(Fault::Scale(_)) => Bicubic.enhance(request),
            Err(fault) => Err(EnhanceError(fault.to_string())),
        }
    }
}

#[cfg(test)]
mod tests;
