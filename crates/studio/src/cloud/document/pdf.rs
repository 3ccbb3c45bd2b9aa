//! A critique as PDF: the photo with its pins, then what was said. One standard font, no script, no link.

use std::path::Path;

use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use pretty_contract::cloud::CritiqueLine;
use pretty_contract::service::critique::{Critique, CritiqueFinding};

use super::widths::{encode, lines, width};
use super::{dimension, origin, sureness, title};

/// A4, in points.
const PAGE: (f32, f32) = (595.0, 842.0);
const MARGIN: f32 = 54.0;
const SIZE: f32 = 10.5;
const LEADING: f32 = 14.5;
const REGULAR: Name = Name(b"R");
const BOLD: Name = Name(b"B");
const PHOTO: Name = Name(b"P");
/// The accent of the pins.
const PIN: (f32, f32, f32) = (0.10, 0.42, 0.78);

/// A JPEG and its pixels.
struct Photo {
    bytes: Vec<u8>,
    width: u32,
    height: u32,
    grey: bool,
}

/// The whole document. A photo that cannot be read is left out.
pub(super) fn write(line: &CritiqueLine, critique: &Critique, picture: Option<&Path>) -> Vec<u8> {
    let photo = picture.and_then(read);
    let mut pages = Pages::new();
    pages.text(&title(line), BOLD, 16.0);
    if let Some(photo) = &photo {
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
        pages.text(&finding.evidence, REGULAR, 9.0);
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
    pages.space(LEADING);
    pages.text(&origin(critique), REGULAR, 9.0);
    assemble(&title(line), pages.finish(), photo)
}

fn read(path: &Path) -> Option<Photo> {
    let bytes = std::fs::read(path).ok()?;
    let photo = pretty_photo::decode(path, &pretty_photo::Limits::default()).ok()?;
    let grey = photo.picture.channels == pretty_photo::picture::Channels::Gray;
    bytes.starts_with(&[0xff, 0xd8]).then_some(Photo {
        bytes,
        width: photo.facts.width,
        height: photo.facts.height,
        grey,
    })
}

/// Pages on which is written from the top.
struct Pages {
    done: Vec<Content>,
    page: Content,
    y: f32,
}

impl Pages {
    fn new() -> Self {
        Self { done: Vec::new(), page: Content::new(), y: PAGE.1 - MARGIN }
    }

    fn space(&mut self, points: f32) {
        self.y -= points;
    }

    /// Begins another page when there is no room.
    fn room(&mut self, points: f32) {
        if self.y - points < MARGIN {
            self.done.push(std::mem::replace(&mut self.page, Content::new()));
            self.y = PAGE.1 - MARGIN;
        }
    }

    fn heading(&mut self, text: &str, has_content: bool) {
        if has_content {
            self.room(4.0 * LEADING);
            self.space(8.0);
            self.text(text, BOLD, 12.0);
        }
    }

    fn text(&mut self, text: &str, font: Name<'_>, size: f32) {
        let leading = LEADING * size / SIZE;
        // The bold font is a little wider than what is measured.
        let most = (PAGE.0 - 2.0 * MARGIN) * if font == BOLD { 0.93 } else { 1.0 };
        for line in lines(text, size, most) {
            self.room(leading);
            self.space(leading);
            self.page.begin_text().set_font(font, size).next_line(MARGIN, self.y).show(Str(&line)).end_text();
        }
    }

    fn photo(&mut self, photo: &Photo, findings: &[CritiqueFinding]) {
        let most = (PAGE.0 - 2.0 * MARGIN, 380.0_f32);
        let scale = (most.0 / photo.width as f32).min(most.1 / photo.height as f32);
        let (across, down) = (photo.width as f32 * scale, photo.height as f32 * scale);
        self.space(8.0);
        self.room(down);
        let (left, top) = (MARGIN, self.y);
        self.page.save_state().transform([across, 0.0, 0.0, down, left, top - down]).x_object(PHOTO).restore_state();
        for finding in findings {
            let Some(region) = finding.region else { continue };
            let inside = |value: f32| if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.5 };
            let x = left + across * inside(region.x + region.width / 2.0);
            let y = top - down * inside(region.y + region.height / 2.0);
            self.pin(x, y, finding.number);
        }
        self.y = top - down - 6.0;
    }

    fn pin(&mut self, x: f32, y: f32, number: u32) {
        const HALF: f32 = 8.0;
        let label = encode(&number.to_string());
        self.page.save_state().set_fill_rgb(PIN.0, PIN.1, PIN.2).set_stroke_rgb(1.0, 1.0, 1.0);
        self.page.rect(x - HALF, y - HALF, 2.0 * HALF, 2.0 * HALF).fill_nonzero_and_stroke();
        self.page.set_fill_rgb(1.0, 1.0, 1.0).begin_text().set_font(BOLD, 9.0);
        self.page.next_line(x - width(&label, 9.0) / 2.0, y - 3.2).show(Str(&label)).end_text();
        self.page.restore_state();
    }

    fn finish(mut self) -> Vec<Content> {
        self.done.push(self.page);
        self.done
    }
}

