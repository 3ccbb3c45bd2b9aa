//! What a file is, by its first bytes. Its name is never asked.

use pretty_contract::export::Format;

/// How many bytes of a file are enough to tell.
pub(crate) const SNIFF_BYTES: usize = 64;

/// Formats that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceFormat {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
    /// TIFF.
    Tiff,
    /// Windows bitmap.
    Bmp,
    /// GIF.
    Gif,
}

impl SourceFormat {
    /// Its name in the field ("JPEG").
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Webp => "WebP",
            Self::Tiff => "TIFF",
            Self::Bmp => "BMP",
            Self::Gif => "GIF",
        }
    }

    /// The format in which a result is written unless another is chosen: its own, or PNG where it cannot be written.
    #[must_use]
    pub fn writes(self) -> Format {
        match self {
            Self::Jpeg => Format::Jpeg,
            Self::Webp => Format::Webp,
            Self::Tiff => Format::Tiff,
            Self::Png | Self::Bmp | Self::Gif => Format::Png,
        }
    }

    /// Name endings that announce this format.
    fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Jpeg => &["jpg", "jpeg", "jpe", "jfif", "mpo", "jps"],
            Self::Png => &["png", "apng"],
            Self::Webp => &["webp"],
            Self::Tiff => &["tif", "tiff"],
            Self::Bmp => &["bmp", "dib"],
            Self::Gif => &["gif"],
        }
    }

    /// A note for people when the file's name announces another format.
    pub(crate) fn mislabelled(self, path: &std::path::Path) -> Option<String> {
        let extension = path.extension()?.to_string_lossy().to_lowercase();
        let known = [Self::Jpeg, Self::Png, Self::Webp, Self::Tiff, Self::Bmp, Self::Gif]
            .iter()
            .flat_map(|format| format.extensions())
            .chain(&["heic", "heif", "avif", "jxl", "dng", "cr2", "nef", "arw"]);
        let announces_another =
            known.into_iter().any(|name| *name == extension) && !self.extensions().contains(&extension.as_str());
        announces_another.then(|| format!("Named .{extension}, but it is a {} file and was read as one.", self.name()))
    }
}

/// What the first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sniffed {
    /// A format that can be read.
    Known(SourceFormat),
    /// A photo that cannot be read yet: what it is, with its article.
    NotYet(&'static str),
    /// Anything else.
    Unknown,
}

/// Looks at the first [`SNIFF_BYTES`] bytes of a file, or all of a shorter one.
pub(crate) fn sniff(head: &[u8]) -> Sniffed {
    let starts = |magic: &[u8]| head.starts_with(magic);
    let at = |offset: usize, magic: &[u8]| head.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    if starts(&[0xFF, 0xD8, 0xFF]) {
        Sniffed::Known(SourceFormat::Jpeg)
    } else if starts(b"\x89PNG\r\n\x1a\n") {
        Sniffed::Known(SourceFormat::Png)
    } else if starts(b"RIFF") && at(8, b"WEBP") {
        Sniffed::Known(SourceFormat::Webp)
    } else if starts(b"GIF87a") || starts(b"GIF89a") {
        Sniffed::Known(SourceFormat::Gif)
    } else if starts(b"BM") && head.len() >= 18 {
        Sniffed::Known(SourceFormat::Bmp)
    } else if at(4, b"ftyp") {
        sniff_iso_media(head)
    } else if starts(&[0xFF, 0x0A]) || starts(b"\0\0\0\x0CJXL \r\n\x87\n") {
        Sniffed::NotYet("a JPEG XL photo")
    } else if starts(b"\0\0\0\x0CjP  \r\n\x87\n") || starts(&[0xFF, 0x4F, 0xFF, 0x51]) {
        Sniffed::NotYet("a JPEG 2000 photo")
    } else if let Some(raw) = sniff_raw(head) {
        Sniffed::NotYet(raw)
    } else if starts(b"II*\0") || starts(b"MM\0*") || starts(b"II+\0") || starts(b"MM\0+") {
        Sniffed::Known(SourceFormat::Tiff)
    } else if starts(b"8BPS") {
        Sniffed::NotYet("a Photoshop document")
    } else if starts(&[0, 0, 1, 0]) {
        Sniffed::NotYet("an icon")
    } else {
        Sniffed::Unknown
    }
}

/// HEIC and AVIF share a container; brands tell them apart.
fn sniff_iso_media(head: &[u8]) -> Sniffed {
    let brands = head.get(8..).unwrap_or_default();
    let major = brands.get(..4).unwrap_or_default();
    match major {
        b"avif" | b"avis" => Sniffed::NotYet("an AVIF photo"),
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" => Sniffed::NotYet("a HEIC photo"),
        b"mif1" | b"msf1" | b"miaf" => {
            let is_avif = brands.chunks(4).skip(1).any(|brand| brand == b"avif");
            Sniffed::NotYet(if is_avif { "an AVIF photo" } else { "a HEIF photo" })
        }
        b"crx " => Sniffed::NotYet("a Canon raw photo"),
        _ => Sniffed::Unknown,
    }
}

/// Raw photos that are told by their first bytes; those that are TIFF files inside are told by their tags (see `decode::tiff`).
fn sniff_raw(head: &[u8]) -> Option<&'static str> {
    let starts = |magic: &[u8]| head.starts_with(magic);
    if starts(b"FUJIFILMCCD-RAW") {
        Some("a Fujifilm raw photo")
    } else if (starts(b"II*\0") || starts(b"MM\0*")) && head.get(8..10) == Some(b"CR") {
        Some("a Canon raw photo")
    } else if starts(b"IIRO") || starts(b"IIRS") || starts(b"MMOR") {
        Some("an Olympus raw photo")
    } else if starts(b"IIU\0") {
        Some("a Panasonic raw photo")
    } else if starts(b"FOVb") {
        Some("a Sigma raw photo")
    } else if starts(b"\0MRM") {
        Some("a Minolta raw photo")
    } else {
        None
    }
}
