//! The service with a stand-in for Stripe: both live at the same time, webhooks arrive over loopback, people buy.
//!
//! Nothing is worked off by itself: a test says when the worker has its turn.

use super::{Answer, TestApp, TestDatabase, settings};
use axum::body::Body;
use axum::http::{Request, header};
use pretty_backend::accounts::{devices, sign_up, tokens};
use pretty_backend::app::App;
use pretty_backend::billing::{background, catalogue};
use pretty_backend::http::router;
use pretty_backend::ledger::{Balance, audit, balance};
use pretty_backend::settings::{Secret, Settings};
use pretty_backend::store::count_of;
use pretty_backend::store::entity::device::DeviceKind;
use pretty_backend::store::entity::user;
use pretty_backend::world::World;
use pretty_sandbox::{PayBy, Sandbox, SandboxConfig, Stripe};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use uuid::Uuid;

pub(crate) struct Shop {
    pub(crate) app: TestApp,
    pub(crate) sandbox: Sandbox,
    server: tokio::task::JoinHandle<()>,
    keys: AtomicU64,
}

/// The sandbox lives in the test's time.
pub(crate) struct SameTime(pub(crate) World);

impl pretty_sandbox::Clock for SameTime {
    fn unix_micros(&self) -> i64 {
        self.0.now().0
    }
}

