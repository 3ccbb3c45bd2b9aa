//! PNG: 8 and 16 bits, row by row, with profile, EXIF and XMP in their chunks.

use std::borrow::Cow;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::rc::Rc;

use png::{BitDepth, ColorType, EncodingError, Info};

use super::EncodeFailure;
use super::bands::{Row, RowSource};
use crate::error::PhotoError;
use crate::fingerprint::{Digest, Fingerprint, Kind};
use crate::picture::{Channels, Depth};
use crate::spec::ResultSpec;

/// Size of an IDAT chunk.
const CHUNK: usize = 256 << 10;

pub(super) fn encode(
    spec: &ResultSpec,
    out: &mut File,
    rows: &mut dyn RowSource,
) -> Result<Fingerprint, EncodeFailure> {
    let fault = Fault::default();
    let mut buffered = BufWriter::with_capacity(CHUNK, Watched { out, fault: fault.clone() });
    write(spec, &mut buffered, rows).map_err(|failure| fault.explain(failure))
}

fn write(
    spec: &ResultSpec,
    buffered: &mut BufWriter<Watched<'_>>,
    rows: &mut dyn RowSource,
) -> Result<Fingerprint, EncodeFailure> {
    let metadata = &spec.metadata;
    let mut info = Info::with_size(spec.width, spec.height);
    info.color_type = match (spec.channels, spec.alpha) {
        (Channels::Gray, false) => ColorType::Grayscale,
        (Channels::Gray, true) => ColorType::GrayscaleAlpha,
        (Channels::Rgb, false) => ColorType::Rgb,
        (Channels::Rgb, true) => ColorType::Rgba,
    };
    info.bit_depth = match spec.depth {
        Depth::Eight => BitDepth::Eight,
        Depth::Sixteen => BitDepth::Sixteen,
    };
    info.icc_profile = metadata.icc.as_deref().map(Cow::Borrowed);
    info.exif_metadata = metadata.exif.as_deref().map(Cow::Borrowed);
    let mut encoder = png::Encoder::with_info(&mut *buffered, info).map_err(refused)?;
    if let Some(xmp) = metadata.xmp.as_deref().and_then(|xmp| std::str::from_utf8(xmp).ok()) {
        encoder.add_itxt_chunk("XML:com.adobe.xmp".to_owned(), xmp.to_owned()).map_err(refused)?;
    }
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().map_err(refused)?;
    let mut stream = writer.stream_writer_with_size(CHUNK).map_err(refused)?;
    let mut digest = Digest::new();
    let mut bytes = Vec::new();
    for _ in 0..spec.height {
        let row: &[u8] = match rows.next_row()? {
            Row::Eight(row) => row,
            Row::Sixteen(row) => {
                bytes.clear();
                bytes.extend(row.iter().flat_map(|value| value.to_be_bytes()));
                &bytes
            }
        };
        digest.take_row(row);
        stream.write_all(row).map_err(|source| PhotoError::writing("".as_ref(), source))?;
    }
    stream.finish().map_err(refused)?;
    writer.finish().map_err(refused)?;
    buffered.flush().map_err(|source| PhotoError::writing("".as_ref(), source))?;
    Ok(Fingerprint { kind: Kind::Exact(digest), bytes: None })
}

fn refused(error: EncodingError) -> EncodeFailure {
    let error = match error {
        EncodingError::IoError(source) => PhotoError::writing("".as_ref(), source),
        other => PhotoError::Internal { what: format!("the PNG encoder refused ({other})") },
    };
    EncodeFailure::Photo(error)
}

/// The file, and what the system said when it took no more: the encoder passes on the words of such an error, but not its kind.
struct Watched<'a> {
    out: &'a mut File,
    fault: Fault,
}

#[derive(Clone, Default)]
struct Fault(Rc<Cell<Option<i32>>>);

impl Fault {
    /// The failure with what the system said, when it said something.
    fn explain(&self, failure: EncodeFailure) -> EncodeFailure {
        match (self.0.get(), failure) {
            (Some(code), EncodeFailure::Photo(_)) => {
                EncodeFailure::Photo(PhotoError::writing("".as_ref(), io::Error::from_raw_os_error(code)))
            }
            (_, other) => other,
        }
    }
}

impl Write for Watched<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes).inspect_err(|error| self.fault.0.set(error.raw_os_error()))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
