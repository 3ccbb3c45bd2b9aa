//! The hosted service in its sandbox mode, behind whatever needs it, ended with it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use anyhow::{Context, Result};

use crate::{places, shell};

/// A running service; it ends when this is dropped.
pub(crate) struct Service {
    child: Child,
    /// Where it is reached.
    pub(crate) address: String,
}

impl Service {
    /// Starts the program that was built, on a free port; what it keeps is in `target/service`.
    pub(crate) fn start(profile: &str) -> Result<Self> {
        let mut command = shell::command(&places::program(profile, "pretty-backend").to_string_lossy());
        command.args(["serve", "--sandbox", "--listen", "127.0.0.1:0", "--data"]).arg(places::at("target/service"));
        command.env("PRETTY__LOG__LEVEL", "warn").stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().context("the service could not be started")?;
        let mut line = String::new();
        let read = child.stdout.take().map(|stdout| BufReader::new(stdout).read_line(&mut line));
        let address = line.trim().strip_prefix("listening on ").map(str::to_owned);
        let mut service = Self { child, address: String::new() };
        service.address =
            address.with_context(|| format!("the service did not say where it is ({read:?}, {line:?})"))?;
        Ok(service)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Everything it keeps is in its database, which survives this.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
