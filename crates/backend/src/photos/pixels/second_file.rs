//! Files that are a photo and something else as well: a script, a page, an archive or a program, in it or behind it.

use super::PixelError;

/// How other files begin that are hidden in or behind pictures. Each is long enough not to appear by chance in compressed data: the shortest of them,
/// of six bytes, in one of four hundred thousand files of the largest size.
const SECOND_FILES: [&[u8]; 7] = [
    b"<script",
    b"<!doctype html",
    b"%pdf-1.",
    b"\x7felf\x02\x01\x01\0",
    b"rar!\x1a\x07",
    b"7z\xbc\xaf\x27\x1c",
    b"this program cannot be run in dos mode",
];

/// The same, but short: by chance they appear in one of a thousand files of the largest size. With what must come after them, a space or `>`, that is one of
/// thirty thousand.
const SHORT_WORDS: [&[u8]; 2] = [b"<?php", b"<html"];

/// Refuses a file that is a second one as well: a script, a page, an archive, a program.
pub(super) fn refuse_second_file(file: &[u8]) -> Result<(), PixelError> {
    for (at, byte) in file.iter().enumerate() {
        let byte = byte.to_ascii_lowercase();
        if !matches!(byte, b'<' | b'%' | 0x7f | b'r' | b'7' | b't' | b'p') {
            continue;
        }
        let rest = &file[at..];
        let is = |magic: &&[u8]| rest.get(..magic.len()).is_some_and(|head| head.eq_ignore_ascii_case(magic));
        let ends = |word: &&[u8]| rest.get(word.len()).is_none_or(|next| next.is_ascii_whitespace() || *next == b'>');
        let is_word = |word: &&[u8]| is(word) && ends(word);
        if SECOND_FILES.iter().any(is) || SHORT_WORDS.iter().any(is_word) || is_zip_entry(rest) {
            return Err(PixelError::Refused("The file is not only a photo: another file is hidden in it.".to_owned()));
        }
    }
    Ok(())
}

/// A local header of a ZIP archive that makes sense: four bytes alone appear by chance.
fn is_zip_entry(rest: &[u8]) -> bool {
    let Some(header) = rest.first_chunk::<30>() else { return false };
    let two = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    header.starts_with(b"PK\x03\x04")
        && two(4) <= 63
        && matches!(two(8), 0 | 8 | 12 | 14 | 93)
        && (1..=512).contains(&two(26))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_pages_and_scripts_are_found_and_what_only_begins_like_them_is_not() {
        let is_refused = |tail: &[u8]| refuse_second_file(&[b"a photo\xff\xd9", tail].concat()).is_err();
        for tail in [
            b"<?php echo 1;".as_slice(),
            b"<?PHP\n",
            b"<?php",
            b"<html>",
            b"<HTML lang='en'>",
            b"<html",
            b"<!DOCTYPE html>",
            b"<script/src=x>",
            b"%PDF-1.7",
        ] {
            assert!(is_refused(tail), "{}", String::from_utf8_lossy(tail));
        }
        for tail in [b"<html\x93".as_slice(), b"<?php\xf0", b"<?phpx", b"<htmlx ", b"<htm", b"PK\x03\x04\xff\xff"] {
            assert!(!is_refused(tail), "{}", String::from_utf8_lossy(tail));
        }
    }
}
