//! The program itself, started as an operator would: migrate, serve on a free port, administer, stop on a signal.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pretty-backend");

fn run(folder: &std::path::Path, arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(["--data", folder.to_str().unwrap()]).args(arguments).output().unwrap()
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let agent = "curious/1.0 (mara@example.org)";
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: {agent}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(unix)]
#[test]
fn it_serves_and_stops_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Running(
        Command::new(PROGRAM)
            .args(["serve", "--listen", "127.0.0.1:0", "--data", folder.path().to_str().unwrap()])
            .env("PRETTY__METRICS__LISTEN", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on http://").unwrap_or_else(|| panic!("{line}")).to_owned();
    assert!(get(&address, "/healthz").starts_with("HTTP/1.1 200"));
    assert!(get(&address, "/readyz").starts_with("HTTP/1.1 200"));
    let ready = |address: &str| Command::new(PROGRAM).args(["ready", address]).output().unwrap().status.success();
    assert!(ready(&address) && !ready("127.0.0.1:1"));
    assert!(get(&address, "/openapi.json").contains("\"/v1/account\""));
    assert!(get(&address, "/sign-in?return_to=apml_secret").contains("<h1>Sign in</h1>"));
    // Monitoring has a listener of its own, and only there.
    let mut stderr = BufReader::new(child.0.stderr.take().unwrap());
    let mut log = String::new();
    while !log.contains("\"metrics\"") {
        assert!(stderr.read_line(&mut log).unwrap() > 0, "{log}");
    }
    let told: serde_json::Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    let monitoring = told["fields"]["address"].as_str().or(told["address"].as_str()).unwrap().to_owned();
    assert!(!ready(&monitoring), "that one answers, and says nothing of the kind");
    assert!(get(&address, "/metrics").starts_with("HTTP/1.1 404"));
    assert!(
        get(&monitoring, "/metrics")
            .contains("pretty_http_requests_total{method=\"GET\",route=\"/healthz\",status=\"200\"} 1")
    );
    assert!(get(&monitoring, "/healthz").starts_with("HTTP/1.1 404"));
    // SIGTERM by the shell's own kill: no unsafe code for one signal.
    assert!(Command::new("kill").arg(child.0.id().to_string()).status().unwrap().success());
    assert!(child.0.wait().unwrap().success());
    stderr.read_to_string(&mut log).unwrap();
    for line in log.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
    }
    assert!(log.contains("\"stopped\"") && log.contains("request_id") && log.contains("/sign-in"), "{log}");
    assert!(!log.contains("apml_"), "no token in the log");
    assert!(log.contains("curious/1.0 ([address])") && !log.contains("mara@"), "no mail address in the log: {log}");
}

#[test]
fn it_migrates_and_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let audit = run(folder.path(), &["admin", "audit"]);
    assert!(!audit.status.success());
    assert!(String::from_utf8_lossy(&audit.stderr).contains("pretty-backend migrate"));
    let migrated = run(folder.path(), &["migrate"]);
    let steps = format!("{} steps applied", pretty_backend::store::migration::ALL.len());
    assert!(String::from_utf8_lossy(&migrated.stdout).starts_with(&steps), "{migrated:?}");
    assert!(String::from_utf8_lossy(&run(folder.path(), &["migrate"]).stdout).starts_with("0 steps applied"));
    assert!(run(folder.path(), &["admin", "audit"]).status.success());
    let unknown =
        run(folder.path(), &["admin", "grant", "--email", "nobody@example.org", "--credits", "5", "--key", "k"]);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("nobody has this address"));
    let job = run(folder.path(), &["admin", "job", "01890000-0000-7000-8000-000000000000"]);
    assert!(String::from_utf8_lossy(&job.stderr).contains("there is no such job"));
}

#[test]
fn wrong_settings_stop_it_and_name_the_key() {
    let wrong = Command::new(PROGRAM).arg("serve").env("PRETTY__SERVER__LISTENN", "x").output().unwrap();
    assert!(!wrong.status.success());
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("`server.listenn`"));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let clash = run(folder.path(), &["serve", "--listen", &address]);
    assert!(String::from_utf8_lossy(&clash.stderr).contains(&format!("cannot listen on {address}")), "{clash:?}");
}

#[cfg(unix)]
#[test]
fn the_sandbox_says_so_everywhere_and_mixes_with_nothing_real() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let serve = ["serve", "--sandbox", "--listen", "127.0.0.1:0", "--data", data];
    let mut child =
        Running(Command::new(PROGRAM).args(serve).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on http://").unwrap_or_else(|| panic!("{line}")).to_owned();
    for path in [
        "/healthz",
        "/readyz",
        "/openapi.json",
        "/v1/account",
        "/sign-in",
        "/nothing",
        "/sandbox/letters",
        "/assets/pages.css",
    ] {
        let answer = get(&address, path);
        assert!(answer.contains("x-pretty-mode: sandbox"), "{path}: {answer}");
        if answer.contains("text/html") {
            assert!(answer.contains("Sandbox: nothing here is real"), "{path}: {answer}");
        }
    }
    // Nobody else can reach it.
    let open = refused(&["serve", "--sandbox", "--listen", "0.0.0.0:0", "--data", data], &[]);
    assert!(open.contains("`server.listen`") && open.contains("sandbox"), "{open}");
}

