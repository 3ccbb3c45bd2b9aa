//! A critique as a document that can be kept and given away: Markdown, or PDF with the photo and its pins.

mod markdown;
mod pdf;
mod widths;

use std::path::Path;

use pretty_contract::cloud::{CritiqueLine, DocumentFormat};
use pretty_contract::problem::{Code, Problem};
use pretty_contract::service::critique::{Confidence, Critique, Dimension};

use crate::core::Core;
use crate::small_files;

/// Writes a critique to a path that the person chose.
pub(crate) fn export(core: &Core, id: &str, format: DocumentFormat, path: &Path) -> Result<(), Problem> {
    let (line, critique, picture) = super::critiques::for_document(core, id)?;
    let bytes = match format {
        DocumentFormat::Markdown => markdown::write(&line, &critique).into_bytes(),
        DocumentFormat::Pdf => pdf::write(&line, &critique, picture.as_deref()),
    };
    small_files::write_bytes(path, &bytes).map_err(|error| Problem {
        code: if error.kind() == std::io::ErrorKind::StorageFull { Code::DiskFull } else { Code::TargetFailed },
        message: format!(
            "The critique could not be saved as \u{201c}{}\u{201d}. Choose another place.",
            path.display()
        ),
        retryable: true,
        detail: Some(error.to_string()),
    })
}

fn title(line: &CritiqueLine) -> String {
    line.name.as_ref().map_or_else(|| "Critique".to_owned(), |name| format!("Critique of {name}"))
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
fn origin(critique: &Critique) -> String {
    format!("Said by {}. It can be wrong.", critique.measured_by)
}
