//! What an operator does with people's data: publish a policy, delete an account, and delete again after a restore.

use clap::Subcommand;
use pretty_backend::app::App;
use pretty_backend::objects;
use pretty_backend::privacy::policy::{self, Policy};
use pretty_backend::privacy::{deletion, stones};
use pretty_contract::service::privacy::SubscriptionEnd;
use std::error::Error;
use std::time::Duration;

#[derive(Subcommand)]
pub(crate) enum Task {
    /// Publish a version of the privacy policy.
    PublishPolicy {
        /// Its name: a number or a date.
        #[arg(long)]
        version: String,
        /// The whole text, in Markdown.
        #[arg(long)]
        file: std::path::PathBuf,
        /// What changed, in plain words, for the letter.
        #[arg(long)]
        changes: String,
        /// Days until it counts.
        #[arg(long, default_value_t = 30)]
        days: u32,
        /// Words only: no letters, and nobody is asked again.
        #[arg(long)]
        immaterial: bool,
    },
    /// Delete a person's account: access ends now, and seven days are left to undo it.
    Delete {
        /// The account's address.
        #[arg(long)]
        email: String,
    },
    /// Print what stays of what was deleted, one a line, to be kept with the backups.
    Tombstones,
    /// After a backup was restored: delete again every account, photo and job that a tombstone in this file stands for.
    ReplayTombstones {
        /// What `tombstones` printed last.
        file: std::path::PathBuf,
    },
    /// Compare photos and results in the database with the object store. Fails when one lacks what the other has, unless that is mended.
    CheckObjects {
        /// Remove rows whose object is gone, and objects that no row refers to.
        #[arg(long)]
        mend: bool,
    },
}

pub(super) async fn perform(task: Task, app: &App) -> Result<(), Box<dyn Error + Send + Sync>> {
    match task {
        Task::PublishPolicy { version, file, changes, days, immaterial } => {
            let now = app.world.now();
            let policy = Policy {
                version,
                content: std::fs::read_to_string(&file)?,
                changes,
                material: !immaterial,
                effective_at: now.plus(Duration::from_secs(24 * 3600) * days),
                published_at: now,
            };
            let said = if policy::publish(app, &policy).await? { "published" } else { "was published before" };
            crate::say(&format!("version {} {said}", policy.version));
        }
        Task::Delete { email } => {
            let user = super::find(&app.store, &email).await?;
            let asked = deletion::ask(app, &user, SubscriptionEnd::Now).await?;
            crate::say(&format!("final on {}", asked.final_at.to_utc()));
        }
        Task::Tombstones => {
            for stone in stones::all(app).await? {
                crate::say(&stone);
            }
        }
        Task::ReplayTombstones { file } => {
            let stones: Vec<String> = std::fs::read_to_string(&file)?.lines().map(str::to_owned).collect();
            let stones::Replayed { accounts, photos, jobs } = stones::replay(app, &stones).await?;
            crate::say(&format!("deleted again: {accounts} accounts, {photos} photos, {jobs} jobs"));
        }
        Task::CheckObjects { mend } => {
            let found = objects::compare(app).await?;
            for row in &found.without_object {
                crate::say(&format!("no object: {row}"));
            }
            for key in &found.without_row {
                crate::say(&format!("no row: {key}"));
            }
            if mend {
                objects::mend(app, &found).await?;
                crate::say("mended");
            } else if !found.is_clean() {
                return Err("database and object store differ: look at the lines above, then run it with --mend".into());
            }
        }
    }
    Ok(())
}
