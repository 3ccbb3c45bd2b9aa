//! Table `users`. A person with an account.

use crate::world::Moment;
use sea_orm::entity::prelude::*;

/// A person with an account.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Link to the ledger; goes with this row.
    pub owner_ref: Uuid,
    /// As they want to be called.
    pub name: String,
    /// As they wrote it.
    pub email: String,
    /// As it is compared.
    pub email_key: String,
    /// bcrypt, or none.
    pub password_hash: Option<String>,
    /// When.
    pub password_changed_at: Moment,
    /// When.
    pub created_at: Moment,
}

/// None: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
