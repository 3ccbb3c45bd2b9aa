//! Cutting a photo into tiles: as large as the memory budget allows, of nearly equal size, few halos.
//!
//! Speed per computed pixel hardly depends on the tile, so halos are the only waste, and large tiles waste least.

use crate::chain::Chain;
use crate::provider::TileShape;
use crate::region::Region;

/// Rows and columns of tiles over a photo, each tile a region of the photo.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grid {
    columns: Vec<(u32, u32)>,
    rows: Vec<(u32, u32)>,
}

/// What a tile costs in memory.
pub(crate) struct Costs {
    /// Bytes that each stage's model works with per pixel of its input; 0 for stages without a model.
    pub(crate) per_stage: Vec<f64>,
    /// Bytes of a pixel of the result in its final form.
    pub(crate) result_pixel: u64,
    /// How many tiles are made at once.
    pub(crate) lanes: usize,
    /// Bytes that all of it may take.
    pub(crate) budget: u64,
}

/// Tile edges fall on multiples of this, which is a multiple of the strides in use, so that no model computes what nobody wants.
const ALIGNMENT: u32 = 16;
const SMALLEST: u32 = 64;
/// No photo is cut into more columns or rows.
const MOST_PARTS: u32 = 256;
/// Bytes of a pixel in floating point, three planes.
const PLANES: f64 = 12.0;

impl Grid {
    /// The grid with the least waste whose tiles fit the budget. When nothing fits, the smallest tiles.
    pub(crate) fn choose(chain: &Chain, shape: TileShape, costs: &Costs) -> Self {
        let (width, height) = chain.photo();
        if let TileShape::Fixed(side) = shape {
            let core = largest_core(chain, side);
            return Self { columns: divide(width, width.div_ceil(core)), rows: divide(height, height.div_ceil(core)) };
        }
        let reach = reach(chain);
        let mut best: Option<(u64, u64, Self)> = None;
        let most = |length: u32| length.div_ceil(SMALLEST).clamp(1, MOST_PARTS);
        for columns in 1..=most(width) {
            // More rows need less memory, so the fewest that fit can be halved in on.
            let core = |rows| (inner(width, columns, reach), inner(height, rows, reach));
            let rows = first_that(most(height), |rows| fits(chain, core(rows), costs));
            let Some(rows) = rows else { continue };
            let grid = Self { columns: evenly_seen(width, columns, reach), rows: evenly_seen(height, rows, reach) };
            let tiles = u64::from(columns) * u64::from(rows);
            // With several lanes the last round may have work for some of them only.
            let rounds = tiles.div_ceil(costs.lanes as u64) * costs.lanes as u64;
            let computed = grid.computed(chain, shape) * rounds / tiles;
            if best.as_ref().is_none_or(|(least, fewest, _)| (computed, tiles) < (*least, *fewest)) {
                best = Some((computed, tiles, grid));
            }
            // More columns only add halos once one row is enough.
            if rows == 1 {
                break;
            }
        }
        best.map_or_else(
            || Self { columns: evenly_seen(width, most(width), reach), rows: evenly_seen(height, most(height), reach) },
            |(_, _, grid)| grid,
        )
    }

    /// One column of bands of so many rows, for work that needs no tiles.
    pub(crate) fn bands(width: u32, height: u32, rows: u32) -> Self {
        let mut bands = Vec::new();
        let mut top = 0;
        while top < height {
            bands.push((top, rows.min(height - top)));
            top += rows.min(height - top);
        }
        Self { columns: vec![(0, width)], rows: bands }
    }

    /// Rows of tiles, from the top; in each the tiles from the left.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Vec<Region>> + '_ {
        self.rows
            .iter()
            .map(|&(y, height)| self.columns.iter().map(|&(x, width)| Region { x, y, width, height }).collect())
    }

    /// Tiles over a part of the photo, none larger than the grid's.
    pub(crate) fn over(&self, region: Region) -> Vec<Region> {
        let largest = |parts: &[(u32, u32)]| parts.iter().map(|part| part.1).max().unwrap_or(1);
        let part = |start: u32, length: u32, most: u32| {
            divide(length, length.div_ceil(most))
                .into_iter()
                .map(move |(offset, length)| (start + offset, length))
                .collect::<Vec<_>>()
        };
        let columns = part(region.x, region.width, largest(&self.columns).max(ALIGNMENT));
        let rows = part(region.y, region.height, largest(&self.rows).max(ALIGNMENT));
        rows.iter()
            .flat_map(|&(y, height)| columns.iter().map(move |&(x, width)| Region { x, y, width, height }))
            .collect()
    }

    /// Pixels that the models compute in all, counted at their inputs. A window's width depends on its column only and its height on its row, so
    /// the sum over all tiles is a product of two sums.
    fn computed(&self, chain: &Chain, shape: TileShape) -> u64 {
        let (Some(&(x, width)), Some(&(y, height))) = (self.columns.first(), self.rows.first()) else { return 0 };
        let mut sums = vec![(0u64, 0u64); chain.stages.len()];
        for &(x, width) in &self.columns {
            let windows = chain.windows(Region { x, y, width, height }, shape);
            sums.iter_mut().zip(&windows).for_each(|(sum, window)| sum.0 += u64::from(window.padded.width));
        }
        for &(y, height) in &self.rows {
            let windows = chain.windows(Region { x, y, width, height }, shape);
            sums.iter_mut().zip(&windows).for_each(|(sum, window)| sum.1 += u64::from(window.padded.height));
        }
        sums.into_iter().map(|(widths, heights)| widths * heights).sum()
    }
}

