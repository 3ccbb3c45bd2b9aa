//! Reads what was said of a photo, and believes nothing of it: ranges, lengths, names, places. What does not matter to the whole is left out;
//! what does makes the answer worthless.

use super::schema::DIMENSIONS;
use pretty_contract::recipe::Step;
use pretty_contract::service::critique::{
    Change, Confidence, Critique, CritiqueFinding, Dimension, PhotoRegion, Score, SuggestedAction, Suggestion,
};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

const MOST_STRENGTHS: usize = 8;
const MOST_FINDINGS: usize = 12;
const MOST_SUGGESTIONS: usize = 12;
/// Characters of a text, and of a title.
const LONGEST_TEXT: usize = 1500;
const LONGEST_TITLE: usize = 150;
/// Degrees by which a machine turns a photo: more is another photo.
const STEEPEST: f32 = 15.0;

#[derive(Deserialize)]
struct Answer {
    summary: String,
    strengths: Vec<String>,
    weaknesses: Vec<Finding>,
    scores: Scores,
    suggestions: Vec<Suggested>,
}

#[derive(Deserialize)]
struct Finding {
    dimension: String,
    title: String,
    text: String,
    evidence: String,
    region: Region,
    confidence: String,
    severity: String,
}

#[derive(Clone, Copy, Deserialize)]
struct Region {
    x: i64,
    y: i64,
    width: i64,
    height: i64,
}

/// Scores by the names of the dimensions.
pub(in crate::work) type Scores = BTreeMap<String, Scored>;

#[derive(Deserialize)]
pub(in crate::work) struct Scored {
    score: i64,
    reason: String,
}

#[derive(Deserialize)]
struct Suggested {
    finding: i64,
    text: String,
    kind: String,
    amount: i64,
    degrees: f32,
    region: Region,
}

/// Why an answer is worthless, for the log.
type Nonsense = &'static str;

/// A critique, as it was answered.
pub(super) fn critique(answer: Value) -> Result<Critique, Nonsense> {
    let answer: Answer = serde_json::from_value(answer).map_err(|_| "it is not of the schema's form")?;
    let findings: Vec<CritiqueFinding> =
        answer.weaknesses.into_iter().take(MOST_FINDINGS).zip(1..).map(finding).collect::<Result<_, _>>()?;
    let count = findings.len();
    let suggestions = answer.suggestions.into_iter().take(MOST_SUGGESTIONS);
    let strengths = answer.strengths.iter().take(MOST_STRENGTHS);
    Ok(Critique {
        summary: text(&answer.summary, LONGEST_TEXT)?,
        strengths: strengths.map(|strength| text(strength, LONGEST_TEXT)).collect::<Result<_, _>>()?,
        findings,
        scores: scores(answer.scores)?,
        suggestions: suggestions.map(|said| suggestion(&said, count)).collect::<Result<_, _>>()?,
        measured_by: String::new(),
        strictness: String::new(),
        genre: String::new(),
        changes: Vec::new(),
    })
}

/// One score a dimension, from 1 to 10.
pub(in crate::work) fn scores(said: Scores) -> Result<Vec<Score>, Nonsense> {
    if said.len() != DIMENSIONS.len() {
        return Err("a score is missing");
    }
    let score = |(name, said): (String, Scored)| {
        let score =
            u8::try_from(said.score).ok().filter(|score| (1..=10).contains(score)).ok_or("a score is out of range")?;
        Ok(Score { dimension: dimension(&name)?, score, reason: text(&said.reason, LONGEST_TEXT)? })
    };
    let mut scores: Vec<Score> = said.into_iter().map(score).collect::<Result<_, Nonsense>>()?;
    let place = |score: &Score| DIMENSIONS.iter().position(|(_, dimension)| *dimension == score.dimension);
    scores.sort_by_key(place);
    Ok(scores)
}

/// A text: something, and not too much of it. Control characters are left out.
fn text(said: &str, longest: usize) -> Result<String, Nonsense> {
    let clean: String = said.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let clean = clean.trim();
    match clean.chars().count() {
        0 => Err("a text is empty"),
        count if count > longest => Err("a text is too long"),
        _ => Ok(clean.to_owned()),
    }
}

