//! `kill -9` at any moment of a batch leaves either a whole verified result or none, and over a folder that holds results already, the old one or the new one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use pretty_journeys::{files, photos, pretty};

const PHOTOS: u32 = 5;
/// Spread evenly over the time that a whole run takes.
const MOMENTS: u32 = 16;
/// Wherever they fall.
const RANDOM_MOMENTS: u32 = 12;

/// Photos, and what becomes of them when nobody interferes.
struct Batch {
    room: tempfile::TempDir,
    /// By name, hashes of the results.
    expected: BTreeMap<String, String>,
    /// How long a whole run takes here.
    whole: Duration,
}

impl Batch {
    fn new() -> Self {
        let room = tempfile::tempdir().unwrap();
        for number in 0..PHOTOS {
            let ending = ["png", "jpg", "tif", "webp", "png"][number as usize % 5];
            photos::write(&room.path().join(format!("in/{number}.{ending}")), 260, 200, number);
        }
        let timed = |name: &str| {
            let begin = Instant::now();
            let found = results(&room, name, NEW);
            (begin.elapsed(), found)
        };
        // The quicker of two: a machine that was busy elsewhere for a moment would stretch every run below.
        let ((first, expected), (second, again)) = (timed("reference"), timed("reference-again"));
        assert_eq!(expected, again);
        Self { whole: first.min(second), room, expected }
    }

    fn start(&self, to: &Path, more: &[&str]) -> Command {
        command(&self.room, to, &[NEW, more].concat())
    }

    /// Runs for a part of the time that a whole run takes, is killed, and gives back what is in the folder then.
    fn killed(&self, to: &Path, part: f32, more: &[&str]) -> BTreeMap<String, String> {
        let mut child = self.start(to, more).spawn().unwrap();
        std::thread::sleep(self.whole.mul_f32(part));
        pretty::signal(child.id(), "KILL");
        let _ = child.wait();
        files::contents(to)
    }
}

/// What is done in each run that is killed.
const NEW: &[&str] = &["--only", "upscale-2x"];
/// What had been done before.
const OLD: &[&str] = &["--only", "restore"];

fn command(room: &tempfile::TempDir, to: &Path, words: &[&str]) -> Command {
    let mut command = pretty::command(["enhance", "--json"]);
    command.arg(room.path().join("in")).arg("--out").arg(to).args(words);
    command
}

fn results(room: &tempfile::TempDir, name: &str, words: &[&str]) -> BTreeMap<String, String> {
    let to = room.path().join(name);
    pretty::finish(&mut command(room, &to, words)).ends_with(0);
    let found = files::contents(&to);
    assert_eq!(found.len(), PHOTOS as usize, "{found:?}");
    found
}

/// Moments of a run, 0 to 1. They differ from one run of this test to the next; the seed is printed, and `PRETTY_TEST_SEED` brings them back.
fn random_moments() -> Vec<f32> {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let seed = std::env::var("PRETTY_TEST_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(now);
    println!("PRETTY_TEST_SEED={seed}");
    let mut state = seed;
    let mut next = || {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1_u32 << 24) as f32
    };
    (0..RANDOM_MOMENTS).map(|_| next()).collect()
}

fn even_moments() -> Vec<f32> {
    (1..=MOMENTS).map(|moment| moment as f32 / MOMENTS as f32).collect()
}

#[test]
fn a_batch_killed_at_any_moment_leaves_whole_results_only() {
    let batch = Batch::new();
    let mut seen = Vec::new();
    let mut some: Option<PathBuf> = None;
    for (number, part) in even_moments().into_iter().chain(random_moments()).enumerate() {
        let to = batch.room.path().join(format!("killed-{number}"));
        let left = batch.killed(&to, part, &[]);
        for (name, hash) in &left {
            assert_eq!(Some(hash), batch.expected.get(name), "killed after {part}: {name} is not the whole result");
        }
        if (1..PHOTOS as usize).contains(&left.len()) {
            some = Some(to);
        }
        seen.push(left.len());
    }
    // If every run was killed before the first or after the last result, the moments proved nothing.
    let some = some.unwrap_or_else(|| panic!("{seen:?} of {PHOTOS} in {:?}", batch.whole));
    // The next run over a folder with some results goes on as if nothing had happened.
    pretty::finish(&mut batch.start(&some, &["--if-exists", "skip"])).ends_with(0);
    assert_eq!(files::contents(&some), batch.expected);
}

#[test]
fn a_batch_killed_over_older_results_leaves_each_as_it_was_or_as_it_will_be() {
    let batch = Batch::new();
    let old = results(&batch.room, "old", OLD);
    assert!(old.keys().eq(batch.expected.keys()), "{old:?}");
    assert!(old.iter().all(|(name, hash)| batch.expected.get(name) != Some(hash)), "old and new cannot be told apart");
    let mut replaced = Vec::new();
    let mut last = PathBuf::new();
    for (number, part) in even_moments().into_iter().chain(random_moments()).enumerate() {
        let to = batch.room.path().join(format!("killed-{number}"));
        std::fs::create_dir(&to).unwrap();
        for name in old.keys() {
            std::fs::copy(batch.room.path().join("old").join(name), to.join(name)).unwrap();
        }
        let mut left = batch.killed(&to, part, &["--if-exists", "overwrite"]);
        let mut new = 0;
        for (name, before) in &old {
            let hash = left.remove(name).unwrap_or_else(|| panic!("killed after {part}: {name} is gone"));
            let is_new = Some(&hash) == batch.expected.get(name);
            assert!(is_new || hash == *before, "killed after {part}: {name} is neither the old result nor the new one");
            new += usize::from(is_new);
        }
        // A whole new result has a hidden name in the moment before it takes the old one's place; the next run takes that away.
        for (name, hash) in left {
            let whole = batch.expected.values().any(|whole| *whole == hash);
            assert!(name.starts_with(".pretty-") && whole, "killed after {part}: {name} was left behind");
        }
        replaced.push(new);
        last = to;
    }
    assert!(replaced.iter().any(|new| (1..PHOTOS as usize).contains(new)), "{replaced:?} of {PHOTOS}");
    pretty::finish(&mut batch.start(&last, &["--if-exists", "overwrite"])).ends_with(0);
    assert_eq!(files::contents(&last), batch.expected);
}