impl Shop {
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
            retry_after: vec![Duration::from_millis(20), Duration::from_millis(60), Duration::from_millis(200)],
            ..SandboxConfig::default()
        };
        let sandbox = Sandbox::start(config).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let webhooks = format!("http://{}/v1/webhooks/stripe", listener.local_addr().unwrap());
        let mut settings = settings();
        settings.stripe.base_url = sandbox.endpoints().stripe_base_url.clone();
        settings.stripe.secret_key = Secret::new(&*sandbox.endpoints().stripe_secret_key);
        settings.stripe.webhook_secret =
            Secret::new(sandbox.control().stripe().add_webhook(&webhooks, &["*"]).unwrap());
        settings.catalogue = catalogue::of_sandbox();
        settings.google.issuer = sandbox.endpoints().google_issuer.clone();
        settings.google.client_id = sandbox.endpoints().google_client_id.clone();
        settings.google.client_secret = Secret::new(&*sandbox.endpoints().google_client_secret);
        // Those that look at photos are there as well; without a webhook, because pages want https and the stand-ins reach only this machine.
        let endpoints = sandbox.endpoints();
        settings.replicate.base_url = endpoints.replicate_base_url.clone();
        settings.replicate.delivery_url = endpoints.replicate_delivery_base_url.clone();
        settings.replicate.token = Secret::new(&*endpoints.replicate_token);
        settings.replicate.poll_milliseconds = 40;
        settings.anthropic.base_url = endpoints.anthropic_base_url.clone();
        settings.anthropic.key = Secret::new(&*endpoints.anthropic_api_key);
        change(&mut settings);
        let app = TestApp::with(database, settings);
        let service = router(app.app.clone(), axum::Router::new()).into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        let shop = Self { app, sandbox, server, keys: AtomicU64::new(1) };
        // The reconciler has had its turn, so what follows is heard of by webhook or not at all.
        shop.work().await;
        shop
    }

    pub(crate) fn stripe(&self) -> &Stripe {
        self.sandbox.control().stripe()
    }

    /// Everything that is due now is done.
    pub(crate) async fn work(&self) {
        Box::pin(background::work_due(&self.app.app)).await;
    }

    /// All news has come, and everything that is due because of it is done.
    pub(crate) async fn news(&self) {
        self.arrived().await;
        self.work().await;
    }

    /// All news has come: every event that the stand-in has made, whatever else was told.
    pub(crate) async fn arrived(&self) {
        for _ in 0..500 {
            let made = self.stripe().objects("event");
            let mut all = true;
            for event in &made {
                let id = event["id"].as_str().unwrap();
                let count = "SELECT COUNT(*) AS n FROM stripe_events WHERE id = $1";
                all &= count_of(self.app.store.reader(), count, [id.into()]).await.unwrap() == 1;
            }
            if all {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("webhooks are missing");
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        count_of(self.app.store.reader(), &format!("SELECT COUNT(*) AS n FROM {table}"), []).await.unwrap()
    }

    pub(crate) async fn person(&self, number: u128) -> user::Model {
        let now = self.app.world.now();
        let person = user::Model {
            id: Uuid::from_u128(number),
            owner_ref: Uuid::from_u128(number + 1000),
            name: format!("P{number}"),
            email: format!("p{number}@example.org"),
            email_key: format!("p{number}@example.org"),
            password_hash: None,
            password_changed_at: now,
            created_at: now,
        };
        let tx = self.app.store.write_transaction().await.unwrap();
        sign_up::insert(&tx, &person).await.unwrap();
        tx.commit().await.unwrap();
        person
    }

    /// A fresh token: a test's clock makes jumps.
    pub(crate) async fn token(&self, person: &user::Model) -> String {
        let app: &App = &self.app.app;
        let tx = app.store.write_transaction().await.unwrap();
        let device = devices::begin(app, &tx, person.id, DeviceKind::App, "test").await.unwrap();
        let pair = tokens::issue_pair(app, &tx, device).await.unwrap();
        tx.commit().await.unwrap();
        pair.access
    }

    pub(crate) async fn get(&self, person: &user::Model, path: &str) -> Answer {
        self.app.api("GET", path, Some(&self.token(person).await), None).await
    }

    pub(crate) async fn post(&self, person: &user::Model, path: &str, body: Option<Value>) -> Answer {
        self.app.api("POST", path, Some(&self.token(person).await), body).await
    }

    /// Orders under a key of the caller's.
    pub(crate) async fn ask(&self, person: &user::Model, product: &str, key: &str) -> Answer {
        let request = Request::post("/v1/orders")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token(person).await))
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", key)
            .body(Body::from(json!({ "product": product }).to_string()))
            .unwrap();
        self.app.send(request).await
    }

    /// An order that can be paid.
    pub(crate) async fn order(&self, person: &user::Model, product: &str) -> Order {
        let key = format!("key-{}", self.keys.fetch_add(1, Ordering::SeqCst));
        let answer = self.ask(person, product, &key).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let shown = answer.json();
        let url = shown["checkout_url"].as_str().unwrap();
        let session = url.rsplit('/').next().unwrap().to_owned();
        Order { id: shown["id"].as_str().unwrap().to_owned(), session, shown }
    }

    /// An order that was paid by card; nothing has been worked off yet.
    pub(crate) async fn paid(&self, person: &user::Model, product: &str) -> Order {
        let order = self.order(person, product).await;
        self.stripe().pay(&order.session, PayBy::Card).unwrap();
        order
    }

    /// An order whose credits are there.
    pub(crate) async fn bought(&self, person: &user::Model, product: &str) -> Order {
        let order = self.paid(person, product).await;
        self.news().await;
        assert_eq!(self.state(person, &order).await, "fulfilled");
        order
    }

    pub(crate) async fn shown(&self, person: &user::Model, order: &Order) -> Value {
        self.get(person, &format!("/v1/orders/{}", order.id)).await.json()
    }

    pub(crate) async fn state(&self, person: &user::Model, order: &Order) -> String {
        self.shown(person, order).await["state"].as_str().unwrap().to_owned()
    }

    /// What somebody can spend, owes and has frozen; the ledger adds up.
    pub(crate) async fn credits(&self, person: &user::Model) -> (i64, i64, i64) {
        let Balance { available, held: 0, frozen, debt } =
            balance(&self.app.store, person.owner_ref, self.app.world.now()).await.unwrap()
        else {
            panic!("credits are held")
        };
        assert!(audit(&self.app.store).await.unwrap().is_clean());
        (available, frozen, debt)
    }

    /// The charge that paid an order.
    pub(crate) fn charge(&self, order: &Order) -> String {
        let session = self.stripe().object(&order.session).unwrap();
        let intent = match session["payment_intent"].as_str() {
            Some(intent) => intent.to_owned(),
            None => {
                let invoice = session["invoice"].as_str().unwrap();
                let payments = self.stripe().objects("invoice_payment");
                let payment = payments.iter().find(|payment| payment["invoice"] == invoice).unwrap();
                payment["payment"]["payment_intent"].as_str().unwrap().to_owned()
            }
        };
        self.stripe().object(&intent).unwrap()["latest_charge"].as_str().unwrap().to_owned()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Deref for Shop {
    type Target = TestApp;

    fn deref(&self) -> &TestApp {
        &self.app
    }
}

/// An order as it was answered, and its session at Stripe.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) session: String,
    pub(crate) shown: Value,
}
