//! How many requests a second the service answers and how late the slowest hundredth is, on this machine, on both databases.
//!
//! `cargo bench -p pretty-backend --bench service` prints a table in Markdown. The program itself runs as one process, as an operator would start
//! it; beside it, in a process of its own too, a bare axum route and a route that asks the same database one question. All are asked in turns by the
//! same client over loopback, which costs all of them the same. Then a thousand event streams are opened and the program's memory is read.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that cannot measure must say so and stop"
)]

#[macro_use]
#[expect(dead_code, unused_imports, unused_macros, reason = "a benchmark needs a part of what tests stand on")]
mod support;

use axum::routing::get;
use pretty_backend::settings::{Database, Secret, Synchronous};
use pretty_backend::store::{Store, sql};
use pretty_backend::world::World;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::{Lab, Member, TestDatabase};

/// Requests under way at once.
const AT_ONCE: usize = 16;
/// Each is asked so long, in each of the rounds.
const SPELL: Duration = Duration::from_secs(3);
const ROUNDS: usize = 3;
const STREAMS: usize = 1000;
/// As many as it takes that nobody holds more streams than one person may.
const PEOPLE: usize = 100;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.first().map(String::as_str) {
        Some("bare") => runtime.block_on(bare(&arguments[1], Path::new(&arguments[2]))),
        _ => runtime.block_on(all()),
    }
}

/// The two routes to compare with: nothing, and one question to the database.
async fn bare(url: &str, folder: &Path) {
    let settings =
        Database { url: Secret::new(url), connections: 8, wait_seconds: 30, sqlite_synchronous: Synchronous::Normal };
    let store = Store::open(&settings, folder).await.unwrap();
    let query = move || {
        let store = store.clone();
        async move {
            let statement =
                sql(store.reader(), "SELECT id, name, email, created_at FROM users ORDER BY id LIMIT 1", []);
            let row = store.reader().query_one_raw(statement).await.unwrap().unwrap();
            axum::Json(json!({ "name": row.try_get::<String>("", "name").unwrap() }))
        }
    };
    let routes = axum::Router::new()
        .route("/bare", get(async || axum::Json(json!({ "name": "Mara" }))))
        .route("/query", get(query));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("listening on http://{}", listener.local_addr().unwrap());
    std::io::stdout().flush().unwrap();
    axum::serve(listener, routes).await.unwrap();
}

/// A program that is ended with the benchmark.
struct Running {
    child: Child,
    address: String,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Self { child, address }
    }

    /// Resident memory, megabytes.
    fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or_default() / 1024.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Measured {
    a_second: f64,
    p99: Duration,
}

/// Asks the same of a server for a while, some at a time; `request` makes one by its number.
async fn ask(request: &(impl Fn(usize) -> reqwest::RequestBuilder + Sync)) -> Measured {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let began = Instant::now();
    let one_after_the_other = async || {
        let mut times = Vec::new();
        while began.elapsed() < SPELL {
            let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let asked = Instant::now();
            let answer = request(number).send().await.expect("an answer");
            let status = answer.status();
            let body = answer.bytes().await.expect("the whole answer");
            assert!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
            times.push(asked.elapsed());
        }
        times
    };
    let mut lanes: Vec<_> = (0..AT_ONCE).map(|_| Box::pin(one_after_the_other())).collect();
    let mut times = Vec::new();
    for lane in join(&mut lanes).await {
        times.extend(lane);
    }
    let took = began.elapsed();
    times.sort();
    Measured { a_second: times.len() as f64 / took.as_secs_f64(), p99: times[times.len() * 99 / 100] }
}

