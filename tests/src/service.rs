//! The hosted service in its sandbox, the system browser that stands in for the person's, and a person in it.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::programs;
use crate::waiting::wait_for;

/// Programs that these journeys need besides the window's.
pub const NEEDS: &[&str] = &["node"];

/// Whether the person's browser can be driven: its packages are brought by the set-up.
#[must_use]
pub fn has_browser_packages() -> bool {
    programs::root().join("tests/browser/node_modules/playwright-core").is_dir()
}

/// A movement of a person's credits in the service's own books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// `grant`, `hold`, `capture`, `release`, …
    pub kind: String,
    /// Change of what can be spent.
    pub available: i64,
    /// Change of what is set aside.
    pub held: i64,
}

impl Movement {
    /// `2026-11-30 21:14:02.5 +00:00:00 capture  available +0 held -2 frozen +0 debt +0 (job …)`; nothing of any other line.
    fn read(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|word| *word == "available")?;
        let number = |name: &str| words.iter().skip_while(|word| **word != name).nth(1)?.parse().ok();
        Some(Self {
            kind: (*words.get(at.checked_sub(1)?)?).to_owned(),
            available: number("available")?,
            held: number("held")?,
        })
    }
}

/// A service with a folder of its own; it ends when this is dropped.
pub struct Service {
    child: Child,
    /// Where it is reached.
    pub address: String,
    folder: tempfile::TempDir,
}

impl Service {
    /// Starts it on a free port of this machine.
    #[must_use]
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new(programs::service());
        programs::equip(&mut command);
        command.args(["serve", "--sandbox", "--listen", "127.0.0.1:0", "--data"]).arg(folder.path());
        let log = std::fs::File::create(folder.path().join("log")).expect("a log");
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().expect("the service");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("its first line");
        let address = line.trim().strip_prefix("listening on ").expect("where it listens").to_owned();
        Self { child, address, folder }
    }

    /// What an operator is shown of a person's credits and movements.
    #[must_use]
    pub fn ledger(&self, email: &str) -> String {
        self.admin(&["ledger", "--email", email])
    }

    /// The same movements as numbers, newest first.
    #[must_use]
    pub fn movements(&self, email: &str) -> Vec<Movement> {
        self.ledger(email).lines().filter_map(Movement::read).collect()
    }

    /// Compares every balance with its postings; fails when one differs.
    pub fn audit(&self) {
        let _ = self.admin(&["audit"]);
    }

    fn admin(&self, words: &[&str]) -> String {
        let mut command = Command::new(programs::service());
        command.arg("--data").arg(self.folder.path()).arg("admin").args(words);
        let output = command.output().expect("the service's program");
        assert!(output.status.success(), "admin {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What it wrote about itself so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The system browser: what the window asks the desktop to open is written down, and a person then goes there.
pub struct SystemBrowser {
    folder: tempfile::TempDir,
    elsewhere: Option<(String, String)>,
}

impl SystemBrowser {
    /// One that was never used.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let opener = folder.path().join("xdg-open");
        let asked = folder.path().join("asked");
        std::fs::write(&opener, format!("#!/bin/sh\nprintf '%s\\n' \"$1\" >> '{}'\n", asked.display()))
            .expect("an opener");
        std::fs::set_permissions(&opener, std::fs::Permissions::from_mode(0o755)).expect("permissions");
        Self { folder, elsewhere: None }
    }

    /// Pages that the window has at one address are visited at another: the person's browser has a network of its own.
    pub fn finds(&mut self, address: &str, at: &str) {
        self.elsewhere = Some((address.to_owned(), at.to_owned()));
    }

    /// The folder of the program that opens pages, to stand first in `PATH`.
    #[must_use]
    pub fn programs(&self) -> &Path {
        self.folder.path()
    }

    /// Every address that the window asked for so far.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.path().join("asked")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Goes to the `number`th address that the window asks for and does something there; what the last page says.
    #[must_use]
    pub fn visit(&self, service: &Service, number: usize, task: &str) -> String {
        let url = wait_for(Duration::from_secs(60), || self.asked().get(number).cloned());
        let url = url.unwrap_or_else(|| panic!("no page was opened to {task}: {:?}", self.asked()));
        let url = match &self.elsewhere {
            Some((address, at)) => url.replacen(address.as_str(), at, 1),
            None => url,
        };
        let person: PathBuf = programs::root().join("tests/browser/person.mjs");
        let output = Command::new("node")
            .arg(person)
            .arg(&service.address)
            .arg(self.folder.path().join("profile"))
            .args([task, &url])
            .output()
            .expect("node");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let problems = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{task}: {problems}\nThe service says: {}", service.log());
        said
    }
}

impl Default for SystemBrowser {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::Movement;

    #[test]
    fn movements_are_read() {
        let line = "2026-11-30 21:14:02.512 +00:00:00 capture  available +0 held -2 frozen +0 debt +0 (job 0198c1)";
        assert_eq!(Movement::read(line), Some(Movement { kind: "capture".to_owned(), available: 0, held: -2 }));
        assert_eq!(Movement::read("Balance { available: 18, held: 0, frozen: 0, debt: 0 }"), None);
    }
}
