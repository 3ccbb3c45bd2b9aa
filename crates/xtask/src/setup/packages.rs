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
    "python3-gi",
    "strace",
    "util-linux",
    "webkit2gtk-driver",
    "x11-utils",
    "xauth",
    "xdotool",
    "xvfb",
];

/// Worth having, not in every archive (Ubuntu has no Chromium package): tests that need them say that they were skipped.
const FOR_MORE_TESTS: &[&str] = &["chromium"];

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
    if shell::works("dpkg-query", "--version") && shell::works("apt-get", "--version") {
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
    let typed = format!("apt-get update && apt-get install -y --no-install-recommends {}", missing.join(" "));
    let help = || format!("Install them yourself, as an administrator, and try again:\n    sudo sh -c '{typed}'");
    let Some(mut update) = administrator(&["update", "-q"]) else {
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
    let mut words = vec!["install", "-q", "-y", "--no-install-recommends"];
    words.extend(names);
    match administrator(&words) {
        Some(mut command) => shell::run(&mut command),
        None => bail!("this account can install nothing"),
    }
}

/// `apt-get` as the administrator: directly when we are, by sudo when there is one.
fn administrator(words: &[&str]) -> Option<Command> {
    let root = shell::output(shell::command("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let mut command = if root {
        shell::command("apt-get")
    } else if shell::works("sudo", "--version") {
        let mut command = shell::command("sudo");
        command.args(["--preserve-env=DEBIAN_FRONTEND", "apt-get"]);
        command
    } else {
        return None;
    };
    command.args(words).env("DEBIAN_FRONTEND", "noninteractive");
    Some(command)
}

fn installed(name: &str) -> bool {
    shell::output(shell::command("dpkg-query").args(["-W", "-f=${Status}", name]))
        .is_ok_and(|status| status.contains("ok installed"))
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
            "The journeys use Xvfb, WebKitWebDriver, dbus, xdotool, ImageMagick, exiftool, strace, Python's GTK 3 binding and Chromium. \
             Those that miss one say so and are skipped."
        );
    }
    Ok(())
}
