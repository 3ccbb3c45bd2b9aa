//! A Vulkan driver in software, so that the GPU path is tested on machines without a GPU.
//!
//! SwiftShader comes inside Debian's Chromium package. Debian 12's own software driver lacks a feature that ONNX Runtime's WebGPU asks for.

use std::path::PathBuf;

/// The description file of a software driver that the WebGPU path is known to work with, when there is one.
pub(crate) fn software_driver() -> Option<PathBuf> {
    let known = PathBuf::from("/usr/lib/chromium/vk_swiftshader_icd.json");
    known.exists().then_some(known)
}
