//! Stands in for Replicate: predictions, files, models, webhooks, and the host that serves results.
//!
//! The "model" runs a real picture operation (`Enhance`). Not here: trainings, deployments, streaming, collections.

mod files;
mod models;
mod prediction;
mod routes;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Bytes;
use serde_json::Value;

use crate::common::{Common, gated};
use crate::control::ControlError;
use crate::delivery::{Outgoing, Signing};
use crate::enhance::{Enhance, EnhanceError, EnhanceRequest, Enhanced, OutputFormat, decode, dimensions};
use crate::faults::Service;
use crate::locked;
use files::StoredFile;
use models::{Model, REAL_ESRGAN_PIXELS};
use prediction::{KEPT_MICROS, Prediction};

pub use prediction::{BrokenFile, PredictionScript};

/// The largest input that is read.
const LARGEST_INPUT: usize = 100 << 20;

#[derive(Default)]
struct State {
    predictions: HashMap<String, Prediction>,
    order: Vec<String>,
    files: HashMap<String, StoredFile>,
    /// Result files by their path on the delivery host, and when they were made.
    outputs: HashMap<String, (Bytes, &'static str, i64)>,
    scripts: VecDeque<PredictionScript>,
}

struct Inner {
    common: Arc<Common>,
    base_url: String,
    delivery_base_url: String,
    token: String,
    webhook_secret: String,
    enhance: Arc<dyn Enhance>,
    start_delay: Duration,
    state: Mutex<State>,
}

/// The stand-in for Replicate: what a test or a control request can do with it.
#[derive(Clone)]
pub struct Replicate {
    inner: Arc<Inner>,
}

/// Where the stand-in is reached and what it trusts.
pub(crate) struct Setup {
    pub(crate) base_url: String,
    pub(crate) delivery_base_url: String,
    pub(crate) token: String,
    pub(crate) webhook_secret: String,
    pub(crate) enhance: Arc<dyn Enhance>,
    pub(crate) start_delay: Duration,
}

/// A creation that was checked.
struct Wanted {
    model: &'static Model,
    input: Value,
    scale: u32,
    format: OutputFormat,
    webhook: Option<String>,
    events: Vec<String>,
    deadline_after: Option<i64>,
}

impl Replicate {
    pub(crate) fn new(common: Arc<Common>, setup: Setup) -> Self {
        let Setup { base_url, delivery_base_url, token, webhook_secret, enhance, start_delay } = setup;
        let state = Mutex::default();
        let inner = Inner { common, base_url, delivery_base_url, token, webhook_secret, enhance, start_delay, state };
        Self { inner: Arc::new(inner) }
    }

    pub(crate) fn router(&self) -> Router {
        gated(&self.inner.common, Service::Replicate, routes::api().with_state(self.clone()))
    }

    pub(crate) fn delivery_router(&self) -> Router {
        gated(&self.inner.common, Service::ReplicateDelivery, routes::delivery().with_state(self.clone()))
    }

    fn now(&self) -> i64 {
        self.inner.common.clock.micros()
    }

    /// Lets time pass for every prediction and file, then looks at the state.
    fn with<R>(&self, look: impl FnOnce(&mut State) -> R) -> R {
        let now = self.now();
        let mut state = locked(&self.inner.state);
        let ended: Vec<String> = state
            .predictions
            .values_mut()
            .filter_map(|prediction| prediction.age(now).then(|| prediction.id.clone()))
            .collect();
        state.files.retain(|_, file| file.expires_at > now);
        state.outputs.retain(|_, (_, _, made)| *made + KEPT_MICROS > now);
        let result = look(&mut state);
        let hooks: Vec<Outgoing> =
            ended.iter().filter_map(|id| self.hook(state.predictions.get(id)?, "completed")).collect();
        drop(state);
        hooks.into_iter().for_each(|hook| self.inner.common.deliveries.send(hook));
        result
    }

    fn hook(&self, prediction: &Prediction, event: &str) -> Option<Outgoing> {
        if !prediction.wants(event) {
            return None;
        }
        Some(Outgoing {
            service: Service::Replicate,
            topic: event.to_owned(),
            id: self.inner.common.ids.mixed("msg_", 24),
            url: prediction.webhook.clone()?,
            body: prediction.render(&self.inner.base_url).to_string().into_bytes(),
            signing: Signing::Standard { secret: self.inner.webhook_secret.clone() },
        })
    }

    fn rendered(&self, id: &str) -> Option<Value> {
        self.with(|state| state.predictions.get(id).map(|prediction| prediction.render(&self.inner.base_url)))
    }

