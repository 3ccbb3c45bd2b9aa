//! What can be configured, read once at the start into plain structures.
//!
//! The list of keys and defaults is `default.toml`, which is also the operator's reference. Reading the environment and files is in
//! [`load`]; nothing else in the service looks at the environment.

pub mod load;
mod mode;
mod photos;

pub use mode::Mode;
pub use photos::{Anthropic, AuthHeader, CloudModel, Engine, Objects, OwnVariant, Replicate, Uploads};

use serde::Deserialize;
use std::fmt;

/// A value that is never printed.
#[derive(Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether nothing was configured.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "Secret(empty)" } else { "Secret([redacted])" })
    }
}

/// All settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How the service is reached.
    pub server: Server,
    /// Where rows are kept.
    pub database: Database,
    /// Passwords, tokens and their limits.
    pub accounts: Accounts,
    /// Sign-in with Google.
    pub google: Google,
    /// What is kept of those who are gone.
    pub privacy: Privacy,
    /// How payments are taken.
    pub stripe: Stripe,
    /// What is sold.
    pub catalogue: Catalogue,
    /// How letters leave.
    pub mail: Mail,
    /// Where photos and results are kept.
    pub objects: Objects,
    /// What people may upload.
    pub uploads: Uploads,
    /// Enhancement in the cloud.
    pub replicate: Replicate,
    /// Critique.
    pub anthropic: Anthropic,
    /// Enhancement by our own engine.
    pub engine: Engine,
    /// Background work.
    pub worker: Worker,
    /// What monitoring reads.
    pub metrics: Metrics,
    /// What is logged.
    pub log: Log,
}

/// How the service is reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port to listen on.
    pub listen: String,
    /// Public address without a slash at the end; empty: from `listen`.
    pub base_url: String,
    /// Folder of the embedded database, photos and mailbox.
    pub data: String,
    /// Entries from the right of `X-Forwarded-For` that our own proxies wrote.
    pub trusted_proxies: usize,
    /// Seconds a request may take.
    pub request_timeout_seconds: u64,
    /// Seconds until the head of a request has come.
    pub header_timeout_seconds: u64,
    /// Connections at the same moment.
    pub connections: usize,
    /// Bytes of a body that is not an upload.
    pub body_limit_bytes: usize,
    /// Seconds that running requests get when the service stops.
    pub shutdown_seconds: u64,
}

/// Where rows are kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Empty for SQLite in the data folder, or `postgres://…`.
    pub url: Secret,
    /// Size of the pool.
    pub connections: u32,
    /// Seconds to wait for a connection.
    pub wait_seconds: u64,
    /// When SQLite says that a commit is done.
    pub sqlite_synchronous: Synchronous,
}

/// When SQLite says that a commit is done.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Synchronous {
    /// When it is on the disk.
    Full,
    /// When the system has it.
    Normal,
}

/// Passwords, tokens and their limits.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    /// bcrypt's cost.
    pub password_cost: u32,
    /// Passwords checked at the same moment.
    pub password_parallel: usize,
    /// Life of an access token, seconds.
    pub access_token_seconds: u64,
    /// Life of a refresh token, seconds.
    pub refresh_token_seconds: u64,
    /// Life of a sign-in on our own pages, seconds.
    pub web_session_seconds: u64,
    /// Seconds after its use in which a refresh token is answered again.
    pub refresh_grace_seconds: u64,
    /// Failed sign-ins an hour for one account.
    pub sign_in_per_account: u32,
    /// Sign-ins an hour from one network address.
    pub sign_in_per_address: u32,
    /// Letters an hour that one mail address can be made to get.
    pub mail_per_account: u32,
    /// Sign-ups and resets an hour from one network address.
    pub sign_up_per_address: u32,
}

/// Sign-in with Google.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Google {
    /// The OpenID issuer; another one in tests and in the sandbox.
    pub issuer: String,
    /// Empty: not offered.
    pub client_id: String,
    /// Of the web client; never ships with the app.
    pub client_secret: Secret,
}

/// How payments are taken.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stripe {
    /// Stripe's address; a stand-in's in tests and in the sandbox.
    pub base_url: String,
    /// Empty: nothing is sold.
    pub secret_key: Secret,
    /// Of the webhook endpoint.
    pub webhook_secret: Secret,
    /// The one before, while it is being exchanged.
    pub webhook_secret_before: Secret,
    /// The version of the API.
    pub api_version: String,
    /// Configuration of the customer portal; empty for the default.
    pub portal_configuration: String,
    /// Whether the payment page takes promotion codes.
    pub promotion_codes: bool,
    /// Days that the plan goes on while a renewal is not paid.
    pub past_due_grace_days: u32,
    /// Days in which a purchase can be withdrawn from.
    pub withdrawal_days: u32,
    /// Days that the rest of a month's credits is good after the month.
    pub monthly_credits_grace_days: u32,
}

impl Stripe {
    /// The secrets that a webhook may be signed with.
    pub fn webhook_secrets(&self) -> [Secret; 2] {
        [self.webhook_secret.clone(), self.webhook_secret_before.clone()]
    }

    /// Whether real money moves.
    pub fn is_live(&self) -> bool {
        self.secret_key.reveal().contains("_live_")
    }
}

/// What is sold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Three letters, lower case.
    pub currency: String,
    /// Credits, once.
    pub packs: Vec<Pack>,
    /// Plans by the month.
    pub plans: Vec<Plan>,
}

/// Credits to buy once.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// Names it for good.
    pub code: String,
    /// For people.
    pub name: String,
    /// `price_…`
    pub stripe_price: String,
    /// What it brings.
    pub credits: i64,
    /// Smallest units of the currency.
    pub price_minor: i64,
}

/// A plan by the month.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Names it for good.
    pub code: String,
    /// For people.
    pub name: String,
    /// `price_…`, by the month.
    pub stripe_price: String,
    /// What each payment brings.
    pub credits_monthly: i64,
    /// Smallest units of the currency, a month.
    pub price_minor: i64,
}

/// What is kept of those who are gone.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Privacy {
    /// Years that payments and movements of credits are kept without a name.
    pub books_years: u32,
}

/// How letters leave.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// Empty: a folder.
    pub smtp_url: Secret,
    /// Sender.
    pub from: String,
    /// Where people write about their data; on every page.
    pub contact: String,
    /// What the mail service brings along when it tells of letters that came back; empty: it does not.
    pub events_key: Secret,
    /// Of SES: which events it publishes.
    pub configuration_set: String,
}

/// Background work.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    /// Whether `serve` also works.
    pub embedded: bool,
    /// Milliseconds between looks for work.
    pub poll_milliseconds: u64,
}

/// What monitoring reads.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Address and port of a listener of its own; empty: none.
    pub listen: String,
}

/// What is logged.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Level or directives.
    pub level: String,
}
