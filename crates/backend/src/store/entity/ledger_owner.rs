//! Table `ledger_owners`. A person's ledger and the cached balance.

use crate::world::Moment;
use sea_orm::entity::prelude::*;

/// A person's ledger and the cached balance.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_owners")]
pub struct Model {
    /// The random reference that links to the person.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner_ref: Uuid,
    /// Can be spent.
    pub available: i64,
    /// Set aside for jobs.
    pub held: i64,
    /// Set aside for a dispute.
    pub frozen: i64,
    /// Owed: taken back after it had been spent.
    pub debt: i64,
    /// When.
    pub created_at: Moment,
}

/// None: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
