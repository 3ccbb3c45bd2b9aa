//! Enhancement by Replicate: the photo goes up, a prediction runs, its picture is fetched, checked and stored.
//!
//! Replicate knows no idempotency key, so what was asked is written down before it is asked ([`Checkpoint`]). After a lost answer the prediction is
//! looked for, by its webhook or by the address of our file among the newest ones, and only after a while asked for again. One function
//! ([`finish`]) judges a prediction that is over, whoever said so first.

mod checkpoint;
mod finish;

pub(super) use checkpoint::Checkpoint;

use super::provider::Over;
use super::{Halt, Made, breaker, replicate};
use crate::app::App;
use crate::billing::alarm::Alarm;
use crate::jobs::{self, Asked, Fault, Heard, Lease, Sign, Why};
use crate::outbound::TransportError;
use crate::photos::pixels::Fit;
use crate::providers::replicate_client::{Model, NewPrediction, Prediction, ReplicateClient, ReplicateError};
use crate::settings::CloudModel;
use crate::store::entity::photo;
use crate::world::Moment;
use checkpoint::Sent;
use sea_orm::EntityTrait;
use serde_json::Value;
use std::time::Duration;

/// Of the copy of a photo that is too large for the model.
const COPY_QUALITY: u8 = 95;
/// How often the newest predictions are asked for when a job ends whose prediction has no known name.
const LISTINGS: u32 = 5;
/// How far a job is whose model has begun to run, and one whose model is done: in between the model says how far it is, if it does.
const RUNS: f32 = 0.25;
const RAN: f32 = 0.85;
/// When Replicate throttles without saying for how long.
const THROTTLED: Duration = Duration::from_secs(30);

/// One attempt.
struct Enhancement<'a> {
    app: &'a App,
    client: &'a ReplicateClient,
    lease: &'a Lease,
    model: &'a CloudModel,
    photo: photo::Model,
    checkpoint: Checkpoint,
}

pub(super) async fn perform(app: &App, client: &ReplicateClient, lease: &Lease) -> Result<Made, Halt> {
    let asked = Asked::of(&lease.job).ok_or(Halt::never(Why::PhotoGone))?;
    let model = app.settings.replicate.models.iter().find(|model| model.variant == asked.variant);
    let model = model.ok_or(Halt::never(Why::NotOffered))?;
    let photo = asked.photos.first().copied().unwrap_or_default();
    let photo = photo::Entity::find_by_id(photo).one(app.store.reader()).await?;
    let photo = photo.filter(|photo| photo.user_id == lease.job.user_id).ok_or(Halt::never(Why::PhotoGone))?;
    let checkpoint = match Checkpoint::read(lease.job.checkpoint.as_deref()) {
        Some(checkpoint) => checkpoint,
        None => Checkpoint::new(app)?,
    };
    let mut enhancement = Enhancement { app, client, lease, model, photo, checkpoint };
    let prediction = enhancement.prediction().await?;
    enhancement.finish(prediction).await
}

