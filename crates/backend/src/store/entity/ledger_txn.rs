//! Table `ledger_txns`. One movement; its postings sum to zero.

use crate::world::Moment;
use sea_orm::entity::prelude::*;

/// What a transaction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum TxnKind {
    /// Credits come.
    #[sea_orm(string_value = "grant")]
    Grant,
    /// Set aside for a job.
    #[sea_orm(string_value = "hold")]
    Hold,
    /// The job is done.
    #[sea_orm(string_value = "capture")]
    Capture,
    /// The job came to nothing.
    #[sea_orm(string_value = "release")]
    Release,
    /// Their time is over.
    #[sea_orm(string_value = "expire")]
    Expire,
    /// A refund or dispute moved.
    #[sea_orm(string_value = "claim")]
    Claim,
    /// The account is gone.
    #[sea_orm(string_value = "close")]
    Close,
}

/// One movement; its postings sum to zero.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_txns")]
pub struct Model {
    /// Id, sorts by time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub owner_ref: Uuid,
    /// What happened.
    pub kind: TxnKind,
    /// The same cause has the same key, and happens once.
    pub idem_key: String,
    /// What kind of thing caused it.
    pub cause_type: String,
    /// Which.
    pub cause_id: String,
    /// When.
    pub created_at: Moment,
}

/// None: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