/// The letter case of enumerations is not promised.
fn dimension(said: &str) -> Result<Dimension, Nonsense> {
    let said = said.trim().to_lowercase();
    let found = DIMENSIONS.into_iter().find(|(name, _)| *name == said);
    found.map(|(_, dimension)| dimension).ok_or("a dimension is unknown")
}

fn level(said: &str) -> Result<Confidence, Nonsense> {
    match said.trim().to_lowercase().as_str() {
        "low" => Ok(Confidence::Low),
        "medium" => Ok(Confidence::Medium),
        "high" => Ok(Confidence::High),
        _ => Err("a level is unknown"),
    }
}

fn finding((said, number): (Finding, u32)) -> Result<CritiqueFinding, Nonsense> {
    Ok(CritiqueFinding {
        number,
        dimension: dimension(&said.dimension)?,
        title: text(&said.title, LONGEST_TITLE)?,
        text: text(&said.text, LONGEST_TEXT)?,
        evidence: text(&said.evidence, LONGEST_TEXT)?,
        region: region(said.region),
        confidence: level(&said.confidence)?,
        severity: level(&said.severity)?,
    })
}

/// A part of the photo. None for the whole, and for what lies outside.
fn region(said: Region) -> Option<PhotoRegion> {
    let Region { x, y, width, height } = said;
    let side = 0..=1000;
    if !(side.contains(&x) && side.contains(&y) && (1..=1000).contains(&width) && (1..=1000).contains(&height)) {
        return None;
    }
    // A thousandth too far is rounding.
    let (width, height) = (width.min(1000 - x), height.min(1000 - y));
    let strays = said.x + said.width > 1005 || said.y + said.height > 1005;
    if strays || width < 1 || height < 1 || width >= 980 && height >= 980 {
        return None;
    }
    let part = |thousandths: i64| thousandths as f32 / 1000.0;
    Some(PhotoRegion { x: part(x), y: part(y), width: part(width), height: part(height) })
}

fn suggestion(said: &Suggested, findings: usize) -> Result<Suggestion, Nonsense> {
    let finding = u32::try_from(said.finding).ok().filter(|number| (1..=findings).contains(&(*number as usize)));
    Ok(Suggestion { finding, text: text(&said.text, LONGEST_TEXT)?, action: action(said) })
}

/// What a machine can do of a suggestion, in the engine's own terms. What is out of range remains advice.
fn action(said: &Suggested) -> Option<SuggestedAction> {
    let strength = || (1..=100).contains(&said.amount).then_some(said.amount as f32 / 100.0);
    let restore = |denoise, detail| SuggestedAction::Recipe(Step::Restore { denoise, detail, model: None });
    match said.kind.trim().to_lowercase().as_str() {
        "light" | "colour" => Some(SuggestedAction::Recipe(Step::Tone { strength: strength()?, model: None })),
        "denoise" => Some(restore(strength()?, 0.0)),
        "sharpen" => Some(restore(0.0, strength()?)),
        "crop" => region(said.region).filter(|part| part.width >= 0.2 && part.height >= 0.2).map(SuggestedAction::Crop),
        "straighten" => {
            let turns = said.degrees.is_finite() && (0.1..=STEEPEST).contains(&said.degrees.abs());
            turns.then_some(SuggestedAction::Straighten { degrees: said.degrees })
        }
        _ => None,
    }
}

/// What became of each dimension since the critique before.
pub(super) fn changes(before: &Critique, now: &Critique) -> Vec<Change> {
    let compared = now.scores.iter().filter_map(|score| {
        let earlier = before.scores.iter().find(|earlier| earlier.dimension == score.dimension)?;
        let direction = match score.score.cmp(&earlier.score) {
            std::cmp::Ordering::Greater => "better",
            std::cmp::Ordering::Equal => "same",
            std::cmp::Ordering::Less => "worse",
        };
        let text = format!("{} before, {} now. {}", earlier.score, score.score, score.reason);
        Some(Change { dimension: score.dimension, direction: direction.to_owned(), text })
    });
    compared.collect()
}

#[cfg(test)]
mod tests;
