//! A small service on loopback that keeps its promises: the same key gets the same answer, and credits are captured once a job. It can be told
//! to break off before or after any request, and it remembers all that came in.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};

mod world;

pub(crate) use world::World;

/// When a connection is broken off instead of answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// As if the request had never come.
    Before,
    /// The request was taken and given up: a photo that has arrived whole is not looked at.
    Amid,
    /// The request was taken, its answer is lost.
    After,
}

pub(crate) struct Fake {
    pub(crate) address: String,
    pub(crate) world: Arc<Mutex<World>>,
    pub(crate) connections: Arc<AtomicUsize>,
    ended: Arc<AtomicBool>,
}

impl Fake {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let world = Arc::new(Mutex::new(World::new()));
        let (connections, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        std::thread::spawn({
            let (world, connections, ended) = (world.clone(), connections.clone(), ended.clone());
            move || {
                for stream in listener.incoming().flatten() {
                    if ended.load(Ordering::SeqCst) {
                        return;
                    }
                    connections.fetch_add(1, Ordering::SeqCst);
                    let (world, ended) = (world.clone(), ended.clone());
                    std::thread::spawn(move || serve(stream, &world, &ended));
                }
            }
        });
        Self { address, world, connections, ended }
    }

    pub(crate) fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address.trim_start_matches("http://"));
    }
}

/// As the service says a checksum.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> Option<&String> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }
}

fn read(stream: &mut TcpStream, world: &Mutex<World>) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut piece = [0; 16 << 10];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        let read = stream.read(&mut piece).ok().filter(|read| *read > 0)?;
        bytes.extend(&piece[..read]);
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length: usize =
        headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
    while bytes.len() < end + 4 + length {
        let read = stream.read(&mut piece).ok().filter(|read| *read > 0)?;
        bytes.extend(&piece[..read]);
    }
    world.lock().unwrap().traffic.extend(&bytes);
    Some(Request { method, path, headers, body: bytes[end + 4..].to_vec() })
}

fn serve(mut stream: TcpStream, world: &Mutex<World>, ended: &AtomicBool) {
    let Some(request) = read(&mut stream, world) else { return };
    if request.path == "/v1/events" {
        return events(stream, &request, world, ended);
    }
    let ((status, body), date) = {
        let mut world = world.lock().unwrap();
        world.requests += 1;
        let cut = world.cut.filter(|(at, _)| *at == world.requests).map(|(_, cut)| cut);
        if cut == Some(Cut::Before) {
            return;
        }
        let answer = world.answer(&request);
        let line = format!("{} {}", request.method, request.path);
        if cut.is_some() || world.loses.is_some_and(|start| line.starts_with(start)) {
            return;
        }
        (answer, world.date.as_ref().map(|date| format!("Date: {date}\r\n")).unwrap_or_default())
    };
    while request.path == "/oauth/token" && world.lock().unwrap().holds_exchange {
        std::thread::sleep(Duration::from_millis(2));
    }
    let head = format!(
        "HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n{date}\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}

fn events(mut stream: TcpStream, request: &Request, world: &Mutex<World>, ended: &AtomicBool) {
    let mut seen: usize = request.header("last-event-id").and_then(|id| id.parse().ok()).unwrap_or(0);
    if request.header("authorization") != Some(&format!("Bearer {}", world.lock().unwrap().access)) {
        return;
    }
    world.lock().unwrap().follows = true;
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n: hello\n\n";
    let mut alive = stream.write_all(head.as_bytes()).is_ok();
    while alive && !ended.load(Ordering::SeqCst) {
        let fresh: Vec<Value> = world.lock().unwrap().changes.iter().skip(seen).cloned().collect();
        for change in fresh {
            seen += 1;
            alive &= stream.write_all(format!("id: {seen}\ndata: {change}\n\n").as_bytes()).is_ok();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
