//! Disks that refuse: read-only, full, gone.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use pretty_journeys::namespace::{Own, unshare};
use pretty_journeys::skip::skipped;
use pretty_journeys::{files, photos, pretty, programs};

/// Enhances one photo into a disk of its own that was mounted so. `None` where the system does not allow that.
fn into_disk(test: &str, room: &Path, mount: &str, photo: &Path, more: &str) -> Option<(pretty::Run, String)> {
    let Some(mut command) = unshare(Own::Mounts) else {
        skipped(test, "this system lets a test mount nothing (neither as root nor by user namespaces)");
        return None;
    };
    let disk = room.join("disk");
    std::fs::create_dir(&disk).unwrap();
    let script = format!(
        "set -e; disk='{disk}'; {mount}; set +e; '{pretty}' enhance --json '{photo}' --out \"$disk\" {more}; code=$?; echo left: $(ls -A \"$disk\"); exit $code",
        disk = disk.display(),
        pretty = programs::pretty().display(),
        photo = photo.display(),
    );
    programs::equip(&mut command);
    let run = pretty::finish(
        command.args(["sh", "-c", &script]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()),
    );
    let left = run.out.lines().find_map(|line| line.strip_prefix("left:")).unwrap_or("?").trim().to_owned();
    let out = run.out.lines().filter(|line| !line.starts_with("left:")).collect::<Vec<_>>().join("\n");
    Some((pretty::Run { out, ..run }, left))
}

#[test]
fn a_read_only_target() {
    let room = tempfile::tempdir().unwrap();
    let photo = photos::write(&room.path().join("p.png"), 64, 48, 1);
    let mount = "mount -t tmpfs -o size=1m tmpfs \"$disk\"; mount -o remount,ro \"$disk\"";
    let Some((run, left)) = into_disk("read-only target", room.path(), mount, &photo, "--only tone") else { return };
    run.ends_with(1);
    let problem = &run.line()["problem"];
    assert_eq!(problem["code"], "target_read_only", "{problem}");
    assert!(problem["message"].as_str().unwrap().contains("disk"), "{problem}");
    assert_eq!(left, "");
}

#[test]
fn a_full_disk() {
    let room = tempfile::tempdir().unwrap();
    let photo = photos::write(&room.path().join("p.png"), 640, 480, 1);
    let mount = "mount -t tmpfs -o size=128k tmpfs \"$disk\"";
    for (number, more) in
        ["--only tone", "--only tone --format tiff", "--only tone --format jpeg --quality 100"].iter().enumerate()
    {
        let own = room.path().join(number.to_string());
        std::fs::create_dir(&own).unwrap();
        let Some((run, left)) = into_disk("full disk", &own, mount, &photo, more) else { return };
        run.ends_with(1);
        let problem = &run.line()["problem"];
        assert_eq!(problem["code"], "disk_full", "{more}: {problem}");
        assert!(problem["message"].as_str().unwrap().contains("full"), "{problem}");
        assert_eq!(left, "", "{more}");
    }
}

#[test]
fn a_target_that_vanishes() {
    let room = tempfile::tempdir().unwrap();
    let (from, to) = (room.path().join("in"), room.path().join("out"));
    for number in 0..6 {
        photos::write(&from.join(format!("{number}.png")), 320, 240, number);
    }
    let mut command = pretty::command(["enhance", "--json", "--only", "restore"]);
    let mut child = command.arg(&from).arg("--out").arg(&to).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert!(first.contains("\"result\""), "{first}");
    std::fs::remove_dir_all(&to).unwrap();
    let last = lines.map(|line| line.unwrap()).last().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{last}");
    let last: serde_json::Value = serde_json::from_str(&last).unwrap();
    assert_eq!(last["problem"]["code"], "target_failed", "{last}");
    assert!(last["problem"]["message"].as_str().unwrap().contains("out"), "{last}");
    assert_eq!(files::names(&from).len(), 6);
    assert!(!to.exists());
}

#[test]
fn a_folder_that_cannot_be_made() {
    let room = tempfile::tempdir().unwrap();
    let photo = photos::write(&room.path().join("p.png"), 64, 48, 1);
    let taken = room.path().join("taken");
    std::fs::write(&taken, "a file").unwrap();
    let run = pretty::enhance(&[&photo], &taken.join("results"), &[]);
    run.ends_with(3);
    assert!(run.out.contains("taken") && run.out.contains("Choose another folder"), "{run:#?}");
    assert_eq!(std::fs::read_to_string(&taken).unwrap(), "a file");
}

#[test]
fn the_tools_of_this_file_can_tell() {
    // The journeys above mean something only if the disk they make is what they say.
    let Some(mut command) = unshare(Own::Mounts) else { return };
    let script = "mount -t tmpfs -o size=128k tmpfs /mnt && head -c 1m /dev/zero > /mnt/x; ls -s /mnt/x";
    let output = command.args(["sh", "-c", script]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("No space left"), "{output:?}");
    assert!(
        Command::new("mountpoint").args(["-q", "/mnt"]).status().is_ok_and(|status| !status.success()),
        "the mount leaked"
    );
}
