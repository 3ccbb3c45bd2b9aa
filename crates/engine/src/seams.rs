//! Do neighbouring tiles fit? On the processor they do by proof; a device that gets its borders wrong shows here.
//!
//! Where two tiles meet, the step from one to the other is compared with the photo's own step at that place, as means over stretches of the seam, so
//! that noise and texture average out.

use pretty_photo::picture::Picture;

use crate::pixels::Tile;
use crate::region::Region;

/// Stretch of a seam that is looked at as one, in pixels of the photo.
const STRETCH: u32 = 64;
/// Contrast may grow so much across a seam, and so much more from nothing (0 to 1).
const GROWTH: f32 = 3.0;
const TOLERANCE: f32 = 0.08;

/// The far edges of tiles that neighbours are still to come of.
#[derive(Default)]
pub(crate) struct Seams {
    edges: Vec<Edge>,
}

struct Edge {
    region: Region,
    /// The last column, three planes.
    right: Vec<f32>,
    /// The last row, three planes.
    bottom: Vec<f32>,
}

impl Seams {
    /// Compares a tile with its neighbours to the left and above.
    pub(crate) fn check(&self, photo: &Picture, tile: &Tile, scale: u32) -> Result<(), String> {
        let here = Edge::near_of(tile);
        for edge in &self.edges {
            let beside = edge.region.right() == tile.region.x;
            let above = edge.region.bottom() == tile.region.y;
            let fits = (!beside
                || fits(photo, (&edge.right, edge.region), (&here.right, tile.region), scale, Axis::Vertical))
                && (!above
                    || fits(photo, (&edge.bottom, edge.region), (&here.bottom, tile.region), scale, Axis::Horizontal));
            if !fits {
                return Err("a seam shows beside its neighbour".into());
            }
        }
        Ok(())
    }

    /// Keeps the edges of a tile that was accepted. Tiles come row by row.
    pub(crate) fn remember(&mut self, tile: &Tile) {
        self.edges.retain(|edge| edge.region.bottom() >= tile.region.y);
        self.edges.push(Edge::far_of(tile));
    }

    /// Forgets all: what comes next is another part of the photo.
    pub(crate) fn clear(&mut self) {
        self.edges.clear();
    }
}

impl Edge {
    fn far_of(tile: &Tile) -> Self {
        Self::of(tile, tile.width() - 1, tile.height() - 1)
    }

    /// The first column and the first row, in the same places.
    fn near_of(tile: &Tile) -> Self {
        Self::of(tile, 0, 0)
    }

    fn of(tile: &Tile, column: usize, row: usize) -> Self {
        let (width, area) = (tile.width(), tile.area());
        let right = (0..3 * tile.height())
            .map(|at| tile.planes[at / tile.height() * area + at % tile.height() * width + column])
            .collect();
        let bottom = (0..3 * width).map(|at| tile.planes[at / width * area + row * width + at % width]).collect();
        Self { region: tile.region, right, bottom }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Axis {
    Vertical,
    Horizontal,
}

/// `before` and `after` are lines of pixels along the seam on both sides of it, with the regions of their tiles.
fn fits(photo: &Picture, before: (&[f32], Region), after: (&[f32], Region), scale: u32, axis: Axis) -> bool {
    let span = |region: Region| match axis {
        Axis::Vertical => (region.y, region.bottom()),
        Axis::Horizontal => (region.x, region.right()),
    };
    let (first, second) = (span(before.1), span(after.1));
    let (start, end) = (first.0.max(second.0) / scale, first.1.min(second.1) / scale);
    let across = if axis == Axis::Vertical { after.1.x } else { after.1.y } / scale;
    let mut from = start;
    while from < end {
        let to = (from + STRETCH).min(end);
        // Too short a stretch says nothing.
        if to - from >= STRETCH / 2 {
            let part = match axis {
                Axis::Vertical => Region { x: across - 1, y: from, width: 2, height: to - from },
                Axis::Horizontal => Region { x: from, y: across - 1, width: to - from, height: 2 },
            };
            let source = Tile::of(photo, part);
            let (near, far) = (Edge::of(&source, 0, 0), Edge::far_of(&source));
            for plane in 0..3 {
                let line = |(values, region): (&[f32], Region)| {
                    let (begin, length) = (span(region).0, values.len() / 3);
                    mean(
                        &values[plane * length + (from * scale - begin) as usize
                            ..plane * length + (to * scale - begin) as usize],
                    )
                };
                let edge = |edge: &Edge| {
                    let values = if axis == Axis::Vertical { &edge.right } else { &edge.bottom };
                    mean(&values[plane * values.len() / 3..(plane + 1) * values.len() / 3])
                };
                let (made, photographed) = (line(after) - line(before), edge(&far) - edge(&near));
                if made.abs() > GROWTH * photographed.abs() + TOLERANCE {
                    return false;
                }
            }
        }
        from = to;
    }
    true
}

fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bicubic::{self, Source};
    use pretty_photo::picture::{Channels, Depth};

    /// Two tiles beside or above each other, the second changed.
    fn verdict(second: Region, change: impl Fn(f32) -> f32) -> bool {
        let photo = pretty_testkit::scene::picture(200, 180, Channels::Rgb, Depth::Eight, 2);
        let whole = Tile::of(&photo, Region::whole(200, 180));
        let enlarged = |region: Region| {
            let wanted = region.enlarged(2);
            Tile {
                region: wanted,
                planes: bicubic::enlarge(
                    Source { planes: &whole.planes, region: whole.region, size: (200, 180) },
                    2,
                    wanted,
                ),
            }
        };
        let mut seams = Seams::default();
        seams.remember(&enlarged(Region { x: 0, y: 0, width: 100, height: 90 }));
        let mut tile = enlarged(second);
        tile.planes.iter_mut().for_each(|value| *value = change(*value));
        seams.check(&photo, &tile, 2).is_ok()
    }

    #[test]
    fn a_step_that_the_photo_has_not_is_seen() {
        let (beside, below) =
            (Region { x: 100, y: 0, width: 100, height: 90 }, Region { x: 0, y: 90, width: 100, height: 90 });
        for second in [beside, below] {
            assert!(verdict(second, |value| value));
            assert!(verdict(second, |value| value * 1.05));
            assert!(!verdict(second, |value| value + 0.3));
        }
        let elsewhere = Region { x: 100, y: 90, width: 100, height: 90 };
        assert!(verdict(elsewhere, |value| value + 0.3));
    }
}
