//! Models that make pictures: the identity at strength 0, finite answers to anything, flat stays flat, no checkerboard, no shift of colour, clean
//! photos kept.

use std::sync::Arc;

use pretty_contract::recipe::{Recipe, Step};
use pretty_photo::picture::{Channels, Depth, Picture, Samples};
use pretty_testkit::random::Random;
use pretty_testkit::scene;

use super::limits::{CHECKERBOARD, FLAT, GRADIENT, GREY_SHIFT, KEPT, PHOTO_SHIFT};
use super::{Findings, clean_photo, painted};
use crate::bicubic::{self, Source};
use crate::cancel::Cancel;
use crate::chain::{Chain, Sessions, Stage};
use crate::engine::Engine;
use crate::manifest::Task;
use crate::model::ModelFile;
use crate::pixels::Tile;
use crate::provider::TileShape;
use crate::region::Region;
use crate::testing;

/// Pixels at the border that are not looked at: beyond it models see black.
const EDGE: usize = 24;

const GREYS: [f32; 9] = [0.0, 0.02, 0.1, 0.25, 0.4, 0.5, 0.75, 0.9, 1.0];

const COLOURS: [[f32; 3]; 10] = [
    [1.0, 0.0, 0.0],
    [0.0, 1.0, 0.0],
    [0.0, 0.0, 1.0],
    [0.0, 1.0, 1.0],
    [1.0, 0.0, 1.0],
    [1.0, 1.0, 0.0],
    [0.8, 0.5, 0.4],
    [0.3, 0.5, 0.8],
    [0.1, 0.3, 0.1],
    [0.15, 0.2, 0.4],
];

/// Greys from the left to the right.
const RAMPS: [(f32, f32); 4] = [(0.0, 1.0), (0.2, 0.8), (0.05, 0.2), (0.4, 0.5)];

/// A model at work on whole pictures, as a recipe's only step at full strength.
struct Work<'a> {
    engine: &'a Engine,
    model: Arc<ModelFile>,
}

impl Work<'_> {
    fn each(engine: &Engine, mut ask: impl FnMut(&Work<'_>)) {
        testing::picture_models(engine).into_iter().for_each(|model| ask(&Work { engine, model }));
    }

    fn id(&self) -> &str {
        &self.model.entry.id
    }

    fn scale(&self) -> usize {
        self.model.entry.scale as usize
    }

    /// Side of what the model makes as one piece.
    fn cell(&self) -> usize {
        self.scale().max(self.model.entry.stride as usize)
    }

    fn result(&self, picture: &Picture) -> Tile {
        self.result_of(testing::stage_of(&self.model, 1.0), picture)
    }

    fn result_of(&self, stage: Stage, picture: &Picture) -> Tile {
        let size = (picture.width, picture.height);
        let chain = Chain::new(vec![stage], size);
        let mut sessions = Sessions::new(self.engine.shared().devices.processor().provider.clone(), &chain, 1);
        let whole = Region::whole(size.0, size.1);
        let made = chain.run(picture, whole, TileShape::Any, &mut sessions, &Cancel::default());
        made.unwrap_or_else(|fault| panic!("{}: {fault:?}", self.id()))
    }
}

/// A plane without its border, in 255ths.
fn inside(tile: &Tile, plane: usize, edge: usize) -> Vec<Vec<f64>> {
    let plane = &tile.planes[plane * tile.area()..][..tile.area()];
    let rows = plane.chunks_exact(tile.width()).skip(edge).take(tile.height() - 2 * edge);
    rows.map(|row| row[edge..row.len() - edge].iter().map(|value| f64::from(*value) * 255.0).collect()).collect()
}

fn mean(values: impl Iterator<Item = f64> + Clone) -> f64 {
    values.clone().sum::<f64>() / values.count() as f64
}

fn deviation(values: &[f64]) -> f64 {
    let middle = mean(values.iter().copied());
    mean(values.iter().map(|value| (value - middle).powi(2))).sqrt()
}

/// How far the means of the places of a cell are apart.
fn checkerboard(rows: &[Vec<f64>], cell: usize) -> f64 {
    let place = |x: usize, y: usize| {
        mean(rows.iter().skip(y).step_by(cell).flat_map(|row| row.iter().skip(x).step_by(cell).copied()))
    };
    let means: Vec<f64> = (0..cell * cell).map(|at| place(at % cell, at / cell)).collect();
    means.iter().copied().fold(f64::MIN, f64::max) - means.iter().copied().fold(f64::MAX, f64::min)
}

