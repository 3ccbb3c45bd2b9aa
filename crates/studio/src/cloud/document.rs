//! A critique or comparison as a document that can be kept and given away: Markdown, or PDF with the photos and the pins.

mod letters;
mod markdown;
mod pages;
mod pdf;
mod widths;

use std::path::{Path, PathBuf};

use pretty_contract::cloud::DocumentFormat;
use pretty_contract::problem::Problem;
use pretty_contract::service::critique::{Confidence, Dimension};

use super::critiques::{self, Said};
use crate::core::Core;
use crate::documents::{self, Kind};

/// What a document is about.
pub(super) struct Known {
    /// File names of the photos, where they were sent from this computer.
    pub(super) names: Vec<String>,
    /// The photos as they were sent, where they are at hand.
    pub(super) pictures: Vec<Option<PathBuf>>,
    /// Whether it is about two photos.
    pub(super) compared: bool,
}

impl Known {
    fn title(&self) -> String {
        match (self.compared, self.names.as_slice()) {
            (false, [name, ..]) => format!("Critique of {name}"),
            (false, []) => "Critique".to_owned(),
            (true, [one, other, ..]) => format!("Comparison of {one} and {other}"),
            (true, _) => "Comparison of two photos".to_owned(),
        }
    }
}

/// Writes a critique or comparison to a path that the person chose.
pub(crate) fn export(core: &Core, id: &str, format: DocumentFormat, path: &Path) -> Result<(), Problem> {
    let (known, said) = critiques::for_document(core, id)?;
    let (kind, bytes) = match (format, &said) {
        (DocumentFormat::Markdown, Said::Critique(said)) => (Kind::Markdown, markdown::critique(&known, said).into()),
        (DocumentFormat::Markdown, Said::Comparison(said)) => {
            (Kind::Markdown, markdown::comparison(&known, said).into())
        }
        (DocumentFormat::Pdf, Said::Critique(said)) => (Kind::Pdf, pdf::critique(&known, said)),
        (DocumentFormat::Pdf, Said::Comparison(said)) => (Kind::Pdf, pdf::comparison(&known, said)),
    };
    documents::save(core, kind, path, &bytes)
}

fn dimension(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Composition => "Composition",
        Dimension::Light => "Light",
        Dimension::Colour => "Colour",
        Dimension::Focus => "Focus",
        Dimension::Subject => "Subject",
        Dimension::Moment => "Moment",
        Dimension::Technique => "Technique",
        Dimension::Unknown => "Other",
    }
}

fn sureness(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "Sure",
        Confidence::Medium => "Fairly sure",
        Confidence::Low => "A guess",
        Confidence::Unknown => "",
    }
}

/// Who said it.
fn origin(measured_by: &str) -> String {
    format!("Said by {measured_by}. It can be wrong.")
}

/// Which of two photos is stronger, in a sentence.
fn verdict(stronger: Option<u8>) -> &'static str {
    match stronger {
        Some(0) => "The first photo is stronger.",
        Some(1) => "The second photo is stronger.",
        _ => "Neither photo is stronger.",
    }
}

/// Which of two photos is stronger, in a table.
fn side(stronger: Option<u8>) -> &'static str {
    match stronger {
        Some(0) => "the first",
        Some(1) => "the second",
        _ => "even",
    }
}
