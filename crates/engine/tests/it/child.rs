//! Running one test of this binary again as a process of its own.

use std::ffi::OsStr;
use std::process::Command;
use std::time::{Duration, Instant};

/// Set in a child; tests that are only a child's body return at once without it.
const MARK: &str = "PRETTY_TEST_CHILD";

/// Whether this process is a child.
pub(crate) fn is_child() -> bool {
    std::env::var_os(MARK).is_some()
}

/// Runs the test of this name in a child with these variables set; gives back what it printed after `answer: `, or fails with all that it said.
pub(crate) fn run(test: &str, variables: &[(&str, &OsStr)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(MARK, "1");
    for (name, value) in variables {
        command.env(name, value);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let answers: Vec<&str> =
        said.lines().filter_map(|line| line.split_once("answer: ")).map(|(_, answer)| answer).collect();
    assert!(!answers.is_empty(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    answers.join("\n")
}

/// In a child: gives an answer to the parent.
pub(crate) fn answer(text: &str) {
    println!("\nanswer: {text}");
}

/// Time since the first call.
pub(crate) fn stopwatch() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
