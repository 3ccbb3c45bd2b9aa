//! Answers the `photo:` scheme: thumbnails and tiles, as JPEG or PNG in sRGB.

use pretty_contract::problem::{Code, Problem};
use pretty_photo::view;

use crate::address::{Address, Place};
use crate::cloud::critiques;
use crate::core::Core;
use crate::opened::{self, Key};
use crate::problems::bad_request;
use crate::thumbnails;

/// A picture for the window. An address always gives the same bytes, so a host may let them be cached for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The encoded picture.
    pub bytes: Vec<u8>,
    /// `image/jpeg` or `image/png`.
    pub mime: &'static str,
}

/// What lies under an address.
pub(crate) fn serve(core: &Core, address: &str) -> Result<Served, Problem> {
    let Some(address) = Address::parse(address) else {
        return Err(bad_request("This is no address of a picture."));
    };
    match &address {
        Address::Source(photo, framing, place) => {
            let path = core.lock().path(*photo).ok_or_else(gone)?;
            tile_of(core, &Key::framed(*photo, *framing), &path, *place)
        }
        Address::Result(key, place) => {
            let path = core.lock().results.get(key).cloned().ok_or_else(gone)?;
            tile_of(core, &Key::Result(key.clone()), &path, *place)
        }
        Address::Preview(..) => core.previews.tile(&address).ok_or_else(gone),
        Address::Sent(key) => {
            // A key is letters and digits: it cannot lead out of the folder.
            let bytes = std::fs::read(critiques::copy_path(&core.folders.data, key)).ok();
            bytes.map(|bytes| Served { bytes, mime: "image/jpeg" }).ok_or_else(gone)
        }
        Address::Copy(key) => {
            let mut copies = core.shown_copies.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let bytes = copies.get(key);
            bytes.map(|bytes| Served { bytes: bytes.to_vec(), mime: "image/jpeg" }).ok_or_else(gone)
        }
        Address::Thumbnail(photo, key) => {
            // The key must be the one that was given out: it becomes a file name.
            let known = core.lock().photos.get(*photo).is_some_and(|entry| entry.thumbnail.as_ref() == Some(key));
            let bytes = known.then(|| std::fs::read(thumbnails::path(&core.folders.cache, key)).ok()).flatten();
            bytes.map(|bytes| Served { bytes, mime: "image/jpeg" }).ok_or_else(gone)
        }
    }
}

fn tile_of(core: &Core, key: &Key, path: &std::path::Path, place: Place) -> Result<Served, Problem> {
    let level = core.opened.open(key, path, &core.limits)?.level(place.level);
    let region = opened::region_of(&level.picture, place.at)
        .ok_or_else(|| bad_request("This tile lies outside the picture."))?;
    let (first, size) = region.corner_and_size();
    encode(&level.picture.part(first, size), level.metadata.icc.as_deref())
}

/// A picture as the window can show it.
pub(crate) fn encode(picture: &pretty_photo::picture::Picture, icc: Option<&[u8]>) -> Result<Served, Problem> {
    let (bytes, mime) = view::encode_tile(picture, icc).map_err(|error| error.problem())?;
    Ok(Served { bytes, mime })
}

fn gone() -> Problem {
    Problem {
        code: Code::FileMissing,
        message: "This picture is not here any more.".into(),
        retryable: false,
        detail: None,
    }
}
