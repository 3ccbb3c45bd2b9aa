//! Looks through dropped files and folders and puts the photos in them on the list, in batches and in natural order.
//!
//! In folders, hidden files and what is no photo are passed over and counted; a file that was named is listed whatever it is, with the reason
//! when it is no photo. A folder is entered once, however many links lead to it.

use std::collections::{HashSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pretty_contract::event::{Event, Scanned};
use pretty_contract::photo::PhotoId;
use pretty_contract::problem::{Code, Problem};
use pretty_photo::{names, probe};

use crate::core::Core;
use crate::natural;
use crate::photos::{self, Found};
use crate::queue;

/// Photos told at once.
const BATCH: usize = 50;
/// How long the first of a batch may wait for the others.
const PATIENCE: Duration = Duration::from_millis(80);

/// What was dropped and not looked through yet, in order.
#[derive(Default)]
pub(crate) struct Scans {
    pub(crate) waiting: VecDeque<Vec<PathBuf>>,
}

/// The scanning thread's work.
pub(crate) fn work(core: &Core) {
    while let Some(paths) = core.wait_for(|state| state.scans.waiting.pop_front()) {
        let mut scan = Scan::new(core);
        for path in &paths {
            scan.named(path);
        }
        scan.flush();
        core.say(Event::Scanned(scan.scanned));
    }
}

struct Scan<'a> {
    core: &'a Core,
    scanned: Scanned,
    batch: Vec<Found>,
    since: Duration,
    entered: HashSet<PathBuf>,
}

impl<'a> Scan<'a> {
    fn new(core: &'a Core) -> Self {
        Self { core, scanned: Scanned::default(), batch: Vec::new(), since: core.host.now(), entered: HashSet::new() }
    }

    /// Something that the person chose.
    fn named(&mut self, path: &Path) {
        match fs::canonicalize(path) {
            Err(error) => self.problem(path, &error),
            Ok(canonical) if canonical.is_dir() => self.folder(path, canonical),
            Ok(canonical) => self.file(path, canonical, Named::ByThePerson),
        }
    }

    fn folder(&mut self, path: &Path, canonical: PathBuf) {
        // Folders still to be entered, the next one last: no recursion, however deep they lie.
        let mut todo = vec![(path.to_path_buf(), canonical)];
        while let Some((folder, canonical)) = todo.pop() {
            if self.core.has_stopped() {
                return;
            }
            if !self.entered.insert(canonical) {
                continue;
            }
            let inside = self.list(&folder);
            let mut folders = Vec::new();
            for path in inside {
                if is_hidden(&path) {
                    self.scanned.passed_over += 1;
                    continue;
                }
                match fs::canonicalize(&path) {
                    // A link to nothing.
                    Err(_) => self.scanned.passed_over += 1,
                    Ok(canonical) if canonical.is_dir() => folders.push((path, canonical)),
                    Ok(canonical) => self.file(&path, canonical, Named::ByItsFolder),
                }
            }
            todo.extend(folders.into_iter().rev());
        }
    }

    /// What is in a folder, in natural order.
    fn list(&mut self, folder: &Path) -> Vec<PathBuf> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                self.problem(folder, &error);
                return Vec::new();
            }
        };
        let mut inside: Vec<(String, PathBuf)> = entries
            .filter_map(Result::ok)
            .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
            .collect();
        inside.sort_by(|one, other| natural::compare(&one.0, &other.0));
        inside.into_iter().map(|(_, path)| path).collect()
    }

    fn file(&mut self, path: &Path, canonical: PathBuf, named: Named) {
        let known =
            self.core.lock().photos.knows(&canonical) || self.batch.iter().any(|found| found.canonical == canonical);
        if known {
            self.scanned.known += 1;
            return;
        }
        let facts = if canonical.is_file() {
            probe(path, &self.core.limits).map(|facts| photos::facts(&facts)).map_err(|error| error.problem())
        } else {
            // Pipes and devices would be waited for without end.
            Err(no_file(path))
        };
        // A file that calls itself a photo is listed even when it is none: a silent gap would be worse than a reason.
        let is_worth_a_word = matches!(named, Named::ByThePerson) || names::format_of(path).is_some();
        match &facts {
            Err(problem) if matches!(problem.code, Code::NotAPhoto | Code::FileEmpty) && !is_worth_a_word => {
                self.scanned.passed_over += 1
            }
            _ => self.push(Found { path: path.to_path_buf(), canonical, facts }),
        }
    }

    fn push(&mut self, found: Found) {
        let now = self.core.host.now();
        if self.batch.is_empty() {
            self.since = now;
        }
        self.batch.push(found);
        if self.batch.len() >= BATCH || now.saturating_sub(self.since) >= PATIENCE {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let mut state = self.core.lock();
        let state = &mut *state;
        let mut added = Vec::new();
        for found in self.batch.drain(..) {
            match state.photos.add(found) {
                Some(photo) => added.push(photo.clone()),
                None => self.scanned.known += 1,
            }
        }
        if added.is_empty() {
            return;
        }
        self.scanned.added += added.len() as u32;
        state.bare.extend(added.iter().filter(|photo| photo.facts.is_some()).map(|photo| photo.id));
        let ids: Vec<PhotoId> = added.iter().map(|photo| photo.id).collect();
        self.core.say(Event::PhotosAdded(added));
        if !state.resuming.is_empty() {
            for id in ids {
                queue::resume(self.core, state, id);
            }
            queue::tell_resumed(self.core, state);
        }
        self.core.wake();
    }

    fn problem(&mut self, path: &Path, error: &std::io::Error) {
        if self.core.lock().resuming.remove(path).is_some()
            && let Err(error) = self.core.link.store.unqueue_photo(path)
        {
            tracing::warn!(%error, "the queue could not be written down");
        }
        self.scanned.problems.push(unreachable_path(path, error));
    }
}

enum Named {
    ByThePerson,
    ByItsFolder,
}

fn unreachable_path(path: &Path, error: &std::io::Error) -> Problem {
    let shown = path.display();
    let (code, message) = match error.kind() {
        std::io::ErrorKind::NotFound => (
            Code::FileMissing,
            format!(
                "There is no file or folder \u{201c}{shown}\u{201d}. Check whether the disk it is on is connected."
            ),
        ),
        std::io::ErrorKind::PermissionDenied => {
            (Code::FileUnreadable, format!("\u{201c}{shown}\u{201d} may not be opened. Check its permissions."))
        }
        _ => (Code::FileUnreadable, format!("\u{201c}{shown}\u{201d} cannot be looked at ({error}).")),
    };
    Problem { code, message, retryable: true, detail: None }
}

fn no_file(path: &Path) -> Problem {
    let message = format!("\u{201c}{}\u{201d} is not a file that can be opened.", path.display());
    Problem { code: Code::NotAPhoto, message, retryable: false, detail: None }
}

/// By the custom of dot files, by what macOS and Windows put into folders, and by Windows' attribute.
fn is_hidden(path: &Path) -> bool {
    let name = photos::file_name(path);
    if name.starts_with('.')
        || ["thumbs.db", "desktop.ini", "__macosx", "$recycle.bin"].contains(&name.to_lowercase().as_str())
    {
        return true;
    }
    #[cfg(windows)]
    {
        use std::os::windows::fs::MetadataExt;
        const HIDDEN: u32 = 2;
        fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_attributes() & HIDDEN != 0)
    }
    #[cfg(not(windows))]
    false
}
