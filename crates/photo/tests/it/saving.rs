//! Results appear whole or not at all, and never in the place of the photo.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use pretty_contract::export::{Collision, Format};
use pretty_contract::problem::Code;
use pretty_photo::names::{numbered, result_name};
use pretty_photo::save::{Kept, PendingResult, Saved};
use pretty_photo::{EncodeError, PhotoError, encode};
use pretty_testkit::skip::skipped;

use crate::fixtures::{bands, picture, spec};
use pretty_photo::Metadata;
use pretty_photo::picture::{Channels, Depth};

fn pending(folder: &Path, content: &[u8]) -> PendingResult {
    let mut pending = PendingResult::create(folder).unwrap();
    pending.file().write_all(content).unwrap();
    pending
}

fn save(folder: &Path, name: &str, collision: Collision, original: &Path) -> Result<Saved, PhotoError> {
    pending(folder, b"new").commit(OsStr::new(name), collision, original, &Kept::default())
}

fn listing(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn written(saved: Saved) -> PathBuf {
    match saved {
        Saved::Written { path, .. } => path,
        Saved::Skipped { path } => panic!("skipped {}", path.display()),
    }
}

#[test]
fn a_result_that_is_given_up_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    drop(pending(folder.path(), b"half"));
    assert_eq!(listing(folder.path()), Vec::<String>::new());
}

#[test]
fn a_taken_name_is_kept_numbered_or_replaced_as_asked() {
    let folder = tempfile::tempdir().unwrap();
    let original = folder.path().join("a.jpg");
    fs::write(&original, "the photo").unwrap();
    let target = folder.path().join("a-enhanced.jpg");
    assert_eq!(written(save(folder.path(), "a-enhanced.jpg", Collision::Rename, &original).unwrap()), target);
    fs::write(&target, "old").unwrap();
    let second = written(save(folder.path(), "a-enhanced.jpg", Collision::Rename, &original).unwrap());
    assert_eq!(second, folder.path().join("a-enhanced-2.jpg"));
    let third = written(save(folder.path(), "a-enhanced.jpg", Collision::Rename, &original).unwrap());
    assert_eq!(third, folder.path().join("a-enhanced-3.jpg"));
    let skipped = save(folder.path(), "a-enhanced.jpg", Collision::Skip, &original).unwrap();
    assert_eq!(skipped, Saved::Skipped { path: target.clone() });
    assert_eq!(fs::read(&target).unwrap(), b"old");
    let replaced = save(folder.path(), "a-enhanced.jpg", Collision::Overwrite, &original).unwrap();
    assert_eq!(replaced, Saved::Written { path: target.clone(), bytes: 3 });
    assert_eq!(fs::read(&target).unwrap(), b"new");
    assert_eq!(listing(folder.path()), ["a-enhanced-2.jpg", "a-enhanced-3.jpg", "a-enhanced.jpg", "a.jpg"]);
}

/// Many at once, all wanting one name: each gets its own, none is lost.
#[test]
fn names_are_given_without_a_race() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..24)
            .map(|index: u32| {
                let folder = folder.path();
                scope.spawn(move || {
                    let pending = pending(folder, &index.to_le_bytes());
                    (
                        index,
                        written(
                            pending
                                .commit(
                                    OsStr::new("same.png"),
                                    Collision::Rename,
                                    Path::new("/nowhere"),
                                    &Kept::default(),
                                )
                                .unwrap(),
                        ),
                    )
                })
            })
            .collect();
        all.into_iter()
            .map(|handle| {
                let (index, path) = handle.join().unwrap();
                assert_eq!(fs::read(&path).unwrap(), index.to_le_bytes());
                path
            })
            .collect()
    });
    let mut distinct = paths.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 24);
    assert_eq!(listing(folder.path()).len(), 24);
}

