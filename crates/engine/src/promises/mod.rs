//! What is promised of every model that ships, asked of the files themselves: what a photo does not need must not happen to it.
//!
//! How far each promise goes is in `limits`. How good the models are is not asked here; `models/training` scores them. That tiles equal the whole
//! is the chain's promise, and tested there.

mod limits;
mod pictures;
mod tone;

use limits::Bound;
use pretty_photo::picture::{Channels, Depth, Picture};
use pretty_testkit::scene;

use crate::tone::reduced::reduced;
use crate::tone::statistics::{Planes, average};

/// What was found, held against the limits; all faults are told at once.
#[derive(Default)]
struct Findings {
    faults: Vec<String>,
}

impl Findings {
    fn hold(&mut self, model: &str, bound: &Bound, found: f64, on: &str) {
        // What is no number holds no limit.
        if !bound.holds(found) {
            self.faults.push(format!(
                "{model}, {on}: {} is {found:.3}, and {} is allowed",
                bound.what,
                bound.allowed()
            ));
        }
    }

    fn end(self) {
        assert!(self.faults.is_empty(), "\n{}", self.faults.join("\n"));
    }
}

/// A picture of 16 bits from a colour for each place, so that the samples' own steps do not show.
fn painted(width: u32, height: u32, colour: impl Fn(u32, u32) -> [f32; 3]) -> Picture {
    let values: Vec<f32> =
        (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).flat_map(|(x, y)| colour(x, y)).collect();
    let colour = scene::samples(&values, Depth::Sixteen);
    Picture { width, height, channels: Channels::Rgb, colour, alpha: None }
}

/// A photo that is part of the project.
fn photo_at(path: &str) -> Picture {
    let models = crate::locate::models_folder(None);
    let path = models.parent().unwrap().join(path);
    pretty_photo::decode(&path, &pretty_photo::Limits::default()).unwrap().picture
}

/// The sample photo that ships, made so much smaller that its noise is gone: a clean photo from a camera.
fn clean_photo() -> Picture {
    const REDUCED: usize = 5;
    let photo = photo_at("src-tauri/resources/sample.jpg");
    let whole = crate::pixels::Tile::of(&photo, crate::region::Region::whole(photo.width, photo.height));
    let (width, height) = (whole.width() / REDUCED, whole.height() / REDUCED);
    let small = average((whole.width(), whole.height()), (width, height), |y, line| {
        for (x, pixel) in line.chunks_exact_mut(3).enumerate() {
            for (channel, value) in pixel.iter_mut().enumerate() {
                *value = whole.planes[channel * whole.area() + y * whole.width() + x];
            }
        }
    });
    painted(width as u32, height as u32, |x, y| {
        [0, 1, 2].map(|channel| small.values[channel * width * height + y as usize * width + x as usize] as f32)
    })
}

/// A picture as the tone model is told of it.
fn told(picture: &Picture) -> Planes {
    reduced(&crate::testing::decoded(picture))
}
