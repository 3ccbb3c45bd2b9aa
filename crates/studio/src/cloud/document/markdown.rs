//! A critique or comparison as Markdown.

use std::fmt::Write;

use pretty_contract::service::critique::{Comparison, Critique};

use super::{Known, dimension, origin, side, sureness, verdict};

/// A comparison.
pub(super) fn comparison(known: &Known, comparison: &Comparison) -> String {
    let mut text = format!("# {}\n\n", plain(&known.title()));
    // Writing to a text cannot fail.
    for (index, name) in known.names.iter().enumerate() {
        let _ = writeln!(text, "{}. {}", index + 1, plain(name));
    }
    let _ = write!(text, "\n**{}**\n\n{}\n", verdict(comparison.stronger), plain(&comparison.summary));
    if !comparison.reasons.is_empty() {
        text.push_str("\n## Why\n\n| | stronger | why |\n| --- | --- | --- |\n");
        for reason in &comparison.reasons {
            let why = plain(&reason.text).replace('|', "\\|");
            let _ = writeln!(text, "| {} | {} | {why} |", dimension(reason.dimension), side(reason.stronger));
        }
    }
    let _ = writeln!(text, "\n{}", plain(&origin(&comparison.measured_by)));
    text
}

/// A critique.
pub(super) fn critique(known: &Known, critique: &Critique) -> String {
    let mut text = format!("# {}\n\n{}\n", plain(&known.title()), plain(&critique.summary));
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
    let _ = writeln!(text, "\n{}", plain(&origin(&critique.measured_by)));
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
    use super::super::pdf::tests::{a_comparison, a_critique, known};
    use super::*;

    fn check(text: &str, said: &[&str]) {
        for said in said {
            assert!(text.contains(said), "{said} is missing from\n{text}");
        }
    }

    #[test]
    fn all_that_was_said_is_in_it_as_text() {
        let text = critique(&known(&["a_b.jpg"], Vec::new()), &a_critique());
        check(
            &text,
            &[
                "# Critique of a\\_b.jpg",
                "A truck.",
                "The blue",
                "**An arm** (Composition, sure)",
                "It touches",
                "Crop \\<b\\>left",
                "| Light | 7 | even |",
                "test model",
            ],
        );
        assert!(!text.contains("<b>"));
    }

    #[test]
    fn a_comparison_says_which_is_stronger_and_why() {
        let text = comparison(&known(&["a_b.jpg", "\u{6f22}.jpg"], Vec::new()), &a_comparison());
        check(
            &text,
            &[
                "# Comparison of a\\_b.jpg and \u{6f22}.jpg",
                "1. a\\_b.jpg\n2. \u{6f22}.jpg\n",
                "**The second photo is stronger.**",
                "| Light | the second | Softer \\| lower. |",
                "| Focus | even | Alike. |",
                "test model",
            ],
        );
    }
}