/// The smallest number from 1 to `most` for which something holds that holds for all larger ones too.
fn first_that(most: u32, holds: impl Fn(u32) -> bool) -> Option<u32> {
    if !holds(most) {
        return None;
    }
    let (mut low, mut high) = (1, most);
    while low < high {
        let middle = low.midpoint(high);
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    Some(high)
}

/// How far around a tile the chain looks, in pixels of the photo.
fn reach(chain: &Chain) -> u32 {
    // Far from every border, where halos are cut nowhere.
    let region = Region { x: 1 << 19, y: 1 << 19, width: ALIGNMENT, height: ALIGNMENT };
    let windows = chain.windows_in((1 << 20, 1 << 20), region, TileShape::Any);
    windows.first().map_or(0, |window| region.x - window.padded.x)
}

/// Length of the parts that are not at a border.
fn inner(length: u32, parts: u32, reach: u32) -> u32 {
    if parts <= 1 {
        return length;
    }
    length.saturating_sub(2 * reach).div_ceil(parts).next_multiple_of(ALIGNMENT).min(length)
}

/// Parts of which what is seen is equally long, but for the last: at the borders, where there is nothing to look at beyond, a part is longer by as
/// much. Few sizes mean few preparations, and the longest is as long as all others.
fn evenly_seen(length: u32, parts: u32, reach: u32) -> Vec<(u32, u32)> {
    let (inner, mut start) = (inner(length, parts, reach), 0);
    let mut even = Vec::new();
    while start < length {
        let end = if even.is_empty() { inner + reach } else { start + inner };
        // What is left over would be seen whole by this part anyway.
        let end = if length.saturating_sub(end) <= reach { length } else { end };
        even.push((start, end - start));
        start = end;
    }
    even
}

/// Nearly equal parts on multiples of the alignment.
fn divide(length: u32, parts: u32) -> Vec<(u32, u32)> {
    let edge = |part: u32| {
        let exact = u64::from(length) * u64::from(part) / u64::from(parts);
        if part == parts { length } else { (exact as u32).next_multiple_of(ALIGNMENT).min(length) }
    };
    (0..parts).map(|part| (edge(part), edge(part + 1) - edge(part))).filter(|(_, length)| *length > 0).collect()
}

/// Memory of the worst tiles of this size, one in each lane: one stage's model at work between its input and output. One finished tile on its way, and
/// two bands of the result; a third while tiles of the next band come before the last ones of this.
fn fits(chain: &Chain, (width, height): (u32, u32), costs: &Costs) -> bool {
    let (photo_width, photo_height) = chain.photo();
    let middle = Region { x: (photo_width - width) / 2, y: (photo_height - height) / 2, width, height };
    let windows = chain.windows(middle, TileShape::Any);
    let mut worst = 0.0f64;
    for ((window, per_pixel), copied) in windows.iter().zip(&costs.per_stage).zip(chain.pads()) {
        let (input, output) = (window.padded.area() as f64, window.output.area() as f64);
        let planes = if copied { 2.0 * PLANES } else { PLANES };
        worst = worst.max(input * (per_pixel + planes) + output * PLANES);
    }
    let scale = u64::from(chain.scale());
    let result_tile = u64::from(width) * u64::from(height) * scale * scale;
    let band = u64::from(photo_width) * scale * u64::from(height) * scale * costs.result_pixel;
    let (lanes, bands) = (costs.lanes as f64, if costs.lanes > 1 { 3.0 } else { 2.0 });
    lanes * worst + result_tile as f64 * PLANES + bands * band as f64 <= costs.budget as f64
}

/// The largest side of a tile whose windows all fit a device's fixed shape.
fn largest_core(chain: &Chain, side: u32) -> u32 {
    let sides = chain.sides(TileShape::Fixed(side));
    // Far from every border, where halos are cut nowhere.
    let (width, height) = (1 << 20, 1 << 20);
    let fits = |core: u32| {
        let region = Region { x: width / 2, y: height / 2, width: core, height: core };
        let windows = chain.windows_in((width, height), region, TileShape::Any);
        windows.iter().zip(&sides).all(|(window, &side)| window.padded.width.max(window.padded.height) <= side)
    };
    (1..=side / ALIGNMENT).rev().map(|steps| steps * ALIGNMENT).find(|&core| fits(core)).unwrap_or(ALIGNMENT)
}

#[cfg(test)]
mod tests;
