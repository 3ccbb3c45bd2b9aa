//! Telling what came of each photo: lines for people, one JSON object a photo for programs.
//!
//! Results go to standard output and everything else to standard error. A reader that went away is no reason to stop working.

use std::io::Write;
use std::path::Path;

use pretty_contract::problem::Problem;
use pretty_engine::Saved;
use serde::Serialize;

use crate::progress::Bars;

/// What came of a photo.
pub(crate) enum Answer<'a> {
    /// A verified result is on the disk.
    Saved(&'a Saved),
    /// A file of the result's name was there and is left as it was.
    Skipped(&'a Path),
    /// It failed.
    Failed(&'a Problem),
}

/// How things are told.
pub(crate) enum Telling {
    /// JSON lines.
    Json,
    /// Lines, below them bars where there is a terminal.
    People(Bars),
}

/// One JSON line. Paths that are not Unicode are shown with replacement characters.
#[derive(Serialize)]
struct Line<'a> {
    photo: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<String>,
    seconds: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'a Problem>,
}

impl Telling {
    /// What came of one photo.
    pub(crate) fn answer(&self, photo: &Path, seconds: f32, answer: &Answer<'_>) {
        match self {
            Self::Json => out(&json_line(photo, seconds, answer)),
            Self::People(bars) => bars.around(|| people_line(photo, seconds, answer)),
        }
    }

    /// A sentence about the whole, for people.
    pub(crate) fn remark(&self, sentence: &str) {
        if let Self::People(bars) = self {
            bars.around(|| err(sentence));
        }
    }
}

/// Why nothing could be done at all.
pub(crate) fn refusal(json: bool, problem: &Problem) {
    if json {
        let shown = serde_json::json!({ "problem": problem });
        out(&shown.to_string());
    } else {
        err(&problem.message);
        if let Some(detail) = &problem.detail {
            err(&format!("    ({detail})"));
        }
    }
}

/// A line on standard output.
pub(crate) fn out(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// A line on standard error.
pub(crate) fn err(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

fn json_line(photo: &Path, seconds: f32, answer: &Answer<'_>) -> String {
    let mut line = Line {
        photo: photo.to_string_lossy().into_owned(),
        result: None,
        width: None,
        height: None,
        bytes: None,
        device: None,
        skipped: None,
        seconds,
        notes: None,
        problem: None,
    };
    match answer {
        Answer::Saved(saved) => {
            line.result = Some(saved.path.to_string_lossy().into_owned());
            line.width = Some(saved.width);
            line.height = Some(saved.height);
            line.bytes = Some(saved.bytes);
            line.device = Some(&saved.device);
            line.notes = Some(&saved.notes);
        }
        Answer::Skipped(path) => line.skipped = Some(path.to_string_lossy().into_owned()),
        Answer::Failed(problem) => line.problem = Some(problem),
    }
    serde_json::to_string(&line).unwrap_or_else(|error| format!("{{\"problem\":\"{error}\"}}"))
}

fn people_line(photo: &Path, seconds: f32, answer: &Answer<'_>) {
    let photo = photo.display();
    match answer {
        Answer::Saved(saved) => {
            out(&format!("{photo} -> {} ({} × {}, {seconds:.1} s)", saved.path.display(), saved.width, saved.height));
            for note in &saved.notes {
                out(&format!("    {note}"));
            }
        }
        Answer::Skipped(path) => out(&format!("{photo}: skipped, {} is there already", path.display())),
        Answer::Failed(problem) => {
            // The message names the file already; where it names only its name, the line says which one.
            let shown = photo.to_string();
            let prefix = if problem.message.contains(&shown) { String::new() } else { format!("{shown}: ") };
            err(&format!("{prefix}{}", problem.message));
            if let Some(detail) = &problem.detail {
                err(&format!("    ({detail})"));
            }
        }
    }
}