impl Enhancement<'_> {
    /// A prediction that is over, going on from wherever the last worker was.
    async fn prediction(&mut self) -> Result<Prediction, Halt> {
        loop {
            if let Some(id) = self.checkpoint.prediction.clone() {
                return self.wait(&id).await;
            }
            match (self.checkpoint.sent.clone(), self.checkpoint.asked_at) {
                (None, _) => self.send().await?,
                (Some(sent), None) => self.ask(&sent).await?,
                (Some(sent), Some(asked_at)) => self.look_for(&sent, asked_at).await?,
            }
        }
    }

    /// Writes down how far it is. Nothing is begun at Replicate once the job is to stop.
    async fn save(&self) -> Result<(), Halt> {
        let text = self.checkpoint.written();
        self.say(Sign { checkpoint: Some(&text), progress: Some(self.checkpoint.progress()) }).await
    }

    async fn say(&self, sign: Sign<'_>) -> Result<(), Halt> {
        match jobs::heartbeat(&self.app.store, &self.app.world, self.lease, sign).await? {
            Heard::GoOn => Ok(()),
            Heard::Stop => Err(Halt::Fault(Fault::Stopped)),
        }
    }

    /// Sends the photo up: as it is stored, or smaller when the model takes no more. Stored photos hold nothing but pixels.
    async fn send(&mut self) -> Result<(), Halt> {
        let stored = self.app.objects.get(&self.photo.object_key).await?;
        let side = |side: i64| u32::try_from(side).unwrap_or_default();
        let whole = (side(self.photo.width), side(self.photo.height));
        let fit = Fit::Pixels(self.model.most_pixels);
        let (file, (width, height), media_type) = if fit.size(whole.0, whole.1) == whole {
            (stored.to_vec(), whole, self.photo.media_type.clone())
        } else {
            let copy = self.app.darkroom.copy(stored, fit, COPY_QUALITY).await?;
            (copy.bytes, (copy.width, copy.height), copy.media_type.to_owned())
        };
        let stored = self.answered(self.client.upload(file, &media_type).await).await?;
        self.checkpoint.sent = Some(Sent { file: stored.id.clone(), url: stored.url().to_owned(), width, height });
        self.save().await
    }

    /// Asks for a prediction. Before that it is written down that it will be.
    async fn ask(&mut self, sent: &Sent) -> Result<(), Halt> {
        self.checkpoint.asked_at = Some(self.app.world.now());
        self.save().await?;
        let mut input = self.model.input.clone();
        input.insert(self.model.photo_input.clone(), Value::String(sent.url.clone()));
        let left = self.lease.job.deadline.0.saturating_sub(self.app.world.now().0);
        let webhook = self.webhook();
        let new = NewPrediction {
            model: Model::Official(&self.model.model),
            input: &Value::Object(input),
            webhook: webhook.as_deref(),
            cancel_after: Duration::from_micros(u64::try_from(left).unwrap_or_default()),
        };
        let outcome = self.client.create(new).await;
        if is_unknown(&outcome) {
            // Looked for in the next round.
            breaker::failed(self.app, replicate::NAME).await;
            return Ok(());
        }
        if outcome.is_err() {
            // Nothing was created: the next attempt may ask at once.
            self.checkpoint.asked_at = None;
            self.save().await?;
        }
        let prediction = self.answered(outcome).await?;
        self.checkpoint.prediction = Some(prediction.id);
        self.save().await
    }

    /// Where Replicate says that it is over; nowhere when it could not reach us safely.
    fn webhook(&self) -> Option<String> {
        let base = &self.app.base_url;
        let reachable = self.app.is_secure() || self.app.is_sandbox();
        (reachable && !self.app.settings.replicate.webhook_secret.is_empty())
            .then(|| format!("{base}/v1/webhooks/replicate/{}/{}", self.lease.job.id, self.checkpoint.nonce))
    }

    /// Looks for the prediction whose answer was lost; after a while it is taken for never made.
    async fn look_for(&mut self, sent: &Sent, asked_at: Moment) -> Result<(), Halt> {
        let settings = &self.app.settings.replicate;
        let is_ours = |prediction: &Prediction| is_about(prediction, sent);
        let told = jobs::look(&self.app.store, &self.app.world, self.lease).await?.told;
        let mut found = None;
        if let Some((_, id)) = told {
            found = self.client.prediction(&id).await.ok().filter(is_ours);
        }
        if found.is_none() {
            // A reader that fails now may work the next time.
            let recent = self.client.recent().await;
            found = recent.ok().into_iter().flatten().find(is_ours);
        }
        if let Some(prediction) = found {
            tracing::info!(job = %self.lease.job.id, "a prediction whose answer was lost was found");
            self.checkpoint.prediction = Some(prediction.id);
        } else if asked_at.plus(Duration::from_secs(settings.adopt_seconds)) <= self.app.world.now() {
            tracing::warn!(job = %self.lease.job.id, "a lost prediction was never made, or is given up");
            self.checkpoint = Checkpoint { sent: self.checkpoint.sent.take(), ..Checkpoint::new(self.app)? };
        } else {
            self.pause().await;
            return Ok(());
        }
        self.save().await
    }

    /// Until the next look: a webhook of this process' ends it at once.
    async fn pause(&self) {
        let longest = Duration::from_millis(self.app.settings.replicate.poll_milliseconds);
        tokio::select! {
            () = self.app.work.notified() => {}
            () = tokio::time::sleep(longest) => {}
        }
    }

    /// Waits until a prediction is over.
    async fn wait(&self, id: &str) -> Result<Prediction, Halt> {
        let look_every = Duration::from_millis(self.app.settings.worker.poll_milliseconds);
        let ask_every = Duration::from_millis(self.app.settings.replicate.poll_milliseconds);
        let (mut heard_of, mut said) = (None, self.checkpoint.progress());
        loop {
            match self.client.prediction(id).await {
                Ok(prediction) if prediction.status.is_over() => return Ok(prediction),
                Ok(prediction) => {
                    let progress = prediction.progress().map_or(said, |part| RUNS + (RAN - RUNS) * part);
                    if progress > said {
                        self.say(Sign { progress: Some(progress), ..Sign::default() }).await?;
                        said = progress;
                    }
                }
                Err(ReplicateError::Gone) => return Err(Halt::never(Why::ModelFailed)),
                // It runs on; only we do not see it.
                Err(error) => {
                    tracing::warn!(job = %self.lease.job.id, %error, "a prediction cannot be looked at");
                    breaker::failed(self.app, replicate::NAME).await;
                }
            }
            let asked = std::time::Instant::now();
            while asked.elapsed() < ask_every {
                tokio::select! {
                    () = self.app.work.notified() => {}
                    () = tokio::time::sleep(look_every.min(ask_every)) => {}
                }
                let told = jobs::look(&self.app.store, &self.app.world, self.lease).await?.told.map(|(at, _)| at);
                if told > heard_of {
                    heard_of = told;
                    break;
                }
            }
        }
    }

    /// What an answer means for Replicate's lane and for this job.
    async fn answered<T>(&self, outcome: Result<T, ReplicateError>) -> Result<T, Halt> {
        let provider = replicate::NAME;
        let error = match outcome {
            Ok(answer) => {
                breaker::worked(self.app, provider).await;
                return Ok(answer);
            }
            Err(error) => error,
        };
        tracing::warn!(job = %self.lease.job.id, %error, "Replicate does not do it");
        Err(match error {
            ReplicateError::Throttled(seconds) => {
                let wait = seconds.map_or(THROTTLED, Duration::from_secs);
                breaker::throttled(self.app, provider, wait).await;
                Halt::Fault(Fault::NotYet(wait, Why::Busy))
            }
            ReplicateError::Account(_) => {
                breaker::refused(self.app, provider, Alarm::ProviderAccount, &error.to_string()).await;
                Halt::never(Why::NotOffered)
            }
            ReplicateError::Refused { .. } => {
                // A model's inputs change without notice; another model may still work.
                self.app.alarms.raise(Alarm::ProviderModel, &self.model.variant, &error.to_string());
                Halt::never(Why::NotOffered)
            }
            _ => {
                breaker::failed(self.app, provider).await;
                Halt::later(self.lease, Why::Busy)
            }
        })
    }
}

