//! Names: any letters of any script, nothing that could break a line or a letter's header.

use super::AccountError;
use unicode_normalization::UnicodeNormalization as _;

/// The most letters of a name.
pub const MOST: usize = 80;

/// A name as it is kept.
///
/// # Errors
/// When nothing is left, it is too long, or holds control characters.
pub fn clean(text: &str) -> Result<String, AccountError> {
    let name: String = text.trim().nfc().collect();
    // Marks that turn the direction of writing can make a letter lie about who it is for.
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}')
    };
    if name.is_empty() {
        Err(AccountError::Name("Give a name."))
    } else if name.chars().count() > MOST {
        Err(AccountError::Name("That name is too long: 80 letters at most."))
    } else if name.chars().any(hidden) {
        Err(AccountError::Name("That name holds characters that cannot be shown."))
    } else {
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn me4_names() {
        assert_eq!(clean("  Måra 😀 ").unwrap(), "Måra 😀");
        assert_eq!(clean("e\u{301}").unwrap(), "é");
        for text in ["", "   ", "a\r\nBcc: x", "a\0", "a\u{202e}b", &"x".repeat(81)] {
            assert!(clean(text).is_err(), "{text:?}");
        }
    }
}
