//! Bars on a terminal: one for the photo in work, one for all. Nothing where there is no terminal.

use std::io::IsTerminal;
use std::path::Path;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Steps of a bar for one photo.
const STEPS: u64 = 1000;

/// The bars; silent without a terminal.
pub(crate) struct Bars {
    shown: Option<Shown>,
}

struct Shown {
    screen: MultiProgress,
    total: ProgressBar,
    photo: ProgressBar,
}

impl Bars {
    /// For so many photos.
    pub(crate) fn new(photos: usize) -> Self {
        let shown = std::io::stderr().is_terminal().then(|| Shown::new(photos));
        Self { shown }
    }

    /// The next photo is in work.
    pub(crate) fn start(&self, photo: &Path) {
        if let Some(shown) = &self.shown {
            shown.photo.set_position(0);
            shown.photo.set_message(photo.file_name().unwrap_or(photo.as_os_str()).to_string_lossy().into_owned());
        }
    }

    /// How far the photo in work is; `before` photos are closed.
    pub(crate) fn progress(&self, before: usize, fraction: f32) {
        if let Some(shown) = &self.shown {
            let step = (fraction * STEPS as f32) as u64;
            shown.photo.set_position(step);
            shown.total.set_position(before as u64 * STEPS + step);
            shown.total.set_message(format!("{before} of {}", shown.total.length().unwrap_or(0) / STEPS));
        }
    }

    /// Takes the bars away.
    pub(crate) fn finish(&self) {
        if let Some(shown) = &self.shown {
            shown.photo.finish_and_clear();
            shown.total.finish_and_clear();
        }
    }

    /// Prints something without tearing the bars.
    pub(crate) fn around(&self, print: impl FnOnce()) {
        match &self.shown {
            Some(shown) => shown.screen.suspend(print),
            None => print(),
        }
    }
}

impl Shown {
    fn new(photos: usize) -> Self {
        let screen = MultiProgress::new();
        let style =
            |template: &str| ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let photo = screen.add(ProgressBar::new(STEPS).with_style(style("{bar:30} {percent:>3} %  {msg}")));
        let total = ProgressBar::new(photos as u64 * STEPS)
            .with_style(style("{bar:30} {percent:>3} %  {msg} photos, {eta} left"));
        let total = screen.add(total);
        Self { screen, total, photo }
    }
}
