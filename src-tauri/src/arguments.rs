//! Photos named when the program is started, or when it is started a second time.

use std::path::{Path, PathBuf};

use pretty_studio::Studio;
use tauri::{AppHandle, Manager};

/// The paths among the words of a command line; the first word is the program.
pub(crate) fn photos(words: &[String], folder: &Path) -> Vec<PathBuf> {
    words.iter().skip(1).filter(|word| !word.starts_with('-')).map(|word| absolute(word, folder)).collect()
}

fn absolute(word: &str, folder: &Path) -> PathBuf {
    let local =
        tauri::Url::parse(word).ok().filter(|url| url.scheme() == "file").and_then(|url| url.to_file_path().ok());
    local.unwrap_or_else(|| folder.join(word))
}

/// Files that the system asks to open.
#[cfg(target_os = "macos")]
pub(crate) fn of_urls(urls: &[tauri::Url]) -> Vec<PathBuf> {
    urls.iter().filter_map(|url| url.to_file_path().ok()).collect()
}

/// Adds photos to the list.
pub(crate) fn open(app: &AppHandle, paths: &[PathBuf]) {
    if paths.is_empty() {
        return;
    }
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    if let Err(problem) = app.state::<Studio>().command("add_photos", serde_json::json!({ "paths": paths })) {
        tracing::warn!(code = ?problem.code, "photos could not be added");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_paths_and_options_do_not() {
        let folder = std::env::temp_dir();
        let given = folder.join("b c%20.jpg");
        let words: Vec<String> =
            ["program", "--flag", "a.jpg", &given.display().to_string()].map(str::to_owned).to_vec();
        assert_eq!(photos(&words, &folder), [folder.join("a.jpg"), given]);
    }

    #[cfg(unix)]
    #[test]
    fn file_addresses_become_paths() {
        let words = ["program", "file:///tmp/a%20b.jpg"].map(str::to_owned);
        assert_eq!(photos(&words, Path::new("/")), [PathBuf::from("/tmp/a b.jpg")]);
    }
}
