//! `cargo xtask run`: the two-minute first look at the program, from a clean clone.
//!
//! Built in the dev profile, in which the pixel crates and all dependencies are optimised: about half the build time of a release, at nearly
//! its speed. `--release` builds what ships.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::service::Service;
use crate::setup::{self, Need};
use crate::{places, shell};

/// Photos and how to build.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Photos or folders; the photo that ships when there is none and there is no display.
    photos: Vec<PathBuf>,
    /// Build with every optimisation, as it ships (takes much longer).
    #[arg(long)]
    release: bool,
    /// Use the command line even though there is a display.
    #[arg(long)]
    no_window: bool,
}

/// Opens the app with the photos, or enhances them here when there is no display.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let profile = if arguments.release { "release" } else { "debug" };
    if arguments.no_window || !has_display() {
        return on_the_command_line(arguments, profile);
    }
    window(arguments, profile)
}

fn window(arguments: &Arguments, profile: &str) -> Result<()> {
    setup::bring(Need::Window)?;
    build_ui()?;
    println!("Building the app and the service behind it (several minutes the first time) …");
    let packages = ["--package", "pretty-desktop", "--package", "pretty-backend"];
    let mut build = shell::cargo(&["build", "--features", WINDOW_FEATURES]);
    shell::run(with_profile(build.args(packages), arguments.release))?;
    let service = Service::start(profile)?;
    println!("The service runs at {}, with stand-ins for everything outside.", service.address);
    let mut app = shell::command(&places::program(profile, "pretty-desktop").to_string_lossy());
    equip(&mut app).env("PRETTY_SERVICE_URL", &service.address).args(absolute(&arguments.photos)?);
    shell::run(&mut app)
}

fn on_the_command_line(arguments: &Arguments, profile: &str) -> Result<()> {
    println!("There is no display here (or it was not wanted), so the photos are enhanced on the command line.");
    setup::bring(Need::CommandLine)?;
    println!("Building the command line (some minutes the first time) …");
    shell::run(with_profile(&mut shell::cargo(&["build", "--package", "pretty-cli"]), arguments.release))?;
    let results = std::env::current_dir().context("the current folder is gone")?.join("results");
    let photos = if arguments.photos.is_empty() {
        vec![places::at("src-tauri/resources/sample.jpg").into_os_string()]
    } else {
        absolute(&arguments.photos)?
    };
    let mut pretty = shell::command(&places::program(profile, "pretty").to_string_lossy());
    equip(&mut pretty).arg("enhance").args(photos).arg("--out").arg(&results);
    let outcome = shell::run(&mut pretty);
    println!("Results are in {}", results.display());
    outcome
}

/// The window with its UI inside, instead of one that asks a development server for it.
pub(crate) const WINDOW_FEATURES: &str = "pretty-desktop/custom-protocol";

/// With Cargo's output elsewhere, a program cannot find the library and the models by where it lies.
fn equip(program: &mut Command) -> &mut Command {
    if std::env::var_os("CARGO_TARGET_DIR").is_some() {
        let library = places::runtime_library();
        program.env("PRETTY_ONNXRUNTIME", library).env("PRETTY_MODELS", places::at("models"));
    }
    program
}

/// Builds the UI into `ui/dist`, where the window's build looks for it.
pub(crate) fn build_ui() -> Result<()> {
    shell::run(shell::command("npm").args(["--prefix", "ui", "run", "--silent", "build"]))
}

fn with_profile(command: &mut Command, release: bool) -> &mut Command {
    if release {
        command.arg("--release");
    }
    command
}

fn has_display() -> bool {
    cfg!(any(windows, target_os = "macos"))
        || ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// The programs are started in the repository's root; what was typed is meant from here.
fn absolute(photos: &[PathBuf]) -> Result<Vec<OsString>> {
    photos
        .iter()
        .map(|photo| {
            let path = std::path::absolute(photo).with_context(|| format!("{} is not a path", photo.display()))?;
            Ok(path.into_os_string())
        })
        .collect()
}
