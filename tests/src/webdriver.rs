//! As much of the WebDriver protocol as the journeys need, over a plain socket on loopback.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::waiting::wait_for;

/// A session with the window's web view.
pub struct Session {
    port: u16,
    path: String,
}

/// Why a command was refused.
#[derive(Debug)]
pub struct Refused(pub String);

impl Session {
    /// Opens a session: the driver starts the program.
    #[must_use]
    pub fn open(port: u16, program: &Path, arguments: &[String]) -> Self {
        let wanted = json!({"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": {"binary": program, "args": arguments}}}});
        let answer = wait_for(Duration::from_secs(30), || TcpStream::connect(("127.0.0.1", port)).ok())
            .map(|_| request(port, "POST", "/session", Some(&wanted)))
            .expect("WebKitWebDriver did not start")
            .unwrap_or_else(|refused| panic!("no session: {refused:?}"));
        let id = answer["sessionId"].as_str().expect("a session id").to_owned();
        Self { port, path: format!("/session/{id}") }
    }

    fn ask(&self, method: &str, what: &str, body: Option<&Value>) -> Result<Value, Refused> {
        request(self.port, method, &format!("{}{what}", self.path), body)
    }

    fn must(&self, method: &str, what: &str, body: Option<&Value>) -> Value {
        let mut answer = self.ask(method, what, body);
        for _ in 0..50 {
            // The page was being loaded: what was begun in the one before it is gone with it.
            let Err(Refused(reason)) = &answer else { break };
            if !reason.contains("no such frame") {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
            answer = self.ask(method, what, body);
        }
        answer.unwrap_or_else(|refused| panic!("{method} {what}: {refused:?}"))
    }

    /// Runs a function body in the page with arguments; what it returns.
    #[must_use]
    pub fn run(&self, script: &str, arguments: &[Value]) -> Value {
        self.must("POST", "/execute/sync", Some(&json!({"script": script, "args": arguments})))
    }

    /// Runs a function body whose last argument is to be called with the answer.
    #[must_use]
    pub fn run_async(&self, script: &str, arguments: &[Value]) -> Value {
        self.must("POST", "/execute/async", Some(&json!({"script": script, "args": arguments})))
    }

    /// Waits until an expression in the page is true.
    pub fn wait_until(&self, what: &str, limit: Duration, expression: &str) {
        let script = format!("return Boolean({expression});");
        let there = wait_for(limit, || (self.run(&script, &[]) == Value::Bool(true)).then_some(()));
        if there.is_none() {
            let text = self.run("return document.body.innerText.slice(0, 3000);", &[]);
            panic!("{what} did not happen within {limit:?}; the page says:\n{}", text.as_str().unwrap_or_default());
        }
    }

    /// Presses the first control, visible and usable, whose accessible name or text matches a regular expression.
    pub fn press(&self, name: &str) {
        let found = wait_for(Duration::from_secs(20), || {
            let pressed = self.run(PRESS, &[json!(name)]);
            (pressed == Value::Bool(true)).then_some(())
        });
        assert!(found.is_some(), "there is no control /{name}/ to press: {}", self.controls());
    }

    /// Names of all controls, for messages.
    #[must_use]
    pub fn controls(&self) -> String {
        self.run(CONTROLS, &[]).to_string()
    }

    /// Types keys into whatever has the focus: all are pressed, then all let go. Special keys as WebDriver names them.
    pub fn keys(&self, keys: &str) {
        let event = |kind: &str, key: char| json!({"type": kind, "value": key.to_string()});
        let down = keys.chars().map(|key| event("keyDown", key));
        let up = keys.chars().rev().map(|key| event("keyUp", key));
        let all: Vec<Value> = down.chain(up).collect();
        let actions = json!({"actions": [{"type": "key", "id": "keyboard", "actions": all}]});
        let _ = self.must("POST", "/actions", Some(&actions));
    }

    /// Makes the window this large.
    pub fn resize(&self, width: u32, height: u32) {
        let _ = self.ask("POST", "/window/rect", Some(&json!({"x": 0, "y": 0, "width": width, "height": height})));
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.ask("DELETE", "", None);
    }
}

const CONTROLS: &str = "
const name = (e) => (e.getAttribute('aria-label') || e.innerText || e.title || '').trim();
return [...document.querySelectorAll('button,[role=button],[role=switch],[role=tab],[role=menuitem],[role=menuitemradio],[role=radio],a')].map(name);";

const PRESS: &str = "
const pattern = new RegExp(arguments[0]);
const name = (e) => (e.getAttribute('aria-label') || e.innerText || e.title || '').trim();
const usable = (e) => { const box = e.getBoundingClientRect(); return box.width > 0 && !e.disabled && e.getAttribute('aria-disabled') !== 'true'; };
const all = [...document.querySelectorAll('button,[role=button],[role=switch],[role=tab],[role=menuitem],[role=menuitemradio],[role=radio],a')];
const found = all.find((e) => pattern.test(name(e)) && usable(e));
if (!found) return false;
found.click();
return true;";

/// One request. WebDriver answers `{value: …}`; an error's value has a message.
fn request(port: u16, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Refused> {
    let refused = |error: std::io::Error| Refused(error.to_string());
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(refused)?;
    stream.set_read_timeout(Some(Duration::from_secs(120))).map_err(refused)?;
    let text = body.map(Value::to_string).unwrap_or_default();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        text.len()
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(text.as_bytes())).map_err(refused)?;
    let answer = read_answer(&mut stream).map_err(refused)?;
    let value: Value = serde_json::from_slice(&answer).map_err(|error| Refused(error.to_string()))?;
    let value = value["value"].clone();
    if value["error"].is_string() { Err(Refused(value.to_string())) } else { Ok(value) }
}

/// The body of an answer whose length is told.
fn read_answer(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut all = Vec::new();
    let mut buffer = [0; 1 << 16];
    loop {
        if let Some(end) = all.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&all[..end]).to_lowercase();
            let length =
                head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
            if let Some(length) = length
                && all.len() >= end + 4 + length
            {
                return Ok(all[end + 4..end + 4 + length].to_vec());
            }
        }
        let read = match stream.read(&mut buffer) {
            // A signal came while it waited, which a read with a time limit is told of; the answer is still to come.
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            read => read?,
        };
        if read == 0 {
            return Err(std::io::Error::new(ErrorKind::UnexpectedEof, "the driver hung up"));
        }
        all.extend_from_slice(&buffer[..read]);
    }
}