/// Whether a prediction may exist although no answer says so.
fn is_unknown(outcome: &Result<Prediction, ReplicateError>) -> bool {
    matches!(
        outcome,
        Err(ReplicateError::Transport(TransportError::OutcomeUnknown | TransportError::TooLarge(_))
            | ReplicateError::Server(_)
            | ReplicateError::Unreadable(_))
    )
}

/// Whether a prediction works on this photo: no other one has its address.
fn is_about(prediction: &Prediction, sent: &Sent) -> bool {
    let inputs = prediction.input.as_object();
    inputs.is_some_and(|inputs| inputs.values().any(|input| input == sent.url.as_str()))
}

/// The newest predictions, listed again after a pause when it fails: what is not found runs on and costs us money. None once it failed too often.
async fn newest(client: &ReplicateClient, every: Duration) -> Vec<Prediction> {
    for _ in 1..LISTINGS {
        match client.recent().await {
            Ok(recent) => return recent,
            Err(error) => tracing::warn!(%error, "the newest predictions cannot be listed"),
        }
        tokio::time::sleep(every).await;
    }
    client.recent().await.unwrap_or_default()
}

/// What a job leaves at Replicate.
pub(super) struct Leftovers(Checkpoint);

/// What a job that is about to end leaves at Replicate.
pub(super) async fn leftovers(app: &App, lease: &Lease, over: Over) -> Option<Leftovers> {
    let looked = jobs::look(&app.store, &app.world, lease).await.ok()?;
    let checkpoint = Checkpoint::read(looked.checkpoint.as_deref())?;
    Some(Leftovers(match over {
        Over::Done => Checkpoint { prediction: None, asked_at: None, ..checkpoint },
        Over::Broken => checkpoint,
    }))
}

impl Leftovers {
    /// Stops what runs and deletes the photo there. Replicate does both by itself after a while, so a failure does no harm.
    pub(super) async fn tidy(self, app: &App, client: &ReplicateClient) {
        let Checkpoint { prediction, asked_at, sent, .. } = self.0;
        let running = match (prediction, asked_at, &sent) {
            (Some(id), ..) => Some(id),
            // The answer that would have named it was lost.
            (None, Some(_), Some(sent)) => {
                let every = Duration::from_millis(app.settings.replicate.poll_milliseconds);
                newest(client, every)
                    .await
                    .into_iter()
                    .find(|prediction| is_about(prediction, sent))
                    .map(|found| found.id)
            }
            _ => None,
        };
        if let Some(id) = running
            && let Err(error) = client.cancel(&id).await
        {
            tracing::warn!(%error, "a prediction was not stopped");
        }
        if let Some(sent) = sent
            && let Err(error) = client.delete_file(&sent.file).await
        {
            tracing::warn!(%error, "a photo at Replicate was not deleted");
        }
    }
}
