//! What was sent to an encoder, small enough to keep: to compare with what is read back.
//!
//! Lossless results are compared by a digest of every sample. Lossy ones by the means of cells of 64 by 64 pixels, of what the codec itself stores
//! (luma and chroma for JPEG, colours for WebP), and by a digest of the bytes that the encoder gave out: the one finds a fault of the encoder,
//! the other a fault of the disk.

use std::io::Write;

/// Pixels a side of a cell. A multiple of 16, so that a cell holds whole JPEG blocks at every subsampling.
pub(crate) const CELL: usize = 64;

/// What was sent to an encoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    pub(crate) kind: Kind,
    /// The bytes of the file, where its format is lossy.
    pub(crate) bytes: Option<Digest>,
}

/// By which means a result is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Every sample, in order.
    Exact(Digest),
    /// Cell means.
    Cells(Cells),
}

/// A digest of a stream of samples. Not against malice: against a disk, a driver or a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digest {
    lanes: [u64; 4],
    rows: u64,
}

impl Digest {
    pub(crate) fn new() -> Self {
        Self {
            lanes: [0x9E37_79B9_7F4A_7C15, 0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9, 0x27D4_EB2F_1656_67C5],
            rows: 0,
        }
    }

    /// Takes in one row, as the bytes of its samples.
    pub(crate) fn take_row(&mut self, row: &[u8]) {
        self.rows += 1;
        let (blocks, rest) = row.as_chunks::<32>();
        for block in blocks {
            let (words, _) = block.as_chunks::<8>();
            for (lane, word) in self.lanes.iter_mut().zip(words) {
                *lane = mix(*lane, u64::from_le_bytes(*word));
            }
        }
        let mut last = [0_u8; 32];
        last[..rest.len()].copy_from_slice(rest);
        let (words, _) = last.as_chunks::<8>();
        for (lane, word) in self.lanes.iter_mut().zip(words) {
            *lane = mix(*lane, u64::from_le_bytes(*word) ^ self.rows);
        }
    }
}

/// Passes bytes on and digests them in pieces of one size, however they come.
pub(crate) struct Digesting<W> {
    out: W,
    digest: Digest,
    held: Vec<u8>,
}

/// Bytes digested at a time.
const PIECE: usize = 64 << 10;

impl<W: Write> Digesting<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, digest: Digest::new(), held: Vec::with_capacity(PIECE) }
    }

    /// The digest of all that was written.
    pub(crate) fn finish(mut self) -> Digest {
        self.digest.take_row(&self.held);
        self.digest
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.out.write(bytes)?;
        let mut rest = &bytes[..written];
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(PIECE - self.held.len()));
            self.held.extend_from_slice(now);
            if self.held.len() == PIECE {
                self.digest.take_row(&self.held);
                self.held.clear();
            }
            rest = later;
        }
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

/// The digest of a whole file, as [`Digesting`] makes it.
pub(crate) fn digest_of(bytes: &[u8]) -> Digest {
    let mut digest = Digest::new();
    let mut pieces = bytes.chunks_exact(PIECE);
    pieces.by_ref().for_each(|piece| digest.take_row(piece));
    digest.take_row(pieces.remainder());
    digest
}

fn mix(lane: u64, word: u64) -> u64 {
    (lane ^ word).wrapping_mul(0x9FB2_1C65_1E98_DF25).rotate_left(29)
}

/// Sums of samples over cells, per channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cells {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) channels: usize,
    /// `(cell row × columns + cell column) × channels + channel`.
    pub(crate) sums: Vec<u32>,
}

impl Cells {
    pub(crate) fn new(width: u32, height: u32, channels: usize) -> Self {
        let (width, height) = (width as usize, height as usize);
        Self { width, height, channels, sums: vec![0; width.div_ceil(CELL) * height.div_ceil(CELL) * channels] }
    }

    pub(crate) fn columns(&self) -> usize {
        self.width.div_ceil(CELL)
    }

    /// Takes in one row of one channel.
    pub(crate) fn take_plane_row(&mut self, y: usize, channel: usize, row: &[u8]) {
        let base = y / CELL * self.columns();
        for (column, part) in row.chunks(CELL).enumerate() {
            let sum: u32 = part.iter().map(|&value| u32::from(value)).sum();
            self.sums[(base + column) * self.channels + channel] += sum;
        }
    }

    /// Takes in one row of interleaved channels.
    pub(crate) fn take_row(&mut self, y: usize, row: &[u8]) {
        let base = y / CELL * self.columns();
        let channels = self.channels;
        for (column, part) in row.chunks(CELL * channels).enumerate() {
            let sums = &mut self.sums[(base + column) * channels..][..channels];
            for pixel in part.chunks_exact(channels) {
                for (sum, value) in sums.iter_mut().zip(pixel) {
                    *sum += u32::from(*value);
                }
            }
        }
    }

    /// Pixels of the cell in this column and row: fewer at the right and lower edges.
    pub(crate) fn area(&self, column: usize, row: usize) -> (usize, usize) {
        (CELL.min(self.width - column * CELL), CELL.min(self.height - row * CELL))
    }

    /// Mean of one channel of a cell, 0 to 255.
    pub(crate) fn mean(&self, column: usize, row: usize, channel: usize) -> f32 {
        let (width, height) = self.area(column, row);
        self.sums[(row * self.columns() + column) * self.channels + channel] as f32 / (width * height) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_change_changes_the_digest() {
        let rows: Vec<Vec<u8>> = (0..5_u8).map(|row| (0..101).map(|at| at ^ row).collect()).collect();
        let digest = |rows: &[Vec<u8>]| {
            let mut digest = Digest::new();
            rows.iter().for_each(|row| digest.take_row(row));
            digest
        };
        let sent = digest(&rows);
        for row in 0..rows.len() {
            for at in 0..rows[row].len() {
                let mut other = rows.clone();
                other[row][at] ^= 0x10;
                assert_ne!(digest(&other), sent, "row {row}, byte {at}");
            }
        }
        let mut swapped = rows.clone();
        swapped.swap(1, 3);
        assert_ne!(digest(&swapped), sent);
        assert_ne!(digest(&rows[..4]), sent);
    }

    #[test]
    fn a_stream_is_digested_alike_however_it_comes() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|at| ((at * 31) >> 3) as u8).collect();
        for size in [1, 1_000, 65_536, 70_001, 200_000] {
            let mut stream = Digesting::new(Vec::new());
            bytes.chunks(size).for_each(|part| stream.write_all(part).unwrap());
            assert_eq!(stream.finish(), digest_of(&bytes), "{size}");
        }
        assert_ne!(digest_of(&bytes), digest_of(&bytes[1..]));
    }

    #[test]
    fn planes_and_pixels_give_the_same_means() {
        let (width, height) = (130_u32, 70_u32);
        let (mut by_pixel, mut by_plane) = (Cells::new(width, height, 3), Cells::new(width, height, 3));
        for y in 0..height as usize {
            let row: Vec<u8> = (0..width * 3).map(|at| (at * 7 + y as u32 * 13) as u8).collect();
            by_pixel.take_row(y, &row);
            for channel in 0..3 {
                let plane: Vec<u8> = row.iter().skip(channel).step_by(3).copied().collect();
                by_plane.take_plane_row(y, channel, &plane);
            }
        }
        assert_eq!(by_pixel, by_plane);
        assert_eq!((by_pixel.columns(), by_pixel.area(2, 1)), (3, (2, 6)));
    }
}
