//! JPEG: baseline, so that nothing is buffered; 4:4:4 from quality 90, 4:2:0 below; restart marks after every row of blocks, which cost next to
//! nothing, bound the damage of a lost byte, and let the result be read back on several cores.

use std::cell::RefCell;
use std::fs::File;
use std::io::{BufWriter, Write};

use jpeg_encoder::{Encoder, EncodingError, ImageBuffer, JpegColorType, SamplingFactor};

use super::EncodeFailure;
use super::bands::{Row, RowSource};
use crate::error::PhotoError;
use crate::fingerprint::{Cells, Digest, Digesting, Fingerprint, Kind};
use crate::picture::Channels;
use crate::spec::ResultSpec;

/// From this quality on, colour is stored at full resolution.
const FULL_COLOUR_FROM: u8 = 90;

pub(super) fn encode(
    spec: &ResultSpec,
    out: &mut File,
    rows: &mut dyn RowSource,
) -> Result<Fingerprint, EncodeFailure> {
    let state = RefCell::new(State {
        rows,
        next: 0,
        last: Default::default(),
        cells: Cells::new(spec.width, spec.height, spec.channels.count()),
        failure: None,
    });
    let written = write(spec, out, &state);
    let state = state.into_inner();
    match (state.failure, written) {
        (Some(failure), _) => Err(failure),
        (None, Err(EncodingError::IoError(source))) => Err(PhotoError::writing("".as_ref(), source).into()),
        (None, Err(error)) => Err(PhotoError::Internal { what: format!("the JPEG encoder refused ({error})") }.into()),
        (None, Ok(digest)) => Ok(Fingerprint { kind: Kind::Cells(state.cells), bytes: Some(digest) }),
    }
}

fn write(spec: &ResultSpec, out: &mut File, state: &RefCell<State<'_>>) -> Result<Digest, EncodingError> {
    let mut buffered = BufWriter::with_capacity(256 << 10, Digesting::new(out));
    let mut encoder = Encoder::new(Stopping { out: &mut buffered, state }, spec.quality);
    let full_colour = spec.quality >= FULL_COLOUR_FROM || spec.channels == Channels::Gray;
    encoder.set_sampling_factor(if full_colour { SamplingFactor::F_1_1 } else { SamplingFactor::F_2_2 });
    let block = if full_colour { 8 } else { 16 };
    encoder.set_restart_interval(u16::try_from(spec.width.div_ceil(block)).unwrap_or(0));
    let metadata = &spec.metadata;
    if let Some(exif) = &metadata.exif {
        encoder.add_exif_metadata(exif)?;
    }
    if let Some(xmp) = &metadata.xmp {
        encoder.add_app_segment(1, [b"http://ns.adobe.com/xap/1.0/\0", xmp.as_slice()].concat())?;
    }
    if let Some(iptc) = &metadata.iptc {
        encoder.add_app_segment(13, photoshop_of_iptc(iptc))?;
    }
    if let Some(icc) = &metadata.icc {
        encoder.add_icc_profile(icc)?;
    }
    let (width, height) = (u16::try_from(spec.width), u16::try_from(spec.height));
    let (Ok(width), Ok(height)) = (width, height) else {
        return Err(EncodingError::ZeroImageDimensions { width: 0, height: 0 });
    };
    encoder.encode_image(Source { state, width, height, channels: spec.channels })?;
    let digesting = buffered.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    Ok(digesting.finish())
}

/// One IPTC resource in Photoshop's wrapping.
fn photoshop_of_iptc(iptc: &[u8]) -> Vec<u8> {
    let mut segment = b"Photoshop 3.0\x008BIM\x04\x04\0\0".to_vec();
    segment.extend((iptc.len() as u32).to_be_bytes());
    segment.extend(iptc);
    if iptc.len() % 2 == 1 {
        segment.push(0);
    }
    segment
}

struct State<'a> {
    rows: &'a mut dyn RowSource,
    /// Row that the encoder has not seen yet; it asks for the last one again to fill its blocks.
    next: u16,
    /// The last row of the picture, a plane each, once it has come.
    last: [Vec<u8>; 4],
    cells: Cells,
    failure: Option<EncodeFailure>,
}

/// Stops the encoder at its next write once there are no more rows: its source has no way to say so.
struct Stopping<'a, 'b, W> {
    out: W,
    state: &'a RefCell<State<'b>>,
}

impl<W: Write> Write for Stopping<'_, '_, W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.state.borrow().failure.is_some() {
            return Err(std::io::Error::other("no more rows"));
        }
        self.out.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

struct Source<'a, 'b> {
    state: &'a RefCell<State<'b>>,
    width: u16,
    height: u16,
    channels: Channels,
}

impl ImageBuffer for Source<'_, '_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        match self.channels {
            Channels::Gray => JpegColorType::Luma,
            Channels::Rgb => JpegColorType::Ycbcr,
        }
    }

    fn width(&self) -> u16 {
        self.width
    }

    fn height(&self) -> u16 {
        self.height
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        let width = usize::from(self.width);
        let planes = self.channels.count();
        if y < state.next || state.failure.is_some() {
            // The last row again, to fill the blocks, or nothing more to come.
            for (buffer, last) in buffers.iter_mut().zip(&state.last) {
                buffer.extend_from_slice(last);
            }
            return;
        }
        state.next = y + 1;
        match state.rows.next_row() {
            Ok(Row::Eight(row)) => match self.channels {
                Channels::Gray => buffers[0].extend_from_slice(row),
                Channels::Rgb => push_ycbcr(row, buffers),
            },
            Ok(Row::Sixteen(_)) => {
                state.failure = Some(PhotoError::Internal { what: "a JPEG was sent 16 bits".to_owned() }.into());
            }
            Err(failure) => state.failure = Some(failure),
        }
        if state.failure.is_some() {
            state.last = std::array::from_fn(|channel| vec![0; if channel < planes { width } else { 0 }]);
            buffers.iter_mut().zip(&state.last).for_each(|(buffer, last)| buffer.extend_from_slice(last));
            return;
        }
        if y + 1 == self.height {
            state.last = std::array::from_fn(|channel| {
                buffers[channel].get(buffers[channel].len().wrapping_sub(width)..).unwrap_or_default().to_vec()
            });
        }
        for (channel, buffer) in buffers[..planes].iter().enumerate() {
            let from = buffer.len() - width;
            state.cells.take_plane_row(usize::from(y), channel, &buffer[from..]);
        }
    }
}

/// Appends a row of RGB as planes of YCbCr (ITU-R BT.601, full range, as JFIF has it), rounded, in 16.16 fixed point.
fn push_ycbcr(row: &[u8], buffers: &mut [Vec<u8>; 4]) {
    let (pixels, _) = row.as_chunks::<3>();
    let from = buffers[0].len();
    let [luma, blue, red, _] = buffers;
    for buffer in [&mut *luma, &mut *blue, &mut *red] {
        buffer.resize(from + pixels.len(), 0);
    }
    let planes = luma[from..].iter_mut().zip(&mut blue[from..]).zip(&mut red[from..]);
    for (&[r, g, b], ((luma, blue), red)) in pixels.iter().zip(planes) {
        let (r, g, b) = (i32::from(r), i32::from(g), i32::from(b));
        *luma = ((19_595 * r + 38_470 * g + 7_471 * b + 0x7FFF) >> 16) as u8;
        *blue = ((-11_059 * r - 21_709 * g + 32_768 * b + (128 << 16) + 0x7FFF) >> 16) as u8;
        *red = ((32_768 * r - 27_439 * g - 5_329 * b + (128 << 16) + 0x7FFF) >> 16) as u8;
    }
}
