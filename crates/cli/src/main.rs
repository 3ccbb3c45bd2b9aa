//! `pretty`: the engine for scripts and servers without a screen.
//!
//! Reads arguments, hands photos to the engine one by one, and tells what came of each. No logic of its own: what a recipe means, what Auto
//! chooses, where a result may be written and which device is trusted is the engine's to say.

mod arguments;
mod batch;
mod choice;
mod exit;
mod listing;
mod opening;
mod photos;
mod progress;
mod recipes;
mod target;
mod telling;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Task};
use exit::End;

fn main() -> ExitCode {
    pretty_engine::keep_library_silent();
    let arguments = Arguments::parse();
    let end = match &arguments.task {
        Task::Enhance(wanted) => batch::enhance(wanted),
        Task::Devices(wanted) => listing::devices(wanted),
        Task::Models(wanted) => listing::models(wanted),
        Task::Recipe(wanted) => recipes::show(wanted),
    };
    if end == End::NothingRuns {
        // A library whose loading never ends holds the system's loader, and an orderly exit would wait for it.
        let _ = std::io::stdout().flush();
        signal_hook::low_level::exit(i32::from(end.code()));
    }
    ExitCode::from(end.code())
}