#[cfg(unix)]
#[test]
fn the_photo_is_never_replaced_by_whatever_name() {
    let folder = tempfile::tempdir().unwrap();
    let original = folder.path().join("photo.jpg");
    fs::write(&original, "the photo").unwrap();
    std::os::unix::fs::symlink(&original, folder.path().join("symbolic.jpg")).unwrap();
    fs::hard_link(&original, folder.path().join("hard.jpg")).unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("elsewhere")).unwrap();
    for name in ["photo.jpg", "symbolic.jpg", "hard.jpg", "./photo.jpg", "elsewhere/photo.jpg"] {
        let outcome = save(folder.path(), name, Collision::Overwrite, &original);
        assert!(matches!(outcome, Err(PhotoError::IsTheOriginal { .. })), "{name}: {outcome:?}");
        assert_eq!(fs::read(&original).unwrap(), b"the photo");
        assert_eq!(fs::read(folder.path().join(name)).unwrap(), b"the photo");
    }
    let through_a_link = folder.path().join("symbolic.jpg");
    assert!(save(folder.path(), "photo.jpg", Collision::Overwrite, &through_a_link).is_err());
    // Rename and Skip never replace anything, the photo least of all.
    assert_eq!(
        written(save(folder.path(), "photo.jpg", Collision::Rename, &original).unwrap()).file_name().unwrap(),
        "photo-2.jpg"
    );
    assert!(matches!(save(folder.path(), "photo.jpg", Collision::Skip, &original), Ok(Saved::Skipped { .. })));
}

/// "Replace that file" is about earlier results: another photo of the batch and what was just made of one are not replaced.
#[test]
fn other_photos_of_a_batch_and_their_results_are_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (name, content) in [("a.jpg", "photo a"), ("a.png", "photo a too"), ("a-enhanced.jpg", "photo b")] {
        fs::write(at(name), content).unwrap();
    }
    let kept = Kept::of(["a.jpg", "a.png", "a-enhanced.jpg"].map(at));
    let save = |content: &[u8], name: &str, original: &str, kept: &Kept| {
        let pending = pending(folder.path(), content);
        written(pending.commit(OsStr::new(name), Collision::Overwrite, &at(original), kept).unwrap())
    };
    assert_eq!(save(b"of a.jpg", "a-enhanced.jpg", "a.jpg", &kept), at("a-enhanced-2.jpg"));
    assert_eq!(save(b"of a.png", "a-enhanced.jpg", "a.png", &kept), at("a-enhanced-3.jpg"));
    assert_eq!(save(b"of b", "a-enhanced-enhanced.jpg", "a-enhanced.jpg", &kept), at("a-enhanced-enhanced.jpg"));
    let contents = |name: &str| fs::read_to_string(at(name)).unwrap();
    assert_eq!(["a.jpg", "a.png", "a-enhanced.jpg"].map(contents), ["photo a", "photo a too", "photo b"]);
    assert_eq!(["a-enhanced-2.jpg", "a-enhanced-3.jpg"].map(contents), ["of a.jpg", "of a.png"]);
    // The next batch replaces what this one made, and still no photo.
    let next = Kept::of(["a.jpg", "a.png", "a-enhanced.jpg"].map(at));
    assert_eq!(save(b"again", "a-enhanced.jpg", "a.jpg", &next), at("a-enhanced-2.jpg"));
    assert_eq!(contents("a-enhanced-2.jpg"), "again");
    assert_eq!(contents("a-enhanced.jpg"), "photo b");
}

#[cfg(unix)]
#[test]
fn kept_files_are_known_by_whatever_name() {
    let folder = tempfile::tempdir().unwrap();
    let photo = folder.path().join("photo.jpg");
    fs::write(&photo, "another photo").unwrap();
    fs::hard_link(&photo, folder.path().join("hard.jpg")).unwrap();
    std::os::unix::fs::symlink(&photo, folder.path().join("symbolic.jpg")).unwrap();
    for (name, given) in [("hard.jpg", "hard-2.jpg"), ("symbolic.jpg", "symbolic-2.jpg"), ("photo.jpg", "photo-2.jpg")]
    {
        let kept = Kept::of([folder.path().join("./photo.jpg")]);
        let pending = pending(folder.path(), b"new");
        let saved = pending.commit(OsStr::new(name), Collision::Overwrite, Path::new("/nowhere"), &kept);
        assert_eq!(written(saved.unwrap()), folder.path().join(given));
        assert_eq!(fs::read(&photo).unwrap(), b"another photo");
    }
}