    /// Creates a prediction and starts it. The answer is its id.
    fn create(&self, wanted: Wanted) -> String {
        let id = self.inner.common.ids.lower("", 26);
        let now = self.now();
        let prediction = Prediction {
            id: id.clone(),
            model: wanted.model,
            input: wanted.input.clone(),
            status: "starting".to_owned(),
            output: Value::Null,
            error: None,
            logs: String::new(),
            created_at: now,
            started_at: None,
            completed_at: None,
            deadline: wanted.deadline_after.map(|after| now + after),
            webhook: wanted.webhook.clone(),
            events: wanted.events.clone(),
            removed: false,
        };
        let script = self.with(|state| {
            state.predictions.insert(id.clone(), prediction);
            state.order.push(id.clone());
            state.scripts.pop_front()
        });
        let (runner, running) = (self.clone(), id.clone());
        tokio::spawn(async move { runner.run(&running, &wanted, script).await });
        id
    }

    async fn run(&self, id: &str, wanted: &Wanted, script: Option<PredictionScript>) {
        tokio::time::sleep(self.inner.start_delay).await;
        match &script {
            Some(PredictionScript::NeverStart) => return,
            Some(PredictionScript::Abort) => return self.finish(id, "aborted", Value::Null, None),
            Some(PredictionScript::UnknownStatus { status }) => {
                return self.with(|state| {
                    if let Some(prediction) = state.predictions.get_mut(id) {
                        prediction.status.clone_from(status);
                    }
                });
            }
            _ => {}
        }
        if !self.begin(id) {
            return;
        }
        let work = match &script {
            Some(PredictionScript::Hang) => return,
            Some(PredictionScript::Report { logs }) => {
                return self.with(|state| {
                    if let Some(prediction) = state.predictions.get_mut(id) {
                        prediction.logs.clone_from(logs);
                    }
                });
            }
            Some(PredictionScript::Fail { error }) => Err(EnhanceError(error.clone())),
            Some(PredictionScript::Output { output }) => Ok(output.clone()),
            Some(PredictionScript::Slow { milliseconds }) => {
                tokio::time::sleep(Duration::from_millis(*milliseconds)).await;
                self.work(id, wanted, None).await
            }
            Some(PredictionScript::BrokenFile { how }) => self.work(id, wanted, Some(*how)).await,
            Some(PredictionScript::OutputList) => self.work(id, wanted, None).await.map(|url| Value::Array(vec![url])),
            _ => self.work(id, wanted, None).await,
        };
        match work {
            Ok(output) => self.finish(id, "succeeded", output, None),
            Err(EnhanceError(error)) => self.finish(id, "failed", Value::Null, Some(error)),
        }
    }

    /// Whether the prediction may run: it was not ended in the meantime.
    fn begin(&self, id: &str) -> bool {
        let now = self.now();
        let hook = self.with(|state| {
            let prediction = state.predictions.get_mut(id).filter(|prediction| !prediction.is_over())?;
            prediction.status = "processing".to_owned();
            prediction.started_at = Some(now);
            Some(self.hook(prediction, "start"))
        });
        let begun = hook.is_some();
        hook.flatten().into_iter().for_each(|hook| self.inner.common.deliveries.send(hook));
        begun
    }

    fn finish(&self, id: &str, status: &str, output: Value, error: Option<String>) {
        let now = self.now();
        let hooks = self.with(|state| {
            let Some(prediction) = state.predictions.get_mut(id) else { return Vec::new() };
            if !prediction.end(status, now) {
                return Vec::new();
            }
            prediction.output = output;
            prediction.error = error;
            prediction.logs.push_str("Run in a sandbox.\n");
            let event = if prediction.output.is_null() { None } else { self.hook(prediction, "output") };
            event.into_iter().chain(self.hook(prediction, "completed")).collect()
        });
        hooks.into_iter().for_each(|hook| self.inner.common.deliveries.send(hook));
    }

