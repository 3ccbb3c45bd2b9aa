//! The real window on a display of its own, with folders and a message bus of its own, so that nothing of the person's is touched.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;

use crate::display::Display;
use crate::waiting::wait_for;
use crate::webdriver::Session;
use crate::{pretty, programs};

/// Programs that the window's journeys need.
pub const NEEDS: &[&str] = &["Xvfb", "dbus-run-session", "WebKitWebDriver", "xdotool", "import"];

/// When this is in the window's environment, there is a keychain, which keeps what is in it from one start to the next.
pub const WITH_KEYRING: &str = "PRETTY_TEST_KEYRING";

/// What runs on the message bus.
const ON_BUS: &str = r#"
printf %s "$DBUS_SESSION_BUS_ADDRESS" > "$XDG_RUNTIME_DIR/bus-address"
if [ -n "$PRETTY_TEST_KEYRING" ]; then printf password | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; fi
exec "$@"
"#;

/// The title of the dialog that asks where to save.
const SAVE_AS: &str = "Save as";

/// The window's title.
pub const TITLE: &str = "As Pretty As A Picture";

/// Folders that stand in for a person's home.
pub struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    /// New and empty.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["home", "data", "config", "cache", "run", "photos"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        std::fs::set_permissions(folder.path().join("run"), std::fs::Permissions::from_mode(0o700))
            .expect("permissions");
        Self { folder }
    }

    /// The folder with the person's photos.
    #[must_use]
    pub fn photos(&self) -> PathBuf {
        self.folder.path().join("photos")
    }

    /// A place in it for the test's own files.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Sets the variables of a command so that it lives here.
    pub fn furnish(&self, command: &mut Command, display: &Display) {
        let at = |name: &str| self.folder.path().join(name);
        programs::equip(command);
        command
            .env("HOME", at("home"))
            .env("XDG_DATA_HOME", at("data"))
            .env("XDG_CONFIG_HOME", at("config"))
            .env("XDG_CACHE_HOME", at("cache"))
            .env("XDG_RUNTIME_DIR", at("run"))
            .env("DISPLAY", display.name())
            .env("NO_AT_BRIDGE", "1")
            .env("GTK_THEME", "Adwaita:dark")
            .env("LC_ALL", "C.UTF-8")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("DBUS_SESSION_BUS_ADDRESS");
    }
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

/// The window, driven. Closed, with everything it started, when dropped.
pub struct Window {
    /// The page.
    pub page: Session,
    /// Where it is shown.
    pub display: Display,
    /// Where it lives.
    pub home: Home,
    driver: Child,
}

impl Window {
    /// Opens the window with photos given on its command line.
    #[must_use]
    pub fn open(photos: &[PathBuf]) -> Self {
        Self::open_in(Home::new(), photos, |_| ())
    }

    /// The same in a home that may hold something already; `prepare` sets what else the window is to find in its environment.
    #[must_use]
    pub fn open_in(home: Home, photos: &[PathBuf], prepare: impl FnOnce(&mut Command)) -> Self {
        let display = Display::start(1440, 900);
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
        let mut command = Command::new("dbus-run-session");
        command.args(["--", "sh", "-c", ON_BUS, "sh", "WebKitWebDriver", &format!("--port={port}")]);
        home.furnish(&mut command, &display);
        // Without this the web view does not let itself be driven.
        command.env("TAURI_AUTOMATION", "true").env("TAURI_WEBVIEW_AUTOMATION", "true");
        prepare(&mut command);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let driver = command.spawn().expect("dbus-run-session");
        let arguments: Vec<String> = photos.iter().map(|path| path.to_string_lossy().into_owned()).collect();
        let page = Session::open(port, programs::window(), &arguments);
        Self { page, display, home, driver }
    }

    /// Answers the system's dialog that asks where to save: the path is typed, and Enter pressed.
    pub fn save_as(&self, path: &Path) {
        let dialog = wait_for(Duration::from_secs(20), || self.display.windows(SAVE_AS).pop());
        let dialog = dialog.expect("no dialog that asks where to save came up");
        let text = path.to_str().expect("a path that can be typed");
        // Without a window manager the keys go to whatever lies under the pointer.
        self.display.hand(&["mousemove", "--window", &dialog, "60", "20", "sleep", "0.5"]);
        self.display.hand(&["key", "ctrl+a", "type", "--delay", "20", text]);
        self.display.hand(&["sleep", "0.5", "key", "Return"]);
    }

