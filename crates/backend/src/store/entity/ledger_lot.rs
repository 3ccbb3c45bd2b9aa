//! Table `ledger_lots`. Credits that came together and expire together.

use crate::world::Moment;
use sea_orm::entity::prelude::*;

/// Where credits come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Source {
    /// Bought in a pack.
    #[sea_orm(string_value = "paid")]
    Paid,
    /// Part of the plan.
    #[sea_orm(string_value = "monthly")]
    Monthly,
    /// Given.
    #[sea_orm(string_value = "promo")]
    Promo,
}

/// Credits that came together and expire together.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_lots")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub owner_ref: Uuid,
    /// Where from.
    pub source: Source,
    /// The order that paid for it.
    pub order_ref: Option<String>,
    /// How many came.
    pub credits: i64,
    /// When the rest is gone.
    pub expires_at: Option<Moment>,
    /// When.
    pub created_at: Moment,
    /// Cache: can be spent.
    pub available: i64,
    /// Cache: set aside for jobs.
    pub held: i64,
    /// Cache: set aside for a dispute.
    pub frozen: i64,
}

/// None: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
