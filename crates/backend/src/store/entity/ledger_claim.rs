//! Table `ledger_claims`. What a refund or a dispute wants back of an order.

use crate::world::Moment;
use sea_orm::entity::prelude::*;

/// How far a claim went. It only moves on, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum ClaimState {
    /// A dispute runs: frozen.
    #[sea_orm(string_value = "open")]
    Open,
    /// Money went back: credits go too.
    #[sea_orm(string_value = "taken")]
    Taken,
    /// It came to nothing.
    #[sea_orm(string_value = "void")]
    Void,
}

/// What a refund or a dispute wants back of an order.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_claims")]
pub struct Model {
    /// The refund or dispute.
    #[sea_orm(primary_key, auto_increment = false)]
    pub claim_key: String,
    /// Whose.
    pub owner_ref: Uuid,
    /// Of which order.
    pub order_ref: String,
    /// How many.
    pub credits: i64,
    /// How far it went.
    pub state: ClaimState,
    /// When.
    pub created_at: Moment,
    /// When last.
    pub changed_at: Moment,
}

/// None: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