    /// Starts the program once more beside this window, as a second click on its icon does, with photos; fails unless that ends by itself and well.
    pub fn start_again(&self, photos: &[PathBuf]) {
        let mut command = Command::new(programs::window());
        self.home.furnish(&mut command, &self.display);
        let bus = std::fs::read_to_string(self.home.path().join("run/bus-address")).expect("the message bus' address");
        command.args(photos).env("DBUS_SESSION_BUS_ADDRESS", bus).stdin(Stdio::null());
        let ended = pretty::finish(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
        ended.ends_with(0);
    }

    /// Ends the window and all it started without a warning (`kill -9`); where it lived stays.
    #[must_use]
    pub fn kill(mut self) -> Home {
        pretty::signal_group(self.driver.id(), "KILL");
        let _ = self.driver.wait();
        std::mem::take(&mut self.home)
    }

    /// A picture of the window as it is on the display, in `target/screenshots`.
    pub fn picture(&self, name: &str) {
        self.display.picture(TITLE, &programs::screenshots().join(format!("{name}.png")));
    }

    /// Drops files on the window: the event that the shell sends when it has taken a drop.
    pub fn drop_event(&self, paths: &[PathBuf]) {
        let answer = self.page.run_async(
            "const done = arguments[arguments.length - 1];
             const send = (event, payload) => __TAURI_INTERNALS__.invoke('plugin:event|emit_to', {target: {kind: 'Webview', label: 'main'}, event, payload});
             const position = {x: 700, y: 400};
             send('tauri://drag-enter', {paths: arguments[0], position})
               .then(() => send('tauri://drag-drop', {paths: arguments[0], position}))
               .then(() => done('ok'), (problem) => done(String(problem)));",
            &[json!(paths)],
        );
        assert_eq!(answer, "ok");
    }

    /// Drags files onto the window, as a hand with a mouse would, from another program.
    pub fn drag(&self, paths: &[PathBuf]) {
        let source = self.home.path().join("drag-source.py");
        std::fs::write(&source, DRAG_SOURCE).expect("the drag source");
        let mut command = Command::new("/usr/bin/python3");
        command.arg(&source).args(paths).stdin(Stdio::null());
        self.home.furnish(&mut command, &self.display);
        let mut child = command.spawn().expect("Debian's python3");
        std::thread::sleep(Duration::from_millis(1500));
        let hand = |words: &[&str]| self.display.hand(words);
        hand(&["mousemove", "40", "40", "mousedown", "1"]);
        for step in 1..=10 {
            let (x, y) = ((40 + step * 66).to_string(), (40 + step * 38).to_string());
            hand(&["mousemove", &x, &y]);
            std::thread::sleep(Duration::from_millis(150));
        }
        hand(&["mouseup", "1"]);
        std::thread::sleep(Duration::from_millis(1000));
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // The group holds the message bus, the driver, the window and its web processes.
        pretty::signal_group(self.driver.id(), "TERM");
        std::thread::sleep(Duration::from_millis(300));
        pretty::signal_group(self.driver.id(), "KILL");
        let _ = self.driver.wait();
    }
}

/// A small window in the upper left corner that offers files to be dragged away.
const DRAG_SOURCE: &str = r#"
import pathlib, sys
import gi
gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, Gtk

uris = [pathlib.Path(path).resolve().as_uri() for path in sys.argv[1:]]
window = Gtk.Window(type=Gtk.WindowType.POPUP)
window.set_default_size(80, 80)
window.move(0, 0)
box = Gtk.EventBox()
box.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [Gtk.TargetEntry.new("text/uri-list", 0, 0)], Gdk.DragAction.COPY)
box.connect("drag-data-get", lambda widget, context, data, info, time: data.set_uris(uris))
window.add(box)
window.show_all()
Gtk.main()
"#;
