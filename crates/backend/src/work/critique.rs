//! A critique of one photo by Anthropic: asked for in a schema, checked again here, and only then paid for.
//!
//! Words in a photo are part of the picture: the model has no tools, its answer fits a schema or is thrown away, and nothing of it is acted on
//! but what [`read`] knows.

mod read;
mod schema;
mod words;

pub(super) use read::{Scores, scores};
#[cfg(test)]
pub(super) use schema::DIMENSIONS;
pub(super) use schema::dimensions;
pub(super) use words::RULES;

use super::{Halt, Made, look};
use crate::app::App;
use crate::jobs::{Asked, Lease, Why, find};
use crate::providers::anthropic_client::AnthropicClient;
use pretty_contract::service::critique::Critique;
use pretty_contract::service::jobs::JobResult;
use uuid::Uuid;

/// Chosen when the person chose nothing.
const STRICTNESS: &str = "balanced";
/// How far a critique is once it is asked for: nobody knows how long the answer takes.
const ASKED: f32 = 0.2;

pub(super) async fn perform(app: &App, client: &AnthropicClient, lease: &Lease) -> Result<Made, Halt> {
    let asked = Asked::of(&lease.job).ok_or(Halt::never(Why::PhotoGone))?;
    let copies = look::copies(app, lease, &asked.photos).await?;
    look::say(app, lease, ASKED).await?;
    let strictness = asked.options.strictness.as_deref().unwrap_or(STRICTNESS);
    let text = words::question(strictness, &asked.options);
    let schema = schema::critique();
    let photos: Vec<_> = copies.iter().collect();
    let asking = look::Asking { system: &words::system(), text: &text, schema: &schema, photos: &photos };
    let answer = look::ask(app, client, lease, asking).await?;
    let mut critique = read::critique(answer).map_err(|why| {
        tracing::warn!(job = %lease.job.id, why, "a critique makes no sense");
        Halt::later(lease, Why::BadAnswer)
    })?;
    critique.measured_by = look::measured_by(app);
    strictness.clone_into(&mut critique.strictness);
    critique.genre = asked.options.genre.unwrap_or_default();
    if let Some(before) = previous(app, lease, asked.options.previous.as_deref()).await {
        critique.changes = read::changes(&before, &critique);
    }
    Ok(Made { result: JobResult::Critique { critique }, picture: None })
}

/// The critique before. One that was deleted meanwhile is not compared with.
async fn previous(app: &App, lease: &Lease, id: Option<&str>) -> Option<Critique> {
    let job = find(&app.store, lease.job.user_id, Uuid::parse_str(id?).ok()?).await.ok()?;
    match serde_json::from_str(job.result.as_deref()?).ok()? {
        JobResult::Critique { critique } => Some(critique),
        _ => None,
    }
}
