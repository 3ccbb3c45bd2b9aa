//! Local work opens no socket: command line and window without a network, under a trace of system calls.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use pretty_journeys::display::Display;
use pretty_journeys::namespace::{Own, unshare};
use pretty_journeys::skip::{has_programs, skipped};
use pretty_journeys::trace::{calls, strangers};
use pretty_journeys::window::{Home, NEEDS, TITLE};
use pretty_journeys::{files, photos, pretty, programs};

/// `unshare … strace … PROGRAM`, not started.
fn traced(test: &str, trace: &Path, program: &Path) -> Option<Command> {
    if !has_programs(test, &["strace", "unshare"]) {
        return None;
    }
    let Some(mut command) = unshare(Own::Network) else {
        skipped(test, "this system lets a test make no network namespace (neither as root nor by user namespaces)");
        return None;
    };
    command.args(["strace", "-f", "-qq", "-e", "trace=%network", "-o"]).arg(trace).arg(program);
    programs::equip(&mut command);
    // ONNX Runtime reports nothing where it finds one of these; a person's machine has none of them.
    for variable in ["CI", "GITHUB_ACTIONS", "TF_BUILD", "ORT_RUNNING_UNIT_TESTS", "ORT_DISABLE_TELEMETRY"] {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Some(command)
}

#[test]
fn the_command_line_opens_no_socket_at_all() {
    let room = tempfile::tempdir().unwrap();
    let photo = photos::write(&room.path().join("p.jpg"), 80, 60, 1);
    let trace = room.path().join("trace");
    for words in
        [&["enhance", "--json", "--upscale", "2"][..], &["enhance", "--json", "--device", "auto"], &["devices"]]
    {
        let Some(mut command) = traced("command line without a network", &trace, programs::pretty()) else { return };
        command.args(words);
        if words[0] == "enhance" {
            command.arg(&photo).arg("--out").arg(room.path().join("out"));
        }
        pretty::finish(&mut command).ends_with(0);
        let text = std::fs::read_to_string(&trace).unwrap();
        let sockets = calls(&text);
        assert!(sockets.is_empty(), "{words:?}:\n{}", sockets.join("\n"));
    }
    assert_eq!(files::names(&room.path().join("out")).len(), 2);
}

#[test]
fn the_trace_would_show_a_socket() {
    // The test above means something only if this one sees what it looks for.
    let room = tempfile::tempdir().unwrap();
    let trace = room.path().join("trace");
    let Some(mut command) = traced("trace of system calls", &trace, Path::new("python3")) else { return };
    let script = "import socket
socket.socket(socket.AF_INET).connect_ex(('192.0.2.1', 80))
for path in ['/tmp/nobody-listens-here', '/tmp/nor-here']:
    socket.socket(socket.AF_UNIX).connect_ex(path)";
    pretty::finish(command.args(["-c", script])).ends_with(0);
    let text = std::fs::read_to_string(&trace).unwrap();
    assert!(calls(&text).len() >= 6, "{text}");
    let strangers = strangers(&text, &["/tmp/nor-here".to_owned()]);
    let seen = |part: &str| strangers.iter().any(|line| line.contains(part));
    for part in ["socket(AF_INET", "connect(3, {sa_family=AF_INET", "nobody-listens-here"] {
        assert!(seen(part), "{part}: {strangers:#?}");
    }
    assert!(!seen("nor-here") && !seen("socket(AF_UNIX"), "{strangers:#?}");
}

#[test]
fn the_window_works_without_a_network_and_talks_to_display_and_bus_only() {
    let test = "window without a network";
    if !has_programs(test, NEEDS) {
        return;
    }
    let display = Display::start(1280, 800);
    let home = Home::new();
    let photo = photos::write(&home.path().join("photo.jpg"), 120, 90, 1);
    let trace = home.path().join("trace");
    let Some(mut command) = traced(test, &trace, Path::new("dbus-run-session")) else { return };
    // Its address is written down, to be told from any other.
    let bus = home.path().join("bus");
    command.args(["--", "sh", "-c", "printf %s \"$DBUS_SESSION_BUS_ADDRESS\" > \"$1\"; shift; exec \"$@\"", "sh"]);
    command.arg(&bus).arg(programs::window()).arg(&photo);
    home.furnish(&mut command, &display);
    let mut child = command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // The main button's keys, until the window has come up far enough to hear them.
    let result = home.path().join("photo-enhanced.jpg");
    let mut there = false;
    for _ in 0..60 {
        display.hand(&["mousemove", "640", "10", "key", "ctrl+Return"]);
        there = pretty::appears(&result, Duration::from_secs(2));
        if there {
            break;
        }
    }
    display.picture(TITLE, &programs::screenshots().join("without-a-network.png"));
    // A library that reports does so in the background, some ten seconds after it was loaded.
    std::thread::sleep(Duration::from_secs(25));
    pretty::signal_group(child.id(), "TERM");
    std::thread::sleep(Duration::from_millis(500));
    pretty::signal_group(child.id(), "KILL");
    let _ = child.wait();
    assert!(there, "no result came; see target/screenshots/without-a-network.png");
    image::open(&result).unwrap();
    let text = std::fs::read_to_string(&trace).unwrap();
    let known = known_sockets(&home, &display, &std::fs::read_to_string(bus).unwrap());
    assert!(text.contains(&known[0]), "the trace saw no connection to the display");
    let strangers = strangers(&text, &known);
    assert!(strangers.is_empty(), "{}", strangers.join("\n"));
}

/// Whom the window may talk to: the display, D-Bus, and what the system's libraries look for on any machine. Measured, and by name.
fn known_sockets(home: &Home, display: &Display, bus: &str) -> Vec<String> {
    let number = display.name().trim_start_matches(':');
    let run = |name: &str| home.path().join("run").join(name).to_string_lossy().into_owned();
    let bus = bus.split("path=").nth(1).and_then(|rest| rest.split(',').next()).unwrap();
    vec![
        format!("/tmp/.X11-unix/X{number}"),
        // The other kind of display, where there is one.
        run("wayland-0"),
        bus.to_owned(),
        // The bus for screen readers.
        run(&format!("at-spi/bus_{number}")),
        run("at-spi/bus"),
        "/var/run/dbus/system_bus_socket".to_owned(),
        "/run/dbus/system_bus_socket".to_owned(),
        // The C library asks who the user is.
        "/var/run/nscd/socket".to_owned(),
    ]
}