fn assemble(title: &str, pages: Vec<Content>, photo: Option<Photo>) -> Vec<u8> {
    let [catalog, tree, regular, bold, image, info] = [1, 2, 3, 4, 5, 6].map(Ref::new);
    let page_ref = |index: usize| Ref::new(7 + 2 * i32::try_from(index).unwrap_or(0));
    let content_ref = |index: usize| Ref::new(8 + 2 * i32::try_from(index).unwrap_or(0));
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree);
    pdf.document_info(info).title(TextStr(title));
    let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
    pdf.pages(tree).kids((0..pages.len()).map(page_ref)).count(count);
    for (reference, name) in [(regular, Name(b"Helvetica")), (bold, Name(b"Helvetica-Bold"))] {
        pdf.type1_font(reference).base_font(name).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    for (index, content) in pages.into_iter().enumerate() {
        let mut page = pdf.page(page_ref(index));
        page.parent(tree).media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).contents(content_ref(index));
        let mut resources = page.resources();
        resources.fonts().pair(REGULAR, regular).pair(BOLD, bold);
        if photo.is_some() && index == 0 {
            resources.x_objects().pair(PHOTO, image);
        }
        resources.finish();
        page.finish();
        pdf.stream(content_ref(index), &content.finish());
    }
    if let Some(photo) = photo {
        let (width, height) = (i32::try_from(photo.width).unwrap_or(0), i32::try_from(photo.height).unwrap_or(0));
        let mut object = pdf.image_xobject(image, &photo.bytes);
        object.width(width).height(height).bits_per_component(8);
        object.filter(Filter::DctDecode);
        if photo.grey {
            object.color_space().device_gray();
        } else {
            object.color_space().device_rgb();
        }
        object.finish();
    }
    pdf.finish()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::json;

    pub(in crate::cloud::document) fn line() -> CritiqueLine {
        serde_json::from_value(json!({ "id": "1", "kind": "critique", "name": "a_b.jpg", "photo": null, "summary": "", "at": 0, "price": 1, "on_service": true })).unwrap()
    }

    pub(in crate::cloud::document) fn critique() -> Critique {
        serde_json::from_value(json!({
            "summary": "A truck.", "strengths": ["The blue"], "measured_by": "test model",
            "findings": [{ "number": 1, "dimension": "composition", "title": "An arm", "text": "It touches the frame.", "evidence": "red",
                "region": { "x": 0.1, "y": 0.2, "width": 0.2, "height": 0.2 }, "confidence": "high", "severity": "low" }],
            "scores": [{ "dimension": "light", "score": 7, "reason": "even" }],
            "suggestions": [{ "finding": 1, "text": "Crop <b>left" }]
        }))
        .unwrap()
    }

    #[test]
    fn a_document_with_a_photo_and_as_many_pages_as_it_needs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jpg");
        image::RgbImage::from_pixel(60, 40, image::Rgb([10, 90, 200])).save(&path).unwrap();
        let mut long = critique();
        long.strengths = (0..90).map(|number| format!("Strength {number} of this photo")).collect();
        let bytes = write(&line(), &long, Some(&path));
        let text = String::from_utf8_lossy(&bytes);
        assert!(bytes.starts_with(b"%PDF-") && text.trim_end().ends_with("%%EOF"));
        // What is not plain ASCII (the dots of a list) is written as hexadecimal.
        let hexadecimal: String = b"Strength 89".iter().map(|byte| format!("{byte:02X}")).collect();
        assert!(text.contains("/DCTDecode") && text.contains(&hexadecimal) && text.matches("/MediaBox").count() > 1);
        let without = write(&line(), &critique(), Some(&folder.path().join("none.jpg")));
        assert!(!String::from_utf8_lossy(&without).contains("/DCTDecode"));
    }
}
