//! `cargo xtask test`: every check there is, cheapest first; the first that fails ends it.
//!
//! Rust is built once, in one profile with one set of features, for unit tests, journeys and the window that the journeys drive.

mod tally;

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use crate::run::WINDOW_FEATURES;
use crate::setup::{self, Need};
use crate::{licences, models, places, shell};
use tally::Tally;

type Step = (&'static str, fn(&mut Tally) -> Result<()>);

const STATIC: &[Step] = &[
    ("Formatting", formatting),
    ("Licences of what is linked", licence_check),
    ("Models are what the manifest says", model_check),
    ("Dependencies (cargo-deny)", deny),
    ("UI: lint", ui_lint),
    ("UI: types and accessibility", ui_types),
    ("Rust: lint", clippy),
];

const DYNAMIC: &[Step] = &[
    ("UI: unit tests", ui_tests),
    ("UI: build", ui_build),
    ("Rust: build everything once", build),
    ("Rust: unit and integration tests", rust_tests),
    ("Browser: the UI in Chromium with the real engine", browser_tests),
];

/// Everything.
pub(crate) fn everything() -> Result<()> {
    let start = Instant::now();
    let mut tally = Tally::new();
    forget_skipped()?;
    header("Set-up");
    setup::bring(Need::Tests)?;
    let outcome = perform(
        &[STATIC[..6].as_ref(), DYNAMIC[..2].as_ref(), &STATIC[6..], DYNAMIC[2..].as_ref()].concat(),
        &mut tally,
    );
    finish(&tally, outcome, start)
}

/// What needs no build of the tests.
pub(crate) fn quick() -> Result<()> {
    let start = Instant::now();
    let mut tally = Tally::new();
    setup::bring(Need::Window)?;
    let mut steps = STATIC[..6].to_vec();
    // The lints read the window's crate, whose build embeds the built UI.
    steps.push(("UI: build", ui_build));
    steps.push(STATIC[6]);
    let outcome = perform(&steps, &mut tally);
    finish(&tally, outcome, start)
}

fn perform(steps: &[Step], tally: &mut Tally) -> Result<()> {
    for (name, step) in steps {
        header(name);
        let start = Instant::now();
        let before = tally.total();
        let outcome = step(tally);
        if outcome.is_err() && tally.failed() == 0 {
            tally.add(0, 1);
        } else if tally.total() == before {
            tally.add(1, 0);
        }
        println!(
            "-- {name}: {} in {:.1} s",
            if outcome.is_ok() { "ok" } else { "FAILED" },
            start.elapsed().as_secs_f32()
        );
        outcome?;
    }
    Ok(())
}

fn finish(tally: &Tally, outcome: Result<()>, start: Instant) -> Result<()> {
    let skipped = std::fs::read_to_string(skipped_log()).unwrap_or_default();
    for line in skipped.lines().collect::<std::collections::BTreeSet<_>>() {
        println!("skipped: {line}");
    }
    if let Err(problem) = &outcome {
        println!("\n{problem:#}\nThe first failing check ended the run.");
    }
    println!("\nTook {:.0} s.", start.elapsed().as_secs_f32());
    // The last line is for machines too, so nothing is said after it.
    println!("{} passed, {} failed", tally.passed(), tally.failed());
    if outcome.is_err() {
        std::process::exit(1);
    }
    Ok(())
}

fn header(name: &str) {
    println!("\n== {name}");
}

/// Where tests that cannot run here say so, one line each.
fn skipped_log() -> PathBuf {
    places::at("target/skipped-tests.txt")
}

fn forget_skipped() -> Result<()> {
    match std::fs::remove_file(skipped_log()) {
        Err(problem) if problem.kind() != std::io::ErrorKind::NotFound => Err(problem.into()),
        _ => Ok(()),
    }
}

fn note_skipped(what: &str) -> Result<()> {
    use std::io::Write;
    std::fs::create_dir_all(places::at("target"))?;
    let mut log = std::fs::OpenOptions::new().create(true).append(true).open(skipped_log())?;
    writeln!(log, "{what}")?;
    println!("skipped: {what}");
    Ok(())
}

fn formatting(_: &mut Tally) -> Result<()> {
    shell::run(&mut shell::cargo(&["fmt", "--all", "--check"]))
}

fn clippy(_: &mut Tally) -> Result<()> {
    let words =
        ["clippy", "--quiet", "--workspace", "--all-targets", "--features", WINDOW_FEATURES, "--", "-D", "warnings"];
    shell::run(&mut shell::cargo(&words))
}

fn licence_check(tally: &mut Tally) -> Result<()> {
    tally.add(licences::check()?, 0);
    Ok(())
}

fn model_check(tally: &mut Tally) -> Result<()> {
    tally.add(models::verify()?, 0);
    Ok(())
}

fn deny(_: &mut Tally) -> Result<()> {
    if !shell::cargo(&["deny", "--version"]).output().is_ok_and(|output| output.status.success()) {
        return note_skipped(
            "cargo-deny is not installed (`cargo install --locked cargo-deny`); the licences were checked without it",
        );
    }
    // The advisory database lives on the network; it is used when it has been fetched before.
    shell::run(&mut shell::cargo(&["deny", "--offline", "check", "bans", "licenses", "sources"]))
}

fn ui(script: &str) -> Command {
    let mut command = shell::command("npm");
    command.args(["--prefix", "ui", "run", "--silent", script]);
    command
}

fn ui_lint(_: &mut Tally) -> Result<()> {
    shell::run(&mut ui("lint"))
}

fn ui_types(_: &mut Tally) -> Result<()> {
    shell::run(&mut ui("check"))
}

fn ui_tests(tally: &mut Tally) -> Result<()> {
    shell::watch(ui("test").env("NO_COLOR", "1"), &mut |line| tally.read_vitest(line))
}

fn ui_build(_: &mut Tally) -> Result<()> {
    crate::run::build_ui()?;
    // The demo's scenes are what the browser tests look at where the real program would need a service.
    shell::run(&mut ui("build:demo"))
}

/// Everything but benchmarks, which `cargo test` would run.
const ALL_RUST: [&str; 6] = ["--workspace", "--lib", "--bins", "--tests", "--features", WINDOW_FEATURES];

fn build(_: &mut Tally) -> Result<()> {
    shell::run(shell::cargo(&["build", "--quiet"]).args(ALL_RUST))
}

fn rust_tests(tally: &mut Tally) -> Result<()> {
    let mut command = shell::cargo(&["test", "--no-fail-fast"]);
    command.args(ALL_RUST);
    command.env("PRETTY_SKIPPED_TESTS", skipped_log()).env("PRETTY_PROGRAMS", places::target().join("debug"));
    if let Some(driver) = setup::vulkan::software_driver() {
        command.env("PRETTY_TEST_VULKAN", driver);
    }
    // Half of the service's tests are on PostgreSQL; where the set-up brings it, its absence is a fault and no reason to skip them.
    if setup::brings_packages() {
        command.env("PRETTY_REQUIRE_POSTGRES", "1");
    }
    if let Some(fuzzer) = setup::fuzzer::program() {
        command.env("PRETTY_FUZZER", fuzzer);
    }
    shell::watch(&mut command, &mut |line| tally.read_cargo(line))
}

fn browser_tests(tally: &mut Tally) -> Result<()> {
    if !places::at("tests/browser/package.json").exists() {
        return note_skipped("browser tests: there are none");
    }
    let mut command = shell::command("npm");
    command.args(["--prefix", "tests/browser", "run", "--silent", "test"]);
    command.env("PRETTY_SKIPPED_TESTS", skipped_log()).env("NO_COLOR", "1");
    command.env("PRETTY_PROGRAMS", places::target().join("debug"));
    shell::watch(&mut command, &mut |line| tally.read_node(line))
}
