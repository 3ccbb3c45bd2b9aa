//! Table `ledger_postings`. A line of a transaction.

use sea_orm::entity::prelude::*;

/// A line of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_postings")]
pub struct Model {
    /// The transaction.
    #[sea_orm(primary_key, auto_increment = false)]
    pub txn_id: Uuid,
    /// Position.
    #[sea_orm(primary_key, auto_increment = false)]
    pub line: i64,
    /// The account.
    pub account_id: String,
    /// The lot.
    pub lot_id: Uuid,
    /// Credits, signed, never zero.
    pub amount: i64,
}

/// None: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
