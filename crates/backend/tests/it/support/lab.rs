//! The service with stand-ins for the services that look at photos, and for the one that is paid by: webhooks about photos arrive over loopback, jobs are worked on when a test says so.

use super::shop::SameTime;
use super::{Answer, Member, TestApp, TestDatabase, pictures, settings};
use pretty_backend::billing::catalogue;
use pretty_backend::http::router;
use pretty_backend::settings::{Secret, Settings};
use pretty_backend::work;
use pretty_sandbox::{Anthropic, Control, Replicate, Sandbox, SandboxConfig};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub(crate) struct Lab {
    pub(crate) app: TestApp,
    sandbox: Sandbox,
    server: tokio::task::JoinHandle<()>,
    keys: AtomicU64,
}

impl Lab {
    pub(crate) async fn open(database: TestDatabase) -> Self {
        Self::with(database, |_| ()).await
    }

    /// With other settings. On the heap, because the stand-ins' start is large and every test holds one.
    pub(crate) fn with(database: TestDatabase, change: impl FnOnce(&mut Settings)) -> impl Future<Output = Self> {
        Box::pin(Self::start(database, change))
    }

    async fn start(database: TestDatabase, change: impl FnOnce(&mut Settings)) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = SandboxConfig {
            clock: Arc::new(SameTime(database.world.clone())),
            retry_after: vec![Duration::from_millis(20), Duration::from_millis(60)],
            start_delay: Duration::from_millis(5),
            ..SandboxConfig::default()
        };
        let sandbox = Sandbox::start(config).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut settings = settings();
        settings.server.base_url = format!("http://{}", listener.local_addr().unwrap());
        settings.worker.poll_milliseconds = 20;
        settings.replicate.poll_milliseconds = 40;
        let endpoints = sandbox.endpoints();
        settings.replicate.base_url = endpoints.replicate_base_url.clone();
        settings.replicate.delivery_url = endpoints.replicate_delivery_base_url.clone();
        settings.replicate.token = Secret::new(&*endpoints.replicate_token);
        settings.replicate.webhook_secret = Secret::new(&*endpoints.replicate_webhook_secret);
        settings.anthropic.base_url = endpoints.anthropic_base_url.clone();
        settings.anthropic.key = Secret::new(&*endpoints.anthropic_api_key);
        settings.stripe.base_url = endpoints.stripe_base_url.clone();
        settings.stripe.secret_key = Secret::new(&*endpoints.stripe_secret_key);
        settings.catalogue = catalogue::of_sandbox();
        settings.google.issuer = sandbox.endpoints().google_issuer.clone();
        settings.google.client_id = sandbox.endpoints().google_client_id.clone();
        settings.google.client_secret = Secret::new(&*sandbox.endpoints().google_client_secret);
        change(&mut settings);
        let app = TestApp::with(database, settings);
        let service = router(app.app.clone(), axum::Router::new()).into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        Self { app, sandbox, server, keys: AtomicU64::new(1) }
    }

    pub(crate) fn control(&self) -> &Control {
        self.sandbox.control()
    }

    pub(crate) fn replicate(&self) -> &Replicate {
        self.control().replicate()
    }

    pub(crate) fn anthropic(&self) -> &Anthropic {
        self.control().anthropic()
    }

    /// A photo of theirs with everything in it that must not leave.
    pub(crate) async fn photo(&self, member: &Member, width: u32, height: u32) -> String {
        self.app.upload(member, &pictures::jpeg(width, height), "image/jpeg").await
    }

    pub(crate) fn key(&self) -> String {
        format!("key-{}", self.keys.fetch_add(1, Ordering::SeqCst))
    }

    pub(crate) async fn post_job(&self, member: &Member, key: &str, body: Value) -> Answer {
        self.app.keyed("/v1/jobs", &member.token, key, body).await
    }

    /// A job that was taken in; its id.
    pub(crate) async fn job(&self, member: &Member, body: Value) -> String {
        let answer = self.post_job(member, &self.key(), body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// A photo that is to be enhanced; the job's id.
    pub(crate) async fn enhancement(&self, member: &Member) -> String {
        let member = &self.app.signed_in_again(member.clone()).await;
        let photo = self.photo(member, 120, 80).await;
        self.job(member, json!({"kind": "enhance", "variant": "upscale_2x", "photos": [photo], "price": 4})).await
    }

    /// A photo that is to be looked at; the job's id.
    pub(crate) async fn critique(&self, member: &Member) -> String {
        let member = &self.app.signed_in_again(member.clone()).await;
        let photo = self.photo(member, 320, 240).await;
        self.job(member, json!({"kind": "critique", "variant": "standard", "photos": [photo], "price": 2})).await
    }

    pub(crate) async fn look(&self, member: &Member, id: &str) -> Value {
        let member = self.app.signed_in_again(member.clone()).await;
        self.app.api("GET", &format!("/v1/jobs/{id}"), Some(&member.token), None).await.json()
    }

    /// State and, where it failed, the reason.
    pub(crate) async fn state(&self, member: &Member, id: &str) -> String {
        let job = self.look(member, id).await;
        let fault = job["fault"]["code"].as_str().map(|code| format!(" {code}")).unwrap_or_default();
        format!("{}{fault}", job["state"].as_str().unwrap())
    }

    /// Everything that is due is worked on; how many attempts that were.
    pub(crate) async fn work(&self) -> usize {
        Box::pin(work::work_due(&self.app.app)).await
    }

    /// Everything is worked on until nothing waits any more.
    pub(crate) async fn work_on(&self) -> usize {
        let mut attempts = 0;
        for _ in 0..40 {
            attempts += self.work().await;
            self.app.database.clock.advance(Duration::from_secs(10));
        }
        attempts
    }

    pub(crate) async fn credits(&self, member: &Member) -> (i64, i64) {
        self.app.database.credits(&member.user).await
    }

    /// What anybody outside got to see, each request's body and headers as text, pictures decoded.
    pub(crate) fn left(&self) -> Vec<Vec<u8>> {
        self.control()
            .received(None)
            .into_iter()
            .map(|request| {
                let mut all = format!("{} {}?{} {:?}\n", request.method, request.path, request.query, request.headers)
                    .into_bytes();
                all.extend_from_slice(&request.body);
                if let Ok(body) = serde_json::from_slice::<Value>(&request.body) {
                    for block in body["messages"][0]["content"].as_array().into_iter().flatten() {
                        use base64::Engine as _;
                        let data = block["source"]["data"].as_str().unwrap_or_default();
                        all.extend(base64::engine::general_purpose::STANDARD.decode(data).unwrap());
                    }
                }
                all
            })
            .collect()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Deref for Lab {
    type Target = TestApp;

    fn deref(&self) -> &TestApp {
        &self.app
    }
}
