//! What travels beside the pixels: colour profile, EXIF, XMP, IPTC. Blocks are carried as bytes and patched in place, never rewritten, so that
//! maker notes survive.

pub(crate) mod exif;
pub(crate) mod ifd;
pub(crate) mod xmp;

/// What travels beside the pixels. Absent blocks are `None`, never empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// ICC colour profile.
    pub icc: Option<Vec<u8>>,
    /// EXIF as a TIFF structure (no `Exif\0\0` before it); orientation is 1, the thumbnail is gone.
    pub exif: Option<Vec<u8>>,
    /// The main XMP packet.
    pub xmp: Option<Vec<u8>>,
    /// IPTC fields (IIM, without Photoshop's wrapping).
    pub iptc: Option<Vec<u8>>,
}

/// Orientation in the EXIF block, 1 when there is none.
pub(crate) fn orientation(metadata: &Metadata) -> u16 {
    metadata.exif.as_deref().and_then(exif::orientation).unwrap_or(1)
}

/// Makes the blocks true for an upright picture without a thumbnail; adds notes for what had to go.
pub(crate) fn settle(metadata: &mut Metadata, is_gray: bool, notes: &mut Vec<String>) {
    if let Some(block) = &mut metadata.exif {
        if exif::is_readable(block) {
            exif::make_upright(block);
            exif::drop_thumbnail(block);
        } else {
            metadata.exif = None;
            notes.push("Its EXIF block cannot be understood and is left out.".to_owned());
        }
    }
    if let Some(packet) = &mut metadata.xmp {
        xmp::make_upright(packet);
    }
    let refused = metadata.icc.as_deref().and_then(|icc| refused_profile(icc, is_gray));
    if let Some(why) = refused {
        metadata.icc = None;
        notes.push(why.to_owned());
    }
    for block in [&mut metadata.icc, &mut metadata.exif, &mut metadata.xmp, &mut metadata.iptc] {
        if block.as_ref().is_some_and(Vec::is_empty) {
            *block = None;
        }
    }
}

/// Why a profile cannot go with the picture, or `None`. One that looks like a profile is carried even when this program cannot use it, so that
/// the result looks in every other program as the photo does.
fn refused_profile(icc: &[u8], is_gray: bool) -> Option<&'static str> {
    if icc.len() < 128 || icc.get(36..40) != Some(b"acsp") {
        return Some("Its colour profile is damaged and is left out; colours are taken as sRGB.");
    }
    let wanted: &[u8] = if is_gray { b"GRAY" } else { b"RGB " };
    (icc.get(16..20) != Some(wanted))
        .then_some("Its colour profile is for another kind of picture and is left out; colours are taken as sRGB.")
}
