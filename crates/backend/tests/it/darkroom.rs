//! The process that decodes photos: what it may take, what it knows, and what becomes of a photo that it dies of.

use crate::support::{pictures, settings};
use pretty_backend::photos::darkroom::Darkroom;
use pretty_backend::photos::pixels::{PixelError, Written};
use pretty_backend::settings::Uploads;
use pretty_contract::export::Format;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A darkroom in a folder of its own.
fn darkroom(change: impl FnOnce(&mut Uploads, &Path)) -> (Darkroom, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut uploads = settings().uploads;
    change(&mut uploads, folder.path());
    (Darkroom::new(&uploads, folder.path().join("scratch")).unwrap(), folder)
}

async fn develop(darkroom: &Darkroom, file: Vec<u8>) -> Result<Written, PixelError> {
    let developed = darkroom.develop(darkroom.place().await.unwrap(), file, "image/png".to_owned()).await;
    assert_eq!(std::fs::read_dir(darkroom.folder()).unwrap().count(), 0, "nothing lies about");
    developed
}

/// A program that stands for the service's, as a script.
fn stands_for_it(folder: &Path, lines: &str) -> String {
    let path = folder.join("program");
    std::fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

fn is_about_means(refused: Result<Written, PixelError>) -> bool {
    matches!(refused, Err(PixelError::Refused(why)) if why.contains("too much memory or time"))
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_photo_that_takes_too_much_memory_ends_the_process_that_reads_it_and_no_other() {
    let (darkroom, _folder) = darkroom(|uploads, _| uploads.check_memory_mb = 24);
    let large = pictures::plain(3000, 2500, Format::Png);
    assert!(is_about_means(develop(&darkroom, large.clone()).await));
    let small = develop(&darkroom, pictures::plain(64, 48, Format::Png)).await.unwrap();
    assert_eq!((small.width, small.height, small.media_type), (64, 48, "image/png"));
    // With what it is given there is room for it.
    let (roomy, _folder) = self::darkroom(|_, _| ());
    assert_eq!(develop(&roomy, large).await.unwrap().width, 3000);
}

#[tokio::test]
async fn a_photo_that_takes_too_long_is_given_up() {
    let (darkroom, _folder) = darkroom(|uploads, folder| {
        uploads.check_seconds = 1;
        uploads.check_program = stands_for_it(folder, "printf edge\nexec /bin/sleep 600");
    });
    let begun = Instant::now();
    // Larger than what the system keeps between two processes: nobody takes it, and nobody is stuck.
    assert!(is_about_means(develop(&darkroom, pictures::plain(900, 900, Format::Png)).await));
    assert!(begun.elapsed() < Duration::from_secs(300));
}

#[tokio::test]
async fn whoever_dies_in_the_middle_or_talks_nonsense_costs_that_one_photo() {
    for lines in [
        "printf edge\nkill -9 $$",
        "printf edge\nprintf '\\000\\000\\000\\002{}'",
        "printf edge\nprintf '\\377\\377\\377\\377'",
        "printf edge",
    ] {
        let (darkroom, _folder) = darkroom(|uploads, folder| uploads.check_program = stands_for_it(folder, lines));
        assert!(is_about_means(develop(&darkroom, pictures::plain(64, 48, Format::Png)).await), "{lines}");
    }
}

#[tokio::test]
async fn what_does_not_begin_is_our_fault() {
    for program in ["/bin/false", "/nowhere/at-all"] {
        let (darkroom, _folder) = darkroom(|uploads, _| program.clone_into(&mut uploads.check_program));
        let fault = develop(&darkroom, pictures::plain(64, 48, Format::Png)).await;
        assert!(matches!(fault, Err(PixelError::Fault(_))), "{program}: {fault:?}");
    }
}

/// The environment may hold secrets, and this process has files and sockets open: none of that is there.
#[tokio::test]
async fn it_knows_nothing_and_has_nothing_open() {
    let (darkroom, folder) = darkroom(|uploads, folder| {
        let seen = folder.join("seen").display().to_string();
        let lines = format!("/usr/bin/env > {seen}\n/bin/ls -l /proc/$$/fd >> {seen}\nprintf edge");
        uploads.check_program = stands_for_it(folder, &lines);
    });
    let _file_of_ours = std::fs::File::open("/etc/hostname");
    let _socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    assert!(develop(&darkroom, pictures::plain(64, 48, Format::Png)).await.is_err());
    let seen = std::fs::read_to_string(folder.path().join("seen")).unwrap();
    for word in ["HOME=", "PATH=/", "PRETTY", "CARGO", "socket:", "/etc/hostname"] {
        assert!(!seen.contains(word), "{word} in {seen}");
    }
    assert!(seen.contains("PWD="), "the script ran: {seen}");
}
