//! A missing, old, wrong or stuck ONNX Runtime library, and models that are not those of the manifest.

use std::path::{Path, PathBuf};
use std::process::Command;

use pretty_journeys::skip::has_programs;
use pretty_journeys::{files, photos, pretty, programs};

/// Enhances a photo with another library; it must end with 3, name the library and say what to do, and leave nothing.
fn check(library: &Path, hint: &str) {
    let room = tempfile::tempdir().unwrap();
    let photo = photos::write(&room.path().join("p.png"), 40, 30, 1);
    let out = room.path().join("out");
    let mut command = pretty::command(["enhance", "--json"]);
    command.arg(&photo).arg("--out").arg(&out).env("PRETTY_ONNXRUNTIME", library);
    let run = pretty::finish(&mut command);
    run.ends_with(3);
    let problem = &run.line()["problem"];
    assert_eq!(problem["code"], "runtime_unavailable", "{problem}");
    let message = problem["message"].as_str().unwrap();
    assert!(message.contains(library.file_name().unwrap().to_str().unwrap()), "{message}");
    assert!(message.contains(hint) && message.contains("nstall"), "{message}");
    assert_eq!(files::names(room.path()), ["p.png"]);
}

/// A shared library made from a few lines of C.
fn library(folder: &Path, name: &str, source: &str) -> PathBuf {
    let (from, to) = (folder.join(format!("{name}.c")), folder.join(format!("lib{name}.so")));
    std::fs::write(&from, source).unwrap();
    let status = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&to).arg(&from).status().unwrap();
    assert!(status.success());
    to
}

#[test]
fn missing() {
    check(Path::new("/nowhere/libonnxruntime.so.1"), "missing");
}

#[test]
fn no_library_at_all() {
    let room = tempfile::tempdir().unwrap();
    let text = room.path().join("libtext.so");
    std::fs::write(&text, "not a library").unwrap();
    check(&text, "could not be loaded");
    let cut = room.path().join("libcut.so");
    let whole = std::fs::read(programs::root().join("target/runtime/libonnxruntime.so.1")).unwrap();
    std::fs::write(&cut, &whole[..whole.len() / 3]).unwrap();
    check(&cut, "could not be loaded");
}

#[test]
fn another_library() {
    if !has_programs("another library instead of ONNX Runtime", &["cc"]) {
        return;
    }
    let room = tempfile::tempdir().unwrap();
    check(&library(room.path(), "other", "int answer(void) { return 42; }"), "could not be loaded");
}

#[test]
fn an_old_library() {
    if !has_programs("an old ONNX Runtime", &["cc"]) {
        return;
    }
    let room = tempfile::tempdir().unwrap();
    let source = r#"
        #include <stdint.h>
        static const void *api(uint32_t version) { (void)version; return 0; }
        static const char *version(void) { return "1.15.1"; }
        static const struct { const void *(*get)(uint32_t); const char *(*version)(void); } base = { api, version };
        const void *OrtGetApiBase(void) { return &base; }
    "#;
    check(&library(room.path(), "old", source), "1.15.1");
}

#[test]
fn a_library_whose_loading_never_ends() {
    if !has_programs("an ONNX Runtime that hangs", &["cc"]) {
        return;
    }
    let room = tempfile::tempdir().unwrap();
    let source = "#include <unistd.h>\n__attribute__((constructor)) static void stuck(void) { for (;;) sleep(1000); }";
    check(&library(room.path(), "stuck", source), "did not end");
}

#[test]
fn a_model_that_is_not_the_one_in_the_manifest() {
    let room = tempfile::tempdir().unwrap();
    let models = room.path().join("models");
    std::fs::create_dir(&models).unwrap();
    for entry in std::fs::read_dir(programs::root().join("models")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "onnx" || ending == "toml") {
            std::fs::copy(&path, models.join(path.file_name().unwrap())).unwrap();
        }
    }
    let photo = photos::write(&room.path().join("p.png"), 40, 30, 1);
    let run = |model: &str| {
        let mut command = pretty::command(["enhance", "--json", "--only", model]);
        command.arg(&photo).arg("--out").arg(room.path().join("out")).env("PRETTY_MODELS", &models);
        pretty::finish(&mut command)
    };
    // One byte changed, cut short, gone: each is told, and the models that are whole still work.
    let file = models.join("restore.onnx");
    let whole = std::fs::read(&file).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    for content in [Some(changed), Some(whole[..whole.len() / 2].to_vec()), Some(Vec::new()), None] {
        match content {
            Some(content) => std::fs::write(&file, content).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        let refused = run("restore");
        assert!(matches!(refused.code, Some(1 | 3)), "{refused:#?}");
        let problem = &refused.line()["problem"];
        assert_eq!(problem["code"], "model_refused", "{problem}");
        assert!(problem["message"].as_str().unwrap().contains("restore.onnx"), "{problem}");
    }
    run("tone").ends_with(0);
    std::fs::write(models.join("manifest.toml"), "version = 1\nnonsense").unwrap();
    let refused = run("tone");
    refused.ends_with(3);
    assert!(refused.out.contains("manifest.toml"), "{refused:#?}");
}