/// What a photo is without the model: itself, or its bicubic enlargement.
fn plain(picture: &Picture, scale: u32) -> Tile {
    let source = Tile::of(picture, Region::whole(picture.width, picture.height));
    if scale == 1 {
        return source;
    }
    let (region, size) = (source.region, (picture.width, picture.height));
    let wanted = region.enlarged(scale);
    let planes = bicubic::enlarge(Source { planes: &source.planes, region, size }, scale, wanted);
    Tile { region: wanted, planes: planes.into_iter().map(|value| value.clamp(0.0, 1.0)).collect() }
}

/// A result at its photo's size again, each pixel the mean of what it became.
fn reduced(tile: &Tile, scale: usize) -> Vec<f64> {
    let (width, height) = (tile.width() / scale, tile.height() / scale);
    let mut values = Vec::with_capacity(3 * width * height);
    for plane in tile.planes.chunks_exact(tile.area()) {
        for y in 0..height {
            for x in 0..width {
                let rows = plane[y * scale * tile.width()..].chunks(tile.width()).take(scale);
                let cell = rows.flat_map(|row| &row[x * scale..(x + 1) * scale]);
                values.push(cell.map(|value| f64::from(*value)).sum::<f64>() / (scale * scale) as f64);
            }
        }
    }
    values
}

#[test]
fn strength_nothing_is_the_photo_exactly() {
    let engine = testing::bundled();
    let pictures = [
        scene::picture(61, 37, Channels::Rgb, Depth::Eight, 21),
        scene::picture(33, 40, Channels::Rgb, Depth::Sixteen, 22),
        scene::picture(1, 1, Channels::Gray, Depth::Eight, 23),
    ];
    Work::each(&engine, |work| {
        for picture in &pictures {
            let wanted = plain(picture, work.model.entry.scale);
            // Nothing, and so little that the model is asked and its answer must not count.
            for strength in [0.0, f32::MIN_POSITIVE] {
                let made = work.result_of(testing::stage_of(&work.model, strength), picture);
                assert!(made == wanted, "{} at {strength}", work.id());
            }
            let step = match work.model.entry.task {
                Task::Restore => Step::Restore { denoise: 0.0, detail: 0.0, model: Some(work.id().into()) },
                _ => Step::Upscale { scale: work.model.entry.scale, strength: 0.0, model: Some(work.id().into()) },
            };
            let whole = Region::whole(picture.width, picture.height);
            let photo = testing::decoded(picture);
            let mut renderer = engine.renderer(photo, &Recipe::new(vec![step]), None).unwrap();
            let shown = renderer.render(whole, &Cancel::default()).unwrap();
            let region = whole.enlarged(work.model.entry.scale);
            let mut canvas = crate::pixels::Canvas::new(region, picture.channels, picture.colour.depth());
            canvas.place(&wanted);
            assert!(shown.colour == canvas.colour, "{}", work.id());
        }
    });
}

#[test]
fn answers_are_finite_whatever_is_asked() {
    let engine = testing::bundled();
    let mut random = Random::new(5);
    Work::each(&engine, |work| {
        let stride = work.model.entry.stride as usize;
        let mut session = engine.shared().devices.processor().provider.open(&work.model, 1).unwrap();
        for (width, height) in [(1usize, 1usize), (1, 67), (53, 1), (57, 71), (130, 99)] {
            let size @ (across, down) = (width.next_multiple_of(stride), height.next_multiple_of(stride));
            let noise: Vec<f32> = (0..3 * across * down).map(|_| random.unit()).collect();
            let extremes = noise.iter().map(|value| value.round()).collect();
            for planes in [vec![0.0; noise.len()], vec![1.0; noise.len()], noise, extremes] {
                let answer = testing::answer(session.as_mut(), &planes, size);
                assert!(!answer.is_empty() && answer.iter().all(|value| value.is_finite()), "{}: {size:?}", work.id());
            }
            // As photos, at sizes that are no multiple of anything.
            let photo = scene::picture(width as u32, height as u32, Channels::Rgb, Depth::Eight, 6);
            let made = work.result(&photo);
            assert_eq!((made.width(), made.height()), (width * work.scale(), height * work.scale()), "{}", work.id());
            assert!(made.planes.iter().all(|value| (0.0..=1.0).contains(value)), "{}: {width} × {height}", work.id());
        }
    });
}

#[test]
fn flat_colours_stay_flat_and_greys_stay_where_they_are() {
    let engine = testing::bundled();
    let mut findings = Findings::default();
    Work::each(&engine, |work| {
        let edge = EDGE * work.scale();
        for colour in GREYS.map(|grey| [grey; 3]).into_iter().chain(COLOURS) {
            let made = work.result(&painted(96, 96, |_, _| colour));
            for (plane, value) in colour.into_iter().enumerate() {
                let (rows, on) = (inside(&made, plane, edge), format!("{colour:?}"));
                findings.hold(work.id(), &FLAT, deviation(&rows.concat()), &on);
                findings.hold(work.id(), &CHECKERBOARD, checkerboard(&rows, work.cell()), &on);
                if colour[0] == colour[1] && colour[1] == colour[2] {
                    let shift = mean(rows.concat().into_iter()) - f64::from(value) * 255.0;
                    findings.hold(work.id(), &GREY_SHIFT, shift.abs(), &on);
                }
            }
        }
    });
    findings.end();
}

