//! For the tests of the clients: a running sandbox, and a server that answers what it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use pretty_sandbox::{Sandbox, SandboxConfig};
use serde_json::Value;

use super::Patience;

pub(crate) const TIMEOUT: Duration = Duration::from_secs(20);

pub(crate) fn patience() -> Patience {
    Patience { retries: 2, first_wait: Duration::from_millis(5), longest_wait: Duration::from_millis(20) }
}

pub(crate) fn tls() {
    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

pub(crate) async fn sandbox() -> Sandbox {
    tls();
    let config = SandboxConfig { start_delay: Duration::from_millis(2), ..SandboxConfig::default() };
    Sandbox::start(config).await.unwrap()
}

/// One answer of the scripted server; a status of 0 closes the connection.
#[derive(Clone, Debug)]
pub(crate) struct Scripted {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Scripted {
    /// An answer as the vector files write it.
    pub(crate) fn of_vector(case: &Value) -> Self {
        let headers = case["headers"].as_object().into_iter().flatten();
        let body = match &case["body"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Self {
            status: case["status"].as_u64().unwrap_or(0) as u16,
            headers: headers.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect(),
            body,
        }
    }
}

/// A server that gives the scripted answers, the last one for ever, and counts.
#[derive(Clone)]
pub(crate) struct Server {
    answers: Arc<Mutex<VecDeque<Scripted>>>,
    calls: Arc<Mutex<usize>>,
}

impl Server {
    pub(crate) async fn start(answers: Vec<Scripted>) -> (Self, String) {
        tls();
        let server = Self { answers: Arc::new(Mutex::new(answers.into())), calls: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (server, url)
    }

    pub(crate) fn calls(&self) -> usize {
        *self.calls.lock().unwrap()
    }
}

async fn answer(State(server): State<Server>) -> Response {
    *server.calls.lock().unwrap() += 1;
    let scripted = {
        let mut answers = server.answers.lock().unwrap();
        if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0].clone() }
    };
    if scripted.status == 0 {
        tokio::time::sleep(Duration::from_secs(30)).await;
    }
    let mut response = (StatusCode::from_u16(scripted.status).unwrap(), scripted.body).into_response();
    for (name, value) in scripted.headers {
        response.headers_mut().insert(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
    }
    response
}
