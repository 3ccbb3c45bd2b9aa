//! A critique or comparison as PDF: the photo with its pins, or both photos, then what was said.

use std::path::PathBuf;

use pretty_contract::service::critique::{Comparison, Critique};

use super::pages::{BOLD, Pages, Photo, REGULAR, SIZE, SMALL};
use super::{Known, dimension, origin, side, sureness, verdict};

/// A critique. A photo that cannot be read is left out.
pub(super) fn critique(known: &Known, critique: &Critique) -> Vec<u8> {
    let mut pages = Pages::new(&known.title());
    if let Some(photo) = photo(known, 0) {
        pages.photo(photo, &critique.findings);
    }
    pages.text(&critique.summary, BOLD, 12.0);
    pages.heading("Strengths", !critique.strengths.is_empty());
    for strength in &critique.strengths {
        pages.text(&format!("\u{2022} {strength}"), REGULAR, SIZE);
    }
    pages.heading("Findings", !critique.findings.is_empty());
    for finding in &critique.findings {
        let (of, sure) = (dimension(finding.dimension), sureness(finding.confidence).to_lowercase());
        pages.text(&format!("{}. {} ({of}, {sure})", finding.number, finding.title), BOLD, SIZE);
        pages.text(&finding.text, REGULAR, SIZE);
        pages.text(&finding.evidence, REGULAR, SMALL);
        pages.space(4.0);
    }
    pages.heading("Suggestions", !critique.suggestions.is_empty());
    for suggestion in &critique.suggestions {
        pages.text(&format!("\u{2022} {}", suggestion.text), REGULAR, SIZE);
    }
    pages.heading("Scores", !critique.scores.is_empty());
    for score in &critique.scores {
        pages.text(&format!("{}: {} of 10. {}", dimension(score.dimension), score.score, score.reason), REGULAR, SIZE);
    }
    pages.finish(&origin(&critique.measured_by))
}

/// A comparison. Photos that cannot be read are left out.
pub(super) fn comparison(known: &Known, comparison: &Comparison) -> Vec<u8> {
    let mut pages = Pages::new(&known.title());
    pages.side_by_side([photo(known, 0), photo(known, 1)]);
    for (index, name) in known.names.iter().enumerate() {
        pages.text(&format!("{}: {name}", index + 1), REGULAR, SMALL);
    }
    pages.space(4.0);
    pages.text(verdict(comparison.stronger), BOLD, 12.0);
    pages.text(&comparison.summary, REGULAR, SIZE);
    pages.heading("Why", !comparison.reasons.is_empty());
    for reason in &comparison.reasons {
        pages.text(&format!("{}: {}", dimension(reason.dimension), side(reason.stronger)), BOLD, SIZE);
        pages.text(&reason.text, REGULAR, SIZE);
        pages.space(4.0);
    }
    pages.finish(&origin(&comparison.measured_by))
}

fn photo(known: &Known, index: usize) -> Option<Photo> {
    known.pictures.get(index).and_then(Option::as_ref).and_then(|path: &PathBuf| Photo::read(path))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::json;

    pub(in crate::cloud::document) fn known(names: &[&str], pictures: Vec<Option<PathBuf>>) -> Known {
        Known { names: names.iter().map(|name| (*name).to_owned()).collect(), pictures, compared: names.len() > 1 }
    }

    pub(in crate::cloud::document) fn a_critique() -> Critique {
        serde_json::from_value(json!({
            "summary": "A truck.", "strengths": ["The blue"], "measured_by": "test model",
            "findings": [{ "number": 1, "dimension": "composition", "title": "An arm", "text": "It touches the frame.", "evidence": "red",
                "region": { "x": 0.1, "y": 0.2, "width": 0.2, "height": 0.2 }, "confidence": "high", "severity": "low" }],
            "scores": [{ "dimension": "light", "score": 7, "reason": "even" }],
            "suggestions": [{ "finding": 1, "text": "Crop <b>left" }]
        }))
        .unwrap()
    }

    pub(in crate::cloud::document) fn a_comparison() -> Comparison {
        serde_json::from_value(json!({
            "summary": "Both are of the hill.", "stronger": 1, "measured_by": "test model",
            "reasons": [{ "dimension": "light", "stronger": 1, "text": "Softer | lower." }, { "dimension": "focus", "text": "Alike." }]
        }))
        .unwrap()
    }

    fn picture(folder: &tempfile::TempDir, name: &str, size: (u32, u32)) -> Option<PathBuf> {
        let path = folder.path().join(name);
        image::RgbImage::from_pixel(size.0, size.1, image::Rgb([10, 90, 200])).save(&path).unwrap();
        Some(path)
    }

    /// A text as it stands in the file: what is not plain ASCII is written as hexadecimal.
    fn hexadecimal(text: &[u8]) -> String {
        text.iter().map(|byte| format!("{byte:02X}")).collect()
    }

    #[test]
    fn a_document_with_a_photo_and_as_many_pages_as_it_needs() {
        let folder = tempfile::tempdir().unwrap();
        let path = picture(&folder, "a.jpg", (60, 40));
        let mut long = a_critique();
        long.strengths = (0..90).map(|number| format!("Strength {number} of this photo")).collect();
        let bytes = critique(&known(&["a_b.jpg"], vec![path]), &long);
        let text = String::from_utf8_lossy(&bytes);
        assert!(bytes.starts_with(b"%PDF-") && text.trim_end().ends_with("%%EOF"));
        assert!(
            text.contains("/DCTDecode")
                && text.contains(&hexadecimal(b"Strength 89"))
                && text.matches("/MediaBox").count() > 1
        );
        assert!(!text.contains("font lacks"));
        let without = critique(&known(&["a_b.jpg"], vec![Some(folder.path().join("none.jpg"))]), &a_critique());
        assert!(!String::from_utf8_lossy(&without).contains("/DCTDecode"));
    }

    #[test]
    fn both_photos_of_a_comparison_and_what_was_said_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let pictures = vec![picture(&folder, "a.jpg", (60, 40)), picture(&folder, "b.jpg", (30, 90))];
        let bytes = comparison(&known(&["a.jpg", "\u{41c}\u{43e}\u{440}\u{435}.jpg"], pictures), &a_comparison());
        let text = String::from_utf8_lossy(&bytes);
        assert_eq!(text.matches("/DCTDecode").count(), 2);
        for said in [
            "The second photo is stronger.",
            "2: More.jpg",
            "Light: the second",
            "Softer | lower.",
            "Focus: even",
            "Both are of the hill.",
        ] {
            assert!(text.contains(said) || text.contains(&hexadecimal(said.as_bytes())), "{said} is missing");
        }
        assert!(
            text.contains(&hexadecimal(b"font lacks")) || text.contains("font lacks"),
            "that letters were changed is said"
        );
        // One of the photos is gone.
        let one =
            comparison(&known(&["a.jpg", "b.jpg"], vec![None, picture(&folder, "c.jpg", (9, 9))]), &a_comparison());
        assert_eq!(String::from_utf8_lossy(&one).matches("/DCTDecode").count(), 1);
    }
}
