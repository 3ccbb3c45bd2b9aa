//! Reads a baseline JPEG of our own as far as its coefficients: every code of every block, keeping only each block's mean (ITU-R T.81, annex F).
//!
//! Our encoder puts a restart mark after every row of blocks, so rows are read independently, half of them on a second core.

use crate::fingerprint::CELL;
use crate::picture::Channels;
use crate::spec::ResultSpec;

/// Bits looked up at once; longer codes are rare.
const LOOK: u32 = 10;

/// Far enough to end any block.
const END_OF_BLOCK: u32 = 128;

/// How many places a symbol for a coefficient moves on.
fn places(symbol: u8) -> u8 {
    match symbol {
        0xF0 => 16,
        _ if symbol & 15 == 0 => END_OF_BLOCK as u8,
        _ => (symbol >> 4) + 1,
    }
}

/// One code table.
#[derive(Clone)]
struct Codes {
    /// For every [`LOOK`] bits: code length (0 for a longer code) and symbol.
    fast: Vec<(u8, u8)>,
    /// The same for coefficients whose values do not matter: bits of code and value together (0 for a longer code), and places to move on.
    leaps: Vec<(u8, u8)>,
    /// For every code length: the first code beyond it, left-aligned in 16 bits, and what to add to a code's number for its symbol.
    limits: [u32; 17],
    offsets: [i32; 17],
    symbols: Vec<u8>,
}

#[derive(Clone, Default)]
struct Component {
    horizontal: usize,
    vertical: usize,
    quantiser: usize,
    dc: usize,
    ac: usize,
}

/// What the header of one of our JPEGs holds.
pub(super) struct Tables {
    /// The first entry of each quantiser table.
    quantisers: [u16; 4],
    dc: [Option<Codes>; 4],
    ac: [Option<Codes>; 4],
    components: Vec<Component>,
}

/// Means of whole cells, 0 to 255.
pub(super) struct BlockMeans {
    columns: usize,
    channels: usize,
    /// Sums of dequantised DC terms.
    sums: Vec<i64>,
    /// Blocks a whole cell holds, per channel.
    blocks: Vec<i64>,
}

impl BlockMeans {
    pub(super) fn mean(&self, column: usize, row: usize, channel: usize) -> f32 {
        // The DC term is eight times the mean, less 128.
        let sum = self.sums[(row * self.columns + column) * self.channels + channel];
        sum as f32 / (self.blocks[channel] * 8) as f32 + 128.0
    }
}

impl Tables {
    /// From SOI and the segments up to SOS.
    pub(super) fn read(header: &[u8]) -> Option<Self> {
        let mut tables =
            Self { quantisers: [0; 4], dc: [const { None }; 4], ac: [const { None }; 4], components: Vec::new() };
        let mut ids = Vec::new();
        let mut rest = header.get(2..)?;
        while let [0xFF, marker, high, low, after @ ..] = rest {
            let length = usize::from(u16::from_be_bytes([*high, *low])).checked_sub(2)?;
            let (body, next) = after.split_at_checked(length)?;
            match marker {
                0xDB => tables.take_quantisers(body)?,
                0xC4 => tables.take_codes(body)?,
                0xC0 | 0xC1 => {
                    for part in body.get(6..)?.chunks_exact(3) {
                        ids.push(part[0]);
                        let quantiser = usize::from(part[2]);
                        let (horizontal, vertical) = (usize::from(part[1] >> 4), usize::from(part[1] & 15));
                        tables.components.push(Component { horizontal, vertical, quantiser, ..Component::default() });
                    }
                }
                0xDA => {
                    for part in body.get(1..1 + usize::from(*body.first()?) * 2)?.chunks_exact(2) {
                        let index = ids.iter().position(|id| *id == part[0])?;
                        let component = tables.components.get_mut(index)?;
                        (component.dc, component.ac) = (usize::from(part[1] >> 4), usize::from(part[1] & 15));
                    }
                }
                _ => {}
            }
            rest = next;
        }
        Some(tables)
    }

    fn take_quantisers(&mut self, mut body: &[u8]) -> Option<()> {
        while let [kind, rest @ ..] = body {
            let wide = kind >> 4 == 1;
            let first = if wide { u16::from_be_bytes(*rest.first_chunk()?) } else { u16::from(*rest.first()?) };
            *self.quantisers.get_mut(usize::from(kind & 15))? = first;
            body = rest.get(if wide { 128 } else { 64 }..)?;
        }
        Some(())
    }

