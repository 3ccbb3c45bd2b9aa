//! A display that nobody looks at: Xvfb on a free number, gone with the test.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A running Xvfb.
pub struct Display {
    server: Child,
    name: String,
}

impl Display {
    /// Starts one of this size.
    #[must_use]
    pub fn start(width: u32, height: u32) -> Self {
        // It chooses a free number itself and writes it to the descriptor it is given, here its standard output.
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", &format!("{width}x{height}x24"), "-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb");
        let mut number = String::new();
        BufReader::new(server.stdout.take().expect("a pipe")).read_line(&mut number).expect("Xvfb's display number");
        assert!(!number.trim().is_empty(), "Xvfb did not start");
        Self { server, name: format!(":{}", number.trim()) }
    }

    /// For `DISPLAY`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs xdotool with these words; a semicolon-free script of its commands.
    pub fn hand(&self, words: &[&str]) {
        let status = Command::new("xdotool").args(words).env("DISPLAY", &self.name).status().expect("xdotool");
        assert!(status.success(), "xdotool {words:?}");
    }

    /// The windows with this title that can be seen.
    #[must_use]
    pub fn windows(&self, title: &str) -> Vec<String> {
        let found = Command::new("xdotool")
            .args(["search", "--onlyvisible", "--name", title])
            .env("DISPLAY", &self.name)
            .output();
        let ids = found.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        ids.lines().map(str::to_owned).collect()
    }

    /// A picture of the window with this title, or of the whole display while there is none.
    pub fn picture(&self, title: &str, path: &std::path::Path) {
        let windows = self.windows(title);
        let window = windows.last().map_or("root", String::as_str);
        let status = Command::new("import")
            .args(["-window", window])
            .arg(path)
            .env("DISPLAY", &self.name)
            .status()
            .expect("import");
        assert!(status.success(), "import");
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