/// All of them side by side.
async fn join<T>(lanes: &mut [std::pin::Pin<Box<impl Future<Output = T>>>]) -> Vec<T> {
    let mut done: Vec<Option<T>> = lanes.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (lane, done) in lanes.iter_mut().zip(&mut done).filter(|(_, done)| done.is_none()) {
            if let std::task::Poll::Ready(value) = lane.as_mut().poll(context) {
                *done = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

async fn all() {
    println!("| database | asked for | a second | slowest hundredth | times as long as the query |");
    println!("| --- | --- | --- | --- | --- |");
    let mut streams = Vec::new();
    streams.push(("SQLite", on("SQLite", TestDatabase::sqlite().await).await));
    match TestDatabase::postgres().await {
        Some(database) => streams.push(("PostgreSQL", on("PostgreSQL", database).await)),
        None => eprintln!("PostgreSQL is not installed: left out"),
    }
    println!("\n| database | memory at rest | with {STREAMS} event streams open | allowed |");
    println!("| --- | --- | --- | --- |");
    for (name, (rest, open)) in streams {
        println!("| {name} | {rest:.0} MB | {open:.0} MB | 200 MB |");
    }
}

/// Measures one database; memory at rest and with the streams open.
async fn on(name: &str, mut database: TestDatabase) -> (f64, f64) {
    database.world = World::system();
    let lab = Lab::with(database, |settings| settings.accounts.access_token_seconds = 24 * 3600).await;
    let mut people: Vec<(Member, String)> = Vec::new();
    for number in 0..PEOPLE {
        let member = lab.member(&format!("p{number}@example.org"), 1_000_000).await;
        let photo = lab.photo(&member, 240, 160).await;
        people.push((member, photo));
    }
    let data = PathBuf::from(&lab.app.settings.server.data);
    let url = lab.app.database.settings.url.reveal().to_owned();
    let config = data.join("bench.toml");
    // Nobody works on the jobs: taking them in is what is measured.
    let text = format!(
        "[database]\nurl = {url:?}\nsqlite_synchronous = \"normal\"\n[worker]\nembedded = false\n\
         [replicate]\nbase_url = {:?}\ndelivery_url = {:?}\ntoken = {:?}\nwebhook_secret = {:?}\n[anthropic]\nbase_url = {:?}\nkey = {:?}\n",
        lab.app.settings.replicate.base_url,
        lab.app.settings.replicate.delivery_url,
        lab.app.settings.replicate.token.reveal(),
        lab.app.settings.replicate.webhook_secret.reveal(),
        lab.app.settings.anthropic.base_url,
        lab.app.settings.anthropic.key.reveal(),
    );
    std::fs::write(&config, text).unwrap();
    let service = Running::start(
        Command::new(env!("CARGO_BIN_EXE_pretty-backend"))
            .arg("--config")
            .arg(&config)
            .arg("--data")
            .arg(&data)
            .args(["serve", "--listen", "127.0.0.1:0"]),
    );
    let other = Running::start(Command::new(std::env::current_exe().unwrap()).arg("bare").arg(&url).arg(&data));
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap();
    let rest = service.memory();
    let who = |number: usize| &people[number % people.len()];
    let keys = std::sync::atomic::AtomicUsize::new(0);
    let bare = |_: usize| http.get(format!("{}/bare", other.address));
    let query = |_: usize| http.get(format!("{}/query", other.address));
    let account = |number: usize| http.get(format!("{}/v1/account", service.address)).bearer_auth(&who(number).0.token);
    let submit = |number: usize| {
        let key = keys.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (member, photo) = who(number);
        let job: Value = json!({"kind": "critique", "variant": "standard", "photos": [photo], "price": 2});
        http.post(format!("{}/v1/jobs", service.address))
            .bearer_auth(&member.token)
            .header("idempotency-key", format!("bench-{key}"))
            .json(&job)
    };
    let mut best: Vec<Option<Measured>> = (0..4).map(|_| None).collect();
    for _ in 0..ROUNDS {
        let round = [ask(&bare).await, ask(&query).await, ask(&account).await, ask(&submit).await];
        for (best, measured) in best.iter_mut().zip(round) {
            if best.as_ref().is_none_or(|best| measured.a_second > best.a_second) {
                *best = Some(measured);
            }
        }
    }
    let best: Vec<Measured> = best.into_iter().flatten().collect();
    let names = ["nothing (bare axum route)", "one query (bare axum route)", "account read", "job submitted"];
    for (what, measured) in names.iter().zip(&best) {
        let times = best[1].a_second / measured.a_second;
        let slowest = measured.p99.as_secs_f64() * 1000.0;
        println!("| {name} | {what} | {:.0} | {slowest:.1} ms | {times:.2} |", measured.a_second);
    }
    let mut open = Vec::new();
    for number in 0..STREAMS {
        let call = http.get(format!("{}/v1/events", service.address)).bearer_auth(&who(number).0.token);
        let answer = call.timeout(Duration::from_secs(600)).send().await.unwrap();
        assert!(answer.status().is_success(), "stream {number}: {}", answer.status());
        open.push(answer);
    }
    (rest, service.memory())
}
