//! Pages of a PDF: text written from the top, photos, pins, and the file that they make. One standard font, no script, no link.

use std::path::Path;

use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use pretty_contract::service::critique::CritiqueFinding;

use super::letters::{encode, is_faithful};
use super::widths::{lines, width};

/// A4, in points.
const PAGE: (f32, f32) = (595.0, 842.0);
const MARGIN: f32 = 54.0;
/// Between two photos.
const GAP: f32 = 14.0;
pub(super) const SIZE: f32 = 10.5;
const LEADING: f32 = 14.5;
pub(super) const SMALL: f32 = 9.0;
pub(super) const REGULAR: Name = Name(b"R");
pub(super) const BOLD: Name = Name(b"B");
/// The accent of the pins.
const PIN: (f32, f32, f32) = (0.10, 0.42, 0.78);

/// A JPEG and its pixels.
pub(super) struct Photo {
    bytes: Vec<u8>,
    width: u32,
    height: u32,
    grey: bool,
}

impl Photo {
    /// None when it cannot be read.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let bytes = std::fs::read(path).ok()?;
        let photo = pretty_photo::decode(path, &pretty_photo::Limits::default()).ok()?;
        let grey = photo.picture.channels == pretty_photo::picture::Channels::Gray;
        let (width, height) = (photo.facts.width, photo.facts.height);
        bytes.starts_with(&[0xff, 0xd8]).then_some(Self { bytes, width, height, grey })
    }
}

/// Pages on which is written from the top.
pub(super) struct Pages {
    title: String,
    done: Vec<Content>,
    page: Content,
    y: f32,
    photos: Vec<Photo>,
    /// Whether all letters so far are as they were said.
    faithful: bool,
}

impl Pages {
    /// Begins with the title.
    pub(super) fn new(title: &str) -> Self {
        let mut pages = Self {
            title: title.to_owned(),
            done: Vec::new(),
            page: Content::new(),
            y: PAGE.1 - MARGIN,
            photos: Vec::new(),
            faithful: true,
        };
        pages.text(title, BOLD, 16.0);
        pages
    }

    pub(super) fn space(&mut self, points: f32) {
        self.y -= points;
    }

    /// Begins another page when there is no room.
    fn room(&mut self, points: f32) {
        if self.y - points < MARGIN {
            self.done.push(std::mem::replace(&mut self.page, Content::new()));
            self.y = PAGE.1 - MARGIN;
        }
    }

    pub(super) fn heading(&mut self, text: &str, has_content: bool) {
        if has_content {
            self.room(4.0 * LEADING);
            self.space(8.0);
            self.text(text, BOLD, 12.0);
        }
    }

    pub(super) fn text(&mut self, text: &str, font: Name<'_>, size: f32) {
        self.faithful &= is_faithful(text);
        let leading = LEADING * size / SIZE;
        // The bold font is a little wider than what is measured.
        let most = (PAGE.0 - 2.0 * MARGIN) * if font == BOLD { 0.93 } else { 1.0 };
        for line in lines(text, size, most) {
            self.room(leading);
            self.space(leading);
            self.page.begin_text().set_font(font, size).next_line(MARGIN, self.y).show(Str(&line)).end_text();
        }
    }