#[test]
fn folders_that_are_not_there_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("gone");
    let error = PendingResult::create(&missing).unwrap_err();
    assert!(matches!(&error, PhotoError::TargetMissing { .. }) && error.to_string().contains("gone"), "{error}");
    fs::write(folder.path().join("file"), "").unwrap();
    assert_eq!(PendingResult::create(&folder.path().join("file")).unwrap_err().code(), Code::TargetFailed);
}

#[test]
fn a_folder_that_vanishes_meanwhile_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("out");
    fs::create_dir(&target).unwrap();
    let result = pending(&target, b"new");
    fs::remove_dir_all(&target).unwrap();
    let error =
        result.commit(OsStr::new("a.png"), Collision::Rename, Path::new("/nowhere"), &Kept::default()).unwrap_err();
    assert_eq!(error.code(), Code::TargetFailed);
    assert!(error.to_string().contains("out"), "{error}");
}

#[test]
fn strange_names_work() {
    let folder = tempfile::tempdir().unwrap();
    for stem in [
        "100% sharp",
        "  spaces  ",
        "沙丘上的海鸥",
        "🦢🌊",
        "a\"b?c*d",
        "'; rm -rf $HOME",
        &"長".repeat(100),
        &"x".repeat(251),
        "CON",
        "nul.x",
        "dots...",
        "-",
    ] {
        let photo = PathBuf::from(format!("/photos/{stem}.jpg"));
        let name = result_name(&photo, Format::Png);
        let written = written(
            pending(folder.path(), b"1")
                .commit(&name, Collision::Rename, Path::new("/nowhere"), &Kept::default())
                .unwrap(),
        );
        assert_eq!(fs::read(&written).unwrap(), b"1", "{stem}");
        let again = pending(folder.path(), b"2")
            .commit(&name, Collision::Rename, Path::new("/nowhere"), &Kept::default())
            .unwrap();
        assert!(matches!(again, Saved::Written { .. }), "{stem}");
    }
}

#[test]
fn names_are_valid_everywhere_and_never_too_long() {
    let check =
        |photo: &str, expected: &str| assert_eq!(result_name(Path::new(photo), Format::Jpeg), OsStr::new(expected));
    check("/a/beach.png", "beach-enhanced.jpg");
    check("/a/beach.2026.png", "beach.2026-enhanced.jpg");
    check("/a/.hidden", ".hidden-enhanced.jpg");
    check("/a/what?.jpg", "what_-enhanced.jpg");
    check("/a/ .jpg", "photo-enhanced.jpg");
    check("", "photo-enhanced.jpg");
    let long = result_name(Path::new(&format!("/a/{}.jpg", "é".repeat(200))), Format::Jpeg).into_string().unwrap();
    assert!(long.len() <= 250 && long.ends_with("é-enhanced.jpg"), "{} bytes", long.len());
    assert_eq!(numbered(Path::new("beach-enhanced.jpg"), 12), OsStr::new("beach-enhanced-12.jpg"));
    assert_eq!(numbered(Path::new("no extension"), 2), OsStr::new("no extension-2"));
    assert!(numbered(Path::new(&long), 9_999).len() <= 255);
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("locked");
    fs::create_dir(&target).unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o555)).unwrap();
    let outcome = PendingResult::create(&target);
    fs::set_permissions(&target, fs::Permissions::from_mode(0o755)).unwrap();
    match outcome {
        Ok(_) => skipped("a read-only folder", "this user may write to it"),
        Err(error) => {
            assert_eq!(error.code(), Code::TargetReadOnly);
            assert!(error.to_string().contains("locked"), "{error}");
        }
    }
}

