//! A library that is missing, no library, somebody else's or too old: a sentence that names the file, and no crash.

use std::path::{Path, PathBuf};
use std::process::Command;

use pretty_contract::problem::Code;
use pretty_engine::{Engine, EngineConfig, EngineError, locate};
use pretty_testkit::models::ModelsFolder;
use pretty_testkit::skip::skipped;

use crate::child;

const LIBRARY: &str = "PRETTY_TEST_LIBRARY";

fn open(library: &Path) -> Result<Engine, EngineError> {
    let models = ModelsFolder::small();
    let models_folder = models.path().to_path_buf();
    Engine::open(EngineConfig {
        runtime_library: library.to_path_buf(),
        models_folder,
        memory_budget_bytes: 0,
        stopwatch: child::stopwatch,
    })
}

#[test]
fn opens_the_library_that_it_is_given() {
    if !child::is_child() {
        return;
    }
    let library = PathBuf::from(std::env::var_os(LIBRARY).unwrap());
    match open(&library) {
        Ok(_) => child::answer("opened"),
        Err(error) => {
            assert_eq!(error.code(), Code::RuntimeUnavailable);
            child::answer(&error.to_string());
            // A second try, with the right one, must not be spoilt by the first.
            let good = locate::runtime_library(None);
            child::answer(&open(&good).map_or_else(|error| error.to_string(), |_| "then opened".into()));
        }
    }
}

fn said_of(library: &Path) -> String {
    let said = child::run("runtime_library::opens_the_library_that_it_is_given", &[(LIBRARY, library.as_os_str())]);
    said.replace(&library.display().to_string(), "LIBRARY")
}

#[test]
fn a_good_library_opens() {
    assert_eq!(said_of(&locate::runtime_library(None)), "opened");
}

#[test]
fn missing_and_broken_libraries_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let missing = said_of(&folder.path().join("none.so"));
    assert!(
        missing.starts_with("ONNX Runtime's library is missing: there is no file LIBRARY. Install the program again"),
        "{missing}"
    );
    assert!(missing.ends_with("then opened"), "{missing}");
    let text = folder.path().join("text.so");
    std::fs::write(&text, "this is no library").unwrap();
    let broken = said_of(&text);
    assert!(broken.starts_with("LIBRARY could not be loaded as ONNX Runtime's library."), "{broken}");
    assert!(broken.ends_with("then opened"), "{broken}");
    let itself = said_of(folder.path());
    assert!(itself.starts_with("ONNX Runtime's library is missing"), "{itself}");
    let truncated = folder.path().join("truncated.so");
    let whole = std::fs::read(locate::runtime_library(None)).unwrap();
    std::fs::write(&truncated, &whole[..4096]).unwrap();
    assert!(said_of(&truncated).starts_with("LIBRARY could not be loaded"));
}

/// A library made here: `OrtGetApiBase` gives the version in `source`, or is missing.
#[cfg(unix)]
fn built(folder: &Path, name: &str, source: &str) -> Option<PathBuf> {
    let (code, library) = (folder.join(format!("{name}.c")), folder.join(format!("{name}.so")));
    std::fs::write(&code, source).unwrap();
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&code).status();
    match built {
        Ok(status) if status.success() => Some(library),
        _ => {
            skipped("libraries that are not ONNX Runtime", "there is no C compiler");
            None
        }
    }
}

#[cfg(unix)]
#[test]
fn old_and_foreign_libraries_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let old = r#"
        static const void *api(unsigned version) { return 0; }
        static const char *version(void) { return "1.19.2"; }
        static const struct { const void *(*api)(unsigned); const char *(*version)(void); } base = { api, version };
        const void *OrtGetApiBase(void) { return &base; }
    "#;
    let Some(library) = built(folder.path(), "old", old) else { return };
    let said = said_of(&library);
    assert!(
        said.starts_with(
            "ONNX Runtime's library LIBRARY is too old: it is version 1.19.2, and 1.24 or newer is needed."
        ),
        "{said}"
    );
    assert!(said.ends_with("then opened"), "{said}");
    let Some(library) = built(folder.path(), "foreign", "int something_else(void) { return 1; }") else { return };
    assert!(said_of(&library).starts_with("LIBRARY could not be loaded as ONNX Runtime's library."));
}

#[test]
fn a_second_library_is_refused() {
    if !child::is_child() {
        let said = child::run("runtime_library::a_second_library_is_refused", &[]);
        assert!(said.contains("cannot be used") && said.contains("is in use since the program started"), "{said}");
        return;
    }
    let good = locate::runtime_library(None);
    let _engine = open(&good).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.so");
    std::fs::copy(&good, &copy).unwrap();
    child::answer(&open(&copy).err().unwrap().to_string());
}
