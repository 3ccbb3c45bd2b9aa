//! Texts in the letters that the standard fonts of PDF have: those of the West. Others are written in Latin ones, as a reader of the West would;
//! embedding a font for all scripts would make every document some megabytes large. Deliberately not here: Markdown, which has all letters.

use unicode_normalization::UnicodeNormalization;

/// The letters from 0x80 to 0x9f of PDF's standard encoding for the West; nothing where there is none.
const SPECIAL: [char; 32] = [
    '\u{20ac}', '\0', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2c6}', '\u{2030}',
    '\u{160}', '\u{2039}', '\u{152}', '\0', '\u{17d}', '\0', '\0', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}',
    '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}', '\u{2122}', '\u{161}', '\u{203a}', '\u{153}', '\0', '\u{17e}',
    '\u{178}',
];

/// As PDF's standard encoding for the West writes it.
pub(super) fn encode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    // An accent that stands for itself, as file names have it on some systems, belongs to its letter.
    for letter in text.nfc() {
        match byte(letter) {
            Some(byte) => bytes.push(byte),
            None => match deunicode::deunicode_char(letter) {
                Some(latin) => {
                    bytes.extend(latin.bytes().map(|byte| if byte.is_ascii_control() { b' ' } else { byte }))
                }
                None => bytes.push(b'?'),
            },
        }
    }
    bytes
}

/// Whether a text is written as it is.
pub(super) fn is_faithful(text: &str) -> bool {
    text.nfc().all(|letter| byte(letter).is_some())
}

fn byte(letter: char) -> Option<u8> {
    match letter {
        '\u{20}'..='\u{7e}' | '\u{a0}'..='\u{ff}' => u8::try_from(u32::from(letter)).ok(),
        letter if letter.is_whitespace() || letter.is_control() => Some(b' '),
        letter => SPECIAL.iter().position(|special| *special == letter).and_then(|at| u8::try_from(0x80 + at).ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_is_written_in_some_way() {
        for (text, written) in [
            ("caf\u{e9} \u{20ac}5\u{2013}7", b"caf\xe9 \x805\x967".as_slice()),
            // An accent of its own.
            ("cafe\u{301}", b"caf\xe9"),
            ("\u{160}koda \u{153}uvre \u{2122}", b"\x8akoda \x9cuvre \x99"),
            ("\u{141}\u{f3}d\u{17a}", b"L\xf3dz"),
            ("\u{41c}\u{43e}\u{441}\u{43a}\u{432}\u{430}", b"Moskva"),
            ("\u{391}\u{3b8}\u{3ae}\u{3bd}\u{3b1}", b"Athena"),
            ("\u{5317}\u{4eac}", b"Bei Jing "),
            ("a\tb\u{2028}c", b"a b c"),
        ] {
            assert_eq!(encode(text), written, "{text}");
        }
        assert!(is_faithful("caf\u{e9} \u{2014} \u{201c}x\u{201d}\n"));
        assert!(!is_faithful("\u{141}\u{f3}d\u{17a}") && !is_faithful("\u{6f22}"));
    }
}
