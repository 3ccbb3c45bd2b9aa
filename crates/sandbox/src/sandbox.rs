//! Starts every stand-in and says where it is reached and which keys it takes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::anthropic::Anthropic;
use crate::clock::{Clock, SystemClock};
use crate::common::Common;
use crate::control::Control;
use crate::delivery::DeliveryRule;
use crate::enhance::{Bicubic, Enhance};
use crate::faults::FaultRule;
use crate::google::{Google, Person};
use crate::ids::Ids;
use crate::replicate::{Replicate, Setup};
use crate::serve::{Serving, bind, serve};
use crate::smtp::Postbox;
use crate::stripe::{PriceSeed, Stripe};

/// How the sandbox is to be.
#[derive(Clone)]
pub struct SandboxConfig {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where ids and keys come from. `None` draws one: two runs on one database then never share an id.
    pub seed: Option<u64>,
    /// Faults that are scripted from the start.
    pub faults: Vec<FaultRule>,
    /// Faults of webhook deliveries that are scripted from the start.
    pub delivery_faults: Vec<DeliveryRule>,
    /// How long a webhook waits before each further attempt.
    pub retry_after: Vec<Duration>,
    /// Prices that exist from the start.
    pub prices: Vec<PriceSeed>,
    /// The picture operation behind Replicate's models.
    pub enhance: Arc<dyn Enhance>,
    /// How long a prediction stays `starting`.
    pub start_delay: Duration,
    /// The people Google's page offers.
    pub people: Vec<Person>,
    /// What stands where `https://replicate.delivery` would, when it is not to be the sandbox's own address.
    pub delivery_base_url: Option<String>,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            seed: None,
            faults: Vec::new(),
            delivery_faults: Vec::new(),
            retry_after: [100, 500, 2_000, 5_000, 15_000].map(Duration::from_millis).to_vec(),
            prices: default_prices(),
            enhance: Arc::new(Bicubic),
            start_delay: Duration::from_millis(20),
            people: Person::examples(),
            delivery_base_url: None,
        }
    }
}

fn default_prices() -> Vec<PriceSeed> {
    let price = |id: &str, name: &str, unit_amount, interval: Option<&str>| PriceSeed {
        id: id.to_owned(),
        product_name: name.to_owned(),
        currency: "usd".to_owned(),
        unit_amount,
        interval: interval.map(str::to_owned),
    };
    vec![
        price("price_sandbox_pack_small", "100 credits", 500, None),
        price("price_sandbox_pack_large", "500 credits", 2_000, None),
        price("price_sandbox_pro_month", "Pro, by the month", 900, Some("month")),
        price("price_sandbox_pro_year", "Pro, by the year", 9_000, Some("year")),
    ]
}

/// Where everything is and which keys it takes. Every key says that it is the sandbox's.
#[derive(Clone, Debug, Serialize)]
pub struct Endpoints {
    /// Stands where `https://api.stripe.com` would.
    pub stripe_base_url: String,
    /// Stripe's secret key.
    pub stripe_secret_key: String,
    /// Stands where `https://api.replicate.com` would.
    pub replicate_base_url: String,
    /// Stands where `https://replicate.delivery` would.
    pub replicate_delivery_base_url: String,
    /// Replicate's token.
    pub replicate_token: String,
    /// The secret Replicate signs webhooks with.
    pub replicate_webhook_secret: String,
    /// Stands where `https://api.anthropic.com` would.
    pub anthropic_base_url: String,
    /// Anthropic's key.
    pub anthropic_api_key: String,
    /// Google's issuer: discovery is at `/.well-known/openid-configuration` below it.
    pub google_issuer: String,
    /// The client's id at Google.
    pub google_client_id: String,
    /// The client's secret at Google.
    pub google_client_secret: String,
    /// The mail server's host.
    pub smtp_host: String,
    /// The mail server's port.
    pub smtp_port: u16,
    /// The mail server's user; signing in is optional, but must be right.
    pub smtp_username: String,
    /// The mail server's password.
    pub smtp_password: String,
    /// What comes along in the header `x-mail-events-key` when the mail server tells of bounces.
    pub mail_events_key: String,
    /// The control interface over HTTP; see `Control`.
    pub control_base_url: String,
    /// The token the control interface wants as a bearer.
    pub control_token: String,
}

/// The running stand-ins; they stop when this is dropped.
pub struct Sandbox {
    endpoints: Endpoints,
    control: Control,
    _servers: Vec<Serving>,
}

/// Why the sandbox could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No loopback port could be had.
    #[error("no port on 127.0.0.1 could be opened: {0}")]
    Port(#[from] io::Error),
    /// The system gave no random numbers.
    #[error("the system gave no random numbers: {0}")]
    Random(getrandom::Error),
}

