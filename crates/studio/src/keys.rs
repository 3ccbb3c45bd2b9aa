//! Names made of content: short hashes that are safe in addresses and file names.

use std::path::Path;
use std::time::UNIX_EPOCH;

use pretty_contract::recipe::Recipe;

/// Letters in a key.
pub(crate) const LENGTH: usize = 24;

/// A key of some bytes: lower-case hexadecimal.
pub(crate) fn of_bytes(bytes: &[u8]) -> String {
    let mut text = blake3::hash(bytes).to_hex().to_string();
    text.truncate(LENGTH);
    text
}

/// Whether a text could be a key.
pub(crate) fn is_key(text: &str) -> bool {
    text.len() == LENGTH && text.bytes().all(|letter| letter.is_ascii_digit() || (b'a'..=b'f').contains(&letter))
}

/// Equal recipes have equal keys.
pub(crate) fn of_recipe(recipe: &Recipe) -> String {
    // A recipe is plain data: writing it as JSON cannot fail, and all equal failures would only share tiles of nothing.
    of_bytes(&serde_json::to_vec(recipe).unwrap_or_default())
}

/// Names a file as it is now: another time of change, size or purpose is another key.
pub(crate) fn of_file(path: &Path, purpose: &str) -> String {
    let metadata = std::fs::metadata(path).ok();
    let changed = metadata.as_ref().and_then(|metadata| metadata.modified().ok());
    let changed = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0, |since| since.as_nanos());
    let bytes = metadata.map_or(0, |metadata| metadata.len());
    let mut text = format!("{purpose}\0{changed}\0{bytes}\0").into_bytes();
    text.extend_from_slice(path.as_os_str().as_encoded_bytes());
    of_bytes(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_contract::recipe::Step;

    #[test]
    fn keys_follow_content() {
        let recipe = |strength| Recipe::new(vec![Step::Tone { strength, model: None }]);
        assert_eq!(of_recipe(&recipe(0.5)), of_recipe(&recipe(0.5)));
        assert_ne!(of_recipe(&recipe(0.5)), of_recipe(&recipe(0.51)));
        assert!(is_key(&of_recipe(&recipe(1.0))));
        for text in ["", "../../../etc/passwd......", "ABCDEF012345678901234567"] {
            assert!(!is_key(text), "{text}");
        }
    }

    #[test]
    fn a_changed_file_has_another_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "one").unwrap();
        let before = of_file(&path, "thumb");
        assert_eq!(before, of_file(&path, "thumb"));
        assert_ne!(before, of_file(&path, "result"));
        std::fs::write(&path, "three").unwrap();
        assert_ne!(before, of_file(&path, "thumb"));
    }
}
