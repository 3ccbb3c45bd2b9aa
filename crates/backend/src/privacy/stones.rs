//! What stays of what was deleted: a hash by which it is found again when a restored backup brings it back. It says nothing to who does not have
//! the id.
//!
//! Accounts leave one for good. A single photo or job leaves one for as long as a backup may hold it.

use super::deletion::{self, Purged};
use crate::accounts::{AccountError, devices};
use crate::app::App;
use crate::jobs;
use crate::store::entity::user;
use crate::store::{StoreError, WriteTransaction, sql};
use crate::world::{Moment, World};
use sea_orm::{ConnectionTrait, EntityTrait, FromQueryResult};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::time::Duration;
use uuid::Uuid;

/// Longer than any backup is kept (`docs/operations.md`: 35 days).
const KEPT: Duration = Duration::from_secs(60 * 86_400);
/// Rows looked at in one statement.
const PAGE: u32 = 1000;

/// What was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A person's account with everything in it.
    Account,
    /// One photo.
    Photo,
    /// One job with what came of it.
    Job,
}

impl Thing {
    fn beginning(self) -> &'static [u8] {
        match self {
            Self::Account => b"deleted account:",
            Self::Photo => b"deleted photo:",
            Self::Job => b"deleted job:",
        }
    }

    /// How it is recognised.
    pub fn hash(self, id: Uuid) -> Vec<u8> {
        Sha256::digest([self.beginning(), id.as_bytes().as_slice()].concat()).to_vec()
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// In the transaction that deletes it: it is known that it was.
///
/// # Errors
/// When the database fails.
pub async fn set(tx: &WriteTransaction, world: &World, thing: Thing, id: Uuid) -> Result<(), StoreError> {
    let insert =
        "INSERT INTO tombstones (user_hash, purged_at, single) VALUES ($1, $2, $3) ON CONFLICT (user_hash) DO NOTHING";
    let single = (thing != Thing::Account).then_some(true);
    tx.execute_raw(sql(&**tx, insert, [thing.hash(id).into(), world.now().into(), single.into()])).await?;
    Ok(())
}

/// All tombstones, one a line, to be kept outside the database with its backups.
///
/// # Errors
/// When the database fails.
pub async fn all(app: &App) -> Result<Vec<String>, AccountError> {
    #[derive(FromQueryResult)]
    struct Row {
        user_hash: Vec<u8>,
    }
    let reader = app.store.reader();
    let rows = Row::find_by_statement(sql(reader, "SELECT user_hash FROM tombstones ORDER BY purged_at", []));
    Ok(rows.all(reader).await?.into_iter().map(|row| hex(&row.user_hash)).collect())
}

/// Forgets those of single things that no backup holds any more; says how many.
///
/// # Errors
/// When the database fails.
pub async fn sweep(app: &App, now: Moment) -> Result<u64, AccountError> {
    let tx = app.store.write_transaction().await?;
    let delete = "DELETE FROM tombstones WHERE single = $1 AND purged_at < $2";
    let gone = tx.execute_raw(sql(&*tx, delete, [true.into(), now.minus(KEPT).into()])).await?.rows_affected();
    tx.commit().await?;
    Ok(gone)
}

/// What was deleted again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Accounts.
    pub accounts: usize,
    /// Single photos.
    pub photos: usize,
    /// Single jobs.
    pub jobs: usize,
}

/// Deletes again everything that one of these tombstones stands for, after a backup was restored. May be repeated.
///
/// # Errors
/// When the database fails; what is done stays done.
pub async fn replay(app: &App, stones: &[String]) -> Result<Replayed, AccountError> {
    let known: HashSet<&str> = stones.iter().map(|stone| stone.trim()).collect();
    let is_known = |thing: Thing, id: Uuid| known.contains(hex(&thing.hash(id)).as_str());
    let mut done = Replayed::default();
    for user in user::Entity::find().all(app.store.reader()).await? {
        if is_known(Thing::Account, user.id) {
            let tx = app.store.write_transaction().await?;
            devices::end_all(&tx, user.id, None, devices::End::AccountEnds, app.world.now()).await?;
            tx.commit().await?;
            deletion::stop_jobs(app, user.id).await?;
            if deletion::purge(app, user.id).await? == Purged::Gone {
                done.accounts += 1;
            }
        }
    }
    // Jobs first: with the last one about it a photo goes as well.
    for (thing, table, count) in [
        (Thing::Job, "jobs WHERE deleted_at IS NULL AND", &mut done.jobs),
        (Thing::Photo, "photos WHERE", &mut done.photos),
    ] {
        let mut after = Uuid::nil();
        while let Some(rows) = page(app, table, after).await? {
            for row in rows {
                after = row.id;
                if !is_known(thing, row.id) {
                    continue;
                }
                let forgotten = match thing {
                    Thing::Photo => jobs::forget_photo(app, row.user_id, row.id).await.map(|_| ()),
                    Thing::Job | Thing::Account => jobs::forget(app, row.user_id, row.id).await,
                };
                match forgotten {
                    Ok(()) => *count += 1,
                    Err(error) => tracing::error!(id = %row.id, %error, "it could not be deleted again"),
                }
            }
        }
    }
    Ok(done)
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    user_id: Uuid,
}

/// The next rows of a table; none after the last.
async fn page(app: &App, table: &str, after: Uuid) -> Result<Option<Vec<Row>>, AccountError> {
    let reader = app.store.reader();
    let select = format!("SELECT id, user_id FROM {table} id > $1 ORDER BY id LIMIT {PAGE}");
    let rows = Row::find_by_statement(sql(reader, select, [after.into()])).all(reader).await?;
    Ok(Some(rows).filter(|rows| !rows.is_empty()))
}
