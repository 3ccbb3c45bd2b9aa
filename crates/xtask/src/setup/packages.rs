//! System packages: installed on Debian and Ubuntu, named elsewhere.

use std::process::Command;

use anyhow::{Result, bail};

use super::Need;
use crate::shell;

/// What the window is built from.
const FOR_BUILDING: &[&str] = &["build-essential", "pkg-config", "libwebkit2gtk-4.1-dev"];

/// What the journeys drive and what they compare with. Nothing of this is linked or shipped.
const FOR_TESTS: &[&str] = &[
    "dbus",
    "fonts-dejavu-core",
    "gir1.2-gtk-3.0",
    "gnome-keyring",
    "imagemagick",
    "iproute2",
    "libimage-exiftool-perl",
    "libvulkan1",
    SERVER,
    "procps",
    "python3-gi",
    "python3-venv",
    "strace",
    "util-linux",
    "webkit2gtk-driver",
    "x11-utils",
    "xauth",
    "xdotool",
    "xvfb",
];

/// The database that the service's tests start in a temporary folder. Any version that Debian's way of laying them out has put there will do.
const SERVER: &str = "postgresql";

/// Debian's package also makes a database of the system's own and starts it on a fixed port. This file tells it not to; it is there only while
/// the package is installed, so that the system's administrator finds the usual behaviour afterwards.
const NO_CLUSTER: &str = "/etc/postgresql-common/createcluster.d/pretty-tests-need-no-cluster.conf";

/// Worth having, not in every archive (Ubuntu has no Chromium package): tests that need them say that they were skipped.
const FOR_MORE_TESTS: &[&str] = &["chromium"];

/// Whether the set-up installs packages here, so that tests may insist on what is on the lists above.
pub(super) fn are_brought() -> bool {
    cfg!(target_os = "linux") && shell::works("dpkg-query", "--version") && shell::works("apt-get", "--version")
}

/// Brings the packages that `need` asks for and that are not installed.
pub(super) fn bring(need: Need) -> Result<()> {
    if need == Need::CommandLine {
        return Ok(());
    }
    if cfg!(target_os = "macos") {
        return macos();
    }
    if cfg!(windows) {
        return windows();
    }
    if are_brought() {
        return debian(need);
    }
    other_linux(need)
}

fn debian(need: Need) -> Result<()> {
    let mut wanted: Vec<&str> = FOR_BUILDING.to_vec();
    let mut optional: Vec<&str> = Vec::new();
    if need >= Need::Tests {
        wanted.extend(FOR_TESTS);
        optional.extend(FOR_MORE_TESTS);
    }
    let missing: Vec<&str> = wanted.into_iter().filter(|name| !installed(name)).collect();
    let mut missing_optional: Vec<&str> = optional.into_iter().filter(|name| !installed(name)).collect();
    if missing.is_empty() && missing_optional.is_empty() {
        return Ok(());
    }
    println!("Installing system packages: {} {}", missing.join(" "), missing_optional.join(" "));
    let help = || {
        format!("Install them yourself, as an administrator, and try again:\n    sudo sh -c '{}'", by_hand(&missing))
    };
    let Some(mut update) = administrator("apt-get", &["update", "-q"]) else {
        if missing.is_empty() {
            return Ok(());
        }
        bail!("Packages are missing and this account can install none (no sudo). {}", help());
    };
    if let Err(problem) = shell::run(&mut update) {
        println!("The package list could not be refreshed ({problem}); trying with the one at hand.");
    }
    if !missing.is_empty()
        && let Err(problem) = install(&missing)
    {
        bail!("Packages could not be installed: {problem}\n{}", help());
    }
    missing_optional.retain(|name| candidate(name));
    if !missing_optional.is_empty()
        && let Err(problem) = install(&missing_optional)
    {
        println!(
            "Not installed: {} ({problem}). The tests that need them will be skipped.",
            missing_optional.join(" ")
        );
    }
    Ok(())
}

fn install(names: &[&str]) -> Result<()> {
    let server = names.contains(&SERVER);
    if server {
        as_administrator("sh", &["-c", &refuse_cluster()])?;
    }
    let mut words = vec!["install", "-q", "-y", "--no-install-recommends"];
    words.extend(names);
    let outcome = as_administrator("apt-get", &words);
    if server {
        as_administrator("rm", &["-f", NO_CLUSTER])?;
    }
    outcome
}

