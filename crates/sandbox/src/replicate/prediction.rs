//! A prediction, its states, and the scripts that make one go wrong.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::models::Model;
use crate::clock::rfc3339;

/// How long inputs, outputs and logs are kept, in microseconds.
pub(crate) const KEPT_MICROS: i64 = 3_600 * 1_000_000;

/// What the next created prediction does instead of working.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum PredictionScript {
    /// Ends as `failed` with this text.
    Fail {
        /// The error.
        error: String,
    },
    /// Stays `processing`.
    Hang,
    /// Stays `processing`, with this log.
    Report {
        /// The log.
        logs: String,
    },
    /// Stays `starting`.
    NeverStart,
    /// Ends as `aborted`.
    Abort,
    /// Works, but this much longer.
    Slow {
        /// How much longer.
        milliseconds: u64,
    },
    /// Stays in a status that is not documented.
    UnknownStatus {
        /// The status.
        status: String,
    },
    /// Succeeds with this output, whatever it is: a foreign host, a private address, an odd shape.
    Output {
        /// The output.
        output: Value,
    },
    /// Succeeds with a list of one URL.
    OutputList,
    /// Succeeds with a file that is not what it should be.
    BrokenFile {
        /// What is wrong with the file.
        how: BrokenFile,
    },
}

/// What is wrong with an output file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BrokenFile {
    /// A web page.
    Html,
    /// The first half of the picture.
    Truncated,
    /// A picture of another size.
    WrongSize,
    /// No bytes.
    Empty,
    /// The picture followed by 64 MiB of zeros.
    Oversized,
    /// Not there.
    Missing,
}

#[derive(Clone, Debug)]
pub(crate) struct Prediction {
    pub(crate) id: String,
    pub(crate) model: &'static Model,
    pub(crate) input: Value,
    pub(crate) status: String,
    pub(crate) output: Value,
    pub(crate) error: Option<String>,
    pub(crate) logs: String,
    pub(crate) created_at: i64,
    pub(crate) started_at: Option<i64>,
    pub(crate) completed_at: Option<i64>,
    pub(crate) deadline: Option<i64>,
    pub(crate) webhook: Option<String>,
    pub(crate) events: Vec<String>,
    pub(crate) removed: bool,
}

impl Prediction {
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "succeeded" | "failed" | "canceled" | "aborted")
    }

    pub(crate) fn wants(&self, event: &str) -> bool {
        self.webhook.is_some() && (self.events.is_empty() || self.events.iter().any(|wanted| wanted == event))
    }

    /// Ends it. A prediction ends once.
    pub(crate) fn end(&mut self, status: &str, now: i64) -> bool {
        if self.is_over() {
            return false;
        }
        self.status = status.to_owned();
        self.completed_at = Some(now);
        true
    }

    /// Applies what the time brings: the deadline, and the removal of the data an hour after the end.
    pub(crate) fn age(&mut self, now: i64) -> bool {
        let mut ended = false;
        if self.deadline.is_some_and(|deadline| deadline <= now) && !self.is_over() {
            let status = if self.started_at.is_some() { "canceled" } else { "aborted" };
            ended = self.end(status, now);
        }
        if self.completed_at.is_some_and(|at| at + KEPT_MICROS <= now) {
            self.removed = true;
            self.output = Value::Null;
            self.input = json!({});
            self.logs.clear();
        }
        ended
    }

    pub(crate) fn render(&self, base_url: &str) -> Value {
        let get = format!("{base_url}/v1/predictions/{}", self.id);
        let mut value = json!({
            "id": self.id, "model": self.model.slug(), "version": self.model.version.unwrap_or("hidden"),
            "input": self.input, "logs": self.logs, "output": self.output, "data_removed": self.removed,
            "error": self.error, "status": self.status, "source": "api", "created_at": rfc3339(self.created_at),
            "urls": { "cancel": format!("{get}/cancel"), "get": get, "web": format!("https://replicate.com/p/{}", self.id) },
        });
        let Some(map) = value.as_object_mut() else { return value };
        put_time(map, "started_at", self.started_at);
        put_time(map, "completed_at", self.completed_at);
        put_time(map, "deadline", self.deadline);
        if let (Some(end), Some(start)) = (self.completed_at, self.started_at) {
            let seconds = |from: i64| (end - from) as f64 / 1e6;
            map.insert(
                "metrics".into(),
                json!({ "predict_time": seconds(start), "total_time": seconds(self.created_at) }),
            );
        }
        value
    }
}

fn put_time(map: &mut Map<String, Value>, name: &str, at: Option<i64>) {
    if let Some(at) = at {
        map.insert(name.into(), json!(rfc3339(at)));
    }
}

/// Reads the `Cancel-After` header: `30s`, `5m`, `1h`, `1m30s`, or plain seconds; at least five seconds.
pub(crate) fn cancel_after_micros(text: &str) -> Option<i64> {
    let mut seconds = 0_i64;
    let mut number = String::new();
    for character in text.trim().chars() {
        if character.is_ascii_digit() {
            number.push(character);
            continue;
        }
        let factor = match character {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            _ => return None,
        };
        seconds = seconds.checked_add(number.parse::<i64>().ok()?.checked_mul(factor)?)?;
        number.clear();
    }
    if !number.is_empty() {
        seconds = seconds.checked_add(number.parse().ok()?)?;
    }
    (5..=86_400).contains(&seconds).then(|| seconds * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancel_after_reads_the_documented_forms() {
        for (text, seconds) in [
            ("5s", Some(5)),
            ("5m", Some(300)),
            ("1m30s", Some(90)),
            ("1h", Some(3_600)),
            ("90", Some(90)),
            ("4s", None),
            ("", None),
            ("m", None),
            ("5d", None),
            ("99999999999999999999s", None),
        ] {
            assert_eq!(cancel_after_micros(text), seconds.map(|seconds: i64| seconds * 1_000_000), "{text}");
        }
    }
}
