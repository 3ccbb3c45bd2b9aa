//! What critiques and comparisons share: the copies that Anthropic gets to see, the question, and what its answers mean for the job.

use super::{Halt, anthropic, breaker};
use crate::app::App;
use crate::billing::alarm::Alarm;
use crate::jobs::{self, Fault, Lease, Sign, Why};
use crate::photos::pixels::{Fit, Written, checksum};
use crate::providers::anthropic_client::{AnthropicClient, AnthropicError, Photo, Question, Reply};
use crate::store::entity::photo;
use sea_orm::EntityTrait;
use serde_json::Value;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// The longest answer, thinking included.
const MOST_TOKENS: u32 = 8192;

/// The copies of a job's photos: small, and pixels only.
pub(super) async fn copies(app: &App, lease: &Lease, photos: &[Uuid]) -> Result<Vec<Written>, Halt> {
    let settings = &app.settings.anthropic;
    let mut copies = Vec::new();
    for id in photos {
        let photo = photo::Entity::find_by_id(*id).one(app.store.reader()).await?;
        let photo = photo.filter(|photo| photo.user_id == lease.job.user_id).ok_or(Halt::never(Why::PhotoGone))?;
        let stored = app.objects.get(&photo.object_key).await?;
        copies.push(app.darkroom.copy(stored, Fit::LongEdge(settings.long_edge), settings.jpeg_quality).await?);
    }
    Ok(copies)
}

/// Tells how far the job is. It is no more than told: the watch beside the work hears whether to go on.
pub(super) async fn say(app: &App, lease: &Lease, progress: f32) -> Result<(), Halt> {
    jobs::heartbeat(&app.store, &app.world, lease, Sign { progress: Some(progress), ..Sign::default() }).await?;
    Ok(())
}

/// A question about photos, as far as it differs.
pub(super) struct Asking<'a> {
    pub(super) system: &'a str,
    pub(super) text: &'a str,
    pub(super) schema: &'a Value,
    pub(super) photos: &'a [&'a Written],
}

/// Asks Anthropic. What comes back fits the schema as far as its promise goes; whether it makes sense is still to be seen.
pub(super) async fn ask(app: &App, client: &AnthropicClient, lease: &Lease, asking: Asking<'_>) -> Result<Value, Halt> {
    let settings = &app.settings.anthropic;
    let photos: Vec<Photo<'_>> =
        asking.photos.iter().map(|copy| Photo { media_type: copy.media_type, file: &copy.bytes }).collect();
    // Anthropic tells people apart by it, and nothing else follows from it.
    let user_ref = checksum(format!("anthropic {}", lease.job.owner_ref).as_bytes());
    let question = Question {
        model: &settings.model,
        system: asking.system,
        photos: &photos,
        text: asking.text,
        schema: asking.schema,
        max_tokens: MOST_TOKENS,
        user_ref: &user_ref[..32],
    };
    let left = lease.job.deadline.0.saturating_sub(app.world.now().0);
    let deadline = Instant::now() + Duration::from_micros(u64::try_from(left).unwrap_or_default());
    let answer = match client.ask(&question, deadline).await {
        Ok(answer) => answer,
        Err(error) => return Err(refused(app, lease, &error).await),
    };
    breaker::worked(app, anthropic::NAME).await;
    let (input_tokens, output_tokens) = (answer.input_tokens, answer.output_tokens);
    tracing::info!(job = %lease.job.id, kind = lease.job.kind, input_tokens, output_tokens, request = answer.request_id, "Anthropic answered");
    match answer.reply {
        Reply::Answered(value) => Ok(value),
        Reply::Declined => Err(Halt::never(Why::Declined)),
        Reply::Cut | Reply::NotJson => Err(Halt::later(lease, Why::BadAnswer)),
    }
}

/// What an error means for Anthropic's lane and for this job.
async fn refused(app: &App, lease: &Lease, error: &AnthropicError) -> Halt {
    tracing::warn!(job = %lease.job.id, %error, "Anthropic does not answer");
    let provider = anthropic::NAME;
    match error {
        AnthropicError::SpendCap | AnthropicError::Account(_) => {
            breaker::refused(app, provider, Alarm::ProviderAccount, &error.to_string()).await;
            Halt::never(Why::NotOffered)
        }
        AnthropicError::ModelGone => {
            breaker::refused(app, provider, Alarm::ProviderModel, &error.to_string()).await;
            Halt::never(Why::NotOffered)
        }
        AnthropicError::Refused { .. } => {
            app.alarms.raise(Alarm::ProviderModel, &app.settings.anthropic.model, &error.to_string());
            Halt::Fault(Fault::Never(Why::Internal))
        }
        AnthropicError::Unreadable(_) => Halt::later(lease, Why::BadAnswer),
        AnthropicError::Busy(_) | AnthropicError::Server(_) | AnthropicError::Transport(_) => {
            breaker::failed(app, provider).await;
            Halt::later(lease, Why::Busy)
        }
    }
}

/// Looks at a worker's start whether the model is there to stay.
pub(super) async fn check_model(app: &App, client: &AnthropicClient) {
    let model = &app.settings.anthropic.model;
    match client.model(model).await {
        Ok(facts) if facts.lifecycle == "active" && facts.is_fit() => {}
        Ok(facts) => {
            let why = format!(
                "it is {}, until {}; fit: {}",
                facts.lifecycle,
                facts.retires_at.as_deref().unwrap_or("later"),
                facts.is_fit()
            );
            app.alarms.raise(Alarm::ProviderModel, model, &why);
        }
        Err(error @ AnthropicError::ModelGone) => {
            breaker::refused(app, anthropic::NAME, Alarm::ProviderModel, &error.to_string()).await;
        }
        Err(error) => tracing::warn!(%error, model, "nobody says whether the model is there"),
    }
}

/// Who said what is said of a photo.
pub(super) fn measured_by(app: &App) -> String {
    if app.is_sandbox() { "sandbox measurements".to_owned() } else { app.settings.anthropic.model.clone() }
}