/// What a person types to get the same.
fn by_hand(names: &[&str]) -> String {
    let install = format!("apt-get update && apt-get install -y --no-install-recommends {}", names.join(" "));
    if names.contains(&SERVER) { format!("{}; {install}; rm -f {NO_CLUSTER}", refuse_cluster()) } else { install }
}

fn refuse_cluster() -> String {
    format!("mkdir -p $(dirname {NO_CLUSTER}) && echo create_main_cluster = false > {NO_CLUSTER}")
}

fn as_administrator(program: &str, words: &[&str]) -> Result<()> {
    match administrator(program, words) {
        Some(mut command) => shell::run(&mut command),
        None => bail!("this account can install nothing"),
    }
}

/// A program as the administrator: directly when we are, by sudo when there is one.
fn administrator(program: &str, words: &[&str]) -> Option<Command> {
    let root = shell::output(shell::command("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let mut command = if root {
        shell::command(program)
    } else if shell::works("sudo", "--version") {
        let mut command = shell::command("sudo");
        command.args(["--preserve-env=DEBIAN_FRONTEND", program]);
        command
    } else {
        return None;
    };
    command.args(words).env("DEBIAN_FRONTEND", "noninteractive");
    Some(command)
}

fn installed(name: &str) -> bool {
    if name == SERVER && has_server() {
        return true;
    }
    shell::output(shell::command("dpkg-query").args(["-W", "-f=${Status}", name]))
        .is_ok_and(|status| status.contains("ok installed"))
}

/// A server of any version, where the tests look for one.
fn has_server() -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions.into_iter().any(|version| version.path().join("bin/initdb").exists())
}

/// Whether the archive has the package as a real program (Ubuntu's `chromium` only points to a snap).
fn candidate(name: &str) -> bool {
    shell::output(shell::command("apt-cache").args(["policy", name]))
        .is_ok_and(|text| text.lines().any(|line| line.contains("Candidate:") && !line.contains("(none)")))
}

fn macos() -> Result<()> {
    if !shell::works("xcode-select", "-p") {
        bail!(
            "Apple's command line tools are missing. Type `xcode-select --install`, follow the dialog, and try again."
        );
    }
    if cfg!(target_arch = "x86_64") {
        bail!(
            "There is no ONNX Runtime library for Macs with Intel processors in the source this project uses. \
             Set PRETTY_ONNXRUNTIME to the absolute path of a libonnxruntime.dylib of version 1.24 or newer that you trust."
        );
    }
    Ok(())
}

fn windows() -> Result<()> {
    let system = std::env::var_os("SystemRoot").map(std::path::PathBuf::from).unwrap_or_default();
    if !system.join("System32").join("MSVCP140.dll").exists() {
        bail!(
            "The Microsoft Visual C++ runtime is missing, which ONNX Runtime needs. Type\n    \
             winget install Microsoft.VCRedist.2015+.x64\nand try again."
        );
    }
    println!(
        "On Windows the app needs the WebView2 runtime (part of Windows 11; `winget install Microsoft.EdgeWebView2Runtime` otherwise) \
         and, to be built, the C++ build tools of Visual Studio (`winget install Microsoft.VisualStudio.2022.BuildTools`)."
    );
    Ok(())
}

fn other_linux(need: Need) -> Result<()> {
    let has_webkit = shell::works("pkg-config", "--version")
        && shell::command("pkg-config")
            .args(["--exists", "webkit2gtk-4.1"])
            .status()
            .is_ok_and(|status| status.success());
    if !has_webkit {
        bail!(
            "This Linux is neither Debian nor Ubuntu, so please install these with its own package manager and try again: \
             a C compiler, pkg-config, and the development files of WebKitGTK 4.1 \
             (Fedora: `dnf install gcc pkgconf-pkg-config webkit2gtk4.1-devel`; \
             Arch: `pacman -S base-devel webkit2gtk-4.1`; openSUSE: `zypper install gcc pkgconf webkit2gtk3-devel`)."
        );
    }
    if need >= Need::Tests {
        println!(
            "The journeys use Xvfb, WebKitWebDriver, dbus, xdotool, ImageMagick, exiftool, strace, Python's GTK 3 binding, PostgreSQL and Chromium. \
             Those that miss one say so and are skipped."
        );
    }
    Ok(())
}
