//! A critique as Markdown.

use std::fmt::Write;

use pretty_contract::cloud::CritiqueLine;
use pretty_contract::service::critique::Critique;

use super::{dimension, origin, sureness, title};

/// The whole document.
pub(super) fn write(line: &CritiqueLine, critique: &Critique) -> String {
    let mut text = format!("# {}\n\n{}\n", plain(&title(line)), plain(&critique.summary));
    // Writing to a text cannot fail.
    if !critique.strengths.is_empty() {
        text.push_str("\n## Strengths\n\n");
        for strength in &critique.strengths {
            let _ = writeln!(text, "* {}", plain(strength));
        }
    }
    if !critique.findings.is_empty() {
        text.push_str("\n## Findings\n");
        for finding in &critique.findings {
            let _ = write!(
                text,
                "\n{}. **{}** ({}, {})  \n   {}\n",
                finding.number,
                plain(&finding.title),
                dimension(finding.dimension),
                sureness(finding.confidence).to_lowercase(),
                plain(&finding.text)
            );
            if !finding.evidence.is_empty() {
                let _ = writeln!(text, "   *{}*", plain(&finding.evidence));
            }
        }
    }
    if !critique.suggestions.is_empty() {
        text.push_str("\n## Suggestions\n\n");
        for suggestion in &critique.suggestions {
            let number = suggestion.finding.map(|number| format!(" (finding {number})")).unwrap_or_default();
            let _ = writeln!(text, "* {}{number}", plain(&suggestion.text));
        }
    }
    if !critique.scores.is_empty() {
        text.push_str("\n## Scores\n\n| | of 10 | why |\n| --- | --- | --- |\n");
        for score in &critique.scores {
            let why = plain(&score.reason).replace('|', "\\|");
            let _ = writeln!(text, "| {} | {} | {why} |", dimension(score.dimension), score.score);
        }
    }
    let _ = writeln!(text, "\n{}", plain(&origin(critique)));
    text
}

/// What a model or a file name says is text, not markup.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '!' => {
                plain.push('\\');
                plain.push(letter);
            }
            letter if letter.is_control() => plain.push(' '),
            letter => plain.push(letter),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::super::pdf::tests::{critique, line};
    use super::*;

    #[test]
    fn all_that_was_said_is_in_it_as_text() {
        let text = write(&line(), &critique());
        for said in [
            "Critique of a\\_b.jpg",
            "A truck.",
            "The blue",
            "**An arm** (Composition, sure)",
            "It touches",
            "Crop \\<b\\>left",
            "| Light | 7 | even |",
            "test model",
        ] {
            assert!(text.contains(said), "{said} is missing from\n{text}");
        }
        assert!(!text.contains("<b>"));
    }
}