/// Mounts a small file system; `None` where that is not allowed.
#[cfg(target_os = "linux")]
struct SmallDisk(PathBuf);

#[cfg(target_os = "linux")]
impl SmallDisk {
    fn mount(at: &Path, options: &str) -> Option<Self> {
        let done = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(at)
            .output()
            .is_ok_and(|output| output.status.success());
        if !done {
            skipped("a full disk", "this user may mount no file system");
        }
        done.then(|| Self(at.to_path_buf()))
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(&self.0).status();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_and_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path(), "size=256k") else { return };
    let noisy = crate::bad_input::noise(700, 500);
    for format in crate::fixtures::FORMATS {
        let spec = spec(&noisy, format, 100, Metadata::default());
        let mut pending = PendingResult::create(&disk.0).unwrap();
        let error = match encode(&spec, pending.file(), &mut bands(&noisy, 64).into_iter()) {
            Err(EncodeError::Photo(error)) => error.at(&disk.0),
            other => panic!("{format:?}: {other:?}"),
        };
        assert_eq!(error.code(), Code::DiskFull, "{format:?}: {error}");
        assert!(error.to_string().contains(&*disk.0.to_string_lossy()), "{error}");
        drop(pending);
        assert_eq!(listing(&disk.0), Vec::<String>::new());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_mounted_read_only_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path(), "size=64k,ro") else { return };
    assert_eq!(PendingResult::create(&disk.0).unwrap_err().code(), Code::TargetReadOnly);
}

/// The child of [`a_killed_program_leaves_nothing_or_a_whole_result`]: writes results until it is killed.
#[test]
#[ignore = "runs only as a child of another test"]
fn child_that_writes_until_killed() {
    let Some(folder) = std::env::var_os("PRETTY_TEST_FOLDER") else { return };
    let folder = Path::new(&folder);
    let sent = picture(900, 700, Channels::Rgb, Depth::Eight, false);
    println!("writing");
    for index in 0_usize.. {
        let format = crate::fixtures::FORMATS[index % 4];
        let spec = spec(&sent, format, 90, Metadata::default());
        let mut pending = PendingResult::create(folder).unwrap();
        encode(&spec, pending.file(), &mut bands(&sent, 16).into_iter()).unwrap();
        let collision = if index % 3 == 0 { Collision::Overwrite } else { Collision::Rename };
        pending
            .commit(&result_name(Path::new("killed.jpg"), format), collision, Path::new("/nowhere"), &Kept::default())
            .unwrap();
    }
}

/// Killed at any moment, a program leaves whole results and nothing else.
#[cfg(unix)]
#[test]
fn a_killed_program_leaves_nothing_or_a_whole_result() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    use std::time::Duration;
    let mut results = 0;
    for round in 0..8 {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "saving::child_that_writes_until_killed"])
            .env("PRETTY_TEST_FOLDER", folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while lines.next().is_some_and(|line| !line.unwrap().contains("writing")) {}
        std::thread::sleep(Duration::from_millis(40 + round * 61));
        child.kill().unwrap();
        child.wait().unwrap();
        for name in listing(folder.path()) {
            // Between getting a hidden name and taking another file's place there is a moment; what is there is whole too.
            let found = crate::fixtures::read(&folder.path().join(&name));
            assert_eq!((found.picture.width, found.picture.height), (900, 700), "{name}");
            results += 1;
        }
        // The next result in that folder takes away what was left under a hidden name.
        save(folder.path(), "next.png", Collision::Rename, Path::new("/nowhere")).unwrap();
        assert!(listing(folder.path()).iter().all(|name| !name.starts_with('.')), "{:?}", listing(folder.path()));
    }
    assert!(results > 0, "the child never finished a single result: nothing was tested");
}
