//! `cargo xtask`: set-up, run, test, bench, models, contract, bundle.
//!
//! Every command that a person or a machine types here ends in this program, so that there is one description of how the project is
//! built and tested, in Rust and not in shell. No product code lives here, and it depends on neither the engine nor the window.

mod bench;
mod bundle;
mod contract;
mod licences;
mod models;
mod places;
mod python;
mod run;
mod service;
mod setup;
mod shell;
mod spdx;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Builds, runs and checks As Pretty As A Picture.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Brings what building and testing need and is not there yet.
    Setup,
    /// Builds the app and opens it with these photos; without a display, enhances them on the command line into ./results.
    Run(run::Arguments),
    /// Runs every check there is; sets up first.
    Test,
    /// The quick part of `test`: formatting, lints, licences.
    Lint,
    /// Measures, and writes docs/benchmarks.md.
    Bench {
        /// What to measure.
        what: bench::What,
    },
    /// Writes the UI's types from crates/contract.
    Contract,
    /// Trains, exports, scores and verifies the models.
    Models {
        #[command(subcommand)]
        what: models::What,
    },
    /// Makes installers for this system, with ONNX Runtime and the models inside.
    Bundle {
        /// Which kinds (deb, rpm, appimage, dmg, msi, nsis); the system's usual ones when absent.
        #[arg(long, value_delimiter = ',')]
        kinds: Vec<String>,
    },
    /// Checks the licences of everything that is linked, and lists them.
    Licenses,
}

fn main() -> ExitCode {
    match perform(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("\n{problem:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> anyhow::Result<()> {
    match task {
        Task::Setup => setup::everything(),
        Task::Run(arguments) => run::run(&arguments),
        Task::Test => test::everything(),
        Task::Lint => test::quick(),
        Task::Bench { what } => bench::run(what),
        Task::Contract => contract::write(),
        Task::Models { what } => models::run(&what),
        Task::Bundle { kinds } => bundle::run(&kinds),
        Task::Licenses => licences::list(),
    }
}
