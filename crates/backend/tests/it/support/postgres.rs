//! A PostgreSQL server of our own for the length of the test process: in a temporary folder, on a Unix socket only, as an unprivileged user.
//!
//! A small shell script watches a pipe that closes when this process ends, however it ends, then stops the server and removes the folder.

#![cfg_attr(not(unix), expect(dead_code, reason = "there is no server elsewhere"))]

#[cfg(unix)]
use std::os::unix::{
    fs::{MetadataExt as _, chown},
    process::CommandExt as _,
};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const SCRIPT: &str = r#"
trap '' INT HUP TERM
"$2/initdb" -D "$1/data" -A trust -U postgres --no-sync -E UTF8 --locale=C >"$1/log" 2>&1 || exit 1
"$2/postgres" -D "$1/data" -k "$1" -c listen_addresses= -c fsync=off -c full_page_writes=off -c synchronous_commit=off \
    -c max_connections=400 -c shared_buffers=32MB >>"$1/log" 2>&1 &
server=$!
read _
kill -INT $server
wait $server
rm -rf "$1"
"#;

pub(crate) struct Server {
    folder: PathBuf,
    // Its input is the pipe.
    _script: Child,
}

/// The server, started at the first call. An error says why there is none: the tests on PostgreSQL are then left out, in words.
pub(crate) fn server() -> Result<&'static Server, &'static str> {
    static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
    SERVER.get_or_init(start).as_ref().map_err(String::as_str)
}

impl Server {
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.folder.display())
    }
}

fn programs() -> Option<PathBuf> {
    let mut versions: Vec<_> =
        std::fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    versions.sort();
    versions.into_iter().rev().map(|version| version.join("bin")).find(|bin| bin.join("initdb").exists())
}

/// An ordinary user for a test that runs as root, which PostgreSQL refuses to.
fn ordinary_user() -> (u32, u32) {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &str| {
        let fields: Vec<_> = users.lines().find(|line| line.starts_with(&format!("{name}:")))?.split(':').collect();
        Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
    };
    find("postgres").or_else(|| find("nobody")).unwrap_or((65534, 65534))
}

#[cfg(not(unix))]
fn start() -> Result<Server, String> {
    Err("PostgreSQL is started by the tests on Unix only".to_owned())
}

#[cfg(unix)]
fn start() -> Result<Server, String> {
    let bin = programs().ok_or("PostgreSQL is not installed (Debian: `postgresql`)")?;
    let folder = std::env::temp_dir().join(format!("pretty-pg-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", SCRIPT, "sh"])
        .arg(&folder)
        .arg(&bin)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
        let (user, group) = ordinary_user();
        chown(&folder, Some(user), Some(group)).map_err(|error| error.to_string())?;
        command.uid(user).gid(group).current_dir("/");
    }
    let mut script = command.spawn().map_err(|error| error.to_string())?;
    let socket = folder.join(".s.PGSQL.5432");
    let begin = Instant::now();
    while std::os::unix::net::UnixStream::connect(&socket).is_err() {
        if begin.elapsed() > Duration::from_secs(120) || script.try_wait().is_ok_and(|ended| ended.is_some()) {
            return Err(format!("PostgreSQL did not start: {}", log_of(&folder)));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(Server { folder, _script: script })
}

fn log_of(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log")).unwrap_or_else(|error| error.to_string())
}