    /// Runs the picture operation and stores the file. The answer is its URL.
    async fn work(&self, id: &str, wanted: &Wanted, broken: Option<BrokenFile>) -> Result<Value, EnhanceError> {
        let address = wanted.input[wanted.model.photo_input].as_str().unwrap_or_default().to_owned();
        let photo = self
            .photo(&address)
            .await
            .ok_or_else(|| EnhanceError(format!("The input could not be fetched: {address:.120}")))?;
        let (width, height) =
            dimensions(&photo).ok_or_else(|| EnhanceError("cannot identify image file".to_owned()))?;
        let pixels = u64::from(width) * u64::from(height);
        if wanted.model.most_pixels.is_some_and(|most| pixels > most) {
            return Err(EnhanceError(format!(
                "Input image of dimensions ({height}, {width}, 3) has a total number of pixels {pixels} greater than the max size \
                 that fits in GPU memory on this hardware, {}. Resize input image and try again.",
                wanted.model.most_pixels.unwrap_or(REAL_ESRGAN_PIXELS)
            )));
        }
        let request = EnhanceRequest {
            photo: photo.to_vec(),
            model: wanted.model.slug(),
            scale: wanted.scale,
            format: wanted.format,
        };
        let enhance = Arc::clone(&self.inner.enhance);
        let made = tokio::task::spawn_blocking(move || {
            let Enhanced { file, log } = enhance.enhance(&request)?;
            let file = match broken {
                Some(how) => spoil(file, how)?,
                None => file,
            };
            Ok::<_, EnhanceError>(Enhanced { file, log })
        });
        let made = made.await.map_err(|_| EnhanceError("The model crashed.".to_owned()))??;
        let (extension, kind) = match (broken, wanted.format) {
            (Some(BrokenFile::Html), _) => ("png", "text/html"),
            (_, OutputFormat::Png) => ("png", "image/png"),
            (_, OutputFormat::Jpeg) => ("jpg", "image/jpeg"),
        };
        let path = format!("/xezq/{}/out.{extension}", self.inner.common.ids.mixed("", 32));
        let url = format!("{}{path}", self.inner.delivery_base_url);
        let now = self.now();
        self.with(|state| {
            let Some(prediction) = state.predictions.get_mut(id).filter(|prediction| !prediction.is_over()) else {
                return;
            };
            prediction.logs.push_str(&made.log);
            if broken != Some(BrokenFile::Missing) {
                state.outputs.insert(path, (Bytes::from(made.file), kind, now));
            }
        });
        Ok(Value::String(url))
    }

    /// The bytes of an input: a data URL, an uploaded file, or a file on this machine's loopback.
    async fn photo(&self, address: &str) -> Option<Bytes> {
        if let Some(data) = address.strip_prefix("data:") {
            let (_, encoded) = data.split_once(";base64,")?;
            return STANDARD.decode(encoded).ok().map(Bytes::from);
        }
        let own = format!("{}/v1/files/", self.inner.base_url);
        if let Some(id) = address.strip_prefix(&own) {
            return self.with(|state| state.files.get(id).map(|file| file.content.clone()));
        }
        self.inner.common.deliveries.fetch(address, LARGEST_INPUT).await
    }
}

fn spoil(mut file: Vec<u8>, how: BrokenFile) -> Result<Vec<u8>, EnhanceError> {
    match how {
        BrokenFile::Html => return Ok(b"<!doctype html><title>Sign in</title><script>1</script>".to_vec()),
        BrokenFile::Truncated => file.truncate(file.len() / 2),
        BrokenFile::Empty => file.clear(),
        BrokenFile::Oversized => file.resize(file.len() + (64 << 20), 0),
        BrokenFile::Missing => {}
        BrokenFile::WrongSize => {
            let small = decode(&file)?.resize_exact(3, 2, image::imageops::FilterType::Nearest);
            let mut cursor = std::io::Cursor::new(Vec::new());
            small
                .write_to(&mut cursor, image::ImageFormat::Png)
                .map_err(|problem| EnhanceError(problem.to_string()))?;
            return Ok(cursor.into_inner());
        }
    }
    Ok(file)
}

/// Everything below is for tests and for the control interface.
impl Replicate {
    /// The next predictions follow these scripts, one each.
    pub fn script(&self, script: PredictionScript) {
        self.with(|state| state.scripts.push_back(script));
    }

    /// Ends a prediction that hangs, with an output if it succeeded.
    ///
    /// # Errors
    /// When the prediction is unknown or over.
    pub fn end(&self, id: &str, status: &str, output: Value) -> Result<(), ControlError> {
        if self.with(|state| state.predictions.get(id).is_some_and(|prediction| !prediction.is_over())) {
            self.finish(id, status, output, None);
            return Ok(());
        }
        Err(ControlError(format!("No prediction '{id}' is running.")))
    }

    /// Sends a prediction's webhook once more, as it is now.
    ///
    /// # Errors
    /// When the prediction is unknown or has no webhook.
    pub fn resend(&self, id: &str) -> Result<(), ControlError> {
        let hook =
            self.with(|state| state.predictions.get(id).and_then(|prediction| self.hook(prediction, "completed")));
        let hook = hook.ok_or_else(|| ControlError(format!("No prediction '{id}' with a webhook.")))?;
        self.inner.common.deliveries.send(hook);
        Ok(())
    }

    /// All predictions as the API answers them, oldest first.
    pub fn predictions(&self) -> Vec<Value> {
        self.with(|state| {
            state
                .order
                .iter()
                .filter_map(|id| state.predictions.get(id))
                .map(|p| p.render(&self.inner.base_url))
                .collect()
        })
    }

    /// How many uploaded files are still there.
    pub fn files_kept(&self) -> usize {
        self.with(|state| state.files.len())
    }
}
