//! The one place where a prediction that is over is judged, and its picture fetched.

use super::Enhancement;
use crate::jobs::{Sign, Why};
use crate::providers::replicate_client::{Prediction, ReplicateError, Status};
use crate::work::picture::{self, Source};
use crate::work::{Halt, Made, breaker, replicate};
use axum::body::Bytes;
use std::time::Duration;

/// How often a result is fetched before the attempt is given up.
const FETCHES: u32 = 4;
/// How far a job is whose picture was fetched: it is only looked at and stored.
const FETCHED: f32 = 0.9;

impl Enhancement<'_> {
    /// What came of a prediction that is over: a picture that is stored and referred to by nothing yet, or why there is none.
    pub(super) async fn finish(&mut self, prediction: Prediction) -> Result<Made, Halt> {
        let job = self.lease.job.id;
        match prediction.status {
            Status::Succeeded => {}
            Status::Failed => {
                tracing::warn!(%job, error = prediction.error.as_deref().map(crate::log::scrub), "the model failed");
                return Err(Halt::never(Why::ModelFailed));
            }
            // Ended by Replicate, not by us and not by the photo: tried anew.
            _ => {
                self.checkpoint =
                    super::Checkpoint { sent: self.checkpoint.sent.take(), ..super::Checkpoint::new(self.app)? };
                self.save().await?;
                return Err(Halt::later(self.lease, Why::Busy));
            }
        }
        let Some(sent) = self.checkpoint.sent.clone() else { return Err(Halt::never(Why::Internal)) };
        let Some(address) = prediction.result_url() else {
            tracing::error!(%job, removed = prediction.data_removed, "an output is not one address");
            return Err(Halt::never(Why::BadResult));
        };
        let file = Bytes::from(self.fetch(address).await?);
        self.say(Sign { progress: Some(FETCHED), ..Sign::default() }).await?;
        let source = Source { photo: &self.photo, size: (sent.width, sent.height), scale: self.model.scale };
        picture::take_in(self.app, self.lease, source, file).await
    }

    async fn fetch(&self, address: &str) -> Result<Vec<u8>, Halt> {
        let most = self.app.settings.replicate.largest_result_bytes;
        let mut tried = 0;
        loop {
            let error = match self.client.download(address, most).await {
                Ok(file) => return Ok(file),
                Err(error) => error,
            };
            tracing::warn!(job = %self.lease.job.id, %error, "a result cannot be fetched");
            tried += 1;
            match error {
                ReplicateError::Server(_) | ReplicateError::Throttled(_) => {}
                ReplicateError::Transport(error) if !matches!(error, crate::outbound::TransportError::TooLarge(_)) => {}
                _ => return Err(Halt::never(Why::BadResult)),
            }
            if tried == FETCHES {
                breaker::failed(self.app, replicate::NAME).await;
                return Err(Halt::later(self.lease, Why::Busy));
            }
            tokio::time::sleep(Duration::from_millis(250) * 2_u32.pow(tried)).await;
        }
    }
}
