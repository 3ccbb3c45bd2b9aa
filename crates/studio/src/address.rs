//! Addresses under the `photo:` scheme. They come from the window and are not trusted: an address names a number, a level, a place or a key that
//! this program gave out, never a path.

use pretty_contract::photo::PhotoId;
use pretty_contract::preview::TileAt;
use pretty_photo::Framing;

use crate::keys;

const LONGEST: usize = 120;
const MOST_LEVELS: u32 = 16;
const MOST_TILES: u32 = 1 << 16;

/// What an address asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Address {
    /// `source/<photo>/<level>/<x>/<y>`, or `framed/<photo>/<turn>,<left>,<top>,<right>,<bottom>/<level>/<x>/<y>`
    Source(PhotoId, Framing, Place),
    /// `preview/<photo>/<recipe key>/<level>/<x>/<y>`
    Preview(PhotoId, String, Place),
    /// `result/<result key>/<level>/<x>/<y>`
    Result(String, Place),
    /// `thumb/<photo>/<key>`
    Thumbnail(PhotoId, String),
    /// `sent/<key>`: a copy that was sent, whole
    Sent(String),
    /// `copy/<key>`: a copy that would be sent, whole
    Copy(String),
}

/// A tile of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) level: u32,
    pub(crate) at: TileAt,
}

impl Address {
    /// `None` for whatever is not an address, letter for letter.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let parts: Vec<&str> = text.split('/').collect();
        match parts[..] {
            ["source", photo, level, x, y] => Some(Self::Source(photo_id(photo)?, Framing::NONE, place(level, x, y)?)),
            ["framed", photo, framing, level, x, y] => {
                Some(Self::Source(photo_id(photo)?, framed(framing)?, place(level, x, y)?))
            }
            ["preview", photo, recipe, level, x, y] => {
                Some(Self::Preview(photo_id(photo)?, key(recipe)?, place(level, x, y)?))
            }
            ["result", result, level, x, y] => Some(Self::Result(key(result)?, place(level, x, y)?)),
            ["thumb", photo, version] => Some(Self::Thumbnail(photo_id(photo)?, key(version)?)),
            ["sent", copy] => Some(Self::Sent(key(copy)?)),
            ["copy", copy] => Some(Self::Copy(key(copy)?)),
            _ => None,
        }
    }

    /// The address as text.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Source(photo, framing, place) if framing.is_none() => format!("source/{}/{}", photo.0, place.text()),
            Self::Source(photo, framing, place) => {
                let (turn, [left, top, right, bottom]) = framing.numbers();
                format!("framed/{}/{turn},{left},{top},{right},{bottom}/{}", photo.0, place.text())
            }
            Self::Preview(photo, key, place) => format!("preview/{}/{key}/{}", photo.0, place.text()),
            Self::Result(key, place) => format!("result/{key}/{}", place.text()),
            Self::Thumbnail(photo, key) => format!("thumb/{}/{key}", photo.0),
            Self::Sent(key) => format!("sent/{key}"),
            Self::Copy(key) => format!("copy/{key}"),
        }
    }
}

impl Place {
    fn text(self) -> String {
        format!("{}/{}/{}", self.level, self.at.x, self.at.y)
    }

    /// Whether a tile can lie there at all, in any picture.
    pub(crate) fn is_possible(self) -> bool {
        self.level < MOST_LEVELS && self.at.x < MOST_TILES && self.at.y < MOST_TILES
    }
}

fn photo_id(text: &str) -> Option<PhotoId> {
    number(text).map(PhotoId)
}

/// A framing that does something; the photo as it is has an address of its own.
fn framed(text: &str) -> Option<Framing> {
    let parts: Vec<&str> = text.split(',').collect();
    let [turn, left, top, right, bottom] = parts[..] else { return None };
    let turn = match turn.strip_prefix('-') {
        Some("0") => return None,
        Some(turn) => -i32::try_from(number(turn)?).ok()?,
        None => i32::try_from(number(turn)?).ok()?,
    };
    let framing = Framing::new(turn, (number(left)?, number(top)?), (number(right)?, number(bottom)?))?;
    (!framing.is_none()).then_some(framing)
}

fn key(text: &str) -> Option<String> {
    keys::is_key(text).then(|| text.to_owned())
}

fn place(level: &str, x: &str, y: &str) -> Option<Place> {
    let place = Place { level: number(level)?, at: TileAt { x: number(x)?, y: number(y)? } };
    place.is_possible().then_some(place)
}

/// Digits only, in the one way a number is written: no sign, no leading zero.
fn number(text: &str) -> Option<u32> {
    let plain = !text.is_empty()
        && text.bytes().all(|letter| letter.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_survive_a_round_trip() {
        let key = "0123456789abcdef01234567".to_owned();
        let place = Place { level: 3, at: TileAt { x: 10, y: 0 } };
        let all = [
            Address::Source(PhotoId(7), Framing::NONE, place),
            Address::Source(PhotoId(7), Framing::new(-120, (0, 50), (9000, 10_000)).unwrap(), place),
            Address::Preview(PhotoId(0), key.clone(), place),
            Address::Result(key.clone(), place),
            Address::Thumbnail(PhotoId(4_000_000_000), key.clone()),
            Address::Sent(key.clone()),
            Address::Copy(key),
        ];
        for address in all {
            assert_eq!(Address::parse(&address.text()), Some(address));
        }
    }

    #[test]
    fn whatever_is_not_an_address_is_refused() {
        for text in [
            "",
            "/",
            "source",
            "source/1/0/0",
            "framed/1/0,0,0,10000,10000/0/0/0",
            "framed/1/-0,0,0,9000,10000/0/0/0",
            "framed/1/+1,0,0,9000,10000/0/0/0",
            "framed/1/4501,0,0,9000,10000/0/0/0",
            "framed/1/1,0,0,9000/0/0/0",
            "framed/1/1,5,0,5,10000/0/0/0",
            "source/1/0/0/0/0",
            "source/-1/0/0/0",
            "source/+1/0/0/0",
            "source/01/0/0/0",
            "source/1/99/0/0",
            "source/1/0/65536/0",
            "source/99999999999/0/0/0",
            "source/1/0/0/0?x",
            "source/1/0/0/0#",
            "source//0/0/0",
            "SOURCE/1/0/0/0",
            " source/1/0/0/0",
            "source/1/0/0/0 ",
            "source/١/0/0/0",
            "thumb/1/../../etc/passwd",
            "thumb/1/..",
            "result/0123456789ABCDEF01234567/0/0/0",
            "result//etc/0/0",
            "preview/1/x/0/0/0",
            "thumb/1/%2e%2e",
            "file:///etc/passwd",
            "..",
        ] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn only_what_would_be_written_is_read(text in ".{0,130}") {
            if let Some(address) = Address::parse(&text) {
                prop_assert_eq!(address.text(), text);
            }
        }

        #[test]
        fn near_misses_are_read_exactly_or_not_at_all(text in "(source|framed|thumb|result|preview|sent|copy)(/[0-9a-f,-]{0,25}){1,6}/?") {
            if let Some(address) = Address::parse(&text) {
                prop_assert_eq!(address.text(), text);
            }
        }
    }
}
