//! A prediction as Replicate tells of it.

use serde::Deserialize;
use serde_json::Value;

/// A prediction's state. Open: a state we do not know is not an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Waits.
    Starting,
    /// Runs.
    Processing,
    /// Done, with an output.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// Ended while it ran.
    Canceled,
    /// Ended before it ran.
    Aborted,
    /// A state that is newer than this program.
    Other(String),
}

impl Status {
    /// Whether nothing more will happen.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Canceled | Self::Aborted)
    }
}

impl From<String> for Status {
    fn from(text: String) -> Self {
        match text.as_str() {
            "starting" => Self::Starting,
            "processing" => Self::Processing,
            "succeeded" => Self::Succeeded,
            "failed" => Self::Failed,
            "canceled" => Self::Canceled,
            "aborted" => Self::Aborted,
            _ => Self::Other(text),
        }
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

/// A prediction.
#[derive(Clone, Debug, Deserialize)]
pub struct Prediction {
    /// Replicate's id.
    pub id: String,
    /// Its state.
    pub status: Status,
    /// What came out, in the model's own shape.
    #[serde(default)]
    pub output: Value,
    /// What was put in; empty after an hour.
    #[serde(default)]
    pub input: Value,
    /// Why it failed: for the log, never for a person.
    #[serde(default)]
    pub error: Option<String>,
    /// What the model says while it runs: of all that only how far it is.
    #[serde(default)]
    logs: Option<String>,
    /// Whether input and output were removed.
    #[serde(default)]
    pub data_removed: bool,
}

impl Prediction {
    /// The address of the result file: a text, or the only text of a list.
    pub fn result_url(&self) -> Option<&str> {
        match &self.output {
            Value::String(url) => Some(url),
            Value::Array(list) if list.len() == 1 => list[0].as_str(),
            _ => None,
        }
    }

    /// How far the model is, from 0 to 1: 0 when it runs and does not say. None before and after.
    pub fn progress(&self) -> Option<f32> {
        let part = || self.logs.as_deref().and_then(percentage).unwrap_or(0.0) / 100.0;
        (self.status == Status::Processing).then(part)
    }
}

/// The last percentage in a log, as the usual bars of progress write it: ` 45%|####5     | 9/20`.
fn percentage(logs: &str) -> Option<f32> {
    let number = |before: &str| {
        let digits = before.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
        before[digits.len()..].parse::<f32>().ok().filter(|percent| (0.0..=100.0).contains(percent))
    };
    logs.rmatch_indices('%').find_map(|(at, _)| number(&logs[..at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: &str, logs: &str) -> Option<f32> {
        let told = serde_json::json!({ "id": "a", "status": status, "logs": logs });
        serde_json::from_value::<Prediction>(told).unwrap().progress()
    }

    #[test]
    fn the_last_percentage_counts_while_the_model_runs() {
        for (logs, part) in [
            ("", 0.0),
            ("Loading weights\n", 0.0),
            ("  0%|          | 0/20\r 45%|████▌     | 9/20 [00:01<00:01]", 0.45),
            (" 45%|##\n100%|##########| 20/20\n", 1.0),
            ("tile 3 of 4: 62.5% done", 0.625),
            ("50%\nmemory at 350%", 0.5),
            ("%%, ü%, -%", 0.0),
        ] {
            assert_eq!(told("processing", logs), Some(part), "{logs}");
        }
        for status in ["starting", "succeeded", "failed", "paused"] {
            assert_eq!(told(status, "45%|"), None, "{status}");
        }
        let silent = serde_json::json!({ "id": "a", "status": "processing", "logs": null });
        assert_eq!(serde_json::from_value::<Prediction>(silent).unwrap().progress(), Some(0.0));
    }
}