    /// A photo over the width of the page, with the pins of findings.
    pub(super) fn photo(&mut self, photo: Photo, findings: &[CritiqueFinding]) {
        let scale = fitting(&photo, PAGE.0 - 2.0 * MARGIN, 380.0);
        let (across, down) = (photo.width as f32 * scale, photo.height as f32 * scale);
        self.space(8.0);
        self.room(down);
        let (left, top) = (MARGIN, self.y);
        self.draw(photo, [left, top, across, down]);
        for finding in findings {
            let Some(region) = finding.region else { continue };
            let inside = |value: f32| if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.5 };
            let x = left + across * inside(region.x + region.width / 2.0);
            let y = top - down * inside(region.y + region.height / 2.0);
            self.pin(x, y, finding.number);
        }
        self.y = top - down - 6.0;
    }

    /// Two photos beside each other, numbered; a place stays empty where there is none.
    pub(super) fn side_by_side(&mut self, photos: [Option<Photo>; 2]) {
        let half = (PAGE.0 - 2.0 * MARGIN - GAP) / 2.0;
        let scales = photos.each_ref().map(|photo| photo.as_ref().map(|photo| fitting(photo, half, 300.0)));
        let down = |photo: &Option<Photo>, scale: &Option<f32>| {
            photo.as_ref().zip(*scale).map_or(0.0, |(photo, scale)| photo.height as f32 * scale)
        };
        let deepest = photos.iter().zip(&scales).map(|(photo, scale)| down(photo, scale)).fold(0.0, f32::max);
        self.space(8.0);
        self.room(deepest);
        let top = self.y;
        for (index, (photo, scale)) in photos.into_iter().zip(scales).enumerate() {
            let (Some(photo), Some(scale)) = (photo, scale) else { continue };
            let left = MARGIN + index as f32 * (half + GAP);
            let (across, down) = (photo.width as f32 * scale, photo.height as f32 * scale);
            self.draw(photo, [left, top, across, down]);
            self.pin(left + 12.0, top - 12.0, if index == 0 { 1 } else { 2 });
        }
        self.y = top - deepest - 6.0;
    }

    fn draw(&mut self, photo: Photo, [left, top, across, down]: [f32; 4]) {
        let name = photo_name(self.photos.len());
        self.page.save_state().transform([across, 0.0, 0.0, down, left, top - down]);
        self.page.x_object(Name(name.as_bytes())).restore_state();
        self.photos.push(photo);
    }

    fn pin(&mut self, x: f32, y: f32, number: u32) {
        const HALF: f32 = 8.0;
        let label = encode(&number.to_string());
        self.page.save_state().set_fill_rgb(PIN.0, PIN.1, PIN.2).set_stroke_rgb(1.0, 1.0, 1.0);
        self.page.rect(x - HALF, y - HALF, 2.0 * HALF, 2.0 * HALF).fill_nonzero_and_stroke();
        self.page.set_fill_rgb(1.0, 1.0, 1.0).begin_text().set_font(BOLD, SMALL);
        self.page.next_line(x - width(&label, SMALL) / 2.0, y - 3.2).show(Str(&label)).end_text();
        self.page.restore_state();
    }

    /// The whole file, with a last line that says who said all this.
    pub(super) fn finish(mut self, origin: &str) -> Vec<u8> {
        self.space(LEADING);
        self.text(origin, REGULAR, SMALL);
        if !self.faithful {
            let note = "Letters that this document\u{2019}s font lacks are written in Latin ones; the document as Markdown has them as they are.";
            self.text(note, REGULAR, SMALL);
        }
        self.done.push(self.page);
        assemble(&self.title, self.done, &self.photos)
    }
}

fn fitting(photo: &Photo, across: f32, down: f32) -> f32 {
    (across / photo.width.max(1) as f32).min(down / photo.height.max(1) as f32)
}

fn photo_name(index: usize) -> String {
    format!("P{index}")
}

fn assemble(title: &str, pages: Vec<Content>, photos: &[Photo]) -> Vec<u8> {
    let reference = |number: usize| Ref::new(i32::try_from(number).unwrap_or(i32::MAX));
    let [catalog, tree, regular, bold, info] = [1, 2, 3, 4, 5].map(Ref::new);
    let photo_ref = |index: usize| reference(6 + index);
    let page_ref = |index: usize| reference(6 + photos.len() + 2 * index);
    let content_ref = |index: usize| reference(7 + photos.len() + 2 * index);
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
        if !photos.is_empty() {
            let mut objects = resources.x_objects();
            for index in 0..photos.len() {
                objects.pair(Name(photo_name(index).as_bytes()), photo_ref(index));
            }
        }
        resources.finish();
        page.finish();
        pdf.stream(content_ref(index), &content.finish());
    }
    for (index, photo) in photos.iter().enumerate() {
        let (width, height) = (i32::try_from(photo.width).unwrap_or(0), i32::try_from(photo.height).unwrap_or(0));
        let mut object = pdf.image_xobject(photo_ref(index), &photo.bytes);
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
