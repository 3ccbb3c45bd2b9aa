//! Rectangles of pixels, and how they grow by halos, align to strides and scale. Pure arithmetic.

/// A rectangle of pixels, measured from the upper left corner. In the public interface always in pixels of the photo, upright.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Left edge.
    pub x: u32,
    /// Upper edge.
    pub y: u32,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl Region {
    /// The whole of a picture.
    #[must_use]
    pub fn whole(width: u32, height: u32) -> Self {
        Self { x: 0, y: 0, width, height }
    }

    pub(crate) fn between(left: u32, top: u32, right: u32, bottom: u32) -> Self {
        Self { x: left, y: top, width: right.saturating_sub(left), height: bottom.saturating_sub(top) }
    }

    /// First column to the right of it.
    #[must_use]
    pub fn right(self) -> u32 {
        self.x.saturating_add(self.width)
    }

    /// First row below it.
    #[must_use]
    pub fn bottom(self) -> u32 {
        self.y.saturating_add(self.height)
    }

    /// Its first column and row, and how many it has, as pictures are cut by.
    #[must_use]
    pub fn corner_and_size(self) -> ((u32, u32), (u32, u32)) {
        ((self.x, self.y), (self.width, self.height))
    }

    /// Pixels in it.
    #[must_use]
    pub fn area(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// The part of it inside `bounds`.
    pub(crate) fn within(self, bounds: Region) -> Region {
        Region::between(
            self.x.max(bounds.x),
            self.y.max(bounds.y),
            self.right().min(bounds.right()),
            self.bottom().min(bounds.bottom()),
        )
    }

    #[cfg(test)]
    pub(crate) fn contains(self, other: Region) -> bool {
        self.x <= other.x && self.y <= other.y && self.right() >= other.right() && self.bottom() >= other.bottom()
    }

    /// Grown by `halo` on every side, cut at `bounds`.
    pub(crate) fn grown(self, halo: u32, bounds: Region) -> Region {
        Region::between(
            self.x.saturating_sub(halo),
            self.y.saturating_sub(halo),
            self.right().saturating_add(halo),
            self.bottom().saturating_add(halo),
        )
        .within(bounds)
    }

    /// The smallest region around it whose edges are multiples of `stride`.
    pub(crate) fn aligned(self, stride: u32) -> Region {
        Region::between(
            self.x / stride * stride,
            self.y / stride * stride,
            self.right().next_multiple_of(stride),
            self.bottom().next_multiple_of(stride),
        )
    }

    /// The same part of a picture `scale` times as large.
    pub(crate) fn enlarged(self, scale: u32) -> Region {
        Region { x: self.x * scale, y: self.y * scale, width: self.width * scale, height: self.height * scale }
    }

    /// The smallest region of a picture `scale` times smaller that covers it.
    pub(crate) fn reduced(self, scale: u32) -> Region {
        Region::between(self.x / scale, self.y / scale, self.right().div_ceil(scale), self.bottom().div_ceil(scale))
    }

    /// Grown to `side` × `side` where it is smaller, staying inside `bounds` (as large as those allow) and on multiples of `stride`.
    /// `self`, `bounds` and `side` must be multiples of `stride` already.
    pub(crate) fn filled(self, side: u32, bounds: Region) -> Region {
        let (x, width) = fill(self.x, self.width, side, bounds.x, bounds.width);
        let (y, height) = fill(self.y, self.height, side, bounds.y, bounds.height);
        Region { x, y, width, height }
    }
}

/// A stretch of `side` (or of all of the bounds) around a stretch, moved inwards where it would leave the bounds.
fn fill(start: u32, length: u32, side: u32, bounds_start: u32, bounds_length: u32) -> (u32, u32) {
    let wanted = side.max(length).min(bounds_length);
    let latest = bounds_start + bounds_length - wanted;
    (start.min(latest), wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halos_are_cut_at_the_borders() {
        let bounds = Region::whole(100, 50);
        assert_eq!(Region { x: 90, y: 2, width: 10, height: 10 }.grown(5, bounds), Region::between(85, 0, 100, 17));
    }

    #[test]
    fn alignment_covers() {
        assert_eq!(Region { x: 9, y: 16, width: 1, height: 7 }.aligned(8), Region::between(8, 16, 16, 24));
    }

    #[test]
    fn reducing_covers_what_enlarging_made() {
        let region = Region { x: 3, y: 4, width: 5, height: 6 };
        assert_eq!(region.enlarged(4).reduced(4), region);
        assert_eq!(Region { x: 3, y: 3, width: 2, height: 2 }.reduced(2), Region::between(1, 1, 3, 3));
    }

    #[test]
    fn filling_moves_inwards() {
        let bounds = Region::whole(104, 40);
        let filled = Region { x: 80, y: 8, width: 24, height: 16 }.filled(64, bounds);
        assert_eq!(filled, Region { x: 40, y: 0, width: 64, height: 40 });
        assert!(filled.contains(Region { x: 80, y: 8, width: 24, height: 16 }));
    }
}
