//! A running sandbox, a client for it, and a receiver of webhooks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use pretty_sandbox::{ManualClock, Sandbox, SandboxConfig};
use serde_json::Value;

pub(crate) const START: i64 = 1_793_577_600;

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: reqwest::Client,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

pub(crate) async fn world() -> World {
    world_with(|_| ()).await
}

pub(crate) async fn world_with(change: impl FnOnce(&mut SandboxConfig)) -> World {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = SandboxConfig {
        clock: Arc::new(ManualClock::at(START)),
        seed: Some(7),
        retry_after: vec![Duration::from_millis(30), Duration::from_millis(60)],
        start_delay: Duration::from_millis(5),
        ..SandboxConfig::default()
    };
    change(&mut config);
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap();
    World { sandbox: Sandbox::start(config).await.unwrap(), client }
}

pub(crate) async fn read(response: reqwest::Response) -> Answer {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.bytes().await.unwrap();
    Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
}

impl World {
    pub(crate) fn stripe_url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.endpoints().stripe_base_url)
    }

    pub(crate) async fn stripe_get(&self, path: &str) -> Answer {
        let key = &self.sandbox.endpoints().stripe_secret_key;
        read(self.client.get(self.stripe_url(path)).bearer_auth(key).send().await.unwrap()).await
    }

    pub(crate) async fn stripe_delete(&self, path: &str) -> Answer {
        let key = &self.sandbox.endpoints().stripe_secret_key;
        read(self.client.delete(self.stripe_url(path)).bearer_auth(key).send().await.unwrap()).await
    }

    pub(crate) async fn stripe_post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.stripe_post_keyed(path, form, None).await
    }

    pub(crate) async fn stripe_post_keyed(&self, path: &str, form: &[(&str, &str)], key: Option<&str>) -> Answer {
        let secret = &self.sandbox.endpoints().stripe_secret_key;
        let mut request = self.client.post(self.stripe_url(path)).bearer_auth(secret).form(form);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        read(request.send().await.unwrap()).await
    }

    /// A customer and an open session for one small pack.
    pub(crate) async fn open_session(&self, more: &[(&str, &str)]) -> (String, Value) {
        let customer = self.stripe_post("/v1/customers", &[("email", "ada@example.com")]).await.body;
        let customer = customer["id"].as_str().unwrap().to_owned();
        let mut form = vec![
            ("mode", "payment"),
            ("customer", customer.as_str()),
            ("line_items[0][price]", "price_sandbox_pack_small"),
            ("line_items[0][quantity]", "1"),
            ("client_reference_id", "ord_1"),
            ("metadata[order_id]", "ord_1"),
            ("payment_intent_data[metadata][order_id]", "ord_1"),
            ("success_url", "https://example.com/done?session={CHECKOUT_SESSION_ID}"),
            ("cancel_url", "https://example.com/back"),
        ];
        for (name, value) in more {
            form.retain(|(known, _)| known != name);
            form.push((name, value));
        }
        let session = self.stripe_post("/v1/checkout/sessions", &form).await;
        assert_eq!(session.status, 200, "{:#}", session.body);
        (customer, session.body)
    }
}

/// One webhook as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Hook {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Hook {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }
}

/// Takes webhooks; answers with the statuses it was given, then with 200.
#[derive(Clone, Default)]
pub(crate) struct Receiver {
    hooks: Arc<Mutex<Vec<Hook>>>,
    statuses: Arc<Mutex<Vec<u16>>>,
}

impl Receiver {
    /// A receiver and its URL.
    pub(crate) async fn start(statuses: &[u16]) -> (Self, String) {
        let receiver = Self { statuses: Arc::new(Mutex::new(statuses.to_vec())), ..Self::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = Router::new().fallback(take).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, url)
    }

    pub(crate) fn hooks(&self) -> Vec<Hook> {
        self.hooks.lock().unwrap().clone()
    }

    /// Waits until there are at least `count` webhooks.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Hook> {
        for _ in 0..500 {
            if self.hooks().len() >= count {
                return self.hooks();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} of {count} webhooks came", self.hooks().len());
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    receiver.hooks.lock().unwrap().push(Hook { headers, body });
    let mut statuses = receiver.statuses.lock().unwrap();
    let status = if statuses.is_empty() { 200 } else { statuses.remove(0) };
    StatusCode::from_u16(status).unwrap()
}
