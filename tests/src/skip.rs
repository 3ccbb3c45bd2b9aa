//! Saying that a test cannot run here, so that it is neither red nor silently green.

use std::io::Write;
use std::process::{Command, Stdio};

/// Tells why a test did not run. `cargo xtask test` lists these at its end.
pub fn skipped(test: &str, reason: &str) {
    eprintln!("SKIPPED {test}: {reason}");
    if let Some(path) = std::env::var_os("PRETTY_SKIPPED_TESTS") {
        let mut log =
            std::fs::OpenOptions::new().create(true).append(true).open(path).expect("the log of skipped tests");
        writeln!(log, "{test}: {reason}").expect("the log of skipped tests");
    }
}

/// Whether all these programs are installed; says "skipped" when one is not.
#[must_use]
pub fn has_programs(test: &str, names: &[&str]) -> bool {
    let missing: Vec<&str> = names.iter().copied().filter(|name| !installed(name)).collect();
    if !missing.is_empty() {
        skipped(test, &format!("{} not installed (`cargo xtask setup` brings what Debian has)", missing.join(", ")));
    }
    missing.is_empty()
}

fn installed(name: &str) -> bool {
    let look = format!("command -v {name}");
    Command::new("sh")
        .args(["-c", &look])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
