//! Table `ledger_holds`. Credits set aside for one job.

use crate::world::Moment;
use sea_orm::entity::prelude::*;

/// Where a hold stands; the last two are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum HoldState {
    /// Set aside.
    #[sea_orm(string_value = "held")]
    Held,
    /// Used.
    #[sea_orm(string_value = "captured")]
    Captured,
    /// Given back.
    #[sea_orm(string_value = "released")]
    Released,
}

/// Credits set aside for one job.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_holds")]
pub struct Model {
    /// The job.
    #[sea_orm(primary_key, auto_increment = false)]
    pub job_id: Uuid,
    /// Whose.
    pub owner_ref: Uuid,
    /// How many.
    pub amount: i64,
    /// Where it stands.
    pub state: HoldState,
    /// When it may be swept.
    pub deadline: Moment,
    /// When.
    pub created_at: Moment,
    /// When it ended.
    pub ended_at: Option<Moment>,
}

/// None: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
