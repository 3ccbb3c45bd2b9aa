//! From what was typed to photos: files as they are, folders to the bottom, patterns that the shell did not expand.
//!
//! A file that is named by itself is always answered for. In a folder, what is no photo is passed over and counted.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use pretty_contract::problem::{Code, Problem};
use pretty_photo::Limits;

/// Name endings that are photos, whether they can be read yet or not, so that an answer comes instead of silence.
const PHOTO_ENDINGS: &[&str] = &[
    "apng", "arw", "avif", "bmp", "cr2", "cr3", "dib", "dng", "gif", "heic", "heif", "jfif", "jpe", "jpeg", "jpg",
    "jxl", "nef", "orf", "png", "raf", "rw2", "tif", "tiff", "webp",
];

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Photos in the order typed; in folders by name.
    pub(crate) photos: Vec<PathBuf>,
    /// What was typed and cannot be used, with the reason.
    pub(crate) problems: Vec<(PathBuf, Problem)>,
    /// Files in folders that are no photos.
    pub(crate) passed_over: usize,
    /// Photos that were named twice.
    pub(crate) twice: usize,
    seen: HashSet<PathBuf>,
}

/// Looks through everything that was typed. `results` is the folder for results, which is left out when it lies in a folder to look through.
pub(crate) fn find(typed: &[PathBuf], results: Option<&Path>, limits: &Limits) -> Found {
    let mut found = Found::default();
    let results = results.and_then(|folder| folder.canonicalize().ok());
    let mut search = Search { found: &mut found, results, limits };
    for path in typed {
        search.typed(path);
    }
    found
}

struct Search<'a> {
    found: &'a mut Found,
    results: Option<PathBuf>,
    limits: &'a Limits,
}

impl Search<'_> {
    fn typed(&mut self, path: &Path) {
        match fs::metadata(path) {
            Ok(facts) if facts.is_dir() => self.folder(path),
            Ok(_) => self.photo(path.to_path_buf()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && is_pattern(path) => self.pattern(path),
            Err(error) => self.refuse(path, &error),
        }
    }

    /// Without recursion, so that no depth of folders is too much; links to folders are not followed, so that no circle is endless.
    fn folder(&mut self, top: &Path) {
        let mut waiting = vec![top.to_path_buf()];
        while let Some(folder) = waiting.pop() {
            if folder != top && self.results.is_some() && folder.canonicalize().ok() == self.results {
                continue;
            }
            let mut entries: Vec<PathBuf> = match fs::read_dir(&folder) {
                Ok(entries) => entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect(),
                Err(error) => {
                    self.refuse(&folder, &error);
                    continue;
                }
            };
            entries.sort();
            let mut below = Vec::new();
            for path in entries {
                let is_folder = fs::symlink_metadata(&path).is_ok_and(|facts| facts.is_dir());
                if is_folder {
                    below.push(path);
                } else if fs::metadata(&path).is_ok_and(|facts| facts.is_file()) {
                    self.in_folder(path);
                }
            }
            waiting.extend(below.into_iter().rev());
        }
    }

    fn in_folder(&mut self, path: PathBuf) {
        if has_photo_ending(&path) || pretty_photo::probe(&path, self.limits).is_ok() {
            self.photo(path);
        } else {
            self.found.passed_over += 1;
        }
    }

    fn pattern(&mut self, pattern: &Path) {
        let before = self.found.photos.len() + self.found.twice;
        let paths = pattern.to_str().and_then(|text| glob::glob(text).ok());
        let mut matched: Vec<PathBuf> = paths.into_iter().flatten().filter_map(Result::ok).collect();
        matched.sort();
        for path in matched {
            if path.is_dir() {
                self.folder(&path);
            } else {
                self.in_folder(path);
            }
        }
        if self.found.photos.len() + self.found.twice == before {
            let message =
                format!("No photo matches \u{201c}{}\u{201d}. Check the pattern and the folder.", pattern.display());
            self.found.problems.push((pattern.to_path_buf(), problem(Code::FileMissing, message)));
        }
    }

    fn photo(&mut self, path: PathBuf) {
        let one = path.canonicalize().unwrap_or_else(|_| path.clone());
        if self.found.seen.insert(one) {
            self.found.photos.push(path);
        } else {
            self.found.twice += 1;
        }
    }

    fn refuse(&mut self, path: &Path, error: &std::io::Error) {
        let shown = path.display();
        let refusal = if error.kind() == std::io::ErrorKind::NotFound {
            problem(
                Code::FileMissing,
                format!(
                    "There is no file or folder \u{201c}{shown}\u{201d}. Check the name, or whether the disk it is on is connected."
                ),
            )
        } else {
            problem(
                Code::FileUnreadable,
                format!("\u{201c}{shown}\u{201d} cannot be read ({error}). Check that you may open it."),
            )
        };
        self.found.problems.push((path.to_path_buf(), refusal));
    }
}

fn problem(code: Code, message: String) -> Problem {
    Problem { code, message, retryable: false, detail: None }
}

fn is_pattern(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.contains(['*', '?', '[']))
}

fn has_photo_ending(path: &Path) -> bool {
    path.extension().is_some_and(|ending| PHOTO_ENDINGS.contains(&ending.to_string_lossy().to_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of photos found, joined, then `passed over` and the problems' codes.
    fn check(typed: &[&str], expected: &[&str]) -> Found {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in [
            "b.jpg",
            "a.PNG",
            "notes.txt",
            "album/c.jpeg",
            "album/deep/d.tif",
            "album/readme",
            "out/r.jpg",
            "odd [1].jpg",
        ] {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"x").unwrap();
        }
        // A photo whose name does not say so.
        fs::write(root.join("album/mislabelled.dat"), b"BM").unwrap();
        let typed: Vec<PathBuf> = typed.iter().map(|name| root.join(name)).collect();
        let found = find(&typed, Some(&root.join("out")), &Limits::default());
        let names: Vec<String> = found
            .photos
            .iter()
            .map(|path| path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/"))
            .collect();
        assert_eq!(names, expected);
        found
    }

    #[test]
    fn files_folders_and_patterns() {
        let found = check(&[""], &["a.PNG", "b.jpg", "odd [1].jpg", "album/c.jpeg", "album/deep/d.tif"]);
        assert_eq!((found.passed_over, found.problems.len()), (3, 0));
        check(&["notes.txt"], &["notes.txt"]);
        check(&["odd [1].jpg"], &["odd [1].jpg"]);
        check(&["**/*.jp*g"], &["album/c.jpeg", "b.jpg", "odd [1].jpg", "out/r.jpg"]);
        let found = check(&["b.jpg", "*.jpg"], &["b.jpg", "odd [1].jpg"]);
        assert_eq!(found.twice, 1);
    }

    #[test]
    fn what_is_not_there_is_named_and_the_rest_goes_on() {
        let found = check(&["gone.jpg", "b.jpg", "*.webp"], &["b.jpg"]);
        let messages: Vec<&str> = found.problems.iter().map(|(_, problem)| problem.message.as_str()).collect();
        assert!(messages[0].contains("There is no file") && messages[0].contains("gone.jpg"), "{messages:?}");
        assert!(messages[1].contains("No photo matches") && messages[1].contains("*.webp"), "{messages:?}");
        assert!(found.problems.iter().all(|(_, problem)| problem.code == Code::FileMissing));
    }
}
