//! The one place where a prediction that is over is judged, and its picture fetched, checked and stored.

use super::{Enhancement, Sent};
use crate::jobs::{Picture, Why};
use crate::objects::{self, ObjectKind};
use crate::photos::pixels::{PixelError, Seen, checksum};
use crate::providers::Provider;
use crate::providers::replicate_client::{Prediction, ReplicateError, Status};
use crate::work::{Halt, Made, breaker};
use axum::body::Bytes;
use pretty_contract::service::jobs::JobResult;
use std::time::Duration;

/// How often a result is fetched before the attempt is given up.
const FETCHES: u32 = 4;

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
        let seen = self.check(&file, &sent).await?;
        let key = objects::reserve(self.app, self.lease.job.user_id, ObjectKind::Result).await?;
        let Seen { width, height, media_type, .. } = seen;
        let (bytes, sha256) = (file.len() as u64, checksum(&file));
        self.app.objects.put(&key, file).await?;
        let result =
            JobResult::Enhance { width, height, bytes, sha256: sha256.clone(), media_type: media_type.to_owned() };
        Ok(Made { result, picture: Some(Picture { key, width, height, bytes, sha256, media_type }) })
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
                breaker::failed(self.app, Provider::Replicate).await;
                return Err(Halt::later(self.lease, Why::Busy));
            }
            tokio::time::sleep(Duration::from_millis(250) * 2_u32.pow(tried)).await;
        }
    }

    /// The result is a picture, as large as it should be, and shows what the photo does.
    async fn check(&self, file: &Bytes, sent: &Sent) -> Result<Seen, Halt> {
        let (width, height) =
            (sent.width.saturating_mul(self.model.scale), sent.height.saturating_mul(self.model.scale));
        let refuse = |why: &str| {
            tracing::error!(job = %self.lease.job.id, why, "a result is thrown away");
            Halt::never(Why::BadResult)
        };
        let most = (u64::from(width) * u64::from(height)).saturating_mul(11) / 10;
        let seen = match self.app.darkroom.look(file.clone(), most.max(10_000)).await {
            Ok(seen) => seen,
            Err(PixelError::Refused(why)) => return Err(refuse(&why)),
            Err(fault) => return Err(fault.into()),
        };
        // Models round sides to what they can compute.
        let near = |side: u32, wanted: u32| side.abs_diff(wanted) <= wanted / 50 + self.model.scale;
        if !near(seen.width, width) || !near(seen.height, height) {
            return Err(refuse("it is of another size"));
        }
        let stored = self.app.objects.get(&self.photo.object_key).await?;
        let photo = self.app.darkroom.look_at_stored(stored).await?;
        if photo.sketch.may_become(&seen.sketch) { Ok(seen) } else { Err(refuse("it does not show the photo")) }
    }
}
