//! Table `letters`. A letter to be sent.

use crate::world::Moment;
use sea_orm::entity::prelude::*;

/// Where a letter stands; the last three are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum LetterState {
    /// Due some time.
    #[sea_orm(string_value = "waiting")]
    Waiting,
    /// One replica has it.
    #[sea_orm(string_value = "sending")]
    Sending,
    /// The mail server took it.
    #[sea_orm(string_value = "sent")]
    Sent,
    /// Too old to be wanted.
    #[sea_orm(string_value = "stale")]
    Stale,
    /// The mail server will not.
    #[sea_orm(string_value = "failed")]
    Failed,
}

/// A letter to be sent.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "letters")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The same letter is queued once.
    pub dedupe_key: String,
    /// For whom.
    pub user_id: Option<Uuid>,
    /// Which text.
    pub kind: String,
    /// Address.
    pub recipient: String,
    /// What the text needs, as JSON; emptied when it is done with.
    pub content: String,
    /// Where it stands.
    pub state: LetterState,
    /// How often it was tried.
    pub attempts: i64,
    /// When to try next.
    pub due_at: Moment,
    /// Until when one replica has it.
    pub lease_until: Option<Moment>,
    /// After this nobody wants it any more.
    pub stale_at: Moment,
    /// When.
    pub created_at: Moment,
    /// When it was done with.
    pub ended_at: Option<Moment>,
    /// When it was told that it came back.
    pub returned_at: Option<Moment>,
    /// What the mail server said last.
    pub fault: Option<String>,
}

/// None: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