impl Sandbox {
    /// Starts everything on ports of 127.0.0.1 that the system chooses. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// When a port cannot be opened or the system gives no random numbers.
    pub async fn start(config: SandboxConfig) -> Result<Self, StartError> {
        let seed = match config.seed {
            Some(seed) => seed,
            None => getrandom::u64().map_err(StartError::Random)?,
        };
        let common = Arc::new(Common::new(Arc::clone(&config.clock), seed, config.retry_after.clone()));
        config.faults.iter().cloned().for_each(|rule| common.faults.add(rule));
        config.delivery_faults.iter().cloned().for_each(|rule| common.deliveries.add_rule(rule));
        let (stripe_port, stripe_address) = bind(0).await?;
        let (replicate_port, replicate_address) = bind(0).await?;
        let (delivery_port, delivery_address) = bind(0).await?;
        let (anthropic_port, anthropic_address) = bind(0).await?;
        let (google_port, google_address) = bind(0).await?;
        let (smtp_port, smtp_address) = bind(0).await?;
        let (control_port, control_address) = bind(0).await?;
        let url = |address| format!("http://{address}");
        let endpoints = Endpoints {
            stripe_base_url: url(stripe_address),
            stripe_secret_key: common.ids.mixed("sk_test_sandbox_", 32),
            replicate_base_url: url(replicate_address),
            replicate_delivery_base_url: config.delivery_base_url.clone().unwrap_or_else(|| url(delivery_address)),
            replicate_token: common.ids.mixed("r8_sandbox_", 32),
            replicate_webhook_secret: webhook_secret(&common.ids),
            anthropic_base_url: url(anthropic_address),
            anthropic_api_key: common.ids.mixed("sk-ant-sandbox-", 32),
            google_issuer: url(google_address),
            google_client_id: common.ids.lower("000000000000-sandbox", 20) + ".apps.googleusercontent.com",
            google_client_secret: common.ids.mixed("GOCSPX-sandbox-", 20),
            smtp_host: smtp_address.ip().to_string(),
            smtp_port: smtp_address.port(),
            smtp_username: common.ids.mixed("SANDBOX", 13).to_uppercase(),
            smtp_password: common.ids.mixed("sandbox-", 36),
            mail_events_key: common.ids.mixed("events_sandbox_", 32),
            control_base_url: url(control_address),
            control_token: common.ids.mixed("sandbox_control_", 32),
        };
        let stripe = Stripe::new(
            Arc::clone(&common),
            endpoints.stripe_base_url.clone(),
            endpoints.stripe_secret_key.clone(),
            &config.prices,
        );
        let replicate = Replicate::new(
            Arc::clone(&common),
            Setup {
                base_url: endpoints.replicate_base_url.clone(),
                delivery_base_url: endpoints.replicate_delivery_base_url.clone(),
                token: endpoints.replicate_token.clone(),
                webhook_secret: endpoints.replicate_webhook_secret.clone(),
                enhance: Arc::clone(&config.enhance),
                start_delay: config.start_delay,
            },
        );
        let anthropic = Anthropic::new(Arc::clone(&common), endpoints.anthropic_api_key.clone());
        let google = Google::new(
            Arc::clone(&common),
            endpoints.google_issuer.clone(),
            endpoints.google_client_id.clone(),
            endpoints.google_client_secret.clone(),
            config.people,
        );
        let postbox = Postbox::new(
            Arc::clone(&common),
            endpoints.smtp_username.clone(),
            endpoints.smtp_password.clone(),
            endpoints.mail_events_key.clone(),
        );
        let control = Control {
            common: Arc::clone(&common),
            stripe: stripe.clone(),
            replicate: replicate.clone(),
            anthropic: anthropic.clone(),
            google: google.clone(),
            postbox: postbox.clone(),
        };
        let servers = vec![
            serve(stripe_port, stripe.router()),
            serve(replicate_port, replicate.router()),
            serve(delivery_port, replicate.delivery_router()),
            serve(anthropic_port, anthropic.router()),
            serve(google_port, google.router()),
            postbox.serve(smtp_port),
            serve(control_port, crate::control::router(control.clone(), endpoints.clone())),
            ticking(control.clone()),
        ];
        Ok(Self { endpoints, control, _servers: servers })
    }

    /// Where everything is.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The handle that scripts the sandbox.
    pub fn control(&self) -> &Control {
        &self.control
    }
}

/// Lets what is due by the clock happen without anybody asking.
fn ticking(control: Control) -> Serving {
    Serving::from(tokio::spawn(async move {
        let mut interval = tokio::time::interval(Duration::from_millis(250));
        loop {
            interval.tick().await;
            control.tick();
        }
    }))
}

/// `whsec_` and base64, as Replicate's are; the key itself begins with the word sandbox.
fn webhook_secret(ids: &Ids) -> String {
    use base64::Engine as _;
    let key = ids.mixed("sandbox-", 24);
    format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(key))
}
