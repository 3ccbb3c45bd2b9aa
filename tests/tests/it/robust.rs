//! The corpus of strange and broken photos, through the command line: an answer for every file, no panic, no hang.

use std::io::{BufRead, BufReader};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use pretty_journeys::skip::shared;
use pretty_journeys::{files, pretty};

/// No single file may take longer, on a busy machine and in a test build.
const A_FILE: Duration = Duration::from_secs(90);

#[test]
fn every_file_of_the_corpus_gets_an_answer() {
    let Some(corpus) = shared("corpus of broken photos", "data/robust") else { return };
    let room = tempfile::tempdir().unwrap();
    let recipe = room.path().join("fast.json");
    std::fs::write(&recipe, r#"{"version":1,"steps":[{"step":"tone","strength":0.5}]}"#).unwrap();
    let mut all: Vec<std::path::PathBuf> = files::names(&corpus).iter().map(|name| corpus.join(name)).collect();
    all.sort();
    let out = room.path().join("out");
    let mut command = pretty::command(["enhance", "--json", "--recipe"]);
    command.arg(&recipe).arg("--out").arg(&out).args(&all);
    let errors = std::fs::File::create(room.path().join("errors")).unwrap();
    let mut child = command.stderr(errors).spawn().unwrap();

    let (send, receive) = channel();
    let reader = BufReader::new(child.stdout.take().unwrap());
    std::thread::spawn(move || reader.lines().for_each(|line| drop(send.send(line.unwrap()))));
    let mut answers: Vec<serde_json::Value> = Vec::new();
    loop {
        match receive.recv_timeout(A_FILE) {
            Ok(line) => answers.push(serde_json::from_str(&line).unwrap()),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                pretty::signal(child.id(), "KILL");
                panic!("no answer for {A_FILE:?} after {:?}", answers.last());
            }
        }
    }
    let code = child.wait().unwrap().code();
    let errors = std::fs::read_to_string(room.path().join("errors")).unwrap();
    assert_eq!(code, Some(1), "{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
    assert_eq!(answers.len(), all.len());
    for path in &all {
        let shown = path.to_string_lossy();
        let answer =
            answers.iter().find(|answer| answer["photo"] == *shown).unwrap_or_else(|| panic!("no answer for {shown}"));
        if let Some(problem) = answer["problem"].as_object() {
            let message = problem["message"].as_str().unwrap();
            let name = path.file_name().unwrap().to_string_lossy();
            assert!(message.contains(name.as_ref()), "{shown}: {message}");
            assert!(
                !["internal", "result_refused", "bad_request"].contains(&problem["code"].as_str().unwrap()),
                "{shown}: {message}"
            );
        } else {
            assert!(std::path::Path::new(answer["result"].as_str().unwrap()).is_file(), "{answer}");
        }
    }
    let results = answers.iter().filter(|answer| answer["result"].is_string()).count();
    assert_eq!(files::names(&out).len(), results, "something else lies among the results");
    println!("{} files, {results} results, {} answered with a reason", all.len(), all.len() - results);
}
