//! A picture that somebody made of a person's photo: checked before anybody gets it, whoever made it, then stored.

use super::{Halt, Made};
use crate::app::App;
use crate::jobs::{Lease, Picture, Why};
use crate::objects::{self, ObjectKind};
use crate::photos::pixels::{PixelError, Seen, checksum};
use crate::store::entity::photo;
use axum::body::Bytes;
use pretty_contract::service::jobs::JobResult;

/// What the picture is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    /// The photo.
    pub(super) photo: &'a photo::Model,
    /// Pixels of the copy that was worked on.
    pub(super) size: (u32, u32),
    /// How many times larger each side becomes.
    pub(super) scale: u32,
}

/// Takes a picture in: stored, and referred to by nothing yet. One that is not what it should be is thrown away.
pub(super) async fn take_in(app: &App, lease: &Lease, source: Source<'_>, file: Bytes) -> Result<Made, Halt> {
    let seen = check(app, lease, source, &file).await?;
    let key = objects::reserve(app, lease.job.user_id, ObjectKind::Result).await?;
    let Seen { width, height, media_type, .. } = seen;
    let (bytes, sha256) = (file.len() as u64, checksum(&file));
    app.objects.put(&key, file).await?;
    let result = JobResult::Enhance { width, height, bytes, sha256: sha256.clone(), media_type: media_type.to_owned() };
    Ok(Made { result, picture: Some(Picture { key, width, height, bytes, sha256, media_type }) })
}

/// It is a picture, as large as it should be, and shows what the photo does.
async fn check(app: &App, lease: &Lease, source: Source<'_>, file: &Bytes) -> Result<Seen, Halt> {
    let Source { photo, size, scale } = source;
    let (width, height) = (size.0.saturating_mul(scale), size.1.saturating_mul(scale));
    let refuse = |why: &str| {
        tracing::error!(job = %lease.job.id, why, "a result is thrown away");
        Halt::never(Why::BadResult)
    };
    let most = (u64::from(width) * u64::from(height)).saturating_mul(11) / 10;
    let seen = match app.darkroom.look(file.clone(), most.max(10_000)).await {
        Ok(seen) => seen,
        Err(PixelError::Refused(why)) => return Err(refuse(&why)),
        Err(fault) => return Err(fault.into()),
    };
    // Models round sides to what they can compute.
    let near = |side: u32, wanted: u32| side.abs_diff(wanted) <= wanted / 50 + scale;
    if !near(seen.width, width) || !near(seen.height, height) {
        return Err(refuse("it is of another size"));
    }
    let stored = app.objects.get(&photo.object_key).await?;
    let shown = app.darkroom.look_at_stored(stored).await?;
    if shown.sketch.may_become(&seen.sketch) { Ok(seen) } else { Err(refuse("it does not show the photo")) }
}
