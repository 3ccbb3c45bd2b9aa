//! `serve --sandbox`: the stand-ins run inside this process, and their addresses and made-up keys go into the settings.
//!
//! From there on nothing knows of it but the sign on every page and answer. Not here: the stand-ins themselves (`pretty-sandbox`).

mod enhancing;

use crate::app::App;
use crate::billing::catalogue;
use crate::pages;
use crate::settings::load::{SettingsError, check};
use crate::settings::{Secret, Settings};
use axum::Router;
use axum::routing::get;
use pretty_sandbox::{Endpoints, Sandbox, SandboxConfig};
use std::net::SocketAddr;

/// Why the sandbox does not start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// Real keys, or an address that others can reach.
    #[error("{0}")]
    Settings(#[from] SettingsError),
    /// A stand-in cannot run.
    #[error(transparent)]
    Start(#[from] pretty_sandbox::StartError),
    /// A stand-in does not take what it is told.
    #[error("{0}")]
    Control(#[from] pretty_sandbox::ControlError),
}

/// Starts the stand-ins; the settings lead to them. They end when the value is dropped.
///
/// # Errors
/// When keys are configured, when others could reach it, or when no port is free.
pub async fn start(mut settings: Settings, address: SocketAddr) -> Result<(Sandbox, Settings), SandboxError> {
    refuse_mixing(&settings, address)?;
    let config = SandboxConfig { enhance: enhancing::best(), ..SandboxConfig::default() };
    let sandbox = Sandbox::start(config).await?;
    fill(&mut settings, sandbox.endpoints());
    let webhooks = format!("http://{address}/v1/webhooks/stripe");
    settings.stripe.webhook_secret = Secret::new(sandbox.control().stripe().add_webhook(&webhooks, &["*"])?);
    settings.mail.events_key = Secret::new(&*sandbox.endpoints().mail_events_key);
    sandbox.control().postbox().notify_at(&format!("http://{address}/v1/webhooks/mail"))?;
    check(&settings)?;
    Ok((sandbox, settings))
}

/// Nothing real may be configured, and nobody but this machine may reach it: everyone can read the letters.
fn refuse_mixing(settings: &Settings, address: SocketAddr) -> Result<(), SettingsError> {
    let refuse = |key, reason: &str| Err(SettingsError::Refused { key, reason: reason.to_owned() });
    if !address.ip().is_loopback() {
        return refuse("server.listen", "must be an address of this machine only, because this is a sandbox");
    }
    let mixed = "is set, and this is a sandbox: sandbox and live keys are never mixed";
    for (key, is_set) in [
        ("google.client_id", !settings.google.client_id.is_empty()),
        ("google.client_secret", !settings.google.client_secret.is_empty()),
        ("stripe.secret_key", !settings.stripe.secret_key.is_empty()),
        ("replicate.token", !settings.replicate.token.is_empty()),
        ("anthropic.key", !settings.anthropic.key.is_empty()),
        ("mail.smtp_url", !settings.mail.smtp_url.is_empty()),
    ] {
        if is_set {
            return refuse(key, mixed);
        }
    }
    Ok(())
}

fn fill(settings: &mut Settings, endpoints: &Endpoints) {
    endpoints.google_issuer.clone_into(&mut settings.google.issuer);
    endpoints.google_client_id.clone_into(&mut settings.google.client_id);
    settings.google.client_secret = Secret::new(&*endpoints.google_client_secret);
    endpoints.stripe_base_url.clone_into(&mut settings.stripe.base_url);
    settings.stripe.secret_key = Secret::new(&*endpoints.stripe_secret_key);
    settings.catalogue = catalogue::of_sandbox();
    endpoints.replicate_base_url.clone_into(&mut settings.replicate.base_url);
    endpoints.replicate_delivery_base_url.clone_into(&mut settings.replicate.delivery_url);
    settings.replicate.token = Secret::new(&*endpoints.replicate_token);
    settings.replicate.webhook_secret = Secret::new(&*endpoints.replicate_webhook_secret);
    endpoints.anthropic_base_url.clone_into(&mut settings.anthropic.base_url);
    settings.anthropic.key = Secret::new(&*endpoints.anthropic_api_key);
    settings.mail.smtp_url = Secret::new(format!(
        "smtp://{}:{}@{}:{}",
        endpoints.smtp_username, endpoints.smtp_password, endpoints.smtp_host, endpoints.smtp_port
    ));
}

/// The pages that only a sandbox has: the letters that would have been sent.
pub fn routes(sandbox: &Sandbox) -> Router<App> {
    let postbox = sandbox.control().postbox().clone();
    let json = postbox.clone();
    Router::new()
        .route("/sandbox/letters", get(async move |state, visitor| pages::letters(state, visitor, postbox.mails())))
        .route("/sandbox/letters.json", get(async move || axum::Json(json.mails())))
}
