//! Programs that a journey needs and that may not be installed.

use std::process::{Command, Stdio};

pub use pretty_testkit::skip::{shared, skipped};

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
