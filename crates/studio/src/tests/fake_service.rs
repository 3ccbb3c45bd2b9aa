//! A small service on loopback that keeps its promises: the same key gets the same answer, and credits are captured once a job. It can be told
//! to break off before or after any request, and it remembers all that came in.

use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

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

/// What the service knows and is told to do.
pub(crate) struct World {
    pub(crate) price: i64,
    pub(crate) available: i64,
    pub(crate) captured: Vec<i64>,
    pub(crate) user: String,
    refresh: String,
    /// Good for a while longer: the answer with the next may have been lost.
    refresh_before: String,
    access: String,
    pub(crate) refreshes: u32,
    uploads: BTreeMap<String, (usize, Vec<u8>, Option<String>)>,
    pub(crate) photos: BTreeMap<String, Vec<u8>>,
    pub(crate) jobs: BTreeMap<String, Value>,
    by_key: HashMap<String, String>,
    changes: Vec<Value>,
    /// Requests but those for events, so far.
    pub(crate) requests: usize,
    /// Break off at this request.
    pub(crate) cut: Option<(usize, Cut)>,
    /// Answers to give instead, by the beginning of "METHOD /path".
    pub(crate) instead: Vec<(&'static str, u16, String)>,
    /// Jobs end like this.
    pub(crate) outcome: Value,
    pub(crate) result: Vec<u8>,
    /// The account is being deleted.
    pub(crate) leaving: bool,
    /// Counts of use, as they came.
    pub(crate) usage: Vec<Value>,
    /// Somebody followed the events.
    pub(crate) follows: bool,
    /// All bytes that came in.
    pub(crate) traffic: Vec<u8>,
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

impl World {
    fn new() -> Self {
        Self {
            price: 1,
            available: 10,
            captured: Vec::new(),
            user: Uuid::now_v7().to_string(),
            refresh: "refresh-0".into(),
            refresh_before: "none".into(),
            access: "access-0".into(),
            refreshes: 0,
            uploads: BTreeMap::new(),
            photos: BTreeMap::new(),
            jobs: BTreeMap::new(),
            by_key: HashMap::new(),
            changes: Vec::new(),
            requests: 0,
            cut: None,
            instead: Vec::new(),
            outcome: json!({ "state": "succeeded", "result": { "kind": "critique", "critique": {
                "summary": "A hill.", "strengths": ["The sky"], "findings": [], "scores": [], "measured_by": "test",
                "suggestions": [{ "text": "Brighter", "action": { "recipe": { "step": "tone", "strength": 0.5 } } }, { "text": "Wait for rain" },
                    { "text": "Level", "action": { "straighten": { "degrees": -1.5 } } },
                    { "text": "Closer", "action": { "crop": { "x": 0.1, "y": 0.0, "width": 0.8, "height": 0.9 } } }]
            } } }),
            result: Vec::new(),
            leaving: false,
            usage: Vec::new(),
            follows: false,
            traffic: Vec::new(),
        }
    }

    /// From now on an enhancement ends with these bytes, and is said to have this checksum.
    pub(crate) fn enhances_to(&mut self, bytes: &[u8], sha256: &str) {
        self.outcome = json!({ "state": "succeeded", "result": { "kind": "enhance", "width": 90, "height": 60,
            "bytes": bytes.len(), "sha256": sha256, "media_type": "image/jpeg" } });
        self.result = bytes.to_vec();
    }

    /// Signs the person out from elsewhere.
    pub(crate) fn revoke(&mut self) {
        (self.refresh, self.access) = ("none".into(), "none".into());
        self.refresh_before = "none".into();
    }

    fn tokens(&mut self) -> Value {
        self.refreshes += 1;
        self.refresh_before = self.refresh.clone();
        (self.access, self.refresh) = (format!("access-{}", self.refreshes), format!("refresh-{}", self.refreshes));
        json!({ "access_token": self.access, "refresh_token": self.refresh, "token_type": "Bearer", "expires_in": 900 })
    }

    fn answer(&mut self, request: &Request) -> (u16, Vec<u8>) {
        let line = format!("{} {}", request.method, request.path);
        if let Some((_, status, body)) = self.instead.iter().find(|(start, _, _)| line.starts_with(start)) {
            return (*status, body.clone().into_bytes());
        }
        if request.path == "/oauth/token" {
            let form = String::from_utf8_lossy(&request.body).into_owned();
            let good = form.contains("code_verifier=") && form.contains("code=right-code")
                || [&self.refresh, &self.refresh_before]
                    .iter()
                    .any(|token| form.contains(&format!("refresh_token={token}")));
            return if good {
                ok(&self.tokens())
            } else {
                (400, br#"{"error":"invalid_grant","code":"bad_request","message":"no"}"#.to_vec())
            };
        }
        if request.path == "/oauth/revoke" {
            self.revoke();
            return (200, Vec::new());
        }
        if request.header("authorization") != Some(&format!("Bearer {}", self.access)) {
            return refuse(401, "token_expired");
        }
        self.routed(request)
    }

    fn routed(&mut self, request: &Request) -> (u16, Vec<u8>) {
        let gives_up = self.cut == Some((self.requests, Cut::Amid));
        let path = request.path.split('?').next().unwrap();
        let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        match (request.method.as_str(), &parts[..]) {
            ("DELETE", ["account", "deletion"]) => {
                self.leaving = false;
                (204, Vec::new())
            }
            (method, rest) if self.leaving && (method, rest) != ("GET", &["account"][..]) => refuse(403, "forbidden"),
            ("GET", ["account"]) => ok(
                &json!({ "deletion": self.leaving.then(|| json!({ "asked_at": 1, "final_at": 2 })), "id": self.user, "name": "Mara", "email": "mara@example.org", "created_at": 1, "has_password": true,
                "google_linked": false, "device_id": self.user, "credits": { "available": self.available, "held": 0, "frozen": 0, "debt": 0 } }),
            ),
            ("GET", ["account", "devices"]) | ("GET", ["orders"] | ["prices"]) => ok(&json!([])),
            ("POST", ["usage"]) => {
                self.usage.push(body);
                (204, Vec::new())
            }
            ("POST", ["quotes"]) => ok(&json!({ "price": self.price, "each": self.price, "available": self.available,
                "sends": { "to": "Anthropic", "long_edge": 400, "media_type": "image/jpeg" } })),
            ("POST", ["uploads"]) => {
                let id = self.id_of(request);
                let bytes = body["bytes"].as_u64().unwrap() as usize;
                let upload = self.uploads.entry(id.clone()).or_insert((bytes, Vec::new(), None));
                ok(&shown(&id, upload))
            }
            ("GET", ["uploads", id]) => ok(&shown(id, &self.uploads[*id])),
            ("PATCH", ["uploads", id]) => {
                let upload = self.uploads.get_mut(*id).unwrap();
                if request.header("upload-offset") != Some(&upload.1.len().to_string()) {
                    return refuse(409, "conflict");
                }
                upload.1.extend(&request.body);
                if upload.1.len() == upload.0 && !gives_up {
                    let photo = Uuid::now_v7().to_string();
                    upload.2 = Some(photo.clone());
                    self.photos.insert(photo, upload.1.clone());
                }
                ok(&shown(id, &self.uploads[*id]))
            }
            ("GET", ["photos"]) => {
                let photos: Vec<Value> = self.photos.iter().map(|(id, bytes)| json!({ "id": id, "width": 1, "height": 1, "bytes": bytes.len(), "media_type": "image/jpeg", "created_at": 1 })).collect();
                ok(&Value::from(photos))
            }
            ("DELETE", ["photos", id]) => {
                self.photos.remove(*id);
                (204, Vec::new())
            }
            ("POST", ["jobs"]) => self.submit(request, &body),
            ("GET", ["jobs"]) => ok(&Value::from(self.jobs.values().cloned().collect::<Vec<_>>())),
            ("GET", ["jobs", id]) => match self.finish(id) {
                Some(job) => ok(&job),
                None => refuse(404, "not_found"),
            },
            ("POST", ["jobs", id, "cancel"]) => {
                let job = self.jobs.get_mut(*id).unwrap();
                if job["state"] == "queued" {
                    job["state"] = "cancelled".into();
                }
                ok(job)
            }
            ("GET", ["jobs", _, "result"]) => {
                let from = request
                    .header("range")
                    .and_then(|range| range.trim_start_matches("bytes=").trim_end_matches('-').parse().ok());
                match from {
                    Some(from) => (206, self.result[from..].to_vec()),
                    None => (200, self.result.clone()),
                }
            }
            _ => refuse(404, "not_found"),
        }
    }

    fn id_of(&mut self, request: &Request) -> String {
        let key = request.header("idempotency-key").unwrap().to_owned();
        self.by_key.entry(key).or_insert_with(|| Uuid::now_v7().to_string()).clone()
    }

    fn submit(&mut self, request: &Request, body: &Value) -> (u16, Vec<u8>) {
        if body["price"] != json!(self.price) {
            return refuse(409, "price_changed");
        }
        if self.available < self.price {
            return refuse(402, "not_enough_credits");
        }
        let id = self.id_of(request);
        if !self.jobs.contains_key(&id) {
            self.available -= self.price;
            self.jobs.insert(id.clone(), json!({ "id": id, "kind": body["kind"], "state": "queued", "price": self.price, "charged": false, "photos": body["photos"], "created_at": 5 }));
            let seq = self.changes.len() + 1;
            self.changes.push(json!({ "seq": seq, "kind": "job", "id": id }));
        }
        (201, self.jobs[&id].to_string().into_bytes())
    }

    /// A job that is asked about has ended.
    fn finish(&mut self, id: &str) -> Option<Value> {
        let outcome = self.outcome.clone();
        let job = self.jobs.get_mut(id)?;
        if job["state"] == "queued" {
            for (name, value) in outcome.as_object().unwrap() {
                job[name] = value.clone();
            }
            job["ended_at"] = json!(6);
            if job["state"] == "succeeded" {
                job["charged"] = true.into();
                self.captured.push(job["price"].as_i64().unwrap());
            }
        }
        Some(job.clone())
    }
}

fn shown(id: &str, (bytes, have, photo): &(usize, Vec<u8>, Option<String>)) -> Value {
    json!({ "id": id, "offset": have.len(), "bytes": bytes, "photo_id": photo })
}

fn ok(body: &Value) -> (u16, Vec<u8>) {
    (200, body.to_string().into_bytes())
}

fn refuse(status: u16, code: &str) -> (u16, Vec<u8>) {
    (status, json!({ "code": code, "message": "The service says no.", "retryable": false }).to_string().into_bytes())
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
    let (status, body) = {
        let mut world = world.lock().unwrap();
        world.requests += 1;
        let cut = world.cut.filter(|(at, _)| *at == world.requests).map(|(_, cut)| cut);
        if cut == Some(Cut::Before) {
            return;
        }
        let answer = world.answer(&request);
        if cut.is_some() {
            return;
        }
        answer
    };
    let head = format!(
        "HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
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