/// What the program says when it does not start.
fn refused(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = Command::new(PROGRAM).args(arguments).envs(variables.iter().copied()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{arguments:?} {variables:?} was not refused: {said}");
    said
}

/// Real services with all that belongs to them, each with the key by which it is named.
const LIVE: [(&str, &[(&str, &str)]); 5] = [
    (
        "stripe.secret_key",
        &[
            ("PRETTY__STRIPE__SECRET_KEY", "sk_live_1"),
            ("PRETTY__STRIPE__WEBHOOK_SECRET", "whsec_1"),
            (
                "PRETTY__CATALOGUE__PACKS",
                "[{ code = \"small\", name = \"Small\", stripe_price = \"price_1\", credits = 100, price_minor = 500 }]",
            ),
        ],
    ),
    ("replicate.token", &[("PRETTY__REPLICATE__TOKEN", "r8_1"), ("PRETTY__REPLICATE__WEBHOOK_SECRET", "whsec_MTIz")]),
    ("anthropic.key", &[("PRETTY__ANTHROPIC__KEY", "sk-ant-1")]),
    (
        "google.client_id",
        &[("PRETTY__GOOGLE__CLIENT_ID", "1.apps.googleusercontent.com"), ("PRETTY__GOOGLE__CLIENT_SECRET", "secret")],
    ),
    ("mail.smtp_url", &[("PRETTY__MAIL__SMTP_URL", "smtps://u:p@mail.example:465")]),
];

#[test]
fn a_sandbox_starts_beside_no_real_key() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    for (key, variables) in LIVE {
        let said = refused(&["serve", "--sandbox", "--listen", "127.0.0.1:0", "--data", data], variables);
        assert!(
            said.contains(&format!("`{key}`")) && said.contains("sandbox and live keys are never mixed"),
            "{key}: {said}"
        );
        assert!(variables.iter().all(|(_, value)| !said.contains(value)), "{said}");
    }
    // The test key of a real account is none of a sandbox's, either.
    let test = [("PRETTY__STRIPE__SECRET_KEY", "sk_test_1"), ("PRETTY__STRIPE__WEBHOOK_SECRET", "whsec_1")];
    let said = refused(&["serve", "--sandbox", "--listen", "127.0.0.1:0", "--data", data], &test);
    assert!(said.contains("`stripe.secret_key`"), "{said}");
    assert!(!folder.path().join("pretty.sqlite3").exists(), "refused before anything was opened");
}

/// Starts the service, waits until it serves, and stops it as an operator would.
#[cfg(unix)]
fn serve_once(data: &str, sandbox: bool, variables: &[(&str, &str)]) {
    let mut command = Command::new(PROGRAM);
    command.args(["serve", "--listen", "127.0.0.1:0", "--data", data]).envs(variables.iter().copied());
    if sandbox {
        command.arg("--sandbox");
    }
    let mut child = Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("listening on "), "{line:?}");
    assert!(Command::new("kill").arg(child.0.id().to_string()).status().unwrap().success());
    assert!(child.0.wait().unwrap().success());
}

#[cfg(unix)]
#[test]
fn a_database_is_a_sandbox_s_or_the_live_service_s_for_good() {
    let (sandbox, live) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (sandbox, live) = (sandbox.path().to_str().unwrap(), live.path().to_str().unwrap());
    // A real service, of which this process asks nothing by itself.
    let google =
        [("PRETTY__GOOGLE__CLIENT_ID", "1.apps.googleusercontent.com"), ("PRETTY__GOOGLE__CLIENT_SECRET", "secret")];
    serve_once(sandbox, true, &[]);
    serve_once(live, false, &google);
    for (arguments, variables) in [
        (vec!["serve", "--listen", "127.0.0.1:0", "--data", sandbox], &google[..]),
        // Without any key it is not known for a sandbox, and no page would say that it is one.
        (vec!["serve", "--listen", "127.0.0.1:0", "--data", sandbox], &[]),
        (vec!["worker", "--data", sandbox], &google[..]),
        (vec!["admin", "--data", sandbox, "audit"], &google[..]),
        (vec!["serve", "--sandbox", "--listen", "127.0.0.1:0", "--data", live], &[]),
    ] {
        let said = refused(&arguments, variables);
        assert!(
            said.contains("sandbox and live are never mixed") && said.contains("a sandbox"),
            "{arguments:?}: {said}"
        );
    }
    // Each is still its own, and an operator without keys may look after either.
    serve_once(sandbox, true, &[]);
    serve_once(live, false, &google);
    for data in [sandbox, live] {
        let audit = Command::new(PROGRAM).args(["admin", "--data", data, "audit"]).output().unwrap();
        assert!(audit.status.success(), "{audit:?}");
    }
}
