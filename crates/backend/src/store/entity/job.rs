//! Table `jobs`. Work that is done for a person, and the queue of it.

use crate::world::Moment;
use sea_orm::entity::prelude::*;

/// Where a job stands; the last three are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum JobState {
    /// Waits for a worker.
    #[sea_orm(string_value = "queued")]
    Queued,
    /// A worker has it.
    #[sea_orm(string_value = "running")]
    Running,
    /// Done, and paid.
    #[sea_orm(string_value = "succeeded")]
    Succeeded,
    /// Came to nothing, and costs nothing.
    #[sea_orm(string_value = "failed")]
    Failed,
    /// Stopped by the person, and costs nothing.
    #[sea_orm(string_value = "cancelled")]
    Cancelled,
}

/// Work that is done for a person.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    /// Id, sorts by time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// For whom.
    pub user_id: Uuid,
    /// Whose credits.
    pub owner_ref: Uuid,
    /// What kind of work.
    pub kind: String,
    /// The same request has the same key, and is one job.
    pub idem_key: String,
    /// What is asked, as JSON.
    pub request: String,
    /// Credits, fixed when it was asked.
    pub price: i64,
    /// Where it stands.
    pub state: JobState,
    /// The person wants it stopped.
    pub cancel_requested: bool,
    /// How often a worker took it.
    pub attempt: i64,
    /// How often one may.
    pub most_attempts: i64,
    /// When a worker may take it.
    pub due_at: Moment,
    /// When nobody waits for it any more.
    pub deadline: Moment,
    /// The worker that has it.
    pub lease_owner: Option<Uuid>,
    /// Until when, unless it gives a sign of life.
    pub lease_until: Option<Moment>,
    /// How far a worker got, as JSON: what the next one goes on from.
    pub checkpoint: Option<String>,
    /// What came of it, as JSON.
    pub result: Option<String>,
    /// Why it came to nothing, for the person.
    pub fault: Option<String>,
    /// When it was asked.
    pub created_at: Moment,
    /// When it ended.
    pub ended_at: Option<Moment>,
    /// When the person deleted it: nothing of the photo is left in the row.
    pub deleted_at: Option<Moment>,
    /// When the provider last said that something happened: a hint to ask.
    pub told_at: Option<Moment>,
    /// The provider's name of the work, as it said it by itself.
    pub told_prediction: Option<String>,
    /// Who does it; none where an older program took it in.
    pub provider: Option<String>,
    /// How far it is, in thousandths, while it runs.
    pub progress: Option<i64>,
}

/// None: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
