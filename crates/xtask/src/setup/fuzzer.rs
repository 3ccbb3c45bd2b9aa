//! The fuzzer that reads the service's description of its interface and tries what it says, and what it does not say. A program in Python.

use crate::places;
use crate::python::Environment;

/// Brings it. Without it (no Python, or one that is too old) the test that needs it says that it was skipped.
pub(super) fn bring() {
    if let Err(problem) = environment() {
        println!("The interface's fuzzer could not be installed, and its test will be skipped: {problem:#}");
    }
}

/// The program, when it is there.
pub(crate) fn program() -> Option<String> {
    let program = environment().ok()?.program("schemathesis");
    std::path::Path::new(&program).exists().then_some(program)
}

fn environment() -> anyhow::Result<Environment> {
    Environment::bring("fuzzer", &places::at("tests/fuzz/requirements.txt"))
}
