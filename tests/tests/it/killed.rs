//! `kill -9` at any moment of a batch leaves either a whole verified result or none.

use std::time::{Duration, Instant};

use pretty_journeys::{files, photos, pretty};

const PHOTOS: u32 = 5;
const MOMENTS: u32 = 24;

#[test]
fn a_batch_killed_at_any_moment_leaves_whole_results_only() {
    let room = tempfile::tempdir().unwrap();
    let from = room.path().join("in");
    for number in 0..PHOTOS {
        let ending = ["png", "jpg", "tif", "webp", "png"][number as usize % 5];
        photos::write(&from.join(format!("{number}.{ending}")), 260, 200, number);
    }
    let start = |to: &std::path::Path| {
        let mut command = pretty::command(["enhance", "--json", "--only", "upscale-2x"]);
        command.arg(&from).arg("--out").arg(to);
        command
    };
    let reference = room.path().join("reference");
    let begin = Instant::now();
    pretty::finish(&mut start(&reference)).ends_with(0);
    let whole = begin.elapsed();
    let expected = files::contents(&reference);
    assert_eq!(expected.len(), PHOTOS as usize);

    let mut seen = Vec::new();
    for moment in 1..=MOMENTS {
        let to = room.path().join(format!("killed-{moment}"));
        let mut child = start(&to).spawn().unwrap();
        std::thread::sleep(whole.mul_f32(moment as f32 / MOMENTS as f32));
        pretty::signal(child.id(), "KILL");
        let _ = child.wait();
        let left = files::contents(&to);
        for (name, hash) in &left {
            assert_eq!(Some(hash), expected.get(name), "moment {moment}: {name} is not the whole result");
        }
        seen.push(left.len());
    }
    // If every run was killed before the first or after the last result, the moments proved nothing.
    assert!(seen.iter().any(|count| (1..PHOTOS as usize).contains(count)), "{seen:?} of {PHOTOS} in {whole:?}");
    // The next run over a folder with some results goes on as if nothing had happened.
    let again = room.path().join("killed-12");
    pretty::finish(start(&again).args(["--if-exists", "skip"])).ends_with(0);
    assert_eq!(files::contents(&again), expected);
    assert!(whole < Duration::from_secs(200));
}
