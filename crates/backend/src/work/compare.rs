//! Which of two photos is stronger, by Anthropic. Asked twice with the photos swapped, because what comes first is often preferred: only what is
//! said both times counts.

use super::critique::{RULES, Scores, dimensions, scores};
use super::{Halt, Made, look};
use crate::app::App;
use crate::jobs::{Asked, Lease, Why};
use crate::providers::anthropic_client::AnthropicClient;
use pretty_contract::service::critique::{ComparedDimension, Comparison, Score};
use pretty_contract::service::jobs::{JobOptions, JobResult};
use serde::Deserialize;
use serde_json::{Value, json};

const SYSTEM: &str = "\
You are a photo editor of long experience who helps people to choose between two of their photos.
Say which one is stronger, or that neither is (`tie`), and score both in every dimension, each with its reason.";
/// How far a comparison is when it is asked for, and when for the second time.
const ASKED: f32 = 0.1;
const ASKED_AGAIN: f32 = 0.55;
/// Characters of the whole.
const LONGEST_TEXT: usize = 1500;

#[derive(Deserialize)]
struct Answer {
    comparison: Said,
}

#[derive(Deserialize)]
struct Said {
    better: String,
    text: String,
    first: Scores,
    second: Scores,
}

/// One answer, in the order in which it was asked.
struct Judged {
    better: Option<u8>,
    text: String,
    scores: [Vec<Score>; 2],
}

pub(super) async fn perform(app: &App, client: &AnthropicClient, lease: &Lease) -> Result<Made, Halt> {
    let asked = Asked::of(&lease.job).ok_or(Halt::never(Why::PhotoGone))?;
    let copies = look::copies(app, lease, &asked.photos).await?;
    let [one, two] = copies.as_slice() else { return Err(Halt::never(Why::PhotoGone)) };
    let (system, text, schema) = (format!("{SYSTEM}\n{RULES}"), question(&asked.options), schema());
    let mut judged = Vec::new();
    for (photos, progress) in [([one, two], ASKED), ([two, one], ASKED_AGAIN)] {
        look::say(app, lease, progress).await?;
        let asking = look::Asking { system: &system, text: &text, schema: &schema, photos: &photos };
        let answer = look::ask(app, client, lease, asking).await?;
        judged.push(read(answer).map_err(|why| {
            tracing::warn!(job = %lease.job.id, why, "a comparison makes no sense");
            Halt::later(lease, Why::BadAnswer)
        })?);
    }
    let [straight, swapped] = <[Judged; 2]>::try_from(judged).map_err(|_| Halt::never(Why::Internal))?;
    let comparison = both(straight, &swapped, look::measured_by(app));
    Ok(Made { result: JobResult::Compare { comparison }, picture: None })
}

fn question(options: &JobOptions) -> String {
    let genre = options.genre.as_deref().map_or_else(String::new, |genre| format!(" They are meant as: {genre}."));
    let strict = if options.strictness.as_deref() == Some("strict") { " Be strict." } else { "" };
    format!("Which of these two photos is stronger, the first or the second?{genre}{strict}")
}

fn schema() -> Value {
    let said = json!({
        "better": { "type": "string", "enum": ["first", "second", "tie"] }, "text": { "type": "string" },
        "first": dimensions(), "second": dimensions(),
    });
    let comparison = json!({ "type": "object", "properties": said, "required": ["better", "text", "first", "second"], "additionalProperties": false });
    json!({ "type": "object", "properties": { "comparison": comparison }, "required": ["comparison"], "additionalProperties": false })
}

fn read(answer: Value) -> Result<Judged, &'static str> {
    let Answer { comparison } = serde_json::from_value(answer).map_err(|_| "it is not of the schema's form")?;
    let better = match comparison.better.trim().to_lowercase().as_str() {
        "first" => Some(0),
        "second" => Some(1),
        "tie" => None,
        _ => return Err("it prefers neither and both"),
    };
    let text = comparison.text.trim().to_owned();
    if !(1..=LONGEST_TEXT).contains(&text.chars().count()) {
        return Err("a text is empty or too long");
    }
    Ok(Judged { better, text, scores: [scores(comparison.first)?, scores(comparison.second)?] })
}

/// What both answers say. Where they contradict each other, neither photo is stronger.
fn both(straight: Judged, swapped: &Judged, measured_by: String) -> Comparison {
    let turned = swapped.better.map(|better| 1 - better);
    let agree = straight.better == turned;
    let [first, second] = &straight.scores;
    let [second_again, first_again] = &swapped.scores;
    let reasons = first.iter().zip(second).zip(first_again.iter().zip(second_again));
    let reasons = reasons.map(|((first, second), (first_again, second_again))| {
        let sum = |one: &Score, other: &Score| i32::from(one.score) + i32::from(other.score);
        let lead = sum(first, first_again) - sum(second, second_again);
        // A point on average.
        let stronger = if lead >= 2 { Some(0) } else { (lead <= -2).then_some(1) };
        let text = format!("First: {} Second: {}", first.reason, second.reason);
        ComparedDimension { dimension: first.dimension, stronger, text }
    });
    let reasons = reasons.collect();
    let summary = if agree {
        straight.text
    } else {
        "Too close to call: seen in the other order, the other one was preferred.".to_owned()
    };
    Comparison { summary, stronger: straight.better.filter(|_| agree), reasons, measured_by }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(better: &str, first: i64, second: i64) -> Judged {
        let all = |score: i64| {
            crate::work::critique::DIMENSIONS
                .iter()
                .map(|(name, _)| ((*name).to_owned(), json!({"score": score, "reason": "So."})))
                .collect::<serde_json::Map<_, _>>()
        };
        let said =
            json!({"comparison": {"better": better, "text": "Because.", "first": all(first), "second": all(second)}});
        read(said).unwrap()
    }

    #[test]
    fn only_what_is_said_both_times_counts() {
        let stronger = |straight, swapped| {
            let comparison = both(straight, &swapped, String::new());
            (comparison.stronger, comparison.reasons[0].stronger)
        };
        assert_eq!(stronger(judged("first", 8, 5), judged("second", 5, 8)), (Some(0), Some(0)));
        assert_eq!(stronger(judged("second", 5, 8), judged("FIRST", 8, 5)), (Some(1), Some(1)));
        // Whatever came first was preferred.
        assert_eq!(stronger(judged("first", 8, 5), judged("first", 8, 5)), (None, None));
        assert_eq!(stronger(judged("tie", 6, 6), judged("tie", 6, 6)), (None, None));
        assert!(read(json!({"comparison": {"better": "both", "text": "x", "first": {}, "second": {}}})).is_err());
    }
}
