//! `cargo xtask bench`: measures and writes `docs/benchmarks.md`.
//!
//! The measuring itself is the engine's and the backend's; here the release build is made, the machine is described and the page is put together.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::setup::{self, Need};
use crate::{places, shell};

const PAGE: &str = "docs/benchmarks.md";
const END: &str = "<!-- end of measured -->";

/// What to measure.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum What {
    /// Photo in, photo out: time against the bare model, and peak memory.
    Engine,
    /// The service: requests a second, the slowest hundredth, memory with a thousand event streams open.
    Backend,
}

impl What {
    /// Package, benchmark and what has to be set up first.
    fn parts(self) -> (&'static str, &'static str, Need) {
        match self {
            Self::Engine => ("pretty-engine", "engine", Need::CommandLine),
            Self::Backend => ("pretty-backend", "service", Need::Tests),
        }
    }

    /// The line on the page after which its table stands.
    fn mark(self) -> &'static str {
        match self {
            Self::Engine => "<!-- measured: written by `cargo xtask bench engine` -->",
            Self::Backend => "<!-- measured: written by `cargo xtask bench backend` -->",
        }
    }
}

/// Measures it.
pub(crate) fn run(what: What) -> Result<()> {
    let (package, bench, need) = what.parts();
    setup::bring(need)?;
    let mut table = String::new();
    let mut command = shell::cargo(&["bench", "--quiet", "--package", package, "--bench", bench]);
    shell::watch(&mut command, &mut |line| {
        table.push_str(line);
        table.push('\n');
    })?;
    write(what, &table)
}

/// Replaces what stands between the marks.
fn write(what: What, table: &str) -> Result<()> {
    let path = places::at(PAGE);
    let page = fs::read_to_string(&path).with_context(|| format!("could not read {PAGE}"))?;
    let mark = what.mark();
    let parts = page.split_once(mark).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let Some((before, after)) = parts else { bail!("{PAGE} has lost its marks `{mark}` and `{END}`") };
    let measured = format!("{mark}\n\nMeasured on {}.\n\n{}\n{END}", machine(), table.trim());
    fs::write(&path, format!("{before}{measured}{after}"))?;
    println!("Wrote {PAGE}");
    Ok(())
}

/// Processor, memory and system, in a line.
fn machine() -> String {
    let field = |file: &str, name: &str| {
        let text = fs::read_to_string(file).ok()?;
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.trim_end_matches(" kB").parse::<u64>().ok())
        .map_or_else(String::new, |kilobytes| format!(", {} GB of memory", (kilobytes + 500_000) / 1_000_000));
    let system = fs::read_to_string("/etc/os-release")
        .ok()
        .and_then(|text| {
            text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=").map(|it| it.trim_matches('"').to_owned()))
        })
        .unwrap_or_else(|| std::env::consts::OS.to_owned());
    format!("{processor}, {cores} cores{memory}, {system}")
}
