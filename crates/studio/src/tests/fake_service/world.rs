//! What the small service knows, and what it answers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Cut, Request};

/// What the service knows and is told to do.
pub(crate) struct World {
    pub(crate) price: i64,
    pub(crate) available: i64,
    pub(crate) captured: Vec<i64>,
    pub(crate) user: String,
    refresh: String,
    /// Good for a while longer: the answer with the next may have been lost.
    refresh_before: String,
    pub(super) access: String,
    pub(crate) refreshes: u32,
    uploads: BTreeMap<String, (usize, Vec<u8>, Option<String>)>,
    pub(crate) photos: BTreeMap<String, Vec<u8>>,
    pub(crate) jobs: BTreeMap<String, Value>,
    by_key: HashMap<String, String>,
    pub(super) changes: Vec<Value>,
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
    /// Tokens that were given back.
    pub(crate) revoked: Vec<String>,
    /// How often a token came that was used before and is not good for a while longer.
    pub(crate) reused: u32,
    /// What the `Date` header says.
    pub(crate) date: Option<String>,
    /// Results are answered with this status instead.
    pub(crate) no_results: Option<u16>,
    /// Set when a result is about to be answered.
    pub(crate) at_result: Option<Arc<AtomicBool>>,
    pub(crate) orders: Vec<Value>,
    /// Requests that begin like this are taken, and their answers lost.
    pub(crate) loses: Option<&'static str>,
    /// Codes are taken, and answered only once this is false.
    pub(crate) holds_exchange: bool,
    /// How often orders were asked for.
    pub(crate) asked_orders: u32,
    /// The privacy policy in force; there is none while it is null.
    pub(crate) policy: Value,
}

impl World {
    pub(super) fn new() -> Self {
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
            revoked: Vec::new(),
            reused: 0,
            date: None,
            no_results: None,
            at_result: None,
            orders: Vec::new(),
            loses: None,
            holds_exchange: false,
            asked_orders: 0,
            policy: Value::Null,
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

    /// Access tokens are good no longer; refresh tokens are.
    pub(crate) fn expire(&mut self) {
        self.access = "none".into();
    }

    /// All jobs are deleted, from elsewhere.
    pub(crate) fn delete_jobs(&mut self) {
        for id in std::mem::take(&mut self.jobs).into_keys() {
            self.tell(json!({ "kind": "job", "id": id }));
        }
    }

    /// Says that something changed.
    pub(crate) fn tell(&mut self, mut change: Value) {
        change["seq"] = (self.changes.len() + 1).into();
        self.changes.push(change);
    }

    /// The refresh token that is good now.
    pub(crate) fn refresh(&self) -> &str {
        &self.refresh
    }

    fn tokens(&mut self) -> Value {
        self.refreshes += 1;
        self.refresh_before = self.refresh.clone();
        (self.access, self.refresh) = (format!("access-{}", self.refreshes), format!("refresh-{}", self.refreshes));
        json!({ "access_token": self.access, "refresh_token": self.refresh, "token_type": "Bearer", "expires_in": 900 })
    }

    pub(super) fn answer(&mut self, request: &Request) -> (u16, Vec<u8>) {
        let line = format!("{} {}", request.method, request.path);
        if let Some((_, status, body)) = self.instead.iter().find(|(start, _, _)| line.starts_with(start)) {
            return (*status, body.clone().into_bytes());
        }
        if request.path == "/oauth/token" {
            let form = String::from_utf8_lossy(&request.body).into_owned();
            let given = form.split('&').find_map(|pair| pair.strip_prefix("refresh_token=")).map(str::to_owned);
            let good = match &given {
                None => form.contains("code_verifier=") && form.contains("code=right-code"),
                Some(token) => [&self.refresh, &self.refresh_before].contains(&token),
            };
            if !good && given.is_some_and(|token| token.starts_with("refresh-")) {
                self.reused += 1;
                self.revoke();
            }
            return if good {
                ok(&self.tokens())
            } else {
                (400, br#"{"error":"invalid_grant","code":"bad_request","message":"no"}"#.to_vec())
            };
        }
        if request.path == "/oauth/revoke" {
            let form = String::from_utf8_lossy(&request.body).into_owned();
            let token = form.trim_start_matches("token=").to_owned();
            if [&self.refresh, &self.refresh_before].contains(&&token) {
                self.revoke();
            }
            self.revoked.push(token);
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
            ("GET", ["account", "devices"] | ["prices"]) => ok(&json!([])),
            ("GET", ["orders"]) => {
                self.asked_orders += 1;
                ok(&Value::from(self.orders.clone()))
            }
            ("GET", ["policy"]) if !self.policy.is_null() => ok(&self.policy),
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
                self.jobs.retain(|_, job| !job["photos"].as_array().unwrap().contains(&json!(id)));
                (204, Vec::new())
            }
            ("DELETE", ["jobs", id]) => match self.jobs.remove(*id) {
                Some(job) => {
                    self.photos.retain(|photo, _| !job["photos"].as_array().unwrap().contains(&json!(photo)));
                    (204, Vec::new())
                }
                None => refuse(404, "not_found"),
            },
            ("POST", ["jobs"]) => self.submit(request, &body),
            ("GET", ["jobs"]) => ok(&Value::from(self.jobs.values().cloned().collect::<Vec<_>>())),
            ("GET", ["jobs", id]) => match self.finish(id) {
                Some(job) => ok(&job),
                None => refuse(404, "not_found"),
            },
            ("POST", ["jobs", id, "cancel"]) => {
                let Some(job) = self.jobs.get_mut(*id) else { return refuse(404, "not_found") };
                if job["state"] == "queued" || job["state"] == "running" {
                    job["state"] = "cancelled".into();
                    self.available += job["price"].as_i64().unwrap();
                }
                ok(job)
            }
            ("GET", ["jobs", _, "result"]) => {
                if let Some(status) = self.no_results {
                    return refuse(status, "not_found");
                }
                if let Some(flag) = &self.at_result {
                    flag.store(true, Ordering::SeqCst);
                }
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
            self.tell(json!({ "kind": "job", "id": id }));
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
