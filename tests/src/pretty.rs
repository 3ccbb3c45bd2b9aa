//! The command line, run and read.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::{programs, waiting};

/// How long any run may take before it counts as hung. Generous: the machine may be busy with other tests.
pub const LIMIT: Duration = Duration::from_secs(240);

/// What a run came to.
#[derive(Debug)]
pub struct Run {
    /// Exit status; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Run {
    /// The JSON lines of `--json`.
    #[must_use]
    pub fn lines(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
            .collect()
    }

    /// The one JSON line.
    #[must_use]
    pub fn line(&self) -> Value {
        let mut lines = self.lines();
        assert_eq!(lines.len(), 1, "{self:?}");
        lines.remove(0)
    }

    /// Fails unless it ended with this status and without a panic.
    pub fn ends_with(&self, code: i32) -> &Self {
        assert!(!self.err.contains("panicked"), "{self:#?}");
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }
}

/// `pretty` with arguments, not started.
pub fn command<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(programs::pretty());
    programs::equip(&mut command);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs `pretty` to its end.
pub fn run<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Run {
    finish(&mut command(arguments))
}

/// Runs a command to its end, within the limit.
pub fn finish(command: &mut Command) -> Run {
    let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let Output { status, stdout, stderr } = within_limit(child, &format!("{command:?}"));
    Run {
        code: status.code(),
        out: String::from_utf8(stdout).expect("standard output is text"),
        err: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

/// Waits for a child; kills it and fails when it takes too long.
fn within_limit(child: Child, what: &str) -> Output {
    let id = child.id();
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let _ = send.send(child.wait_with_output());
    });
    match receive.recv_timeout(LIMIT) {
        Ok(output) => output.expect("the output of a child"),
        Err(_) => {
            signal(id, "KILL");
            panic!("{what} did not end within {LIMIT:?}");
        }
    }
}

/// Sends a signal by its name.
pub fn signal(process: u32, name: &str) {
    let _ = Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status();
}

/// `pretty enhance PHOTOS --json --out FOLDER` with more arguments, run to its end.
pub fn enhance(photos: &[&Path], out: &Path, more: &[&str]) -> Run {
    let mut command = command(["enhance", "--json"]);
    command.args(photos).arg("--out").arg(out).args(more);
    finish(&mut command)
}

/// Waits until a file is there.
#[must_use]
pub fn appears(path: &Path, limit: Duration) -> bool {
    waiting::wait_for(limit, || path.exists().then_some(())).is_some()
}

/// Sends a signal to a process and all that share its group.
pub fn signal_group(leader: u32, name: &str) {
    let _ =
        Command::new("kill").args([&format!("-{name}"), "--", &format!("-{leader}")]).stderr(Stdio::null()).status();
}