    fn take_codes(&mut self, mut body: &[u8]) -> Option<()> {
        while let [kind, rest @ ..] = body {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let total: usize = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, rest) = rest.split_at_checked(total)?;
            let tables = if kind >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            *tables.get_mut(usize::from(kind & 15))? = Some(Codes::new(counts, symbols));
            body = rest;
        }
        Some(())
    }

    /// For each channel, by how many levels two neighbouring values of a block's mean differ.
    pub(super) fn steps(&self, channels: Channels) -> impl Iterator<Item = f32> + '_ {
        let quantiser =
            |component: &Component| f32::from(self.quantisers.get(component.quantiser).copied().unwrap_or(0)) / 8.0;
        self.components.iter().take(channels.count()).map(quantiser)
    }

    /// Reads the whole scan. `None` when any code, length or restart mark is not as it must be.
    pub(super) fn block_means(&self, scan: &[u8], spec: &ResultSpec) -> Option<BlockMeans> {
        let most = |of: fn(&Component) -> usize| self.components.iter().map(of).max();
        let (wide, high) = (most(|component| component.horizontal)? * 8, most(|component| component.vertical)? * 8);
        let (width, height) = (spec.width as usize, spec.height as usize);
        let (units, rows) = (width.div_ceil(wide), height.div_ceil(high));
        let segments = split_at_restarts(scan, rows)?;
        let columns = width / CELL;
        let channels = self.components.len();
        let cell_rows = height.div_ceil(CELL);
        let mut sums = vec![0_i64; cell_rows * columns * channels];
        let rows_a_cell = CELL / high;
        // Halves meet between two cells, so that no sum is shared.
        let upper_cells = cell_rows / 2;
        let (upper_sums, lower_sums) = sums.split_at_mut(upper_cells * columns * channels);
        let (upper, lower) = segments.split_at((upper_cells * rows_a_cell).min(segments.len()));
        let read = |segments: &[&[u8]], sums: &mut [i64]| -> Option<()> {
            let mut bits = Vec::new();
            for (index, segment) in segments.iter().enumerate() {
                let at = index / rows_a_cell * columns * channels;
                self.read_row(segment, units, &mut bits, &mut sums[at..at + columns * channels], columns)?;
            }
            Some(())
        };
        let (first, second) = std::thread::scope(|scope| {
            let first = scope.spawn(|| read(upper, upper_sums));
            let second = read(lower, lower_sums);
            (first.join().ok().flatten(), second)
        });
        first.and(second)?;
        let area = (CELL / 8) * (CELL / 8);
        let blocks = self
            .components
            .iter()
            .map(|component| (area * component.horizontal * component.vertical * 64 / (wide * high)) as i64)
            .collect();
        Some(BlockMeans { columns, channels, sums, blocks })
    }

    /// Reads one row of units and adds its blocks' DC terms to the cells they lie in.
    fn read_row(
        &self,
        segment: &[u8],
        units: usize,
        bits: &mut Vec<u8>,
        sums: &mut [i64],
        columns: usize,
    ) -> Option<()> {
        unstuff(segment, bits);
        let mut reader = Bits::new(bits);
        let channels = self.components.len();
        let unit_width = self.components.iter().map(|component| component.horizontal).max()? * 8;
        let plans: Vec<_> = self
            .components
            .iter()
            .map(|component| {
                let quantiser = i64::from(*self.quantisers.get(component.quantiser)?);
                let codes = (self.dc.get(component.dc)?.as_ref()?, self.ac.get(component.ac)?.as_ref()?);
                Some((codes.0, codes.1, quantiser, component.horizontal * component.vertical))
            })
            .collect::<Option<_>>()?;
        let mut before = [0_i32; 4];
        for unit in 0..units {
            let column = unit * unit_width / CELL;
            for (channel, (dc, ac, quantiser, blocks)) in plans.iter().enumerate() {
                for _ in 0..*blocks {
                    before[channel] += reader.block(dc, ac)?;
                    if column < columns {
                        sums[column * channels + channel] += i64::from(before[channel]) * quantiser;
                    }
                }
            }
        }
        reader.is_used_up().then_some(())
    }
}

impl Codes {
    fn new(counts: &[u8; 16], symbols: &[u8]) -> Self {
        let mut codes = Self {
            fast: vec![(0, 0); 1 << LOOK],
            leaps: Vec::new(),
            limits: [0; 17],
            offsets: [0; 17],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut index) = (0_u32, 0_usize);
        for length in 1..=16_u32 {
            codes.offsets[length as usize] = index as i32 - code as i32;
            for _ in 0..counts[length as usize - 1] {
                if length <= LOOK {
                    let from = (code << (LOOK - length)) as usize;
                    let entry = (length as u8, symbols[index]);
                    let to = (from + (1 << (LOOK - length))).min(codes.fast.len());
                    if let Some(places) = codes.fast.get_mut(from..to) {
                        places.fill(entry);
                    }
                }
                code += 1;
                index += 1;
            }
            codes.limits[length as usize] = code << (16 - length);
            code <<= 1;
        }
        let leap =
            |&(length, symbol): &(u8, u8)| (if length == 0 { 0 } else { length + (symbol & 15) }, places(symbol));
        codes.leaps = codes.fast.iter().map(leap).collect();
        codes
    }
}

