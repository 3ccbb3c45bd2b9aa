//! Requests that come too slowly, and connections that ask for nothing: the service in this process, on a port of this machine, by plain sockets.

use pretty_backend::serve;
use pretty_backend::settings::Settings;
use pretty_backend::settings::load::{Overrides, load};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Long enough for any machine; nothing waits for so long when it works.
const AT_LAST: Duration = Duration::from_secs(120);

struct Service {
    address: SocketAddr,
    stop: CancellationToken,
    running: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl Service {
    async fn start(change: impl FnOnce(&mut Settings)) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let mut settings = load(None, [], &Overrides::default()).unwrap();
        settings.server.data = folder.path().display().to_string();
        settings.server.listen = "127.0.0.1:0".to_owned();
        change(&mut settings);
        let bound = serve::bind(&settings).await.unwrap();
        let (address, stop) = (bound.address, CancellationToken::new());
        let (told, ready) = tokio::sync::oneshot::channel();
        let stopped = stop.clone();
        let running = tokio::spawn(async move {
            let listening = move |_| told.send(()).unwrap();
            Box::pin(serve::run(settings, bound, axum::Router::new(), stopped, listening)).await.unwrap();
        });
        ready.await.unwrap();
        Self { address, stop, running, _folder: folder }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn end(self) {
        self.stop.cancel();
        tokio::time::timeout(AT_LAST, self.running).await.expect("it does not stop").unwrap();
    }
}

/// Everything until the other side closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset is an end, too.
    let _ = tokio::time::timeout(AT_LAST, stream.read_to_end(&mut answer)).await.expect("it is never closed");
    String::from_utf8_lossy(&answer).into_owned()
}

/// One answer on a connection that stays: its head and its body.
async fn answer(stream: &mut TcpStream) -> String {
    let mut answer = String::new();
    let mut byte = [0];
    while !answer.ends_with("\r\n\r\n") {
        let read = tokio::time::timeout(AT_LAST, stream.read(&mut byte)).await.expect("no answer").unwrap();
        assert_eq!(read, 1, "closed after {answer:?}");
        answer.push(char::from(byte[0]));
    }
    let length = answer.to_lowercase();
    let length = length.split_once("content-length: ").unwrap().1.split('\r').next().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    answer + &String::from_utf8(body).unwrap()
}

/// Sends a byte at a time until the other side has had enough.
async fn drip(stream: &mut TcpStream, byte: &'static [u8]) -> String {
    let (mut reading, mut writing) = stream.split();
    let mut answer = Vec::new();
    let dripping = async {
        while writing.write_all(byte).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        read = tokio::time::timeout(AT_LAST, reading.read_to_end(&mut answer)) => { let _ = read.expect("it is never closed"); }
        () = dripping => {}
    }
    String::from_utf8_lossy(&answer).into_owned()
}

const ALIVE: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n";

#[tokio::test]
async fn a_body_that_drips_is_the_sender_s_fault() {
    let service = Service::start(|settings| settings.server.request_timeout_seconds = 1).await;
    for (path, kind) in
        [("/oauth/token", "application/x-www-form-urlencoded"), ("/v1/webhooks/mail", "application/json")]
    {
        let mut stream = service.connect().await;
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: here\r\nContent-Type: {kind}\r\nContent-Length: 50000\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let said = drip(&mut stream, b"a").await;
        assert!(said.starts_with("HTTP/1.1 408 "), "{path}: {said}");
        assert!(said.contains("\"code\":\"too_slow\"") && said.contains("\"retryable\":true"), "{path}: {said}");
    }
    service.end().await;
}

#[tokio::test]
async fn a_head_that_drips_or_never_comes_is_cut_off() {
    let service = Service::start(|settings| settings.server.header_timeout_seconds = 1).await;
    let mut silent = service.connect().await;
    assert_eq!(rest(&mut silent).await, "", "nothing was asked");
    let mut slow = service.connect().await;
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: here\r\nX-Slow: ").await.unwrap();
    let said = drip(&mut slow, b"a").await;
    assert!(!said.contains("200 OK"), "{said}");
    // A connection that was answered waits for the next request no longer than for the first.
    let mut kept = service.connect().await;
    kept.write_all(ALIVE).await.unwrap();
    assert!(answer(&mut kept).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(rest(&mut kept).await, "");
    service.end().await;
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    let service = Service::start(|settings| settings.server.connections = 2).await;
    let (mut one, mut two) = (service.connect().await, service.connect().await);
    for stream in [&mut one, &mut two] {
        stream.write_all(ALIVE).await.unwrap();
        assert!(answer(stream).await.starts_with("HTTP/1.1 200 "));
    }
    let mut three = service.connect().await;
    three.write_all(ALIVE).await.unwrap();
    let mut byte = [0];
    let early = tokio::time::timeout(Duration::from_millis(300), three.read(&mut byte)).await;
    assert!(early.is_err(), "answered although both places are taken");
    drop(one);
    assert!(answer(&mut three).await.starts_with("HTTP/1.1 200 "));
    service.end().await;
}

#[tokio::test]
async fn what_runs_is_finished_and_what_waits_is_closed_when_it_stops() {
    let service = Service::start(|settings| settings.server.shutdown_seconds = 600).await;
    let mut idle = service.connect().await;
    idle.write_all(ALIVE).await.unwrap();
    assert!(answer(&mut idle).await.contains("200 OK"));
    // Half of a request is there.
    let mut begun = service.connect().await;
    let body = "grant_type=refresh_token&refresh_token=aprt_none";
    let head = format!(
        "POST /oauth/token HTTP/1.1\r\nHost: here\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    begun.write_all(head.as_bytes()).await.unwrap();
    begun.write_all(&body.as_bytes()[..20]).await.unwrap();
    // It runs when it has been asked for its body, of which only this process knows; an answer to another one comes after that.
    let mut other = service.connect().await;
    other.write_all(ALIVE).await.unwrap();
    assert!(answer(&mut other).await.contains("200 OK"));
    service.stop.cancel();
    assert_eq!(rest(&mut idle).await, "", "an idle connection is closed");
    begun.write_all(&body.as_bytes()[20..]).await.unwrap();
    let said = rest(&mut begun).await;
    assert!(said.starts_with("HTTP/1.1 400 ") && said.contains("invalid_grant"), "{said}");
    assert!(TcpStream::connect(service.address).await.is_err(), "nobody takes more");
    service.end().await;
}
