//! Rooms that the kernel makes for a test: mounts of its own, no network. Needs `unshare`, as root or with user namespaces.

use std::process::{Command, Stdio};

/// What is to be separate.
#[derive(Clone, Copy, Debug)]
pub enum Own {
    /// Mounts: a read-only or tiny disk that vanishes with the test.
    Mounts,
    /// Network: none at all.
    Network,
}

/// `unshare` with what is needed here, not started, waiting for a program and its arguments; `None` where the system allows neither way.
#[must_use]
pub fn unshare(own: Own) -> Option<Command> {
    let what = match own {
        Own::Mounts => "--mount",
        Own::Network => "--net",
    };
    [&[what][..], &["--user", "--map-root-user", what]].into_iter().find_map(|words| {
        let works = Command::new("unshare")
            .args(words)
            .arg("true")
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        works.then(|| {
            let mut command = Command::new("unshare");
            command.args(words);
            command
        })
    })
}