/// Bits of a row, most significant first. Behind the end come zeroes; whether they were used is asked at the end.
struct Bits<'a> {
    bytes: &'a [u8],
    /// Next byte to take in.
    at: usize,
    buffer: u64,
    /// Bits in the buffer.
    held: u32,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, buffer: 0, held: 0 }
    }

    /// Makes sure of 32 bits.
    #[inline]
    fn refill(&mut self) {
        if self.held >= 32 {
            return;
        }
        let word = match self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<4>()) {
            Some(word) => u32::from_be_bytes(*word),
            None => {
                let rest = self.bytes.get(self.at..).unwrap_or_default();
                let mut word = [0; 4];
                word[..rest.len()].copy_from_slice(rest);
                u32::from_be_bytes(word)
            }
        };
        self.buffer |= u64::from(word) << (32 - self.held);
        self.at += 4;
        self.held += 32;
    }

    #[inline]
    fn skip(&mut self, count: u32) {
        self.buffer <<= count;
        self.held -= count;
    }

    /// The next symbol; leaves at least 16 bits for what follows it.
    #[inline]
    fn symbol(&mut self, codes: &Codes) -> Option<u8> {
        self.refill();
        let (length, symbol) = codes.fast[(self.buffer >> (64 - LOOK)) as usize];
        if length > 0 {
            self.skip(u32::from(length));
            return Some(symbol);
        }
        let ahead = (self.buffer >> 48) as u32;
        let length = (LOOK + 1..=16).find(|&length| ahead < codes.limits[length as usize])?;
        let index = (ahead >> (16 - length)) as i32 + codes.offsets[length as usize];
        self.skip(length);
        codes.symbols.get(usize::try_from(index).ok()?).copied()
    }

    /// Reads one block; gives the difference of its DC term.
    #[inline]
    fn block(&mut self, dc: &Codes, ac: &Codes) -> Option<i32> {
        let size = u32::from(self.symbol(dc)?);
        let mut difference = 0;
        if size > 0 {
            if size > 15 {
                return None;
            }
            let value = (self.buffer >> (64 - size)) as i32;
            self.skip(size);
            // Values whose first bit is 0 are negative.
            difference = if value >> (size - 1) == 0 { value - (1 << size) + 1 } else { value };
        }
        let mut index = 1;
        while index < 64 {
            self.refill();
            let (count, places_on) = ac.leaps[(self.buffer >> (64 - LOOK)) as usize];
            if count > 0 {
                self.skip(u32::from(count));
                index += u32::from(places_on);
            } else {
                let symbol = self.symbol(ac)?;
                self.skip(u32::from(symbol & 15));
                index += u32::from(places(symbol));
            }
        }
        // One past the last place, or an end of block from wherever it came.
        (index == 64 || index >= END_OF_BLOCK).then_some(difference)
    }

    /// Whether all bits were used but for the padding of the last byte, and none beyond.
    fn is_used_up(&self) -> bool {
        let used = self.at as i64 * 8 - i64::from(self.held);
        let there = self.bytes.len() as i64 * 8;
        (0..8).contains(&(there - used))
    }
}

/// Splits at restart marks, which must count from 0 to 7 over and over; `rows` segments must come out.
fn split_at_restarts(scan: &[u8], rows: usize) -> Option<Vec<&[u8]>> {
    let mut segments = Vec::with_capacity(rows);
    let (mut from, mut at) = (0, 0);
    while let Some(found) = find_mark(scan, at) {
        match scan.get(found + 1)? {
            0 => at = found + 2,
            mark @ 0xD0..=0xD7 if usize::from(mark - 0xD0) == segments.len() % 8 => {
                segments.push(&scan[from..found]);
                from = found + 2;
                at = from;
            }
            _ => return None,
        }
    }
    segments.push(&scan[from..]);
    (segments.len() == rows).then_some(segments)
}

/// Where the next 0xFF stands, eight bytes at a time.
fn find_mark(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let (words, _) = rest.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        // A byte of all ones is a zero byte of the complement.
        let flipped = !u64::from_le_bytes(*word);
        let zero = flipped.wrapping_sub(0x0101_0101_0101_0101) & !flipped & 0x8080_8080_8080_8080;
        if zero != 0 {
            return Some(from + index * 8 + zero.trailing_zeros() as usize / 8);
        }
    }
    let tail = words.len() * 8;
    rest[tail..].iter().position(|&byte| byte == 0xFF).map(|at| from + tail + at)
}

/// The bytes without the zero that follows every 0xFF.
fn unstuff(segment: &[u8], bytes: &mut Vec<u8>) {
    bytes.clear();
    let mut from = 0;
    while let Some(found) = find_mark(segment, from) {
        bytes.extend_from_slice(&segment[from..=found]);
        from = found + 2;
    }
    bytes.extend_from_slice(segment.get(from..).unwrap_or_default());
}