#[test]
fn gradients_stay_smooth() {
    const ACROSS: u32 = 256;
    let engine = testing::bundled();
    let mut findings = Findings::default();
    Work::each(&engine, |work| {
        let (scale, edge) = (work.scale() as f32, EDGE * work.scale());
        for (first, last) in RAMPS {
            let step = (last - first) / (ACROSS - 1) as f32;
            let made = work.result(&painted(ACROSS, 96, |x, _| [first + step * x as f32; 3]));
            let wanted = |x: usize| f64::from(first + step * ((x as f32 + 0.5) / scale - 0.5)) * 255.0;
            for plane in 0..3 {
                let rows = inside(&made, plane, edge);
                let away =
                    rows.iter().flat_map(|row| row.iter().enumerate().map(|(x, value)| value - wanted(x + edge)));
                findings.hold(
                    work.id(),
                    &GRADIENT,
                    deviation(&away.collect::<Vec<_>>()),
                    &format!("{first} to {last}"),
                );
            }
        }
    });
    findings.end();
}

#[test]
fn clean_photos_are_kept_without_a_shift_of_colour() {
    let engine = testing::bundled();
    let mut findings = Findings::default();
    let photos = [("a photo", clean_photo()), ("a scene", scene::picture(240, 160, Channels::Rgb, Depth::Sixteen, 31))];
    Work::each(&engine, |work| {
        for (name, photo) in &photos {
            let (back, source) = (reduced(&work.result(photo), work.scale()), plain(photo, 1));
            let away: Vec<f64> = back.iter().zip(&source.planes).map(|(made, was)| made - f64::from(*was)).collect();
            let noise = mean(away.iter().map(|value| value.powi(2)));
            findings.hold(work.id(), &KEPT, -10.0 * noise.log10(), name);
            for plane in 0..3 {
                let shift = mean(away[plane * source.area()..][..source.area()].iter().copied()) * 255.0;
                findings.hold(work.id(), &PHOTO_SHIFT, shift.abs(), name);
            }
        }
    });
    findings.end();
}

/// In what a model adds to a photo with texture in it, no place of a cell is brighter than the others.
#[test]
fn photos_get_no_checkerboard() {
    let engine = testing::bundled();
    let photo = clean_photo();
    let mut findings = Findings::default();
    Work::each(&engine, |work| {
        let (made, without) = (work.result(&photo), plain(&photo, work.model.entry.scale));
        for plane in 0..3 {
            let (rows, bare) = (inside(&made, plane, 0), inside(&without, plane, 0));
            let added =
                rows.iter().zip(&bare).map(|(row, bare)| row.iter().zip(bare).map(|(made, was)| made - was).collect());
            findings.hold(work.id(), &CHECKERBOARD, checkerboard(&added.collect::<Vec<_>>(), work.cell()), "a photo");
        }
    });
    findings.end();
}

/// The measures above see what they are for.
#[test]
fn the_measures_can_tell() {
    let rows = |value: &dyn Fn(usize, usize) -> f64| -> Vec<Vec<f64>> {
        (0..12).map(|y| (0..12).map(|x| value(x, y)).collect()).collect()
    };
    assert_eq!(checkerboard(&rows(&|_, _| 7.0), 2), 0.0);
    assert_eq!(checkerboard(&rows(&|x, y| ((x + y) % 2) as f64), 2), 1.0);
    assert!((deviation(&rows(&|x, _| (x % 2) as f64).concat()) - 0.5).abs() < 1e-12);
    let photo = scene::picture(20, 12, Channels::Rgb, Depth::Eight, 1);
    let Samples::Eight(samples) = &photo.colour else { panic!("8 bits were asked for") };
    assert!((reduced(&plain(&photo, 1), 1)[0] * 255.0 - f64::from(samples[0])).abs() < 1e-4);
    let doubled = painted(4, 2, |x, _| [if x < 2 { 0.25 } else { 0.75 }; 3]);
    assert!(
        reduced(&plain(&doubled, 1), 2).iter().all(|value| (value - 0.25).abs() < 1e-4 || (value - 0.75).abs() < 1e-4)
    );
    assert!(FLAT.holds(0.29) && !FLAT.holds(0.31) && !FLAT.holds(f64::NAN));
    assert!(KEPT.holds(39.0) && !KEPT.holds(37.0) && KEPT.holds(f64::INFINITY));
}
