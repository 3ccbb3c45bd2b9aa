//! The service on loopback against a fuzzer that reads `openapi.json` (Schemathesis, by `cargo xtask setup`): whatever is sent, no answer is a fault of
//! the service's own, and every answer is one that the document names, in the shape that it gives.
//!
//! `PRETTY_FUZZER` names the program; without it the test says that it was skipped. What it cannot ask: the event stream, which does not end.

use crate::support::{Lab, Member};
use std::process::{Command, Stdio};

/// Of what the fuzzer can look at, all that the document promises.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
    response_schema_conformance,unsupported_method,ignored_auth";

/// What ends the access of the one who asks; it is tried by itself.
const ENDS_ACCESS: [&str; 2] = ["/v1/account/deletion", "/v1/account/sign-out-everywhere"];

/// Runs the fuzzer as somebody who is signed in; what it said when it found something.
async fn run(fuzzer: &str, lab: &Lab, member: &Member, examples: u32, which: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let token = lab.signed_in_again(member.clone()).await.token;
    let mut command = Command::new(fuzzer);
    command
        .arg("run")
        .arg(format!("{}/openapi.json", lab.settings.server.base_url))
        .args(["--header", &format!("Authorization: Bearer {token}"), "--checks", CHECKS, "--seed", "1"])
        .args(["--max-examples", &examples.to_string(), "--generation-database", "none", "--continue-on-failure"])
        .args(["--workers", "2", "--request-timeout", "60", "--warnings", "off", "--no-color"])
        .args(["--exclude-path", "/v1/events"])
        .args(ENDS_ACCESS.iter().flat_map(|path| [which, path]))
        .current_dir(folder.path())
        .env("SCHEMATHESIS_HOOKS", concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fuzz/hooks.py"))
        .env("COLUMNS", "200")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null());
    let ended = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    let ended = ended.map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
    if ended.status.success() { Ok(()) } else { Err(format!("{}\n{said}", ended.status)) }
}

on_both! {
    async fn no_answer_is_a_fault_or_one_that_the_document_does_not_name(database) {
        let Ok(fuzzer) = std::env::var("PRETTY_FUZZER") else {
            pretty_testkit::skip::skipped("the interface under a fuzzer", "PRETTY_FUZZER names none (`cargo xtask setup`)");
            return;
        };
        let lab = Lab::open(database).await;
        let member = lab.member("mara@example.org", 500).await;
        // Something to find for those that ask for what is there.
        lab.critique(&member).await;
        lab.work_on().await;
        let everything = run(&fuzzer, &lab, &member, 12, "--exclude-path").await;
        let end = run(&fuzzer, &lab, &member, 12, "--include-path").await;
        // Whoever is about to be deleted is answered otherwise, and as the document says, too.
        let leaving = run(&fuzzer, &lab, &member, 2, "--exclude-path").await;
        lab.letters().await;
        let found: Vec<String> = [everything, end, leaving].into_iter().filter_map(Result::err).collect();
        assert!(found.is_empty(), "{}", found.join("\n"));
        assert!(pretty_backend::ledger::audit(&lab.store).await.unwrap().is_clean());
    }
}
